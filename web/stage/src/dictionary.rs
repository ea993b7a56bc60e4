//! The page's own words, in fantasy and in plain. Names, tasks, projects, errors, and what agents said are in no dictionary.

/// In which words the page speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tongue {
    /// Those of the realm.
    #[default]
    Fantasy,
    /// Those of every day.
    Plain,
}

impl Tongue {
    /// Its name, as settings keep it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fantasy => "fantasy",
            Self::Plain => "plain",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Fantasy, Self::Plain].into_iter().find(|tongue| tongue.name() == name)
    }

    /// A term.
    #[must_use]
    pub fn say(self, term: Term) -> &'static str {
        let (_, fantasy, plain) = TERMS[term as usize];
        match self {
            Self::Fantasy => fantasy,
            Self::Plain => plain,
        }
    }

    /// A term about something, which stands in its place.
    #[must_use]
    pub fn say_of(self, term: Term, what: &str) -> String {
        match self.say(term).split_once("{}") {
            Some((before, after)) => [before, what, after].concat(),
            None => self.say(term).to_owned(),
        }
    }
}

/// What the two have different words for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the dictionary below says what each is")]
pub enum Term {
    Daemons,
    Daemon,
    EachDaemon,
    Present,
    Chronicle,
    ShowInChronicle,
    NotPresent,
    Spells,
    Cast,
    Speak,
    Asides,
    Summoned,
    SummonedBy,
    Banished,
    BanishedAfterOne,
    BanishedAfter,
    LookedAtOne,
    LookedAt,
    Said,
    TaskFailed,
}

/// Every term in fantasy and in plain, in the order of [`Term`].
const TERMS: [(Term, &str, &str); 20] = [
    (Term::Daemons, "Daemons", "Agents"),
    (Term::Daemon, "daemon", "agent"),
    (Term::EachDaemon, "daemons", "agents"),
    (Term::Present, " present", " here"),
    (Term::Chronicle, "Chronicle", "Log"),
    (Term::ShowInChronicle, "Show in chronicle", "Show in log"),
    (Term::NotPresent, "not in the realm", "not here"),
    (Term::Spells, "spells", "kinds"),
    (Term::Cast, "Cast", "Send"),
    (Term::Speak, "speak a spell: summon claude", "type a command: summon claude"),
    (Term::Asides, "{} looks, parses and voices", "{} looks, commands and sayings"),
    (Term::Summoned, "materializes", "started"),
    (Term::SummonedBy, "steps from {}’s shadow", "started by {}"),
    (Term::Banished, "returns to the void", "left"),
    (Term::BanishedAfterOne, "returns to the void after 1 task", "left, 1 task done"),
    (Term::BanishedAfter, "returns to the void after {} tasks", "left, {} tasks done"),
    (Term::LookedAtOne, "the veil parts: 1 daemon", "looked: 1 agent"),
    (Term::LookedAt, "the veil parts: {} daemons", "looked: {} agents"),
    (Term::Said, "“{}”", "said “{}”"),
    (Term::TaskFailed, "Rune destabilization detected", "A task failed"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_stands_in_its_place_and_has_two_words() {
        for (at, (term, fantasy, plain)) in TERMS.into_iter().enumerate() {
            assert_eq!(term as usize, at, "{term:?}");
            assert_ne!(fantasy, plain);
            // What stands in a term's place stands in both.
            assert_eq!(fantasy.matches("{}").count(), plain.matches("{}").count(), "{term:?}");
        }
        assert_eq!(TERMS.len(), Term::TaskFailed as usize + 1);
    }

    #[test]
    fn a_term_is_said_of_something() {
        assert_eq!(Tongue::Plain.say_of(Term::SummonedBy, "claude"), "started by claude");
        assert_eq!(Tongue::Fantasy.say_of(Term::Said, "I {} rise"), "“I {} rise”");
        assert_eq!(Tongue::named("plain"), Some(Tongue::Plain));
        assert_eq!(Tongue::named("Plain"), None);
    }
}

//! The words of people, in fantasy and in plain: of the page, and of `arcane tail`. Names, tasks, projects, errors, and what agents said
//! are in no dictionary.

use crate::{AnySpell, SpellName};

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

    /// What a kind of event is called.
    #[must_use]
    pub fn kind(self, spell: SpellName) -> &'static str {
        self.say(match spell {
            SpellName::Summon => Term::KindSummon,
            SpellName::Invoke => Term::KindInvoke,
            SpellName::Banish => Term::KindBanish,
            SpellName::Reveal => Term::KindReveal,
            SpellName::Parse => Term::KindParse,
            SpellName::Voice => Term::KindVoice,
        })
    }

    /// What a kind of event is called of which only the name is known; one that is unknown by its name.
    #[must_use]
    pub fn kind_of(self, spell: &AnySpell) -> &str {
        spell.known().map_or(spell.as_str(), |spell| self.kind(spell))
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
    Allowed,
    Denied,
    Rule,
    Rules,
    DeniedByRule,
    TaskFailed,
    KindSummon,
    KindInvoke,
    KindBanish,
    KindReveal,
    KindParse,
    KindVoice,
    Spell,
    Command,
    TrySpell,
    NotCast,
    ActElsewhere,
    MayNotCast,
    MayNotCastHere,
    Everybody,
    DaemonsTable,
    RuneHead,
    Scene,
    ByDaemon,
    StatisticsBy,
    SomeDaemons,
    SearchFor,
    Opening,
    Quiet,
    AllGone,
    Cut,
    Closed,
    InFantasy,
    KeySpeak,
    KeyArrows,
    KeyKinds,
    SignInvoke,
    SignSummon,
    SignBanish,
    SignReveal,
    SignParse,
    SignVoice,
}

/// Every term in fantasy and in plain, in the order of [`Term`].
const TERMS: [(Term, &str, &str); 61] = [
    (Term::Daemons, "Daemons", "Agents"),
    (Term::Daemon, "daemon", "agent"),
    (Term::EachDaemon, "daemons", "agents"),
    (Term::Present, " present", " here"),
    (Term::Chronicle, "Chronicle", "Log"),
    (Term::ShowInChronicle, "Show in chronicle", "Show in log"),
    (Term::NotPresent, "not in the realm", "not here"),
    (Term::Spells, "spells", "kinds"),
    (Term::Cast, "Cast", "Send"),
    (Term::Speak, "speak a spell: summon claude", "type a command: call forth claude"),
    (Term::Asides, "looks, parses and voices", "looks, commands and sayings"),
    (Term::Summoned, "materializes", "started"),
    (Term::SummonedBy, "steps from {}’s shadow", "started by {}"),
    (Term::Banished, "returns to the void", "left"),
    (Term::BanishedAfterOne, "returns to the void after 1 task", "left, 1 task done"),
    (Term::BanishedAfter, "returns to the void after {} tasks", "left, {} tasks done"),
    (Term::LookedAtOne, "the veil parts: 1 daemon", "looked: 1 agent"),
    (Term::LookedAt, "the veil parts: {} daemons", "looked: {} agents"),
    (Term::Said, "“{}”", "said “{}”"),
    (Term::Allowed, "granted", "allowed"),
    (Term::Denied, "refused", "denied"),
    (Term::Rule, "the ward ", "the rule "),
    (Term::Rules, "Wards", "Rules"),
    (Term::DeniedByRule, "The ward refuses", "A rule says no"),
    (Term::TaskFailed, "Rune destabilization detected", "A task failed"),
    (Term::KindSummon, "summon", "started"),
    (Term::KindInvoke, "invoke", "done"),
    (Term::KindBanish, "banish", "left"),
    (Term::KindReveal, "reveal", "looked"),
    (Term::KindParse, "parse", "command"),
    (Term::KindVoice, "voice", "said"),
    (Term::Spell, "spell", "kind"),
    (Term::Command, "spell", "command"),
    (Term::TrySpell, "summon claude", "call forth claude"),
    (
        Term::NotCast,
        "The server did not answer. The spell was not cast, as far as this page knows.",
        "The server did not answer. The command was not sent, as far as this page knows.",
    ),
    (Term::ActElsewhere, "spells act in the room main", "commands act in the room main"),
    (Term::MayNotCast, " may read here, and not cast spells.", " may read here, and not send commands."),
    (
        Term::MayNotCastHere,
        " may not cast spells: they act in the room main.",
        " may not send commands: they act in the room main.",
    ),
    (Term::Everybody, "the realm", "the room"),
    (Term::DaemonsTable, "daemons table", "agents table"),
    (Term::RuneHead, "rune", "sign"),
    (
        Term::Scene,
        "Rune circles of the present daemons around the event bus. The daemons table says the same in words.",
        "Circles of the present agents around the event bus. The agents table says the same in words.",
    ),
    (Term::ByDaemon, "By daemon, ", "By agent, "),
    (Term::StatisticsBy, "statistics by daemon", "statistics by agent"),
    (Term::SomeDaemons, "{} daemons", "{} agents"),
    (
        Term::SearchFor,
        "Words of a task, a description or a daemon’s name.",
        "Words of a task, a description or an agent’s name.",
    ),
    (Term::Opening, "Opening the gate …", "Connecting …"),
    (Term::Quiet, "The realm is quiet", "All is quiet"),
    (Term::AllGone, "Everybody has returned to the void", "Everybody has left"),
    (Term::Cut, "The thread to the realm is cut", "The connection is lost"),
    (Term::Closed, "The gate is closed", "Signing in is needed"),
    (Term::InFantasy, "fantasy: daemon, chronicle", "fantasy"),
    (Term::KeySpeak, "speak a spell", "type a command"),
    (
        Term::KeyArrows,
        "in the spell bar: earlier spells, completions; in the chronicle: from event to event",
        "in the field: earlier commands, completions; in the log: from event to event",
    ),
    (
        Term::KeyKinds,
        "only this spell: summon, invoke, banish, reveal, parse, voice",
        "only this kind: started, done, left, looked, command, said",
    ),
    (Term::SignInvoke, "invoke: a task is done", "done: a task"),
    (Term::SignSummon, "summon: a daemon appears", "started: an agent is here"),
    (Term::SignBanish, "banish: a daemon leaves", "left: an agent is gone"),
    (Term::SignReveal, "reveal: somebody looked", "looked: somebody did"),
    (Term::SignParse, "parse: a spell was read", "command: one was read"),
    (Term::SignVoice, "voice: a daemon speaks", "said: an agent did"),
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
        assert_eq!(TERMS.len(), Term::SignVoice as usize + 1);
    }

    #[test]
    fn a_term_is_said_of_something() {
        assert_eq!(Tongue::Plain.say_of(Term::SummonedBy, "claude"), "started by claude");
        assert_eq!(Tongue::Fantasy.say_of(Term::Said, "I {} rise"), "“I {} rise”");
        assert_eq!(Tongue::named("plain"), Some(Tongue::Plain));
        assert_eq!(Tongue::named("Plain"), None);
    }
}

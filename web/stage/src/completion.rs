//! Completion for the spell bar: examples that the server's parser understands, and names it knows.

/// Most completions offered.
pub const OFFERS_MAX: usize = 6;

/// What completion draws from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lexicon {
    /// Spells that the parser understands.
    pub examples: Vec<String>,
    /// Daemons in the realm.
    pub present: Vec<String>,
    /// Daemons that the parser knows, present or not.
    pub known: Vec<String>,
}

impl Lexicon {
    /// What could be meant, most likely first; every offer begins with what was typed.
    #[must_use]
    pub fn complete(&self, typed: &str) -> Vec<String> {
        let lower = typed.to_ascii_lowercase();
        let mut offers: Vec<String> = Vec::new();
        let mut offer = |text: String| {
            if offers.len() < OFFERS_MAX
                && text.to_ascii_lowercase().starts_with(&lower)
                && text.to_ascii_lowercase() != lower
                && !offers.contains(&text)
            {
                offers.push(text);
            }
        };
        if typed.trim().is_empty() {
            for text in self.openings() {
                offer(text);
            }
            return offers;
        }
        for (verb, tail, names) in self.patterns() {
            for name in names {
                offer(format!("{verb} {name}{tail}"));
            }
        }
        for text in &self.examples {
            offer(text.clone());
        }
        // The last word of anything longer may be the beginning of a name.
        if let Some((before, word)) = typed.rsplit_once(' ').filter(|(_, word)| !word.is_empty()) {
            for name in self.present.iter().chain(&self.known) {
                if name.starts_with(&word.to_ascii_lowercase()) {
                    offer(format!("{before} {name}"));
                }
            }
        }
        offers
    }

    /// The part of the first completion that is not typed yet.
    #[must_use]
    pub fn ghost(&self, typed: &str) -> Option<String> {
        if typed.is_empty() {
            return None;
        }
        let first = self.complete(typed).into_iter().next()?;
        let tail: String = first.chars().skip(typed.chars().count()).collect();
        (!tail.is_empty()).then_some(tail)
    }

    fn openings(&self) -> Vec<String> {
        let absent = self.known.iter().find(|name| !self.present.contains(name));
        let mut list: Vec<String> = Vec::new();
        list.extend(absent.map(|name| format!("summon {name}")));
        list.extend(self.present.first().map(|name| format!("invoke {name} to ")));
        list.extend(self.examples.iter().cloned());
        list
    }

    fn patterns(&self) -> [(&'static str, &'static str, Vec<&String>); 4] {
        let absent: Vec<&String> = self.known.iter().filter(|name| !self.present.contains(name)).collect();
        let present: Vec<&String> = self.present.iter().collect();
        [
            ("summon", "", absent),
            ("invoke", " to ", present.clone()),
            ("banish", "", present.clone()),
            ("ask", " to ", present),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lexicon() -> Lexicon {
        let strings = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        Lexicon {
            examples: strings(&["invoke claude to review the open pull request", "show all daemons"]),
            present: strings(&["claude"]),
            known: strings(&["claude", "gemini", "liquidmetal"]),
        }
    }

    #[test]
    fn offers_follow_who_is_here() {
        assert_eq!(lexicon().complete("su"), ["summon gemini", "summon liquidmetal"]);
        assert_eq!(lexicon().complete("banish"), ["banish claude"]);
        assert_eq!(lexicon().complete("tell ge"), ["tell gemini"]);
        assert_eq!(lexicon().ghost("invoke claude to").as_deref(), Some(" "));
        assert_eq!(lexicon().ghost("invoke claude to ").as_deref(), Some("review the open pull request"));
    }

    proptest! {
        #[test]
        fn every_offer_goes_on_from_what_was_typed(typed in ".{0,40}|inv.{0,20}|summon .{0,5}") {
            for offer in lexicon().complete(&typed) {
                prop_assert!(offer.to_ascii_lowercase().starts_with(&typed.to_ascii_lowercase()));
            }
            let _ = lexicon().ghost(&typed);
        }
    }
}

//! What the chronicle shows, as the page's URL writes it: `?spell=invoke&daemon=claude&success=false`.

use arcane_shared::ReceivedEvent;

/// One choice of each kind; `None` lets all pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this spell.
    pub spell: Option<String>,
    /// Only this daemon.
    pub daemon: Option<String>,
    /// Only what failed.
    pub failures: bool,
}

impl Filter {
    /// Whether an event passes.
    #[must_use]
    pub fn matches(&self, event: &ReceivedEvent) -> bool {
        self.spell.as_deref().is_none_or(|spell| spell == event.spell_name.as_str())
            && self.matches_rest(event)
    }

    /// Whether the beginning of a call passes: as what it is, and as the invocation that it begins.
    #[must_use]
    pub fn matches_call(&self, event: &ReceivedEvent) -> bool {
        let invokes = self.spell.as_deref() == Some("invoke");
        if invokes { self.matches_rest(event) } else { self.matches(event) }
    }

    fn matches_rest(&self, event: &ReceivedEvent) -> bool {
        self.daemon
            .as_deref()
            .is_none_or(|daemon| event.daemon_name.as_ref().is_some_and(|name| name.as_str() == daemon))
            && !(self.failures && event.success)
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads it from decoded query parameters; others are ignored.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut filter = Self::default();
        let some = |value: &str| {
            let value = value.trim().to_ascii_lowercase();
            (!value.is_empty() && value.chars().count() <= 64).then_some(value)
        };
        for (key, value) in pairs {
            match key {
                "spell" => filter.spell = some(value),
                "daemon" => filter.daemon = some(value),
                "success" => filter.failures = value.trim() == "false",
                _ => {}
            }
        }
        filter
    }

    /// The query parameters: `None` where a parameter should not be there.
    #[must_use]
    pub fn to_pairs(&self) -> [(&'static str, Option<&str>); 3] {
        [
            ("spell", self.spell.as_deref()),
            ("daemon", self.daemon.as_deref()),
            ("success", self.failures.then_some("false")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_url_says_what_the_filter_says(
            spell in proptest::option::of("[a-z]{1,10}"),
            daemon in proptest::option::of("[a-z0-9._-]{1,64}"),
            failures: bool
        ) {
            let filter = Filter { spell, daemon, failures };
            let pairs = filter.to_pairs();
            let read = Filter::from_pairs(pairs.iter().filter_map(|(key, value)| value.map(|v| (*key, v))));
            prop_assert_eq!(read, filter);
        }

        #[test]
        fn any_query_is_a_filter_that_a_query_can_say(
            pairs in proptest::collection::vec(("spell|daemon|success|.{0,12}", ".{0,90}|false"), 0..6),
        ) {
            let filter = Filter::from_pairs(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            let said = filter.to_pairs();
            let again = Filter::from_pairs(said.iter().filter_map(|(key, value)| value.map(|v| (*key, v))));
            prop_assert_eq!(again, filter);
        }
    }
}

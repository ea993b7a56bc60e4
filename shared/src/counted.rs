//! A number of things in words: "1 task", "2 tasks".

/// What there are `n` of: `what` in the singular, with an s otherwise. For those whose plural is regular.
#[must_use]
pub fn plural(n: u64, what: &str) -> String {
    [what, if n == 1 { "" } else { "s" }].concat()
}

/// How many there are, and of what.
#[must_use]
pub fn counted(n: u64, what: &str) -> String {
    [&n.to_string(), " ", &plural(n, what)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_none_is_not() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "event")), ["0 events", "1 event", "2 events"]);
    }
}

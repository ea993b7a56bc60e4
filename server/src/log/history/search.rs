//! What people type to search, as a search: no text is a mistake in a language they did not mean to write.

/// Longest text, in characters.
pub const SEARCH_LEN_MAX: usize = 200;
/// Most words and phrases of a search.
pub const SEARCH_TERMS_MAX: usize = 16;

/// Why a text is no search.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// Nothing that could stand in an event.
    #[error("a search needs a word: letters or digits, not only spaces and punctuation")]
    Empty,
    /// More than [`SEARCH_LEN_MAX`] characters.
    #[error("a search has at most {SEARCH_LEN_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// More than [`SEARCH_TERMS_MAX`] words and phrases.
    #[error("a search has at most {SEARCH_TERMS_MAX} words and phrases, this one has {0}")]
    TooMany(usize),
}

/// Words and phrases, all of which must stand in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    terms: Vec<Term>,
}

/// One word, or several that stand next to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// As it was typed, without quotes.
    pub(crate) text: String,
    /// Whether the last word may go on.
    pub(crate) prefix: bool,
}

impl Search {
    /// Reads words and `"phrases in quotes"`. The last word, and each that ends in `*`, is also found as the
    /// beginning of a longer one. A quote that is not closed goes on to the end.
    ///
    /// # Errors
    /// If there is no word in it, or too much.
    pub fn parse(text: &str) -> Result<Self, SearchError> {
        let len = text.chars().count();
        if len > SEARCH_LEN_MAX {
            return Err(SearchError::TooLong(len));
        }
        // What stands between an odd quote and the next is a phrase.
        let pieces = text.split('"').enumerate().map(|(at, piece)| (piece, at % 2 == 1));
        let mut terms: Vec<(Term, bool)> = Vec::new();
        for (piece, quoted) in pieces {
            if quoted {
                terms.push((Term { text: clean(piece), prefix: false }, true));
            } else {
                let words = piece.split_whitespace();
                terms.extend(
                    words.map(|word| (Term { text: clean(word), prefix: word.ends_with('*') }, false)),
                );
            }
        }
        terms.retain(|(term, _)| term.has_word());
        if terms.len() > SEARCH_TERMS_MAX {
            return Err(SearchError::TooMany(terms.len()));
        }
        let (last, quoted) = terms.last_mut().ok_or(SearchError::Empty)?;
        last.prefix |= !*quoted;
        Ok(Self { terms: terms.into_iter().map(|(term, _)| term).collect() })
    }

    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }
}

impl Term {
    fn has_word(&self) -> bool {
        self.text.chars().any(char::is_alphanumeric)
    }

    /// The last word as the index has it, and what stands before it, if this can be told without asking the
    /// index: folding is only obvious for ASCII.
    pub(crate) fn last_word(&self) -> Option<(&str, String)> {
        let text = self.text.trim_end_matches(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric());
        if !text.is_ascii() {
            return None;
        }
        let start = text.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        let (before, word) = text.split_at(start);
        (!word.is_empty()).then(|| (before, word.to_ascii_lowercase()))
    }
}

/// Without what the tokenizer could take for the end of a string.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '"' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, bool)> {
        Search::parse(text).unwrap().terms.into_iter().map(|term| (term.text, term.prefix)).collect()
    }

    fn terms(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
        expected.iter().map(|(text, prefix)| ((*text).to_owned(), *prefix)).collect()
    }

    #[test]
    fn words_phrases_and_beginnings() {
        for (text, expected) in [
            ("review", &[("review", true)][..]),
            ("pull review", &[("pull", false), ("review", true)]),
            ("\"pull request\" rev", &[("pull request", false), ("rev", true)]),
            ("rev \"pull request\"", &[("rev", false), ("pull request", false)]),
            ("re* pull", &[("re*", true), ("pull", true)]),
            ("\"not closed", &[("not closed", false)]),
            ("AND OR NOT NEAR(", &[("AND", false), ("OR", false), ("NOT", false), ("NEAR(", true)]),
            ("task:x -y ^z", &[("task:x", false), ("-y", false), ("^z", true)]),
            ("a\0b", &[("a b", true)]),
            ("word - !", &[("word", true)]),
            ("\"a b\" -", &[("a b", false)]),
        ] {
            assert_eq!(read(text), terms(expected), "{text:?}");
        }
    }

    #[test]
    fn what_has_no_word_or_too_much_is_refused() {
        for text in ["", "  ", "!?", "\"\"", "***", "\" - \""] {
            assert_eq!(Search::parse(text), Err(SearchError::Empty), "{text:?}");
        }
        assert_eq!(Search::parse(&"ä".repeat(201)), Err(SearchError::TooLong(201)));
        assert_eq!(Search::parse(&"a ".repeat(17)), Err(SearchError::TooMany(17)));
        assert!(Search::parse(&"ä".repeat(200)).is_ok());
    }

    #[test]
    fn the_last_word_is_known_where_folding_is_obvious() {
        let last = |text: &str| {
            let term = Term { text: text.into(), prefix: true };
            term.last_word().map(|(before, word)| (before.to_owned(), word))
        };
        assert_eq!(last("Review"), Some((String::new(), "review".into())));
        assert_eq!(last("code-Rev*"), Some(("code-".into(), "rev".into())));
        assert_eq!(last("prüf"), None);
    }

    proptest! {
        #[test]
        fn the_terms_of_any_text_are_few_and_have_words(text in "(?s).{0,210}") {
            if let Ok(search) = Search::parse(&text) {
                prop_assert!(!search.terms.is_empty() && search.terms.len() <= SEARCH_TERMS_MAX);
                for term in search.terms() {
                    prop_assert!(!term.text.contains(['"', '\0']) && term.has_word());
                    let _ = term.last_word();
                }
            }
        }
    }
}

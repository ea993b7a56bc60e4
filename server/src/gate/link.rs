//! Links that sign a browser in. A browser's history keeps a link with its fragment, so what a link carries can be used once: it is
//! exchanged for the token that the page then has.

use std::collections::HashMap;
use std::time::Duration;

use super::signing::SignError;
use super::token::TokenError;

/// How long a link can be opened.
pub(crate) const OPENS_FOR: Duration = Duration::from_mins(10);
/// Most links that are remembered. If all of them may still be tried again, no other is opened.
const OPENED_MAX: usize = 4096;

/// Why a link gives no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("this server has no keys: nobody has to sign in")]
    Open,
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("this server can only verify tokens ({0}): paste a token of `arcane token new` instead")]
    Sign(#[from] SignError),
    #[error(
        "{OPENED_MAX} links were opened within an hour; the next can be opened when one of them has ended"
    )]
    Full,
}

/// Names of links that were opened, with their ends, Unix seconds.
#[derive(Debug, Default)]
pub(super) struct Opened(HashMap<Box<str>, u64>);

impl Opened {
    /// Opens a link, once.
    pub(super) fn open(&mut self, name: &str, ends: u64, now: u64) -> Result<(), LinkError> {
        if self.0.contains_key(name) {
            return Err(TokenError::Used.into());
        }
        if self.0.len() >= OPENED_MAX {
            self.0.retain(|_, ends| *ends > now);
        }
        if self.0.len() >= OPENED_MAX {
            return Err(LinkError::Full);
        }
        self.0.insert(name.into(), ends);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_opened_once_and_remembered_until_it_ends() {
        let mut opened = Opened::default();
        for n in 0..OPENED_MAX {
            opened.open(&format!("l{n}"), 100 + (n as u64 % 2), 50).unwrap();
        }
        assert!(matches!(opened.open("l0", 100, 50), Err(LinkError::Token(TokenError::Used))));
        assert!(matches!(opened.open("next", 100, 50), Err(LinkError::Full)));
        opened.open("next", 200, 100).unwrap();
        assert!(matches!(opened.open("l1", 101, 100), Err(LinkError::Token(TokenError::Used))));
        assert_eq!(opened.0.len(), OPENED_MAX / 2 + 1);
    }
}

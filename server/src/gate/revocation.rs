//! What was revoked, as the file of keys says it. Pure.

use serde::{Deserialize, Serialize};

/// Members that this version does not know: they stay.
pub(crate) type Others = serde_json::Map<String, serde_json::Value>;

/// A token, or all that somebody was given before a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "each of `revoked` is {\"jti\":\"…\"}, or {\"sub\":\"…\",\"before\":UNIX_SECONDS}, which is every token of the subject that was made up to then"
)]
pub(crate) enum Revocation {
    /// This token.
    Token {
        /// Its `jti`.
        jti: String,
        #[serde(flatten)]
        others: Others,
    },
    /// The subject's tokens up to then.
    Subject {
        /// Its `sub`.
        sub: String,
        /// Unix seconds; tokens that were made later hold.
        before: u64,
        #[serde(flatten)]
        others: Others,
    },
}

impl Revocation {
    /// Of one token.
    pub(crate) fn token(jti: &str) -> Self {
        Self::Token { jti: jti.into(), others: Others::new() }
    }

    /// Of what a subject was given up to a time, Unix seconds.
    pub(crate) fn subject(sub: &str, before: u64) -> Self {
        Self::Subject { sub: sub.into(), before, others: Others::new() }
    }
}

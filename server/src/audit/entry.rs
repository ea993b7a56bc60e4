//! One thing to tell, and how it is told. Pure.

use std::fmt;
use std::net::IpAddr;

use arcane_shared::{Metadata, SpellName};

use crate::intake::Draft;

/// Most characters of a path that are told.
const PATH_CHARS_MAX: usize = 200;

/// Something that was done or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Why it was refused, in a word; `None`: it was done.
    pub(crate) refused: Option<&'static str>,
    /// What was asked for: a method and a path, without its query, which may hold a token.
    pub(crate) asked: String,
    /// Whose token it was, or the user that a proxy named.
    pub(crate) subject: Option<String>,
    /// Where it came from.
    pub(crate) address: Option<IpAddr>,
}

impl Entry {
    /// A request's method and path, as far as they are told.
    pub(crate) fn asked(method: &str, path: &str) -> String {
        let path: String = path.chars().take(PATH_CHARS_MAX).collect();
        format!("{method} {path}")
    }

    /// The event; `left_out` are those before it that are not told.
    pub(super) fn draft(&self, left_out: u64) -> Draft {
        let mut metadata = Metadata::new();
        metadata.insert("query_type".into(), "audit".into());
        metadata.insert("asked".into(), self.asked.as_str().into());
        if let Some(why) = self.refused {
            metadata.insert("refused".into(), why.into());
        }
        if let Some(subject) = &self.subject {
            metadata.insert("subject".into(), subject.as_str().into());
        }
        if let Some(address) = self.address {
            metadata.insert("address".into(), address.to_string().into());
        }
        if left_out > 0 {
            metadata.insert("left_out".into(), left_out.into());
        }
        Draft {
            spell_name: SpellName::Reveal,
            daemon_name: None,
            timestamp: None,
            success: self.refused.is_none(),
            description: Some(self.to_string()),
            metadata,
            directives: None,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.subject, self.address) {
            (Some(subject), _) => write!(f, "{}", subject.escape_debug())?,
            (None, Some(address)) => write!(f, "{address}")?,
            (None, None) => f.write_str("the server")?,
        }
        match self.refused {
            Some(why) => write!(f, " was refused {} ({why})", self.asked),
            None => write!(f, " did {}", self.asked),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_says_who_what_and_why_not() {
        let refused = Entry {
            refused: Some("forbidden"),
            asked: Entry::asked("DELETE", "/rooms/lab"),
            subject: Some("a\nb".into()),
            address: Some("192.0.2.1".parse().unwrap()),
        };
        insta::assert_snapshot!(refused, @r"a\nb was refused DELETE /rooms/lab (forbidden)");
        let draft = refused.draft(3);
        assert!(!draft.success);
        let expected = json!({
            "query_type": "audit", "asked": "DELETE /rooms/lab", "refused": "forbidden", "subject": "a\nb",
            "address": "192.0.2.1", "left_out": 3,
        });
        assert_eq!(serde_json::Value::Object(draft.metadata), expected);
        let done = Entry { refused: None, subject: None, address: None, ..refused };
        insta::assert_snapshot!(done, @"the server did DELETE /rooms/lab");
        assert!(done.draft(0).success);
        assert!(Entry::asked("GET", &"/x".repeat(500)).len() < 220);
    }
}

//! How a request ends. Plain data.

pub(crate) use arcane_shared::api::Via;
use arcane_shared::api::{FieldError, RequestAnswer};
use arcane_shared::visible;
use serde_json::{Map, Value};

/// Longest message to an agent, bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4 * 1024;
/// Largest values of one answer together, bytes.
const ANSWERS_BYTES_MAX: usize = 16 * 1024;
/// Most values of one answer.
const ANSWERS_MAX: usize = 64;

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// The call may be made.
    Allow,
    /// It may not; the agent hears why, if anything was said.
    Deny(Option<Box<str>>),
    /// One of the options that the agent offers, by its id.
    Option(Box<str>),
    /// A value for each question or field.
    Answers(Map<String, Value>),
}

impl Decision {
    /// Reads what somebody sends.
    ///
    /// # Errors
    /// If a field does not fit the decision, or is too long: its JSON pointer, and what would help.
    pub(crate) fn read(answer: RequestAnswer) -> Result<Self, FieldError> {
        let error = |pointer: &str, detail: String| FieldError { pointer: pointer.into(), detail };
        let RequestAnswer { decision, message, answers } = answer;
        if message.is_some() && *decision != *"deny" {
            return Err(error("/message", "goes with the decision deny; leave it out".into()));
        }
        if message.as_ref().is_some_and(|message| message.len() > MESSAGE_BYTES_MAX) {
            return Err(error("/message", format!("has at most {MESSAGE_BYTES_MAX} bytes")));
        }
        // It is shown in the agent's terminal.
        if let Some(message) = &message
            && (visible::lines(message) != **message || message.contains('\t'))
        {
            let seen = visible::line(message, 80);
            return Err(error(
                "/message",
                format!("has characters that are not seen; leave them out: {seen}"),
            ));
        }
        if !answers.is_empty() && *decision != *"allow" {
            return Err(error("/answers", "go with the decision allow; leave them out".into()));
        }
        let bytes = answers.iter().map(|(name, value)| name.len() + value.to_string().len()).sum::<usize>();
        if bytes > ANSWERS_BYTES_MAX {
            return Err(error("/answers", format!("have at most {ANSWERS_BYTES_MAX} bytes together")));
        }
        if answers.len() > ANSWERS_MAX {
            return Err(error("/answers", format!("has at most {ANSWERS_MAX} values")));
        }
        Ok(match &*decision {
            "allow" if answers.is_empty() => Self::Allow,
            "allow" => Self::Answers(answers),
            "deny" => Self::Deny(message.filter(|message| !message.trim().is_empty())),
            _ => Self::Option(decision),
        })
    }

    /// The word that the log and the wire have for it: `allow`, `deny`, or the option's id.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Allow | Self::Answers(_) => "allow",
            Self::Deny(_) => "deny",
            Self::Option(id) => id,
        }
    }
}

/// The end of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct End {
    /// What was decided here; `None`: nothing.
    pub(crate) decision: Option<Decision>,
    /// Who decided: the token's subject, or the rule's name.
    pub(crate) by: Option<Box<str>>,
    /// Which way.
    pub(crate) via: Via,
    /// How long it was open, milliseconds.
    pub(crate) waited_ms: u64,
}

impl End {
    /// Whether the agent waits on for a human: its own prompt has the word. `has_prompt`: it has one.
    pub(crate) fn waits_on(&self, has_prompt: bool) -> bool {
        has_prompt && matches!(self.via, Via::Expired | Via::Withdrawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_no_characters_that_a_terminal_obeys() {
        let denied = |message: &str| {
            let answer = serde_json::json!({"decision": "deny", "message": message});
            Decision::read(serde_json::from_value(answer).unwrap())
        };
        for message in ["a\u{0}", "\u{1b}[2J", "a\u{202e}b", "a\rb", "a\tb"] {
            assert_eq!(&*denied(message).unwrap_err().pointer, "/message", "{message:?}");
        }
        let lines = "No: use `make`\n — später 👩‍🚀";
        assert_eq!(denied(lines), Ok(Decision::Deny(Some(lines.into()))));
        insta::assert_snapshot!(denied("a\u{202e}").unwrap_err().detail, @"has characters that are not seen; leave them out: a⟨RLO⟩");
    }
}

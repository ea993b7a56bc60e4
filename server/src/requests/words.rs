//! What is said to who answers a request: how it ended, and why an answer does not count. Pure.

use arcane_shared::api::{RequestEnd, Via};

use super::told::seconds;
use super::{End, NotAnswered};

/// How a request ended, as it is answered.
pub(crate) fn answer(id: &str, end: &End, is_repeated: bool) -> RequestEnd {
    let decision = end.decision.as_ref().map_or("none", |decision| decision.word());
    RequestEnd {
        status: "success".into(),
        message: format!("✨ The agent hears: {decision}. ✨"),
        request_id: id.into(),
        decision: decision.into(),
        by: end.by.clone(),
        via: end.via,
        waited_s: seconds(end),
        is_repeated,
    }
}

impl NotAnswered {
    /// A word that stays the same.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "no-such-request",
            Self::Ended(_) => "request-ended",
            Self::NotHeld => "request-not-held",
            Self::NotOffered { .. } => "invalid",
            Self::UnderWay => "log-behind",
            Self::Log(_) => "log",
        }
    }

    /// Whether whoever sent it did nothing wrong.
    pub(crate) fn is_passing(&self) -> bool {
        !matches!(self, Self::NotOffered { .. })
    }

    /// What is wrong, and what would help.
    pub(crate) fn detail(&self, id: &str) -> String {
        match self {
            Self::Unknown => format!(
                "there is no request {id}, or it ended long ago; GET /requests lists those that are open"
            ),
            Self::Ended(end) => first(end),
            Self::NotHeld => "the agent no longer waits for an answer from here; answer where it runs".into(),
            Self::NotOffered { offers, takes_message } => {
                let message = if *takes_message { ", deny with a message" } else { "" };
                format!("the agent takes: {}{message}", offers.join(", "))
            }
            Self::UnderWay => "another answer is being written; ask again how it ended".into(),
            Self::Log(error) => {
                format!("the answer could not be written, so the agent did not hear it: {error}")
            }
        }
    }
}

/// Who or what was first.
fn first(end: &End) -> String {
    let by = end.by.as_deref().unwrap_or("a human");
    match (&end.decision, end.via) {
        (Some(decision), Via::Rule) => format!("the rule {by} was first: {}", decision.word()),
        (Some(decision), via) => format!("{by} was first: {} (via {})", decision.word(), via.word()),
        (None, Via::Terminal) => "it was answered where the agent runs".into(),
        (None, Via::Expired) => "its time was over; answer where the agent runs".into(),
        (None, _) => "the agent no longer waits for an answer from here".into(),
    }
}

//! A decision on its way to its stream: which decision has to be the latest there for it to be taken. Pure.

use arcane_shared::Seq;

use super::publish::{ANOTHER_LAST, Condition, Outcome};
use crate::log::{Fault, LogError};

/// What JetStream's error 10071 writes before the number of the latest message of the subject.
const BEFORE_THE_NUMBER: &str = "sequence: ";

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    /// The latest decision that it knows of; 0: none.
    on: Seq,
    /// Whether the stream has said that it still has that one.
    is_kept: bool,
}

impl Decision {
    /// A decision that was made on the one of this number.
    pub(super) fn on(on: Seq) -> Self {
        Self { on, is_kept: false }
    }

    /// The answer to a decision in a room of which events up to `last` were let go of unread: there may have been others.
    pub(super) fn unread(last: Seq) -> Outcome {
        Outcome::Refused { code: ANOTHER_LAST, text: format!("unread, {BEFORE_THE_NUMBER}{last}") }
    }

    /// What the stream has to have as its latest decision. `first`: the oldest message that it has.
    pub(super) fn condition(&self, first: Seq) -> Condition {
        // What the stream has let go of counts there as none.
        let is_gone = self.on < first && !self.is_kept;
        Condition::LastOfSubject(if is_gone { 0 } else { self.on })
    }

    /// Why it is not taken any more, if the latest decision is another one than was expected, as the text of the error names
    /// it; `None`: it is sent again.
    pub(super) fn is_outdated(&mut self, text: &str) -> Option<LogError> {
        let (_, number) = text.rsplit_once(BEFORE_THE_NUMBER)?;
        let last: Seq = number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        if last == self.on || last == 0 {
            // It is there after all, or was let go of: then the leader has yet to say where the stream begins.
            self.is_kept = last == self.on;
            return None;
        }
        let text = format!("it was decided on event {}, and {last} was decided since", self.on);
        Some(LogError::new(Fault::Outdated, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn another(last: Seq) -> String {
        format!("wrong last sequence: {last} (code 400, error code 10071)")
    }

    #[test]
    fn it_holds_while_the_one_it_was_made_on_is_the_latest_even_if_that_is_gone() {
        let mut one = Decision::on(7);
        assert_eq!(one.condition(7), Condition::LastOfSubject(7));
        // The stream has let go of it, which is not known yet.
        assert_eq!(one.is_outdated(&another(0)), None);
        assert_eq!(one.condition(7), Condition::LastOfSubject(7));
        assert_eq!(one.condition(8), Condition::LastOfSubject(0));
        // It has not, contrary to what was thought.
        assert_eq!(one.is_outdated(&another(7)), None);
        assert_eq!(one.condition(8), Condition::LastOfSubject(7));
        assert_eq!(one.is_outdated("in another form"), None);
        assert_eq!(one.is_outdated(&another(9)).unwrap().fault, Fault::Outdated);
        let Outcome::Refused { text, .. } = Decision::unread(8) else { panic!("it is refused") };
        assert_eq!(Decision::on(0).is_outdated(&text).unwrap().fault, Fault::Outdated);
    }
}

//! Where an honest reader is in the stream, and whether the next message is the one that must follow.

use serde_json::Value;

use crate::load::peer::Peer;

/// What a message was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The server's first words; whether it goes on where the reader was.
    Greeted { resumed: bool },
    /// The next event, and when it was published.
    Event { at_us: u64 },
    /// An event that is not the next one, or a resume that leaves a hole.
    Fault,
    /// Nothing that a reader counts.
    Nothing,
}

/// Where a reader is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    epoch: Option<String>,
    seq: u64,
    /// The publisher's number of the next event.
    pub(crate) next: u64,
}

impl Position {
    /// The path to read on from here.
    pub(crate) fn path(&self, peer: Peer) -> String {
        match &self.epoch {
            Some(epoch) => format!("/ws/events?since={epoch}:{}", self.seq),
            None => peer.stream_path().to_owned(),
        }
    }

    /// Takes the next message.
    pub(crate) fn take(&mut self, message: &Value) -> Step {
        if message["type"] == "connection" {
            return self.greet(message);
        }
        let metadata = &message["metadata"];
        let (Some(number), Some(at_us)) = (metadata["number"].as_u64(), metadata["at_us"].as_u64()) else {
            return if message.is_null() { Step::Greeted { resumed: false } } else { Step::Nothing };
        };
        let seq = message["seq"].as_u64();
        let right = number == self.next && seq.is_none_or(|seq| seq == self.seq + 1);
        self.next = self.next.max(number + 1);
        self.seq = seq.unwrap_or(0);
        if right { Step::Event { at_us } } else { Step::Fault }
    }

    fn greet(&mut self, message: &Value) -> Step {
        let epoch = message["epoch"].as_str().map(str::to_owned);
        let first = self.epoch.is_none();
        let same = self.epoch == epoch && message["resume"]["recovered"] == true;
        if first {
            self.seq = message["seq"].as_u64().unwrap_or(0);
        }
        self.epoch = epoch;
        if first || same { Step::Greeted { resumed: same } } else { Step::Fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(number: u64, seq: u64) -> Value {
        json!({"seq": seq, "metadata": {"number": number, "at_us": 7}})
    }

    fn greeting(epoch: &str, recovered: bool) -> Value {
        json!({"type": "connection", "epoch": epoch, "seq": 4, "resume": {"recovered": recovered}})
    }

    #[test]
    fn only_the_next_event_is_right() {
        let table = [((0, 5), true), ((1, 5), false), ((0, 6), false), ((1, 6), false)];
        for ((number, seq), right) in table {
            let mut position = Position::default();
            assert_eq!(position.take(&greeting("a", false)), Step::Greeted { resumed: false });
            let step = position.take(&event(number, seq));
            assert_eq!(step == Step::Event { at_us: 7 }, right, "{number} {seq}: {step:?}");
        }
        let mut position = Position::default();
        let relayed = |number| json!({"metadata": {"number": number, "at_us": 7}});
        assert_eq!(position.take(&Value::Null), Step::Greeted { resumed: false });
        assert_eq!(position.take(&relayed(0)), Step::Event { at_us: 7 });
        assert_eq!(position.take(&relayed(0)), Step::Fault);
        assert_eq!(position.take(&relayed(2)), Step::Fault);
    }

    #[test]
    fn a_reader_goes_on_where_it_was() {
        let mut position = Position::default();
        assert_eq!(position.path(Peer::Arcane), Peer::Arcane.stream_path());
        position.take(&greeting("a", false));
        position.take(&event(0, 5));
        assert_eq!(position.path(Peer::Arcane), "/ws/events?since=a:5");
        assert_eq!(position.take(&greeting("a", true)), Step::Greeted { resumed: true });
        assert_eq!(position.take(&event(1, 6)), Step::Event { at_us: 7 });
        assert_eq!(position.clone().take(&greeting("a", false)), Step::Fault);
        assert_eq!(position.take(&greeting("b", true)), Step::Fault);
    }
}

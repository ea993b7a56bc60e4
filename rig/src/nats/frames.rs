//! What a server of NATS sends to a client, taken apart into messages, so that some of them can be left out. Pure.

use std::ops::Range;

/// Longest line: `INFO` has a few hundred bytes, subjects have less.
const LINE_MAX: usize = 64 * 1024;

/// Takes bytes as they come, in pieces of any size, and passes them on, but for messages that are to be left out.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a line that is not whole yet.
    line: Vec<u8>,
    /// Bytes of a message's payload that are yet to come, its line end included.
    payload: usize,
    /// Whether they are left out.
    is_dropped: bool,
}

/// Why bytes cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// A line without an end.
    Line,
    /// A message whose line does not say how long it is.
    Message,
}

impl Frames {
    /// Takes bytes, and adds to `out` what is passed on. `drops` says of a message's subject whether it is left out.
    pub(super) fn take(
        &mut self,
        mut bytes: &[u8],
        out: &mut Vec<u8>,
        mut drops: impl FnMut(&str) -> bool,
    ) -> Result<(), Unread> {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let (of_payload, rest) = bytes.split_at(self.payload.min(bytes.len()));
                if !self.is_dropped {
                    out.extend_from_slice(of_payload);
                }
                self.payload -= of_payload.len();
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let (of_line, rest) = bytes.split_at(end);
            self.line.extend_from_slice(of_line);
            bytes = rest;
            if self.line.ends_with(b"\n") {
                self.end_line(out, &mut drops)?;
            } else if self.line.len() > LINE_MAX {
                return Err(Unread::Line);
            }
        }
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<u8>, drops: &mut impl FnMut(&str) -> bool) -> Result<(), Unread> {
        let line = std::mem::take(&mut self.line);
        self.is_dropped = false;
        if let Some(Message { subject, length }) = Message::read(&line)? {
            self.payload = length + b"\r\n".len();
            self.is_dropped = drops(std::str::from_utf8(&line[subject]).unwrap_or_default());
        }
        if !self.is_dropped {
            out.extend_from_slice(&line);
        }
        Ok(())
    }
}

/// The line before a message's payload: `MSG subject sid [reply] length`, `HMSG subject sid [reply] length-of-headers length`.
struct Message {
    subject: Range<usize>,
    length: usize,
}

impl Message {
    /// `None` if it is the line of something else.
    fn read(line: &[u8]) -> Result<Option<Self>, Unread> {
        let Some(operation) = [&b"MSG "[..], b"HMSG "].into_iter().find(|word| line.starts_with(word)) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(line).map_err(|_| Unread::Message)?;
        let mut words = text.split_ascii_whitespace();
        let (subject, length) = (words.nth(1), words.next_back());
        let length = length.and_then(|length| length.parse().ok()).ok_or(Unread::Message)?;
        let subject = subject.map(str::len).ok_or(Unread::Message)?;
        let begin = operation.len();
        Ok(Some(Self { subject: begin..begin + subject, length }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SENT: &[&str] = &[
        "INFO {\"server_id\":\"x\"}\r\n",
        "+OK\r\n",
        "MSG arcane.live.main.ev 7 5\r\nhello\r\n",
        "MSG arcane.heads 7 _INBOX.1 5\r\nMSG a\r\n",
        "HMSG arcane.live.main.ev 7 12 17\r\nNATS/1.0\r\n\r\nhello\r\n",
        "PING\r\n",
        "HMSG _INBOX.1 7 12 12\r\nNATS/1.0\r\n\r\n\r\n",
        "MSG arcane.live.main.sp 7 0\r\n\r\n",
        "-ERR 'no'\r\n",
    ];

    fn is_live(subject: &str) -> bool {
        subject.starts_with("arcane.live.")
    }

    fn pass(pieces: &[&[u8]], drops: impl Fn(&str) -> bool) -> Result<String, Unread> {
        let (mut frames, mut out) = (Frames::default(), Vec::new());
        for piece in pieces {
            frames.take(piece, &mut out, &drops)?;
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_messages_of_some_subjects_are_left_out() {
        let all = SENT.concat();
        let kept: String = SENT.iter().filter(|frame| !frame.contains("arcane.live.")).copied().collect();
        assert_eq!(pass(&[all.as_bytes()], is_live), Ok(kept));
        assert_eq!(pass(&[all.as_bytes()], |_| false), Ok(all));
    }

    #[test]
    fn what_no_server_sends_is_an_error() {
        let long = "x".repeat(LINE_MAX + 1);
        for (text, why) in
            [("MSG a 7 five\r\n", Unread::Message), ("MSG \r\n", Unread::Message), (&*long, Unread::Line)]
        {
            assert_eq!(pass(&[text.as_bytes()], is_live), Err(why), "{}", &text[..text.len().min(20)]);
        }
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_come_to_the_same(which in proptest::collection::vec(0..SENT.len(), 0..12), size in 1..40_usize) {
            let all: String = which.iter().map(|n| SENT[*n]).collect();
            let pieces: Vec<&[u8]> = all.as_bytes().chunks(size).collect();
            prop_assert_eq!(pass(&pieces, is_live), pass(&[all.as_bytes()], is_live));
            prop_assert_eq!(pass(&pieces, |_| false), Ok(all));
        }
    }
}

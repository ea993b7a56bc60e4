//! A stream of server-sent events, cut into its events as it comes (HTML, section 9.2). Pure.

/// Largest event, bytes of its data; what is larger is left out.
pub(super) const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// Longest id that is kept, bytes; a longer one is none.
const ID_BYTES_MAX: usize = 1024;

/// What a stream says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The data of one event.
    Event(Vec<u8>),
    /// An event, or a line, was too large.
    TooLarge,
    /// How long to wait before it is opened again, milliseconds.
    Retry(u64),
}

/// What came of a stream until now.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    is_too_large: bool,
    /// The last byte was a carriage return: a line feed after it ends no further line.
    after_return: bool,
    begun: bool,
    /// The id of the last event, for who comes back.
    pub(super) last_id: Vec<u8>,
}

impl Lines {
    /// Begins anew, on a stream that goes on where another broke off.
    pub(super) fn reopen(&mut self) {
        let last_id = std::mem::take(&mut self.last_id);
        *self = Self { last_id, ..Self::default() };
    }

    /// What a piece of the stream says.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Said> {
        let mut said = Vec::new();
        for &byte in bytes {
            let was_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if was_return => {}
                b'\n' | b'\r' => self.end_line(&mut said),
                byte if self.line.len() <= EVENT_BYTES_MAX + "data: ".len() => self.line.push(byte),
                _ => self.is_too_large = true,
            }
        }
        said
    }

    fn end_line(&mut self, said: &mut Vec<Said>) {
        let line = std::mem::take(&mut self.line);
        let line = match line.strip_prefix("\u{feff}".as_bytes()) {
            Some(rest) if !self.begun => rest,
            _ => &line,
        };
        self.begun = true;
        if line.is_empty() {
            return self.end_event(said);
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.is_too_large |= self.data.len() + value.len() > EVENT_BYTES_MAX;
                if !self.is_too_large {
                    self.data.extend_from_slice(value);
                }
            }
            b"id" if !value.contains(&0) && value.len() <= ID_BYTES_MAX => self.last_id = value.to_vec(),
            b"retry" => {
                let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                said.extend(number.map(Said::Retry));
            }
            _ => {}
        }
    }

    fn end_event(&mut self, said: &mut Vec<Said>) {
        let data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.is_too_large) {
            said.push(Said::TooLarge);
        } else if self.has_data {
            said.push(Said::Event(data));
        }
        self.has_data = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &[u8] = b"\xef\xbb\xbf: hello\ndata: {\"a\":\ndata: 1}\nid: 7\n\nevent: x\r\ndata:two\r\n\r\nretry: 50\rdata\r\rid: 8\n\ndata: cut off";

    fn all(lines: &mut Lines, pieces: &[&[u8]]) -> Vec<Said> {
        pieces.iter().flat_map(|piece| lines.push(piece)).collect()
    }

    #[test]
    fn events_come_whole() {
        let mut lines = Lines::default();
        let event = |text: &str| Said::Event(text.as_bytes().to_vec());
        let told = all(&mut lines, &[STREAM]);
        assert_eq!(told, [event("{\"a\":\n1}"), event("two"), Said::Retry(50), event("")]);
        assert_eq!(lines.last_id, b"8");
        lines.reopen();
        assert_eq!(all(&mut lines, &[b"data: next\n\n"]), [event("next")], "half an event is none");
        assert_eq!(lines.last_id, b"8");
    }

    #[test]
    fn what_is_too_large_is_left_out_and_what_follows_is_read() {
        let mut lines = Lines::default();
        let line = vec![b'x'; EVENT_BYTES_MAX + 100];
        let said = all(&mut lines, &[b"data: ", &line, &line, b"\n\ndata: 1\n\n"]);
        assert_eq!(said, [Said::TooLarge, Said::Event(b"1".to_vec())]);
        let half = vec![b'x'; EVENT_BYTES_MAX / 2 + 1];
        let said = all(&mut lines, &[b"data:", &half, b"\ndata:", &half, b"\n\n: x\n\n"]);
        assert_eq!(said, [Said::TooLarge]);
    }

    proptest! {
        #[test]
        fn any_cut_says_the_same(cuts in prop::collection::vec(0..STREAM.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &STREAM[cut[0]..cut[1]]).collect();
            prop_assert_eq!(all(&mut Lines::default(), &pieces), all(&mut Lines::default(), &[STREAM]));
        }
    }
}

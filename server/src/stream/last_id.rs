//! What a client says that it has seen last: `Last-Event-ID`, or `lastEventId` where it can set no header. Pure.
//!
//! A client does not choose this, it hands back what it once received, perhaps from another server. So nothing here
//! is an error: what is no position of the room's numbers becomes one that the room does not know, and the reader is
//! told that it could not go on there.

use arcane_shared::{Epoch, Seq};
use axum::http::{HeaderMap, HeaderName};

use crate::bus::{END, Since};

pub(crate) const HEADER: HeaderName = HeaderName::from_static("last-event-id");

/// What a client says it received last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastId {
    /// After what it goes on.
    pub(crate) since: Since,
    /// Whether the stream that it belongs to was over for good.
    pub(crate) ended: bool,
}

impl LastId {
    /// What the header says. The last one counts; an empty one says nothing.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get_all(HEADER).iter().next_back()?;
        Self::read(&String::from_utf8_lossy(value.as_bytes()))
    }

    /// `EPOCH:SEQ`, `SEQ`, either with [`END`] and either percent-encoded; `None` for an empty text.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim().replace("%3A", ":").replace("%3a", ":");
        if text.is_empty() {
            return None;
        }
        let (position, ended) = match text.strip_suffix(END) {
            Some(position) => (position, true),
            None => (text.as_str(), false),
        };
        Some(Self { since: position_of(position), ended })
    }
}

fn position_of(text: &str) -> Since {
    // No room has it: the position is of other numbers, whatever they are.
    let foreign = || Since { epoch: Some(Epoch(String::new())), seq: 0 };
    let (epoch, seq) = match text.split_once(':') {
        None => (None, text),
        Some((epoch, seq)) => (Some(Epoch(epoch.into())), seq),
    };
    if seq.is_empty() || !seq.bytes().all(|byte| byte.is_ascii_digit()) {
        return foreign();
    }
    // No room has got beyond 64 bits: such a number is ahead of every one.
    Since { epoch, seq: seq.parse().unwrap_or(Seq::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(epoch: Option<&str>, seq: Seq) -> Since {
        Since { epoch: epoch.map(|epoch| Epoch(epoch.into())), seq }
    }

    #[test]
    fn every_form_of_a_position_is_read() {
        let read = |text: &str| LastId::read(text).map(|last| (last.since, last.ended));
        for text in ["9f3c:42", " 9f3c:42 ", "9f3c%3A42", "9f3c%3a42"] {
            assert_eq!(read(text), Some((since(Some("9f3c"), 42), false)), "{text:?}");
        }
        assert_eq!(read("42"), Some((since(None, 42), false)));
        assert_eq!(read("9f3c:42:end"), Some((since(Some("9f3c"), 42), true)));
        assert_eq!(read("9f3c%3A42%3Aend"), Some((since(Some("9f3c"), 42), true)));
        assert_eq!(read(""), None);
        assert_eq!(read("  "), None);
    }

    #[test]
    fn what_is_no_position_is_one_that_no_room_knows() {
        for text in ["9f3c", "abc-def", "-1", "1.5", "9f3c:", "9f3c:x", ":", "{}", "9f3c:4:2", "\u{fffd}"] {
            assert_eq!(LastId::read(text).unwrap().since, since(Some(""), 0), "{text:?}");
        }
    }

    #[test]
    fn beyond_64_bits_is_ahead_of_everything() {
        assert_eq!(LastId::read("99999999999999999999").unwrap().since, since(None, Seq::MAX));
        assert_eq!(LastId::read("9f3c:18446744073709551616").unwrap().since, since(Some("9f3c"), Seq::MAX));
    }

    #[test]
    fn the_header_may_be_anything() {
        let mut headers = HeaderMap::new();
        assert_eq!(LastId::from_headers(&headers), None);
        headers.append(HEADER, "9f3c:1".parse().unwrap());
        headers.append(HEADER, axum::http::HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(LastId::from_headers(&headers).unwrap().since, since(Some(""), 0), "not ignored");
    }
}

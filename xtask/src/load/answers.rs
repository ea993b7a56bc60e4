//! What a server answers to a publisher: counted if it is a yes, and the end of the run if it is a no.

use anyhow::{Context as _, Result, bail};
use memchr::memmem;

use super::messages::{Messages, Said};
use super::way::Way;

/// How much of a refusal is quoted, bytes.
const QUOTE_BYTES_MAX: usize = 300;
/// What nats-server answers to `PING`, after everything before it.
const PONG: &[u8] = b"PONG\r\n";

/// The answers on one connection.
#[derive(Debug)]
pub(crate) enum Answers {
    Http(Vec<u8>),
    Ws(Box<Messages>),
    Nats(Vec<u8>),
    Redis(Vec<u8>),
}

impl Answers {
    /// None yet.
    pub(crate) fn new(way: Way) -> Self {
        match way {
            Way::Ws => Self::Ws(Box::new(Messages::new(false))),
            Way::Nats => Self::Nats(Vec::new()),
            Way::Redis => Self::Redis(Vec::new()),
            Way::Http | Way::None => Self::Http(Vec::new()),
        }
    }

    /// How many requests were answered with the next bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<u64> {
        match self {
            Self::Http(waiting) => {
                waiting.extend_from_slice(bytes);
                let (mut at, mut count) = (0, 0);
                while let Some(len) = http_answer(&waiting[at..])? {
                    at += len;
                    count += 1;
                }
                waiting.drain(..at);
                Ok(count)
            }
            Self::Ws(messages) => {
                let (mut count, mut refused) = (0, None);
                messages.take(bytes, |said| match said {
                    Said::Message(text) if has(text, b"\"type\":\"published\"") => count += 1,
                    Said::Message(text) if has(text, b"\"type\":\"error\"") => refused = Some(quote(text)),
                    Said::Close(code) => refused = Some(format!("closed with {code:?}")),
                    Said::Message(_) | Said::Ping(_) => {}
                })?;
                refused.map_or(Ok(count), |why| bail!("a publication was refused: {why}"))
            }
            // `$15`, then the entry's id, each on a line of its own.
            Self::Redis(said) => {
                said.extend_from_slice(bytes);
                if said.first() == Some(&b'-') {
                    bail!("a publication was refused: {}", quote(said));
                }
                let ends: Vec<usize> = memmem::find_iter(said, b"\r\n").collect();
                let whole = ends.len() / 2;
                said.drain(..whole.checked_sub(1).map_or(0, |last| ends[2 * last + 1] + 2));
                Ok(whole as u64)
            }
            Self::Nats(said) => {
                said.extend_from_slice(bytes);
                if has(said, b"-ERR") {
                    bail!("a publication was refused: {}", quote(said));
                }
                let pongs = memmem::find_iter(said, PONG).count();
                let rest = memmem::rfind(said, PONG).map_or(0, |at| at + PONG.len());
                said.drain(..rest.max(said.len().saturating_sub(QUOTE_BYTES_MAX)));
                Ok(pongs as u64)
            }
        }
    }
}

fn has(text: &[u8], words: &[u8]) -> bool {
    memmem::find(text, words).is_some()
}

fn quote(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(QUOTE_BYTES_MAX)]).into_owned()
}

/// The length of the first answer, if it is complete.
fn http_answer(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).context("an answer whose head is no text")?;
    let (status, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut fields = fields.lines().filter_map(|line| line.split_once(':'));
    let len = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, len) = len.with_context(|| format!("an answer that does not say how long it is: {head}"))?;
    let len: usize = len.trim().parse().context("an answer with an unreadable length")?;
    let Some(body) = bytes.get(end + 4..end + 4 + len) else { return Ok(None) };
    if !status.starts_with("HTTP/1.1 2") {
        bail!("a publication was refused: {status}: {}", quote(body));
    }
    Ok(Some(end + 4 + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_however_they_are_cut() {
        let one =
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHTTP/HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n";
        for size in 1..one.len() {
            let mut answers = Answers::new(Way::Http);
            let count: u64 = one.chunks(size).map(|piece| answers.take(piece).unwrap()).sum();
            assert_eq!(count, 2, "pieces of {size}");
        }
    }

    #[test]
    fn nats_answers_each_request_with_a_pong() {
        let said = b"INFO {}\r\nPONG\r\nPONG\r\n+OK\r\nPONG\r\n";
        for size in 1..said.len() {
            let mut answers = Answers::new(Way::Nats);
            let count: u64 = said.chunks(size).map(|piece| answers.take(piece).unwrap()).sum();
            assert_eq!(count, 3, "pieces of {size}");
        }
    }

    #[test]
    fn redis_answers_each_event_with_its_id() {
        let said = b"$3\r\n1-0\r\n$3\r\n1-1\r\n";
        for size in 1..said.len() {
            let mut answers = Answers::new(Way::Redis);
            let count: u64 = said.chunks(size).map(|piece| answers.take(piece).unwrap()).sum();
            assert_eq!(count, 2, "pieces of {size}");
        }
        assert!(Answers::new(Way::Redis).take(b"-ERR no\r\n").is_err());
    }

    #[test]
    fn a_refusal_is_quoted() {
        let refused = b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 7\r\n\r\nno name";
        let error = Answers::new(Way::Http).take(refused).unwrap_err().to_string();
        assert!(error.contains("422") && error.contains("no name"), "{error}");
        assert!(Answers::new(Way::Nats).take(b"-ERR 'no'\r\n").is_err());
    }

    #[test]
    fn answers_on_a_websocket_are_messages() {
        let framed = |text: &str| [&[0x81, text.len() as u8], text.as_bytes()].concat();
        let mut answers = Answers::new(Way::Ws);
        assert_eq!(answers.take(&framed("{\"type\":\"connection\"}")).unwrap(), 0);
        let two =
            [framed("{\"type\":\"published\",\"seq\":[1,9]}"), framed("{\"type\":\"published\"}")].concat();
        assert_eq!(answers.take(&two).unwrap(), 2);
        assert!(answers.take(&framed("{\"type\":\"error\",\"code\":\"bad_message\"}")).is_err());
    }
}

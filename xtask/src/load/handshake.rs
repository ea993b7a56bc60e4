//! A WebSocket's opening handshake, as a client sees it.

use anyhow::{Context as _, Result, bail};
use memchr::memmem;

/// Longest answer to a handshake, bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// What a server agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// It may deflate its messages.
    pub(crate) deflate: bool,
}

/// The request; the key is the example of RFC 6455, since nobody caches here.
pub(crate) fn request(port: u16, path: &str, deflate: bool) -> Vec<u8> {
    let offer =
        if deflate { "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" } else { "" };
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
    )
    .into_bytes()
}

/// Reads the answer and how long it is, or nothing while it is not complete.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<(Agreed, usize)>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        if bytes.len() > HEAD_BYTES_MAX {
            bail!("the answer to a handshake has more than {HEAD_BYTES_MAX} bytes");
        }
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).context("the answer to a handshake is no text")?;
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        bail!("a handshake was answered by {status:?}");
    }
    let deflate = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("sec-websocket-extensions") && value.contains("permessage-deflate")
    });
    Ok(Some((Agreed { deflate }, end + 4)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_read_when_it_is_complete() {
        let plain = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00";
        assert_eq!(answer(&plain[..40]).unwrap(), None);
        let len = plain.len() - 2;
        assert_eq!(answer(plain).unwrap(), Some((Agreed { deflate: false }, len)));
        let deflating = b"HTTP/1.1 101 Ok\r\nsec-websocket-extensions: permessage-deflate; server_no_context_takeover\r\n\r\n";
        assert!(answer(deflating).unwrap().unwrap().0.deflate);
    }

    #[test]
    fn anything_but_a_switch_is_an_error() {
        assert!(answer(b"HTTP/1.1 403 Forbidden\r\n\r\n").is_err());
        assert!(answer(&vec![b'x'; HEAD_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn deflate_is_offered_on_request() {
        let offers = |deflate| memmem::find(&request(1, "/", deflate), b"permessage-deflate").is_some();
        assert!(offers(true) && !offers(false));
    }
}

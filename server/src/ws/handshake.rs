//! The opening handshake of RFC 6455, section 4.2. Pure.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha1::{Digest, Sha1};

/// The last digit of 16 bytes has four bits that mean nothing. RFC 6455 sets them in its own example (section 4.1).
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a request is no WebSocket handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("this is a WebSocket; connect with ws:// instead of {0}, or read GET /events/stream")]
    NotAnUpgrade(&'static str),
    #[error("Sec-WebSocket-Version must be 13")]
    Version,
    #[error("Sec-WebSocket-Key must be there once, and be 16 bytes in base64")]
    Key,
}

/// A handshake that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// HTTP/1.1: the value of `Sec-WebSocket-Accept`.
    Upgrade(HeaderValue),
    /// HTTP/2 (RFC 8441): the stream itself becomes the socket, and no key is exchanged.
    Stream,
}

/// Checks a handshake. `protocol` is what an extended CONNECT of HTTP/2 asks for.
pub(crate) fn accept(
    method: &Method,
    protocol: Option<&str>,
    headers: &HeaderMap,
) -> Result<Handshake, HandshakeError> {
    if method != Method::CONNECT {
        return upgrade(method, headers).map(Handshake::Upgrade);
    }
    if protocol != Some("websocket") {
        return Err(HandshakeError::NotAnUpgrade("CONNECT"));
    }
    check_version(headers).map(|()| Handshake::Stream)
}

fn check_version(headers: &HeaderMap) -> Result<(), HandshakeError> {
    let version = headers.get(header::SEC_WEBSOCKET_VERSION);
    if version.is_some_and(|version| version == "13") { Ok(()) } else { Err(HandshakeError::Version) }
}

fn upgrade(method: &Method, headers: &HeaderMap) -> Result<HeaderValue, HandshakeError> {
    if method != Method::GET {
        return Err(HandshakeError::NotAnUpgrade("another method"));
    }
    if !has_token(headers, header::CONNECTION, "upgrade") || !has_token(headers, header::UPGRADE, "websocket")
    {
        return Err(HandshakeError::NotAnUpgrade("http://"));
    }
    check_version(headers)?;
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(HandshakeError::Key) };
    if LENIENT.decode(key.as_bytes()).map_or(0, |bytes| bytes.len()) != 16 {
        return Err(HandshakeError::Key);
    }
    let mut digest = Sha1::new();
    digest.update(key.as_bytes());
    digest.update(GUID.as_bytes());
    HeaderValue::from_str(&STANDARD.encode(digest.finalize())).map_err(|_| HandshakeError::Key)
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_example_of_the_rfc() {
        let request = headers(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        let accepted = accept(&Method::GET, None, &request).unwrap();
        assert_eq!(accepted, Handshake::Upgrade(HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    }

    fn with_keys(keys: &[&str]) -> Result<Handshake, HandshakeError> {
        let mut request =
            headers(&[("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]);
        for key in keys {
            request.append(header::SEC_WEBSOCKET_KEY, key.parse().unwrap());
        }
        accept(&Method::GET, None, &request)
    }

    #[test]
    fn the_key_of_section_4_1_whose_last_digit_is_not_canonical() {
        let accepted = Handshake::Upgrade(HeaderValue::from_static("OfS0wDaT5NoxF2gqm7Zj2YtetzM="));
        assert_eq!(with_keys(&["AQIDBAUGBwgJCgsMDQ4PEC=="]), Ok(accepted));
        for last in ["EA", "EB", "EC", "EF", "EP"] {
            assert!(with_keys(&[&format!("AQIDBAUGBwgJCgsMDQ4P{last}==")]).is_ok(), "{last}");
        }
    }

    #[test]
    fn what_is_no_key() {
        let good = "AQIDBAUGBwgJCgsMDQ4PEA==";
        for keys in [
            &[][..],
            &[""],
            &["AQIDBAUGBwgJCgsMDQ4P"],
            &["AQIDBAUGBwgJCgsMDQ4PEA"],
            &["not base64 at all =="],
            &[good, good],
        ] {
            assert_eq!(with_keys(keys), Err(HandshakeError::Key), "{keys:?}");
        }
    }

    #[test]
    fn a_stream_of_http_2() {
        let headers = headers(&[("sec-websocket-version", "13")]);
        assert_eq!(accept(&Method::CONNECT, Some("websocket"), &headers), Ok(Handshake::Stream));
        let tunnel = accept(&Method::CONNECT, None, &headers);
        assert_eq!(tunnel, Err(HandshakeError::NotAnUpgrade("CONNECT")));
    }

    #[test]
    fn half_a_handshake() {
        assert_eq!(accept(&Method::GET, None, &headers(&[])), Err(HandshakeError::NotAnUpgrade("http://")));
        let old = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "8")];
        assert_eq!(accept(&Method::GET, None, &headers(&old)), Err(HandshakeError::Version));
        let keyless = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
        assert_eq!(accept(&Method::GET, None, &headers(&keyless)), Err(HandshakeError::Key));
    }
}

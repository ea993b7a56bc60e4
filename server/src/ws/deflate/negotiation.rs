//! What client and server agree on about compression (RFC 7692, 5 and 7.1).

use axum::http::{HeaderMap, HeaderValue, header};

/// Window of messages that are compressed alone, as a power of two: 4 KiB. The smallest that a
/// client may ask for.
pub const ALONE_WINDOW_BITS: u8 = 12;
/// Window of a cohort: 32 KiB, the largest there is and what clients provide for if they say
/// nothing. It holds as many events as a cohort's window has; in 4 KiB they get half as large again.
pub const COHORT_WINDOW_BITS: u8 = 15;
/// What RFC 7692 lets window sizes be.
const WINDOW_BITS: std::ops::RangeInclusive<u8> = 8..=15;
/// Most offers that are considered; the ones behind them are not.
const OFFERS_MAX: usize = 16;

/// An accepted offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Whether the client keeps a window that is large enough from one message to the next, so that
    /// it can be in a cohort. If not, only messages that were compressed alone may go to it.
    pub context_takeover: bool,
    /// The value of `Sec-WebSocket-Extensions` in the answer.
    pub response: HeaderValue,
}

/// Accepts the first offer of a handshake that can be kept; `None` if there is none, and then
/// nothing is compressed.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Option<Agreed> {
    headers
        .get_all(header::SEC_WEBSOCKET_EXTENSIONS)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| split(value, ','))
        .take(OFFERS_MAX)
        .find_map(|offer| Offer::read(offer)?.accept())
}

/// The parameters of one offer that matter here. How large a window the client compresses with does
/// not: the inflater takes the largest.
#[derive(Debug, Default)]
struct Offer {
    server_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
}

impl Offer {
    /// `None` if it is for another extension, or not as RFC 7692 says.
    fn read(offer: &str) -> Option<Self> {
        let mut parts = split(offer, ';').map(str::trim);
        if parts.next() != Some("permessage-deflate") {
            return None;
        }
        let mut read = Self::default();
        let mut seen = Vec::new();
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(unquote(value.trim_start())?)),
                None => (part, None),
            };
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            match (name, value) {
                ("server_no_context_takeover", None) => read.server_no_context_takeover = true,
                ("server_max_window_bits", Some(bits)) => {
                    read.server_max_window_bits = Some(window_bits(bits)?);
                }
                ("client_max_window_bits", Some(bits)) => {
                    window_bits(bits)?;
                }
                ("client_no_context_takeover" | "client_max_window_bits", None) => {}
                _ => return None,
            }
        }
        Some(read)
    }

    fn accept(&self) -> Option<Agreed> {
        // RFC 7692 lets a server name its window without being asked, but some clients refuse what
        // they did not offer; and a client that said nothing provides for any window.
        let (bits, named) = match self.server_max_window_bits {
            Some(bits) if bits < ALONE_WINDOW_BITS => return None,
            Some(bits) if bits < COHORT_WINDOW_BITS => (ALONE_WINDOW_BITS, true),
            bits => (COHORT_WINDOW_BITS, bits.is_some()),
        };
        let context_takeover = bits == COHORT_WINDOW_BITS && !self.server_no_context_takeover;
        let mut response = String::from("permessage-deflate; client_no_context_takeover");
        if !context_takeover {
            response.push_str("; server_no_context_takeover");
        }
        if named {
            response.push_str("; server_max_window_bits=");
            response.push_str(&bits.to_string());
        }
        let response = HeaderValue::try_from(response).ok()?;
        Some(Agreed { context_takeover, response })
    }
}

/// A decimal number of one or two digits without a leading zero.
fn window_bits(value: &str) -> Option<u8> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    let bits = value.parse().ok().filter(|_| digits)?;
    WINDOW_BITS.contains(&bits).then_some(bits)
}

/// The text of a token or of a quoted string, which must be a token without its quotes. None of the
/// values here needs an escape.
fn unquote(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\'])),
        None => Some(value),
    }
}

/// Splits a header value at a separator that is not inside a quoted string.
fn split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |character| {
        if escaped {
            escaped = false;
            return false;
        }
        match character {
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => return !quoted && character == separator,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lines: &[&'static str]) -> Option<Agreed> {
        let headers = lines
            .iter()
            .map(|line| (header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(line)))
            .collect();
        negotiate(&headers)
    }

    const PLAIN: &str = "permessage-deflate; client_no_context_takeover";
    const LARGE: &str = "permessage-deflate; client_no_context_takeover; server_max_window_bits=15";
    const ALONE: &str = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
    const SMALL: &str = "permessage-deflate; client_no_context_takeover; server_no_context_takeover; server_max_window_bits=12";

    #[test]
    fn what_clients_offer_and_what_they_get() {
        for (offer, response) in [
            // Firefox; Chrome, `ws` for Node and `websockets` for Python; gorilla.
            ("permessage-deflate", PLAIN),
            ("permessage-deflate; client_max_window_bits", PLAIN),
            ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", ALONE),
            // Windows of every size that can be had.
            ("permessage-deflate; server_max_window_bits=15; client_max_window_bits=15", LARGE),
            ("permessage-deflate; server_max_window_bits=14", SMALL),
            ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", SMALL),
            ("permessage-deflate;server_max_window_bits=13;server_no_context_takeover", SMALL),
            ("permessage-deflate ; server_max_window_bits = \"13\"", SMALL),
            ("permessage-deflate; client_max_window_bits=8", PLAIN),
            ("  permessage-deflate  ", PLAIN),
            // The next offer is considered.
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", PLAIN),
            (
                "permessage-deflate; server_max_window_bits=9; client_max_window_bits, permessage-deflate; server_max_window_bits=12",
                SMALL,
            ),
            ("x-webkit-deflate-frame, permessage-deflate; client_max_window_bits", PLAIN),
            (
                "mux; a=\"permessage-deflate, b\\\", c\"; d, permessage-deflate; server_no_context_takeover",
                ALONE,
            ),
            (", ,permessage-deflate", PLAIN),
        ] {
            let agreed = answer(&[offer]).unwrap_or_else(|| panic!("declined: {offer}"));
            assert_eq!(agreed.response, response, "{offer}");
            assert_eq!(agreed.context_takeover, !response.contains("server_no_context"), "{offer}");
        }
    }

    #[test]
    fn what_is_declined() {
        for offer in [
            "",
            "permessage-bzip2",
            "permessage-deflate-x",
            "permessage-deflate; server_max_window_bits=11",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=012",
            "permessage-deflate; server_max_window_bits=+12",
            "permessage-deflate; server_max_window_bits=twelve",
            "permessage-deflate; server_max_window_bits=",
            "permessage-deflate; server_max_window_bits=\"12",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=\"\"",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=\"true\"",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=12",
            "permessage-deflate; level=9",
            "permessage-deflate;",
        ] {
            assert_eq!(answer(&[offer]), None, "{offer}");
        }
        assert_eq!(answer(&[]), None);
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let lines = ["permessage-deflate; nonsense", "mux, permessage-deflate; server_no_context_takeover"];
        assert_eq!(answer(&lines).unwrap().response, ALONE);
    }

    #[test]
    fn offers_beyond_the_bound_are_not_considered() {
        let mut lines = vec!["mux"; OFFERS_MAX - 1];
        lines.push("permessage-deflate");
        assert!(answer(&lines).is_some());
        lines.insert(0, "mux");
        assert_eq!(answer(&lines), None);
    }
}

//! The address of another server, as `?server=` in the page's own address names it: the page reads it, and the server that serves the
//! page allows what it names.

/// Longest address that is read, in bytes.
pub const ADDRESS_LEN_MAX: usize = 300;

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// Whether it is spoken to through TLS; `None`: as the page is.
    pub secure: Option<bool>,
    /// Host, and port where there is one.
    pub host: String,
    /// What stands before its routes: empty, or `/arcane`.
    pub path: String,
}

impl ServerAddress {
    /// Reads `http://host:port`, also without its scheme, as a WebSocket's, with a path before its routes, or with the route of the
    /// event stream at its end. `None`: it names no server.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > ADDRESS_LEN_MAX {
            return None;
        }
        let (secure, rest) = match text.split_once("://") {
            None => (None, text),
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "http" | "ws" => (Some(false), rest),
                "https" | "wss" => (Some(true), rest),
                _ => return None,
            },
        };
        let at = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at(at);
        let path = path.strip_suffix("/ws/events").unwrap_or(path).trim_end_matches('/');
        let plain =
            |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        let is_one = is_host(host) && plain(path, "/._~-") && !path.contains("//");
        is_one.then(|| Self { secure, host: host.to_ascii_lowercase(), path: path.into() })
    }
}

/// Whether it is a name or an address, with a port or without.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, port)) => (name, port.strip_prefix(':').or(port.is_empty().then_some("80"))),
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, Some("80")),
        },
    };
    let is_name = if text.starts_with('[') {
        name.contains(':') && name.chars().all(|c| c.is_ascii_hexdigit() || ":.".contains(c))
    } else {
        name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
    };
    let is_port = |port: &str| {
        port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    !name.is_empty() && is_name && port.is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Option<(Option<bool>, String)> {
        ServerAddress::parse(text).map(|address| (address.secure, address.host + &address.path))
    }

    #[test]
    fn addresses_as_people_write_them() {
        for (text, secure, rest) in [
            ("http://127.0.0.1:8000", Some(false), "127.0.0.1:8000"),
            ("https://Bus.Example/", Some(true), "bus.example"),
            ("bus.example:8000", None, "bus.example:8000"),
            (" bus ", None, "bus"),
            ("ws://bus:8000/ws/events", Some(false), "bus:8000"),
            ("WSS://bus/arcane/ws/events", Some(true), "bus/arcane"),
            ("https://bus/arcane/", Some(true), "bus/arcane"),
            ("http://[::1]:8000", Some(false), "[::1]:8000"),
            ("[::1]", None, "[::1]"),
        ] {
            assert_eq!(of(text), Some((secure, rest.into())), "{text}");
        }
    }

    #[test]
    fn what_names_no_server() {
        for text in [
            "",
            "/",
            "*",
            "http://",
            "ftp://a",
            "javascript:alert(1)",
            "http://a b",
            "http://a;script-src *",
            "a:99999",
            "a:0",
            "a:",
            ":80",
            "http://u:p@a",
            "http://a?b",
            "http://a/b?c",
            "http://a/b#c",
            "http://a//b",
            "[1",
            "[1]x",
            "http://ä",
            "file:///etc",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_it_names_ends_a_directive_of_a_policy(text in ".{0,60}|(https?|ws)://[a-z0-9:./;, '\\[\\]@?#%-]{0,40}") {
            if let Some(address) = ServerAddress::parse(&text) {
                let said = address.host + &address.path;
                prop_assert!(said.chars().all(|c| c.is_ascii_alphanumeric() || "._~-:[]/".contains(c)), "{said}");
                prop_assert!(ServerAddress::parse(&said).is_some());
            }
        }
    }
}

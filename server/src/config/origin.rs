//! An origin as an operator writes it, and as a browser does. Pure.

use std::net::Ipv6Addr;

use axum::http::uri::Authority;

/// Where a page comes from: scheme, host and port, as browsers write them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    authority: String,
}

/// What is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// A pattern.
    #[error("{0:?} stands for more origins than one; name each in full, like https://arcane.example")]
    Wildcard(String),
    /// What browsers say of a page that has none.
    #[error("null is the origin of any sandboxed page or file, whoever made it; serve the page from a host")]
    Null,
    /// Only a host.
    #[error("{0:?} has no scheme: write https://{0}, or http://{0} if its pages are served without TLS")]
    NoScheme(String),
    /// The scheme of a socket.
    #[error("{0:?} is the address of a socket; an origin is that of the page which opens it: write {1}")]
    Socket(String, String),
    /// More than an origin.
    #[error("{0:?} is more than an origin, which has no path and no user: write {1}")]
    More(String, String),
    /// No host, or a port that is none.
    #[error("{0:?} is no origin like https://arcane.example or http://127.0.0.1:3000")]
    Malformed(String),
    /// A host that is not ASCII.
    #[error("the host of {0:?} is to be written as browsers send it, in ASCII (xn--…)")]
    NotAscii(String),
}

impl Origin {
    /// Reads an origin: a slash at the end, the scheme's own port and upper case make no difference.
    ///
    /// # Errors
    /// Says what to write instead.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let text = text.trim();
        let malformed = || OriginError::Malformed(text.into());
        if text.contains('*') {
            return Err(OriginError::Wildcard(text.into()));
        }
        if text.eq_ignore_ascii_case("null") {
            return Err(OriginError::Null);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            let plain = !text.is_empty() && !text.contains(['/', '\\', ' ', '@']);
            return Err(if plain { OriginError::NoScheme(text.into()) } else { malformed() });
        };
        let scheme = scheme.to_ascii_lowercase();
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(is_scheme) {
            return Err(malformed());
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        if !host.is_ascii() {
            return Err(OriginError::NotAscii(text.into()));
        }
        let origin = Self { authority: normalize(&scheme, host).ok_or_else(malformed)?, scheme };
        if let Some(page) = match origin.scheme.as_str() {
            "ws" => Some("http"),
            "wss" => Some("https"),
            _ => None,
        } {
            // The port that the page's scheme implies may be another.
            let authority = normalize(page, host).ok_or_else(malformed)?;
            return Err(OriginError::Socket(text.into(), format!("{page}://{authority}")));
        }
        if user.is_some() || !path.trim_end_matches('/').is_empty() {
            return Err(OriginError::More(text.into(), origin.to_string()));
        }
        Ok(origin)
    }

    /// Reads what stands between commas; nothing is no origin and no error.
    ///
    /// # Errors
    /// For the first that is none.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Self>, OriginError> {
        let texts = texts.iter().flat_map(|list| list.split(',')).filter(|text| !text.trim().is_empty());
        texts.map(Self::parse).collect()
    }

    /// Whether a page that comes from here asks for the host that it came from.
    #[must_use]
    pub fn is_at(&self, host: &str) -> bool {
        matches!(self.scheme.as_str(), "http" | "https")
            && normalize(&self.scheme, host).is_some_and(|host| host == self.authority)
    }

    /// Whether its pages came through TLS.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        self.scheme == "https"
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Host and port in lower case, without a port that the scheme implies.
fn normalize(scheme: &str, authority: &str) -> Option<String> {
    let parsed: Authority = authority.parse().ok()?;
    let host = parsed.host().to_ascii_lowercase();
    let port = match authority.get(host.len()..)?.strip_prefix(':') {
        None | Some("") => None,
        Some(port) => Some(port.parse::<u16>().ok()?),
    };
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => format!("[{}]", address.parse::<Ipv6Addr>().ok()?),
        None if host.is_empty() || host.starts_with('.') || host.contains(['[', ']']) => return None,
        None => host,
    };
    match (scheme, port) {
        (_, None) | ("http" | "ws", Some(80)) | ("https" | "wss", Some(443)) => Some(host),
        (_, Some(port)) => Some(format!("{host}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_as_people_write_them() {
        for (written, read) in [
            ("https://wall.example", "https://wall.example"),
            (" https://wall.example ", "https://wall.example"),
            ("https://wall.example/", "https://wall.example"),
            ("https://wall.example:443", "https://wall.example"),
            ("https://wall.example:443/", "https://wall.example"),
            ("http://wall.example:80", "http://wall.example"),
            ("http://wall.example:443", "http://wall.example:443"),
            ("https://wall.example:", "https://wall.example"),
            ("HTTPS://Wall.Example:8443", "https://wall.example:8443"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
            ("tauri://localhost", "tauri://localhost"),
            ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ] {
            assert_eq!(Origin::parse(written).unwrap().to_string(), read, "{written}");
        }
    }

    #[test]
    fn what_is_none_says_what_to_write() {
        let refused = |text: &str| Origin::parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("*"), @r#""*" stands for more origins than one; name each in full, like https://arcane.example"#);
        insta::assert_snapshot!(refused("https://*.wall.example"), @r#""https://*.wall.example" stands for more origins than one; name each in full, like https://arcane.example"#);
        insta::assert_snapshot!(refused("null"), @"null is the origin of any sandboxed page or file, whoever made it; serve the page from a host");
        insta::assert_snapshot!(refused("wall.example"), @r#""wall.example" has no scheme: write https://wall.example, or http://wall.example if its pages are served without TLS"#);
        insta::assert_snapshot!(refused("wall.example:8443"), @r#""wall.example:8443" has no scheme: write https://wall.example:8443, or http://wall.example:8443 if its pages are served without TLS"#);
        insta::assert_snapshot!(refused("https://wall.example/app"), @r#""https://wall.example/app" is more than an origin, which has no path and no user: write https://wall.example"#);
        insta::assert_snapshot!(refused("https://me@wall.example?x"), @r#""https://me@wall.example?x" is more than an origin, which has no path and no user: write https://wall.example"#);
        insta::assert_snapshot!(refused("wss://wall.example:443/ws"), @r#""wss://wall.example:443/ws" is the address of a socket; an origin is that of the page which opens it: write https://wall.example"#);
        insta::assert_snapshot!(refused("https://bücher.example"), @r#"the host of "https://bücher.example" is to be written as browsers send it, in ASCII (xn--…)"#);
        for text in [
            "",
            "https://",
            "https:/wall.example",
            "://wall.example",
            "https://a b",
            "https://a:port",
            "https://a:70000",
            "https://[::1",
        ] {
            assert_eq!(Origin::parse(text), Err(OriginError::Malformed(text.into())), "{text}");
        }
    }

    #[test]
    fn lists_may_have_spaces_and_a_comma_too_many() {
        let read = |text: &str| Origin::parse_all(&[text.to_owned()]);
        let two = read("https://a.example, http://b.example/,").unwrap();
        assert_eq!(
            two.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["https://a.example", "http://b.example"]
        );
        assert_eq!(read(""), Ok(vec![]));
        assert!(read("https://a.example,b.example").is_err());
    }

    #[test]
    fn a_page_and_its_host() {
        let origin = |text: &str| Origin::parse(text).unwrap();
        assert!(origin("https://wall.example").is_at("wall.example"));
        assert!(origin("https://wall.example").is_at("Wall.Example:443"));
        assert!(!origin("https://wall.example").is_at("wall.example:80"));
        assert!(!origin("https://wall.example").is_at("wall.example.evil"));
        assert!(!origin("tauri://localhost").is_at("localhost"));
    }
}

//! A name that the server goes by. Pure.

use std::str::FromStr;

/// A host's name, without scheme and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// What is no host's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host's name: write it without scheme, port and path, in ASCII, like arcane.example")]
pub struct HostNameError(String);

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let name = text.trim().trim_end_matches('.');
        let is_part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let is_name = name.len() <= 253 && name.split('.').all(is_part);
        if is_name { Ok(Self(name.to_ascii_lowercase())) } else { Err(HostNameError(text.into())) }
    }
}

impl HostName {
    /// Whether this is the host, which stands without its port.
    #[must_use]
    pub fn is(&self, host: &str) -> bool {
        self.0.eq_ignore_ascii_case(host.trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_however_it_is_written() {
        for text in ["arcane.example", " Arcane.Example. ", "ARCANE.example"] {
            assert!(text.parse::<HostName>().is_ok_and(|name| name.is("arcane.EXAMPLE")), "{text}");
        }
        assert!("arcane_1".parse::<HostName>().is_ok_and(|name| !name.is("arcane_12")));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "a".repeat(254);
        for text in [
            "",
            "*",
            "*.example",
            "https://a.example",
            "a.example:8000",
            "a.example/x",
            "ä.example",
            "a..b",
            &long,
        ] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }
}

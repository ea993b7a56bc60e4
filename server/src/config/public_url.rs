//! The address at which people reach the dashboard: what links in notifications begin with. Pure.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// `https://HOST[:PORT][/PATH]`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// What is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Not of http or https, or without a host.
    #[error(
        "{0:?} is no address of a dashboard; write https://HOST, or https://HOST/PATH behind a proxy that has it below a path"
    )]
    NoAddress(String),
    /// More than an address.
    #[error("{0:?} has a user, a query or a fragment; write {1}")]
    More(String, String),
}

impl PublicUrl {
    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let text = text.trim();
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.filter(Url::has_host).ok_or_else(|| PublicUrlError::NoAddress(text.into()))?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = url.host_str().unwrap_or_default();
        let plain = format!("{}://{host}{port}{}", url.scheme(), url.path().trim_end_matches('/'));
        let is_more = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if is_more { Err(PublicUrlError::More(text.into(), plain)) } else { Ok(Self(plain)) }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_without_the_slash_at_its_end() {
        for (written, read) in [
            ("https://arcane.example", "https://arcane.example"),
            ("https://Arcane.example:443/", "https://arcane.example"),
            ("http://127.0.0.1:8000/arcane/", "http://127.0.0.1:8000/arcane"),
        ] {
            assert_eq!(written.parse::<PublicUrl>().unwrap().as_str(), read);
        }
    }

    #[test]
    fn what_is_none_says_what_to_write() {
        let refused = |text: &str| text.parse::<PublicUrl>().unwrap_err().to_string();
        insta::assert_snapshot!(refused("arcane.example"), @r#""arcane.example" is no address of a dashboard; write https://HOST, or https://HOST/PATH behind a proxy that has it below a path"#);
        insta::assert_snapshot!(refused("ftp://arcane.example"), @r#""ftp://arcane.example" is no address of a dashboard; write https://HOST, or https://HOST/PATH behind a proxy that has it below a path"#);
        insta::assert_snapshot!(refused("https://arcane.example/?room=lab"), @r#""https://arcane.example/?room=lab" has a user, a query or a fragment; write https://arcane.example"#);
    }
}

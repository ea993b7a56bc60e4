//! Where a notification is sent, and how much of that is told: a path or a query is a password with most services. Pure.

use std::fmt;

use reqwest::Url;

/// Longest address, bytes.
const BYTES_MAX: usize = 2048;

/// The address of a service: `http` or `https`. Shown without what may be a secret: path, query and user.
#[derive(Clone, PartialEq, Eq)]
pub struct NotifyUrl(Url);

impl NotifyUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// If it is none of `http` or `https` with a host: what would be right, without the address.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("has {} bytes; it has at most {BYTES_MAX}", text.len()));
        }
        let url = Url::parse(text).map_err(|_| "is no address; write https://HOST/PATH")?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("is not of http or https; write https://HOST/PATH".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "has a user before its host; name a variable with its token: token_env = \"NAME\"".into()
            );
        }
        if url.fragment().is_some() {
            return Err("has a fragment (#…), which is never sent; leave it out".into());
        }
        Ok(Self(url))
    }

    /// All of it.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for NotifyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port().map(|port| format!(":{port}")).unwrap_or_default();
        write!(f, "{}://{}{port}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for NotifyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotifyUrl({self}/…)")
    }
}

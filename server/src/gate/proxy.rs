//! Who comes through a proxy that knows its users: believed of named addresses, and of no others. Pure.

use std::net::{IpAddr, SocketAddr};

use arcane_shared::EventFilter;
use axum::http::{HeaderMap, HeaderName, header};

use super::names::{NAME_FORM, is_name};
use super::pass::Grant;
use super::rights::{Right, RightError};
use super::scope::{RoomPattern, RoomPatternError};
use crate::config::ProxyConfig;

/// Where a proxy says for whom it asks; the last one is what the proxy itself saw.
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What clients or other parts of a request say there, whoever asks.
const NO_USERS: [HeaderName; 6] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("forwarded"),
    header::AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
];

/// The proxies that are believed, and what their users may.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    addresses: Vec<IpAddr>,
    users: Option<(HeaderName, Grant)>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The header.
    #[error("--user-header {0:?} is no name of a header")]
    Header(String),
    /// A header that names no user.
    #[error(
        "--user-header {0:?} has another meaning; it is a header of the proxy's own, X-Remote-User for example"
    )]
    Taken(String),
    /// A right.
    #[error("--user-can: {0}")]
    Right(String),
    /// A room.
    #[error("--user-rooms: {0}")]
    Rooms(String),
}

impl From<RightError> for ProxyError {
    fn from(error: RightError) -> Self {
        Self::Right(error.to_string())
    }
}

impl From<RoomPatternError> for ProxyError {
    fn from(error: RoomPatternError) -> Self {
        Self::Rooms(error.to_string())
    }
}

/// A user's name that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proxy names the user twice, or with a name that is not UTF-8 of {NAME_FORM}")]
pub(crate) struct UserError;

impl Proxies {
    /// None.
    pub(crate) fn none() -> Self {
        Self { addresses: vec![], users: None }
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// Names the one that cannot be used.
    pub(crate) fn new(config: &ProxyConfig) -> Result<Self, ProxyError> {
        let addresses = config.addresses.iter().map(IpAddr::to_canonical).collect();
        let users = config.user_header.as_ref().map(|name| {
            let header = name.parse().map_err(|_| ProxyError::Header(name.clone()))?;
            if NO_USERS.contains(&header) {
                return Err(ProxyError::Taken(name.clone()));
            }
            let rights = config.user_can.iter().map(|name| name.parse::<Right>());
            let rooms = config.user_rooms.iter().map(|name| name.parse::<RoomPattern>());
            let grant = Grant {
                subject: "".into(),
                token_id: None,
                rights: rights.collect::<Result<_, _>>()?,
                rooms: rooms.collect::<Result<_, _>>()?,
                filter: EventFilter::default(),
                limits: None,
                issued_at: 0,
                expires_at: None,
                key: None,
            };
            Ok::<_, ProxyError>((header, grant))
        });
        Ok(Self { addresses, users: users.transpose()? })
    }

    /// Whether users come through them.
    pub(crate) fn have_users(&self) -> bool {
        self.users.is_some()
    }

    /// The header that a request lacks if it comes from one of them and names no user.
    pub(crate) fn user_header(&self, peer: Option<IpAddr>) -> Option<&HeaderName> {
        let (header, _) = self.users.as_ref()?;
        peer.is_some_and(|peer| self.has(peer)).then_some(header)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address.to_canonical())
    }

    /// The user that a request is for, and what the user may; `None` if it comes from elsewhere, or names none.
    pub(crate) fn user(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Option<Grant>, UserError> {
        let Some((header, grant)) = &self.users else { return Ok(None) };
        if !peer.is_some_and(|peer| self.has(peer)) {
            return Ok(None);
        }
        let mut names = headers.get_all(header).iter();
        let Some(name) = names.next() else { return Ok(None) };
        let name = std::str::from_utf8(name.as_bytes()).map_err(|_| UserError)?.trim();
        if names.next().is_some() || !is_name(name) {
            return Err(UserError);
        }
        Ok(Some(Grant { subject: name.into(), ..grant.clone() }))
    }

    /// The address that a request comes from: what the proxies say, as far as they are believed.
    pub(crate) fn client(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
        let peer = peer?;
        if !self.has(peer) {
            return Some(peer);
        }
        let lists = headers.get_all(&FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let said: Vec<&str> = lists.flat_map(|list| list.split(',')).collect();
        // From the last one on: each is what the next proxy saw. What cannot be read ends the chain.
        let mut client = peer;
        for text in said.into_iter().rev() {
            let Some(address) = address(text.trim()) else { break };
            client = address;
            if !self.has(address) {
                break;
            }
        }
        Some(client)
    }
}

/// `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bracketed.unwrap_or(text).parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> Proxies {
        let config = ProxyConfig {
            addresses: vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()],
            user_header: Some("X-Remote-User".into()),
            user_can: vec!["subscribe".into()],
            user_rooms: vec!["*".into()],
        };
        Proxies::new(&config).unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    fn user(peer: &str, pairs: &[(&'static str, &str)]) -> Result<Option<String>, UserError> {
        let grant = proxies().user(&headers(pairs), Some(peer.parse().unwrap()));
        grant.map(|grant| grant.map(|grant| grant.subject.to_string()))
    }

    #[test]
    fn a_user_is_believed_of_the_proxy_alone() {
        let ada = [("x-remote-user", "ada")];
        assert_eq!(user("10.0.0.1", &ada), Ok(Some("ada".into())));
        assert_eq!(user("::ffff:10.0.0.1", &ada), Ok(Some("ada".into())));
        assert_eq!(user("10.0.0.3", &ada), Ok(None));
        assert_eq!(user("10.0.0.1", &[]), Ok(None));
        assert_eq!(user("10.0.0.1", &[("x-remote-user", "")]), Err(UserError));
        assert_eq!(user("10.0.0.1", &[ada[0], ("x-remote-user", "root")]), Err(UserError));
    }

    #[test]
    fn an_address_is_believed_as_far_as_proxies_say_it() {
        let client = |peer: &str, said: &[&str]| {
            let pairs: Vec<_> = said.iter().map(|said| ("x-forwarded-for", *said)).collect();
            proxies().client(&headers(&pairs), Some(peer.parse().unwrap())).unwrap().to_string()
        };
        assert_eq!(client("192.0.2.9", &["1.1.1.1"]), "192.0.2.9", "not a proxy");
        assert_eq!(client("10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 1.1.1.1"]), "1.1.1.1", "what its client made up");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "1.1.1.1, 10.0.0.2"]), "1.1.1.1", "through two");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        for (said, address) in [
            ("1.2.3.4:5678", "1.2.3.4"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(client("10.0.0.1", &[said]), address, "{said}");
        }
    }

    #[test]
    fn a_name_is_text_of_any_language_on_one_line() {
        let of_bytes = |name: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-remote-user", axum::http::HeaderValue::from_bytes(name).unwrap());
            let grant = proxies().user(&headers, Some("10.0.0.1".parse().unwrap()));
            grant.map(|grant| grant.unwrap().subject.to_string())
        };
        assert_eq!(of_bytes("žofie".as_bytes()), Ok("žofie".to_owned()));
        for name in [&b"\xff"[..], b"a\tb", &[b'a'; 129]] {
            assert_eq!(of_bytes(name), Err(UserError), "{name:?}");
        }
    }

    #[test]
    fn headers_that_mean_something_else_name_no_user() {
        for name in ["X-Forwarded-For", "authorization", "Host", "Cookie"] {
            let config = ProxyConfig { user_header: Some(name.into()), ..ProxyConfig::default() };
            assert!(Proxies::new(&config).is_err(), "{name}");
        }
    }
}

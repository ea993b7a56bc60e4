//! Which host a request is for (RFC 9112, section 3.2; RFC 9113, section 8.3.1). Pure.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, Version, header};

/// A request that does not say which host it is for, or not plainly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    #[error("the request has no Host, or an empty one; a request of HTTP/1.1 names the host that it is for")]
    Missing,
    #[error("the request has more than one Host; which one is meant cannot be told")]
    Several,
    #[error("the Host of the request is none: it is HOST or HOST:PORT")]
    Malformed,
    #[error("the request names two hosts, :authority and Host")]
    Differ,
}

/// The host, and port if there is one. Empty if the client may leave it out and does.
pub(crate) fn of<'a>(version: Version, uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, HostError> {
    let mut named = headers.get_all(header::HOST).iter();
    let (host, other) = (named.next(), named.next());
    if other.is_some() {
        return Err(HostError::Several);
    }
    let host = host.map(read).transpose()?;
    let target = uri.authority().map(|authority| without_user(authority.as_str()));
    match (version, host, target) {
        (Version::HTTP_2, Some(host), Some(target)) if !host.eq_ignore_ascii_case(target) => {
            Err(HostError::Differ)
        }
        // What the target says counts, whatever stands beside it.
        (Version::HTTP_11, Some(_), Some(target)) | (Version::HTTP_10 | Version::HTTP_2, _, Some(target)) => {
            Ok(target)
        }
        // An empty one is for targets without an authority (RFC 9112, 3.2). Those of http and https have one (RFC 9110, 4.2),
        // and no name is made up for what a client did not say.
        (Version::HTTP_11 | Version::HTTP_2, Some(""), _) => Err(HostError::Missing),
        (_, Some(host), _) => Ok(host),
        (Version::HTTP_11 | Version::HTTP_2, None, _) => Err(HostError::Missing),
        (_, None, target) => Ok(target.unwrap_or_default()),
    }
}

fn read(value: &HeaderValue) -> Result<&str, HostError> {
    let text = value.to_str().map_err(|_| HostError::Malformed)?.trim();
    if text.is_empty() {
        return Ok("");
    }
    let parsed: Authority = text.parse().map_err(|_| HostError::Malformed)?;
    let port = text.get(parsed.host().len()..).ok_or(HostError::Malformed)?;
    let plain = !text.contains('@') && !parsed.host().is_empty();
    let has_port = port.is_empty() || port == ":" || parsed.port_u16().is_some();
    if plain && has_port { Ok(text) } else { Err(HostError::Malformed) }
}

fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(version: Version, uri: &'static str, hosts: &[&str]) -> Result<String, HostError> {
        let headers = hosts.iter().map(|host| (header::HOST, host.parse().unwrap())).collect::<Vec<_>>();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        of(version, &Uri::from_static(uri), &map).map(str::to_owned)
    }

    #[test]
    fn a_request_says_plainly_which_host_it_is_for() {
        let ok = |host: &str| Ok(host.to_owned());
        assert_eq!(ask(Version::HTTP_11, "/", &["a.example:8000"]), ok("a.example:8000"));
        assert_eq!(ask(Version::HTTP_11, "/", &["[::1]:8000"]), ok("[::1]:8000"));
        assert_eq!(ask(Version::HTTP_10, "/", &[""]), ok(""));
        assert_eq!(ask(Version::HTTP_11, "http://a.example/", &[""]), ok("a.example"), "the target counts");
        assert_eq!(
            ask(Version::HTTP_11, "http://a.example/", &["b.example"]),
            ok("a.example"),
            "the target counts"
        );
        assert_eq!(ask(Version::HTTP_10, "/", &[]), ok(""));
        assert_eq!(ask(Version::HTTP_2, "http://a.example/", &[]), ok("a.example"));
        assert_eq!(ask(Version::HTTP_2, "http://a.example/", &["A.example"]), ok("a.example"));
        assert_eq!(ask(Version::HTTP_2, "/", &["a.example"]), ok("a.example"));
    }

    #[test]
    fn or_is_refused() {
        assert_eq!(ask(Version::HTTP_11, "/", &[]), Err(HostError::Missing));
        assert_eq!(ask(Version::HTTP_11, "http://a.example/", &[]), Err(HostError::Missing));
        assert_eq!(ask(Version::HTTP_2, "/", &[]), Err(HostError::Missing));
        assert_eq!(ask(Version::HTTP_11, "/", &[""]), Err(HostError::Missing));
        assert_eq!(ask(Version::HTTP_11, "*", &[" "]), Err(HostError::Missing));
        assert_eq!(ask(Version::HTTP_2, "/", &[""]), Err(HostError::Missing));
        for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
            assert_eq!(ask(version, "/", &["a.example", "a.example"]), Err(HostError::Several));
        }
        assert_eq!(ask(Version::HTTP_2, "http://a.example/", &["b.example"]), Err(HostError::Differ));
        for host in ["a b", "me@a.example", "a.example/x", "a.example:port", "a.example:99999", "a, b", ":80"]
        {
            assert_eq!(ask(Version::HTTP_11, "/", &[host]), Err(HostError::Malformed), "{host}");
        }
    }
}

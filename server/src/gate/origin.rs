//! Whether a browser's page may talk to this server. Pure.
//!
//! Against cross-site WebSocket hijacking: the page's origin must be the server's own, a loopback
//! one on a loopback server, or configured. Against DNS rebinding: the same holds for `Host`.
//! Programs send neither `Origin` nor `Sec-Fetch-Site` and pass.

use axum::http::{HeaderMap, HeaderName, header};

use crate::config::Origin;

/// Only browsers say it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A page that may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OriginRefused {
    #[error("pages of {0} may not use this server; allow them with --allowed-origins")]
    Origin(String),
    #[error(
        "a browser asked for the host {0}, which this server does not go by; allow http://{0} with --allowed-origins"
    )]
    Host(String),
}

/// Checks a request's `Origin` and, if it is a browser's, the host that it is for.
pub(crate) fn check(host: &str, headers: &HeaderMap, allowed: &[Origin]) -> Result<(), OriginRefused> {
    let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let origin = text(header::ORIGIN);
    let from_browser = origin.is_some() || headers.contains_key(FETCH_SITE);
    if !from_browser {
        return Ok(());
    }
    if !is_address(host) && !allowed.iter().any(|listed| listed.is_at(host)) {
        return Err(OriginRefused::Host(host.into()));
    }
    let Some(text) = origin else { return Ok(()) };
    let may = Origin::parse(&text).is_ok_and(|origin| {
        let both_loopback = is_loopback(host) && is_loopback(origin.authority());
        origin.is_at(host) || both_loopback || allowed.contains(&origin)
    });
    if may { Ok(()) } else { Err(OriginRefused::Origin(text)) }
}

/// A host that no DNS answer can fake: a loopback name or an IP address.
fn is_address(authority: &str) -> bool {
    let host = without_port(authority);
    is_loopback(authority) || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

fn is_loopback(authority: &str) -> bool {
    let host = without_port(authority);
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(host: &str, origin: Option<&str>) -> Result<(), OriginRefused> {
        let headers = origin.map(|origin| (header::ORIGIN, origin.parse().unwrap()));
        check(host, &HeaderMap::from_iter(headers), &[Origin::parse("https://wall.example/").unwrap()])
    }

    #[test]
    fn who_passes() {
        assert_eq!(ask("anything", None), Ok(()), "a program");
        assert_eq!(ask("127.0.0.1:8000", Some("http://127.0.0.1:8000")), Ok(()));
        assert_eq!(ask("127.0.0.1", Some("http://localhost:8080")), Ok(()), "a development server");
        assert_eq!(ask("[::1]:8000", Some("http://[::1]:8000")), Ok(()));
        assert_eq!(ask("192.0.2.7:8000", Some("http://192.0.2.7:8000")), Ok(()));
        assert_eq!(ask("127.0.0.1:8000", Some("https://wall.example")), Ok(()));
        assert_eq!(ask("wall.example", Some("https://wall.example")), Ok(()));
        assert_eq!(
            ask("wall.example:443", Some("https://wall.example")),
            Ok(()),
            "a proxy that says the port"
        );
        assert_eq!(ask("192.0.2.7:80", Some("http://192.0.2.7")), Ok(()));
    }

    #[test]
    fn who_does_not() {
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://wall.example",
            "https://wall.example:8443",
            "https://wall.example/path",
        ] {
            assert_eq!(
                ask("127.0.0.1:8000", Some(origin)),
                Err(OriginRefused::Origin(origin.into())),
                "{origin}"
            );
        }
        let rebound = ask("evil.example:8000", Some("http://evil.example:8000"));
        assert_eq!(rebound, Err(OriginRefused::Host("evil.example:8000".into())));
    }

    #[test]
    fn a_rebound_page_cannot_read_either() {
        let headers =
            HeaderMap::from_iter([("sec-fetch-site".parse().unwrap(), "same-origin".parse().unwrap())]);
        assert_eq!(check("evil.example", &headers, &[]), Err(OriginRefused::Host("evil.example".into())));
    }
}

//! Whether a browser's page may talk to this server. Pure.
//!
//! Against cross-site WebSocket hijacking: the page's origin must be the server's own, a loopback
//! one on a loopback server, or configured. Against DNS rebinding: the same holds for `Host`.
//! Programs send neither `Origin` nor `Sec-Fetch-Site` and pass.

use axum::http::{HeaderMap, Uri, header};

/// A page that may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("pages of {0} may not use this server; allow them with --allowed-origins")]
    Origin(String),
    #[error(
        "a browser asked for the host {0}, which this server does not go by; allow http://{0} with --allowed-origins"
    )]
    Host(String),
}

/// Checks a request's `Origin` and, if it is a browser's, its `Host`, which HTTP/2 has in the URI.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap, allowed: &[String]) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let authority = || uri.authority().map(ToString::to_string);
    let host = text(header::HOST).or_else(authority).unwrap_or_default();
    let origin = text(header::ORIGIN);
    let from_browser = origin.is_some() || headers.contains_key("sec-fetch-site");
    if !from_browser {
        return Ok(());
    }
    let is_listed = |origin: &str| allowed.iter().any(|listed| listed.eq_ignore_ascii_case(origin));
    if !is_address(&host) && !is_listed(&format!("http://{host}")) && !is_listed(&format!("https://{host}")) {
        return Err(Refusal::Host(host));
    }
    let Some(origin) = origin else { return Ok(()) };
    let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string));
    let same = authority.as_ref().is_some_and(|authority| authority.eq_ignore_ascii_case(&host));
    let both_loopback =
        is_loopback(&host) && authority.as_ref().is_some_and(|authority| is_loopback(authority));
    if same || both_loopback || is_listed(&origin) { Ok(()) } else { Err(Refusal::Origin(origin)) }
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

    fn ask(host: &str, origin: Option<&str>) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        check(&Uri::from_static("/"), &headers, &["https://wall.example".into()])
    }

    #[test]
    fn http_2_names_the_host_in_the_uri() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, "http://127.0.0.1:8000".parse().unwrap());
        assert_eq!(check(&Uri::from_static("http://127.0.0.1:8000/"), &headers, &[]), Ok(()));
        let evil = check(&Uri::from_static("http://evil.example/"), &headers, &[]);
        assert_eq!(evil, Err(Refusal::Host("evil.example".into())));
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
    }

    #[test]
    fn who_does_not() {
        for origin in
            ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://localhost.evil.example"]
        {
            assert_eq!(ask("127.0.0.1:8000", Some(origin)), Err(Refusal::Origin(origin.into())), "{origin}");
        }
        let rebound = ask("evil.example:8000", Some("http://evil.example:8000"));
        assert_eq!(rebound, Err(Refusal::Host("evil.example:8000".into())));
    }

    #[test]
    fn a_rebound_page_cannot_read_either() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "evil.example".parse().unwrap());
        headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
        assert_eq!(check(&Uri::from_static("/"), &headers, &[]), Err(Refusal::Host("evil.example".into())));
    }
}

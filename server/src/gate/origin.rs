//! Whether a browser's page may talk to this server, and whether a request is for it. Pure.
//!
//! Against DNS rebinding: the host of every request is an address, a loopback name, or one that the operator named, because a page
//! that a name was pointed here for sends neither `Origin` nor anything else that tells it apart. Against cross-site WebSocket
//! hijacking and requests that a page makes unseen (images, forms, scripts): what a browser sends for a page of another site
//! carries an `Origin` that may, or opens a page. Programs send neither `Origin` nor `Sec-Fetch-Site`.

use axum::http::{HeaderMap, HeaderName, Method, header};

use crate::config::{NetConfig, Origin};

/// Whose page a browser sends the request for (Fetch Metadata). Only browsers say it.
static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// A request that may not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OriginRefused {
    #[error("pages of {0} may not use this server; allow them with --allowed-origins")]
    Origin(String),
    #[error(
        "the request is for the host {0}, which this server does not go by; name it with --allowed-hosts, or ask for an address"
    )]
    Host(String),
    #[error(
        "a page of another site made the browser ask for this; such a page may only lead to the dashboard and the documentation"
    )]
    OtherSite,
}

/// What is asked, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Which host the request is for; empty if it may say none and does not.
    pub(crate) host: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// Whether the route is one that a person looks at, and that only reads.
    pub(crate) is_page: bool,
    /// Whether it says what agents may do from now on: then a page of another server of this machine may not.
    pub(crate) is_lasting: bool,
}

/// Checks a request's host, `Origin` and `Sec-Fetch-Site`.
pub(crate) fn check(asked: Asked, net: &NetConfig) -> Result<(), OriginRefused> {
    let Asked { host, headers, is_lasting, .. } = asked;
    if !is_own(host, net) {
        return Err(OriginRefused::Host(host.into()));
    }
    let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let Some(text) = text(header::ORIGIN) else {
        return if is_of_other_site(headers) && !opens_page(asked) {
            Err(OriginRefused::OtherSite)
        } else {
            Ok(())
        };
    };
    let may = Origin::parse(&text).is_ok_and(|origin| {
        let trusts_local = net.trust_local_pages && !is_lasting;
        let both_local = trusts_local && is_loopback(host) && is_loopback(origin.authority());
        // Where TLS alone is spoken, a page that came in the clear is of somebody on the way.
        let is_own = origin.is_at(host) && (net.tls.is_none() || origin.is_secured());
        is_own || both_local || net.allowed_origins.contains(&origin)
    });
    if may { Ok(()) } else { Err(OriginRefused::Origin(text)) }
}

/// A host that no DNS answer can fake, a loopback name or an IP address, or one that the operator named.
fn is_own(authority: &str, net: &NetConfig) -> bool {
    let host = without_port(authority);
    authority.is_empty()
        || is_loopback(authority)
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
        || net.allowed_hosts.iter().any(|named| named.is(host))
        || net.allowed_origins.iter().any(|listed| listed.is_at(authority))
}

fn is_of_other_site(headers: &HeaderMap) -> bool {
    headers.get_all(&FETCH_SITE).iter().any(|site| site != "same-origin" && site != "none")
}

/// Whether a link was followed to what a person looks at: not a frame, not a form that sends something.
fn opens_page(Asked { method, headers, is_page, .. }: Asked) -> bool {
    let says = |name, value| headers.get(name).is_some_and(|said| said == value);
    is_page
        && matches!(*method, Method::GET | Method::HEAD)
        && says(&FETCH_MODE, "navigate")
        && says(&FETCH_DEST, "document")
}

/// Whether a host, with its port or without, is this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
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
    use crate::config::TlsFiles;

    fn net() -> NetConfig {
        NetConfig {
            allowed_origins: vec![Origin::parse("https://wall.example/").unwrap()],
            allowed_hosts: vec!["arcane".parse().unwrap()],
            ..NetConfig::default()
        }
    }

    fn ask(host: &str, origin: Option<&str>) -> Result<(), OriginRefused> {
        let headers = HeaderMap::from_iter(origin.map(|origin| (header::ORIGIN, origin.parse().unwrap())));
        check(
            Asked { host, method: &Method::GET, headers: &headers, is_page: false, is_lasting: false },
            &net(),
        )
    }

    fn fetch(method: &Method, is_page: bool, said: [(&HeaderName, &str); 3]) -> Result<(), OriginRefused> {
        let headers = HeaderMap::from_iter(said.map(|(name, value)| (name.clone(), value.parse().unwrap())));
        check(Asked { host: "127.0.0.1:8000", method, headers: &headers, is_page, is_lasting: false }, &net())
    }

    #[test]
    fn a_page_of_another_server_of_this_machine_says_nothing_that_lasts() {
        let net = NetConfig::default();
        let asked = |origin: &str, is_lasting| {
            let headers = HeaderMap::from_iter([(header::ORIGIN, origin.parse().unwrap())]);
            let (host, method) = ("127.0.0.1:8000", &Method::POST);
            check(Asked { host, method, headers: &headers, is_page: false, is_lasting }, &net).is_ok()
        };
        assert!(asked("http://localhost:3000", false) && !asked("http://localhost:3000", true));
        assert!(asked("http://127.0.0.1:8000", true));
    }

    #[test]
    fn who_passes() {
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
    fn a_host_is_one_that_the_server_goes_by() {
        for host in [
            "",
            "127.0.0.1:8000",
            "[::1]:8000",
            "192.0.2.7",
            "localhost:1",
            "a.localhost",
            "wall.example",
            "ARCANE.:8000",
        ] {
            assert_eq!(ask(host, None), Ok(()), "{host}");
        }
        // A rebound page's browser need not say where the page is from.
        for host in [
            "evil.example",
            "evil.example:8000",
            "arcane.evil.example",
            "wall.example:8000",
            "127.0.0.1.evil.example",
        ] {
            assert_eq!(ask(host, None), Err(OriginRefused::Host(host.into())), "{host}");
        }
    }

    #[test]
    fn pages_of_this_machine_can_be_kept_out() {
        let net = NetConfig { trust_local_pages: false, ..NetConfig::default() };
        let ask = |origin: &str| {
            let headers = HeaderMap::from_iter([(header::ORIGIN, origin.parse().unwrap())]);
            check(
                Asked {
                    host: "localhost:8000",
                    method: &Method::POST,
                    headers: &headers,
                    is_page: false,
                    is_lasting: false,
                },
                &net,
            )
        };
        assert_eq!(ask("http://localhost:8000"), Ok(()), "its own");
        assert_eq!(ask("http://localhost:3000"), Err(OriginRefused::Origin("http://localhost:3000".into())));
    }

    #[test]
    fn a_page_that_came_in_the_clear_is_not_of_a_server_that_speaks_tls() {
        let net = NetConfig {
            tls: Some(TlsFiles::new("cert.pem", "key.pem")),
            allowed_hosts: vec!["arcane".parse().unwrap()],
            ..NetConfig::default()
        };
        let ask = |origin: &str| {
            let headers = HeaderMap::from_iter([(header::ORIGIN, origin.parse().unwrap())]);
            let method = &Method::POST;
            check(
                Asked { host: "arcane:8000", method, headers: &headers, is_page: false, is_lasting: false },
                &net,
            )
        };
        assert_eq!(ask("https://arcane:8000"), Ok(()));
        assert_eq!(ask("http://arcane:8000"), Err(OriginRefused::Origin("http://arcane:8000".into())));
    }

    #[test]
    fn another_site_can_only_lead_to_a_page() {
        let link = [(&FETCH_SITE, "cross-site"), (&FETCH_MODE, "navigate"), (&FETCH_DEST, "document")];
        assert_eq!(fetch(&Method::GET, true, link), Ok(()), "a link");
        assert_eq!(fetch(&Method::GET, false, link), Err(OriginRefused::OtherSite), "a link to what writes");
        assert_eq!(fetch(&Method::POST, true, link), Err(OriginRefused::OtherSite), "a form");
        for [site, mode, dest] in [
            ["cross-site", "no-cors", "image"],
            ["same-site", "no-cors", "image"],
            ["same-site", "no-cors", "script"],
            ["cross-site", "navigate", "iframe"],
            ["later-word", "no-cors", "empty"],
        ] {
            let said = [(&FETCH_SITE, site), (&FETCH_MODE, mode), (&FETCH_DEST, dest)];
            assert_eq!(fetch(&Method::GET, true, said), Err(OriginRefused::OtherSite), "{said:?}");
        }
        for site in ["same-origin", "none"] {
            let said = [(&FETCH_SITE, site), (&FETCH_MODE, "cors"), (&FETCH_DEST, "empty")];
            assert_eq!(fetch(&Method::GET, false, said), Ok(()), "{site}");
        }
    }
}

//! The dashboard's files: from a folder or from the binary, compressed beforehand, under a strict
//! content security policy.
//!
//! `ServeDir` of tower-http does not read the folder: an ETag, a length and a policy need the bytes, which it passes on in pieces, and
//! what it decides would have to be undone. It answers conditions about dates and ranges (206, 304, 412, 416), undoes %-escapes and
//! takes `/index.html/` for `/index.html`, prefers an encoding by its weight, serves a compressed file without its plain one, and says
//! 500 for a name that no file can have. What is in the binary is answered here anyway; of the folder's own there is one line and
//! `relative`.

use std::borrow::Cow;
use std::path::{Component, Path};

use arcane_shared::ServerAddress;
use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::allowed::Public;
use super::error::ApiError;
use crate::config::Dashboard;
use crate::connection::Shared;

const INDEX: &str = "index.html";

#[cfg(feature = "embed")]
#[derive(rust_embed::RustEmbed)]
#[folder = "../dist"]
struct Embedded;

/// A file of the dashboard.
fn read(dashboard: &Dashboard, path: &str) -> Option<Cow<'static, [u8]>> {
    match dashboard {
        Dashboard::Folder(folder) => std::fs::read(folder.join(relative(path)?)).ok().map(Cow::Owned),
        #[cfg(feature = "embed")]
        Dashboard::Embedded => Embedded::get(path).map(|file| file.data),
        #[cfg(not(feature = "embed"))]
        Dashboard::Embedded => None,
        Dashboard::Off => None,
    }
}

/// Whatever no route knows: a file of the dashboard, its page for `/`, or 404.
pub(crate) async fn serve(Public(state): Public, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if !matches!(method, Method::GET | Method::HEAD) {
        return not_found(uri.path()).into_response();
    }
    let path = if path.is_empty() { INDEX } else { path };
    let (parts, owned, accepts) = (state.clone(), path.to_owned(), accepted(&headers));
    let elsewhere = elsewhere(uri.query().unwrap_or_default());
    // Files are small, but a slow disk must not hold up the event streams.
    let found =
        tokio::task::spawn_blocking(move || find(&parts.config.dashboard, &owned, accepts, &elsewhere))
            .await
            .ok()
            .flatten();
    match found {
        Some(file) => answer(file, path, &headers),
        None if path == INDEX => missing_page(&state.config.dashboard),
        None => not_found(uri.path()).into_response(),
    }
}

struct File {
    bytes: Cow<'static, [u8]>,
    encoding: Option<&'static str>,
    /// Of the uncompressed page only.
    policy: Option<String>,
}

#[derive(Clone, Copy)]
struct Accepts {
    brotli: bool,
    gzip: bool,
}

fn accepted(headers: &HeaderMap) -> Accepts {
    let list = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let has = |name: &str| {
        list.split(',').any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts.next() == Some(name)
                && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    };
    Accepts { brotli: has("br"), gzip: has("gzip") }
}

fn find(dashboard: &Dashboard, path: &str, accepts: Accepts, elsewhere: &str) -> Option<File> {
    let plain = read(dashboard, path)?;
    let policy = path.ends_with(".html").then(|| policy(&String::from_utf8_lossy(&plain), elsewhere));
    let compressed = [(accepts.brotli, "br", "br"), (accepts.gzip, "gz", "gzip")]
        .into_iter()
        .filter(|(accepted, ..)| *accepted)
        .find_map(|(_, suffix, encoding)| Some((read(dashboard, &format!("{path}.{suffix}"))?, encoding)));
    Some(match compressed {
        Some((bytes, encoding)) => File { bytes, encoding: Some(encoding), policy },
        None => File { bytes: plain, encoding: None, policy },
    })
}

fn answer(file: File, path: &str, request: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", &STANDARD.encode(Sha256::digest(&file.bytes))[..22]);
    let unchanged =
        request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match file.bytes {
            Cow::Borrowed(bytes) => (Extension(Shared), Body::from(bytes)).into_response(),
            Cow::Owned(bytes) => Body::from(bytes).into_response(),
        }
    };
    let headers = response.headers_mut();
    let mut put = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, content_type(path));
    put(header::ETAG, &etag);
    put(header::VARY, "accept-encoding");
    put(
        header::CACHE_CONTROL,
        if is_hashed(path) { "public, max-age=31536000, immutable" } else { "no-cache" },
    );
    if let Some(encoding) = file.encoding {
        put(header::CONTENT_ENCODING, encoding);
    }
    if let Some(policy) = &file.policy {
        put(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What the page may connect to besides its own server: the one that its address names (`?server=http://host:port`), as the policy
/// writes it. An address without a scheme is of the page's own, which a proxy before this server may have changed.
fn elsewhere(query: &str) -> String {
    let named = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "server");
    let Some(ServerAddress { secure, host, .. }) = named.and_then(|(_, text)| ServerAddress::parse(&text))
    else {
        return String::new();
    };
    let plain = format!(" http://{host} ws://{host}");
    let tls = format!(" https://{host} wss://{host}");
    match secure {
        Some(false) => plain,
        Some(true) => tls,
        None => plain + &tls,
    }
}

/// Allows the page its own files and the inline scripts and styles that it has, by their hash.
fn policy(html: &str, elsewhere: &str) -> String {
    let hashes = |tag: &str| -> String {
        inline(html, tag).map(|text| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(text)))).collect()
    };
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{}; style-src 'self'{}; \
         connect-src 'self'{elsewhere}; \
         img-src 'self' data:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default",
        hashes("script"),
        hashes("style"),
    )
}

/// The contents of `<tag …>…</tag>` without `src`.
fn inline<'a>(html: &'a str, tag: &'a str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(&open)?;
            let head_len = rest[start..].find('>')? + 1;
            let (head, body) = rest[start..].split_at(head_len);
            let end = body.find(&close)?;
            rest = &body[end + close.len()..];
            if end > 0 && !head.contains(" src=") {
                return Some(&body[..end]);
            }
        }
    })
}

/// Trunk puts a hash of 16 hexadecimal digits into the names of what it builds.
fn is_hashed(path: &str) -> bool {
    path.split(['-', '.', '_']).any(|part| {
        (8..=16).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The path as one that stays inside its folder.
fn relative(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    let plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    let hidden = path.components().any(|component| component.as_os_str().to_string_lossy().starts_with('.'));
    (plain && !hidden).then_some(path)
}

fn missing_page(dashboard: &Dashboard) -> Response {
    let detail = match dashboard {
        Dashboard::Off => {
            "this server runs without the dashboard (--no-dashboard); the API is described at /docs"
        }
        // Where it is, is the operator's to know: the log says it at the start.
        Dashboard::Folder(_) => {
            "there is no dashboard in the folder that the server was told of (--dashboard DIR, otherwise ./dist); `cargo \
             xtask run` builds it; the API is described at /docs"
        }
        Dashboard::Embedded => {
            "this binary holds no dashboard; say --dashboard DIR; the API is described at /docs"
        }
    };
    ApiError::new(StatusCode::NOT_FOUND, "no-dashboard", detail).into_response()
}

fn not_found(path: &str) -> ApiError {
    let path: String = path.chars().take(100).collect();
    ApiError::new(
        StatusCode::NOT_FOUND,
        "no-such-route",
        format!("there is nothing at {path}; GET /docs lists what there is"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_allowed_by_hash_and_others_are_not() {
        let html = "<script src=\"a.js\"></script><script type=\"module\">run()</script><style>b{}</style>";
        assert_eq!(inline(html, "script").collect::<Vec<_>>(), ["run()"]);
        let policy = policy(html, "");
        assert_eq!(policy.matches("'sha256-").count(), 2);
        assert!(!policy.contains("unsafe-inline"));
    }

    #[test]
    fn a_page_may_connect_to_the_server_that_its_address_names_and_to_no_other() {
        let of = |named: &str| elsewhere(&format!("room=lab&server={named}"));
        assert_eq!(of("http%3A%2F%2F127.0.0.1%3A8001"), " http://127.0.0.1:8001 ws://127.0.0.1:8001");
        assert_eq!(of("https://bus.example/"), " https://bus.example wss://bus.example");
        assert_eq!(of("ws://bus/ws/events"), " http://bus ws://bus");
        assert_eq!(of("bus:8000"), " http://bus:8000 ws://bus:8000 https://bus:8000 wss://bus:8000");
        for bad in
            ["", "*", "http://", "http://a b", "http://a;script-src *", "javascript:alert(1)", "http://a'"]
        {
            assert_eq!(of(&bad.replace(';', "%3B").replace(' ', "%20")), "", "{bad}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        for path in ["../Cargo.toml", "/etc/passwd", "a/../../b", ".hidden", "a/.git/config"] {
            assert_eq!(relative(path), None, "{path}");
        }
        assert!(relative("styles/a.css").is_some());
    }

    #[test]
    fn hashed_names_never_change() {
        assert!(is_hashed("arcane-web-1c2f0a9be4d35a17_bg.wasm"));
        assert!(!is_hashed("index.html"));
        assert!(!is_hashed("favicon.svg"));
    }

    #[test]
    fn encodings_as_asked() {
        let ask = |value: &str| {
            let accepts =
                accepted(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]));
            (accepts.brotli, accepts.gzip)
        };
        assert_eq!(ask("gzip, deflate, br, zstd"), (true, true));
        assert_eq!(ask("gzip;q=0.5, br;q=0"), (false, true));
        assert_eq!(ask("identity"), (false, false));
    }
}

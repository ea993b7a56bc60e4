//! Where the page shows what a message tells of. Pure.

use form_urlencoded::Serializer;

use super::message::Shows;
use crate::config::PublicUrl;

/// The link; `sign_in` is what signs a browser in, once.
pub(super) fn link(base: &PublicUrl, shows: &Shows, sign_in: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    match shows {
        Shows::Page => {}
        Shows::Daemon(room, daemon) => {
            query.append_pair("room", room.as_str()).append_pair("open", daemon.as_str());
        }
        Shows::Request(room, request, _) => {
            query.append_pair("room", room.as_str()).append_pair("request", request);
        }
    }
    let query = query.finish();
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let fragment = sign_in.map(|token| format!("#login={token}")).unwrap_or_default();
    format!("{}/{query}{fragment}", base.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_what_it_tells_of() {
        let base: PublicUrl = "https://arcane.example/base".parse().unwrap();
        let (room, daemon) = ("lab".parse().unwrap(), "claude".parse().unwrap());
        let of_daemon = Shows::Daemon(room, daemon);
        let request = Shows::Request("main".parse().unwrap(), "k3x9ab7m2qc".into(), 0);
        for (shows, token, expected) in [
            (&Shows::Page, None, "https://arcane.example/base/"),
            (&of_daemon, None, "https://arcane.example/base/?room=lab&open=claude"),
            (&request, None, "https://arcane.example/base/?room=main&request=k3x9ab7m2qc"),
            (
                &request,
                Some("a.b.c"),
                "https://arcane.example/base/?room=main&request=k3x9ab7m2qc#login=a.b.c",
            ),
        ] {
            assert_eq!(link(&base, shows, token), expected);
        }
    }
}

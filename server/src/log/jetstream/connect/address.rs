//! What stands in the address of a server beside its host: who connects. Pure.

use async_nats::ServerAddr;

/// The user of an address and its password; a token is a user without one.
pub(super) fn user(address: &ServerAddr) -> Option<(String, Option<String>)> {
    let user = address.username().filter(|user| !user.is_empty())?;
    Some((decoded(user), address.password().map(decoded)))
}

/// A part of an address without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let digits =
            behind.get(..2).filter(|_| *byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The addresses as they may be shown: without users and passwords.
#[must_use]
pub fn without_secrets(servers: &[String]) -> String {
    let shown = servers.iter().map(|server| match server.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default()),
        None => server.rsplit('@').next().unwrap_or_default().to_owned(),
    });
    shown.collect::<Vec<String>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_a_password_may_stand_in_an_address() {
        let of = |text: &str| user(&text.parse().unwrap());
        assert_eq!(of("nats://a:4222"), None);
        assert_eq!(of("nats://me:p%40ss%2@a:4222"), Some(("me".into(), Some("p@ss%2".into()))));
        assert_eq!(of("nats://token@a"), Some(("token".into(), None)));
    }

    #[test]
    fn what_is_shown_has_no_password() {
        let servers = ["nats://me:p@ss@a:1", "tls://b", "me:x@c:2"].map(str::to_owned);
        assert_eq!(without_secrets(&servers), "nats://a:1,tls://b,c:2");
    }
}

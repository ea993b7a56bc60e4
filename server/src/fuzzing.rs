//! What fuzz targets throw at parts that nothing else outside reaches, and the laws that must hold. Compiled for them alone.
#![allow(clippy::unwrap_used, reason = "a law that is broken ends the run")]

use std::sync::LazyLock;

use arcane_shared::{DaemonName, EventFilter, SpellName};
use jsonwebtoken::{EncodingKey, Header};

use crate::gate::Pass;
use crate::gate::keys::Keys;
use crate::gate::rights::Right;
use crate::gate::token::{AUDIENCE, verify};
use crate::ingest;
use crate::stream::LastId;

/// Unix seconds.
const NOW: u64 = 1_700_000_000;
const SECRET: &[u8; 32] = b"a secret of thirty-two bytes: 32";

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let k = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlczogMzI";
    Keys::parse(&format!(r#"{{"keys":[{{"kty":"oct","alg":"HS256","k":"{k}"}}]}}"#)).unwrap()
});

/// A text that nobody signed is no token that holds.
pub fn unsigned_token(text: &str) {
    assert!(verify(text, &KEYS, AUDIENCE, NOW).is_err());
}

/// Claims of any kind under a right signature: what holds has an end, a subject, and lets nobody see more than it says.
pub fn signed_claims(claims: &serde_json::Value) {
    let token = jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET)).unwrap();
    let Ok(grant) = verify(&token, &KEYS, AUDIENCE, NOW) else { return };
    assert!(grant.expires_at.unwrap() > NOW && !grant.subject.is_empty());
    for right in Right::ALL {
        let named = claims["can"].as_array().is_some_and(|can| can.iter().any(|name| name == right.as_str()));
        assert!(named || !grant.rights.has(right), "{right:?} was not given");
    }
    let said = grant.filter.clone();
    assert!(claims.get("filter").is_none_or(|filter| filter.is_object() || filter.is_null()));
    let pass = Pass::from(std::sync::Arc::new(grant));
    for wanted in [EventFilter::default(), said.clone()] {
        let left = pass.narrow(&wanted).unwrap();
        within(&left, &said);
    }
}

/// Two filters put on each other let through what both let through, and nothing else.
pub fn filters(one: &EventFilter, other: &EventFilter) {
    let both = one.and(other);
    assert_eq!(both, other.and(one));
    for spell in SpellName::ALL {
        for name in one.daemon.iter().chain(&other.daemon).map(Some).chain([None]) {
            for success in [true, false] {
                let passes = |filter: &EventFilter| filter.passes(spell, name, success);
                let passes_both = both.as_ref().is_some_and(passes);
                assert_eq!(
                    passes_both,
                    passes(one) && passes(other),
                    "{one:?} {other:?} {spell} {name:?} {success}"
                );
            }
        }
    }
}

/// Payloads of an agent's hooks, one a line, each of them twice: what is read is told in events that anybody may publish, within bounds.
pub fn hooks(agent: &str, text: &str) {
    let payloads: Vec<serde_json::Value> =
        text.lines().take(64).filter_map(|line| serde_json::from_str(line).ok()).collect();
    let twice = payloads.iter().flat_map(|payload| [payload, payload]);
    for draft in ingest::told(agent, twice) {
        assert!(draft.daemon_name.is_some());
        crate::event::metadata::check(draft.spell_name, &draft.metadata).unwrap();
        let bytes = serde_json::to_string(&draft.metadata).unwrap().len();
        assert!(bytes < 64 * 1024, "{bytes} bytes of metadata");
    }
}

/// A request of telemetry, in either encoding, twice: what is read is told in events that anybody may publish, within bounds.
pub fn otlp(signal: &str, body: &[u8]) {
    for draft in ingest::told_by_telemetry(signal, body) {
        assert!(draft.daemon_name.is_some());
        crate::event::metadata::check(draft.spell_name, &draft.metadata).unwrap();
        let bytes = serde_json::to_string(&draft.metadata).unwrap().len();
        assert!(bytes < 64 * 1024, "{bytes} bytes of metadata");
    }
}

/// What a client says it received last is read, or is nothing.
pub fn last_id(text: &str) {
    assert_eq!(LastId::read(text).is_none(), text.trim().is_empty());
}

fn within(narrow: &EventFilter, wide: &EventFilter) {
    let stranger = DaemonName::parse("stranger").unwrap();
    for spell in SpellName::ALL {
        for name in narrow.daemon.iter().map(Some).chain([None, Some(&stranger)]) {
            for success in [true, false] {
                assert!(!narrow.passes(spell, name, success) || wide.passes(spell, name, success));
            }
        }
    }
}

//! The keys that tokens are signed with, and which tokens were revoked: a JWK Set (RFC 7517) with one member more. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

use super::revocation::{Others, Revocation};

/// Most keys of one set: one that signs, one from before, and some of other issuers.
const KEYS_MAX: usize = 16;
/// Least bytes of a secret for HS256 (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// Bytes of an Ed25519 key.
const ED25519_BYTES: usize = 32;
/// How far ahead of this server's clock a token's maker's may be, seconds.
pub(crate) const CLOCKS_APART_MAX_S: u64 = 60;
/// What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7).
const ED25519_PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The file's content. What others put into a set stays where it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyFile {
    /// The first one signs; all of them verify.
    pub(crate) keys: Vec<KeyEntry>,
    /// What does not hold any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) revoked: Vec<Revocation>,
    #[serde(flatten)]
    pub(crate) others: Others,
}

/// A JSON Web Key of one of two kinds.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyEntry {
    kty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    /// Its name, which tokens give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    /// Ed25519, public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    /// Ed25519, private; a server that only verifies needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<String>,
    /// The secret of HS256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<String>,
    #[serde(flatten)]
    others: Others,
}

impl std::fmt::Debug for KeyEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither secret may come into a log.
        f.debug_struct("KeyEntry").field("kty", &self.kty).field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl KeyFile {
    /// Adds a revocation. One that is there is never made narrower.
    pub(crate) fn revoke(&mut self, revocation: Revocation) {
        for one in &mut self.revoked {
            match (one, &revocation) {
                (Revocation::Token { jti, .. }, Revocation::Token { jti: other, .. }) if jti == other => {
                    return;
                }
                (
                    Revocation::Subject { sub, before, .. },
                    Revocation::Subject { sub: other, before: until, .. },
                ) if sub == other => {
                    // What was made since the last one says a time just behind that: times have whole seconds.
                    let is_recent = (*until..*until + CLOCKS_APART_MAX_S).contains(before);
                    *before = if is_recent { *before + 1 } else { (*before).max(*until) };
                    return;
                }
                _ => {}
            }
        }
        self.revoked.push(revocation);
    }

    /// Puts a new key in front. The one that signed until now still verifies; those that signed before it go, and are returned. Keys
    /// of other issuers, of which there is no private half, stay.
    pub(crate) fn rotate(&mut self, key: KeyEntry) -> Vec<KeyEntry> {
        let mut signers = 0;
        let (stay, go) = std::mem::take(&mut self.keys).into_iter().partition(|one: &KeyEntry| {
            signers += usize::from(one.is_private());
            !one.is_private() || signers <= 1
        });
        self.keys = stay;
        self.keys.insert(0, key);
        go
    }
}

/// What is wrong with a set of keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("it is no JWK Set: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it has no keys; `arcane keys new` makes one")]
    Empty,
    #[error("it has {0} keys; at most {KEYS_MAX} are used")]
    TooMany(usize),
    #[error("keys/{index}: {detail}")]
    Key {
        /// Which one.
        index: usize,
        /// What is wrong and what would be right.
        detail: String,
    },
    #[error("keys/{index}: kid {kid:?} is there twice; tokens could not say which key they mean")]
    Twice {
        /// The second one.
        index: usize,
        /// The name.
        kid: String,
    },
}

/// One key, ready for use.
#[derive(Clone)]
pub(crate) struct Key {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) verifies: DecodingKey,
    pub(super) signs: Option<EncodingKey>,
    /// Tells this key from any other, whatever its name.
    pub(super) fingerprint: u64,
}

/// Keys that verify tokens, and what was revoked.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    pub(super) keys: Vec<Key>,
    pub(super) revoked: Vec<Revocation>,
}

impl Keys {
    /// Reads a file's content.
    ///
    /// # Errors
    /// Names the key that cannot be used.
    pub(crate) fn parse(json: &str) -> Result<Self, KeysError> {
        let file: KeyFile = serde_json::from_str(json)?;
        if file.keys.is_empty() {
            return Err(KeysError::Empty);
        }
        if file.keys.len() > KEYS_MAX {
            return Err(KeysError::TooMany(file.keys.len()));
        }
        let mut keys: Vec<Key> = Vec::new();
        for (index, entry) in file.keys.iter().enumerate() {
            let key = entry.key().map_err(|detail| KeysError::Key { index, detail })?;
            if let Some(kid) =
                key.kid.clone().filter(|kid| keys.iter().any(|one| one.kid.as_ref() == Some(kid)))
            {
                return Err(KeysError::Twice { index, kid });
            }
            keys.push(key);
        }
        Ok(Self { keys, revoked: file.revoked })
    }

    /// Whether a token was revoked: itself, or with all of its subject's up to then.
    pub(crate) fn is_revoked(&self, jti: Option<&str>, sub: &str, issued_at: u64) -> bool {
        self.revoked.iter().any(|revoked| match revoked {
            Revocation::Token { jti: other, .. } => jti == Some(other),
            Revocation::Subject { sub: other, before, .. } => sub == other && issued_at <= *before,
        })
    }

    /// Up to when what a subject was given is revoked, Unix seconds.
    pub(crate) fn revoked_until(&self, subject: &str) -> Option<u64> {
        let until = |one: &Revocation| match one {
            Revocation::Subject { sub, before, .. } if sub == subject => Some(*before),
            _ => None,
        };
        self.revoked.iter().filter_map(until).max()
    }

    /// Whether a key is still among them.
    pub(crate) fn has(&self, fingerprint: u64) -> bool {
        self.keys.iter().any(|key| key.fingerprint == fingerprint)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({} keys, {} revocations)", self.keys.len(), self.revoked.len())
    }
}

impl KeyEntry {
    /// A new key of 32 random bytes, for EdDSA or for HS256.
    pub(crate) fn new(random: [u8; 32], kid: String, hs256: bool) -> Self {
        let secret = URL_SAFE_NO_PAD.encode(random);
        let (kty, others) = (String::new(), Others::new());
        let none = Self { kty, crv: None, alg: None, kid: Some(kid), x: None, d: None, k: None, others };
        if hs256 {
            return Self { kty: "oct".into(), alg: Some("HS256".into()), k: Some(secret), ..none };
        }
        let x = public(&random);
        let (crv, alg) = (Some("Ed25519".into()), Some("EdDSA".into()));
        Self { kty: "OKP".into(), crv, alg, x, d: Some(secret), ..none }
    }

    /// Whether tokens can be made with it.
    fn is_private(&self) -> bool {
        self.d.is_some() || self.k.is_some()
    }

    fn key(&self) -> Result<Key, String> {
        let alg = self.alg.as_deref();
        let (algorithm, verifies, signs) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) if matches!(alg, None | Some("EdDSA" | "Ed25519")) => {
                let private = self.d.as_ref().map(|d| bytes("d", Some(d), ED25519_BYTES)).transpose()?;
                let x = bytes("x", self.x.as_ref(), ED25519_BYTES)?;
                if let Some(private) = &private
                    && public(private).as_deref() != Some(URL_SAFE_NO_PAD.encode(&x).as_str())
                {
                    return Err("x is not the public half of d".into());
                }
                let verifies = DecodingKey::from_ed_der(&x);
                (Algorithm::EdDSA, verifies, private.map(|private| signing(&private)))
            }
            ("oct", _) if matches!(alg, None | Some("HS256")) => {
                let secret = bytes("k", self.k.as_ref(), 0)?;
                if secret.len() < SECRET_BYTES_MIN {
                    let len = secret.len();
                    return Err(format!("k has {len} bytes, and a secret has at least {SECRET_BYTES_MIN}"));
                }
                let (verifies, signs) =
                    (DecodingKey::from_secret(&secret), EncodingKey::from_secret(&secret));
                (Algorithm::HS256, verifies, Some(signs))
            }
            (kty, crv) => {
                let crv = crv.map(|crv| format!(" with crv {crv:?}")).unwrap_or_default();
                let alg = alg.map(|alg| format!(" for {alg:?}")).unwrap_or_default();
                return Err(format!(
                    "a key of kty {kty:?}{crv}{alg} is not used; there are OKP with Ed25519, and oct for HS256"
                ));
            }
        };
        let mut hasher = DefaultHasher::new();
        (&self.x, &self.k).hash(&mut hasher);
        Ok(Key { kid: self.kid.clone(), algorithm, verifies, signs, fingerprint: hasher.finish() })
    }
}

/// The bytes of a field in base64url; `len` of them, if that is not 0.
fn bytes(name: &str, text: Option<&String>, len: usize) -> Result<Vec<u8>, String> {
    let text = text.ok_or_else(|| format!("{name} is missing"))?;
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    let bytes = bytes.map_err(|_| format!("{name} is not base64url"))?;
    if len > 0 && bytes.len() != len {
        return Err(format!("{name} has {} bytes, and must have {len}", bytes.len()));
    }
    Ok(bytes)
}

fn signing(private: &[u8]) -> EncodingKey {
    EncodingKey::from_ed_der(&[&ED25519_PKCS8, private].concat())
}

/// The public half of an Ed25519 key, base64url.
fn public(private: &[u8]) -> Option<String> {
    match Jwk::from_encoding_key(&signing(private), Algorithm::EdDSA).ok()?.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) => Some(pair.x),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        Keys::parse(json).unwrap_err().to_string()
    }

    fn set(entries: &[KeyEntry]) -> String {
        serde_json::to_string(&KeyFile { keys: entries.to_vec(), ..KeyFile::default() }).unwrap()
    }

    /// RFC 8037, appendix A.1.
    const RFC_8037: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    #[test]
    fn the_key_of_rfc_8037() {
        let keys = Keys::parse(RFC_8037).unwrap();
        assert!(keys.keys[0].signs.is_some());
    }

    #[test]
    fn a_new_key_can_be_read() {
        for hs256 in [false, true] {
            let keys = Keys::parse(&set(&[KeyEntry::new([7; 32], "a".into(), hs256)])).unwrap();
            assert!(keys.keys[0].signs.is_some() && keys.has(keys.keys[0].fingerprint));
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        insta::assert_snapshot!(refused("{}"), @"it is no JWK Set: missing field `keys` at line 1 column 2");
        insta::assert_snapshot!(refused(r#"{"keys":[]}"#), @"it has no keys; `arcane keys new` makes one");
        insta::assert_snapshot!(refused(r#"{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}"#), @"keys/0: k has 5 bytes, and a secret has at least 32");
        insta::assert_snapshot!(refused(r#"{"keys":[{"kty":"oct"}]}"#), @"keys/0: k is missing");
        insta::assert_snapshot!(refused(r#"{"keys":[{"kty":"RSA","alg":"RS256"}]}"#), @r#"keys/0: a key of kty "RSA" for "RS256" is not used; there are OKP with Ed25519, and oct for HS256"#);
        insta::assert_snapshot!(refused(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#), @"keys/0: x has 3 bytes, and must have 32");
        let other = RFC_8037.replace("nWGxne", "nWGxnf");
        insta::assert_snapshot!(refused(&other), @"keys/0: x is not the public half of d");
        let twice = KeyEntry::new([7; 32], "a".into(), false);
        insta::assert_snapshot!(refused(&set(&[twice.clone(), twice])), @r#"keys/1: kid "a" is there twice; tokens could not say which key they mean"#);
    }

    #[test]
    fn a_revocation_that_cannot_be_read_is_told_of_with_its_form() {
        for revoked in [r#"["t1"]"#, r#"[{"sub":"ci"}]"#, r#"[["t1"]]"#, r#"[["ci",5]]"#] {
            let error = refused(&RFC_8037.replace("]}", &format!(r#"],"revoked":{revoked}}}"#)));
            assert!(error.contains(r#"{"sub":"…","before":UNIX_SECONDS}"#), "{revoked}: {error}");
        }
    }

    #[test]
    fn a_revocation_is_never_made_narrower() {
        let mut file = KeyFile::default();
        for before in [4_000_000_000, 100] {
            file.revoke(Revocation::subject("ci", before));
        }
        file.revoke(Revocation::token("t1"));
        file.revoke(Revocation::token("t1"));
        assert_eq!(file.revoked, [Revocation::subject("ci", 4_000_000_000), Revocation::token("t1")]);
    }

    #[test]
    fn a_new_key_takes_the_place_of_the_server_s_own_alone() {
        let entry = |n: u8, kid: &str| KeyEntry::new([n; 32], kid.into(), false);
        let of_other = KeyEntry { d: None, ..entry(9, "other") };
        let keys = vec![entry(1, "one"), of_other.clone(), entry(2, "two")];
        let mut file = KeyFile { keys, ..KeyFile::default() };
        assert_eq!(file.rotate(entry(3, "three")), [entry(2, "two")]);
        assert_eq!(file.keys, [entry(3, "three"), entry(1, "one"), of_other]);
    }

    #[test]
    fn what_this_version_does_not_know_stays() {
        let whole = serde_json::json!({
            "keys": [{"kty": "oct", "k": "c2hvcnQ", "use": "sig", "key_ops": ["verify"]}],
            "revoked": [{"jti": "t1", "note": "lost"}, {"sub": "ci", "before": 5, "note": "left"}], "of": "us",
        });
        let file: KeyFile = serde_json::from_value(whole.clone()).unwrap();
        assert_eq!(serde_json::to_value(&file).unwrap(), whole);
    }

    #[test]
    fn a_secret_is_never_printed() {
        let entry = KeyEntry::new([7; 32], "a".into(), false);
        let printed = format!("{entry:?} {:?}", Keys::parse(&set(std::slice::from_ref(&entry))).unwrap());
        assert!(!printed.contains(&entry.d.unwrap()), "{printed}");
    }

    #[test]
    fn a_token_is_revoked_by_itself_or_with_its_subject() {
        let json = RFC_8037.replace("]}", r#"],"revoked":[{"jti":"t1"},{"sub":"ci","before":100}]}"#);
        let keys = Keys::parse(&json).unwrap();
        assert!(keys.is_revoked(Some("t1"), "x", 500) && !keys.is_revoked(Some("t2"), "x", 500));
        assert!(keys.is_revoked(None, "ci", 100) && !keys.is_revoked(None, "ci", 101));
    }
}

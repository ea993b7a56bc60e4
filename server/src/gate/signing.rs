//! Making tokens.

use jsonwebtoken::Header;

use super::claims::Claims;
use super::keys::Keys;

/// Why no token can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("the first key can only verify: it has no private half")]
    NoPrivateKey,
    #[error(transparent)]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Makes a token with the first key.
pub(crate) fn sign(claims: &Claims, keys: &Keys) -> Result<String, SignError> {
    let signer = keys.keys.first().and_then(|key| Some((key, key.signs.as_ref()?)));
    let (key, signs) = signer.ok_or(SignError::NoPrivateKey)?;
    let header = Header { kid: key.kid.clone(), ..Header::new(key.algorithm) };
    Ok(jsonwebtoken::encode(&header, claims, signs)?)
}

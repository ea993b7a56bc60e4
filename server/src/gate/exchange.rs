//! A link's token for the one that a browser goes on with.

use std::sync::PoisonError;

use super::link::LinkError;
use super::signing::sign;
use super::token::{self, Claims, TokenError};
use super::tokens::{Gate, unix_seconds};

/// How far in the future a link may end, seconds: until then the server remembers that it was opened.
const ENDS_WITHIN_S: u64 = 3600;

/// Who a link signs in.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) subject: String,
    pub(crate) token: String,
}

impl Gate {
    /// Exchanges the token of a link for the one that the browser goes on with; each link once. Both have one name, so that revoking
    /// the link revokes what it was exchanged for.
    ///
    /// # Errors
    /// If the link does not hold, was opened before, or the server has no private key.
    pub(crate) fn exchange(&self, link: Option<&str>) -> Result<SignedIn, LinkError> {
        if !self.held.takes_tokens {
            return Err(LinkError::Open);
        }
        let (keys, now) = (self.held.keys(), unix_seconds());
        let claims = token::verify_link(link.ok_or(TokenError::Missing)?, &keys, &self.held.audience, now)?;
        let lifetime = claims.link.unwrap_or_default();
        let unusable = |detail: &str| LinkError::from(TokenError::Claims(detail.into()));
        let name = claims.jti.clone().ok_or_else(|| unusable("a link has a jti"))?;
        if claims.exp > now + ENDS_WITHIN_S {
            return Err(unusable("a link ends within an hour"));
        }
        let exp = (now + lifetime).min(claims.until.unwrap_or(u64::MAX));
        if exp <= now {
            return Err(TokenError::Expired.into());
        }
        let ends = claims.exp;
        let claims = Claims { exp, link: None, until: None, ..claims };
        let token = sign(&claims, &keys)?;
        let mut opened = self.held.links.lock().unwrap_or_else(PoisonError::into_inner);
        opened.open(&name, ends, now)?;
        Ok(SignedIn { subject: claims.sub, token })
    }
}

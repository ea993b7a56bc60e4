//! Signing a browser in with a link.

use arcane_shared::Problem;
use arcane_shared::api::LoginAnswer;
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::allowed::Public;
use super::audited::Act;
use super::error::ApiError;
use crate::gate::exchange::SignedIn;
use crate::gate::link::LinkError;
use crate::gate::{TokenError, credentials};

/// The token that a link of `arcane login` is exchanged for.
///
/// `Authorization: Bearer` carries what the link has behind `#login=`. Each link is exchanged once, within ten minutes.
#[utoipa::path(post, path = "/login", tag = "operating", responses(
    (status = 200, body = LoginAnswer),
    (status = 401, description = "The link does not hold, or was opened before", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "This server has no keys, or none that it could sign with."),
    (status = 503, description = "Too many links were opened within an hour."),
))]
pub(crate) async fn login(Public(state): Public, headers: HeaderMap) -> Result<Response, ApiError> {
    let exchange = || -> Result<SignedIn, LinkError> {
        let link = credentials::find(&headers, None, false).map_err(TokenError::from)?;
        state.gate.exchange(link.as_deref())
    };
    let SignedIn { subject, token } = exchange().map_err(|error| match error {
        LinkError::Token(error) => {
            state.metrics.refused("token");
            error.into()
        }
        LinkError::Open | LinkError::Sign(_) => {
            ApiError::new(StatusCode::CONFLICT, "no-login", error.to_string())
        }
        LinkError::Full => ApiError::busy(&error.to_string()),
    })?;
    let mut answer = Json(LoginAnswer { token }).into_response();
    answer.extensions_mut().insert(Act { subject });
    Ok(answer)
}

//! What a path names: a room, a rule, an agent.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::error::ApiError;

/// The part of a route's path that is in braces. What is no text is refused as any other parameter is.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::from_request_parts(parts, state).await.map(|Path(name)| Self(name)).map_err(refused)
    }
}

fn refused(rejection: PathRejection) -> ApiError {
    let no_text =
        "has bytes that are no UTF-8; a letter that is not ASCII is all of its bytes, as %C3%A9 is é";
    match rejection {
        PathRejection::FailedToDeserializePathParams(error) => match error.kind() {
            ErrorKind::InvalidUtf8InPathParam { key } => ApiError::parameter(key, no_text),
            kind => ApiError::parameter("path", kind.to_string()),
        },
        error => ApiError::parameter("path", error.to_string()),
    }
}

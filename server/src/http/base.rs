//! Requests to a server that is below a path of its proxy. Routes know nothing of it.

use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::config::{BasePath, Below};

/// Takes the base path away from what is asked for, or says what to ask for instead.
pub(super) fn enter(base: &BasePath, uri: &mut Uri) -> Result<(), Elsewhere> {
    if base.as_str().is_empty() {
        return Ok(());
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let route = match base.below(uri.path()) {
        Below::Route(route) => format!("{route}{query}"),
        Below::Slashless => return Err(Elsewhere::Folder(format!("{}/{query}", base.as_str()))),
        Below::Outside => return Err(Elsewhere::Outside(base.as_str().into())),
    };
    // It was a part of a path, so it is one.
    if let Ok(route) = route.parse::<PathAndQuery>() {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(route);
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
    Ok(())
}

/// What is not below the base path.
#[derive(Debug, Clone)]
pub(super) enum Elsewhere {
    /// The base path itself: the dashboard is there once a slash ends it.
    Folder(String),
    /// Something else.
    Outside(String),
}

impl IntoResponse for Elsewhere {
    fn into_response(self) -> Response {
        match self {
            Self::Folder(folder) => {
                let folder = HeaderValue::from_str(&folder).unwrap_or(HeaderValue::from_static("./"));
                (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, folder)]).into_response()
            }
            Self::Outside(base) => {
                let detail = format!(
                    "this server is below {base}/ (--base-path); GET {base}/docs lists what there is"
                );
                ApiError::new(StatusCode::NOT_FOUND, "no-such-route", detail).into_response()
            }
        }
    }
}

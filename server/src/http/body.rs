//! Reading JSON bodies: bounded in size and time, with errors that point at the field.

use std::borrow::Cow;
use std::sync::Arc;

use arcane_shared::api::FieldError;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::allowed::Identified;
use super::error::ApiError;
use super::site::Site;
use super::upload::Upload;
use crate::budget::Budget;
use crate::config::NetConfig;
use crate::json;

/// A JSON body of a known type.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// Largest body of a request that is not a publication.
const SPELL_BODY_BYTES_MAX: usize = 256 * 1024;

impl<T: DeserializeOwned> FromRequest<Site> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, site: &Site) -> Result<Self, ApiError> {
        require_json(request.headers(), "application/json")?;
        let net = NetConfig { body_bytes_max: SPELL_BODY_BYTES_MAX, ..site.state.config.net.clone() };
        let asker = request.extensions().get::<Identified>().and_then(|asker| asker.pass.clone().ok());
        let bytes = read(request.into_body(), &net, site.state.bus.budget()).await?;
        // The body may have taken its time.
        asker.map_or(Ok(()), |pass| site.state.gate.recheck(&pass))?;
        Ok(Self(decode(&bytes)?))
    }
}

/// Refuses bodies that do not say that they are JSON: an HTML form cannot say it, so another
/// site's page cannot cast spells without being asked for permission first.
pub(crate) fn require_json(headers: &HeaderMap, expected: &str) -> Result<(), ApiError> {
    let found = content_type(headers);
    if found.as_deref().is_some_and(|found| found == expected || found.ends_with("+json")) {
        return Ok(());
    }
    let detail = match found {
        Some(found) => format!("the body is {found}; send {expected}"),
        None => format!("the request has no Content-Type; send {expected}"),
    };
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail))
}

/// The media type, lower case, without parameters.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default().trim();
    let has_capitals = kind.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if has_capitals { kind.to_ascii_lowercase().into() } else { kind.into() })
}

/// The charset of a request's Content-Type, if it is none that UTF-8 has all characters of.
pub(crate) fn charset(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let parameters = value.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let named = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let charsets = named.map(|(_, charset)| charset.trim().trim_matches('"').to_ascii_lowercase());
    charsets.into_iter().find(|charset| !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii"))
}

/// Reads a whole body within its bounds.
pub(crate) async fn read(body: Body, net: &NetConfig, budget: &Arc<Budget>) -> Result<Bytes, ApiError> {
    Upload::new(net, budget).read(body).await
}

/// Reads a whole body of at most so many bytes, whatever the configuration says of others.
pub(super) async fn read_up_to(
    bytes_max: usize,
    body: Body,
    net: &NetConfig,
    budget: &Arc<Budget>,
) -> Result<Bytes, ApiError> {
    Upload::new(net, budget).at_most(bytes_max).read(body).await
}

/// Decodes JSON; what does not fit is named by a JSON pointer.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = &*json::plain(bytes);
    if let Some(number) = json::beyond_64_bits(bytes) {
        return Err(ApiError::field(&number.pointer, number.to_string()));
    }
    if json::is_array(bytes) {
        return Err(ApiError::field("", "is an object, not an array"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (pointer, inner) = (pointer(error.path()), error.into_inner());
        if inner.is_data() {
            return ApiError::invalid(vec![FieldError {
                pointer,
                detail: without_place(&inner.to_string()),
            }]);
        }
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "not-json",
            format!("the body is not valid JSON: {}", json::explain(&inner, bytes)),
        )
    })?;
    deserializer.end().map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "not-json", format!("the body is not one JSON value: {error}"))
    })?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => "/?".into(),
        })
        .collect()
}

/// A field is named by its pointer, so line and column would only distract.
fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

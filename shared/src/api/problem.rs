//! Error answers.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// An error answer (RFC 9457), `application/problem+json`.
// Of what something between server and reader wrote, any part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind of problem and stays the same.
    #[serde(rename = "type", default, deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub kind: String,
    /// The kind in words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub title: String,
    /// The HTTP status.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub status: u16,
    /// What happened here and what would help.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub detail: String,
    /// Which parts of the body are wrong.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Spells that would have been understood; of the parser only.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

impl Problem {
    /// What it says in a sentence.
    #[must_use]
    pub fn sentence(&self) -> &str {
        if self.detail.is_empty() { &self.title } else { &self.detail }
    }
}

/// One wrong part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body, or the name of the query parameter.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

//! Events whose attributes are headers and whose data is the body: the binary mode of the HTTP binding. Pure.

use serde_json::{Map, Value};

use super::{CloudEvent, media_type, structured};
use crate::intake::Refused;
use arcane_shared::api::FieldError;

/// What the names of headers begin with that are attributes, in lower case.
const PREFIX: &str = "ce-";

/// The attributes among headers; names are in lower case, as HTTP libraries give them. Empty: it is no event in binary mode.
///
/// # Errors
/// Which header is there twice.
pub(crate) fn attributes<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<Map<String, Value>, Refused> {
    let mut attributes = Map::new();
    for (name, value) in headers {
        let Some(attribute) = name.strip_prefix(PREFIX) else { continue };
        if attributes.insert(attribute.to_owned(), Value::String(decoded(value))).is_some() {
            let (pointer, detail) = (format!("header {name}"), "is there twice; say it once".to_owned());
            return Err(Refused::Fields(vec![FieldError { pointer, detail }]));
        }
    }
    // The body's own type is what says it here.
    attributes.remove("datacontenttype");
    Ok(attributes)
}

/// An event of attributes and a body.
///
/// # Errors
/// Which header is missing or wrong, or what of the body is.
pub(crate) fn read(
    attributes: Map<String, Value>,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<CloudEvent, Refused> {
    let media = content_type.map(media_type);
    let is_json = media.as_deref().is_some_and(super::is_json) && !body.is_empty();
    let data = if is_json {
        super::Data::Json(structured::value(body)?)
    } else {
        structured::of_bytes(body, media.as_deref())
    };
    CloudEvent::of(attributes, data, |name| format!("header ce-{name}"))
        .map_err(|error| Refused::Fields(vec![error]))
}

/// A header's value as section 3.1.3.2 of the binding says to read it: quotes off, percent-encoding undone once. Libraries that encode
/// nothing write Latin-1, as HTTP once said.
fn decoded(value: &[u8]) -> String {
    let value = value.trim_ascii();
    let quoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = quoted.unwrap_or(value);
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let (byte, taken) = match byte {
            b'\\' if quoted.is_some() && !after.is_empty() => (after[0], 1),
            b'%' => match (hex(0), hex(1)) {
                (Some(high), Some(low)) => (u8::try_from(high * 16 + low).unwrap_or_default(), 2),
                _ => (byte, 0),
            },
            byte => (byte, 0),
        };
        bytes.push(byte);
        rest = &after[taken..];
    }
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn values_are_decoded_once() {
        for (value, text) in [
            ("plain", "plain"),
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("%2525", "%25"),
            ("100%", "100%"),
            ("\"a \\\"b\\\" c\"", "a \"b\" c"),
            ("%zz", "%zz"),
            ("€", "€"),
            ("", ""),
        ] {
            assert_eq!(decoded(value.as_bytes()), text, "{value}");
        }
        assert_eq!(decoded(b"caf\xe9"), "café");
        assert_eq!(decoded(b"%FC"), "ü");
    }
}

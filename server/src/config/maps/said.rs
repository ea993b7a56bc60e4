//! What a rule says that a field is: a text, a place in the JSON that comes, or a text with such places in it. Pure.

use serde_json::Value;

/// Longest pointer, and longest text, bytes.
const BYTES_MAX: usize = 1024;

/// A place in JSON (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

/// What a field is.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// The same whatever comes.
    Constant(Value),
    /// What stands at this place.
    At(Pointer),
    /// A text with places in it.
    Text(Vec<Part>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The same whatever comes.
    Words(String),
    /// What stands at this place.
    At(Pointer),
}

impl Pointer {
    /// Checks a pointer.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!("{text:?} is no JSON pointer: it begins with '/', as in \"/run/status\""));
        }
        if text.len() > BYTES_MAX {
            return Err(format!("a JSON pointer has at most {BYTES_MAX} bytes"));
        }
        let is_escape = |rest: &str| rest.starts_with(['0', '1']);
        if text.split('~').skip(1).any(|rest| !is_escape(rest)) {
            return Err(format!(
                "{text:?} is no JSON pointer: write '~' as '~0', and a '/' within a name as '~1'"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// What stands there; null is nothing.
    pub(crate) fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0).filter(|value| !value.is_null())
    }
}

impl Said {
    /// Reads a value of the file.
    pub(super) fn read(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) => Self::of_text(&text),
            value => scalar(&value).map(Self::Constant),
        }
    }

    fn of_text(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Pointer::parse(text).map(Self::At);
        }
        if text.len() > BYTES_MAX {
            return Err(format!("has at most {BYTES_MAX} bytes"));
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find("{/") {
            let end =
                rest[at..].find('}').ok_or_else(|| format!("\"{}\" has no '}}' at its end", &rest[at..]))?;
            if at > 0 {
                parts.push(Part::Words(rest[..at].to_owned()));
            }
            parts.push(Part::At(Pointer::parse(&rest[at + 1..at + end])?));
            rest = &rest[at + end + 1..];
        }
        if parts.is_empty() {
            return Ok(Self::Constant(Value::String(text.to_owned())));
        }
        if !rest.is_empty() {
            parts.push(Part::Words(rest.to_owned()));
        }
        Ok(Self::Text(parts))
    }

    /// What the field is of what has come; `None`: nothing stands there.
    pub(crate) fn of(&self, value: &Value) -> Option<Value> {
        match self {
            Self::Constant(constant) => Some(constant.clone()),
            Self::At(pointer) => pointer.of(value).cloned(),
            Self::Text(parts) => {
                let words = parts.iter().map(|part| match part {
                    Part::Words(words) => words.clone(),
                    Part::At(pointer) => pointer.of(value).map(in_words).unwrap_or_default(),
                });
                Some(Value::String(words.collect()))
            }
        }
    }
}

/// A value as a text.
pub(crate) fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A plain value of the file as JSON.
pub(super) fn scalar(value: &toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(n) => Value::from(*n),
        toml::Value::Float(n) => Value::from(*n),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        _ => return Err("expected a string, a number, true or false".into()),
    })
}

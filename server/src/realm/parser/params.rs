//! `with name=value and name=value`.

use arcane_shared::Metadata;
use serde_json::Value;

/// Where one `name=value` stands, in bytes.
pub(super) type Range = (usize, usize);

/// Parameters as they were written.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    /// Their values, in order.
    pub(super) values: Metadata,
    /// Where each stands.
    pub(super) ranges: Vec<Range>,
    /// A name that was given twice.
    pub(super) repeated: Option<String>,
}

/// Reads as many parameters as follow from `start` on; gives them and the byte after the last.
pub(super) fn read(input: &str, start: usize) -> Option<(Parameters, usize)> {
    let mut found = Parameters::default();
    let mut at = skip_blank(input, start);
    let mut end = start;
    while let Some((name, value, after)) = read_one(input, at) {
        if found.values.insert(name.to_owned(), value).is_some() {
            found.repeated.get_or_insert_with(|| name.to_owned());
        }
        found.ranges.push((at, after));
        end = after;
        match read_separator(input, after) {
            Some(next) => at = next,
            None => break,
        }
    }
    (!found.ranges.is_empty()).then_some((found, end))
}

/// Whether nothing but white space and the end of a sentence stands after `at`.
pub(super) fn is_end(input: &str, at: usize) -> bool {
    input[at..].trim().trim_end_matches(['.', '!']).is_empty()
}

fn skip_blank(input: &str, at: usize) -> usize {
    input.len() - input[at..].trim_start().len()
}

fn read_one(input: &str, at: usize) -> Option<(&str, Value, usize)> {
    let rest = &input[at..];
    let len = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .unwrap_or(rest.len());
    let name = &rest[..len];
    if len == 0 || len > 64 || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let equals = skip_blank(input, at + len);
    let value = skip_blank(input, equals + input[equals..].strip_prefix('=').map(|_| 1)?);
    let (value, after) = read_value(input, value)?;
    Some((name, value, after))
}

fn read_value(input: &str, at: usize) -> Option<(Value, usize)> {
    let rest = &input[at..];
    let first = rest.chars().next()?;
    let close = match first {
        '"' | '\'' => first,
        '“' => '”',
        _ => return read_bare(rest).map(|text| (typed(text), at + text.len())),
    };
    let mut text = String::new();
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        if escaped || (c != '\\' && c != close) {
            text.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else {
            return Some((Value::String(text), at + i + c.len_utf8()));
        }
    }
    None
}

fn read_bare(rest: &str) -> Option<&str> {
    let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
    let last = rest[end..].trim_start().is_empty();
    // "with depth=3." ends a sentence, not a number.
    let text = if last { rest[..end].trim_end_matches(['.', '!']) } else { &rest[..end] };
    (!text.is_empty()).then_some(text)
}

/// An integer stays one; what is no number and no truth value is text.
fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Value::Bool(text.eq_ignore_ascii_case("true"));
    }
    if let Ok(integer) = text.parse::<i64>() {
        return integer.into();
    }
    if let Ok(integer) = text.parse::<u64>() {
        return integer.into();
    }
    let digits = text.trim_start_matches(['+', '-', '.']);
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['.', 'e', 'E']);
    let number = text.parse::<f64>().ok().filter(|_| numeric).and_then(serde_json::Number::from_f64);
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// A comma, "and", "with", or a comma and one of them.
fn read_separator(input: &str, at: usize) -> Option<usize> {
    let mut next = skip_blank(input, at);
    let comma = input[next..].starts_with(',');
    if comma {
        next = skip_blank(input, next + 1);
    }
    let word = input[next..].split(char::is_whitespace).next().unwrap_or_default();
    if word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("with") || word == "&" {
        return Some(skip_blank(input, next + word.len()));
    }
    comma.then_some(next)
}

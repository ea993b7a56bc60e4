//! Why a text is no JSON, in the words of who sent it.

/// What is wrong, and what would help if that is known.
pub(crate) fn explain(error: &serde_json::Error, json: &[u8]) -> String {
    match encoding(json).or_else(|| word(error, json)) {
        Some(remedy) => format!("{error}; {remedy}"),
        None => error.to_string(),
    }
}

/// What is not even text of the right encoding.
fn encoding(json: &[u8]) -> Option<String> {
    let remedy = match json {
        [0x1F, 0x8B, ..] => "it is compressed by gzip: say Content-Encoding: gzip",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..] => "it is UTF-16 or UTF-32: send UTF-8",
        _ => return None,
    };
    Some(remedy.into())
}

/// What other languages write where JSON has another word, or none.
fn word(error: &serde_json::Error, json: &[u8]) -> Option<String> {
    let line = json.split(|byte| *byte == b'\n').nth(error.line().checked_sub(1)?)?;
    let at = error.column().saturating_sub(1).min(line.len());
    let is_word = |byte: &&u8| byte.is_ascii_alphabetic();
    let start = at - line[..at].iter().rev().take_while(is_word).count();
    let end = at + line[at..].iter().take_while(is_word).count();
    let found = &line[start..end];
    let remedy = match found {
        b"NaN" | b"nan" | b"Infinity" | b"inf" => "JSON has no such number: send null or a string",
        b"None" | b"undefined" | b"nil" | b"NULL" => "JSON has null for this",
        b"True" | b"False" | b"TRUE" | b"FALSE" => "JSON has true and false in lower case",
        _ if line[at..].starts_with(b"'") => "JSON has strings in double quotes",
        _ => return None,
    };
    Some(remedy.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_is_named() {
        let said =
            |json: &[u8]| explain(&serde_json::from_slice::<serde_json::Value>(json).unwrap_err(), json);
        for (json, remedy) in [
            (&b"\x1f\x8b\x08\x00"[..], "say Content-Encoding: gzip"),
            (b"\xff\xfe{\0}\0", "send UTF-8"),
            (br#"{"a":NaN}"#, "send null or a string"),
            (br#"{"a":-Infinity}"#, "send null or a string"),
            (b"{\n \"a\": None}", "JSON has null for this"),
            (br#"{"a":True}"#, "true and false in lower case"),
            (b"{'a':1}", "double quotes"),
        ] {
            let said = said(json);
            assert!(said.ends_with(remedy), "{said}");
        }
        assert_eq!(said(b"{"), "EOF while parsing an object at line 1 column 1");
    }
}

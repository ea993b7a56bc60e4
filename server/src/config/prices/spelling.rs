//! The names under which a model is looked for: as it is called, without the date of its version, without its maker. Pure.

/// Makers that stand before names of their own models: there the price is theirs. What others charge who pass requests on is not known.
const MAKERS: [&str; 5] = ["anthropic/", "openai/", "google/", "gemini/", "models/"];
/// Longest name that is looked for, bytes.
const NAME_BYTES_MAX: usize = 256;

/// The names under which a model is looked for, in this order; all in lower case.
pub(super) fn of(model: &str) -> Vec<String> {
    let whole = model.trim().to_lowercase();
    if whole.len() > NAME_BYTES_MAX {
        return Vec::new();
    }
    let bare = MAKERS.iter().find_map(|maker| whole.strip_prefix(maker)).map(str::to_owned);
    let mut names = Vec::new();
    for name in [Some(whole), bare].into_iter().flatten() {
        // Claude Code tells so of a window of a million tokens.
        let undecorated = name.strip_suffix("[1m]").unwrap_or(&name);
        for name in [&*name, undecorated, undated(undecorated)] {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// A name without the date of its version: `-20250929`, `@20250929`, `-2025-08-07`, `-latest`.
fn undated(name: &str) -> &str {
    if let Some(name) = name.strip_suffix("-latest") {
        return name;
    }
    for len in ["-20250929".len(), "-2025-08-07".len()] {
        let Some((rest, date)) = name.len().checked_sub(len).and_then(|at| name.split_at_checked(at)) else {
            continue;
        };
        let is_date = date.bytes().enumerate().all(|(at, byte)| match (len, at) {
            (9, 0) => matches!(byte, b'-' | b'@'),
            (11, 0 | 5 | 8) => byte == b'-',
            (_, 1) => byte == b'2',
            _ => byte.is_ascii_digit(),
        });
        if is_date && !rest.is_empty() {
            return rest;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_makers_are_left_out_and_those_who_pass_requests_on_are_not() {
        for (model, names) in [
            ("gpt-5", &["gpt-5"][..]),
            ("gpt-5-2025-08-07", &["gpt-5-2025-08-07", "gpt-5"]),
            ("Claude-Sonnet-4-5-20250929", &["claude-sonnet-4-5-20250929", "claude-sonnet-4-5"]),
            ("claude-sonnet-4-5@20250929", &["claude-sonnet-4-5@20250929", "claude-sonnet-4-5"]),
            ("claude-opus-5-5[1m]", &["claude-opus-5-5[1m]", "claude-opus-5-5"]),
            (
                "anthropic/claude-opus-5-latest",
                &[
                    "anthropic/claude-opus-5-latest",
                    "anthropic/claude-opus-5",
                    "claude-opus-5-latest",
                    "claude-opus-5",
                ],
            ),
            ("models/gemini-2.5-pro", &["models/gemini-2.5-pro", "gemini-2.5-pro"]),
            ("openrouter/openai/gpt-5", &["openrouter/openai/gpt-5"]),
            ("-20250929", &["-20250929"]),
            ("grün-20250929", &["grün-20250929", "grün"]),
            ("x-12345678", &["x-12345678"]),
        ] {
            assert_eq!(of(model), names, "{model}");
        }
        assert_eq!(of(&"x".repeat(1000)), Vec::<String>::new());
    }
}

//! Failures that agents hide in texts: exit codes of shells. Pure.

use super::line::{LINE_CHARS, short};

/// What stands before the code of a command that ended, in lower case.
const BEFORE_CODE: [&str; 5] =
    ["exit code: ", "exit code ", "exited with code ", "exited with exit code ", "exit status "];

/// How many bytes at a text's end are looked at: agents add the code there.
const TAIL_BYTES: usize = 512;
/// How many at its beginning.
const HEAD_BYTES: usize = 256;

/// The exit code that a text tells, if it tells one that agents write, not one that a command printed.
pub(crate) fn exit_code(text: &str) -> Option<i64> {
    let head = &text[..text.floor_char_boundary(HEAD_BYTES)];
    let tail = &text[text.ceil_char_boundary(text.len().saturating_sub(TAIL_BYTES))..];
    let of_line = |line: &str| {
        let line = line.trim().trim_start_matches('<').to_ascii_lowercase();
        let at = BEFORE_CODE.iter().find_map(|before| {
            let at = line.find(before)?;
            let starts = line[..at].trim();
            let is_agents = starts.is_empty()
                || starts.ends_with("process")
                || starts.starts_with("shellid")
                || starts.ends_with("command")
                || starts.ends_with("completed with");
            is_agents.then_some(at + before.len())
        })?;
        let digits: String =
            line[at..].chars().take_while(|c| c.is_ascii_digit() || *c == '-').take(12).collect();
        digits.parse().ok()
    };
    tail.lines().rev().find_map(of_line).or_else(|| head.lines().find_map(of_line))
}

/// Why a tool failed, in a line: the code where there is one, which leaves out what the command printed.
pub(crate) fn reason(text: &str) -> Box<str> {
    if let Some(code) = exit_code(text).filter(|code| *code != 0) {
        return format!("exit code {code}").into();
    }
    if let Some(message) = message(text) {
        return short(&message, LINE_CHARS);
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("failed");
    short(first, LINE_CHARS)
}

/// The message of an error that is JSON within a text.
fn message(text: &str) -> Option<String> {
    let error: serde_json::Value = serde_json::from_str(text.trim()).ok()?;
    let message = error.get("message").or_else(|| error.get("error")?.get("message"))?;
    message.as_str().map(str::to_owned)
}

/// Whether a text says that a human stopped the command.
pub(crate) fn is_interruption(text: &str) -> bool {
    ["cancelled by user", "User aborted the command", "User intentionally cancelled", "interrupted by user"]
        .iter()
        .any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_agents_write_them() {
        for (text, code) in [
            ("Exit code 1\ncat: no-such-file: No such file or directory", Some(1)),
            (
                "<untrusted_context>\nOutput: x\nExit Code: 2\nProcess Group PGID: 7\n</untrusted_context>",
                Some(2),
            ),
            ("hello\n<shellId: 0 completed with exit code 0>", Some(0)),
            ("cat: no\n<shellId: 1 completed with exit code 1>", Some(1)),
            ("Command: cat x\nOutput: y\nError: (none)\nExit Code: 1\nSignal: (none)", Some(1)),
            ("Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess", Some(0)),
            ("Process exited with code 101\n", Some(101)),
            ("the docs say that grep has exit code 1 without a match", None),
            ("hello", None),
            ("", None),
        ] {
            assert_eq!(exit_code(text), code, "{text}");
        }
    }

    #[test]
    fn a_reason_is_the_code_or_the_first_line() {
        assert_eq!(&*reason("Exit code 1\nsecret output"), "exit code 1");
        assert_eq!(
            &*reason("\"requestedSchema.properties\": Required"),
            "\"requestedSchema.properties\": Required"
        );
        assert_eq!(&*reason("{\"message\":\"no\",\"code\":null}"), "no");
        assert_eq!(&*reason("  \n"), "failed");
    }
}

//! The line that an agent runs for a hook, and how it is known again. Pure.

/// What every such line has behind the program.
const SIGN: &str = " hook --agent ";
/// The program's name, or how it begins.
const PROGRAM: &str = "arcane";

/// What a shell does with a line for an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// An agent that goes on if the program is gone.
    Plain,
    /// An agent that stops for a program that is gone, or shows what the shell says of it.
    CannotFail,
    /// An agent that wants an answer, and goes on with an empty one.
    Answers,
}

/// A line for a shell.
pub(crate) fn line(program: &str, agent: &str, more: &[&str], care: Care) -> String {
    let mut line = format!("{}{SIGN}{agent}", quoted(program));
    for word in more {
        line.push(' ');
        line += &quoted(word);
    }
    match care {
        Care::Plain => line,
        Care::CannotFail => line + " 2>/dev/null || true",
        Care::Answers => line + " 2>/dev/null; echo '{}'",
    }
}

/// Whether a line runs this program's hook, in whichever folder, version or form.
pub(crate) fn is_ours(line: &str) -> bool {
    line.split_once(SIGN).is_some_and(|(program, _)| {
        let program = program.trim_end_matches(['\'', '"']);
        let name = program.rsplit(['/', '\\', '\'', '"', ' ']).next().unwrap_or_default();
        name.starts_with(PROGRAM)
    })
}

/// The program that such a line runs.
pub(crate) fn program(line: &str) -> Option<String> {
    let (program, _) = line.split_once(SIGN)?;
    let quoted = program.strip_prefix('\'').and_then(|program| program.strip_suffix('\''));
    Some(quoted.map_or_else(|| program.to_owned(), |program| program.replace("'\\''", "'")))
}

/// A word as a shell of POSIX reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_known_again_and_no_other_is() {
        for program in
            ["/usr/local/bin/arcane", "arcane", "/home/a b/it's/arcane", "/opt/arcane-1.2/bin/arcane-1.2"]
        {
            for care in [Care::Plain, Care::CannotFail, Care::Answers] {
                let line = line(program, "copilot", &["--event", "sessionStart"], care);
                assert!(is_ours(&line), "{line}");
                assert_eq!(super::program(&line).as_deref(), Some(program));
            }
        }
        for line in
            ["prettier --write", "/usr/bin/other hook --agent claude", "arcane tail", "echo arcane", ""]
        {
            assert!(!is_ours(line), "{line}");
        }
    }
}

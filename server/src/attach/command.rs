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

/// Whether a line is one that `arcane attach` writes where it would write another: the same but for the program, the server, the room and how long it may wait.
pub(crate) fn is_written(line: &str, would: &str) -> bool {
    let parts = |line: &str| {
        let (program, rest) = line.split_once(SIGN)?;
        let is_absolute = program.trim_start_matches('\'').starts_with('/');
        Some((is_absolute, without(rest, &["--url", "--room", "--hold"])?))
    };
    is_ours(line) && parts(line).is_some_and(|said| parts(would) == Some(said))
}

/// The words of a line without some options and their values; `None`: it is not quoted as it would be.
fn without(line: &str, options: &[&str]) -> Option<Vec<String>> {
    let (mut words, mut kept) = (words(line)?.into_iter(), Vec::new());
    while let Some(word) = words.next() {
        if options.contains(&word.as_str()) {
            words.next()?;
        } else {
            kept.push(word);
        }
    }
    Some(kept)
}

/// What an option of a line says.
pub(crate) fn option(line: &str, option: &str) -> Option<String> {
    let words = words(line.split_once(SIGN)?.1)?;
    words.iter().position(|word| word == option).and_then(|at| words.get(at + 1).cloned())
}

/// The words of a line, read as `quoted` writes them.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' if !is_quoted => words.extend(word.take()),
            '\\' if !is_quoted => word.get_or_insert_default().push(rest.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (!is_quoted).then_some(words)
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
        let would = line("/bin/arcane", "copilot", &["--event", "stop"], Care::CannotFail);
        let more = ["--event", "stop", "--url", "http://a b'c", "--room", "x"];
        let other = line("/it's/arcane", "copilot", &more, Care::CannotFail);
        assert!(is_written(&other, &would) && option(&other, "--url").as_deref() == Some("http://a b'c"));
        for by_hand in [
            line("arcane", "copilot", &["--event", "stop"], Care::CannotFail),
            line("/bin/arcane", "copilot", &["--event", "stop"], Care::Plain),
            format!("{would} &"),
            would.replace("stop", "stop --verbose"),
        ] {
            assert!(!is_written(&by_hand, &would), "{by_hand}");
        }
        for line in
            ["prettier --write", "/usr/bin/other hook --agent claude", "arcane tail", "echo arcane", ""]
        {
            assert!(!is_ours(line), "{line}");
        }
    }
}

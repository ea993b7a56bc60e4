//! What a command writes that another may run: `echo git push | sh`. Pure.

use super::lexer::Words;
use super::program;
use super::runners::Places;

/// Programs that write their words.
const WRITERS: [&str; 5] = ["echo", "printf", "print", "yes", "write-output"];

/// Whether what a part of a command writes may come to another part: through a pipe, or in a substitution.
pub(super) fn passes_on(command: &str) -> bool {
    ["|", "<(", ">(", "$(", "`"].iter().any(|operator| command.contains(operator))
}

/// The texts that a command writes: its words as one, each as one, and what their escapes stand for.
pub(super) fn said(command: &Words, places: &Places) -> Vec<String> {
    let words = &command.words;
    let Some((at, name)) = places
        .programs
        .iter()
        .map(|at| (*at, program(&words[*at])))
        .find(|(_, name)| WRITERS.contains(&name.as_str()))
    else {
        return Vec::new();
    };
    let mut words = &words[at + 1..];
    while let Some((_, rest)) = words.split_first().filter(|(first, _)| first.starts_with('-')) {
        words = rest;
    }
    let Some((first, rest)) = words.split_first() else { return Vec::new() };
    let mut texts =
        vec![words.join("\n"), if name == "printf" { formatted(first, rest) } else { words.join(" ") }];
    if texts[1].contains('\\') {
        texts.push(format!("eval $'{}'", texts[1].replace('\'', "\\'")));
    }
    texts
}

/// What `printf` writes: each `%s` is the next word, and those that are left come after it.
fn formatted(format: &str, words: &[String]) -> String {
    let mut words = words.iter();
    let mut parts = format.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let kind = part.find(|c: char| c.is_ascii_alphabetic());
        out.push_str(words.next().map_or("", String::as_str));
        out.push_str(kind.map_or(part, |at| &part[at + 1..]));
    }
    words.fold(out, |out, word| out + " " + word)
}

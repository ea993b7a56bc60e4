//! What an agent asks leave for, whole, as lines: a command as it is, a change as what goes and comes, anything else as JSON.

use arcane_shared::counted;
use arcane_shared::visible::{self, Part};
use serde_json::{Map, Value};

use super::diff::{Change, diff};

/// Most lines that stand alone; what is beyond follows in the last one.
const LINES_MAX: usize = 2_000;
/// Most signs of hidden characters that stand apart; those beyond are written as text.
const SIGNS_MAX: usize = 2_000;
/// Most kinds of hidden characters that are named.
const NAMED_MAX: usize = 6;
/// How a patch of Codex begins.
const PATCH: &str = "*** Begin Patch";

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line of what is shown.
    Plain,
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It says what the next lines are of.
    Head,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is.
    pub kind: Kind,
    /// Its number; 0: it has none.
    pub number: usize,
    /// Its text.
    pub parts: Vec<Part>,
}

/// A whole input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// All of it.
    pub lines: Vec<Line>,
    /// What it is, and how long.
    pub says: String,
    /// What the agent says of it; empty: nothing.
    pub note: Vec<Part>,
    /// Which characters were made visible; empty: none.
    pub hidden: String,
}

/// Shows an input whole.
#[must_use]
pub fn shown(input: &Value) -> Shown {
    let mut made = Made::default();
    let mut rest = input.as_object().cloned().unwrap_or_default();
    let says = match input {
        Value::Object(_) => of_object(&mut rest, &mut made),
        Value::String(text) => Some(made.text("text", text)),
        _ => None,
    };
    let note = says.as_ref().and_then(|_| rest.remove("description")).filter(Value::is_string);
    let note = note.as_ref().and_then(Value::as_str).unwrap_or_default();
    let says = says.unwrap_or_else(|| {
        rest.clear();
        made.text("input", &format!("{input:#}"))
    });
    // In the order in which they were written.
    let written = input.as_object().into_iter().flatten();
    for (name, value) in written.filter(|(name, _)| rest.contains_key(*name)) {
        let value = value.as_str().map_or_else(|| format!("{value:#}"), str::to_owned);
        made.add(Kind::Head, 0, name);
        for line in split(&value) {
            made.add(Kind::Plain, 0, line);
        }
    }
    let note = made.parts(note);
    Shown { says, note, hidden: made.hidden(), lines: made.lines }
}

/// Takes what a known kind of input is about out of it, and says what that is; `None`: it is of no known kind.
fn of_object(rest: &mut Map<String, Value>, made: &mut Made) -> Option<String> {
    if let Some(command) = rest.get("command").and_then(command) {
        rest.remove("command");
        return Some(if is_patch(&command) { made.patch(&command) } else { made.text("command", &command) });
    }
    for name in ["patch", "diff", "input"] {
        if text_of(rest, name).is_some_and(|text| is_patch(&text)) {
            return take(rest, name).map(|text| made.patch(&text));
        }
    }
    if let Some(plan) = take(rest, "plan") {
        return Some(made.text("plan", &plan));
    }
    let edits = edits(rest);
    let is_file =
        edits.is_none() && text_of(rest, "content").is_some() && text_of(rest, "file_path").is_some();
    if edits.is_none() && !is_file {
        return None;
    }
    if let Some(path) = take(rest, "file_path") {
        made.add(Kind::Head, 0, &path);
    }
    match edits {
        Some(edits) => Some(made.change(&edits)),
        None => take(rest, "content").map(|content| made.file(&content)),
    }
}

fn text_of(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_owned)
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    let text = text_of(fields, name)?;
    fields.remove(name);
    Some(text)
}

/// What is replaced by what, taken out of an input: once, or several times in one file.
fn edits(fields: &mut Map<String, Value>) -> Option<Vec<[String; 2]>> {
    let edit = |of: &Map<String, Value>| Some([text_of(of, "old_string")?, text_of(of, "new_string")?]);
    if let Some(one) = edit(fields) {
        fields.remove("old_string");
        fields.remove("new_string");
        return Some(vec![one]);
    }
    let all = fields.get("edits")?.as_array()?;
    // An edit that says more than this is shown as it is.
    let known = |of: &Value| of.as_object().filter(|of| of.len() == 2).and_then(edit);
    let edits: Option<Vec<_>> = all.iter().map(known).collect();
    edits.inspect(|_| drop(fields.remove("edits")))
}

/// A command line, or its words as one would write them in a shell.
fn command(value: &Value) -> Option<String> {
    match value {
        Value::String(line) => Some(line.clone()),
        Value::Array(words) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            let words = words?;
            if let [.., last] = words.as_slice()
                && is_patch(last)
            {
                return Some((*last).to_owned()).filter(|_| words.len() == 2 && words[0] == "apply_patch");
            }
            Some(words.into_iter().map(quoted).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        ["'", &word.replace('\'', "'\\''"), "'"].concat()
    }
}

fn is_patch(text: &str) -> bool {
    [PATCH, "diff --git ", "--- "].iter().any(|begin| text.trim_start().starts_with(begin))
}

/// The lines of a text, without what ends them.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let last = text.matches('\n').count();
    let line = move |(n, line): (usize, _)| if n < last { strip(line) } else { line };
    text.split('\n').enumerate().map(line)
}

fn strip(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

/// What is made of an input.
#[derive(Default)]
struct Made {
    lines: Vec<Line>,
    signs: usize,
    /// Each hidden character, and how often it stands there.
    found: Vec<(char, usize)>,
    /// The word before the first of them.
    after: String,
}

impl Made {
    fn add(&mut self, kind: Kind, number: usize, text: &str) {
        let mut parts = self.parts(text);
        let is_full = self.lines.len() >= LINES_MAX;
        match self.lines.last_mut().filter(|_| is_full) {
            Some(last) => {
                let sign = ["\n", "\n+ ", "\n- ", "\n"][kind as usize];
                last.parts.push(Part::Text(sign.into()));
                last.parts.append(&mut parts);
            }
            None => self.lines.push(Line { kind, number, parts }),
        }
    }

    fn parts(&mut self, text: &str) -> Vec<Part> {
        let parts = visible::parts(text);
        let mut before = "";
        for part in &parts {
            match part {
                Part::Text(text) => before = text,
                Part::Hidden(c, count) => {
                    if self.found.is_empty() {
                        self.after = before.split_whitespace().next_back().unwrap_or_default().to_owned();
                    }
                    match self.found.iter_mut().find(|(known, _)| known == c) {
                        Some((_, all)) => *all += count,
                        None => self.found.push((*c, *count)),
                    }
                }
            }
        }
        self.signs += parts.len() / 2;
        if self.signs > SIGNS_MAX { vec![Part::Text(visible::lines(text).into_owned())] } else { parts }
    }

    /// A text with its lines numbered.
    fn text(&mut self, what: &str, text: &str) -> String {
        let mut count = 0;
        for line in split(text) {
            count += 1;
            self.add(Kind::Plain, count, line);
        }
        let characters = counted(text.chars().count() as u64, "character");
        ["whole ", what, " · ", &counted(count as u64, "line"), " · ", &characters].concat()
    }

    fn file(&mut self, content: &str) -> String {
        let mut count = 0;
        for line in split(content.strip_suffix('\n').unwrap_or(content)) {
            count += 1;
            self.add(Kind::Added, count, line);
        }
        let characters = counted(content.chars().count() as u64, "character");
        ["whole file · ", &counted(count as u64, "line"), " · ", &characters].concat()
    }

    fn change(&mut self, edits: &[[String; 2]]) -> String {
        let mut counts = [0_u64; 2];
        for (n, [old, new]) in edits.iter().enumerate() {
            if edits.len() > 1 {
                self.add(Kind::Head, 0, &["edit ", &(n + 1).to_string()].concat());
            }
            for (change, line) in diff(old, new) {
                let kind = match change {
                    Change::Same => Kind::Plain,
                    Change::Removed => Kind::Removed,
                    Change::Added => Kind::Added,
                };
                counts[0] += u64::from(kind == Kind::Removed);
                counts[1] += u64::from(kind == Kind::Added);
                self.add(kind, 0, line);
            }
        }
        ["whole edit · ", &counted(counts[0], "line"), " out, ", &counts[1].to_string(), " in"].concat()
    }

    fn patch(&mut self, text: &str) -> String {
        for line in split(text) {
            let kind = match line.as_bytes().first() {
                _ if ["*** ", "@@", "diff ", "+++ ", "--- "].iter().any(|begin| line.starts_with(begin)) => {
                    Kind::Head
                }
                Some(b'+') => Kind::Added,
                Some(b'-') => Kind::Removed,
                _ => Kind::Plain,
            };
            // The sign stands beside the line.
            let sign = [" ", "+", "-", ""][kind as usize];
            self.add(kind, 0, line.strip_prefix(sign).unwrap_or(line));
        }
        let lines = counted(split(text).count() as u64, "line");
        ["whole patch · ", &lines, " · ", &counted(text.chars().count() as u64, "character")].concat()
    }

    /// How many characters were made visible, and which.
    fn hidden(&self) -> String {
        let all: usize = self.found.iter().map(|(_, count)| count).sum();
        if all == 0 {
            return String::new();
        }
        let name = |(c, count): &(char, usize)| {
            let (code, name) = (code(*c), visible::name_of(*c));
            let name = if name.is_empty() { String::new() } else { [", ", name].concat() };
            let count =
                if self.found.len() > 1 { [" (", &count.to_string(), ")"].concat() } else { String::new() };
            [code, name, count].concat()
        };
        let named = self.found.iter().take(NAMED_MAX).map(name).collect::<Vec<_>>().join("; ");
        let more = self.found.len().saturating_sub(NAMED_MAX);
        let more =
            if more > 0 { ["; and ", &counted(more as u64, "other kind")].concat() } else { String::new() };
        let after = if all == 1 && !self.after.is_empty() {
            [", after “", &visible::line(&self.after, 24), "”"].concat()
        } else {
            String::new()
        };
        [&counted(all as u64, "invisible character"), " made visible: ", &named, &more, &after].concat()
    }
}

/// A character's number, as Unicode writes it.
#[must_use]
pub fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests;

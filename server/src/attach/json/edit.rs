//! A member more or less in a text of JSON; every other byte stays. Pure.

use serde_json::Value;

use super::super::flaw::Flaw;
use super::super::marked::Marked;
use super::Step;
use super::place::{self, Container};
use super::read::{Tree, tree};

/// Appends an element to the array at a path. Its text is one line.
pub(super) fn append(marked: &mut Marked, path: &[Step], value: &Value) -> Result<(), Flaw> {
    add(marked, path, &line(value))
}

/// Adds a property to the object at a path, behind all others.
pub(super) fn add_property(
    marked: &mut Marked,
    path: &[Step],
    name: &str,
    value: &Value,
) -> Result<(), Flaw> {
    add(marked, path, &format!("{}: {}", Value::from(name), line(value)))
}

fn add(marked: &mut Marked, path: &[Step], member: &str) -> Result<(), Flaw> {
    let pieces = {
        let text = &marked.text;
        let tree = tree(text)?;
        let container = place::node(&tree.root, path).and_then(place::container);
        let container = container
            .ok_or_else(|| Flaw::at(text, 0, "there is no object or array where one was expected"))?;
        pieces(text, &tree, &container, member)
    };
    for (at, piece) in pieces.into_iter().rev() {
        marked.insert(at, &piece);
    }
    Ok(())
}

/// What has to be inserted where, in order, for a member to be the last of its container.
fn pieces(text: &str, tree: &Tree<'_>, container: &Container, member: &str) -> Vec<(usize, String)> {
    let Container { open, close, members } = container;
    let newline = place::newline(text);
    let (outer, _) = place::line_start(text, *open);
    let inner = format!("{outer}{}", place::indentation(text));
    let Some(&(start, end)) = members.last() else {
        let at = place::last_comment(tree, *open, *close).unwrap_or(*open);
        let tail = if open == close { format!("{newline}{outer}") } else { String::new() };
        return vec![(at, format!("{newline}{inner}{member}{tail}"))];
    };
    let inner = match place::line_start(text, start) {
        (blanks, true) => blanks.to_owned(),
        _ => inner,
    };
    // What is said of the last member on its line stays on that line.
    let at = place::behind(text, tree, end, *close);
    let member = format!("{newline}{inner}{member}");
    if at == end { vec![(end, format!(",{member}"))] } else { vec![(end, ",".into()), (at, member)] }
}

/// Replaces the value at a path.
pub(super) fn replace(text: &str, path: &[Step], value: &Value) -> Result<String, Flaw> {
    use jsonc_parser::common::Ranged;

    let tree = tree(text)?;
    let Some(node) = place::node(&tree.root, path) else { return Ok(text.to_owned()) };
    let range = node.range();
    Ok(format!("{}{}{}", &text[..range.start], line(value), &text[range.end..]))
}

/// The text without the member at a path, its comma and the blanks before it.
pub(super) fn remove(text: &str, path: &[Step]) -> Result<String, Flaw> {
    let tree = tree(text)?;
    let Some((last, above)) = path.split_last() else { return Ok(text.to_owned()) };
    let Some(parent) = place::node(&tree.root, above) else { return Ok(text.to_owned()) };
    let (Some(container), Some(n)) = (place::container(parent), place::index(parent, last)) else {
        return Ok(text.to_owned());
    };
    let Container { open, close, members } = container;
    let (start, end) = members[n];
    let (token_end, is_line_comment) = place::token_before(text, &tree, start);
    let (mut cuts, mut after) = (Vec::new(), end);
    if let Some((next, _)) = members.get(n + 1) {
        if let Some(comma) = place::comma(&tree, end, *next) {
            (cuts, after) = (vec![(comma, comma + 1)], comma + 1);
        }
    } else if let Some((_, before)) = n.checked_sub(1).map(|n| members[n])
        && let Some(comma) = place::comma(&tree, before, start)
    {
        cuts.push((comma, comma + 1));
    }
    let goes_on_below = text[after..].trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let from = if is_line_comment && !goes_on_below { start } else { token_end };
    let alone = members.len() == 1 && token_end == open && text[end..close].trim().is_empty();
    cuts.push((from, if alone { close } else { end }));
    cuts.sort_unstable();
    let mut rest = text.to_owned();
    for (from, to) in cuts.into_iter().rev() {
        rest.replace_range(from..to, "");
    }
    Ok(rest)
}

/// A value in one line, with a blank behind what separates.
pub(super) fn line(value: &Value) -> String {
    match value {
        Value::Array(all) if all.is_empty() => "[]".into(),
        Value::Object(all) if all.is_empty() => "{}".into(),
        Value::Array(all) => format!("[{}]", all.iter().map(line).collect::<Vec<_>>().join(", ")),
        Value::Object(all) => {
            let all = all.iter().map(|(name, value)| format!("{}: {}", Value::from(&**name), line(value)));
            format!("{{ {} }}", all.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

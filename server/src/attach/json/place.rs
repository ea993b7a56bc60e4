//! Where in a text a value stands, and how its surroundings are laid out. Pure.

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};

use super::Step;
use super::read::{Tree, is_comment};

/// An object or an array in a text: its brackets, and what is in it.
#[derive(Debug)]
pub(super) struct Container {
    /// Behind the bracket that opens it.
    pub(super) open: usize,
    /// Before the bracket that closes it.
    pub(super) close: usize,
    /// From the first to the last byte of each member; of a property its name, too.
    pub(super) members: Vec<(usize, usize)>,
}

/// The node at a path.
pub(super) fn node<'t, 'a>(root: &'t Node<'a>, path: &[Step]) -> Option<&'t Node<'a>> {
    let Some((step, rest)) = path.split_first() else { return Some(root) };
    match (root, step) {
        (Node::Object(object), Step::Key(key)) => {
            node(&object.properties.iter().find(|one| one.name.as_str() == key)?.value, rest)
        }
        (Node::Array(array), Step::Index(n)) => node(array.elements.get(*n)?, rest),
        _ => None,
    }
}

pub(super) fn container(node: &Node<'_>) -> Option<Container> {
    let (range, members) = match node {
        Node::Object(object) => {
            let members = object.properties.iter().map(|one| (one.range.start, one.range.end));
            (object.range, members.collect())
        }
        Node::Array(array) => {
            let members = array.elements.iter().map(|one| (one.range().start, one.range().end));
            (array.range, members.collect())
        }
        _ => return None,
    };
    Some(Container { open: range.start + 1, close: range.end - 1, members })
}

/// Which member of its container a step leads to.
pub(super) fn index(node: &Node<'_>, step: &Step) -> Option<usize> {
    match (node, step) {
        (Node::Object(object), Step::Key(key)) => {
            object.properties.iter().position(|one| one.name.as_str() == key)
        }
        (Node::Array(array), Step::Index(n)) => (*n < array.elements.len()).then_some(*n),
        _ => None,
    }
}

/// The end of the last token or comment that ends at `at` or before; whether it is a comment to the end of its line.
pub(super) fn token_before(text: &str, tree: &Tree<'_>, at: usize) -> (usize, bool) {
    let last = tree.tokens.iter().take_while(|token| token.range.end <= at).last();
    last.map_or((0, false), |token| {
        (token.range.end, is_comment(token) && text[token.range.start..].starts_with("//"))
    })
}

/// The comma between two positions.
pub(super) fn comma(tree: &Tree<'_>, from: usize, to: usize) -> Option<usize> {
    let mut between = tree.tokens.iter().filter(|token| token.range.start >= from && token.range.end <= to);
    between.find(|token| matches!(token.token, Token::Comma)).map(|token| token.range.start)
}

/// The end of what stands behind a position on its line, and in a container that ends at `close`: comments.
pub(super) fn behind(text: &str, tree: &Tree<'_>, at: usize, close: usize) -> usize {
    let mut end = at;
    for comment in tree
        .tokens
        .iter()
        .filter(|token| is_comment(token) && token.range.start >= at && token.range.end <= close)
    {
        if text[end..comment.range.start].contains('\n') {
            break;
        }
        end = comment.range.end;
    }
    end
}

/// The end of the last comment between two positions.
pub(super) fn last_comment(tree: &Tree<'_>, from: usize, to: usize) -> Option<usize> {
    let within =
        |token: &&TokenAndRange<'_>| is_comment(token) && token.range.start >= from && token.range.end <= to;
    tree.tokens.iter().rfind(within).map(|token| token.range.end)
}

/// How lines end.
pub(super) fn newline(text: &str) -> &'static str {
    if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" }
}

/// By what members are further in than their container: a tab, or some blanks.
pub(super) fn indentation(text: &str) -> String {
    let lines = text.lines().skip(1);
    let indented = lines.map(|line| (line, line.trim_start_matches([' ', '\t'])));
    let first = indented
        .filter(|(line, rest)| line.len() > rest.len() && !rest.is_empty())
        .map(|(line, rest)| &line[..line.len() - rest.len()])
        .next();
    match first {
        Some(blanks) if blanks.starts_with('\t') => "\t".into(),
        Some(blanks) if blanks.len() <= 8 => blanks.into(),
        _ => "  ".into(),
    }
}

/// The blanks with which the line of a position begins, and whether nothing else stands before the position.
pub(super) fn line_start(text: &str, at: usize) -> (&str, bool) {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..at].trim_start_matches('\u{feff}');
    let rest = line.trim_start_matches([' ', '\t']);
    (&line[..line.len() - rest.len()], rest.is_empty())
}

//! A text as its agent reads it, or why the agent would not. Pure.

use jsonc_parser::ast::{Object, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde_json::Value;

use super::super::flaw::Flaw;

/// What an agent takes besides JSON. Measured with the agents' own programs; where that was not possible, nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Habits {
    /// Comments.
    pub(crate) comments: bool,
    /// A byte order mark.
    pub(crate) bom: bool,
}

/// A text that was read.
pub(super) struct Tree<'a> {
    /// The nodes and where they stand.
    pub(super) root: Node<'a>,
    /// Every token and comment, in order.
    pub(super) tokens: Vec<TokenAndRange<'a>>,
}

/// The value of a text, if its agent would read it.
///
/// # Errors
/// If the agent would not take it: the first reason, with its place.
pub(crate) fn read(text: &str, habits: Habits) -> Result<Value, Flaw> {
    if text.starts_with('\u{feff}') && !habits.bom {
        return Err(Flaw::at(
            text,
            0,
            "the file begins with a byte order mark, which its agent does not take; save it as UTF-8 without one",
        ));
    }
    let tree = tree(text)?;
    let comment = tree.tokens.iter().find(|token| is_comment(token));
    if let Some(comment) = comment.filter(|_| !habits.comments) {
        return Err(Flaw::at(
            text,
            comment.range.start,
            "a comment, which its agent does not take: it would ignore the whole file; remove it",
        ));
    }
    if let Node::Object(object) = &tree.root {
        one_of_each(text, object)?;
    }
    // Once more by a parser that has no leniency at all.
    let plain = without_comments(text, &tree);
    let plain = plain.trim_start_matches('\u{feff}');
    serde_json::from_str(plain).map_err(|error| Flaw {
        line: error.line(),
        column: error.column(),
        what: error.to_string(),
    })
}

/// The nodes of a text that may have comments.
pub(super) fn tree(text: &str) -> Result<Tree<'_>, Flaw> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
    let options = ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &collect, &options)
        .map_err(|error| Flaw::at(text, error.range().start, error.kind().to_string()))?;
    let root = parsed.value.ok_or_else(|| {
        Flaw::at(text, text.len(), "there is nothing but blanks and comments; settings are an object: {}")
    })?;
    Ok(Tree { root, tokens: parsed.tokens.unwrap_or_default() })
}

pub(super) fn is_comment(token: &TokenAndRange<'_>) -> bool {
    matches!(token.token, Token::CommentLine(_) | Token::CommentBlock(_))
}

/// Agents take the last of two settings of one name; who reads the file may think of the first.
fn one_of_each(text: &str, object: &Object<'_>) -> Result<(), Flaw> {
    for (n, property) in object.properties.iter().enumerate() {
        let name = property.name.as_str();
        if object.properties[..n].iter().any(|earlier| earlier.name.as_str() == name) {
            return Err(Flaw::at(
                text,
                property.range.start,
                format!("{name:?} is there a second time; keep one"),
            ));
        }
        if let Node::Object(inner) = &property.value {
            one_of_each(text, inner)?;
        }
    }
    Ok(())
}

/// The text with blanks in place of comments, so that lines and columns stay.
fn without_comments(text: &str, tree: &Tree<'_>) -> String {
    let mut plain = text.to_owned();
    for comment in tree.tokens.iter().filter(|token| is_comment(token)) {
        let range = comment.range().start..comment.range().end;
        let blank: String =
            text[range.clone()].chars().map(|c| if matches!(c, '\n' | '\r') { c } else { ' ' }).collect();
        // A character of several bytes becomes one blank: what stands behind it moves, so it is filled up.
        let blank = format!("{blank}{}", " ".repeat(range.len() - blank.len()));
        plain.replace_range(range, &blank);
    }
    plain
}

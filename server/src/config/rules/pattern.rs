//! The pattern of a rule's `path`: names between slashes, with `*`, `?` and `**`. Pure.
//!
//! Own and small instead of a crate's: lists and classes of a glob are one more thing to get wrong where a mistake lets an agent write, and the two readings need
//! different answers to dots, case and where a pattern begins. What is not understood is refused when the file is read.

use super::paths::{EagerPath, StrictPath};
use super::wildcard::matches_name;

/// Most names of a pattern.
const PARTS_MAX: usize = 32;

/// A pattern of paths. `*` stands for any letters of one name, `?` for one of them, `**` for any number of folders. A relative pattern begins at the project's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    is_absolute: bool,
    parts: Vec<Part>,
    /// As eager readings compare it: in lower case.
    lower: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`
    Folders,
    /// A name, which may have `*` and `?`.
    Name(String),
}

impl PathPattern {
    /// Longest pattern, bytes.
    pub(super) const BYTES_MAX: usize = 512;

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads what a rule has in `path`.
    pub(super) fn parse(text: &str, allows: bool) -> Result<Self, String> {
        if let Some(unfit) = text.chars().find(|c| "\\[]{}".contains(*c)) {
            return Err(format!(
                "has {unfit:?}; a pattern has names, '/', '*', '?' and '**': write a rule for each of several, and '?' for one odd letter"
            ));
        }
        // A rule does not know where homes are: one that denies means every `.ssh`, one that allows would have to guess.
        let (text, rest) = match text.strip_prefix("~/") {
            Some(rest) if !allows => (text, rest),
            _ => (text, text),
        };
        if allows && let Some(unfit) = rest.chars().find(|c| !matches!(c, ' '..='~') || "~$%!`".contains(*c))
        {
            return Err(format!("has {unfit:?}; paths with it are never allowed by a rule"));
        }
        let is_absolute = rest.starts_with('/');
        let names: Vec<&str> = rest.strip_prefix('/').unwrap_or(rest).split('/').collect();
        if names.len() > PARTS_MAX {
            return Err(format!("has {} names; it has at most {PARTS_MAX}", names.len()));
        }
        if names.last() == Some(&"") {
            return Err(format!(
                "ends in '/'; for all that is in a folder write \"{}/**\"",
                text.trim_end_matches('/')
            ));
        }
        for name in &names {
            match *name {
                "" => return Err("has two slashes in a row".into()),
                "." | ".." => return Err(format!("has {name:?}; write the path without it")),
                "**" => {}
                name if name.contains("**") => {
                    return Err(format!("has {name:?}; '**' stands alone between slashes: \"src/**/*.rs\""));
                }
                _ => {}
            }
        }
        if allows && is_absolute && names[0].trim_matches(['*', '?']).is_empty() {
            return Err(
                "allows files anywhere on the machine; begin with a folder's name: \"/srv/data/**\"".into()
            );
        }
        let part = |name: String| if name == "**" { Part::Folders } else { Part::Name(name) };
        Ok(Self {
            text: text.to_owned(),
            is_absolute,
            lower: names.iter().map(|name| part(name.to_lowercase())).collect(),
            parts: names.into_iter().map(|name| part(name.to_owned())).collect(),
        })
    }

    /// Whether a path can only be one of these. As in a shell, `*`, `?` and `**` do not stand for names that begin with a dot: `**` is no leave to write `.git/config`.
    pub(super) fn allows(&self, path: &StrictPath<'_>) -> bool {
        let names = if self.is_absolute { path.absolute() } else { path.relative() };
        names.is_some_and(|names| !names.is_empty() && fits(&self.parts, &names, true))
    }

    /// Whether some reading of a path comes to one of these, or to a folder whose contents they are. A relative pattern is looked for in every folder.
    pub(super) fn touches(&self, path: &EagerPath) -> bool {
        let anywhere =
            || std::iter::once(Part::Folders).chain(self.lower.iter().cloned()).collect::<Vec<_>>();
        path.is_unread
            || path.readings.iter().any(|names| {
                if self.is_absolute && path.is_absolute {
                    fits(&self.lower, names, false)
                } else {
                    fits(&anywhere(), names, false)
                }
            })
    }
}

/// Whether names are those of a pattern. `strict`: wildcards leave out names that begin with a dot, and a `**` at the end stands for one name or more.
fn fits<S: AsRef<str>>(parts: &[Part], names: &[S], strict: bool) -> bool {
    // Whether the parts so far fit so many names.
    let mut fit = vec![false; names.len() + 1];
    fit[0] = true;
    for (n, part) in parts.iter().enumerate() {
        let mut next = vec![false; names.len() + 1];
        let needs_one = strict && n + 1 == parts.len();
        next[0] = fit[0] && *part == Part::Folders && !needs_one;
        for (at, name) in names.iter().enumerate() {
            let name = name.as_ref();
            next[at + 1] = match part {
                Part::Folders => {
                    let takes = (fit[at] || next[at]) && !(strict && name.starts_with('.'));
                    takes || (fit[at + 1] && !needs_one)
                }
                Part::Name(pattern) => {
                    let is_shown = !strict || !name.starts_with('.') || pattern.starts_with('.');
                    fit[at] && is_shown && matches_name(pattern, name)
                }
            };
        }
        fit = next;
    }
    fit[names.len()]
}

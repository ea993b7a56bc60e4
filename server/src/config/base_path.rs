//! What stands before every route. Pure.

use std::str::FromStr;

/// Longest base path, bytes.
const LEN_MAX: usize = 200;

/// The path of a proxy below which the server is, like `/arcane`; empty: the server is at `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

/// What is no base path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no path: write it like /arcane, of letters, digits and . _ ~ - between its slashes")]
pub struct BasePathError(String);

/// Where a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Below<'a> {
    /// This route.
    Route(&'a str),
    /// The base path itself, without the slash that makes it the dashboard's folder.
    Slashless,
    /// Not below it.
    Outside,
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let trimmed = text.trim().trim_end_matches('/');
        let is_part = |part: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
            !matches!(part, "" | "." | "..") && part.bytes().all(plain)
        };
        let is_path = match trimmed.strip_prefix('/') {
            Some(parts) => parts.split('/').all(is_part),
            None => text.trim() == "/",
        };
        if !is_path || trimmed.len() > LEN_MAX {
            return Err(BasePathError(text.into()));
        }
        Ok(Self(trimmed.into()))
    }
}

impl BasePath {
    /// Without a slash at its end; empty for `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where a request's path is.
    pub(crate) fn below<'a>(&self, path: &'a str) -> Below<'a> {
        match path.strip_prefix(self.0.as_str()) {
            Some(route) if route.starts_with('/') => Below::Route(route),
            Some("") => Below::Slashless,
            _ => Below::Outside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_begins_with_a_slash_and_has_plain_parts() {
        for (text, is) in [("/arcane", "/arcane"), (" /a/b.c/ ", "/a/b.c"), ("/", "")] {
            assert_eq!(text.parse::<BasePath>().map(|path| path.0), Ok(is.into()), "{text}");
        }
        for text in ["", "arcane", "//", "/a//b", "/a b", "/a?b", "/../a", "/.", "/ä", "http://a/b"] {
            assert!(text.parse::<BasePath>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_whole_parts_are_below() {
        let base: BasePath = "/arcane".parse().unwrap();
        assert_eq!(base.below("/arcane/events"), Below::Route("/events"));
        assert_eq!(base.below("/arcane/"), Below::Route("/"));
        assert_eq!(base.below("/arcane"), Below::Slashless);
        for path in ["/", "/arcanes", "/events", "/Arcane/", "*"] {
            assert_eq!(base.below(path), Below::Outside, "{path}");
        }
        assert_eq!(BasePath::default().below("/events"), Below::Route("/events"));
    }
}

//! Which versions of nats-server rooms can be kept on. Pure.

use std::fmt;

/// A version as a server says it, for example `2.15.1` or `2.12.0-beta.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    numbers: [u32; 3],
    /// What stands behind the numbers of a version that is not released; empty for one that is.
    suffix: String,
}

/// The oldest that has atomic batches, and checks that hold when a stream's leader changes.
pub const OLDEST: Version = Version::released(2, 12, 0);
/// The oldest that writes many messages of a stream through to the disk at once, and was tried.
pub const RECOMMENDED: Version = Version::released(2, 15, 1);

/// What a version is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Everything.
    Good,
    /// It works, with this reservation.
    Old(String),
    /// Rooms cannot be kept on it, and why.
    TooOld(String),
}

impl Version {
    const fn released(major: u32, minor: u32, patch: u32) -> Self {
        Self { numbers: [major, minor, patch], suffix: String::new() }
    }

    /// Reads a version; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let text = text.split('+').next().unwrap_or_default();
        let (numbers, suffix) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = numbers.split('.').map(|part| part.parse().ok());
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then(|| Self { numbers, suffix: suffix.to_owned() })
    }

    /// Returns whether it is older: one that is not released is older than the release of its numbers.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        let key = |version: &Self| (version.numbers, version.suffix.is_empty());
        key(self) < key(other)
    }

    /// What it is good for.
    #[must_use]
    pub fn fit(&self) -> Fit {
        if self.is_before(&OLDEST) {
            Fit::TooOld(format!(
                "nats-server {self} is too old to keep rooms: it has no atomic batches, and checks that a change of a stream's \
                 leader may break. Install {RECOMMENDED} or newer"
            ))
        } else if self.is_before(&RECOMMENDED) {
            Fit::Old(format!(
                "nats-server {self} keeps rooms, but writes each message through to the disk alone where sync_interval is \
                 always, ten times slower than {RECOMMENDED}. Install {RECOMMENDED} or newer"
            ))
        } else {
            Fit::Good
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if self.suffix.is_empty() { Ok(()) } else { write!(f, "-{}", self.suffix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_what_it_is_good_for() {
        let of = |text: &str| Version::parse(text).map(|version| version.fit());
        for good in ["2.15.1", "v2.15.1", "2.15.2-RC.1", "2.16.0", "3.0.0", "2.15.1+deb"] {
            assert_eq!(of(good), Some(Fit::Good), "{good}");
        }
        for old in ["2.12.0", "2.14.6", "2.15.0", "2.15.1-dev"] {
            assert!(matches!(of(old), Some(Fit::Old(_))), "{old}");
        }
        for old in ["2.12.0-beta.1", "2.11.9", "2.9.10", "1.4.1"] {
            assert!(matches!(of(old), Some(Fit::TooOld(_))), "{old}");
        }
        for none in ["", "2", "2.15", "2.15.x", "2.15.1.1", "-2.15.1", "two"] {
            assert_eq!(of(none), None, "{none}");
        }
        insta::assert_snapshot!(format!("{:?}\n{:?}", of("2.14.6").unwrap(), of("2.12.0-beta.1").unwrap()), @r#"
        Old("nats-server 2.14.6 keeps rooms, but writes each message through to the disk alone where sync_interval is always, ten times slower than 2.15.1. Install 2.15.1 or newer")
        TooOld("nats-server 2.12.0-beta.1 is too old to keep rooms: it has no atomic batches, and checks that a change of a stream's leader may break. Install 2.15.1 or newer")
        "#);
    }
}

//! Which of the server's variables a program sees.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::config::VariableName;

/// What programs need to find their way about; none of it is a secret. `LC_…` is passed as well.
const USUAL: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    // Windows programs do not start without these.
    "SYSTEMROOT",
    "COMSPEC",
    "PATHEXT",
    "TEMP",
    "USERPROFILE",
];

/// Those of `all` that are usual or named.
pub(super) fn passed(
    named: &[VariableName],
    all: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    all.filter(|(name, _)| is_usual(name) || named.iter().any(|other| is_same(name, other.as_str())))
        .collect()
}

/// Says which of these the server's own environment lacks: the program will not see them.
pub(crate) fn announce_missing(program: &Path, named: &[VariableName]) {
    for name in named.iter().filter(|name| std::env::var_os(name.as_str()).is_none()) {
        let (program, variable) = (program.display(), name.as_str());
        tracing::warn!(%program, variable, "pass_env names a variable that the server itself does not have");
    }
}

fn is_usual(name: &OsStr) -> bool {
    USUAL.iter().any(|usual| is_same(name, usual)) || name.as_encoded_bytes().starts_with(b"LC_")
}

fn is_same(name: &OsStr, other: &str) -> bool {
    if cfg!(windows) { name.eq_ignore_ascii_case(other) } else { name == other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_few_pass() {
        let all = ["PATH", "LC_ALL", "ARCANE_TOKEN", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "MY_KEY", "HOME"];
        let all = all.map(|name| (OsString::from(name), OsString::from("x"))).into_iter();
        let named = [VariableName::parse("MY_KEY".into()).unwrap()];
        let names: Vec<_> =
            passed(&named, all).into_iter().map(|(name, _)| name.into_string().unwrap()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "MY_KEY", "HOME"]);
    }
}

//! Settings in JSON: read as strictly as the agent that owns them does, and changed without touching the rest. Pure.

mod edit;
mod own;
mod place;
mod read;
mod shape;
pub(super) mod wanted;

pub(crate) use own::hooked;
pub(crate) use read::{Habits, read};
pub(crate) use shape::Shape;
pub(crate) use wanted::{attach, detach};

use serde_json::Value;

/// What has to stand in a file.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) habits: Habits,
    pub(crate) shape: Shape,
    /// The names that lead to an array, and the entry that has to be in it.
    pub(crate) entries: Vec<(Vec<&'static str>, Value)>,
    /// Settings that stand or fall together.
    pub(crate) settings: Vec<(Vec<&'static str>, Value)>,
    /// What a file has at its top that is made for this.
    pub(crate) frame: Vec<(&'static str, Value)>,
    /// The file is for this alone, whoever made it.
    pub(crate) is_own_file: bool,
}

/// One step from a value to one in it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

fn keys(names: &[&str]) -> Vec<Step> {
    names.iter().map(|name| Step::Key((*name).to_owned())).collect()
}

fn at<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(name) => value.get(name),
        Step::Index(n) => value.get(n),
    })
}

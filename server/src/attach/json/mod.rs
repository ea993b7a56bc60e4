//! Settings in JSON: read as strictly as the agent that owns them does, and changed without touching the rest. Pure.

mod edit;
mod place;
mod read;
mod shape;
pub(super) mod wanted;

pub(crate) use read::{Habits, read};
pub(crate) use shape::Shape;
pub(crate) use wanted::{Wanted, attach, detach, hooked};

/// One step from a value to one in it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

fn keys(names: &[&str]) -> Vec<Step> {
    names.iter().map(|name| Step::Key((*name).to_owned())).collect()
}

//! Which events a reader wants.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ArcaneEvent, DaemonName, SpellName};

/// Most values of one kind in a filter.
pub const FILTER_VALUES_MAX: usize = 64;

/// The parts are combined with *and*; the values of one part with *or*; an empty part lets all pass.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFilter {
    /// Only these spells.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub spell: BTreeSet<SpellName>,
    /// Only these daemons. Events without a daemon do not pass a filter that names any.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub daemon: BTreeSet<DaemonName>,
    /// Only successes, or only failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
}

/// Which part of a filter cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct FilterError {
    /// `spell`, `daemon` or `success`.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl EventFilter {
    /// Reads a filter from comma-separated query values.
    ///
    /// # Errors
    /// Names the part that has an unknown, malformed or superfluous value.
    pub fn from_query(
        spell: Option<&str>,
        daemon: Option<&str>,
        success: Option<&str>,
    ) -> Result<Self, FilterError> {
        Ok(Self {
            spell: parse_list("spell", spell)?,
            daemon: parse_list("daemon", daemon)?,
            success: match success.map(str::trim) {
                None => None,
                Some("true") => Some(true),
                Some("false") => Some(false),
                Some(other) => {
                    return Err(FilterError {
                        field: "success",
                        detail: format!("success is \"true\" or \"false\", not {other:?}"),
                    });
                }
            },
        })
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spell.is_empty() && self.daemon.is_empty() && self.success.is_none()
    }

    /// What passes both filters; `None` if nothing can. A part that is empty lets all pass, so a part for which the two have
    /// no value in common has no filter.
    #[must_use]
    pub fn and(&self, other: &Self) -> Option<Self> {
        let success = match (self.success, other.success) {
            (Some(one), Some(two)) if one != two => return None,
            (one, two) => one.or(two),
        };
        Some(Self {
            spell: common(&self.spell, &other.spell)?,
            daemon: common(&self.daemon, &other.daemon)?,
            success,
        })
    }

    /// Whether an event passes.
    #[must_use]
    pub fn matches(&self, event: &ArcaneEvent) -> bool {
        self.passes(event.spell_name, event.daemon_name.as_ref(), event.success)
    }

    /// Whether an event passes of which only this is known.
    #[must_use]
    pub fn passes(&self, spell: SpellName, daemon: Option<&DaemonName>, success: bool) -> bool {
        (self.spell.is_empty() || self.spell.contains(&spell))
            && (self.daemon.is_empty() || daemon.is_some_and(|name| self.daemon.contains(name)))
            && self.success.is_none_or(|wanted| wanted == success)
    }
}

fn common<T: Ord + Clone>(one: &BTreeSet<T>, two: &BTreeSet<T>) -> Option<BTreeSet<T>> {
    match (one.is_empty(), two.is_empty()) {
        (true, _) => Some(two.clone()),
        (_, true) => Some(one.clone()),
        (false, false) => Some(one & two).filter(|both| !both.is_empty()),
    }
}

fn parse_list<T>(field: &'static str, text: Option<&str>) -> Result<BTreeSet<T>, FilterError>
where
    T: std::str::FromStr<Err: std::fmt::Display> + Ord,
{
    let values: Vec<T> = text
        .into_iter()
        .flat_map(|list| list.split(','))
        .filter(|value| !value.trim().is_empty())
        .map(|value| value.parse().map_err(|error: T::Err| FilterError { field, detail: error.to_string() }))
        .collect::<Result<_, _>>()?;
    if values.is_empty() && text.is_some() {
        // More likely a variable without a value than a wish for all.
        let detail = format!("{field} names nothing; leave it out to have all");
        return Err(FilterError { field, detail });
    }
    if values.len() > FILTER_VALUES_MAX {
        let detail = format!("{field} takes at most {FILTER_VALUES_MAX} values, not {}", values.len());
        return Err(FilterError { field, detail });
    }
    Ok(values.into_iter().collect())
}

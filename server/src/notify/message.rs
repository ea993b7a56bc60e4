//! What a message says. Pure.

use std::collections::BTreeSet;

use arcane_shared::counted::counted;
use arcane_shared::roster::BUDGET_ENDS_AT;
use arcane_shared::{DaemonName, RoomName, visible};

use super::Millis;
use super::sight::Spent;
use super::storms::STORM_COUNT;
use super::watch::Happening;
use crate::config::{Occasion, Placeholder};
use crate::ingest::secrets::masked;

/// Most characters of a line that is told.
const LINE_CHARS: usize = 160;
/// Most lines of a message; what is beyond is counted.
const LINES_MAX: usize = 10;
/// Most daemons that a title names.
const NAMES_MAX: usize = 3;

/// What a target is told, but for the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// `waiting`, `failures`, `budget`, `several` or `test`.
    pub(super) kind: &'static str,
    /// What it is about, in a few words.
    pub(super) title: String,
    /// A line for each thing.
    pub(super) text: String,
    /// Of how many things it tells.
    pub(super) count: usize,
    /// The room of all of them; empty: they are of several.
    pub(super) room: String,
    /// The daemon of all of them; empty: they are of several.
    pub(super) daemon: String,
    /// What its link shows.
    pub(super) shows: Shows,
}

/// What of the page a link shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shows {
    /// The page.
    Page,
    /// What there is of a daemon.
    Daemon(RoomName, DaemonName),
    /// The card of a request, until it ends.
    Request(RoomName, Box<str>, Millis),
}

impl Happening {
    fn line(&self) -> String {
        match self {
            Self::Wait(wait) => {
                let place =
                    if wait.place.is_empty() { String::new() } else { format!(" ({})", shown(&wait.place)) };
                let reason = match shown(&wait.reason) {
                    reason if reason.is_empty() => "waits for an answer".to_owned(),
                    reason => reason,
                };
                format!("{}: {reason}{place}", wait.daemon)
            }
            Self::Storm(storm) => {
                let last = if storm.last.is_empty() {
                    String::new()
                } else {
                    format!(", the last: {}", shown(&storm.last))
                };
                format!("{}: more than {STORM_COUNT} failures within a minute{last}", storm.daemon)
            }
            Self::Budget(Spent { daemon, percent, spent_usd, budget_usd, .. }) => {
                let (spent, budget) = (spent_usd.get(), budget_usd.get());
                format!("{daemon}: {percent} % of its budget of today: ${spent:.2} of ${budget:.2}")
            }
        }
    }

    fn shows(&self) -> Shows {
        match self {
            Self::Wait(wait) => match (&wait.request, wait.expires_at) {
                (Some(request), Some(ends)) => Shows::Request(wait.room.clone(), request.clone(), ends),
                _ => Shows::Daemon(wait.room.clone(), wait.daemon.clone()),
            },
            Self::Storm(_) | Self::Budget(_) => {
                let (room, daemon) = self.place();
                Shows::Daemon(room.clone(), daemon.clone())
            }
        }
    }
}

/// A line as it may leave the server: whoever publishes may have put anything into it.
fn shown(text: &str) -> String {
    visible::line(&masked(text), LINE_CHARS)
}

impl Message {
    /// What tells of several things, the oldest wait first.
    pub(super) fn of(happenings: &[Happening]) -> Self {
        let kinds: BTreeSet<_> = happenings.iter().map(|one| one.occasion().as_str()).collect();
        let rooms: BTreeSet<_> = happenings.iter().map(|one| one.place().0).collect();
        let daemons: BTreeSet<_> = happenings.iter().map(|one| one.place().1).collect();
        let mut lines: Vec<String> = happenings.iter().take(LINES_MAX).map(Happening::line).collect();
        if happenings.len() > LINES_MAX {
            lines.push(format!("and {} more", happenings.len() - LINES_MAX));
        }
        let only = |names: BTreeSet<String>| match names.len() {
            1 => names.into_iter().next().unwrap_or_default(),
            _ => String::new(),
        };
        // One that can be answered from elsewhere comes before one that cannot.
        let request =
            happenings.iter().map(Happening::shows).find(|shows| matches!(shows, Shows::Request(..)));
        Self {
            kind: if kinds.len() == 1 { kinds.first().copied().unwrap_or_default() } else { "several" },
            title: title(happenings, &daemons),
            text: lines.join("\n"),
            count: happenings.len(),
            room: only(rooms.iter().map(ToString::to_string).collect()),
            daemon: only(daemons.iter().map(ToString::to_string).collect()),
            shows: request.or_else(|| happenings.first().map(Happening::shows)).unwrap_or(Shows::Page),
        }
    }

    /// What a target is told to see whether it is told.
    pub(super) fn of_test() -> Self {
        Self {
            kind: "test",
            title: "A test of Arcane".into(),
            text: "This target is told what needs a human.".into(),
            count: 1,
            room: String::new(),
            daemon: String::new(),
            shows: Shows::Page,
        }
    }

    /// What stands in a place of a template.
    pub(super) fn value(&self, place: Placeholder, link: &str) -> String {
        match place {
            Placeholder::Title => self.title.clone(),
            Placeholder::Text => self.text.clone(),
            Placeholder::Count => self.count.to_string(),
            Placeholder::Room => self.room.clone(),
            Placeholder::Daemon => self.daemon.clone(),
            Placeholder::Link => link.to_owned(),
            Placeholder::Kind => self.kind.to_owned(),
        }
    }
}

fn title(happenings: &[Happening], daemons: &BTreeSet<&DaemonName>) -> String {
    let count =
        |occasion: Occasion| happenings.iter().filter(|one| one.occasion() == occasion).count() as u64;
    let [waits, storms, budgets] = Occasion::ALL.map(count);
    let who = if daemons.len() > NAMES_MAX {
        counted(daemons.len() as u64, "agent")
    } else {
        daemons.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let s = if daemons.len() == 1 { "s" } else { "" };
    let are_spent = happenings
        .iter()
        .any(|one| matches!(one, Happening::Budget(spent) if spent.percent >= BUDGET_ENDS_AT));
    match (waits, storms, budgets) {
        (1, 0, 0) => format!("{who} waits for you"),
        (_, 0, 0) => format!("{who} wait{s} for you: {}", counted(waits, "question")),
        (0, _, 0) => format!("{who} fail{s} again and again"),
        (0, 0, _) if are_spent => format!("{who}: the budget of today is spent"),
        (0, 0, _) => format!("{who}: most of the budget of today is spent"),
        _ => {
            let parts = [
                (waits > 0).then(|| counted(waits, "question")),
                (storms > 0).then(|| "failures".to_owned()),
                (budgets > 0).then(|| "budgets".to_owned()),
            ];
            format!("{who}: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests;

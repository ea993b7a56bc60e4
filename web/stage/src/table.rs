//! The table of daemons: who needs a human first, then who is here, by project and machine, subagents below who started them.

use arcane_shared::roster::DaemonState;
use arcane_shared::{Timestamp, UnixMillis};

use crate::daemons::{self, Daemons};
use crate::guarded;
use crate::states::{Group, State, group_in, group_of, state_of};

/// Deepest indentation, however long a line of subagents is.
pub const DEPTH_MAX: usize = 6;
/// From so many daemons that are present on, the idle ones of a group are one line until it is opened.
pub const FOLD_FROM: usize = 25;
/// Of more that need a human, as many have rows until the others are asked for, where idle ones are folded: who works is in view.
pub const NEEDS_FIRST: usize = 8;
/// Daemons that have rows until more are asked for: each row costs the browser something whenever the order changes.
pub const ROWS_FIRST: usize = 40;
/// How many more have rows each time that more are asked for.
pub const ROWS_MORE: usize = 100;

/// The rows of the table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table<'a> {
    /// In order; at most so many of them are daemons as were asked for.
    pub lines: Vec<Line<'a>>,
    /// Daemons beyond that, which have no row.
    pub rest: usize,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Line<'a> {
    /// What is above other rows.
    Head {
        /// What they have in common.
        of: Head<'a>,
        /// How many daemons that nobody started are there, those in need among them.
        count: usize,
        /// How many of them can be folded into this row; 0 below [`FOLD_FROM`].
        foldable: usize,
        /// Whether those have rows of their own.
        is_open: bool,
    },
    /// A daemon.
    Daemon {
        /// Who.
        daemon: &'a DaemonState,
        /// How many rows up its line of subagents began, up to [`DEPTH_MAX`].
        depth: usize,
        /// Whether it stands under [`Head::Needs`].
        in_need: bool,
    },
}

/// What rows have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head<'a> {
    /// They wait for a human, loop, have failed, or have spent their budget.
    Needs,
    /// They work at one place; of an empty group, nobody knows where.
    Group(Group<'a>),
    /// They are not in the realm.
    Gone,
}

impl Head<'_> {
    /// What the head is known by, also while its rows are folded.
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::Needs => "@@needs".into(),
            Self::Gone => "@@gone".into(),
            Self::Group(group) => format!("@{}", group.words()),
        }
    }
}

struct Members<'a> {
    group: Group<'a>,
    since: Option<Timestamp>,
    count: usize,
    here: Vec<&'a DaemonState>,
}

/// The rows at a moment; those of one place alone, if one is chosen. `opened`: keys of heads whose idle daemons have rows; `most`:
/// how many daemons may have one.
#[must_use]
pub fn table<'a>(
    daemons: &'a Daemons,
    chosen: &'a str,
    opened: &[String],
    most: usize,
    at: UnixMillis,
) -> Table<'a> {
    // A daemon of several sessions may work at several places.
    let group = |daemon: &'a DaemonState| {
        if chosen.is_empty() {
            return Some(group_of(daemon));
        }
        daemon.sessions.iter().map(group_in).find(|group| group.words() == chosen)
    };
    let (mut needs, mut groups, mut present) = (Vec::new(), Vec::<Members>::new(), 0);
    for daemon in daemons.present() {
        let Some(group) = group(daemon) else { continue };
        present += 1;
        let known = groups.iter().position(|members| members.group == group);
        let members = match known {
            Some(known) => &mut groups[known],
            None => {
                groups.push(Members { group, since: daemon.present_since, count: 0, here: Vec::new() });
                let last = groups.len() - 1;
                &mut groups[last]
            }
        };
        members.since = members.since.min(daemon.present_since);
        members.count += usize::from(daemon.parent().is_none());
        let list = match state_of(daemon, at) {
            State::Waiting | State::Looping | State::Failed => &mut needs,
            _ if guarded::has_spent_all(daemons, daemon, at) => &mut needs,
            State::Working | State::Silent | State::Idle => &mut members.here,
        };
        let own = order(daemon, at);
        list.insert(list.partition_point(|other| order(other, at) <= own), daemon);
    }
    let folds = present >= FOLD_FROM;
    let named = groups.iter().filter(|members| !members.group.is_empty()).count();
    let has_heads = !chosen.is_empty() || folds || !needs.is_empty() || named > 1;
    let mut lines = Lines { all: Vec::new(), folds, opened, at };
    if !needs.is_empty() {
        let rest = if folds { needs.len().saturating_sub(NEEDS_FIRST) } else { 0 };
        let is_open = lines.head(Head::Needs, needs.len(), rest);
        let most = if is_open { needs.len() } else { NEEDS_FIRST };
        lines.all.extend(needs.iter().take(most).map(|daemon| Line::Daemon {
            daemon,
            depth: 0,
            in_need: true,
        }));
    }
    if !chosen.is_empty() && groups.is_empty() {
        // What is not there any more can still be left.
        lines.head(Head::Group(Group { project: chosen, machine: "" }), 0, 0);
    }
    while let Some(first) = first_of(&groups) {
        let Members { group, count, here, .. } = groups.remove(first);
        if !here.is_empty() || !chosen.is_empty() {
            lines.group(Head::Group(group), count, here, has_heads);
        }
    }
    if chosen.is_empty() {
        let gone: Vec<_> = daemons::listed(daemons).filter(|daemon| !daemon.is_present()).collect();
        if !gone.is_empty() {
            lines.group(Head::Gone, gone.len(), gone, has_heads);
        }
    }
    lines.bounded(most)
}

/// The group that came first; what nobody knows the place of is behind all others.
fn first_of(groups: &[Members]) -> Option<usize> {
    let key = |members: &Members| (members.group.is_empty(), members.since);
    (0..groups.len()).min_by_key(|at| key(&groups[*at]))
}

/// In which order daemons stand: waiting by the longest, looping by the most calls, failed by the newest, working by the longest, silent, idle by the latest.
fn order(daemon: &DaemonState, at: UnixMillis) -> (u8, i64, u64) {
    let heard = daemon.heard_seq;
    match state_of(daemon, at) {
        State::Waiting => (0, daemon.waiting_since.map_or(0, |since| since.unix_micros()), heard),
        State::Looping => (1, 0, daemon.looping.as_ref().map_or(0, |looping| u64::MAX - looping.count)),
        State::Failed => (2, 0, daemon.failure.as_ref().map_or(0, |failure| u64::MAX - failure.seq)),
        State::Working => (3, 0, daemon.calls.first().map_or(0, |call| call.seq)),
        State::Silent => (4, 0, heard),
        State::Idle => (5, 0, u64::MAX - heard),
    }
}

struct Lines<'a, 'b> {
    all: Vec<Line<'a>>,
    folds: bool,
    opened: &'b [String],
    at: UnixMillis,
}

impl<'a> Lines<'a, '_> {
    fn head(&mut self, of: Head<'a>, count: usize, foldable: usize) -> bool {
        let is_open = foldable == 0 || self.opened.contains(&of.key());
        self.all.push(Line::Head { of, count, foldable, is_open });
        is_open
    }

    fn group(&mut self, of: Head<'a>, count: usize, mut here: Vec<&'a DaemonState>, has_heads: bool) {
        let kept = self.unfolded(&here);
        let foldable = kept.iter().filter(|kept| !**kept).count();
        if has_heads && !self.head(of, count, foldable) {
            let mut kept = kept.into_iter();
            here.retain(|_| kept.next() == Some(true));
        }
        // Those that nobody here started, and what is below each of them. A circle of parents has no first.
        while !here.is_empty() {
            let started = |daemon: &&DaemonState| {
                daemon.parent().is_some_and(|parent| here.iter().any(|other| other.daemon_name == *parent))
            };
            let first = here.iter().position(|daemon| !started(daemon)).unwrap_or(0);
            self.below(first, 0, &mut here);
        }
    }

    /// Which daemons have rows in any case: who does something, and who started one that does, however far up.
    fn unfolded(&self, here: &[&DaemonState]) -> Vec<bool> {
        let mut kept: Vec<bool> =
            here.iter().map(|daemon| !self.folds || state_of(daemon, self.at) != State::Idle).collect();
        for at in 0..here.len() {
            let mut above = kept[at].then_some(at);
            while let Some(parent) = above.and_then(|at| here[at].parent()) {
                let next = here.iter().position(|other| other.daemon_name == *parent);
                above = next.filter(|next| !std::mem::replace(&mut kept[*next], true));
            }
        }
        kept
    }

    /// Moves a daemon, and those that it started, into the rows.
    fn below(&mut self, at: usize, depth: usize, here: &mut Vec<&'a DaemonState>) {
        let daemon = here.remove(at);
        self.all.push(Line::Daemon { daemon, depth: depth.min(DEPTH_MAX), in_need: false });
        let is_child = |other: &&DaemonState| other.parent() == Some(&daemon.daemon_name);
        while let Some(at) = here.iter().position(is_child) {
            self.below(at, depth + 1, here);
        }
    }

    fn bounded(mut self, most: usize) -> Table<'a> {
        let mut count = 0;
        self.all.retain(|line| {
            let is_shown = count < most;
            count += usize::from(matches!(line, Line::Daemon { .. }));
            is_shown
        });
        Table { lines: self.all, rest: count.saturating_sub(most) }
    }
}

#[cfg(test)]
mod tests;

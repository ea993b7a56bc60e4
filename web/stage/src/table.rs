//! The table of daemons: who needs a human first, then who is here, by project and machine, subagents below who started them.

use arcane_shared::roster::DaemonState;
use arcane_shared::{Timestamp, UnixMillis};

use crate::daemons::{self, Daemons};
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
    /// They wait for a human, or their failure lasts.
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
            State::Waiting | State::Failed => &mut needs,
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

/// In which order daemons stand: waiting by the longest, failed by the newest, working by the longest, silent, idle by the latest.
fn order(daemon: &DaemonState, at: UnixMillis) -> (u8, i64, u64) {
    let heard = daemon.heard_seq;
    match state_of(daemon, at) {
        State::Waiting => (0, daemon.waiting_since.map_or(0, |since| since.unix_micros()), heard),
        State::Failed => (1, 0, daemon.failure.as_ref().map_or(0, |failure| u64::MAX - failure.seq)),
        State::Working => (2, 0, daemon.calls.first().map_or(0, |call| call.seq)),
        State::Silent => (3, 0, heard),
        State::Idle => (4, 0, u64::MAX - heard),
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
mod tests {
    use super::*;
    use crate::daemons::told;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn event(spell: &str, name: &str, second: usize, metadata: &Value) -> Value {
        json!({"spell_name": spell, "daemon_name": name, "description": "d", "metadata": metadata,
            "success": metadata.get("error").is_none(),
            "timestamp": format!("1970-01-01T00:{:02}:{:02}", second / 60 % 60, second % 60)})
    }

    /// One of a project's, with more metadata.
    fn of(spell: &str, name: &str, second: usize, project: &str, more: &Value) -> Value {
        let mut metadata = json!({"session": name, "project": project});
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event(spell, name, second, &metadata)
    }

    fn shown_with(daemons: &Daemons, chosen: &str, opened: &[&str]) -> Vec<String> {
        let opened: Vec<String> = opened.iter().map(|key| (*key).to_owned()).collect();
        let line = |line: Line| match line {
            Line::Head { of, count, foldable: 0, .. } => format!("[{}] {count}", of.key()),
            Line::Head { of, foldable, is_open, .. } => {
                format!("[{}] {foldable} idle {}", of.key(), if is_open { "▾" } else { "▸" })
            }
            Line::Daemon { daemon, depth, .. } => "  ".repeat(depth) + daemon.daemon_name.as_str(),
        };
        table(daemons, chosen, &opened, ROWS_FIRST, 100_000.0).lines.into_iter().map(line).collect()
    }

    fn shown(daemons: &Daemons) -> Vec<String> {
        shown_with(daemons, "", &[])
    }

    #[test]
    fn who_needs_a_human_is_first_and_groups_stand_as_they_came() {
        let (begins, fails) = (json!({"phase": "begin"}), json!({"error": "exit 1"}));
        let child = json!({"parent_daemon": "claude"});
        let mut events = vec![
            of("summon", "codex", 1, "webshop", &json!({})),
            of("summon", "claude", 2, "webshop", &json!({})),
            of("summon", "explore", 3, "webshop", &child),
            of("summon", "aider", 4, "atlas", &json!({})),
            event("summon", "backup", 5, &json!({})),
            of("summon", "qwen", 6, "atlas", &json!({})),
        ];
        assert_eq!(
            shown(&told(&events)),
            [
                "[@webshop] 2",
                "claude",
                "  explore",
                "codex",
                "[@atlas] 2",
                "qwen",
                "aider",
                "[@] 1",
                "backup"
            ]
        );
        events.extend([
            of("invoke", "codex", 20, "webshop", &begins),
            of("invoke", "claude", 30, "webshop", &begins),
            of("invoke", "qwen", 40, "atlas", &fails),
            of("voice", "explore", 41, "webshop", &json!({"attention": true, "parent_daemon": "claude"})),
            event("voice", "backup", 42, &json!({"attention": true})),
            of("invoke", "aider", 50, "atlas", &fails),
        ]);
        let all = ["[@@needs] 4", "explore", "backup", "aider", "qwen", "[@webshop] 2", "codex", "claude"];
        assert_eq!(shown(&told(&events)), all);
        assert_eq!(shown_with(&told(&events), "atlas", &[]), ["[@@needs] 2", "aider", "qwen", "[@atlas] 2"]);
        assert_eq!(shown_with(&told(&events), "elsewhere", &[]), ["[@elsewhere] 0"]);
    }

    #[test]
    fn one_place_needs_no_head_and_a_circle_of_parents_is_listed() {
        let events = [
            of("summon", "a", 1, "notes", &json!({"parent_daemon": "b"})),
            of("summon", "b", 1, "notes", &json!({"parent_daemon": "a"})),
            of("summon", "c", 1, "notes", &json!({"parent_daemon": "c"})),
        ];
        assert_eq!(shown(&told(&events)), ["c", "b", "  a"]);
    }

    #[test]
    fn the_idle_of_a_large_table_are_one_line_that_opens() {
        let mut events: Vec<Value> =
            (0..24).map(|n| of("summon", &format!("d{n}"), n, "notes", &json!({}))).collect();
        assert_eq!(shown(&told(&events)).len(), 24);
        let child = json!({"parent_daemon": "d3", "phase": "begin"});
        events.push(of("invoke", "moon", 90, "notes", &child));
        events.push(of("invoke", "d7", 95, "notes", &json!({"phase": "begin"})));
        events.push(of("banish", "d9", 96, "notes", &json!({})));
        events.push(of("invoke", "d9", 97, "notes", &json!({"late": true, "execution_time": 1.0})));
        events.push(of("summon", "d24", 97, "notes", &json!({})));
        let daemons = told(&events);
        let folded = ["[@notes] 22 idle ▸", "d7", "d3", "  moon", "[@@gone] 1 idle ▸"];
        assert_eq!(shown(&daemons), folded);
        assert_eq!(shown_with(&daemons, "", &["@notes"]).len(), 1 + 25 + 1);
    }

    #[test]
    fn many_that_need_a_human_leave_room_for_who_works() {
        let mut events: Vec<_> =
            (0..30).map(|n| of("summon", &format!("d{n}"), n, "notes", &json!({}))).collect();
        events.extend((0..12).map(|n| {
            of(
                "voice",
                &format!("d{n}"),
                40 + n,
                "notes",
                &json!({"attention": true, "description": "May I?"}),
            )
        }));
        events.push(of("invoke", "d20", 60, "notes", &json!({"phase": "begin"})));
        let daemons = told(&events);
        let rows = shown(&daemons);
        assert_eq!(rows[..3], ["[@@needs] 4 idle ▸", "d0", "d1"]);
        assert_eq!(rows[8..], ["d7", "[@notes] 17 idle ▸", "d20"]);
        assert_eq!(shown_with(&daemons, "", &["@@needs"])[12], "d11");
    }

    proptest! {
        #[test]
        fn each_daemon_that_is_present_has_one_row_or_is_folded(
            who in proptest::collection::vec((0..40_u8, 0..40_u8, 0..3_usize, 0..4_u8), 0..130)
        ) {
            let name = |n: u8| format!("d{n}");
            let events: Vec<Value> = who.iter().enumerate().flat_map(|(at, (n, parent, place, does))| {
                let more = json!({"parent_daemon": name(*parent)});
                let one = |spell: &str, does: &Value| {
                    let mut all = more.clone();
                    all.as_object_mut().unwrap().extend(does.as_object().unwrap().clone());
                    of(spell, &name(*n), at, &"p".repeat(*place), &all)
                };
                let does = match does {
                    0 => None,
                    1 => Some(one("voice", &json!({"attention": true}))),
                    2 => Some(one("invoke", &json!({"phase": "begin"}))),
                    _ => Some(one("invoke", &json!({"error": "exit 1"}))),
                };
                [Some(one("summon", &json!({}))), does].into_iter().flatten()
            }).collect();
            let daemons = told(&events);
            let (mut rows, mut folded) = (Vec::new(), 0);
            let table = table(&daemons, "", &[], ROWS_FIRST, 100_000.0);
            for line in &table.lines {
                match line {
                    Line::Daemon { daemon, .. } => rows.push(daemon.daemon_name.as_str()),
                    Line::Head { foldable, is_open: false, .. } => folded += foldable,
                    Line::Head { .. } => {}
                }
            }
            let count = rows.len();
            rows.sort_unstable();
            rows.dedup();
            prop_assert_eq!(rows.len(), count);
            prop_assert_eq!(count + folded + table.rest, daemons.present().count());
            if folded == 0 && table.rest == 0 {
                let mut present: Vec<&str> = daemons.present().map(|daemon| daemon.daemon_name.as_str()).collect();
                present.sort_unstable();
                prop_assert_eq!(rows, present);
            }
        }
    }
}

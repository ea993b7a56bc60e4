//! The table of daemons: who waits for a human first, then who is here, by project and machine, subagents below who started them.

use arcane_shared::roster::{DaemonState, SessionState};

use crate::daemons::{self, Daemons, ROWS_MAX};

/// Deepest indentation, however long a line of subagents is.
pub const DEPTH_MAX: usize = 6;

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Line<'a> {
    /// The head of a place, and how many daemons are below it.
    Place(String, usize),
    /// A daemon.
    Daemon {
        /// Who.
        daemon: &'a DaemonState,
        /// How many rows up its line of subagents began, up to [`DEPTH_MAX`].
        depth: usize,
        /// Where it works, where no head says it; and who started it, where its row stands apart from that one's.
        of: String,
    },
}

/// Project and machine of a session, as people write them; empty: no event says.
#[must_use]
pub fn place(session: &SessionState) -> String {
    let [project, host] = [&session.project, &session.host].map(|part| part.as_deref().unwrap_or_default());
    let between = if project.is_empty() || host.is_empty() { "" } else { " · " };
    [project, between, host].concat()
}

/// Where a row is: where the session is that waits, or else the one that was heard of last.
fn place_of(daemon: &DaemonState) -> String {
    let waits = daemon.waiting.first().and_then(|wait| wait.session.as_ref());
    let waiting = daemon.sessions.iter().find(|session| Some(&session.id) == waits);
    let session = waiting.or_else(|| daemon.sessions.iter().max_by_key(|session| session.heard_seq));
    session.map(place).unwrap_or_default()
}

/// The rows of at most [`ROWS_MAX`] daemons; those of one place alone, if one is chosen.
#[must_use]
pub fn lines<'a>(daemons: &'a Daemons, chosen: &str) -> Vec<Line<'a>> {
    // A daemon of several sessions may work at several places.
    let works_there = |daemon: &&DaemonState| {
        chosen.is_empty() || daemon.sessions.iter().any(|session| place(session) == chosen)
    };
    let (mut waiting, mut places): (Vec<&DaemonState>, Vec<(String, Vec<&DaemonState>)>) = Default::default();
    for daemon in daemons.present().filter(works_there) {
        if daemon.waiting.is_empty() {
            let place = if chosen.is_empty() { place_of(daemon) } else { chosen.to_owned() };
            // Without a place: behind all others.
            let before = |other: &(String, _)| !other.0.is_empty() && (place.is_empty() || other.0 < place);
            let at = places.partition_point(before);
            if places.get(at).is_none_or(|other| other.0 != place) {
                places.insert(at, (place, Vec::new()));
            }
            places[at].1.push(daemon);
        } else {
            let longer = |other: &&DaemonState| other.waiting_since <= daemon.waiting_since;
            waiting.insert(waiting.partition_point(longer), daemon);
        }
    }
    let mut lines = Vec::new();
    for daemon in waiting {
        let started = daemon.parent().map(|parent| format!("↳ {parent} ")).unwrap_or_default();
        lines.push(Line::Daemon { daemon, depth: 0, of: started + &place_of(daemon) });
    }
    // Also while all that work elsewhere wait, and stand above.
    let mut named =
        daemons.present().flat_map(|daemon| &daemon.sessions).map(place).filter(|name| !name.is_empty());
    let first = named.next();
    let has_heads = !chosen.is_empty() || named.any(|name| Some(name) != first);
    if has_heads && places.is_empty() {
        lines.push(Line::Place(chosen.to_owned(), 0));
    }
    for (place, mut here) in places {
        if has_heads && !place.is_empty() {
            lines.push(Line::Place(place, here.len()));
        }
        // Those that nobody here started, and what is below each of them. A circle of parents has no first.
        while !here.is_empty() {
            let started = |daemon: &&DaemonState| {
                daemon.parent().is_some_and(|parent| here.iter().any(|other| other.daemon_name == *parent))
            };
            let first = here.iter().position(|daemon| !started(daemon)).unwrap_or(0);
            below(first, 0, &mut here, &mut lines);
        }
    }
    if chosen.is_empty() {
        let gone = daemons::listed(daemons).filter(|daemon| !daemon.is_present());
        lines.extend(gone.map(|daemon| Line::Daemon { daemon, depth: 0, of: String::new() }));
    }
    let mut count = 0;
    lines.retain(|line| {
        let is_shown = count < ROWS_MAX;
        count += usize::from(matches!(line, Line::Daemon { .. }));
        is_shown
    });
    lines
}

/// Moves a daemon, and those that it started, into the rows.
fn below<'a>(at: usize, depth: usize, here: &mut Vec<&'a DaemonState>, lines: &mut Vec<Line<'a>>) {
    let daemon = here.remove(at);
    let sessions = daemon.sessions.len();
    let of = if sessions > 1 { format!("{sessions} sessions") } else { String::new() };
    lines.push(Line::Daemon { daemon, depth: depth.min(DEPTH_MAX), of });
    let is_child = |other: &&DaemonState| other.parent() == Some(&daemon.daemon_name);
    while let Some(at) = here.iter().position(is_child) {
        below(at, depth + 1, here, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn told(events: &[Value]) -> Daemons {
        let mut daemons = Daemons::default();
        for event in events {
            daemons.fold(&message::event(event.clone(), Timestamp::from_unix_micros(0)).unwrap());
        }
        daemons
    }

    fn summon(name: &str, project: &str, more: &Value) -> Value {
        let mut metadata = json!({"session": name, "project": project});
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"spell_name": "summon", "daemon_name": name, "metadata": metadata})
    }

    fn waits(name: &str, at: &str) -> Value {
        json!({"spell_name": "voice", "daemon_name": name, "timestamp": at, "description": "May I?",
            "metadata": {"session": name, "attention": true}})
    }

    fn shown(daemons: &Daemons, chosen: &str) -> Vec<String> {
        let line = |line: Line| match line {
            Line::Place(place, count) => format!("[{place}] {count}"),
            Line::Daemon { daemon, depth, of } => {
                format!("{}{} {of}", "  ".repeat(depth), daemon.daemon_name).trim_end().to_owned()
            }
        };
        lines(daemons, chosen).into_iter().map(line).collect()
    }

    #[test]
    fn who_waits_longest_is_first_and_subagents_are_below_who_started_them() {
        let child = |parent: &str| json!({"parent_daemon": parent, "host": "kestrel"});
        let events = [
            summon("claude", "webshop", &json!({"host": "kestrel"})),
            summon("a-grep", "webshop", &child("explore")),
            summon("explore", "webshop", &child("claude")),
            summon("aider", "notes", &json!({})),
            summon("codex", "webshop", &json!({"host": "kestrel"})),
            json!({"spell_name": "summon", "daemon_name": "backup"}),
        ];
        let mut daemons = told(&events);
        insta::assert_debug_snapshot!(shown(&daemons, ""), @r#"
        [
            "[notes] 1",
            "aider",
            "[webshop · kestrel] 4",
            "claude",
            "  explore",
            "    a-grep",
            "codex",
            "backup",
        ]
        "#);
        for event in [waits("codex", "2026-01-01T00:00:09"), waits("explore", "2026-01-01T00:00:01")] {
            daemons.fold(&message::event(event, Timestamp::from_unix_micros(0)).unwrap());
        }
        insta::assert_debug_snapshot!(shown(&daemons, "webshop · kestrel"), @r#"
        [
            "explore ↳ claude webshop · kestrel",
            "codex webshop · kestrel",
            "[webshop · kestrel] 2",
            "a-grep",
            "claude",
        ]
        "#);
    }

    #[test]
    fn one_place_needs_no_head_and_a_circle_of_parents_is_listed() {
        let events = [
            summon("a", "notes", &json!({"parent_daemon": "b"})),
            summon("b", "notes", &json!({"parent_daemon": "a"})),
            summon("c", "notes", &json!({"parent_daemon": "c"})),
        ];
        assert_eq!(shown(&told(&events), ""), ["a", "  b", "c"]);
        assert_eq!(shown(&told(&events), "elsewhere"), ["[elsewhere] 0"]);
    }

    proptest! {
        #[test]
        fn each_daemon_that_is_present_has_one_row(
            who in proptest::collection::vec((0..40_u8, 0..40_u8, 0..3_u8, any::<bool>()), 0..130)
        ) {
            let name = |n: u8| format!("d{n}");
            let events: Vec<Value> = who.iter().flat_map(|(n, parent, place, waiting)| {
                let more = json!({"parent_daemon": name(*parent)});
                let at = format!("2026-01-01T00:00:{n:02}");
                let summon = summon(&name(*n), &"p".repeat(usize::from(*place)), &more);
                [Some(summon), waiting.then(|| waits(&name(*n), &at))].into_iter().flatten()
            }).collect();
            let daemons = told(&events);
            let mut rows: Vec<&str> = Vec::new();
            let lines = lines(&daemons, "");
            for line in &lines {
                if let Line::Daemon { daemon, .. } = line {
                    rows.push(daemon.daemon_name.as_str());
                }
            }
            rows.sort_unstable();
            let mut present: Vec<&str> = daemons.present().map(|daemon| daemon.daemon_name.as_str()).collect();
            present.sort_unstable();
            prop_assert_eq!(rows, present);
        }
    }
}

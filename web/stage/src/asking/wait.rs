//! The waits for a human that go on, in the order in which they are answered: those that can be from here, and the oldest first.

use std::cmp::Ordering;

use arcane_shared::roster::{DaemonState, Wait};
use arcane_shared::{Seq, UnixMillis};

use crate::daemons::Daemons;
use crate::states::group_in;

/// Agents that hide their own prompt while their hook waits wait so long at most, milliseconds; and a little.
const HIDDEN_MS: f64 = 21_000.0;

/// A wait for a human.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// Who waits.
    pub daemon: String,
    /// The event that told of it.
    pub seq: Seq,
    /// The request that it is answered by; empty: it is answered where the agent runs.
    pub request_id: String,
    /// Since when.
    pub since: UnixMillis,
    /// When the request ends without an answer.
    pub expires_at: Option<UnixMillis>,
    /// For what, in a line.
    pub reason: String,
    /// Project and machine of the session that waits; empty: no event says.
    pub place: [String; 2],
    /// That session; empty: no event says.
    pub session: String,
}

impl Asked {
    fn of(daemon: &DaemonState, wait: &Wait) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        let own = daemon.sessions.iter().find(|session| Some(&session.id) == wait.session.as_ref());
        let of = own.or(daemon.sessions.first());
        let place = of.map(group_in).map(|group| [group.project, group.machine].map(str::to_owned));
        Self {
            daemon: daemon.daemon_name.to_string(),
            seq: wait.seq,
            request_id: text(&wait.request_id),
            since: wait.since.unix_millis(),
            expires_at: wait.expires_at.map(|at| at.unix_millis()),
            reason: wait.reason.to_string(),
            place: place.unwrap_or_default(),
            session: text(&wait.session),
        }
    }

    /// Whether the agent's own prompt may come only when the time is over.
    #[must_use]
    pub fn hides_prompt(&self) -> bool {
        self.expires_at.is_some_and(|end| end - self.since <= HIDDEN_MS)
    }

    /// Whether it is the same wait, whatever has become of it.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        (self.seq, &self.daemon) == (other.seq, &other.daemon)
    }
}

/// All waits that go on: those that can be answered from here before the others, and the oldest first.
#[must_use]
pub fn waits(daemons: &Daemons) -> Vec<Asked> {
    let of =
        |daemon: &DaemonState| daemon.waiting.iter().map(|wait| Asked::of(daemon, wait)).collect::<Vec<_>>();
    let mut all: Vec<Asked> = daemons.present().flat_map(of).collect();
    all.sort_by(compare);
    all
}

/// As [`counts::order`](crate::counts::order) has them.
fn compare(a: &Asked, b: &Asked) -> Ordering {
    let is_elsewhere = |asked: &Asked| asked.request_id.is_empty();
    let by_age = || a.since.total_cmp(&b.since).then(a.seq.cmp(&b.seq));
    is_elsewhere(a).cmp(&is_elsewhere(b)).then_with(by_age)
}

/// The wait that comes after or before another one, in a circle; `None`: no other goes on.
#[must_use]
pub fn beside<'a>(all: &'a [Asked], shown: &Asked, is_next: bool) -> Option<&'a Asked> {
    let after = |other: &&Asked| compare(other, shown).is_gt();
    let mut others = all.iter().filter(|other| !other.is(shown));
    if is_next {
        others.clone().find(after).or_else(|| others.next())
    } else {
        let before = others.clone().rfind(|other| !after(other));
        before.or_else(|| others.next_back())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
    use serde_json::json;

    #[test]
    fn what_can_be_answered_here_comes_first_then_the_oldest_and_one_leads_to_the_next() {
        let mut daemons = Daemons::default();
        for (name, second, more) in [
            ("b", 5, json!({"request_id": "r2", "expires_at": "1970-01-01T00:01:00Z"})),
            ("a", 3, json!({"task": "git push"})),
            ("c", 9, json!({"request_id": "r3"})),
        ] {
            let mut metadata =
                json!({"attention": true, "session": name, "project": "shop", "host": "kestrel"});
            metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            for (spell, metadata) in [
                ("summon", json!({"session": name, "project": "shop", "host": "kestrel"})),
                ("voice", metadata),
            ] {
                let event = json!({"spell_name": spell, "daemon_name": name, "description": "d", "success": true,
                    "timestamp": format!("1970-01-01T00:00:{second:02}"), "metadata": metadata});
                daemons.fold(&message::event(event, Timestamp::from_unix_micros(0)).unwrap());
            }
        }
        let all = waits(&daemons);
        let names: Vec<_> =
            all.iter().map(|asked| (asked.daemon.as_str(), asked.request_id.as_str())).collect();
        assert_eq!(names, [("b", "r2"), ("c", "r3"), ("a", "")]);
        assert_eq!([0, 1, 2].map(|at| all[at].hides_prompt()), [false, false, false]);
        assert!(Asked { expires_at: Some(25_000.0), ..all[0].clone() }.hides_prompt());
        assert_eq!((all[0].expires_at, all[2].reason.as_str()), (Some(60_000.0), "git push"));
        assert_eq!(all[2].place, ["shop".to_owned(), "kestrel".to_owned()]);
        let beside = |at: usize, is_next| beside(&all, &all[at], is_next).unwrap().daemon.clone();
        assert_eq!(
            [beside(0, true), beside(2, true), beside(0, false), beside(2, false)],
            ["c", "b", "a", "c"]
        );
        let gone = Asked { daemon: "x".into(), since: 4_000.0, ..Asked::default() };
        assert_eq!(super::beside(&all, &gone, true).unwrap().daemon, "b");
        assert_eq!(super::beside(&all[..1], &all[0], true), None);
    }
}

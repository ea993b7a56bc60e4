//! What of a room's roster can be told of, as it is: it is read under the room's lock, so nothing is done to it here but copying. Pure.

use arcane_shared::roster::{Budget, DaemonState, Dollars, Failure, Roster, Wait};
use arcane_shared::{DaemonName, Epoch, RoomName, Seq};

use super::Millis;

/// A room at one position.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) room: RoomName,
    pub(super) epoch: Epoch,
    pub(super) seq: Seq,
    /// The waits that go on.
    pub(super) waits: Vec<OpenWait>,
    /// The daemons whose calls have failed, and how often they have.
    pub(super) failures: Vec<Failures>,
    /// What was told of daemons' budgets.
    pub(super) budgets: Vec<Spent>,
}

/// A wait for a human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenWait {
    pub(super) room: RoomName,
    pub(super) daemon: DaemonName,
    /// For what, in a line.
    pub(super) reason: String,
    /// Where: the project, or the machine; empty: no event says.
    pub(super) place: String,
    /// The request that it can be answered by from elsewhere.
    pub(super) request: Option<Box<str>>,
    /// When that request ends.
    pub(super) expires_at: Option<Millis>,
    pub(super) since: Millis,
    pub(super) seq: Seq,
}

/// What was told last of a daemon's budget of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) room: RoomName,
    pub(super) daemon: DaemonName,
    /// 80 or 100.
    pub(super) percent: u64,
    pub(super) spent_usd: Dollars,
    pub(super) budget_usd: Dollars,
    pub(super) at: Millis,
    pub(super) seq: Seq,
}

/// How often calls of a daemon have failed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) daemon: DaemonName,
    pub(super) count: u64,
    /// The latest that lasts: the task and its error, in a line.
    pub(super) last: String,
}

impl Sight {
    /// What a room's roster says.
    pub(super) fn of(room: &RoomName, epoch: &Epoch, roster: &Roster) -> Self {
        let waits = roster.present().flat_map(|daemon| {
            daemon.waiting.iter().map(|wait| OpenWait::of(room, daemon, wait)).collect::<Vec<_>>()
        });
        let failed = roster.iter().filter(|daemon| daemon.all.failures > 0);
        Self {
            room: room.clone(),
            epoch: epoch.clone(),
            seq: roster.seq(),
            waits: waits.collect(),
            failures: failed.map(Failures::of).collect(),
            budgets: roster
                .iter()
                .filter_map(|daemon| Some(Spent::of(room, daemon, daemon.budget.as_ref()?)))
                .collect(),
        }
    }
}

impl OpenWait {
    fn of(room: &RoomName, daemon: &DaemonState, wait: &Wait) -> Self {
        let session = daemon.sessions.iter().find(|session| Some(&session.id) == wait.session.as_ref());
        let place = session.map(|session| [&session.project, &session.host]);
        let place = place.into_iter().flatten().flatten().map(|part| part.as_ref()).collect::<Vec<_>>();
        Self {
            room: room.clone(),
            daemon: daemon.daemon_name.clone(),
            reason: wait.reason.to_string(),
            place: place.join(" on "),
            request: wait.request_id.clone(),
            expires_at: wait.expires_at.map(millis),
            since: millis(wait.since),
            seq: wait.seq,
        }
    }
}

impl Spent {
    fn of(room: &RoomName, daemon: &DaemonState, budget: &Budget) -> Self {
        Self {
            room: room.clone(),
            daemon: daemon.daemon_name.clone(),
            percent: budget.percent,
            spent_usd: budget.spent_usd,
            budget_usd: budget.budget_usd,
            at: millis(budget.at),
            seq: budget.seq,
        }
    }
}

impl Failures {
    fn of(daemon: &DaemonState) -> Self {
        let told = |Failure { task, error, .. }: &Failure| {
            let colon = if task.is_empty() || error.is_empty() { "" } else { ": " };
            [task, colon, error].concat()
        };
        Self {
            daemon: daemon.daemon_name.clone(),
            count: daemon.all.failures,
            last: daemon.failure.as_ref().map(told).unwrap_or_default(),
        }
    }
}

/// A moment, Unix milliseconds.
fn millis(at: arcane_shared::Timestamp) -> Millis {
    u64::try_from(at.unix_micros() / 1000).unwrap_or(0)
}

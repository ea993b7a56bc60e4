//! Guards: what daemons spend is held against what they may, and told where it comes near. Nothing here stops an agent; the realm asks
//! the same figures before it runs a conduit.
//!
//! Once a second the task looks at the rosters of those rooms in memory that have new events. What was told is in the roster, so it is
//! told once, also by a server that was started anew. `budget` decides, and is pure.

mod budget;

use std::collections::HashMap;
use std::time::Duration;

use arcane_shared::roster::Roster;
use arcane_shared::{DaemonName, RoomName, Seq, Timestamp};
use tokio::time::MissedTickBehavior;

use crate::bus::{ArcaneEventBus, HeldRoom, Submission};
use crate::clock;
use crate::config::{DailyBudget, RealmConfig};
use crate::intake::{self, Draft};
use budget::{Spending, due};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);

/// Tells how much of their budgets daemons have spent, for as long as this is awaited.
pub(crate) async fn watch(bus: ArcaneEventBus, config: RealmConfig) {
    let budget_of = |name: &DaemonName| config.budget_of(name).map(|(budget, _)| budget);
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked: HashMap<RoomName, Seq> = HashMap::new();
    loop {
        looks.tick().await;
        let mut now_looked = HashMap::with_capacity(looked.len());
        for room in bus.open_rooms() {
            let head = room.head();
            let is_news = looked.get(room.name()) != Some(&head);
            // What could not be told is told by a later look.
            if !is_news || tell(&bus, &room, clock::now(), budget_of).await {
                now_looked.insert(room.name().clone(), head);
            }
        }
        looked = now_looked;
    }
}

/// Tells of the budgets of a room's daemons what is due; says whether nothing is left to be told.
async fn tell(
    bus: &ArcaneEventBus,
    room: &HeldRoom,
    now: Timestamp,
    budget_of: impl Fn(&DaemonName) -> Option<DailyBudget>,
) -> bool {
    let drafts = room.read_roster(|roster| drafts(roster, now, budget_of));
    for draft in drafts {
        let told = match intake::emit(bus, room, draft, Submission::default()) {
            Ok(mut emitted) => emitted.logged().await.map(|_| ()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = told {
            tracing::debug!(%error, room = %room.name(), "what a daemon has spent of its budget is told later");
            return false;
        }
    }
    true
}

/// The events that are due. Under the room's lock: it only counts.
fn drafts(
    roster: &Roster,
    now: Timestamp,
    budget_of: impl Fn(&DaemonName) -> Option<DailyBudget>,
) -> Vec<Draft> {
    let day = roster.day(now.unix_micros());
    let resets_at = Timestamp::from_unix_micros(roster.day_begins(day + 1));
    let of = |daemon| {
        let spending = Spending::of(daemon, day, budget_of(&daemon.daemon_name).map(DailyBudget::usd));
        let mark = due(&spending)?;
        Some(budget::draft(&daemon.daemon_name, &spending, mark, resets_at))
    };
    roster.iter().filter_map(of).collect()
}

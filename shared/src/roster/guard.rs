//! What guards tell of a daemon: what it has spent of its budget of the day, and that it makes one call again and again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::amount::Dollars;
use super::session::is_same;
use super::sign::{CALL_ID_CHARS_MAX, Deed, LINE_CHARS_MAX, Sign, shortened};
use super::state::DaemonState;
use super::value::amount;
use crate::{ArcaneEvent, Metadata, Seq, Timestamp};

/// `event` of the VOICE event that tells how much of a daemon's budget of the day is spent.
pub const BUDGET: &str = "budget";
/// `event` of the VOICE event that tells of a daemon that makes one call again and again, with one result.
pub const LOOP: &str = "loop";
/// `event` of the VOICE event that tells that a daemon goes on to something else.
pub const LOOP_END: &str = "loop_end";
/// Percent of a budget at which a warning is told.
pub const BUDGET_WARNS_AT: u64 = 80;
/// Percent of a budget at which it is spent.
pub const BUDGET_ENDS_AT: u64 = 100;

/// Whether a guard tells of a daemon in an event.
#[must_use]
pub fn is_of_a_guard<S>(event: &ArcaneEvent<S>) -> bool {
    event.text("event").is_some_and(|name| [BUDGET, LOOP, LOOP_END].contains(&name))
}

/// How much of its budget of a day a daemon has spent, as it was told last: at 80 % and at 100 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Budget {
    /// The day: how many days after 1970-01-01, on the roster's calendar. On another day it holds no longer.
    pub day: i64,
    /// The mark that was passed: 80 or 100.
    pub percent: u64,
    /// Dollars that were spent by then, those of subagents among them.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub spent_usd: Dollars,
    /// Dollars that may be spent on the day.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub budget_usd: Dollars,
    /// When it was told, on the bus's clock.
    pub at: Timestamp,
    /// The event that told of it.
    pub seq: Seq,
}

fn dollars(told: &Metadata, key: &str) -> Option<Dollars> {
    told.get(key).and_then(amount).map(Dollars::nearest)
}

fn count(told: &Metadata, key: &str) -> u64 {
    told.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn time(told: &Metadata, key: &str) -> Option<Timestamp> {
    Timestamp::parse(told.get(key)?.as_str()?).ok()
}

impl Budget {
    /// Whether all of it is spent.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.percent >= BUDGET_ENDS_AT
    }
}

/// A call that a daemon makes again and again, each time with one result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Looping {
    /// The session that makes it, see [`SessionState::id`](super::SessionState::id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<str>>,
    /// The call, in a line.
    pub task: Box<str>,
    /// How often it was made, as it was told last.
    pub count: u64,
    /// When it was made first, on the bus's clock.
    pub since: Timestamp,
    /// The event that told of it last.
    pub seq: Seq,
    /// Dollars that its session has spent since then, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub cost_usd: Option<Dollars>,
}

/// What a guard tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Guarded {
    /// So much of the budget of a day is spent.
    Budget { percent: u64, spent_usd: Dollars, budget_usd: Dollars, resets_at: Option<Timestamp> },
    /// One call is made again and again.
    Loops { count: u64, since: Option<Timestamp>, cost_usd: Option<Dollars> },
    /// It is so no longer.
    LoopEnds,
}

impl Guarded {
    /// What a VOICE event of this name tells; `None`: it is none of a guard.
    pub(super) fn read<S>(name: &str, event: &ArcaneEvent<S>) -> Option<Deed> {
        let all = &event.metadata;
        let told = match name {
            BUDGET => Self::Budget {
                percent: count(all, "percent"),
                spent_usd: dollars(all, "spent_usd").unwrap_or_default(),
                budget_usd: dollars(all, "budget_usd").unwrap_or_default(),
                resets_at: time(all, "resets_at"),
            },
            LOOP => Self::Loops {
                count: count(all, "count"),
                since: time(all, "since"),
                cost_usd: dollars(all, "cost_usd"),
            },
            LOOP_END => Self::LoopEnds,
            _ => return None,
        };
        Some(Deed::Guarded(Box::new(told)))
    }
}

impl DaemonState {
    /// Takes what a guard tells. `day`: that of the event, on the roster's calendar.
    pub(super) fn guard(&mut self, seq: Seq, sign: &Sign, day: i64, told: &Guarded) {
        let at = Timestamp::from_unix_micros(sign.at);
        match told {
            // The day was over before it could be told.
            Guarded::Budget { resets_at: Some(end), .. } if at >= *end => {}
            Guarded::Budget { percent, spent_usd, budget_usd, .. } => {
                let (percent, spent_usd, budget_usd) = (*percent, *spent_usd, *budget_usd);
                let holds = percent >= BUDGET_WARNS_AT;
                self.budget = holds.then_some(Budget { day, percent, spent_usd, budget_usd, at, seq });
            }
            Guarded::Loops { count, since, cost_usd } if self.is_present() => {
                // Of several sessions that loop the one is kept that does so for longest.
                let is_other = |known: &Looping| !is_same(known.session.as_deref(), sign.session());
                if self.looping.as_ref().is_some_and(|known| is_other(known) && known.count > *count) {
                    return;
                }
                self.looping = Some(Looping {
                    session: sign.session().map(|id| shortened(id, CALL_ID_CHARS_MAX)),
                    task: shortened(&sign.line, LINE_CHARS_MAX),
                    count: *count,
                    since: since.unwrap_or(at),
                    seq,
                    cost_usd: *cost_usd,
                });
            }
            Guarded::Loops { .. } => {}
            Guarded::LoopEnds => self.end_loop(sign),
        }
    }

    /// The session of a sign loops no longer; one without a session is of all of them.
    pub(super) fn end_loop(&mut self, sign: &Sign) {
        let is_of = |known: &mut Looping| {
            sign.session().is_none() || is_same(known.session.as_deref(), sign.session())
        };
        self.looping.take_if(is_of);
    }

    /// What was told of its budget on a day.
    #[must_use]
    pub fn budget_on(&self, day: i64) -> Option<&Budget> {
        self.budget.as_ref().filter(|budget| budget.day == day)
    }

    /// Dollars that it and its subagents spent on a day, as agents told or as prices say. What no price is known of is not among them.
    #[must_use]
    pub fn cost_on(&self, day: i64) -> Dollars {
        self.on_day(day).with_subagents().cost_usd.unwrap_or_default()
    }
}

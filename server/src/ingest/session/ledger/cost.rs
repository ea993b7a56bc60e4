//! What news cost: as reported, by price, or unknown; costs of one session are never set off against another's. Pure.

use serde::{Deserialize, Serialize};

use crate::config::Tokens;

use super::super::super::sign::By;
use super::{Sums, units};

/// What some tokens cost, USD, where no agent says so. `length`: how many a request read; 0: they are of several.
pub(in super::super) type Price<'p> = &'p dyn Fn(&Tokens, u64) -> Option<f64>;

/// Costs that are waiting for their counterpart: billionths of a dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    /// Computed ones, of tokens whose cost may yet be reported.
    computed: u64,
    /// Reported ones without tokens, which may yet be told of.
    reported: u64,
}

impl Open {
    /// Takes in what is open of a session now, of which `before` was known.
    pub(super) fn learn(&mut self, before: Self, now: Self) {
        for part in [COMPUTED, REPORTED] {
            let (mut before, mut now) = (before, now);
            let more = part(&mut now).saturating_sub(*part(&mut before));
            *part(self) = part(self).saturating_add(more);
        }
    }
}

/// One of the two costs that are open.
type Part = fn(&mut Open) -> &mut u64;

const COMPUTED: Part = |open| &mut open.computed;
const REPORTED: Part = |open| &mut open.reported;

/// What a report's cost may be set off against.
pub(super) enum Sides<'a> {
    /// A session's: its own, and those that name no session.
    Session { own: &'a mut Open, all: &'a mut Open, loose: &'a mut Open },
    /// One that names no session: it may be of any. `all`: those of all sessions together.
    Loose { loose: &'a mut Open, all: &'a mut Open },
}

/// What news cost, billionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// There is nothing that costs.
    None,
    /// As the agent says.
    Reported(u64),
    /// By the model's price.
    Computed(u64),
    /// Nobody knows.
    Unpriced,
}

impl Sides<'_> {
    /// What a report's news cost: as it is reported, less what was computed of the same tokens; or else by price, less what was
    /// reported of them. `spent`: all that the report says.
    pub(super) fn settle(&mut self, by: By, spent: Sums, news: Sums, price: Price<'_>) -> Cost {
        if spent.cost > 0 {
            let known = spent.paid().saturating_sub(news.paid());
            // Of a report without tokens nobody knows which it means.
            let of_known = if spent.paid() == 0 { news.cost } else { share(news.cost, known, spent.paid()) };
            let covered = self.take(COMPUTED, of_known);
            if spent.paid() == 0 {
                self.add(REPORTED, news.cost - covered);
            }
            return Cost::Reported(news.cost - covered);
        }
        if news.paid() == 0 {
            return Cost::None;
        }
        let is_of_several = matches!(by, By::Metric | By::Histogram);
        let length = if is_of_several { 0 } else { spent.read() };
        let priced = price(&news.tokens(), length).map(units);
        // Without a price the whole of what was reported before them is theirs.
        let covered = self.take(REPORTED, priced.unwrap_or(u64::MAX));
        let more = priced.unwrap_or_default().saturating_sub(covered);
        self.add(COMPUTED, more);
        match priced {
            _ if covered > 0 && more == 0 => Cost::Reported(0),
            Some(_) => Cost::Computed(more),
            None => Cost::Unpriced,
        }
    }

    /// Takes up to so much of what is open; says how much it was.
    fn take(&mut self, part: Part, most: u64) -> u64 {
        match self {
            Self::Session { own, all, loose } => {
                // What reports without a session took of all sessions' is no session's any more.
                let of_own = most.min(*part(own)).min(*part(all));
                *part(own) -= of_own;
                *part(all) -= of_own;
                of_own + up_to(part(loose), most - of_own)
            }
            Self::Loose { loose, all } => {
                let of_loose = up_to(part(loose), most);
                of_loose + up_to(part(all), most - of_loose)
            }
        }
    }

    fn add(&mut self, part: Part, amount: u64) {
        let add = |open: &mut Open| *part(open) = part(open).saturating_add(amount);
        match self {
            Self::Session { own, all, .. } => [own, all].into_iter().for_each(|open| add(open)),
            Self::Loose { loose, .. } => add(loose),
        }
    }
}

fn up_to(open: &mut u64, most: u64) -> u64 {
    let taken = most.min(*open);
    *open -= taken;
    taken
}

/// The share of an amount that so many of all have.
fn share(amount: u64, some: u64, all: u64) -> u64 {
    let share = u128::from(amount) * u128::from(some) / u128::from(all.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

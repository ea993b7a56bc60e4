//! What was spent counts once, whichever ways tell of it: hooks, log records, spans and metrics may each tell of the same tokens. Pure.
//!
//! Each way has a sum of its own, and what was told so far is as much as the largest of them. In whatever order they come the
//! end is the same. Tokens of a cache are part of what was read: where one way tells them apart and another does not, both together
//! are what was read, and no more.
//!
//! What nobody says the cost of is priced as it is told, and only then: tokens that come twice have one price. An agent's own word on
//! what they cost, if it comes after that, counts for as much as it is more: within a session, or where no session is named.

mod cost;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::config::Tokens;

use super::super::sign::{By, Usage};
use cost::{Cost, Open, Price, Sides};

/// Units of a dollar that cost is summed in: exact, in whatever order.
const UNITS: f64 = 1e9;

/// Sums of what was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sums {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    /// Billionths of a dollar, as agents report them.
    cost: u64,
}

/// What was spent, by each way that tells of it, and what was told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Ledger {
    by: [Sums; By::ALL.len()],
    told: Sums,
    open: Open,
}

/// What was spent by all sessions of an agent, and what those reports say of it that name no session.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Account {
    sessions: Sums,
    loose: Ledger,
    /// Those of all its sessions.
    open: Open,
}

impl Sums {
    fn of(usage: &Usage) -> Self {
        let count = |count: Option<u64>| count.unwrap_or_default();
        Self {
            input: count(usage.input),
            cache_read: count(usage.cache_read),
            cache_write: count(usage.cache_write),
            output: count(usage.output),
            reasoning: count(usage.reasoning),
            cost: units(usage.cost_usd.unwrap_or_default()),
        }
    }

    fn each(self, other: Self, of: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            input: of(self.input, other.input),
            cache_read: of(self.cache_read, other.cache_read),
            cache_write: of(self.cache_write, other.cache_write),
            output: of(self.output, other.output),
            reasoning: of(self.reasoning, other.reasoning),
            cost: of(self.cost, other.cost),
        }
    }

    fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// All that was read.
    fn read(self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    /// All that is paid for: reasoning is among what was written.
    fn paid(self) -> u64 {
        self.read().saturating_add(self.output)
    }

    fn tokens(self) -> Tokens {
        Tokens {
            input: self.input,
            output: self.output,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
        }
    }

    /// What is to be told so that as much was told as `total` says.
    fn up_to(self, total: Self) -> Self {
        let mut more = total.each(self, u64::saturating_sub);
        let mut left = total.read().saturating_sub(self.read());
        for part in [&mut more.input, &mut more.cache_read, &mut more.cache_write] {
            *part = (*part).min(left);
            left -= *part;
        }
        // Another way told less of a part, but as much in all.
        more.input = more.input.saturating_add(left);
        more
    }
}

impl Ledger {
    /// What of a report is news.
    fn book(&mut self, by: By, spent: Sums) -> Sums {
        let at = By::ALL.iter().position(|way| *way == by).unwrap_or_default();
        self.by[at] = self.by[at].plus(spent);
        let more = self.told.up_to(self.by[at]);
        self.told = self.told.plus(more);
        more
    }
}

impl Account {
    /// A session of its agent is known from now on, or its ledger is another one than `before`: another process has told of it.
    pub(super) fn learn(&mut self, before: Option<&Ledger>, now: &Ledger) {
        let none = Ledger::default();
        let before = before.unwrap_or(&none);
        self.sessions = self.sessions.plus(now.told.each(before.told, u64::saturating_sub));
        self.loose.told = self.loose.told.plus(self.loose.told.up_to(self.sessions));
        self.open.learn(before.open, now.open);
    }

    /// What of a session's report is news.
    pub(super) fn book(
        &mut self,
        session: &mut Ledger,
        by: By,
        usage: &Usage,
        price: Price<'_>,
    ) -> Option<Usage> {
        let more = session.book(by, Sums::of(usage));
        self.sessions = self.sessions.plus(more);
        let more = self.loose.told.up_to(self.sessions);
        self.loose.told = self.loose.told.plus(more);
        let mut sides =
            Sides::Session { own: &mut session.open, all: &mut self.open, loose: &mut self.loose.open };
        news(usage, more, sides.settle(by, Sums::of(usage), more, price))
    }

    /// What of a report is news that names no session: it may be of what sessions told of.
    pub(super) fn book_loose(&mut self, by: By, usage: &Usage, price: Price<'_>) -> Option<Usage> {
        let more = self.loose.book(by, Sums::of(usage));
        let mut sides = Sides::Loose { loose: &mut self.loose.open, all: &mut self.open };
        news(usage, more, sides.settle(by, Sums::of(usage), more, price))
    }
}

/// A report of what is news; `None`: nothing is.
fn news(usage: &Usage, more: Sums, cost: Cost) -> Option<Usage> {
    // A report says 0 of what it knows to be none; what was told before is left out.
    let part = |said: Option<u64>, more: u64| match said {
        Some(0) => Some(more),
        _ => Some(more).filter(|more| *more > 0),
    };
    let cost_usd = match cost {
        Cost::Reported(cost) if cost == Sums::of(usage).cost => usage.cost_usd,
        // That tokens cost no more than was told is known of them, too.
        Cost::Reported(cost) if cost > 0 || more.paid() > 0 => Some(dollars(cost)),
        Cost::Computed(cost) => Some(dollars(cost)),
        Cost::Reported(_) | Cost::None | Cost::Unpriced => None,
    };
    let is_news = more.paid() > 0
        || more.reasoning > 0
        || cost_usd.is_some_and(|cost| cost > 0.0)
        || usage.context.is_some()
        || usage.context_limit.is_some();
    is_news.then(|| Usage {
        input: part(usage.input, more.input),
        output: part(usage.output, more.output),
        cache_read: part(usage.cache_read, more.cache_read),
        cache_write: part(usage.cache_write, more.cache_write),
        reasoning: part(usage.reasoning, more.reasoning),
        cost_usd,
        is_computed: matches!(cost, Cost::Computed(_)),
        is_unpriced: cost == Cost::Unpriced,
        ..usage.clone()
    })
}

/// Dollars in billionths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cost is not negative; a cast saturates"
)]
fn units(dollars: f64) -> u64 {
    (dollars.max(0.0) * UNITS).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "billionths of a dollar below 2^53")]
fn dollars(units: u64) -> f64 {
    units as f64 / UNITS
}

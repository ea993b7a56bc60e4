//! What was spent counts once, whichever ways tell of it: hooks, log records, spans and metrics may each tell of the same tokens. Pure.
//!
//! Each way has a sum of its own, and what was told so far is as much as the largest of them. In whatever order they come the
//! end is the same. Tokens of a cache are part of what was read: where one way tells them apart and another does not, both together
//! are what was read, and no more.
//!
//! What nobody says the cost of is priced as it is told, and only then: tokens that come twice have one price. An agent's own word on
//! what they cost, if it comes after that, counts for as much as it is more.

use crate::config::Tokens;

use super::super::sign::{By, Usage};

/// Units of a dollar that cost is summed in: exact, in whatever order.
const UNITS: f64 = 1e9;

/// Sums of what was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    /// Billionths of a dollar, as agents report them.
    cost: u64,
}

/// What some tokens cost, USD, where no agent says so. `length`: how many a request read; 0: they are of several.
pub(super) type Price<'p> = &'p dyn Fn(&Tokens, u64) -> Option<f64>;

/// Costs that are waiting for their counterpart: billionths of a dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Open {
    /// Computed ones, of tokens whose cost may yet be reported.
    computed: u64,
    /// Reported ones without tokens, which may yet be told of.
    reported: u64,
}

/// What was spent, by each way that tells of it, and what was told.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ledger {
    by: [Sums; By::ALL.len()],
    told: Sums,
}

/// What was spent by all sessions of an agent, and what those reports say of it that name no session.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Account {
    sessions: Sums,
    loose: Ledger,
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

impl Open {
    /// What a report's news cost: as it is reported, less what was computed of the same tokens; or else by price, less what was
    /// reported of them. `spent`: all that the report says.
    fn settle(&mut self, by: By, spent: Sums, news: Sums, price: Price<'_>) -> Cost {
        if spent.cost > 0 {
            let known = spent.paid().saturating_sub(news.paid());
            // Of a report without tokens nobody knows which it means.
            let of_known = if spent.paid() == 0 { news.cost } else { share(news.cost, known, spent.paid()) };
            let covered = of_known.min(self.computed);
            self.computed -= covered;
            if spent.paid() == 0 {
                self.reported = self.reported.saturating_add(news.cost - covered);
            }
            return Cost::Reported(news.cost - covered);
        }
        if news.paid() == 0 {
            return Cost::None;
        }
        let is_of_several = matches!(by, By::Metric | By::Histogram);
        let length = if is_of_several { 0 } else { spent.read() };
        match price(&news.tokens(), length).map(units) {
            priced if self.reported > 0 => self.was_reported(priced),
            Some(cost) => {
                self.computed = self.computed.saturating_add(cost);
                Cost::Computed(cost)
            }
            None => Cost::Unpriced,
        }
    }

    /// Tokens whose cost was reported before them.
    fn was_reported(&mut self, priced: Option<u64>) -> Cost {
        // Without a price the whole of it is theirs.
        let covered = priced.unwrap_or(self.reported).min(self.reported);
        self.reported -= covered;
        let more = priced.unwrap_or_default() - covered.min(priced.unwrap_or_default());
        self.computed = self.computed.saturating_add(more);
        if more > 0 { Cost::Computed(more) } else { Cost::Reported(0) }
    }
}

/// What news cost, billionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// There is nothing that costs.
    None,
    /// As the agent says.
    Reported(u64),
    /// By the model's price.
    Computed(u64),
    /// Nobody knows.
    Unpriced,
}

impl Account {
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
        self.news(by, usage, more, price)
    }

    /// What of a report is news that names no session: it may be of what sessions told of.
    pub(super) fn book_loose(&mut self, by: By, usage: &Usage, price: Price<'_>) -> Option<Usage> {
        let more = self.loose.book(by, Sums::of(usage));
        self.news(by, usage, more, price)
    }

    fn news(&mut self, by: By, usage: &Usage, more: Sums, price: Price<'_>) -> Option<Usage> {
        let cost = self.open.settle(by, Sums::of(usage), more, price);
        news(usage, more, cost)
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

/// The share of an amount that so many of all have.
fn share(amount: u64, some: u64, all: u64) -> u64 {
    let share = u128::from(amount) * u128::from(some) / u128::from(all.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usage(input: u64, cache_read: u64, output: u64) -> Usage {
        Usage { input: Some(input), cache_read: Some(cache_read), output: Some(output), ..Usage::default() }
    }

    #[derive(Debug, Clone, Copy)]
    struct Report {
        session: Option<usize>,
        by: By,
        usage: (u64, u64, u64),
    }

    /// Everything that was told: read, and written.
    fn told(reports: &[Report]) -> (u64, u64) {
        let mut account = Account::default();
        let mut sessions = [Ledger::default(), Ledger::default()];
        let (mut read, mut written) = (0, 0);
        for Report { session, by, usage: (input, cache, output) } in reports {
            let usage = usage(*input, *cache, *output);
            let news = match session {
                Some(at) => account.book(&mut sessions[*at], *by, &usage, &|_, _| None),
                None => account.book_loose(*by, &usage, &|_, _| None),
            };
            let news = news.unwrap_or_default();
            read += news.input.unwrap_or_default() + news.cache_read.unwrap_or_default();
            written += news.output.unwrap_or_default();
        }
        (read, written)
    }

    #[test]
    fn what_two_ways_tell_of_counts_once_and_a_cache_is_part_of_what_was_read() {
        let apart = Report { session: Some(0), by: By::Log, usage: (1200, 800, 42) };
        let together = Report { session: Some(0), by: By::Hook, usage: (2000, 0, 42) };
        let loose = Report { session: None, by: By::Metric, usage: (1200, 800, 42) };
        let more = Report { session: None, by: By::Histogram, usage: (2000, 0, 50) };
        for (reports, read, written) in [
            (vec![apart], 2000, 42),
            (vec![apart, together], 2000, 42),
            (vec![together, apart], 2000, 42),
            (vec![together, apart, apart], 4000, 84),
            (vec![loose, apart, together], 2000, 42),
            (vec![apart, loose, together], 2000, 42),
            (vec![more, loose, apart], 2000, 50),
            (vec![apart, apart, loose, more], 4000, 84),
        ] {
            assert_eq!(told(&reports), (read, written), "{reports:?}");
        }
    }

    fn report() -> impl Strategy<Value = Report> {
        let session = prop::option::of(0..2_usize);
        (session, prop::sample::select(By::ALL.to_vec()), (0..50_u64, 0..50_u64, 0..50_u64))
            .prop_map(|(session, by, usage)| Report { session, by, usage })
    }

    proptest! {
        #[test]
        fn the_order_of_reports_changes_nothing(
            (reports, shuffled) in prop::collection::vec(report(), 0..12)
                .prop_flat_map(|reports| (Just(reports.clone()), Just(reports).prop_shuffle()))
        ) {
            prop_assert_eq!(told(&reports), told(&shuffled));
        }
    }
}

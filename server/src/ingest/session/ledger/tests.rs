//! What ledgers tell: tokens once, and each session's cost by itself.

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

/// What is news of a report, where a token costs 3 billionths of a dollar; `ledger`: its session's, if it names one.
fn cost_told(account: &mut Account, ledger: Option<&mut Ledger>, report: Costly) -> Option<Usage> {
    let Costly { by, tokens, cost, .. } = report;
    let usage = Usage { cost_usd: cost.map(dollars), ..usage(tokens, 0, 0) };
    let price = |tokens: &Tokens, _| Some(dollars(3 * tokens.input));
    match ledger {
        Some(ledger) => account.book(ledger, by, &usage, &price),
        None => account.book_loose(by, &usage, &price),
    }
}

/// A report with a cost, billionths of a dollar; `None`: its agent does not say.
#[derive(Debug, Clone, Copy)]
struct Costly {
    session: usize,
    by: By,
    tokens: u64,
    cost: Option<u64>,
}

const SESSIONS: usize = 3;

/// What each session was told to cost and whether by price, report by report.
fn costs(reports: &[Costly]) -> [Vec<(Option<u64>, bool)>; SESSIONS] {
    let mut account = Account::default();
    let mut sessions: [Ledger; SESSIONS] = std::array::from_fn(|_| Ledger::default());
    let mut told: [Vec<_>; SESSIONS] = std::array::from_fn(|_| Vec::new());
    for report in reports {
        let news = cost_told(&mut account, Some(&mut sessions[report.session]), *report).unwrap_or_default();
        told[report.session].push((news.cost_usd.map(units), news.is_computed));
    }
    told
}

#[test]
fn what_one_session_costs_is_not_set_off_against_another() {
    let request = |session| Costly { session, by: By::Log, tokens: 750, cost: Some(0) };
    let metric = Costly { session: 1, by: By::Metric, tokens: 0, cost: Some(10_000) };
    let told = costs(&[request(0), metric, request(2)]);
    assert_eq!(told, [vec![(Some(2250), true)], vec![(Some(10_000), false)], vec![(Some(2250), true)]]);
}

#[test]
fn a_cost_without_a_session_is_set_off_against_those_of_all_sessions() {
    let request = |session| Costly { session, by: By::Log, tokens: 750, cost: Some(0) };
    let metric = Costly { session: 0, by: By::Metric, tokens: 0, cost: Some(6000) };
    for loose_at in 0..3 {
        let mut account = Account::default();
        let mut sessions = [Ledger::default(), Ledger::default()];
        let mut told = 0;
        for (at, ledger) in sessions.iter_mut().enumerate() {
            if at == loose_at {
                told += news_cost(cost_told(&mut account, None, metric));
            }
            told += news_cost(cost_told(&mut account, Some(ledger), request(at)));
        }
        if loose_at == 2 {
            told += news_cost(cost_told(&mut account, None, metric));
        }
        assert_eq!(told, 6000, "the metric is number {loose_at}");
    }
}

fn news_cost(news: Option<Usage>) -> u64 {
    news.and_then(|news| news.cost_usd).map_or(0, units)
}

fn costly() -> impl Strategy<Value = Costly> {
    let cost = prop::option::of(0..200_u64);
    (0..SESSIONS, prop::sample::select(By::ALL.to_vec()), 0..50_u64, cost)
        .prop_map(|(session, by, tokens, cost)| Costly { session, by, tokens, cost })
}

proptest! {
    #[test]
    fn a_session_costs_what_it_would_alone(reports in prop::collection::vec(costly(), 0..16)) {
        let together = costs(&reports);
        for (session, told) in together.iter().enumerate() {
            let own: Vec<Costly> = reports.iter().copied().filter(|report| report.session == session).collect();
            prop_assert_eq!(told, &costs(&own)[session], "session {}", session);
            let all: u64 = told.iter().filter_map(|(cost, _)| *cost).sum();
            let most = By::ALL.iter().map(|by| {
                own.iter().filter(|report| report.by == *by).filter_map(|report| report.cost).sum::<u64>()
            }).max().unwrap_or_default();
            let priced: u64 = own.iter().map(|report| 3 * report.tokens).sum();
            prop_assert!((most..=most + priced).contains(&all), "{} told of {} and {}", all, most, priced);
        }
    }
}

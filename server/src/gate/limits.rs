//! How much one subject may do: of a server with keys the token's subject, of another one the address that asks. Pure.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::own_limits::OwnLimits;
use super::pass::Grant;
use crate::bucket::{Bucket, Rate};
use crate::config::{LimitsConfig, network_of};

/// Most subjects that are counted each for itself; those that come while so many are busy share one count.
const SUBJECTS_MAX: usize = 8192;
/// How many seconds' worth of each rate may come at once.
const BURST_S: f64 = 2.0;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Events that are published.
    Events,
    /// Bytes of JSON that are published.
    Bytes,
    /// Spells and voices.
    Spells,
    /// Messages over a WebSocket that do not publish.
    Messages,
    /// Rooms that were not there.
    Rooms,
    /// Names of daemons that were not known.
    Daemons,
}

impl Counted {
    pub(crate) const ALL: [Self; 6] =
        [Self::Events, Self::Bytes, Self::Spells, Self::Messages, Self::Rooms, Self::Daemons];

    /// As answers name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Bytes => "bytes of events",
            Self::Spells => "spells",
            Self::Messages => "messages",
            Self::Rooms => "new rooms",
            Self::Daemons => "new names of daemons",
        }
    }

    /// As metrics name it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Bytes => "bytes",
            Self::Spells => "spells",
            Self::Messages => "messages",
            Self::Rooms => "rooms",
            Self::Daemons => "daemons",
        }
    }

    /// Units a second, or of what is new a minute; 0 is no bound.
    pub(super) fn of(self, limits: &LimitsConfig) -> u32 {
        match self {
            Self::Events => limits.events_per_s,
            Self::Bytes => limits.bytes_per_s,
            Self::Spells => limits.spells_per_s,
            Self::Messages => limits.messages_per_s,
            Self::Rooms => limits.new_rooms_per_min,
            Self::Daemons => limits.new_daemons_per_min,
        }
    }

    /// Whether it counts what is new.
    fn is_new(self) -> bool {
        matches!(self, Self::Rooms | Self::Daemons)
    }

    /// The time that its bound is said for.
    fn period(self) -> &'static str {
        if self.is_new() { "minute" } else { "second" }
    }

    /// How fast so many may come.
    fn rate(self, most: u32) -> Rate {
        match self {
            Self::Rooms | Self::Daemons => {
                Rate { per_s: f64::from(most) / 60.0, burst: f64::from(most), least: 1.0 }
            }
            _ => Rate::new(most, BURST_S),
        }
    }
}

/// More than a subject may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {most} {} a {}; go on in {} s", what.as_str(), what.period(), wait_s(*wait))]
pub(crate) struct TooMuch {
    pub(crate) what: Counted,
    /// The bound.
    most: u32,
    /// Until there is something left.
    pub(crate) wait: Duration,
}

/// Whole seconds, at least one: what `Retry-After` can say.
pub(crate) fn wait_s(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().map_or(u64::MAX, |seconds: u64| seconds.max(1))
}

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A token's.
    Named(Arc<str>),
    /// A token's that has limits for itself: tokens with others are counted apart.
    Limited(Arc<str>, Arc<OwnLimits>),
    /// An address, or the network of one of IPv6.
    At(IpAddr),
    /// A connection of which no address is known.
    Unknown,
}

impl Subject {
    /// Whose a token is.
    pub(crate) fn of(grant: &Grant) -> Self {
        let name = Arc::clone(&grant.subject);
        match &grant.limits {
            None => Self::Named(name),
            Some(own) => Self::Limited(name, Arc::clone(own)),
        }
    }

    /// Its bounds on a server with these.
    pub(crate) fn bounds(&self, server: LimitsConfig) -> LimitsConfig {
        match self {
            Self::Limited(_, own) => own.over(server),
            Self::Named(_) | Self::At(_) | Self::Unknown => server,
        }
    }

    /// The address, or of IPv6 its network.
    pub(crate) fn at(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Unknown, |address| Self::At(network_of(address)))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) | Self::Limited(name, _) => f.write_str(name),
            Self::At(address) => address.fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// What is left for each subject.
#[derive(Debug)]
pub(crate) struct Limits {
    config: LimitsConfig,
    subjects: HashMap<Subject, [Option<Bucket>; Counted::ALL.len()]>,
    /// Of those that came while too many were busy.
    others: [Option<Bucket>; Counted::ALL.len()],
}

impl Limits {
    pub(crate) fn new(config: LimitsConfig) -> Self {
        Self { config, subjects: HashMap::new(), others: Default::default() }
    }

    /// Takes so much of what a subject may do.
    ///
    /// # Errors
    /// If nothing is left.
    pub(crate) fn take(
        &mut self,
        subject: &Subject,
        what: Counted,
        units: f64,
        now: Instant,
    ) -> Result<(), TooMuch> {
        let most = what.of(&subject.bounds(self.config));
        if most == 0 {
            return Ok(());
        }
        // What is new stays: it cannot be paid for later.
        if what.is_new() && units > f64::from(most) {
            return Err(TooMuch { what, most, wait: Duration::from_mins(1) });
        }
        let rate = what.rate(most);
        let buckets = self.buckets(subject, now);
        let bucket = buckets[what as usize].get_or_insert_with(|| Bucket::full(rate, now));
        bucket.take(rate, units, now).map_err(|wait| TooMuch { what, most, wait })
    }

    /// Takes so much for what a subject has done, whatever is left.
    pub(crate) fn charge(&mut self, subject: &Subject, what: Counted, units: f64, now: Instant) {
        let most = what.of(&subject.bounds(self.config));
        if most > 0 {
            let rate = what.rate(most);
            let buckets = self.buckets(subject, now);
            buckets[what as usize].get_or_insert_with(|| Bucket::full(rate, now)).charge(rate, units, now);
        }
    }

    fn buckets(&mut self, subject: &Subject, now: Instant) -> &mut [Option<Bucket>; Counted::ALL.len()] {
        if !self.subjects.contains_key(subject) && self.subjects.len() >= SUBJECTS_MAX {
            let config = self.config;
            // A full bucket and none are the same.
            self.subjects.retain(|subject, buckets| {
                let bounds = subject.bounds(config);
                Counted::ALL.into_iter().zip(buckets).any(|(what, bucket)| {
                    let rate = what.rate(what.of(&bounds));
                    bucket.as_mut().is_some_and(|bucket| !bucket.is_full(rate, now))
                })
            });
            if self.subjects.len() >= SUBJECTS_MAX {
                return &mut self.others;
            }
        }
        self.subjects.entry(subject.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Subject {
        Subject::Named(name.into())
    }

    #[test]
    fn each_subject_has_its_own_count_of_each_kind() {
        let mut limits =
            Limits::new(LimitsConfig { events_per_s: 10, spells_per_s: 1, ..LimitsConfig::none() });
        let begin = Instant::now();
        assert!(limits.take(&named("a"), Counted::Events, 20.0, begin).is_ok());
        let refused = limits.take(&named("a"), Counted::Events, 1.0, begin).unwrap_err();
        insta::assert_snapshot!(refused, @"more than 10 events a second; go on in 1 s");
        assert!(limits.take(&named("b"), Counted::Events, 1.0, begin).is_ok());
        assert!(limits.take(&named("a"), Counted::Spells, 1.0, begin).is_ok());
        // Nothing is said of bytes.
        assert!(limits.take(&named("a"), Counted::Bytes, 1e12, begin).is_ok());
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut limits = Limits::new(LimitsConfig { events_per_s: 1, ..LimitsConfig::none() });
        let begin = Instant::now();
        for n in 0..SUBJECTS_MAX {
            assert!(limits.take(&named(&n.to_string()), Counted::Events, 2.0, begin).is_ok());
        }
        assert!(limits.take(&named("late"), Counted::Events, 2.0, begin).is_ok(), "a count for all others");
        assert!(limits.take(&named("later"), Counted::Events, 1.0, begin).is_err(), "which is used up");
        assert_eq!(limits.subjects.len(), SUBJECTS_MAX);
        let soon = begin + Duration::from_secs(3);
        assert!(limits.take(&named("later"), Counted::Events, 1.0, soon).is_ok());
        assert_eq!(limits.subjects.len(), 1, "what is full is forgotten");
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds() {
        assert_eq!([0, 1, 1000, 1001].map(|ms| wait_s(Duration::from_millis(ms))), [1, 1, 1, 2]);
    }
}

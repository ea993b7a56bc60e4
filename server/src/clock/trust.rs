//! Whether the wall clock is believed. Pure: what two clocks show in, a verdict out.
//!
//! Small steps are followed. A larger one is a jump: then the time goes on as it went, and nothing is too old, until the
//! wall clock has kept to its new course for [`BELIEVED_AFTER_MICROS`]. So does it after a boot of the machine, unless it
//! goes on where it was: nothing tells how long the machine was down.

/// A wall clock that is further from where it should be has jumped: 1 min.
pub(super) const JUMP_MICROS: i64 = 60 * 1_000_000;
/// How long it has to go on without another jump until it is believed: 1 h.
const BELIEVED_AFTER_MICROS: i64 = 3600 * 1_000_000;

/// What a run leaves to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptTime {
    /// What time it was, Unix microseconds.
    at: i64,
    /// What the clock that nobody can set showed, and in which boot of the machine.
    elapsed: i64,
    boot: String,
}

impl KeptTime {
    pub(crate) fn encode(&self) -> String {
        format!("{} {} {}", self.at, self.elapsed, self.boot)
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (at, elapsed) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { at, elapsed, boot: parts.next()?.to_owned() })
    }
}

/// How far the wall clock is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trust {
    /// What the time is ahead of the clock that nobody can set.
    offset: i64,
    /// The wall clock is not believed: since when it has gone on like this, and where it is.
    pending: Option<Pending>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pending {
    why: Why,
    /// As [`Trust::offset`], by the wall clock.
    offset: i64,
    since: i64,
}

/// Why a wall clock is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Jumped,
    /// After a boot of the machine it shows so much more than before.
    Restarted(i64),
    /// Nothing says what it showed before.
    Unknown,
}

/// A wall clock that is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doubt {
    why: Why,
    by_micros: i64,
    /// How long until it is believed.
    pub(super) left_micros: i64,
}

impl Doubt {
    /// What it did, for people.
    pub(super) fn what(&self) -> String {
        let by = |by: i64, ahead, back| format!("{} {}", super::words(by), if by > 0 { ahead } else { back });
        match self.why {
            Why::Jumped => format!("jumped {}", by(self.by_micros, "ahead", "back")),
            Why::Restarted(gap) => {
                let gap = by(gap, "more", "less");
                format!("shows {gap} than before the machine started again, and nothing proves it")
            }
            Why::Unknown => {
                String::from("may be wrong: nothing tells what it was when the log was last used")
            }
        }
    }
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockChange {
    InDoubt(Doubt),
    /// A jump was undone.
    Back,
    /// It has gone on for long enough.
    Believed {
        by_micros: i64,
    },
}

impl Trust {
    pub(super) fn start(
        wall: i64,
        elapsed: i64,
        left: Option<&KeptTime>,
        boot: Option<&str>,
        is_new: bool,
    ) -> (Self, Option<ClockChange>) {
        let mut trust = Self { offset: wall.saturating_sub(elapsed), pending: None };
        let why = match left {
            // As if it had run on.
            Some(left) if boot == Some(left.boot.as_str()) => {
                trust.offset = left.at.saturating_sub(left.elapsed);
                let news = trust.observe(wall, elapsed);
                return (trust, news);
            }
            Some(left) if (wall.saturating_sub(left.at)).abs() <= JUMP_MICROS => None,
            Some(left) => Some(Why::Restarted(wall.saturating_sub(left.at))),
            None if is_new => None,
            None => Some(Why::Unknown),
        };
        trust.pending = why.map(|why| Pending { why, offset: trust.offset, since: elapsed });
        let news = trust.doubt(elapsed).map(ClockChange::InDoubt);
        (trust, news)
    }

    /// Takes in what both clocks show.
    pub(super) fn observe(&mut self, wall: i64, elapsed: i64) -> Option<ClockChange> {
        let offset = wall.saturating_sub(elapsed);
        let is_near = |other: i64| offset.abs_diff(other) <= JUMP_MICROS.unsigned_abs();
        let Some(pending) = &mut self.pending else {
            if is_near(self.offset) {
                self.offset = offset;
                return None;
            }
            return self.jump(offset, elapsed);
        };
        if pending.why == Why::Jumped && is_near(self.offset) {
            (self.offset, self.pending) = (offset, None);
            return Some(ClockChange::Back);
        }
        if !is_near(pending.offset) {
            return self.jump(offset, elapsed);
        }
        pending.offset = offset;
        if pending.why != Why::Jumped {
            // It is the only one there is.
            self.offset = offset;
        }
        if elapsed.saturating_sub(pending.since) < BELIEVED_AFTER_MICROS {
            return None;
        }
        let by_micros = offset.saturating_sub(self.offset);
        (self.offset, self.pending) = (offset, None);
        Some(ClockChange::Believed { by_micros })
    }

    fn jump(&mut self, offset: i64, elapsed: i64) -> Option<ClockChange> {
        self.pending = Some(match self.pending {
            // What was in doubt before has not become more credible: the latest is as good as any.
            Some(Pending { why, .. }) if why != Why::Jumped => {
                self.offset = offset;
                Pending { why, offset, since: elapsed }
            }
            _ => Pending { why: Why::Jumped, offset, since: elapsed },
        });
        self.doubt(elapsed).map(ClockChange::InDoubt)
    }

    pub(super) fn offset(&self) -> i64 {
        self.offset
    }

    /// Whether something can be too old.
    pub(super) fn expires(&self) -> bool {
        self.pending.is_none()
    }

    pub(super) fn doubt(&self, elapsed: i64) -> Option<Doubt> {
        let pending = self.pending?;
        let so_far = elapsed.saturating_sub(pending.since);
        let left_micros = BELIEVED_AFTER_MICROS.saturating_sub(so_far).max(0);
        Some(Doubt { why: pending.why, by_micros: pending.offset.saturating_sub(self.offset), left_micros })
    }

    /// What the next run may believe: nothing, if this one was told a time that it did not believe itself.
    pub(super) fn to_keep(&self, elapsed: i64, boot: String) -> Option<KeptTime> {
        let believes = self.pending.is_none_or(|pending| pending.why == Why::Jumped);
        believes.then(|| KeptTime { at: elapsed.saturating_add(self.offset), elapsed, boot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;
    const DAY: i64 = 86_400 * S;
    const NOW: i64 = 20_000 * DAY;

    fn started() -> Trust {
        let (trust, news) = Trust::start(NOW, 0, None, Some("boot"), true);
        assert_eq!((news, trust.expires()), (None, true));
        trust
    }

    /// What the time is, where the other clock shows `elapsed`.
    fn time(trust: &Trust, elapsed: i64) -> i64 {
        elapsed + trust.offset()
    }

    #[test]
    fn small_steps_are_followed() {
        let mut trust = started();
        for (elapsed, wall) in [(10 * S, 12 * S), (20 * S, 75 * S), (30 * S, 40 * S)] {
            assert_eq!(trust.observe(NOW + wall, elapsed), None);
            assert_eq!((time(&trust, elapsed), trust.expires()), (NOW + wall, true));
        }
    }

    #[test]
    fn a_jump_that_is_undone_changes_nothing() {
        for by in [40 * DAY, -40 * DAY] {
            let mut trust = started();
            let news = trust.observe(NOW + S + by, S);
            assert!(
                matches!(news, Some(ClockChange::InDoubt(Doubt { by_micros, .. })) if by_micros == by),
                "{news:?}"
            );
            assert_eq!((time(&trust, S), trust.expires()), (NOW + S, false));
            assert_eq!(trust.observe(NOW + 40 * S + by, 40 * S), None, "told once");
            assert_eq!(trust.observe(NOW + 45 * S, 45 * S), Some(ClockChange::Back));
            assert_eq!((time(&trust, 45 * S), trust.expires()), (NOW + 45 * S, true));
        }
    }

    #[test]
    fn a_jump_that_stays_is_believed_after_an_hour() {
        let mut trust = started();
        let hour = BELIEVED_AFTER_MICROS;
        trust.observe(NOW + DAY, 0);
        assert_eq!(trust.observe(NOW + DAY + hour - S, hour - S), None);
        assert_eq!((time(&trust, hour), trust.expires()), (NOW + hour, false));
        // Another jump begins the hour anew.
        assert!(matches!(trust.observe(NOW + 2 * DAY + hour - S, hour - S), Some(ClockChange::InDoubt(_))));
        assert_eq!(trust.observe(NOW + 2 * DAY + hour + S, hour + S), None);
        let believed = trust.observe(NOW + 2 * DAY + 2 * hour, 2 * hour);
        assert_eq!(believed, Some(ClockChange::Believed { by_micros: 2 * DAY }));
        assert_eq!((time(&trust, 2 * hour), trust.expires()), (NOW + 2 * DAY + 2 * hour, true));
    }

    #[test]
    fn a_restart_goes_on_where_the_clock_was_if_that_can_be_known() {
        let mut before = started();
        before.observe(NOW + 10 * S, 10 * S);
        let left = before.to_keep(10 * S, "boot".into()).unwrap();
        assert_eq!(KeptTime::decode(&left.encode()), Some(left.clone()));
        let start = |wall, elapsed, boot| Trust::start(wall, elapsed, Some(&left), Some(boot), false);
        // Of the same boot: however long it was not running.
        let (trust, news) = start(NOW + DAY, DAY, "boot");
        assert_eq!((news, trust.expires(), time(&trust, DAY)), (None, true, NOW + DAY));
        let (trust, news) = start(NOW + 41 * DAY, DAY, "boot");
        assert!(matches!(news, Some(ClockChange::InDoubt(Doubt { by_micros, .. })) if by_micros == 40 * DAY));
        assert_eq!((trust.expires(), time(&trust, DAY)), (false, NOW + DAY));
        assert!(trust.to_keep(DAY, "boot".into()).is_some(), "its own time is believed");
        // Of another: a moment later, or not to be known.
        let (trust, news) = start(NOW + 40 * S, 5 * S, "other");
        assert_eq!((news, trust.expires()), (None, true));
        let (mut trust, news) = start(NOW + 40 * DAY, 5 * S, "other");
        assert!(matches!(news, Some(ClockChange::InDoubt(_))) && !trust.expires());
        assert_eq!(time(&trust, 5 * S), NOW + 40 * DAY);
        assert_eq!(trust.to_keep(5 * S, "other".into()), None, "not believed by starting again");
        let later = 5 * S + BELIEVED_AFTER_MICROS;
        let believed = trust.observe(NOW + 40 * DAY + BELIEVED_AFTER_MICROS, later);
        assert!(matches!(believed, Some(ClockChange::Believed { .. })) && trust.expires());
        assert!(trust.to_keep(later, "other".into()).is_some());
        let (trust, news) = Trust::start(NOW, 0, None, Some("boot"), false);
        assert!(matches!(news, Some(ClockChange::InDoubt(_))) && !trust.expires());
    }
}

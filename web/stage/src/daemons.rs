//! What is known of each daemon: the room's roster, as the server gave it and as events go on from there.

use arcane_shared::color::preferred;
use arcane_shared::dictionary::{Term, Tongue};
use arcane_shared::roster::{Call, DaemonState, Roster, Sign, Sums, Wait, Window};
use arcane_shared::{ReceivedEvent, Rgb, Seq, UnixMillis};

/// All daemons that were ever heard of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Daemons {
    roster: Roster,
}

impl Daemons {
    /// What the server says.
    #[must_use]
    pub fn of(roster: Roster) -> Self {
        Self { roster }
    }

    /// Folds one event. One that the roster has already changes nothing.
    pub fn fold(&mut self, event: &ReceivedEvent) {
        self.fold_sign(self.number(event), Sign::read(event).as_ref());
    }

    /// The number under which the roster folds an event. Files may hold events without numbers; they are in their order.
    pub(crate) fn number(&self, event: &ReceivedEvent) -> Seq {
        event.seq.unwrap_or(self.roster.seq() + 1)
    }

    pub(crate) fn fold_sign(&mut self, seq: Seq, sign: Option<&Sign>) {
        self.roster.fold(seq, sign);
    }

    /// The call of a daemon that began with an event, while it goes on.
    #[must_use]
    pub fn open_call(&self, name: &str, seq: Seq) -> Option<&Call> {
        self.get(name)?.calls.iter().find(|call| call.seq == seq)
    }

    /// The wait for a human of a call of a daemon, while it goes on.
    #[must_use]
    pub fn wait_of(&self, name: &str, call: &Call) -> Option<&Wait> {
        let mut waits = self.get(name)?.waiting.iter();
        waits.find(|wait| {
            wait.call_id.is_some() && wait.call_id == call.call_id && wait.session == call.session
        })
    }

    /// A daemon that was present before the first event that was seen.
    pub fn admit(&mut self, name: &str, color: Rgb) {
        self.roster.admit(name, color);
    }

    /// As far as it is folded.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&DaemonState> {
        self.roster.get(name)
    }

    /// All, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &DaemonState> {
        self.roster.iter()
    }

    /// Those in the realm, in order of name.
    pub fn present(&self) -> impl Iterator<Item = &DaemonState> {
        self.roster.present()
    }

    /// The colour of a daemon: its own, or one drawn from its name.
    #[must_use]
    pub fn color(&self, name: &str) -> Rgb {
        self.get(name).and_then(|daemon| daemon.color).unwrap_or_else(|| preferred(name))
    }

    /// Figures of one daemon in a window that ends at a moment, Unix milliseconds.
    #[must_use]
    pub fn figures(&self, daemon: &DaemonState, window: Window, at: UnixMillis) -> Sums {
        daemon.figures(window, self.day(at))
    }

    /// The day of a moment, on the roster's calendar.
    #[must_use]
    pub fn day(&self, at: UnixMillis) -> i64 {
        self.roster.day(micros(at))
    }

    /// A window in words.
    #[must_use]
    pub fn words(&self, window: Window) -> String {
        match (window, self.roster.begins_after()) {
            (Window::Today, _) => "today".into(),
            (Window::Session, _) => "this session".into(),
            (Window::All, 0) => "in all".into(),
            (Window::All, after) => format!("since event {}", after + 1),
        }
    }
}

/// Daemons that a table lists; the rest is in the server's own statistics.
pub const ROWS_MAX: usize = 100;

/// Those that a table lists: who is present, and who did anything. In order of name.
pub fn listed(daemons: &Daemons) -> impl Iterator<Item = &DaemonState> {
    daemons.iter().filter(|daemon| daemon.is_present() || daemon.all != Sums::default())
}

/// What a table leaves out; empty where it lists all.
#[must_use]
pub fn left_out(daemons: &Daemons, tongue: Tongue) -> String {
    match listed(daemons).count() {
        count if count > ROWS_MAX => tongue.say_of(Term::SomeDaemons, &format!("{ROWS_MAX} of {count}")),
        _ => String::new(),
    }
}

/// The colour of a daemon of a roster.
#[must_use]
pub fn color_of(daemon: &DaemonState) -> Rgb {
    daemon.color.unwrap_or_else(|| preferred(daemon.daemon_name.as_str()))
}

/// What a daemon does, in a line: what it waits for, what it is at, or what it last did.
#[must_use]
pub fn line(daemon: &DaemonState) -> &str {
    match (daemon.waiting.first(), daemon.calls.last(), &daemon.failure) {
        (Some(wait), ..) => &wait.reason,
        (_, Some(call), _) => &call.task,
        (.., Some(failure)) => &failure.task,
        _ => &daemon.last,
    }
}

/// Milliseconds that a daemon has waited for a human until a moment, of what was waited before and of a wait that goes on.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a wait are far below 2^52")]
pub fn waited_until(daemon: &DaemonState, sums: &Sums, at: UnixMillis) -> f64 {
    let goes_on = daemon.waiting_since.map_or(0.0, |since| (at - since.unix_millis()).clamp(0.0, 1e12));
    sums.waited_ms as f64 + goes_on
}

/// Part of calls that succeeded; `None` before the first.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn success_rate(sums: &Sums) -> Option<f64> {
    (sums.invocations > 0).then(|| 1.0 - sums.failures as f64 / sums.invocations as f64)
}

/// Mean seconds of a call; `None` before the first.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn mean_seconds(sums: &Sums) -> Option<f64> {
    (sums.invocations > 0).then(|| sums.seconds.get() / sums.invocations as f64)
}

#[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
fn micros(at: UnixMillis) -> i64 {
    (at * 1000.0) as i64
}

/// Daemons of which these events tell, for the tests of what is made of them.
#[cfg(test)]
pub(crate) fn told(events: &[serde_json::Value]) -> Daemons {
    let mut daemons = Daemons::default();
    for event in events {
        let event = crate::message::event(event.clone(), arcane_shared::Timestamp::from_unix_micros(0));
        daemons.fold(&event.expect("a readable event"));
    }
    daemons
}

//! The connection: its states, when to come back, and when not to.
//!
//! The back-off starts over with the first *application* message, never with `open`: a proxy may
//! accept a socket whose server is down.

use arcane_shared::control::{CloseCode, is_reconnectable};

/// First wait, milliseconds.
pub const WAIT_FIRST_MS: f64 = 500.0;
/// Longest wait before jitter, milliseconds.
pub const WAIT_MAX_MS: f64 = 15_000.0;
/// Longest wait while somebody looks, before jitter: a server that is back says so to nobody.
pub const WATCHED_WAIT_MAX_MS: f64 = 5_000.0;
/// A link that has heard nothing for this long although pings go out every 5 s is dead.
pub const SILENCE_MS: f64 = 16_000.0;

/// Where the link is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// A socket is being opened, or is open and has said nothing yet.
    Connecting,
    /// The server has spoken.
    Live,
    /// Waiting to try again at this time.
    Reconnecting {
        /// When.
        at: f64,
    },
    /// Given up, with the reason: nothing changes by trying again.
    Disconnected {
        /// The close code.
        code: u16,
        /// What the server said, or what the code means.
        reason: String,
    },
}

impl State {
    /// One word, as the page shows and tests read it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Disconnected { .. } => "disconnected",
        }
    }
}

/// The connection to the server, as the page decides about it.
#[derive(Debug, Clone)]
pub struct Link {
    state: State,
    failures: u32,
    seed: u64,
    heard_at: f64,
    asked_wait_ms: Option<f64>,
    /// Until when at the latest the wait lasts that somebody watches; `None`: the server has asked for it.
    watched_until: Option<f64>,
}

impl Link {
    /// A link that is about to open its first socket. The seed draws the jitter.
    #[must_use]
    pub fn new(seed: u64, now: f64) -> Self {
        Self {
            state: State::Connecting,
            failures: 0,
            seed,
            heard_at: now,
            asked_wait_ms: None,
            watched_until: None,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// A socket is being opened.
    pub fn opening(&mut self, now: f64) {
        self.state = State::Connecting;
        self.heard_at = now;
    }

    /// The server said something.
    pub fn heard(&mut self, now: f64) {
        self.heard_at = now;
        self.failures = 0;
        self.state = State::Live;
    }

    /// The server announced that it will stop, and when to come back.
    pub fn draining(&mut self, reconnect_in_ms: u64) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of at most a minute")]
        let wait = reconnect_in_ms.min(60_000) as f64;
        self.asked_wait_ms = Some(wait);
    }

    /// The socket closed.
    pub fn closed(&mut self, code: u16, reason: &str, now: f64) {
        if !is_reconnectable(code) {
            let reason = if reason.trim().is_empty() { meaning(code).to_owned() } else { reason.to_owned() };
            self.state = State::Disconnected { code, reason };
            return;
        }
        let asked = self.asked_wait_ms.take();
        let wait = asked.unwrap_or_else(|| self.next_wait());
        self.failures = self.failures.saturating_add(1);
        self.state = State::Reconnecting { at: now + wait };
        let most = WATCHED_WAIT_MAX_MS * self.jitter();
        self.watched_until = asked.is_none().then_some(now + most);
    }

    /// Somebody looks at the page: no wait is long.
    pub fn watch(&mut self) {
        if let (State::Reconnecting { at }, Some(until)) = (&mut self.state, self.watched_until) {
            *at = at.min(until);
        }
    }

    /// Somebody asks for it, or the network is back: the next attempt is made at once.
    pub fn hasten(&mut self, now: f64) {
        if let State::Reconnecting { at } = &mut self.state {
            *at = at.min(now);
        }
    }

    /// There is nothing to connect to, and why: no code says it.
    pub fn refuse(&mut self, reason: &str) {
        self.state = State::Disconnected { code: 0, reason: reason.to_owned() };
    }

    /// Whether it is time to open a socket again.
    #[must_use]
    pub fn retry_due(&self, now: f64) -> bool {
        matches!(self.state, State::Reconnecting { at } if now >= at)
    }

    /// Whether the socket should be given up because nothing has come for too long.
    #[must_use]
    pub fn is_silent(&self, now: f64) -> bool {
        matches!(self.state, State::Live | State::Connecting) && now - self.heard_at > SILENCE_MS
    }

    /// Seconds until the next attempt, rounded up.
    #[must_use]
    pub fn seconds_left(&self, now: f64) -> Option<u32> {
        match self.state {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0-3600")]
            State::Reconnecting { at } => Some(((at - now) / 1000.0).ceil().clamp(0.0, 3_600.0) as u32),
            _ => None,
        }
    }

    fn next_wait(&mut self) -> f64 {
        let base = (WAIT_FIRST_MS * 2_f64.powi(self.failures.min(10).cast_signed())).min(WAIT_MAX_MS);
        base * self.jitter()
    }

    /// 0.75 to 1.25: readers that were cut off together come back one after the other.
    fn jitter(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        #[expect(clippy::cast_precision_loss, reason = "24 bits")]
        let unit = (self.seed >> 40) as f64 / 16_777_216.0;
        0.75 + 0.5 * unit
    }
}

/// What a final close code means when the server gave no reason.
#[must_use]
pub fn meaning(code: u16) -> &'static str {
    match code {
        c if c == CloseCode::ReplayComplete.code() => "the replay is complete",
        c if c == CloseCode::BadRequest.code() => "the server could not use the request",
        c if c == CloseCode::NotAuthenticated.code() => "a token is needed",
        c if c == CloseCode::Forbidden.code() => "this page may not listen here",
        c if c == CloseCode::NoSuchRoom.code() => "there is no such room",
        c if c == CloseCode::TakenOver.code() => "another reader took over",
        c if c == CloseCode::TooLarge.code() => "a message was too large",
        c if c == CloseCode::TooMany.code() => "too many requests",
        _ => "the server closed the connection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn open_alone_does_not_reset_the_wait() {
        let mut link = Link::new(1, 0.0);
        let mut waits = Vec::new();
        for _ in 0..6 {
            link.opening(0.0);
            link.closed(1006, "", 0.0);
            let State::Reconnecting { at } = *link.state() else { panic!() };
            waits.push(at);
        }
        assert!(waits[5] > waits[0] * 8.0, "{waits:?}");
        link.opening(0.0);
        link.heard(0.0);
        link.closed(1006, "", 0.0);
        assert!(link.seconds_left(0.0).unwrap() <= 1);
    }

    #[test]
    fn a_final_code_is_final_and_says_why() {
        let mut link = Link::new(1, 0.0);
        link.closed(4404, "", 0.0);
        assert_eq!(*link.state(), State::Disconnected { code: 4404, reason: "there is no such room".into() });
        assert!(!link.retry_due(1e12));
        link.closed(4429, "wait 30 s", 0.0);
        assert_eq!(*link.state(), State::Disconnected { code: 4429, reason: "wait 30 s".into() });
    }

    #[test]
    fn a_draining_server_is_visited_when_it_asked() {
        let mut link = Link::new(1, 0.0);
        link.heard(0.0);
        link.draining(2_000);
        link.closed(4501, "", 10.0);
        assert_eq!(*link.state(), State::Reconnecting { at: 2_010.0 });
    }

    #[test]
    fn a_wait_is_short_for_who_looks_and_over_for_who_asks() {
        let mut link = Link::new(1, 0.0);
        for _ in 0..9 {
            link.closed(1006, "", 1_000.0);
        }
        let at = |link: &Link| if let State::Reconnecting { at } = *link.state() { at } else { panic!() };
        assert!(at(&link) > 1_000.0 + WATCHED_WAIT_MAX_MS * 1.25);
        link.watch();
        assert!(at(&link) <= 1_000.0 + WATCHED_WAIT_MAX_MS * 1.25);
        link.hasten(2_000.0);
        assert!(link.retry_due(2_000.0));
        link.draining(20_000);
        link.closed(4501, "", 3_000.0);
        link.watch();
        assert_eq!(*link.state(), State::Reconnecting { at: 23_000.0 }, "the server has asked for it");
        link.hasten(4_000.0);
        assert!(link.retry_due(4_000.0));
        link.closed(4404, "", 5_000.0);
        link.hasten(6_000.0);
        assert!(!link.retry_due(1e12), "a final code is final");
    }

    proptest! {
        #[test]
        fn waits_are_bounded(seed: u64, tries in 1..60_usize) {
            let mut link = Link::new(seed, 0.0);
            for _ in 0..tries {
                link.closed(1006, "", 0.0);
                let State::Reconnecting { at } = *link.state() else { panic!() };
                prop_assert!((WAIT_FIRST_MS * 0.75..=WAIT_MAX_MS * 1.25).contains(&at));
            }
        }
    }
}

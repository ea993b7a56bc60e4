//! What is known of each daemon, folded from events.

use arcane_shared::color::assign;
use arcane_shared::{ReceivedEvent, Rgb, SpellName};

use crate::answers::Card;
use crate::names::Names;
use crate::summary;

/// Most daemons remembered; beyond that the one unseen for longest and not present gives way.
pub const DAEMONS_MAX: usize = 1_024;

/// What a daemon is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Present, nothing to do.
    Idle,
    /// An invocation has begun and not ended.
    Working,
    /// It waits for a human.
    Waiting,
    /// Its last invocation failed.
    Failed,
    /// Not in the realm.
    Gone,
}

impl Doing {
    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }
}

/// One daemon.
#[derive(Debug, Clone, PartialEq)]
pub struct Daemon {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub color: Rgb,
    /// What it is doing.
    pub doing: Doing,
    /// What it last did, in a line.
    pub last: String,
    /// Since when it waits, Unix milliseconds.
    pub waiting_since: Option<f64>,
    /// When it was last heard of, Unix milliseconds.
    pub heard_at: f64,
    /// Invocations that ended.
    pub invocations: u64,
    /// How many of those that this page saw.
    pub seen: u64,
    /// How many of those failed.
    pub failures: u64,
    /// Seconds, of those that this page saw.
    pub seconds: f64,
    /// Tokens that it read and wrote, as far as its events say.
    pub tokens: [f64; 2],
    /// What that cost, dollars, as far as its events say.
    pub cost: f64,
    /// How long it waited for a human before, milliseconds.
    pub waited_ms: f64,
}

impl Daemon {
    fn new(name: &str, color: Rgb) -> Self {
        Self {
            name: name.to_owned(),
            color,
            doing: Doing::Gone,
            last: String::new(),
            waiting_since: None,
            heard_at: 0.0,
            invocations: 0,
            seen: 0,
            failures: 0,
            seconds: 0.0,
            tokens: [0.0; 2],
            cost: 0.0,
            waited_ms: 0.0,
        }
    }

    /// Milliseconds that it has waited for a human until `at`, Unix milliseconds.
    #[must_use]
    pub fn waited_until(&self, at: f64) -> f64 {
        self.waited_ms + self.waiting_since.map_or(0.0, |since| (at - since).clamp(0.0, 1e12))
    }

    /// Whether it is in the realm.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.doing != Doing::Gone
    }

    /// Part of its invocations that succeeded; `None` before the first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn success_rate(&self) -> Option<f64> {
        (self.seen > 0).then(|| 1.0 - self.failures as f64 / self.seen as f64)
    }

    /// Mean seconds of an invocation; `None` before the first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn mean_seconds(&self) -> Option<f64> {
        (self.seen > 0).then(|| self.seconds / self.seen as f64)
    }
}

/// All daemons that were ever heard of.
#[derive(Debug, Clone, Default)]
pub struct Daemons {
    by_name: Names<Daemon>,
}

impl Daemons {
    /// Folds one event.
    pub fn fold(&mut self, event: &ReceivedEvent) {
        let Some(name) = &event.daemon_name else { return };
        let at = event.timestamp.unix_millis();
        let color = event.color();
        let daemon = self.entry(name.as_str(), color);
        daemon.heard_at = daemon.heard_at.max(at);
        let spent = |key: &str| event.number(key).filter(|n| n.is_finite()).unwrap_or(0.0).clamp(0.0, 1e12);
        daemon.tokens[0] += spent("input_tokens");
        daemon.tokens[1] += spent("output_tokens");
        daemon.cost += spent("cost_usd");
        let waited_ms = daemon.waited_until(at);
        let attention = event.metadata.get("attention").and_then(serde_json::Value::as_bool).unwrap_or(false);
        match event.spell_name.known() {
            Some(SpellName::Summon) if event.success => {
                daemon.doing = Doing::Idle;
                daemon.last = summary::of(event);
            }
            Some(SpellName::Banish) if event.success => {
                daemon.doing = Doing::Gone;
                daemon.last = summary::of(event);
            }
            Some(SpellName::Invoke) => fold_invoke(daemon, event),
            Some(SpellName::Voice) if attention => {
                daemon.doing = Doing::Waiting;
                daemon.waiting_since.get_or_insert(at);
                daemon.last = summary::of(event);
            }
            Some(
                SpellName::Voice
                | SpellName::Reveal
                | SpellName::Parse
                | SpellName::Summon
                | SpellName::Banish,
            )
            | None => {}
        }
        if !attention && daemon.doing == Doing::Waiting {
            daemon.doing = Doing::Idle;
        }
        if daemon.doing != Doing::Waiting && daemon.waiting_since.take().is_some() {
            daemon.waited_ms = waited_ms;
        }
    }

    /// A daemon that was present before the first event that was seen.
    pub fn admit(&mut self, name: &str, color: Rgb) {
        self.entry(name, Some(color)).doing = Doing::Idle;
    }

    /// Takes the server's word for who is present.
    pub fn adopt(&mut self, cards: &[Card]) {
        for daemon in self.by_name.values_mut() {
            if !cards.iter().any(|card| card.is_active && card.name == daemon.name) {
                daemon.doing = Doing::Gone;
            }
        }
        for card in cards.iter().filter(|card| card.is_active) {
            let daemon = self.entry(&card.name, Some(card.color));
            if !daemon.is_present() {
                daemon.doing = Doing::Idle;
            }
            if daemon.last.is_empty() {
                daemon.last.clone_from(&card.role);
            }
            if card.total_invocations > daemon.invocations {
                daemon.invocations = card.total_invocations;
                daemon.seen = card.total_invocations;
                daemon.failures = card.failed_invocations;
                daemon.seconds = card.total_execution_time;
            }
        }
    }

    /// Everybody is gone: the server started anew.
    pub fn clear_presence(&mut self) {
        for daemon in self.by_name.values_mut() {
            daemon.doing = Doing::Gone;
        }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Daemon> {
        self.by_name.get(name)
    }

    /// All, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Daemon> {
        self.by_name.values()
    }

    /// Those in the realm, in order of name.
    pub fn present(&self) -> impl Iterator<Item = &Daemon> {
        self.iter().filter(|daemon| daemon.is_present())
    }

    /// The colour of a daemon: its own, or one drawn from its name.
    #[must_use]
    pub fn color(&self, name: &str) -> Rgb {
        self.get(name).map_or_else(|| assign(name, &[]), |daemon| daemon.color)
    }

    fn entry(&mut self, name: &str, color: Option<Rgb>) -> &mut Daemon {
        if !self.by_name.contains(name) && self.by_name.len() >= DAEMONS_MAX {
            let oldest = self
                .by_name
                .values()
                .min_by(|a, b| {
                    (a.is_present(), a.heard_at)
                        .partial_cmp(&(b.is_present(), b.heard_at))
                        .unwrap_or(std::cmp::Ordering::Equal)
                })
                .map(|daemon| daemon.name.clone());
            if let Some(oldest) = oldest {
                self.by_name.remove(&oldest);
            }
        }
        if !self.by_name.contains(name) {
            let daemon = Daemon::new(name, color.unwrap_or_else(|| assign(name, &[])));
            self.by_name.insert(name, daemon);
        }
        #[expect(clippy::expect_used, reason = "it was put in if it was not there")]
        let daemon = self.by_name.get_mut(name).expect("a daemon");
        if let Some(color) = color {
            daemon.color = color;
        }
        daemon
    }
}

fn fold_invoke(daemon: &mut Daemon, event: &ReceivedEvent) {
    daemon.last = summary::of(event);
    if event.text("phase") == Some("begin") {
        daemon.doing = Doing::Working;
        return;
    }
    // A refusal of a daemon that is not here does not bring it here.
    if event.success || daemon.is_present() {
        daemon.doing = if event.success { Doing::Idle } else { Doing::Failed };
    }
    let numbered = event.metadata.get("invocation_number").and_then(serde_json::Value::as_u64).unwrap_or(0);
    daemon.invocations = daemon.invocations.saturating_add(1).max(numbered);
    daemon.seen += 1;
    daemon.failures += u64::from(!event.success);
    let seconds = event.number("execution_time").unwrap_or(0.0);
    daemon.seconds += if seconds.is_finite() { seconds.clamp(0.0, 1e9) } else { 0.0 };
}

//! Casting: a spell is decided on what is known, its event is handed to the log, and where another process has decided
//! meanwhile, it is decided anew.

use std::time::{Duration, Instant};

use arcane_shared::DaemonName;
use rand::RngExt as _;
use tokio::sync::MutexGuard as Turn;

use super::present::Present;
use super::{Realm, SpellFailure, VoiceMoment};
use crate::bus::{Emitted, Fault, LogError, Run};

/// How long a spell is decided anew, and how long it waits for those before it: longer than servers take to choose another
/// leader.
const DECIDE_MAX: Duration = Duration::from_secs(10);
/// The longest pause before the second decision, doubled with each further one up to [`PAUSE_MAX`]: those who decide about
/// the same get out of each other's way.
const PAUSE: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(64);

/// The line that a daemon says once a spell is told.
pub(super) struct Saying {
    name: DaemonName,
    is_success: bool,
    moment: VoiceMoment,
}

/// A spell as it was decided: its event, what is answered once the log has it, and what is said then.
pub(super) struct Spell<T> {
    pub(super) emitted: Emitted,
    pub(super) answer: T,
    pub(super) saying: Option<Saying>,
}

impl Saying {
    pub(super) fn new(name: &DaemonName, is_success: bool, moment: VoiceMoment) -> Self {
        Self { name: name.clone(), is_success, moment }
    }
}

impl Realm {
    /// Casts a spell: decides it, hands its event over, and completes once the log has it.
    ///
    /// # Errors
    /// If it cannot be decided, or the log takes no events.
    pub(super) async fn cast<T>(
        &self,
        mut decide: impl FnMut(&mut Present) -> Result<Spell<T>, SpellFailure>,
    ) -> Result<(Run, T), SpellFailure> {
        let _turn = self.turn().await?;
        let until = Instant::now() + DECIDE_MAX;
        let mut pause = PAUSE;
        loop {
            self.recall().await;
            let (Spell { mut emitted, answer, saying }, known) = {
                let mut present = self.ready()?;
                let Spell { emitted, answer, saying } = decide(&mut present)?;
                let (known, mut later) = (present.mark(), saying);
                if known.is_none() {
                    // In this order in the room.
                    self.utter(later.take());
                }
                (Spell { emitted, answer, saying: later }, known)
            };
            match (emitted.logged().await, known) {
                (Ok(run), _) => {
                    self.utter(saying);
                    return Ok((run, answer));
                }
                (Err(error), Some(known)) if error.fault == Fault::Outdated && Instant::now() < until => {
                    self.inner.bus.default_room().decided_since(&known).await;
                    let longest = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
                    let micros = rand::rng().random_range(0..=longest);
                    tokio::time::sleep(Duration::from_micros(micros)).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                (Err(error), _) => return Err(error.into()),
            }
        }
    }

    /// Where other processes decide as well, spells of this one go one after the other: each is decided on the one before it.
    async fn turn(&self) -> Result<Option<Turn<'_, ()>>, LogError> {
        if !self.present().is_shared() {
            return Ok(None);
        }
        let late = || LogError::new(Fault::Busy, "spells before this one wait for the event log");
        tokio::time::timeout(DECIDE_MAX, self.inner.casting.lock()).await.map(Some).map_err(|_| late())
    }

    pub(super) fn utter(&self, saying: Option<Saying>) {
        if let Some(Saying { name, is_success, moment }) = saying {
            self.speak_of(&name, is_success, moment);
        }
    }
}

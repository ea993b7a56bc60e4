//! The one place that reads clocks: the wall clock, which can be set, and one that only goes on.
//!
//! What people and clients are told is by the wall clock. What is deleted or forgotten for its age is by a [`SteadyClock`],
//! which does not jump with it.

mod trust;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arcane_shared::{Timestamp, UnixMillis};

pub(crate) use trust::KeptTime;
use trust::{ClockChange, JUMP_MICROS, Trust};

/// The current time, UTC, to the microsecond.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_unix_micros(chrono::Utc::now().timestamp_micros())
}

/// The current Unix time in milliseconds, fractional.
#[must_use]
pub fn now_millis() -> UnixMillis {
    now().unix_millis()
}

/// Minutes that the machine's calendar is ahead of UTC: where its day begins.
#[must_use]
pub(crate) fn day_offset_minutes() -> i32 {
    chrono::Local::now().offset().local_minus_utc() / 60
}

/// Names this boot of the machine; `None` where that cannot be known.
pub(crate) fn boot() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty() && id.len() < 64 && !id.contains(' '))
}

/// Microseconds that nobody can set: since the machine came up, asleep or not.
#[cfg(target_os = "linux")]
fn elapsed_micros() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1000)
}

/// Microseconds that nobody can set: since the first call.
#[cfg(not(target_os = "linux"))]
fn elapsed_micros() -> i64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let began = BEGAN.get_or_init(std::time::Instant::now);
    i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX)
}

/// Seconds that nobody can set, for rates.
pub(crate) fn elapsed_s() -> u64 {
    elapsed_micros().unsigned_abs() / 1_000_000
}

/// A clock that goes on as it went while the wall clock jumps. See `trust` for when a jump is believed.
#[derive(Debug)]
pub struct SteadyClock {
    trust: Mutex<Trust>,
    /// What it is ahead of [`elapsed_micros`].
    offset: AtomicI64,
    /// Whether something may be deleted for its age.
    expires: AtomicBool,
}

impl SteadyClock {
    /// A clock that begins with what the wall clock shows. `left`: what [`Self::to_keep`] said last, of this log or state;
    /// `is_new`: there is nothing that could be too old.
    pub(crate) fn start(left: Option<&KeptTime>, is_new: bool) -> Self {
        let (wall, elapsed) = (now().unix_micros(), elapsed_micros());
        let (trust, news) = Trust::start(wall, elapsed, left, boot().as_deref(), is_new);
        let clock =
            Self { offset: AtomicI64::new(0), expires: AtomicBool::new(true), trust: Mutex::new(trust) };
        clock.publish(&clock.lock());
        tell(news);
        clock
    }

    /// Compares it with the wall clock; a jump is told in the log. Call it several times a second.
    pub(crate) fn observe(&self) {
        let mut trust = self.lock();
        let news = trust.observe(now().unix_micros(), elapsed_micros());
        self.publish(&trust);
        drop(trust);
        tell(news);
    }

    /// What time it is, where the wall clock shows `wall`: the same, unless that has jumped.
    pub(crate) fn steady(&self, wall: Timestamp) -> Timestamp {
        let steady = elapsed_micros().saturating_add(self.offset.load(Ordering::Relaxed));
        if steady.abs_diff(wall.unix_micros()) <= JUMP_MICROS.unsigned_abs() {
            return wall;
        }
        Timestamp::from_unix_micros(steady)
    }

    /// The time by which things are too old: the beginning of time while it is in doubt, when nothing is.
    pub(crate) fn expiry(&self, wall: Timestamp) -> Timestamp {
        if self.expires.load(Ordering::Relaxed) {
            self.steady(wall)
        } else {
            Timestamp::from_unix_micros(i64::MIN)
        }
    }

    /// Why nothing is deleted for its age at the moment.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        self.observe();
        let trust = self.lock();
        let doubt = trust.doubt(elapsed_micros())?;
        Some(format!(
            "the clock {}; nothing is deleted or forgotten for its age until it has gone on like this for another {}",
            doubt.what(),
            words(doubt.left_micros)
        ))
    }

    /// What is to be given to the next run.
    pub(crate) fn to_keep(&self) -> Option<KeptTime> {
        let boot = boot()?;
        self.lock().to_keep(elapsed_micros(), boot)
    }

    fn publish(&self, trust: &Trust) {
        self.offset.store(trust.offset(), Ordering::Relaxed);
        self.expires.store(trust.expires(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Trust> {
        self.trust.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(news: Option<ClockChange>) {
    match news {
        None => {}
        Some(ClockChange::InDoubt(doubt)) => {
            tracing::warn!(
                "the clock {}; nothing is deleted or forgotten for its age until it has gone on like this for {}",
                doubt.what(),
                words(doubt.left_micros)
            );
        }
        Some(ClockChange::Back) => {
            tracing::warn!("the clock is back where it was; what is too old goes again");
        }
        Some(ClockChange::Believed { by_micros }) => {
            tracing::warn!(
                "the clock is believed, {by} from where it was; what is too old goes again",
                by = words(by_micros)
            );
        }
    }
}

/// A stretch of time for people.
fn words(micros: i64) -> String {
    let seconds = Duration::from_micros(micros.unsigned_abs()).as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

//! What servers suffer, and in which order: a seed decides, so a run can be repeated. Pure.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

/// Something that happens to a stream's leader, or to all servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The leader is killed, and started again (`SIGKILL`).
    Kill,
    /// The leader ends in an orderly way, and is started again (`SIGTERM`).
    Stop,
    /// The leader does nothing for a while, which looks as if the network were cut (`SIGSTOP`, `SIGCONT`).
    Pause,
    /// The leader is cut off from the other servers for a while, and not from its clients.
    Cut,
    /// What the leader and the other servers tell each other is late for a while.
    Slow,
    /// All servers are killed at once, and started again.
    KillAll,
    /// The leader hands its office to another server.
    StepDown,
}

/// All of them.
const ALL: [Fault; 7] =
    [Fault::Kill, Fault::Stop, Fault::Pause, Fault::Cut, Fault::Slow, Fault::KillAll, Fault::StepDown];

impl Fault {
    /// Its word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Pause => "pause",
            Self::Cut => "cut",
            Self::Slow => "slow",
            Self::KillAll => "kill-all",
            Self::StepDown => "step-down",
        }
    }

    /// Reads a list of words.
    ///
    /// # Errors
    /// If it is empty, or one of them is no fault: which are.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let of = |word: &str| ALL.into_iter().find(|fault| fault.as_str() == word);
        let faults =
            text.split(',').map(str::trim).map(|word| of(word).ok_or(word)).collect::<Result<_, _>>();
        faults.map_err(|word| {
            let words: Vec<&str> = ALL.into_iter().map(Self::as_str).collect();
            format!("there is no fault {word:?}: {}", words.join(", "))
        })
    }
}

/// So many faults of some kinds, each kind about equally often.
#[must_use]
pub fn schedule(kinds: &[Fault], count: usize, seed: u64) -> Vec<Fault> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut left: Vec<Fault> = Vec::new();
    let mut schedule = Vec::with_capacity(count);
    while schedule.len() < count && !kinds.is_empty() {
        if left.is_empty() {
            left = kinds.to_vec();
        }
        schedule.push(left.swap_remove(random.random_range(0..left.len())));
    }
    schedule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_schedule_in_which_each_kind_comes() {
        let once = schedule(&ALL, 14, 7);
        assert_eq!(once, schedule(&ALL, 14, 7));
        assert!(ALL.iter().all(|kind| once.iter().filter(|fault| *fault == kind).count() == 2));
        assert_eq!(schedule(&[], 10, 7), []);
    }

    #[test]
    fn words_are_read_and_others_are_named() {
        assert_eq!(Fault::parse_list("kill, kill-all"), Ok(vec![Fault::Kill, Fault::KillAll]));
        insta::assert_snapshot!(Fault::parse_list("kill,burn").unwrap_err(), @r#"there is no fault "burn": kill, stop, pause, cut, slow, kill-all, step-down"#);
    }
}

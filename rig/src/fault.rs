//! What servers suffer, and in which order: a seed decides, so a run can be repeated. Pure.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::nats::Between;

/// Something that happens to a stream's leader, to all servers of NATS, or to a node.
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
    /// A node is killed, and started again a second later.
    NodeKill,
    /// A node ends in an orderly way, and is started again a second later.
    NodeStop,
    /// A node does nothing for a while.
    NodePause,
}

/// What has to lie between servers so that they can suffer faults of these kinds.
#[must_use]
pub fn between(kinds: &[Fault]) -> Between {
    let needs_ways = kinds.iter().any(|fault| matches!(fault, Fault::Cut | Fault::Slow));
    if needs_ways { Between::Ways } else { Between::Nothing }
}

/// A fault, and which node it is about if it is about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// What happens.
    pub fault: Fault,
    /// A number that chooses the node: the remainder of its division by the number of nodes.
    pub node: usize,
}

/// All of them.
const ALL: [Fault; 10] = [
    Fault::Kill,
    Fault::Stop,
    Fault::Pause,
    Fault::Cut,
    Fault::Slow,
    Fault::KillAll,
    Fault::StepDown,
    Fault::NodeKill,
    Fault::NodeStop,
    Fault::NodePause,
];

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
            Self::NodeKill => "node-kill",
            Self::NodeStop => "node-stop",
            Self::NodePause => "node-pause",
        }
    }

    /// Whether it happens to a node, and not to servers of NATS.
    #[must_use]
    pub fn is_of_a_node(self) -> bool {
        matches!(self, Self::NodeKill | Self::NodeStop | Self::NodePause)
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

/// Faults of some kinds without an end, each kind about equally often; none if there are no kinds. A kind that is there twice comes twice as often.
pub fn schedule(kinds: &[Fault], seed: u64) -> impl Iterator<Item = Planned> {
    let mut random = SmallRng::seed_from_u64(seed);
    let (kinds, mut left) = (kinds.to_vec(), Vec::new());
    std::iter::from_fn(move || {
        if left.is_empty() {
            left.clone_from(&kinds);
        }
        let which = (!left.is_empty()).then(|| random.random_range(0..left.len()))?;
        Some(Planned { fault: left.swap_remove(which), node: random.random_range(0..1000) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_schedule_in_which_each_kind_comes() {
        let once: Vec<Planned> = schedule(&ALL, 7).take(20).collect();
        assert_eq!(once, schedule(&ALL, 7).take(20).collect::<Vec<_>>());
        assert!(ALL.iter().all(|kind| once.iter().filter(|planned| planned.fault == *kind).count() == 2));
        assert_eq!(schedule(&[], 7).next(), None);
    }

    #[test]
    fn words_are_read_and_others_are_named() {
        assert_eq!(Fault::parse_list("kill, kill-all"), Ok(vec![Fault::Kill, Fault::KillAll]));
        insta::assert_snapshot!(Fault::parse_list("kill,burn").unwrap_err(), @r#"there is no fault "burn": kill, stop, pause, cut, slow, kill-all, step-down, node-kill, node-stop, node-pause"#);
    }
}

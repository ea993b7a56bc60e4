//! A caster: one spell after another on a few daemons, at one node, while others cast on the same ones at all nodes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::client::Client;
use super::{ASK_EVERY, Options, ROOM};
use crate::board::Board;
use crate::history::{Cast, Decision, Spell};

/// On whom spells are cast. There are few of them, so that casters come into each other's way.
pub(super) const DAEMONS: [&str; 3] = ["ada", "bob", "cyd"];
/// Pause after a spell that was not cast.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How long nodes may take until they say one thing of daemons, once they have all events.
const AGREE_MAX: Duration = Duration::from_secs(10);
/// What decides of a caster's spells is the seed and its number; publishers have smaller numbers.
const SEEDS: u64 = 1 << 32;

/// One that casts spells.
struct Caster {
    n: usize,
    node: usize,
    client: Client,
    board: Board,
}

/// Starts casters at all nodes, until they are told to stop.
pub(super) fn start(
    options: &Options,
    client: &Client,
    board: &Board,
    stops: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let casters = (0..options.casters * client.nodes()).map(|n| {
        let caster = Caster { n, node: n % client.nodes(), client: client.clone(), board: board.clone() };
        let seed = options.seed.wrapping_add(SEEDS + n as u64);
        tokio::spawn(caster.cast(seed, stops.clone()))
    });
    casters.collect()
}

impl Caster {
    async fn cast(self, seed: u64, stops: watch::Receiver<bool>) {
        let mut random = SmallRng::seed_from_u64(seed);
        let (room, names): (Arc<str>, [Arc<str>; DAEMONS.len()]) = (ROOM.into(), DAEMONS.map(Arc::from));
        while !*stops.borrow() {
            let spell = Spell::ALL[random.random_range(0..Spell::ALL.len())];
            let daemon = names[random.random_range(0..names.len())].clone();
            let sent = self.board.notes.now();
            let (decision, unexpected) = self.client.cast(self.node, spell, &daemon, self.n).await;
            let answered = self.board.notes.now();
            let cast = Cast { room: room.clone(), spell, daemon, sent, answered, decision };
            self.board.notes.write(|history| {
                let line = |answer| format!("{} {} was answered {answer}", spell.as_str(), cast.daemon);
                history.unexpected.extend(unexpected.map(line));
                history.casts.push(cast);
            });
            if matches!(decision, Decision::NotCast | Decision::Unknown) {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}

/// Writes down what all nodes say of the daemons, as soon as they say one thing; what they say else after a while, the checker finds.
pub(super) async fn keep_cards(client: &Client, board: &Board) -> Result<()> {
    let until = Instant::now() + AGREE_MAX;
    let cards = loop {
        let mut cards = Vec::new();
        for node in 0..client.nodes() {
            cards.push(client.cards(node, &DAEMONS).await?);
        }
        let is_one = cards
            .windows(2)
            .all(|pair| pair[0].iter().map(|card| &card.whole).eq(pair[1].iter().map(|card| &card.whole)));
        if is_one || Instant::now() > until {
            break cards;
        }
        tokio::time::sleep(ASK_EVERY).await;
    };
    board.notes.write(|history| history.cards.extend(cards.into_iter().flatten()));
    Ok(())
}

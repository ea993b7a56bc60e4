//! A publisher: one publication after another, each answered before the next is sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;

use super::answer::{Next, Said};
use super::client::{Client, Publication};
use crate::board::Board;
use crate::history::{Content, Moment, Outcome, Published};

/// How long a publication with a key is sent again.
const AGAIN_MAX: Duration = Duration::from_secs(90);
/// Pause before it is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How long a publisher stays away from its node after that one did not take something.
const AWAY: Duration = Duration::from_secs(3);
/// Events of an array.
const ARRAY: std::ops::RangeInclusive<usize> = 2..=50;
/// Of so many single events one has a key.
const KEYED: u32 = 3;
/// Of so many publications with a key one is sent again once it was answered, to another node: the answer must be the first.
const REPEATED: u32 = 10;

/// What publishers send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Time from one event to the next, of one publisher.
    pub(super) each: Duration,
    /// Of 100 publications so many are arrays.
    pub(super) arrays: u32,
}

/// One that publishes.
pub(super) struct Publisher {
    pub(super) n: usize,
    /// When it begins: publishers take turns, they do not all send at one moment.
    pub(super) first: Duration,
    pub(super) room: Arc<str>,
    pub(super) client: Client,
    pub(super) board: Board,
    pub(super) load: Load,
    /// When what was acknowledged last was sent.
    pub(super) acked: watch::Sender<Moment>,
}

impl Publisher {
    /// Publishes until it is told to stop.
    pub(super) async fn publish(self, seed: u64, stops: watch::Receiver<bool>) {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut due = Instant::now() + self.first;
        let mut count = 0_u64;
        let home = self.n % self.client.nodes();
        let mut away = None;
        while !*stops.borrow() {
            tokio::time::sleep_until(due.into()).await;
            let (publication, is_repeated) = self.next(&mut count, &mut random);
            // What could not be sent in time is not made up for: the load stays the load.
            due = due.max(Instant::now().checked_sub(Duration::from_secs(1)).unwrap_or(due));
            due += self.load.each * u32::try_from(publication.contents.len()).unwrap_or(u32::MAX);
            if away.is_some_and(|(since, _): (Instant, usize)| since.elapsed() > AWAY) {
                away = None;
            }
            let node = away.map_or(home, |(_, node)| node);
            let next = self.send(&publication, node).await;
            if next != node {
                away = (next != home).then(|| (Instant::now(), next));
            }
            if is_repeated {
                self.send(&publication, next + 1).await;
            }
        }
    }

    fn next(&self, count: &mut u64, random: &mut SmallRng) -> (Publication, bool) {
        let is_array = random.random_range(0..100) < self.load.arrays;
        let events = if is_array { random.random_range(ARRAY) } else { 1 };
        let contents = (0..events).map(|_| {
            *count += 1;
            Content::from(format!("p{}-{count}", self.n))
        });
        let contents: Vec<Content> = contents.collect();
        let has_key = is_array || random.random_range(0..KEYED) == 0;
        let key = has_key.then(|| format!("key-{}", contents[0]).into());
        let is_repeated = has_key && random.random_range(0..REPEATED) == 0;
        (Publication::new(&self.room, contents, key), is_repeated)
    }

    async fn send(&self, publication: &Publication, node: usize) -> usize {
        let Self { client, board, acked, .. } = self;
        send(client, board, publication, node, acked).await
    }
}

/// Sends a publication until it has an outcome, beginning with a node, and writes down what came of it. Gives the node to begin with next: the one that
/// took it, or else the one after the last that did not.
pub(super) async fn send(
    client: &Client,
    board: &Board,
    publication: &Publication,
    node: usize,
    acked: &watch::Sender<Moment>,
) -> usize {
    let began = board.notes.now();
    let mut node = node % client.nodes();
    board.sends(&publication.contents, began, node);
    let outcome = loop {
        let sent = board.notes.now();
        let said = client.publish(node, publication).await;
        if let Said::Unexpected(answer) = &said {
            let line = format!("a publication of {:?} was answered {answer}", publication.contents[0]);
            board.notes.write(|history| history.unexpected.push(line));
        }
        match said.next(publication.key.is_some()) {
            Next::Over(outcome) => {
                if matches!(outcome, Outcome::Taken { .. }) {
                    board.takes(publication.contents.len() as u64);
                    acked.send_if_modified(|last| std::mem::replace(last, (*last).max(sent)) < sent);
                }
                break outcome;
            }
            _ if board.notes.now() - began > AGAIN_MAX => break Outcome::Unknown,
            Next::Again => {}
            Next::Elsewhere => node = (node + 1) % client.nodes(),
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    };
    let Publication { room, contents, key, .. } = publication.clone();
    let answered = board.notes.now();
    let published = Published { room, contents, key, sent: began, answered, outcome };
    board.notes.write(|history| history.published.push(published));
    if matches!(outcome, Outcome::Taken { .. }) { node } else { (node + 1) % client.nodes() }
}

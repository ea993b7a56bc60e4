//! One key, sent to all nodes at once, again and again: there is one set of events each time, and all answers name it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;

use super::client::{Client, Publication};
use super::publisher::send;
use crate::board::Board;
use crate::history::{Content, Moment};

/// Time between two rounds.
const PAUSE: Duration = Duration::from_millis(200);
/// Events of a round: one more each time, and then one again.
const EVENTS_MAX: u64 = 5;

/// Plays rounds until it is told to stop. Gives how many.
pub(super) async fn race(
    client: Client,
    board: Board,
    room: Arc<str>,
    acked: watch::Sender<Moment>,
    stops: watch::Receiver<bool>,
) -> u64 {
    let mut round = 0_u64;
    while !*stops.borrow() {
        round += 1;
        let events = 1 + round % EVENTS_MAX;
        let contents = (0..events).map(|part| Content::from(format!("same-{round}-{part}")));
        let key = Some(format!("same-{round}").into());
        let publication = Publication::new(&room, contents.collect(), key);
        let sent = (0..client.nodes()).map(|node| send(&client, &board, &publication, node, &acked));
        join_all(sent).await;
        tokio::time::sleep(PAUSE).await;
    }
    round
}

//! State that several nodes change at the same time, in the bucket of state.

use std::time::Instant;

use arcane_shared::{Epoch, RoomName};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;

use super::bucket::{Change, Changes, Kept, Swap};
use super::log::JetStreamLog;
use crate::log::{Answer, Contended, Heard, Revised};

impl From<Kept> for Revised {
    fn from(Kept { value, revision }: Kept) -> Self {
        Self { value, revision }
    }
}

impl Contended for JetStreamLog {
    fn node(&self) -> &str {
        self.0.node()
    }

    fn is_heard(&self, node: &str) -> bool {
        node == self.0.node() || self.0.cluster().is_there(node, Instant::now())
    }

    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Revised> {
        async move { Ok(self.0.state.bucket().get(key).await?.into()) }.boxed()
    }

    fn swap<'a>(&'a self, key: &'a str, value: Option<&'a str>, revision: u64) -> Answer<'a, Option<u64>> {
        async move {
            Ok(match self.0.state.bucket().swap(key, value, revision).await? {
                Swap::Done(revision) => Some(revision),
                Swap::Beaten => None,
            })
        }
        .boxed()
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<(String, Revised)>> {
        async move {
            let all = self.0.state.bucket().list_all(prefix).await?;
            Ok(all.into_iter().map(|(key, kept)| (key, kept.into())).collect())
        }
        .boxed()
    }

    fn is_current<'a>(&'a self, room: &'a RoomName, epoch: &'a Epoch) -> Answer<'a, bool> {
        self.0.is_current(room, epoch).boxed()
    }

    fn changes<'a>(&'a self, prefix: &'a str) -> Answer<'a, BoxStream<'static, Heard>> {
        async move {
            let mut connected = self.0.connection.connected();
            connected.mark_unchanged();
            let heard = (self.0.state.bucket().changes(prefix).await?, connected);
            let next = |(mut changes, mut connected): (Changes, watch::Receiver<bool>)| async move {
                let heard = next(&mut changes, &mut connected).await?;
                Some((heard, (changes, connected)))
            };
            Ok(stream::unfold(heard, next).boxed())
        }
        .boxed()
    }
}

/// The next change. What happens while there is no connection is not told later.
async fn next(changes: &mut Changes, connected: &mut watch::Receiver<bool>) -> Option<Heard> {
    tokio::select! {
        changed = connected.changed() => {
            changed.ok()?;
            Some(Heard::Missed)
        }
        change = changes.next() => {
            let Change { key, kept } = change?;
            Some(Heard::Changed(key, kept.into()))
        }
    }
}

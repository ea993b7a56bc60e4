//! The stream: a room as it is to be kept, one sequence that nothing can be taken out of but from the front.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use async_nats::jetstream;
use async_nats::jetstream::stream::{self, Republish};
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::history::{Read, Source, digest};
use crate::nats::Cluster;
use crate::nats::stream::{ASK_EVERY, PATIENCE, Stream};

/// What the stream is called.
pub(super) const NAME: &str = "main";
/// What events are published under.
pub(super) const SUBJECT: &str = "room.main.ev";
/// What they are told under, once they are kept.
pub(super) const LIVE: &str = "live.main.>";
/// Events that are asked for at once.
const READ_AHEAD: usize = 64;

impl Stream {
    /// Makes it, on all three servers.
    pub(in crate::raw) async fn create(cluster: &Cluster, denies_delete: bool) -> Result<Self> {
        let stream = Self::of(NAME, cluster, 0).await?;
        let config = stream::Config {
            name: NAME.into(),
            subjects: vec!["room.main.>".into()],
            num_replicas: 3,
            deny_delete: denies_delete,
            allow_direct: true,
            duplicate_window: Duration::from_secs(120),
            republish: Some(Republish {
                source: "room.main.>".into(),
                destination: LIVE.into(),
                headers_only: false,
            }),
            ..stream::Config::default()
        };
        let began = Instant::now();
        loop {
            match stream.context.create_stream(config.clone()).await {
                Ok(_) => return Ok(stream),
                // The servers are yet to choose who gives streams their places.
                Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(ASK_EVERY).await,
                Err(error) => return Err(error).context("making the stream"),
            }
        }
    }

    /// Takes an event out, for the checker to find.
    pub(in crate::raw) async fn delete(&self, seq: u64) -> Result<()> {
        let stream = self.context.get_stream(NAME).await.context("asking for the stream")?;
        stream.delete_message(seq).await.context("planting a loss")?;
        Ok(())
    }

    /// One event, as the leader has it.
    async fn event(&self, seq: u64) -> Result<Option<Arc<str>>> {
        use jetstream::stream::LastRawMessageErrorKind::NoMessageFound;
        let stream = self.context.get_stream_no_info(NAME).await.context("asking for the stream")?;
        let began = Instant::now();
        loop {
            match stream.get_raw_message(seq).await {
                Ok(message) => return Ok(Some(String::from_utf8_lossy(&message.payload).into())),
                Err(error) if matches!(error.kind(), NoMessageFound) => return Ok(None),
                Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(ASK_EVERY).await,
                Err(error) => return Err(error).with_context(|| format!("reading {seq}")),
            }
        }
    }

    /// Events, as the leader has them.
    pub(in crate::raw) async fn events(&self, seqs: RangeInclusive<u64>) -> Result<Vec<Option<Arc<str>>>> {
        let asked = futures_util::stream::iter(seqs).map(|seq| self.event(seq));
        asked.buffered(READ_AHEAD).try_collect().await
    }

    /// All events of one server, which is made the leader for that.
    pub(in crate::raw) async fn read_whole(
        &self,
        cluster: &Cluster,
        n: usize,
        head: u64,
    ) -> Result<Vec<Read>> {
        let (node, began) = (cluster.servers()[n].name(), Instant::now());
        self.whole().await?;
        while self.leader().await? != node {
            if began.elapsed() > PATIENCE {
                bail!("{node} does not become the leader");
            }
            // The one before may have no leader at the moment, or give the office to another one.
            let _ = self.step_down(Some(node)).await;
            tokio::time::sleep(ASK_EVERY).await;
        }
        let info = self.info().await?;
        let epoch: Arc<str> = info.created.to_string().into();
        let (reader, room): (Arc<str>, Arc<str>) = (node.into(), NAME.into());
        let contents = self.events(1..=head.max(info.state.last_sequence)).await?;
        if self.leader().await? != node {
            bail!("{node} did not lead until it was read");
        }
        let read = (1..).zip(contents).filter_map(|(seq, content)| {
            let (reader, room, epoch) = (reader.clone(), room.clone(), epoch.clone());
            let content = content?;
            Some(Read {
                reader,
                room,
                epoch,
                seq,
                digest: digest(content.as_bytes()),
                content,
                source: Source::Publisher,
            })
        });
        Ok(read.collect())
    }
}

//! The stream: a room as it is to be kept, one sequence that nothing can be taken out of but from the front.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{self, Republish};
use async_nats::jetstream::{self, Context};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use crate::history::Read;
use crate::nats::Cluster;

/// What the stream is called.
const NAME: &str = "main";
/// What events are published under.
pub(super) const SUBJECT: &str = "room.main.ev";
/// What they are told under, once they are kept.
pub(super) const LIVE: &str = "live.main.>";
/// How long the stream may take for anything, elections included.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked again.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Events that are asked for at once.
const READ_AHEAD: usize = 64;

/// A connection that finds another server when its own is gone, and never queues what it cannot send for long.
pub(super) async fn connect(cluster: &Cluster, n: usize) -> Result<(async_nats::Client, Context)> {
    let options = async_nats::ConnectOptions::new()
        .retain_servers_order()
        .connection_timeout(ANSWER_MAX)
        .reconnect_delay_callback(|_| ASK_EVERY)
        .request_timeout(Some(ANSWER_MAX));
    let client = options.connect(cluster.addresses(n)).await.context("connecting to NATS")?;
    let context = ContextBuilder::new()
        .timeout(ANSWER_MAX)
        .ack_timeout(Duration::from_millis(500))
        .build(client.clone());
    Ok((client, context))
}

/// The stream, as one who asks for it.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    client: async_nats::Client,
    context: Context,
}

impl Stream {
    /// Makes it, on all three servers.
    pub(super) async fn create(cluster: &Cluster, denies_delete: bool) -> Result<Self> {
        let (client, context) = connect(cluster, 0).await?;
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
            match context.create_stream(config.clone()).await {
                Ok(_) => return Ok(Self { client, context }),
                // The servers are yet to choose who gives streams their places.
                Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(ASK_EVERY).await,
                Err(error) => return Err(error).context("making the stream"),
            }
        }
    }

    pub(super) async fn of(cluster: &Cluster, n: usize) -> Result<Self> {
        let (client, context) = connect(cluster, n).await?;
        Ok(Self { client, context })
    }

    pub(super) fn client(&self) -> &async_nats::Client {
        &self.client
    }

    /// What its leader says of it, as soon as there is one.
    pub(super) async fn info(&self) -> Result<stream::Info> {
        let began = Instant::now();
        loop {
            match self.context.get_stream(NAME).await {
                Ok(stream) => return Ok(stream.cached_info().clone()),
                Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(ASK_EVERY).await,
                Err(error) => return Err(error).context("asking for the stream"),
            }
        }
    }

    /// Its latest event, as its leader says.
    pub(super) async fn head(&self) -> Result<u64> {
        Ok(self.info().await?.state.last_sequence)
    }

    /// The server that leads it.
    pub(super) async fn leader(&self) -> Result<String> {
        let began = Instant::now();
        loop {
            match self.info().await?.cluster.and_then(|cluster| cluster.leader) {
                Some(leader) => return Ok(leader),
                None if began.elapsed() < PATIENCE => tokio::time::sleep(ASK_EVERY).await,
                None => bail!("the stream has no leader"),
            }
        }
    }

    /// Completes once all three servers have all of it.
    pub(super) async fn whole(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let cluster = self.info().await?.cluster.unwrap_or_default();
            let current = cluster.replicas.iter().filter(|replica| replica.current && !replica.offline);
            if current.count() == 2 {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                bail!("not all servers have the stream again: {:?}", cluster.replicas);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Has the leader hand its office over, to a certain server or to any other.
    pub(super) async fn step_down(&self, to: Option<&str>) -> Result<()> {
        let subject = format!("STREAM.LEADER.STEPDOWN.{NAME}");
        let asked = to.map_or_else(|| json!({}), |to| json!({"placement": {"preferred": to}}));
        let answer: jetstream::response::Response<serde_json::Value> =
            self.context.request(subject, &asked).await.context("asking the leader to step down")?;
        match answer {
            jetstream::response::Response::Err { error } => Err(error).context("stepping down"),
            jetstream::response::Response::Ok(_) => Ok(()),
        }
    }

    /// Takes an event out, for the checker to find.
    pub(super) async fn delete(&self, seq: u64) -> Result<()> {
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
    pub(super) async fn events(&self, seqs: RangeInclusive<u64>) -> Result<Vec<Option<Arc<str>>>> {
        let asked = futures_util::stream::iter(seqs).map(|seq| self.event(seq));
        asked.buffered(READ_AHEAD).try_collect().await
    }

    /// All events of one server, which is made the leader for that.
    pub(super) async fn read_whole(&self, cluster: &Cluster, n: usize, head: u64) -> Result<Vec<Read>> {
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
            Some(Read { reader, room, epoch, seq, content: content? })
        });
        Ok(read.collect())
    }
}

//! A stream of the servers, as a client sees it: who leads it, how far it is, and which servers have all of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::{self, Context, stream};
use serde_json::json;

use super::Cluster;

/// How long a stream may take for anything, elections included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked again.
pub(crate) const ASK_EVERY: Duration = Duration::from_millis(100);
/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A connection that finds another server when its own is gone, and never queues what it cannot send for long.
pub(crate) async fn connect(cluster: &Cluster, n: usize) -> Result<(async_nats::Client, Context)> {
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

/// The stream of a name.
#[derive(Debug, Clone)]
pub struct Stream {
    pub(crate) name: String,
    pub(crate) client: async_nats::Client,
    pub(crate) context: Context,
}

impl Stream {
    /// The stream of a name, by a connection of its own that begins with server `n`. The stream may be yet to be made.
    ///
    /// # Errors
    /// If no server can be reached.
    pub async fn of(name: &str, cluster: &Cluster, n: usize) -> Result<Self> {
        let (client, context) = connect(cluster, n).await?;
        Ok(Self { name: name.to_owned(), client, context })
    }

    /// What its leader says of it, as soon as there is one.
    pub(crate) async fn info(&self) -> Result<stream::Info> {
        let began = Instant::now();
        loop {
            match self.context.get_stream(&self.name).await {
                Ok(stream) => return Ok(stream.cached_info().clone()),
                Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(ASK_EVERY).await,
                Err(error) => return Err(error).context("asking for the stream"),
            }
        }
    }

    /// Its latest event, as its leader says.
    pub(crate) async fn head(&self) -> Result<u64> {
        Ok(self.info().await?.state.last_sequence)
    }

    /// The server that leads it.
    pub(crate) async fn leader(&self) -> Result<String> {
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
    pub(crate) async fn whole(&self) -> Result<()> {
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
    pub(crate) async fn step_down(&self, to: Option<&str>) -> Result<()> {
        let subject = format!("STREAM.LEADER.STEPDOWN.{}", self.name);
        let asked = to.map_or_else(|| json!({}), |to| json!({"placement": {"preferred": to}}));
        let answer: jetstream::response::Response<serde_json::Value> =
            self.context.request(subject, &asked).await.context("asking the leader to step down")?;
        match answer {
            jetstream::response::Response::Err { error } => Err(error).context("stepping down"),
            jetstream::response::Response::Ok(_) => Ok(()),
        }
    }
}

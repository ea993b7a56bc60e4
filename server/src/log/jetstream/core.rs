//! What the parts of a log on JetStream share: the connection, the names, and what this process has on its way.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::stream::{ClusterInfo, PeerInfo};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use super::bucket::{Bucket, BucketError};
use super::connect::{ConnectError, Connection, Options, Replicas};
use super::copies::Copies;
use super::heads::{self, Cluster};
use super::message::Entry;
use super::names::Names;
use super::pages::{ReadError, Reader};
use super::publish::Publisher;
use super::registry::Rooms;
use super::state::State;
use super::synced::Servers;
use super::trouble::Trouble;
use crate::bucket;
use crate::clock::SteadyClock;
use crate::log::pins::Pins;
use crate::log::retention::Retention;
use crate::log::{Fault, LogError};

/// Why a log on JetStream cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A bucket cannot be used.
    #[error("the event log on the nats-server cannot be opened: {0}")]
    Bucket(#[from] BucketError),
    /// The rooms cannot be read.
    #[error("the event log on the nats-server cannot be read: {0}")]
    Log(#[from] LogError),
}

impl OpenError {
    /// Whether it may be over in a moment: servers that were just started, or have lost a leader, choose who answers first.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Connect(error) => matches!(error, ConnectError::Silent { .. }),
            Self::Bucket(error) => matches!(
                error,
                BucketError::Unanswered
                    | BucketError::NotNow(_)
                    | BucketError::Read(
                        ReadError::NoResponders
                            | ReadError::Late
                            | ReadError::NotConnected
                            | ReadError::NotNow(_)
                    )
            ),
            Self::Log(error) => error.fault == Fault::Away,
        }
    }
}

/// How often it is looked whether the buckets are there.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a start waits for the leader of a bucket: longer than servers take to choose one (4 to 9 s).
const LEADER_MAX: Duration = Duration::from_secs(10);
/// How often it looks for one.
const LED_EVERY: Duration = Duration::from_millis(100);
/// A key that is asked for, to see whether there is a leader.
const LED: &str = "leader";
/// How long a leader may not have heard of another server that it counts on: they speak each second.
const SEEN_MAX: Duration = Duration::from_secs(4);
/// Pages that are read at a time.
const PAGES_MAX: usize = 8;

/// How often leaders are asked for the ends of rooms in which nothing seems to be missing, for all rooms together: of a hundred
/// rooms each one in five seconds.
const LOOKS: bucket::Rate = bucket::Rate { per_s: 20.0, burst: 100.0, least: 1.0 };

/// What a log counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// How often something was read that was not told.
    pub(super) gaps: AtomicU64,
    /// Groups that their stream took, and the events in them.
    pub(super) groups: AtomicU64,
    pub(super) events: AtomicU64,
    /// Groups that failed, or of which it is not known.
    pub(super) failures: AtomicU64,
    /// Records of state that were refused.
    pub(super) refused_records: AtomicU64,
    /// Publications of which it is not known.
    pub(super) unknown: AtomicU64,
    /// Decisions that were not taken because another one was quicker.
    pub(super) outdated: AtomicU64,
    /// Rooms whose numbers began anew.
    pub(super) epochs: AtomicU64,
}

/// What the parts of a log share.
pub(super) struct Core {
    pub(super) connection: Connection,
    pub(super) publisher: Publisher,
    pub(super) reader: Reader,
    pub(super) names: Names,
    pub(super) replicas: Replicas,
    pub(super) retention: Retention,
    pub(super) state: State,
    /// For each room its epoch, and when its stream was made.
    pub(super) directory: Bucket,
    pub(super) rooms: Mutex<Rooms>,
    pub(super) pins: Pins,
    pub(super) clock: SteadyClock,
    /// Pages that are read at a time: further questions wait.
    pub(super) pages: Semaphore,
    pub(super) counts: Counts,
    /// Empty if this node has no copies.
    pub(super) copies: OnceLock<Copies>,
    pub(super) trouble: Trouble,
    /// Addresses of the monitoring of servers, and what they said.
    pub(super) monitors: Vec<String>,
    synced: Mutex<Servers>,
    /// Whether the log was closed.
    pub(super) ended: watch::Sender<bool>,
    cluster: Mutex<Cluster>,
    looks: Mutex<bucket::Bucket>,
    generation: AtomicU64,
    /// Ids of messages that this process has sent and that have not appeared.
    own: Mutex<HashSet<Arc<str>>>,
    /// What the ids of messages begin with that have none: no other process has the same.
    node: String,
    sent: AtomicU64,
    runtime: Handle,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Core {
    pub(super) async fn open(options: &Options, retention: Retention) -> Result<Self, OpenError> {
        let connection = Connection::open(options).await?;
        if let Some(warning) = connection.warning() {
            tracing::warn!("{warning}");
        }
        let (names, replicas) = (Names::new(options.prefix.clone()), options.replicas);
        let state = Bucket::open(&connection, &names.state_bucket(), replicas).await?;
        let directory = Bucket::open(&connection, &names.rooms_bucket(), replicas).await?;
        for bucket in [&state, &directory] {
            until_led(bucket).await;
        }
        let node = format!("{:016x}", rand::random::<u64>());
        tracing::info!(node, prefix = %names.prefix(), "what other nodes call this one");
        Ok(Self {
            publisher: Publisher::new(&connection),
            reader: Reader::new(&connection),
            connection,
            names,
            replicas,
            retention,
            state: State::new(state),
            directory,
            rooms: Mutex::default(),
            pins: Pins::default(),
            clock: SteadyClock::start(None, true),
            pages: Semaphore::new(PAGES_MAX),
            counts: Counts::default(),
            copies: OnceLock::new(),
            trouble: Trouble::new(Instant::now()),
            monitors: options.monitors.clone(),
            synced: Mutex::default(),
            ended: watch::Sender::new(false),
            cluster: Mutex::new(Cluster::new(node.clone(), heads::retention(&retention))),
            looks: Mutex::new(bucket::Bucket::full(LOOKS, Instant::now())),
            generation: AtomicU64::new(0),
            own: Mutex::default(),
            node,
            sent: AtomicU64::new(0),
            runtime: Handle::current(),
        })
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    /// What other nodes call this one.
    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// What other nodes have said.
    pub(super) fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What servers said of their disks.
    pub(super) fn synced(&self) -> MutexGuard<'_, Servers> {
        self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a leader may be asked now without a reason.
    pub(super) fn may_look(&self) -> bool {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.take(LOOKS, 1.0, Instant::now()).is_ok()
    }

    /// An id for a message that has none.
    pub(super) fn next_id(&self) -> String {
        format!("{}-{}", self.node, self.sent.fetch_add(1, Ordering::Relaxed))
    }

    /// This process is about to send these.
    pub(super) fn own(&self, entries: &[Entry]) {
        self.lock_own().extend(entries.iter().map(|entry| Arc::clone(&entry.id)));
    }

    /// Whether this process has sent it. A message appears once.
    pub(super) fn is_own(&self, id: &str) -> bool {
        self.lock_own().remove(id)
    }

    /// What becomes of these nobody waits for any more.
    pub(super) fn disown(&self, entries: &[Entry]) {
        let mut own = self.lock_own();
        for entry in entries {
            own.remove(&entry.id);
        }
    }

    fn lock_own(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// State that was derived from what was offered has to be recalled.
    pub(super) fn took_back(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Makes buckets again that were deleted, for as long as this is awaited. What was in them is gone: rooms have new epochs.
    pub(super) async fn keep_buckets(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for bucket in [self.names.state_bucket(), self.names.rooms_bucket()] {
                if !self.connection.is_connected() {
                    continue;
                }
                match Bucket::open(&self.connection, &bucket, self.replicas).await {
                    Ok(_) if self.has_majority(&bucket).await => self.trouble.heard(Instant::now()),
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%error, bucket, "a bucket cannot be looked at"),
                }
            }
        }
    }

    /// Whether the leader of a bucket's stream has heard of a majority of its servers: one that is cut off from the others goes
    /// on answering for a while.
    async fn has_majority(&self, bucket: &str) -> bool {
        let Ok(stream) = self.connection.context().get_stream(format!("KV_{bucket}")).await else {
            return false;
        };
        stream.cached_info().cluster.as_ref().is_none_or(is_led)
    }

    /// Whether the servers can be asked.
    ///
    /// # Errors
    /// [`Fault::Away`] if not.
    pub(super) fn check(&self) -> Result<(), LogError> {
        if self.connection.is_connected() { Ok(()) } else { Err(away(&ReadError::NotConnected)) }
    }
}

/// Waits until a bucket has a leader, for [`LEADER_MAX`]: one that another node has just made, or whose leader has just gone,
/// has none. Who reads it next is told what is wrong.
async fn until_led(bucket: &Bucket) {
    let began = Instant::now();
    while let Err(error) = bucket.get(LED).await
        && began.elapsed() < LEADER_MAX
    {
        tracing::debug!(%error, "a bucket of the log cannot be read yet");
        tokio::time::sleep(LED_EVERY).await;
    }
}

/// Whether the leader of a stream has heard of a majority of its servers lately.
pub(super) fn is_led(cluster: &ClusterInfo) -> bool {
    // A server that has lost its leader answers as well, and knows nothing of the others.
    let is_seen = |peer: &&PeerInfo| {
        !peer.offline && peer.active < SEEN_MAX && (peer.current || !peer.active.is_zero())
    };
    let seen = cluster.replicas.iter().filter(is_seen).count();
    cluster.leader.is_some() && (seen + 1) * 2 > cluster.replicas.len() + 1
}

/// The servers did not answer.
pub(super) fn away(error: &dyn fmt::Display) -> LogError {
    LogError::new(Fault::Away, error.to_string())
}

impl From<ReadError> for LogError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoStream => Self::new(Fault::NoRoom, "the room's stream was deleted"),
            ReadError::Refused(_) => Self::new(Fault::Engine, error.to_string()),
            _ => away(&error),
        }
    }
}

impl From<BucketError> for LogError {
    fn from(error: BucketError) -> Self {
        match error {
            BucketError::Read(ReadError::NoStream | ReadError::NoResponders) => away(
                &"a bucket of the log was deleted, or the servers that keep it are down; it is made again",
            ),
            BucketError::Read(error) => error.into(),
            BucketError::Unanswered => away(&error),
            _ => Self::new(Fault::Engine, error.to_string()),
        }
    }
}

//! Tells services elsewhere, a phone for example, what needs a human: `[[notify]]`.
//!
//! `watch` decides, and is pure; this is the shell around it. Once a second it looks at the rooms that have changed, and hands what is to be told to a
//! queue for each target, whose own task sends it. Nothing that publishes, reads or answers waits for any of it.

mod attempt;
mod client;
mod link;
mod message;
mod outlet;
mod queue;
mod sight;
mod storms;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arcane_shared::RoomName;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

pub use outlet::NotifyError;

use crate::bus::ArcaneEventBus;
use crate::clock;
use crate::config::{NetConfig, Notify, NotifyTarget, PublicUrl};
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::requests::Requests;
pub(crate) use attempt::Tried;
use attempt::{attempt, attempt_and_read};
use message::{Message, Shows};
use outlet::Outlet;
use queue::Queue;
use sight::{OpenWait, Sight};
use watch::{Happening, Watch};

/// Unix milliseconds.
type Millis = u64;

/// Time between two looks at the rooms.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for what is yet to be told.
const LAST_WORDS_MAX: Duration = Duration::from_secs(2);
/// How long a stop waits until what was not taken is counted.
const GIVING_UP_MAX: Duration = Duration::from_millis(200);
/// How long a link signs in beyond the end of what it shows, seconds: who opens it then sees how it ended.
const LINK_BEYOND_S: u64 = 120;

/// All targets, with their secrets.
#[derive(Debug, Default)]
pub(crate) struct Outlets(Vec<Outlet>);

impl Outlets {
    /// Finds the targets' secrets in the environment of the process.
    ///
    /// # Errors
    /// If a variable is not there or cannot be used, or there can be no connections.
    pub(crate) fn open(notify: &Notify) -> Result<Self, NotifyError> {
        notify.targets().iter().map(open).collect::<Result<_, _>>().map(Self)
    }
}

/// A target with its secrets from the environment of the process.
fn open(target: &NotifyTarget) -> Result<Outlet, NotifyError> {
    Outlet::open(target, |name| std::env::var(name).ok())
}

/// What came of a test of a target.
#[derive(Debug)]
pub(crate) struct Tested {
    /// Where it is told, without what may be a secret.
    pub(crate) place: String,
    /// What came of the one try.
    pub(crate) tried: Tried,
    /// The beginning of what the service answered.
    pub(crate) answer: String,
}

/// Tells a target that it is told.
///
/// # Errors
/// If a variable of it is not there or cannot be used, or there can be no connections.
pub(crate) async fn test(target: &NotifyTarget, base: Option<&PublicUrl>) -> Result<Tested, NotifyError> {
    let outlet = open(target)?;
    let link = base.map(|base| link::link(base, &Shows::Page, None)).unwrap_or_default();
    let (tried, answer) = attempt_and_read(&outlet, &Message::of_test(), &link).await;
    Ok(Tested { place: outlet.url.to_string(), tried, answer })
}

/// What tells the targets.
#[derive(Debug)]
pub(crate) struct Notifier {
    watching: Option<JoinHandle<()>>,
    telling: Vec<(Arc<Queue>, JoinHandle<()>)>,
}

/// What a message is sent with.
#[derive(Debug, Clone)]
struct Post {
    bus: ArcaneEventBus,
    gate: Gate,
    requests: Requests,
    metrics: Metrics,
    base: Option<PublicUrl>,
}

impl Notifier {
    /// Watches the rooms of a bus from now on, if there is anybody to tell.
    pub(crate) fn start(
        Outlets(outlets): Outlets,
        bus: &ArcaneEventBus,
        gate: &Gate,
        metrics: &Metrics,
        net: &NetConfig,
        requests: &Requests,
    ) -> Self {
        if outlets.is_empty() {
            return Self { watching: None, telling: Vec::new() };
        }
        if net.public_url.is_none() {
            tracing::info!("notifications have no links: --public-url says where people reach the dashboard");
        }
        let targets: Vec<NotifyTarget> = outlets.iter().map(|outlet| outlet.target.clone()).collect();
        let post = Post {
            bus: bus.clone(),
            gate: gate.clone(),
            requests: requests.clone(),
            metrics: metrics.clone(),
            base: net.public_url.clone(),
        };
        let telling: Vec<_> = outlets
            .into_iter()
            .map(|outlet| {
                let queue = Arc::new(Queue::default());
                (Arc::clone(&queue), tokio::spawn(tell(outlet, queue, post.clone())))
            })
            .collect();
        let queues = telling.iter().map(|(queue, _)| Arc::clone(queue)).collect();
        let watching = tokio::spawn(keep_watching(bus.clone(), targets, queues, post.metrics));
        Self { watching: Some(watching), telling }
    }

    /// Tells nothing new; what is yet to be told has two seconds. What no service took by then is logged, and counted as failed.
    pub(crate) async fn stop(self) {
        self.watching.iter().for_each(JoinHandle::abort);
        for (queue, _) in &self.telling {
            queue.close();
        }
        let deadline = tokio::time::Instant::now() + LAST_WORDS_MAX;
        for (queue, mut telling) in self.telling {
            if tokio::time::timeout_at(deadline, &mut telling).await.is_ok() {
                continue;
            }
            queue.cut();
            if tokio::time::timeout(GIVING_UP_MAX, &mut telling).await.is_err() {
                telling.abort();
            }
        }
    }
}

/// Looks at the rooms again and again, and hands over what is to be told.
async fn keep_watching(
    bus: ArcaneEventBus,
    targets: Vec<NotifyTarget>,
    queues: Vec<Arc<Queue>>,
    metrics: Metrics,
) {
    let mut watch = Watch::new(&targets, now());
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (mut open, mut changed) = (BTreeSet::<RoomName>::new(), Vec::new());
        for room in bus.open_rooms() {
            let (name, epoch) = (room.name(), room.epoch());
            changed.extend(room.read_roster(|roster| {
                (!watch.knows(name, epoch, roster.seq())).then(|| Sight::of(name, epoch, roster))
            }));
            open.insert(name.clone());
        }
        for (n, happenings) in watch.look(changed, |room| open.contains(room), now()) {
            if !queues[n].put(happenings) {
                metrics.notified(&targets[n].name, "dropped");
            }
        }
    }
}

/// Sends what one target is told, until there is nothing more.
async fn tell(outlet: Outlet, queue: Arc<Queue>, post: Post) {
    while let Some(mut happenings) = queue.next().await {
        let (mut tries, mut made) = (0, None);
        let tried = loop {
            // It may have waited in the queue, or for another try.
            let before = happenings.len();
            happenings.retain(|happening| post.goes_on(happening));
            if happenings.is_empty() {
                break Tried::Stale;
            }
            if happenings.len() < before {
                made = None;
            }
            let (message, link) = made.get_or_insert_with(|| {
                let message = Message::of(&happenings);
                let link = post.link(&outlet.target, &message.shows);
                (message, link)
            });
            tries += 1;
            let tried = tokio::select! {
                biased;
                () = queue.is_cut() => {
                    break Tried::Unreachable("the server stopped before the service took it".into());
                }
                tried = attempt(&outlet, message, link) => tried,
            };
            let Some(pause) = tried.again_after(tries) else { break tried };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = queue.closed() => break tried,
            }
        };
        let outcome = match tried {
            Tried::Sent(_) => "sent",
            Tried::Refused(_) => "refused",
            Tried::Busy(..) | Tried::Unreachable(_) => "failed",
            Tried::Stale => "stale",
        };
        post.metrics.notified(&outlet.target.name, outcome);
        if !matches!(tried, Tried::Sent(_)) {
            let (target, place) = (&outlet.target.name, &outlet.url);
            tracing::warn!(%target, %place, tries, why = %tried, "a notification was not taken");
        }
    }
}

impl Post {
    /// Whether what is told of is so still. Of a room that has left memory nothing is known: its waits go on.
    fn goes_on(&self, happening: &Happening) -> bool {
        let Happening::Wait(OpenWait { room, daemon, seq, .. }) = happening else { return true };
        let rooms = self.bus.open_rooms();
        let Some(room) = rooms.iter().find(|held| held.name() == room) else { return true };
        room.read_roster(|roster| {
            let waits = roster.get(daemon.as_str()).map(|daemon| daemon.waiting.iter());
            waits.into_iter().flatten().any(|wait| wait.seq == *seq)
        })
    }

    /// The link of a message; empty: there is none.
    fn link(&self, target: &NotifyTarget, shows: &Shows) -> String {
        let Some(base) = &self.base else { return String::new() };
        let sign_in = match shows {
            // An event may tell of any request: only one of the server's own is worth a token.
            Shows::Request(room, id, ends) if self.requests.is_known(id, |of| of == room) => {
                let ends = ends / 1000 + LINK_BEYOND_S;
                self.gate.link_to_room(room, target.link_may_answer, &format!("notify {}", target.name), ends)
            }
            Shows::Page | Shows::Daemon(..) | Shows::Request(..) => None,
        };
        link::link(base, shows, sign_in.as_deref())
    }
}

fn now() -> Millis {
    u64::try_from(clock::now().unix_micros() / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests;

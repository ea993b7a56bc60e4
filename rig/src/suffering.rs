//! One fault, from the moment that it happens until servers and nodes are whole again.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use crate::fault::{Fault, Planned};
use crate::history::Moment;
use crate::nats::stream::Stream;
use crate::nats::{Cluster, Way};
use crate::nodes::Node;
use crate::notes::Notes;

/// How long publishers may be without an answer: an election takes 4 to 9 s, and starting three servers some more.
const OUTAGE_MAX: Duration = Duration::from_secs(60);
/// How late it is what servers tell each other: less than what makes them choose another leader.
const LATE: Duration = Duration::from_millis(200);
/// For how long something is paused, cut off or slow: longer than an election takes.
const PAUSE: Duration = Duration::from_secs(12);
/// For how long a node is down: long enough that its clients have gone to others.
const DOWN: Duration = Duration::from_secs(1);

/// Who suffers.
pub(crate) struct Patients<'p> {
    /// The servers of NATS.
    pub(crate) cluster: &'p mut Cluster,
    /// The stream whose leader suffers.
    pub(crate) stream: &'p Stream,
    /// The nodes; none in a run without any.
    pub(crate) nodes: &'p mut [Node],
}

impl Patients<'_> {
    /// Lets a fault happen, and everything come back. Gives how long publishers had no answer. `acks`: when what was acknowledged last was sent.
    pub(crate) async fn suffer(
        &mut self,
        Planned { fault, node }: Planned,
        notes: &Notes,
        mut acks: watch::Receiver<Moment>,
    ) -> Result<Duration> {
        acked_after(&mut acks, notes.now()).await?;
        let leader = self.stream.leader().await?;
        let leader = self.cluster.named(&leader).context("a leader that is none of the servers")?;
        let mut began = notes.now();
        self.begin(fault, leader, node).await?;
        // What ends in an orderly way still answers meanwhile; of all others, what was sent before they happened says nothing.
        if !matches!(fault, Fault::Stop | Fault::StepDown | Fault::NodeStop) {
            began = notes.now();
        }
        if fault == Fault::KillAll {
            self.all(|cluster, n| cluster.server(n).start())?;
        }
        acked_after(&mut acks, began).await?;
        let outage = notes.now() - began;
        self.end(fault, leader, node, outage).await?;
        self.cluster.ready().await?;
        self.stream.whole().await?;
        for node in &mut *self.nodes {
            node.ready().await?;
        }
        Ok(outage)
    }

    async fn begin(&mut self, fault: Fault, leader: usize, node: usize) -> Result<()> {
        match fault {
            Fault::Kill => self.cluster.server(leader).kill(),
            Fault::Stop => self.cluster.server(leader).stop().await,
            Fault::Pause => self.cluster.server(leader).pause(),
            Fault::Cut => {
                self.cluster.set_ways(leader, Way::Cut);
                Ok(())
            }
            Fault::Slow => {
                self.cluster.set_ways(leader, Way::Slow(LATE));
                Ok(())
            }
            Fault::KillAll => self.all(|cluster, n| cluster.server(n).kill()),
            Fault::StepDown => self.stream.step_down(None).await,
            Fault::NodeKill => self.node(node)?.kill(),
            Fault::NodeStop => self.node(node)?.stop().await,
            Fault::NodePause => self.node(node)?.pause(),
        }
    }

    async fn end(&mut self, fault: Fault, leader: usize, node: usize, outage: Duration) -> Result<()> {
        match fault {
            Fault::Kill | Fault::Stop => self.cluster.server(leader).start()?,
            Fault::Pause => {
                tokio::time::sleep(PAUSE.saturating_sub(outage)).await;
                self.cluster.server(leader).go_on()?;
            }
            Fault::Cut | Fault::Slow => {
                tokio::time::sleep(PAUSE.saturating_sub(outage)).await;
                self.cluster.set_ways(leader, Way::Open);
            }
            Fault::NodeKill | Fault::NodeStop => {
                tokio::time::sleep(DOWN).await;
                self.node(node)?.start()?;
            }
            Fault::NodePause => {
                tokio::time::sleep(PAUSE.saturating_sub(outage)).await;
                self.node(node)?.go_on()?;
            }
            Fault::KillAll | Fault::StepDown => {}
        }
        Ok(())
    }

    fn all(&mut self, mut act: impl FnMut(&mut Cluster, usize) -> Result<()>) -> Result<()> {
        (0..self.cluster.servers().len()).try_for_each(|n| act(self.cluster, n))
    }

    fn node(&mut self, node: usize) -> Result<&mut Node> {
        let count = self.nodes.len().max(1);
        self.nodes.get_mut(node % count).context("this run has no nodes, and its faults one of a node")
    }
}

/// Completes once something was acknowledged that was sent after a moment.
async fn acked_after(acks: &mut watch::Receiver<Moment>, moment: Moment) -> Result<()> {
    let acked = acks.wait_for(|sent| *sent > moment);
    let acked =
        tokio::time::timeout(OUTAGE_MAX, acked).await.context("publishers get no answers any more")?;
    acked.context("publishers have ended")?;
    Ok(())
}

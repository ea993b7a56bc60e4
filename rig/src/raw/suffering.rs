//! One fault, from the moment that it happens until the servers are whole again.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use super::Notes;
use super::stream::Stream;
use crate::fault::Fault;
use crate::history::Moment;
use crate::nats::{Cluster, Way};

/// How long publishers may be without an answer: an election takes 4 to 9 s, and starting three servers some more.
const OUTAGE_MAX: Duration = Duration::from_secs(60);
/// How late it is what servers tell each other: less than what makes them choose another leader.
const LATE: Duration = Duration::from_millis(200);
/// For how long a server is paused, cut off or slow: longer than an election takes.
const PAUSE: Duration = Duration::from_secs(12);

/// Lets a fault happen, and everything come back. Gives how long publishers had no answer.
pub(super) async fn suffer(
    fault: Fault,
    cluster: &mut Cluster,
    stream: &Stream,
    notes: &Notes,
    mut acks: watch::Receiver<Moment>,
) -> Result<Duration> {
    acked_after(&mut acks, notes.now()).await?;
    let leader = stream.leader().await?;
    let leader = cluster.named(&leader).context("a leader that is none of the servers")?;
    let mut began = notes.now();
    match fault {
        Fault::Kill => cluster.server(leader).kill()?,
        Fault::Stop => cluster.server(leader).stop().await?,
        Fault::Pause => cluster.server(leader).pause()?,
        Fault::Cut => cluster.set_ways(leader, Way::Cut),
        Fault::Slow => cluster.set_ways(leader, Way::Slow(LATE)),
        Fault::KillAll => (0..cluster.servers().len()).try_for_each(|n| cluster.server(n).kill())?,
        Fault::StepDown => stream.step_down(None).await?,
    }
    // What ends in an orderly way still answers meanwhile; of all others, what was sent before they happened says nothing.
    if !matches!(fault, Fault::Stop | Fault::StepDown) {
        began = notes.now();
    }
    if fault == Fault::KillAll {
        (0..cluster.servers().len()).try_for_each(|n| cluster.server(n).start())?;
    }
    acked_after(&mut acks, began).await?;
    let outage = notes.now() - began;
    match fault {
        Fault::Kill | Fault::Stop => cluster.server(leader).start()?,
        Fault::Pause => {
            tokio::time::sleep(PAUSE.saturating_sub(outage)).await;
            cluster.server(leader).go_on()?;
        }
        Fault::Cut | Fault::Slow => {
            tokio::time::sleep(PAUSE.saturating_sub(outage)).await;
            cluster.set_ways(leader, Way::Open);
        }
        Fault::KillAll | Fault::StepDown => {}
    }
    cluster.ready().await?;
    stream.whole().await?;
    Ok(outage)
}

/// Completes once something was acknowledged that was sent after a moment.
async fn acked_after(acks: &mut watch::Receiver<Moment>, moment: Moment) -> Result<()> {
    let acked = acks.wait_for(|sent| *sent > moment);
    let acked =
        tokio::time::timeout(OUTAGE_MAX, acked).await.context("publishers get no answers any more")?;
    acked.context("publishers have ended")?;
    Ok(())
}

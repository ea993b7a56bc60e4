//! Hands events of a stream to the server: together, and again until it takes them.

use std::time::Duration;

use anyhow::bail;
use reqwest::StatusCode;
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout, timeout_at};

use super::super::print::remark;
use super::Follow;
use super::batch::{Batch, Event};

/// How long an event waits for others: what a call does is told from arguments that come right after its beginning.
const TOGETHER: Duration = Duration::from_millis(200);
/// Longest answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Pauses before a server is asked again.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What became of events.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    pub(super) events: usize,
    /// Events of no thread that is known.
    pub(super) homeless: u64,
}

/// Delivers what comes until nothing more can come.
///
/// # Errors
/// If the server refuses what another try would not change.
pub(super) async fn deliver(follow: &Follow, mut events: Receiver<Event>) -> anyhow::Result<Delivered> {
    let mut delivered = Delivered::default();
    let mut batch = Batch::within(follow.thread.clone());
    while let Some(event) = events.recv().await {
        let due = tokio::time::Instant::now() + TOGETHER;
        let mut next = Some(event);
        while let Some(event) = next.take() {
            delivered.homeless += u64::from(!batch.add(event));
            if !batch.is_full() {
                next = timeout_at(due, events.recv()).await.ok().flatten();
            }
        }
        let batch = batch.take();
        if batch.events > 0 {
            hand_in(follow, &batch).await?;
            delivered.events += batch.events;
        }
    }
    Ok(delivered)
}

async fn hand_in(follow: &Follow, batch: &Batch) -> anyhow::Result<()> {
    let mut pause = PAUSE_MIN;
    let mut is_told = false;
    loop {
        let said = match timeout(ANSWER, post(follow, batch)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Refused::ForGood(error))) => return Err(error),
            Ok(Err(Refused::ForNow(error))) => super::super::print::reasons(&error),
            Err(_) => {
                format!("the server at {} does not answer within {} s", follow.target.url, ANSWER.as_secs())
            }
        };
        if !std::mem::replace(&mut is_told, true) {
            remark(&format!("{said}; what the stream says waits"));
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Why something was not taken.
enum Refused {
    ForNow(anyhow::Error),
    ForGood(anyhow::Error),
}

async fn post(follow: &Follow, batch: &Batch) -> Result<(), Refused> {
    let mut query = vec![("agent", follow.agent.as_str()), ("room", follow.room.as_str())];
    query.extend(batch.thread.as_deref().map(|thread| ("thread", thread)));
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let request = follow.target.post(&format!("/ag-ui?{query}")).map_err(Refused::ForGood)?;
    let request = request.header("content-type", "application/x-ndjson").body(batch.body.clone());
    let answer = follow.target.ask(request).await.map_err(Refused::ForNow)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let refusal = follow.target.refusal(status, &answer.bytes().await.unwrap_or_default());
    let passes = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    Err(if passes { Refused::ForNow(refusal) } else { Refused::ForGood(refusal) })
}

/// Checks what every request has, before anything is read.
pub(super) fn check(follow: &Follow) -> anyhow::Result<()> {
    if follow.thread.as_ref().is_some_and(|thread| thread.trim().is_empty() || thread.len() > 256) {
        bail!("--thread has 1 to 256 bytes");
    }
    Ok(())
}

//! Asks the monitoring of nats-servers whether they write to their disks before they answer.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::redirect::Policy;

use super::core::Core;
use super::synced::Server;

/// How often it asks.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// How often it asks while one does not answer, or has said nothing yet: it may have come back with other settings.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Bytes of an answer: a server with very many connections says some kilobytes.
const BYTES_MAX: usize = 1024 * 1024;

impl Core {
    /// Goes on asking until the log is closed.
    pub(super) async fn watch_syncing(&self) {
        if self.monitors.is_empty() {
            return;
        }
        let (mut ended, mut asked_at) = (self.ended.subscribe(), Instant::now());
        loop {
            if tokio::time::timeout(ASK_AGAIN, ended.wait_for(|ended| *ended)).await.is_ok() {
                return;
            }
            let should = self.synced().should_be_asked(&self.connection.server_id());
            if should || asked_at.elapsed() >= ASK_EVERY {
                self.ask_for_syncing().await;
                asked_at = Instant::now();
            }
        }
    }

    /// Asks every server once.
    pub(super) async fn ask_for_syncing(&self) {
        let Ok(client) = client() else { return };
        let answers = join_all(self.monitors.iter().map(|address| ask(&client, address))).await;
        let before = self.is_synced();
        for (address, answer) in self.monitors.iter().zip(answers) {
            self.synced().take(address, answer);
        }
        match (before, self.is_synced()) {
            (Err(before), Err(now)) if before == now => {}
            (_, Err(why)) => tracing::warn!("ack=synced is refused: {why}"),
            (Err(_), Ok(())) => {
                tracing::info!("every nats-server writes to its disk before it answers: ack=synced is taken");
            }
            (Ok(()), Ok(())) => {}
        }
    }

    /// Whether an answered event is on disks.
    ///
    /// # Errors
    /// Which setting of what has to be otherwise.
    pub(super) fn is_synced(&self) -> Result<(), String> {
        if self.monitors.is_empty() {
            return Err("log-monitor names no monitoring of the nats-servers, such as http://10.0.0.1:8222, so it is not known \
                        whether they have `sync_interval: always`"
                .into());
        }
        self.synced().verdict(&self.connection.server_id())
    }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_certs_only([])
        .redirect(Policy::none())
        .timeout(ANSWER_MAX)
        .no_proxy()
        .build()
}

async fn ask(client: &reqwest::Client, address: &str) -> Result<Server, String> {
    let reason = |error: reqwest::Error| error.without_url().to_string();
    let url = format!("{}/varz", address.trim_end_matches('/'));
    let mut answer = client.get(url).send().await.map_err(reason)?;
    if !answer.status().is_success() {
        return Err(format!("it answers {}", answer.status()));
    }
    let mut json = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(reason)? {
        json.extend_from_slice(&piece);
        if json.len() > BYTES_MAX {
            return Err(format!("its answer has more than {BYTES_MAX} bytes"));
        }
    }
    Server::read(&json)
}

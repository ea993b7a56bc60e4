//! Publishers and readers that outlive their server: what was answered to whom, and what was seen.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

/// What a publisher was told: the number, the level, and the task that tells the event apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub seq: u64,
    pub ack: &'static str,
    pub task: String,
}

/// Where the server is now; `None` while there is none.
pub type Whereabouts = watch::Receiver<Option<String>>;

/// Everything that publishers were told so far.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Told>>>);

impl Ledger {
    pub fn all(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn add(&self, told: impl IntoIterator<Item = Told>) {
        self.0.lock().unwrap().extend(told);
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

fn task() -> String {
    format!("task {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Publishes `batch` events at a time wherever the server is, until `stop`. With `keyed`, what got no answer
/// is sent again under the same key.
pub async fn publish(
    mut server: Whereabouts,
    ledger: Ledger,
    ack: &'static str,
    batch: usize,
    keyed: bool,
    stop: watch::Receiver<bool>,
) {
    let http = super::http_client();
    let mut unanswered: Option<(String, Vec<String>)> = None;
    while !*stop.borrow() {
        let url = server.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        let (key, tasks) =
            unanswered.take().unwrap_or_else(|| (task(), (0..batch).map(|_| task()).collect()));
        let events: Vec<Value> = tasks.iter().map(|task| super::event(task)).collect();
        let body = if batch == 1 { events[0].clone() } else { json!(events) };
        let mut request = http.post(format!("{url}/events?ack={ack}")).json(&body);
        if keyed {
            request = request.header("idempotency-key", &key);
        }
        let answer = async { request.send().await?.json::<Value>().await };
        match answer.await {
            Ok(answer) if answer["status"] == "published" => {
                let seqs =
                    answer["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap());
                ledger.add(seqs.zip(tasks).map(|(seq, task)| Told { seq, ack, task }));
            }
            _ if keyed => unanswered = Some((key, tasks)),
            _ => {}
        }
    }
}

/// What a reader has seen, by number, as it was sent; and how it was told to go on.
#[derive(Debug, Default)]
pub struct Seen {
    pub events: BTreeMap<u64, String>,
    pub epochs: Vec<String>,
    pub resumes: Vec<Value>,
    /// Whether something came twice, out of order, or not at all.
    pub faults: Vec<String>,
}

/// Reads wherever the server is, going on where it was, until it has everything up to `until`, if that is known.
pub async fn read(mut server: Whereabouts, mut until: watch::Receiver<Option<u64>>) -> Seen {
    let (mut seen, mut position) = (Seen::default(), (String::new(), 0_u64));
    loop {
        let url = tokio::select! {
            url = server.wait_for(Option::is_some) => url.unwrap().clone().unwrap(),
            done = until.wait_for(|until| until.is_some_and(|until| position.1 >= until)) => {
                drop(done);
                return seen;
            }
        };
        let since = if position.0.is_empty() { "0".into() } else { format!("{}:{}", position.0, position.1) };
        let stream = format!("{}/ws/events?since={since}", url.replace("http", "ws"));
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(stream).await else {
            tokio::task::yield_now().await;
            continue;
        };
        loop {
            let message = tokio::select! {
                message = socket.next() => message,
                done = until.wait_for(|until| until.is_some_and(|until| position.1 >= until)) => {
                    drop(done);
                    return seen;
                }
            };
            let Some(Ok(message)) = message else { break };
            let Message::Text(text) = message else { continue };
            let value: Value = serde_json::from_str(text.as_str()).unwrap();
            if value["type"] == "connection" {
                let epoch = value["epoch"].as_str().unwrap().to_owned();
                if seen.epochs.last() != Some(&epoch) {
                    seen.epochs.push(epoch.clone());
                }
                if value["resume"]["recovered"] != true {
                    position.1 = value["seq"].as_u64().unwrap();
                }
                position.0 = epoch;
                seen.resumes.push(value["resume"].clone());
                continue;
            }
            let seq = value["seq"].as_u64().unwrap();
            if seq != position.1 + 1 {
                seen.faults.push(format!("{seq} after {}", position.1));
            }
            position.1 = seq;
            seen.events.insert(seq, text.as_str().to_owned());
        }
    }
}

/// The whole log of a server's default room.
pub async fn history(url: &str) -> Vec<Value> {
    let http = super::http_client();
    let (mut events, mut after) = (Vec::new(), String::from("0"));
    loop {
        let page = http.get(format!("{url}/events?limit=1000&after={after}"));
        let page: Value = page.timeout(Duration::from_secs(20)).send().await.unwrap().json().await.unwrap();
        events.extend(page["events"].as_array().unwrap_or_else(|| panic!("{page}")).clone());
        match page["next"].as_str() {
            Some(next) => after = next.into(),
            None => return events,
        }
    }
}

/// Checks that a log has what publishers were told, each event once, and numbers without holes.
pub fn is_kept(ledger: &Ledger, kept: &[Value]) {
    let tasks: BTreeMap<u64, &str> = kept
        .iter()
        .map(|event| (event["seq"].as_u64().unwrap(), event["metadata"]["task"].as_str().unwrap()))
        .collect();
    assert!(tasks.keys().copied().eq(1..=kept.len() as u64), "no hole, none twice");
    let different: HashSet<&str> = tasks.values().copied().collect();
    assert_eq!(different.len(), kept.len(), "nothing was published twice");
    for told in ledger.all() {
        assert_eq!(tasks.get(&told.seq), Some(&told.task.as_str()), "{told:?}");
    }
}

/// The bytes of the log, by number.
pub fn exported(dir: &std::path::Path) -> BTreeMap<u64, String> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_arcane"));
    let output =
        command.args(["export", "--data-dir"]).arg(dir).env_remove("ARCANE_CONFIG").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let events = lines.lines().filter(|line| line.starts_with("{\"spell_name\""));
    let seq = |line: &str| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap();
    events.map(|line| (seq(line), line.to_owned())).collect()
}

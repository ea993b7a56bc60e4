//! What the server says of itself, for `arcane doctor`.

use std::time::Duration;

use arcane_shared::api::{HealthAnswer, LogServers, RosterAnswer};
use arcane_shared::counted;
use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;

use super::super::Target;
use super::super::print::reasons;
use super::Report;
use crate::clock;

/// How long one answer of the server is waited for.
const WAIT: Duration = Duration::from_secs(3);
/// Why telemetry is not taken where there are keys: agents find a token nowhere else.
pub(super) const WANTS_A_TOKEN: &str =
    "it wants a token, which agents find in OTEL_EXPORTER_OTLP_HEADERS alone";
/// Where the server listens for telemetry, besides its own address.
pub(super) const TELEMETRY: &str = "http://127.0.0.1:4318";

/// What was asked of the server once, for all agents.
pub(super) struct Server {
    pub(super) url: String,
    health: Result<HealthAnswer, String>,
    roster: Result<RosterAnswer, String>,
    /// What was counted that could not be used, by reason.
    dropped: Vec<(String, u64)>,
    /// Endpoints, and whether telemetry is taken there.
    pub(super) telemetry: Vec<(String, Result<(), String>)>,
}

impl Server {
    pub(super) async fn look(target: &Target) -> Self {
        let url = target.url.trim_end_matches('/').to_owned();
        let health: Result<HealthAnswer, String> = get(target, "/health").await;
        let (mut roster, mut dropped, mut telemetry) =
            (Err("the server is not asked".to_owned()), Vec::new(), Vec::new());
        if health.is_ok() {
            roster = get(target, "/roster").await;
            dropped = counted_drops(target).await;
            telemetry.push((url.clone(), takes_telemetry(target).await));
        }
        let listener = health.as_ref().ok().and_then(|health| health.otlp.as_ref());
        let own = listener.map(|listener| format!("http://{}", listener.address));
        let told = own.clone().filter(|endpoint| endpoint != TELEMETRY);
        for endpoint in told.into_iter().chain([TELEMETRY.to_owned()]) {
            let beside = Target { url: endpoint.clone(), ..target.clone() };
            // Who answers there is another program, and says yes to everything perhaps.
            let failed = listener.filter(|_| own.as_ref() == Some(&endpoint));
            let taken = match failed.and_then(|listener| listener.error.as_ref()) {
                Some(error) => {
                    Err(format!("the server cannot listen there, another program has it: {error}"))
                }
                None => takes_telemetry(&beside).await,
            };
            telemetry.push((endpoint, taken));
        }
        Self { url, health, roster, dropped, telemetry }
    }

    pub(super) fn is_away(&self) -> bool {
        self.health.is_err()
    }

    pub(super) fn report(&self) -> Report {
        let mut report = Report::default();
        report.head("server");
        match &self.health {
            Ok(health) => {
                report.say("address", format!("{}: arcane {}, {}", self.url, health.version, health.status));
                if let Some(servers) = &health.log {
                    tell_log(&mut report, servers);
                }
            }
            Err(why) => report.problem(
                "address",
                why,
                "arcane serve starts one; arcane connect URL remembers another",
            ),
        }
        if !self.dropped.is_empty() {
            let all: Vec<String> = self.dropped.iter().map(|(why, n)| format!("{why} {n}")).collect();
            report.say("unusable", format!("{} since it started, of all agents", all.join(", ")));
        }
        report
    }

    /// When something was last heard of an agent.
    pub(super) fn last_event(&self, daemon: &str) -> String {
        let roster = match &self.roster {
            Ok(answer) => &answer.roster,
            Err(why) => return format!("not known: {why}"),
        };
        let Some(one) = roster.get(daemon) else {
            return "none in the room main".into();
        };
        // A daemon is known, too, of which there is nothing but what it spent.
        if one.heard_at.unix_micros() <= 0 {
            return "none in the room main but of what it spent".into();
        }
        let seconds = (clock::now().unix_micros() - one.heard_at.unix_micros()).max(0) / 1_000_000;
        let ago = match seconds {
            0..=119 => format!("{seconds} s"),
            120..=7_199 => format!("{} min", seconds / 60),
            7_200..=172_799 => format!("{} h", seconds / 3_600),
            _ => format!("{} days", seconds / 86_400),
        };
        format!("{ago} ago")
    }
}

/// Which servers keep the event log, and whether they are there.
fn tell_log(report: &mut Report, servers: &LogServers) {
    let LogServers { addresses, version, connected, replicas, prefix, node, nodes, synced, warning } =
        servers;
    let place = if addresses.is_empty() {
        "on NATS JetStream".to_owned()
    } else {
        format!("on NATS JetStream at {}", addresses.join(","))
    };
    let replicas = counted(*replicas, "replica");
    if *connected {
        report.say("log", format!("{place}, nats-server {version}, {replicas}, prefix {prefix}"));
        if let Some(nodes) = nodes.filter(|nodes| *nodes > 1) {
            report.say("nodes", format!("{nodes} share this log; this one is {node}"));
        }
    } else {
        report.problem(
            "log",
            format!("{place}, {replicas}, prefix {prefix}: not connected"),
            "start these nats-servers, and look at what stands between; the server connects again by itself",
        );
    }
    if *synced {
        report.say("synced", "is promised: each nats-server writes to its disk before it answers");
    }
    if let Some(warning) = warning {
        report.advise(warning);
    }
}

async fn get<T: serde::de::DeserializeOwned>(target: &Target, route: &str) -> Result<T, String> {
    let asked = async { target.send(target.get(route)?).await };
    match tokio::time::timeout(WAIT, asked).await {
        Ok(answer) => answer.map_err(|error| reasons(&error)),
        Err(_) => Err(format!("{} gave no answer within {} s", target.url, WAIT.as_secs())),
    }
}

/// Whether an empty message of logs is taken, of one who has no token: agents have none for it.
async fn takes_telemetry(target: &Target) -> Result<(), String> {
    let asked = async {
        let request = target.post("/v1/logs")?.json(&serde_json::json!({ "resourceLogs": [] }));
        let (client, request) = request.build_split();
        let mut request = request?;
        request.headers_mut().remove(AUTHORIZATION);
        Ok::<_, anyhow::Error>(client.execute(request).await?)
    };
    match tokio::time::timeout(WAIT, asked).await {
        Ok(Ok(answer)) if answer.status() == StatusCode::UNAUTHORIZED => Err(WANTS_A_TOKEN.to_owned()),
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(format!("answered {}", answer.status())),
        Ok(Err(_)) => Err("nobody listens there".to_owned()),
        Err(_) => Err(format!("no answer within {} s", WAIT.as_secs())),
    }
}

/// What agents sent and could not be used, where metrics may be read.
async fn counted_drops(target: &Target) -> Vec<(String, u64)> {
    let asked = async {
        let answer = target.ask(target.get("/metrics")?).await?;
        Ok::<_, anyhow::Error>(if answer.status().is_success() {
            answer.text().await?
        } else {
            String::new()
        })
    };
    let Ok(Ok(text)) = tokio::time::timeout(WAIT, asked).await else { return Vec::new() };
    let line = |line: &str| {
        let (why, n) = line.strip_prefix("arcane_ingest_dropped_total{why=\"")?.split_once("\"} ")?;
        let n = n.trim().parse().ok().filter(|n| *n > 0)?;
        Some((why.to_owned(), n))
    };
    text.lines().filter_map(line).collect()
}

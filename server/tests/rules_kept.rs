//! Rules that are added and removed: what was answered is so, also after the server was killed.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::process::Process;

async fn names(process: &Process) -> Vec<String> {
    let listed: Value = reqwest::get(format!("{}/rules", process.url)).await.unwrap().json().await.unwrap();
    let rules = listed["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["rule"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_was_added_and_removed_is_so_after_the_server_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let client = reqwest::Client::new();
    let mut expected = Vec::new();
    for round in 0..4 {
        let process = Process::start(dir.path());
        assert_eq!(names(&process).await, expected);
        let names: Vec<String> = (0..3).map(|n| format!("r{round}{n}")).collect();
        for name in &names {
            let rule = json!({"name": name, "command": format!("rm {name}"), "decision": "deny"});
            let added = client.post(format!("{}/rules", process.url)).json(&rule).send().await.unwrap();
            assert_eq!(added.status(), 201);
        }
        let removed = client.delete(format!("{}/rules/{}", process.url, names[0])).send().await.unwrap();
        assert_eq!(removed.status(), 204);
        process.kill();
        expected.extend_from_slice(&names[1..]);
    }
}

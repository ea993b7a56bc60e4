//! An agent that asks, a page that watches, and what each of them hears.

use reqwest::Response;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Client, PATIENCE, TestServer};

/// A page that is open and visible.
pub async fn page(server: &TestServer) -> Client {
    let mut page = server.connect("recent=0").await;
    page.next().await;
    watch(&mut page).await;
    page
}

/// Says that a page is visible, and waits until the server has heard it.
pub async fn watch(page: &mut Client) {
    page.say(json!({"type": "presence", "visible": true})).await;
    page.say(json!({"type": "ping", "t0": 1.0})).await;
    assert_eq!(page.next().await["type"], "pong");
}

/// The next event of this kind, whatever comes before it.
pub async fn event(page: &mut Client, kind: &str) -> Value {
    loop {
        let message = page.next().await;
        if message["metadata"]["event"] == kind {
            return message;
        }
    }
}

/// A payload of Claude Code's hooks.
#[allow(clippy::needless_pass_by_value, reason = "tests write them with json!")]
pub fn claude(event: &str, session: &str, more: Value) -> Value {
    let mut payload = json!({"session_id": session, "hook_event_name": event, "cwd": "/home/user/arcane"});
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

/// A command that Claude Code wants to run.
pub fn bash(command: &str) -> Value {
    json!({"tool_name": "Bash", "tool_input": {"command": command}})
}

/// A hook that is held.
pub struct Hook(JoinHandle<(u16, String)>);

impl Hook {
    /// Posts a payload that asks.
    #[allow(clippy::needless_pass_by_value, reason = "tests write them with json!")]
    pub fn asks(server: &TestServer, path: &str, payload: Value) -> Self {
        let request = server.http.post(server.url(path)).json(&payload);
        Self(tokio::spawn(async move { heard(request.send().await.unwrap()).await }))
    }

    /// What the agent hears; `None`: no decision.
    pub async fn hears(self) -> Option<Value> {
        let (status, body) =
            tokio::time::timeout(PATIENCE, self.0).await.expect("an answer in time").unwrap();
        match status {
            204 => {
                assert_eq!(body, "");
                None
            }
            200 => Some(serde_json::from_str(&body).unwrap()),
            other => panic!("a hook is answered {other}: {body}"),
        }
    }

    /// The agent ends its hook.
    pub fn ends(self) {
        self.0.abort();
    }
}

async fn heard(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The decision of a permission, as Claude Code and Codex take it.
#[allow(clippy::needless_pass_by_value, reason = "tests write them with json!")]
pub fn decided(decision: Value) -> Option<Value> {
    Some(json!({"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}}))
}

/// The request that an event opens.
pub fn request(opening: &Value) -> String {
    opening["metadata"]["request_id"].as_str().unwrap().to_owned()
}

/// Answers a request over HTTP.
pub async fn answer(server: &TestServer, id: &str, body: Value) -> (u16, Value) {
    server.ask(&format!("/requests/{id}/answer"), body).await
}

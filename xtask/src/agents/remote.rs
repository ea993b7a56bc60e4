//! A session with a human who is at opencode's own server, as its terminal program and its pages are.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::human::{LIT_MAX, STEP_MAX, Sat, is_waiting, turns};
use super::play::Scene;
use super::programs;
use super::running::Running;
use crate::http;

/// How long a request may wait to be listed.
const LISTED_MAX: Duration = Duration::from_secs(10);

/// Opens a session: yes, no, one more prompt, and stops the server.
pub(crate) fn sit_down(scene: &Scene<'_>) -> Result<Sat> {
    let mut command = scene.home.command(programs::program(scene.stage.packages, scene.agent)?);
    command.args(["serve", "--hostname", "127.0.0.1", "--port", "0"]);
    let opencode = Running::start(&mut command, 1, &scene.home.root.join("serve.log"))?;
    let port = opencode.ports[0];
    let session = http::post(port, "/session", &json!({}))?;
    let session = session["id"].as_str().context("a session has an id")?.to_owned();
    let mut sat = Sat::default();
    let say = |text: &str| {
        let prompt = json!({"parts": [{"type": "text", "text": text}]});
        http::post(port, &format!("/session/{session}/prompt_async"), &prompt)
    };
    for reply in ["once", "reject"] {
        let before = turns(scene)?;
        say("Do as the steps say. (steps: ask)")?;
        scene.until("that the agent waits", STEP_MAX, is_waiting)?;
        scene.until("which request waits", LISTED_MAX, |_| {
            Ok(!http::get(port, "/permission")?[0]["id"].is_null())
        })?;
        scene.consider();
        let listed = http::get(port, "/permission")?;
        let request = listed[0]["id"].as_str().context("a request has an id")?;
        http::post(port, &format!("/permission/{request}/reply"), &json!({"reply": reply}))?;
        let over =
            scene.until("that the wait is over", LIT_MAX, |scene| is_waiting(scene).map(|waits| !waits));
        sat.still_lit += u64::from(over.is_err());
        scene.until("that the turn ended", STEP_MAX, |scene| Ok(turns(scene)? > before))?;
    }
    let before = turns(scene)?;
    say("Once more. (steps: run)")?;
    scene.until("that the turn ended", STEP_MAX, |scene| Ok(turns(scene)? > before))?;
    (sat.waits, sat.refused, sat.prompts) = (2, 1, 3);
    Ok(sat)
}

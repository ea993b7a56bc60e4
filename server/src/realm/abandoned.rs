//! Closing invocations that a process has left open when it ended.

use std::sync::Weak;
use std::time::{Duration, Instant};

use serde_json::json;

use super::calls::OpenCall;
use super::cast::{Saying, Spell};
use super::present::Present;
use super::{Emit, Inner, Realm, SpellFailure, VoiceMoment};

/// How often it is looked for some.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What is told of them.
const WHY: &str = "the server that ran it ended";

/// Closes what is abandoned, for as long as there is the realm.
pub(super) async fn close(realm: Weak<Inner>) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(inner) = realm.upgrade() else { return };
        let realm = Realm { inner };
        let abandoned = {
            let present = realm.present();
            present.calls.abandoned(present.is_shared(), Instant::now())
        };
        for id in abandoned {
            if let Err(error) = realm.cast(|present| realm.close_call(present, &id)).await {
                tracing::debug!(%error, id, "an invocation that was left open is closed later, or was closed");
            }
        }
    }
}

impl Realm {
    fn close_call(&self, present: &mut Present, id: &str) -> Result<Spell<()>, SpellFailure> {
        let gone = || SpellFailure::Faltered("it was closed by another server".into());
        let OpenCall { daemon, task, number, timeout_s: _ } =
            present.calls.get(id).cloned().ok_or_else(gone)?;
        let change = present.registry.finish(&daemon, false, 0.0);
        let emit = Emit::failure(WHY)
            .with("invocation_number", json!(number))
            .with("call_id", json!(id))
            .with("abandoned", json!(true))
            .decided_on(present.decided_on());
        let emit = change.records().fold(emit, Emit::remembering).remembering(OpenCall::ended(id));
        let emitted = self.inner.bus.emit_invoke(&daemon, &task, 0.0, emit)?;
        present.apply(change);
        if !present.is_shared() {
            present.calls.end(id);
        }
        let saying = Some(Saying::new(&daemon, false, VoiceMoment::Invoke));
        Ok(Spell { emitted, answer: (), saying })
    }
}

//! Letting daemons perform tasks, through their conduits.

use std::time::Instant;

use arcane_shared::api::CastAnswer;
use arcane_shared::daemon::DaemonCard;
use arcane_shared::{DaemonName, Metadata, SyncDirectives};
use serde_json::{Value, json};

use super::conduit::{Conduit, Performance};
use super::{Realm, Refusal, SpellFailure, VoiceMoment, answer, lore, record};
use crate::bus::{Emit, Emitted};

/// Most bytes of a conduit's output that an event holds, where output may be captured at all.
const CAPTURED_BYTES_MAX: usize = 4096;

impl Realm {
    /// Lets a daemon perform a task. Goes on to its end, and tells of it, even if the caller leaves.
    ///
    /// # Errors
    /// If the daemon is not there, too many tasks are under way, or the daemon fails; a failure
    /// event tells of each.
    pub async fn invoke(
        &self,
        name: &DaemonName,
        task: &str,
        parameters: Metadata,
    ) -> Result<CastAnswer, SpellFailure> {
        let (realm, name, task) = (self.clone(), name.clone(), task.to_owned());
        let performed = tokio::spawn(async move { realm.perform(&name, &task, parameters).await });
        performed
            .await
            .unwrap_or_else(|error| Err(SpellFailure::Faltered(format!("the invocation broke off: {error}"))))
    }

    async fn perform(
        &self,
        name: &DaemonName,
        task: &str,
        parameters: Metadata,
    ) -> Result<CastAnswer, SpellFailure> {
        let parameters = Value::Object(parameters);
        let Ok(_permit) = self.inner.invocations.try_acquire() else {
            let refusal = Refusal::TooBusy(self.inner.config.invocations_max);
            return Err(self.refuse_invocation(name, task, parameters, refusal).await);
        };
        let number = match self.begin(name, task) {
            Ok(number) => number,
            Err(SpellFailure::Refused(refusal)) => {
                return Err(self.refuse_invocation(name, task, parameters, refusal).await);
            }
            Err(failure) => return Err(failure),
        };
        let call_id = number.1;
        let started = Instant::now();
        let Performance { result, metadata } = self.conduit(name).perform(task).await;
        let execution_time = started.elapsed().as_secs_f64();

        let timed_out = metadata.contains_key("timed_out");
        let mut emit = match &result {
            Ok(_) => Emit::default(),
            Err(error) => Emit::failure(error),
        }
        .with("parameters", parameters)
        .with("invocation_number", json!(number.0))
        .with("call_id", json!(call_id));
        emit.metadata.extend(metadata);
        if self.inner.config.capture_content
            && let Ok(output) = &result
        {
            emit.metadata.insert("output".into(), shortened(output).into());
        }

        let (mut emitted, card) = self.tell(name, task, execution_time, result.is_ok(), emit)?;
        emitted.logged().await?;
        let frame = emitted.frame();
        match result {
            Ok(output) => Ok(CastAnswer {
                result: Some(output),
                execution_time: Some(execution_time),
                ..answer("invoked", card, frame.event().description, frame.seq())
            }),
            Err(error) if timed_out => Err(SpellFailure::TimedOut(error)),
            Err(error) => Err(SpellFailure::Faltered(error)),
        }
    }

    /// Counts an invocation that has ended and tells of it.
    fn tell(
        &self,
        name: &DaemonName,
        task: &str,
        execution_time: f64,
        success: bool,
        emit: Emit,
    ) -> Result<(Emitted, DaemonCard), SpellFailure> {
        let mut present = self.ready()?;
        let registry = &mut present.registry;
        registry.finish(name, success, execution_time);
        let emit = emit.remembering(record(registry, name));
        let emitted = self.inner.bus.emit_invoke(name, task, execution_time, emit)?;
        let moment = if success { VoiceMoment::Invoke } else { VoiceMoment::Failure };
        self.voice(name, moment.line(), moment.as_str());
        Ok((emitted, self.card(registry, name)))
    }

    /// Counts the invocation in and, where it may take a while, tells that work has begun.
    fn begin(&self, name: &DaemonName, task: &str) -> Result<(u64, String), SpellFailure> {
        let mut present = self.ready()?;
        let number = present.registry.begin(name)?;
        let call_id = format!("{:016x}", rand::random::<u64>());
        if self.conduit(name).takes_time() {
            let emit = Emit {
                sync: Some(SyncDirectives::of_outcome(true).silent()),
                ..Emit::default()
                    .described(format!("✨ {} bends over the task... ✨", lore::shout(name)))
                    .with("query_type", json!("progress"))
                    .with("phase", json!("begin"))
                    .with("call_id", json!(call_id))
                    .with("task", json!(task))
            };
            // An announcement that is too large is not worth refusing the work.
            let _ = self.inner.bus.emit_reveal(Some(name), true, emit);
        }
        Ok((number, call_id))
    }

    async fn refuse_invocation(
        &self,
        name: &DaemonName,
        task: &str,
        parameters: Value,
        refusal: Refusal,
    ) -> SpellFailure {
        let emit = Emit::failure(&refusal.to_string())
            .with("parameters", parameters)
            .with("invocation_number", json!(0));
        let emit = emit.described(lore::unanswered(name, &refusal.to_string()));
        let emitted = {
            let _order = self.present();
            let emitted = self.inner.bus.emit_invoke(name, task, 0.0, emit);
            self.voice(name, VoiceMoment::Failure.line(), VoiceMoment::Failure.as_str());
            emitted
        };
        match emitted {
            Ok(mut emitted) => emitted.logged().await.map_or_else(Into::into, |()| refusal.into()),
            Err(error) => error.into(),
        }
    }

    fn conduit(&self, name: &DaemonName) -> &Conduit {
        static ECHO: Conduit = Conduit::Echo;
        self.inner.conduits.get(name).unwrap_or(&ECHO)
    }
}

/// At most [`CAPTURED_BYTES_MAX`] bytes, cut between characters.
fn shortened(text: &str) -> &str {
    let mut end = text.len().min(CAPTURED_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

//! Letting daemons perform tasks, through their conduits.

use std::time::{Duration, Instant};

use arcane_shared::api::CastAnswer;
use arcane_shared::daemon::DaemonCard;
use arcane_shared::roster::{BEGIN, PROGRESS};
use arcane_shared::{DaemonName, Metadata, SyncDirectives, Timestamp};
use serde_json::{Value, json};

use super::Emit;
use super::conduit::{Conduit, Performance};
use super::{Realm, Refusal, SpellFailure, VoiceMoment, answer};
use crate::bus::{EmitError, Emitted, Fault, Run};
use crate::clock;
use crate::lore;

/// Most bytes of a conduit's output that an event holds, where output may be captured at all.
const CAPTURED_BYTES_MAX: usize = 4096;

/// How long the end of an invocation is kept for a log that takes no events.
const TELL_PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts to hand it over.
const TELL_PAUSE: Duration = Duration::from_millis(100);

/// An invocation that has ended.
struct Done<'a> {
    name: &'a DaemonName,
    task: &'a str,
    /// Seconds.
    execution_time: f64,
    success: bool,
}

/// An invocation that has ended, and was told of.
struct Told {
    /// The sentence of the event.
    message: String,
    /// Its number.
    run: Run,
    /// The daemon after it.
    card: DaemonCard,
}

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
        self.recall().await;
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

        let done = Done { name, task, execution_time, success: result.is_ok() };
        let Told { message, run, card } = self.tell(&done, &emit).await?;
        match result {
            Ok(output) => Ok(CastAnswer {
                result: Some(output),
                execution_time: Some(execution_time),
                seq: run.last(),
                ..answer("invoked", card, message)
            }),
            Err(error) if timed_out => Err(SpellFailure::TimedOut(error)),
            Err(error) => Err(SpellFailure::Faltered(error)),
        }
    }

    /// Counts an invocation that has ended and tells of it. The work is done and cannot be taken back: where the log
    /// takes no events, this waits for it up to [`TELL_PATIENCE`].
    async fn tell(&self, done: &Done<'_>, emit: &Emit) -> Result<Told, SpellFailure> {
        let until = Instant::now() + TELL_PATIENCE;
        loop {
            self.recall().await;
            let told = match self.try_to_tell(done, emit.clone()) {
                Ok((mut emitted, card)) => {
                    let message = emitted.description();
                    let logged = emitted.logged().await.map_err(SpellFailure::from);
                    logged.map(|run| Told { message, run, card })
                }
                Err(failure) => Err(failure),
            };
            match told {
                Err(SpellFailure::NotEmitted(EmitError::Log(error)))
                    if !matches!(error.fault, Fault::Closed | Fault::Damaged) && Instant::now() < until =>
                {
                    tracing::debug!(%error, daemon = %done.name, "an invocation that has ended waits for the log");
                    tokio::time::sleep(TELL_PAUSE).await;
                }
                told => return told,
            }
        }
    }

    fn try_to_tell(&self, done: &Done<'_>, emit: Emit) -> Result<(Emitted, DaemonCard), SpellFailure> {
        let Done { name, task, execution_time, success } = *done;
        let mut present = self.ready()?;
        let change = present.registry.finish(name, success, execution_time);
        let emit = change.remembered_by(emit);
        let emitted = self.inner.bus.emit_invoke(name, task, execution_time, emit)?;
        let card = change.card(self.inner.bus.color(name));
        present.registry.apply(change);
        let moment = if success { VoiceMoment::Invoke } else { VoiceMoment::Failure };
        self.voice(name, moment.line(), moment.as_str());
        Ok((emitted, card))
    }

    /// Counts the invocation in and, where it may take a while, tells that work has begun.
    fn begin(&self, name: &DaemonName, task: &str) -> Result<(u64, String), SpellFailure> {
        let mut present = self.ready()?;
        let begun = present.registry.begin(name, clock::now());
        let (number, change) = begun.map_err(|refusal| match refusal {
            Refusal::NotHere(name) if self.is_published(&name) => Refusal::OnlyPublished(name),
            refusal => refusal,
        })?;
        self.check_budget(name)?;
        let call_id = format!("{:016x}", rand::random::<u64>());
        if self.conduit(name).takes_time() {
            let emit = Emit {
                sync: Some(SyncDirectives::of_outcome(true).silent()),
                ..Emit::default()
                    .with("query_type", json!(PROGRESS))
                    .with("phase", json!(BEGIN))
                    .with("call_id", json!(call_id))
                    .with("task", json!(task))
            };
            match self.inner.bus.emit_reveal(Some(name), true, emit) {
                // An announcement that is too large is not worth refusing the work.
                Ok(_) | Err(EmitError::TooLarge(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        present.registry.apply(change);
        Ok((number, call_id))
    }

    /// Checks that a daemon whose conduit runs a program has not spent what it may on the day, as the events of the default room tell.
    fn check_budget(&self, name: &DaemonName) -> Result<(), Refusal> {
        let budget = self.inner.config.budget_of(name).filter(|_| self.conduit(name).takes_time());
        let Some((budget, setting)) = budget else { return Ok(()) };
        let now = clock::now().unix_micros();
        let (spent_usd, resets_at) = self.inner.bus.default_room().read_roster(|roster| {
            let day = roster.day(now);
            let spent = roster.get(name.as_str()).map(|daemon| daemon.cost_on(day)).unwrap_or_default();
            (spent, Timestamp::from_unix_micros(roster.day_begins(day + 1)))
        });
        if spent_usd < budget.usd() {
            return Ok(());
        }
        let (daemon, budget_usd) = (name.clone(), budget.usd());
        Err(Refusal::BudgetSpent { daemon, spent_usd, budget_usd, resets_at, setting })
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
            .with("invocation_number", json!(0))
            .with("refused", json!(true));
        let emit = emit.described(lore::unanswered(name, &refusal.to_string()));
        let emitted = {
            let _order = self.present();
            let emitted = self.inner.bus.emit_invoke(name, task, 0.0, emit);
            self.voice(name, VoiceMoment::Failure.line(), VoiceMoment::Failure.as_str());
            emitted
        };
        match emitted {
            Ok(mut emitted) => emitted.logged().await.map_or_else(Into::into, |_| refusal.into()),
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

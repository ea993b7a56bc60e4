//! Letting daemons perform tasks, through their conduits.

use std::time::{Duration, Instant};

use arcane_shared::api::CastAnswer;
use arcane_shared::daemon::DaemonCard;
use arcane_shared::roster::{BEGIN, PROGRESS};
use arcane_shared::{DaemonName, Metadata, Seq, SyncDirectives, Timestamp};
use serde_json::{Value, json};

use super::Emit;
use super::calls::OpenCall;
use super::cast::{Saying, Spell};
use super::conduit::{Conduit, Performance};
use super::present::Present;
use super::registry::Change;
use super::{Realm, Refusal, SpellFailure, VoiceMoment, answer};
use crate::bus::{EmitError, Fault, Run};
use crate::clock;
use crate::lore;

/// Most bytes of a conduit's output that an event holds, where output may be captured at all.
const CAPTURED_BYTES_MAX: usize = 4096;

/// How long the end of an invocation is kept for a log that takes no events.
const TELL_PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts to hand it over.
const TELL_PAUSE: Duration = Duration::from_millis(100);

/// An invocation that has begun: which one of its daemon it is, and its id.
struct Begun {
    number: u64,
    call_id: String,
}

/// An invocation that has ended.
struct Done<'a> {
    name: &'a DaemonName,
    task: &'a str,
    parameters: &'a Value,
    /// Seconds.
    execution_time: f64,
    success: bool,
}

/// The end of an invocation as it was decided: the sentence of its event, and the daemon after it.
type Ending = Spell<Result<(String, DaemonCard), Refusal>>;

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
            let done = Done { name, task, parameters: &parameters, execution_time: 0.0, success: false };
            return Err(self.refuse_invocation(&done, refusal).await);
        };
        let begun = match self.conduit(name).patience() {
            Some(patience) => Some(self.begin(name, task, &parameters, patience).await?),
            None => None,
        };
        let started = Instant::now();
        let Performance { result, metadata } = self.conduit(name).perform(task).await;
        let execution_time = started.elapsed().as_secs_f64();

        let timed_out = metadata.contains_key("timed_out");
        let mut emit = match &result {
            Ok(_) => Emit::default(),
            Err(error) => Emit::failure(error),
        }
        .with("parameters", parameters.clone());
        emit.metadata.extend(metadata);
        if self.inner.config.capture_content
            && let Ok(output) = &result
        {
            emit.metadata.insert("output".into(), shortened(output).into());
        }

        let done = Done { name, task, parameters: &parameters, execution_time, success: result.is_ok() };
        let Told { message, run, card } = match &begun {
            Some(begun) => self.tell(&done, begun, &emit).await?,
            None => self.tell_whole(&done, &emit).await?,
        };
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

    /// Tells of an invocation that took no time: it begins and ends with one event.
    async fn tell_whole(&self, done: &Done<'_>, emit: &Emit) -> Result<Told, SpellFailure> {
        let call_id = new_call_id();
        let decide = |present: &mut Present| {
            let performed =
                present.registry.perform(done.name, clock::now(), (done.success, done.execution_time));
            let (number, change) = match performed.map_err(|refusal| self.as_published(refusal)) {
                Ok(performed) => performed,
                Err(refusal) => return self.tell_refusal(done, refusal, present.decided_on()),
            };
            let emit = emit.clone().with("invocation_number", json!(number)).with("call_id", json!(call_id));
            self.tell_end(present, done, emit, change)
        };
        let (run, told) = self.cast(decide).await?;
        told.map(|(message, card)| Told { message, run, card }).map_err(Into::into)
    }

    /// Counts an invocation of a program that has ended and tells of it. The work is done and cannot be taken back: where the
    /// log takes no events, this waits for it up to [`TELL_PATIENCE`].
    async fn tell(&self, done: &Done<'_>, begun: &Begun, emit: &Emit) -> Result<Told, SpellFailure> {
        let Begun { number, call_id } = begun;
        let until = Instant::now() + TELL_PATIENCE;
        let told = loop {
            let decide = |present: &mut Present| {
                // An answer may have been lost whose event is there.
                if present.calls.get(call_id).is_none() {
                    return Err(already_told());
                }
                let change = present.registry.finish(done.name, done.success, done.execution_time);
                let emit =
                    emit.clone().with("invocation_number", json!(number)).with("call_id", json!(call_id));
                let spell =
                    self.tell_end(present, done, emit.remembering(OpenCall::ended(call_id)), change)?;
                if !present.is_shared() {
                    present.calls.end(call_id);
                }
                Ok(spell)
            };
            match self.cast(decide).await {
                Err(SpellFailure::NotEmitted(EmitError::Log(error)))
                    if !matches!(error.fault, Fault::Closed | Fault::Damaged) && Instant::now() < until =>
                {
                    tracing::debug!(%error, daemon = %done.name, "an invocation that has ended waits for the log");
                    tokio::time::sleep(TELL_PAUSE).await;
                }
                told => break told,
            }
        };
        self.present().calls.leave(call_id);
        let (run, told) = told?;
        told.map(|(message, card)| Told { message, run, card }).map_err(Into::into)
    }

    fn tell_end(
        &self,
        present: &mut Present,
        done: &Done<'_>,
        emit: Emit,
        change: Change,
    ) -> Result<Ending, SpellFailure> {
        let Done { name, task, execution_time, success, .. } = *done;
        let emit = change.records().fold(emit, Emit::remembering).decided_on(present.decided_on());
        let emitted = self.inner.bus.emit_invoke(name, task, execution_time, emit)?;
        let card = change.card(self.inner.bus.color(name));
        present.apply(change);
        let answer = Ok((emitted.description(), card));
        Ok(Spell { emitted, answer, saying: Some(Saying::new(name, success, VoiceMoment::Invoke)) })
    }

    /// Counts an invocation of a program in, and tells that work has begun.
    async fn begin(
        &self,
        name: &DaemonName,
        task: &str,
        parameters: &Value,
        patience: Duration,
    ) -> Result<Begun, SpellFailure> {
        let call_id = new_call_id();
        let done = Done { name, task, parameters, execution_time: 0.0, success: false };
        let decide = |present: &mut Present| {
            let begun = present.registry.begin(name, clock::now());
            let begun = begun.map_err(|refusal| self.as_published(refusal));
            let begun = begun.and_then(|begun| self.check_budget(name).map(|()| begun));
            let (number, change) = match begun {
                Ok(begun) => begun,
                Err(refusal) => return self.tell_refusal(&done, refusal, present.decided_on()),
            };
            let (daemon, task) = (name.clone(), task.to_owned());
            let call = OpenCall { daemon, task, number, timeout_s: patience.as_secs() };
            let emit = Emit {
                sync: Some(SyncDirectives::of_outcome(true).silent()),
                ..Emit::default()
                    .with("query_type", json!(PROGRESS))
                    .with("phase", json!(BEGIN))
                    .with("call_id", json!(call_id))
                    .with("task", json!(call.task))
            };
            let emit = change.records().fold(emit, Emit::remembering).remembering(call.record(&call_id));
            let emit = emit.decided_on(present.decided_on());
            let emitted = self.inner.bus.emit_reveal(Some(name), true, emit)?;
            present.apply(change);
            present.calls.begin(&call_id, call);
            Ok(Spell { emitted, answer: Ok(number), saying: None })
        };
        let begun = self.cast(decide).await;
        match begun {
            Ok((_, Ok(number))) => Ok(Begun { number, call_id }),
            Ok((_, Err(refusal))) => Err(refusal.into()),
            Err(failure) => {
                self.present().calls.leave(&call_id);
                Err(failure)
            }
        }
    }

    /// The refusal of a daemon that is here only because others publish of it.
    fn as_published(&self, refusal: Refusal) -> Refusal {
        match refusal {
            Refusal::NotHere(name) if self.is_published(&name) => Refusal::OnlyPublished(name),
            refusal => refusal,
        }
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

    async fn refuse_invocation(&self, done: &Done<'_>, refusal: Refusal) -> SpellFailure {
        let told = {
            let _order = self.present();
            self.tell_refusal::<()>(done, refusal.clone(), None)
        };
        let Spell { mut emitted, saying, .. } = match told {
            Ok(told) => told,
            Err(failure) => return failure,
        };
        self.utter(saying);
        emitted.logged().await.map_or_else(Into::into, |_| refusal.into())
    }

    fn tell_refusal<T>(
        &self,
        done: &Done<'_>,
        refusal: Refusal,
        decided_on: Option<Seq>,
    ) -> Result<Spell<Result<T, Refusal>>, SpellFailure> {
        let Done { name, task, parameters, .. } = *done;
        let emit = Emit::failure(&refusal.to_string())
            .with("parameters", parameters.clone())
            .with("invocation_number", json!(0))
            .with("refused", json!(true))
            .described(lore::unanswered(name, &refusal.to_string()))
            .decided_on(decided_on);
        let emitted = self.inner.bus.emit_invoke(name, task, 0.0, emit)?;
        let saying = Some(Saying::new(name, false, VoiceMoment::Invoke));
        Ok(Spell { emitted, answer: Err(refusal), saying })
    }

    fn conduit(&self, name: &DaemonName) -> &Conduit {
        static ECHO: Conduit = Conduit::Echo;
        self.inner.conduits.get(name).unwrap_or(&ECHO)
    }
}

fn new_call_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// The end of an invocation is in the log already.
fn already_told() -> SpellFailure {
    SpellFailure::Faltered(
        "its end is in the log already: its answer was lost, or another server told of it".into(),
    )
}

/// At most [`CAPTURED_BYTES_MAX`] bytes, cut between characters.
fn shortened(text: &str) -> &str {
    let mut end = text.len().min(CAPTURED_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

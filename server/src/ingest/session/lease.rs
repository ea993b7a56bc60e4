//! What time alone does to a session: silence is told, and who gives no sign for long has left. Pure.

use arcane_shared::Timestamp;

use crate::intake::Draft;

use super::actor::{Actor, Presence, Stage};
use super::draft::Drafts;
use super::fold::Session;
use super::step::leave;

/// After how long without a sign a call that is open is told to be silent: 120 seconds, in microseconds.
pub(super) const SILENT_MICROS: i64 = 120 * 1_000_000;
/// After how long without a sign a session has left: 15 minutes.
pub(super) const LEFT_MICROS: i64 = 15 * 60 * 1_000_000;
/// The same for one that waits for a human, who may be away for a night: 12 hours.
pub(super) const WAITING_MICROS: i64 = 12 * 60 * 60 * 1_000_000;

impl Session {
    /// What has become due.
    pub(super) fn pass(&mut self, now: Timestamp, presence: &mut Presence) -> Vec<Draft> {
        let Self { about, main, subagents, .. } = self;
        let mut drafts = Drafts::of(about, None);
        let someone_waits = subagents.iter().any(|actor| actor.is_present() && !actor.waits.is_empty());
        for actor in subagents.iter_mut() {
            pass(actor, false, now, &mut drafts, presence);
        }
        // A session that ends takes its subagents along.
        if main.is_present() && is_over(main, someone_waits, now) {
            for actor in subagents.iter_mut().filter(|actor| actor.is_present()) {
                fade(actor, now, &mut drafts, presence);
            }
        }
        pass(main, someone_waits, now, &mut drafts, presence);
        drafts.done()
    }

    /// Whether nothing of it is in the realm.
    pub(super) fn is_gone(&self) -> bool {
        !self.main.is_present() && self.subagents.iter().all(|actor| !actor.is_present())
    }
}

fn since(then: Timestamp, now: Timestamp) -> i64 {
    now.unix_micros() - then.unix_micros()
}

fn is_over(actor: &Actor, someone_waits: bool, now: Timestamp) -> bool {
    let patience = if someone_waits || !actor.waits.is_empty() { WAITING_MICROS } else { LEFT_MICROS };
    since(actor.heard, now) >= patience
}

fn pass(
    actor: &mut Actor,
    someone_waits: bool,
    now: Timestamp,
    drafts: &mut Drafts<'_>,
    presence: &mut Presence,
) {
    if !actor.is_present() {
        return;
    }
    if is_over(actor, someone_waits, now) {
        fade(actor, now, drafts, presence);
    } else if !actor.is_silent
        && !actor.open.is_empty()
        && actor.waits.is_empty()
        && !someone_waits
        && since(actor.heard, now) >= SILENT_MICROS
    {
        actor.is_silent = true;
        drafts.silent(actor);
    }
}

/// Banishes an actor of which nothing was heard. Its next sign of life brings it back.
fn fade(actor: &mut Actor, _now: Timestamp, drafts: &mut Drafts<'_>, presence: &mut Presence) {
    leave(actor, "faded", true, drafts, presence);
    actor.settle(None);
    actor.stage = Stage::New;
}

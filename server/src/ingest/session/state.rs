//! The state of a session as text: it rides with the session's events where several processes may tell of it. Pure.
//!
//! It has no more words than events have: secrets are masked, and of folders only the last part is in it. What is remembered so that it
//! counts once is shorter in it than in memory.

use super::super::secrets::masked;
use super::actor::Actor;
use super::fold::Session;
use super::key::Key;

/// Bytes of a state; one that would have more is not carried.
const BYTES_MAX: usize = 32 * 1024;
/// How many of an actor's calls that are over, and of a session's reports, are in it: the first that fits [`BYTES_MAX`].
const REMEMBERED: [(usize, usize); 2] = [(32, 64), (4, 8)];

/// The state of a session; `None` if it is too large.
pub(super) fn write(session: &Session) -> Option<String> {
    let texts = REMEMBERED.into_iter().map(|(done, seen)| {
        let mut kept = session.clone();
        kept.seen.keep_latest(seen);
        hide([&mut kept.about.host, &mut kept.about.project, &mut kept.about.model]);
        for actor in kept.subagents.iter_mut().chain([&mut kept.main]) {
            actor.done.drain(..actor.done.len().saturating_sub(done));
            hide_words(actor);
        }
        serde_json::to_string(&kept).unwrap_or_default()
    });
    texts.into_iter().find(|text| (1..=BYTES_MAX).contains(&text.len()))
}

/// The session of a key, of its state; `None` if that is none, or one of another version.
pub(super) fn read(key: &Key, text: &str) -> Option<Session> {
    let mut session: Session = serde_json::from_str(text).ok()?;
    session.about.session = key.id.clone();
    Some(session)
}

fn hide_words(actor: &mut Actor) {
    let Actor { agent, parent, open, done, waits, loops, .. } = actor;
    hide([agent].into_iter().chain(parent.as_mut().map(|(_, id)| id)));
    for call in open {
        hide_in(&mut call.id);
        hide_in(&mut call.task);
        hide_in(&mut call.call.tool);
        hide([&mut call.call.id, &mut call.turn]);
    }
    hide(done.iter_mut().map(|call| &mut call.id));
    for wait in waits.iter_mut() {
        hide([&mut wait.call, &mut wait.request]);
    }
    loops.task_mut().into_iter().for_each(hide_in);
}

fn hide<'t>(texts: impl IntoIterator<Item = &'t mut Option<Box<str>>>) {
    texts.into_iter().flatten().for_each(hide_in);
}

fn hide_in(text: &mut Box<str>) {
    let told = masked(text);
    if *told != **text {
        *text = told.into_owned().into();
    }
}

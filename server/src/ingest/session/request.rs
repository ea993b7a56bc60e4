//! The ends of a session's requests: those that came from elsewhere, and those that its own going on has brought. Pure.

use arcane_shared::Timestamp;

use crate::intake::Draft;
use crate::requests::{How, Over};

use super::super::sign::{Sign, Via, What, Who};
use super::actor::Presence;
use super::draft::Drafts;
use super::fold::Session;
use super::step::Step;

impl Session {
    /// A request has ended by an answer from elsewhere, or because nobody gave one.
    pub(super) fn request_ends(
        &mut self,
        over: &Over,
        now: Timestamp,
        presence: &mut Presence,
    ) -> Vec<Draft> {
        let Self { about, main, subagents, .. } = self;
        let who = Who::of(main.daemon.clone(), about.session.clone());
        let what = What::WaitOver { request: None, denied: matches!(over.how, How::Denied(_)) };
        let sign = Sign { who, via: Via::Live, source: "", event: Box::default(), what };
        let mut drafts = Drafts::of(about, None);
        let mut step = Step { sign: &sign, order: None, now, loop_after: 0, drafts: &mut drafts, presence };
        for actor in subagents.iter_mut().chain([main]) {
            step.request_ends(actor, &over.id, over.how);
        }
        drafts.done()
    }

    /// Requests that its going on has answered, since this was asked last.
    pub(super) fn overtaken(&mut self) -> impl Iterator<Item = Box<str>> {
        let actors = self.subagents.iter_mut().chain([&mut self.main]);
        actors.flat_map(|actor| actor.waits.overtaken())
    }
}

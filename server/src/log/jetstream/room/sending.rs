//! What a room's task does with what is offered: one group after the other to the stream, until each has one end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use arcane_shared::Seq;
use futures_util::FutureExt as _;

use super::super::group::{Group, Next};
use super::super::publish::{Condition, Outcome, Silence};
use super::super::way::Way;
use super::{AGAIN_AFTER, RoomTask};
use crate::log::{Fault, LogError, Offer};

impl RoomTask {
    pub(super) fn send_next(&mut self) {
        if self.sending.is_some() || self.send_at.is_some() {
            return;
        }
        while self.group.is_none() {
            let Some(group) = self.apart.pop_front().or_else(|| self.next_group()) else { return };
            // It may have appeared while others of its batch were sent.
            match group.is_there() {
                Some(first) => self.acknowledge(group, first, false),
                None => self.group = Some(group),
            }
        }
        let Some(group) = &mut self.group else { return };
        let condition = group.condition(self.entry.extent().first);
        let (publisher, entries) = (self.core.publisher.clone(), group.entries.clone());
        let subject = match group.way() {
            Way::Events => self.entry.subject.clone(),
            Way::Decisions => self.entry.decisions.clone(),
            Way::Session(session) => self.core.names.session(&self.entry.name, session),
        };
        let stream = self.entry.stream.clone();
        let (core, entry, asks) = (Arc::clone(&self.core), Arc::clone(&self.entry), group.asks());
        let head = self.assembly.head();
        self.sending = Some(
            async move {
                // That the subject has nothing may mean that it was let go of before this node had read it.
                if condition == Condition::LastOfSubject(0)
                    && let Some(outcome) = core.unread(&entry, head).await
                {
                    return outcome;
                }
                let outcome = match publisher.send(&stream, &subject, &entries, condition).await {
                    Ok(sent) => sent.outcome().await,
                    Err(error) => Outcome::Refused { code: 0, text: error.to_string() },
                };
                match asks {
                    Some((id, claim)) => core.compare(&entry, &id, claim.as_ref(), outcome).await,
                    None => outcome,
                }
            }
            .boxed(),
        );
    }

    fn next_group(&mut self) -> Option<Group> {
        let group = self.entry.take(|queue| Group::form(queue, Instant::now()))?;
        self.core.own(&group.entries);
        Some(group)
    }

    /// A group is in the stream, `is_again` from before.
    fn acknowledge(&mut self, group: Group, first: Seq, is_again: bool) {
        let is_new = !is_again && group.is_there().is_none();
        let runs = group.runs(first);
        self.core.trouble.is_over();
        self.core.counts.groups.fetch_add(1, Ordering::Relaxed);
        self.core.counts.events.fetch_add(group.entries.len() as u64, Ordering::Relaxed);
        self.acked.extend(runs.into_iter().zip(group.into_offers()).map(|(run, offer)| (run, offer.done)));
        if let Some((run, _)) = self.acked.last() {
            self.assembly.known(run.last());
        }
        // A number that was given before, to another event.
        if is_new && first <= self.assembly.head() {
            self.doubt();
        }
    }

    pub(super) fn answered(&mut self, outcome: Outcome) {
        let Some(group) = &mut self.group else { return };
        let now = Instant::now();
        if matches!(outcome, Outcome::Taken { .. }) {
            self.core.trouble.heard(now);
        }
        if matches!(outcome, Outcome::Unanswered(silence) if silence != Silence::NotSent) {
            tracing::debug!(room = %self.entry.name, ?outcome, "the stream has not answered");
        }
        // A single event that is known was published before: it does not appear again.
        let is_again = matches!(outcome, Outcome::Again { .. }) && group.is_there().is_none();
        match group.answer(outcome, now) {
            Next::There(first) => {
                let Some(group) = self.group.take() else { return };
                if is_again {
                    self.give_up(&group);
                }
                self.acknowledge(group, first, is_again);
            }
            Next::Again | Next::Appears => {
                self.send_at = Some(now + AGAIN_AFTER);
                self.ask();
            }
            Next::Apart => {
                let Some(group) = self.group.take() else { return };
                self.apart = group.split();
            }
            Next::Failed(error) => {
                let Some(group) = self.group.take() else { return };
                self.give_up(&group);
                if matches!(error.fault, Fault::Outdated | Fault::OtherContent) {
                    // The stream is well, and this is its answer.
                    let is_outdated = u64::from(error.fault == Fault::Outdated);
                    self.core.counts.outdated.fetch_add(is_outdated, Ordering::Relaxed);
                    self.core.trouble.is_over();
                    tell(group.into_offers(), &error);
                } else {
                    self.core.trouble.is(&error, Instant::now());
                    self.fail(group.into_offers(), &error);
                }
            }
        }
    }

    /// The events of a group do not appear, or not as this process's.
    pub(super) fn give_up(&self, group: &Group) {
        self.core.disown(&group.entries);
        if let Some(follower) = self.follower.upgrade() {
            for offer in &group.offers {
                follower.failed(offer.bodies.len(), &offer.records);
            }
        }
    }

    pub(super) fn fail(&self, offers: impl IntoIterator<Item = Offer>, error: &LogError) {
        self.core.took_back();
        self.core.counts.failures.fetch_add(1, Ordering::Relaxed);
        let unknown = u64::from(error.fault == Fault::Unknown);
        let counted = offers.into_iter().inspect(|_| {
            self.core.counts.unknown.fetch_add(unknown, Ordering::Relaxed);
        });
        tell(counted, error);
    }

    /// The room is not what this process knew: who uses it is sent away, and it is opened anew.
    pub(super) fn over(&mut self, why: &str) {
        self.end(&LogError::new(Fault::Unknown, why));
        self.core.forget(&self.entry);
        if let Some(follower) = self.follower.upgrade() {
            follower.over();
        }
    }

    /// Nothing more comes of this room: everybody who waits is told.
    pub(super) fn end(&mut self, error: &LogError) {
        let groups: Vec<Group> = self.group.take().into_iter().chain(self.apart.drain(..)).collect();
        groups.iter().for_each(|group| self.give_up(group));
        self.fail(groups.into_iter().flat_map(Group::into_offers), error);
        self.fail(self.entry.abandon().into_iter().map(|named| named.offer), error);
        for (_, done) in std::mem::take(&mut self.acked) {
            done.tell_numbers(Err(error.clone()));
        }
    }
}

fn tell(offers: impl IntoIterator<Item = Offer>, error: &LogError) {
    for offer in offers {
        offer.done.tell_numbers(Err(error.clone()));
    }
}

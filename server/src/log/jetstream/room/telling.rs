//! What a room's task does with what it is told: in order to the room, and read where it is missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arcane_shared::Seq;
use async_nats::Message;
use futures_util::{FutureExt as _, StreamExt as _};

use super::super::pages::{Page, ReadError, Request};
use super::super::settings;
use super::super::told::{self, Told};
use super::super::witness::Witness;
use super::{AGAIN_AFTER, ASK_EVERY, AT_ONCE, Goes, MISSING_MAX, READ_BYTES, RoomTask};
use crate::log::{Appeared, Usage};

impl RoomTask {
    pub(super) fn take_told(&mut self, message: Message) {
        self.take_message(message);
        for _ in 1..AT_ONCE {
            match self.live.next().now_or_never() {
                Some(Some(message)) => self.take_message(message),
                _ => break,
            }
        }
        if !std::mem::replace(&mut self.is_told, true) {
            self.ticks.reset_after(ASK_EVERY);
        }
        self.core.trouble.heard(Instant::now());
    }

    pub(super) fn take_message(&mut self, message: Message) {
        if let Some(told) = told::read(message, &self.entry.name) {
            // It may have been read meanwhile. The next tick asks the leader, however many there are.
            self.is_doubted |=
                told.seq <= self.assembly.head() && self.last.is_none_or(|last| !last.is(&told));
            self.add(told);
        }
    }

    pub(super) fn add(&mut self, told: Told) {
        for group in self.group.iter_mut().chain(&mut self.apart) {
            group.appeared(&told.entry, told.seq);
        }
        self.assembly.add(told.seq, told);
    }

    /// Takes a page in that was read. The task ends where the stream has let go of what was missing: it may have carried state,
    /// which a snapshot has.
    pub(super) fn take_read(&mut self, page: Result<Page, ReadError>) -> Goes {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                tracing::debug!(%error, room = %self.entry.name, "what is missing cannot be read yet");
                self.read_at = Some(Instant::now() + AGAIN_AFTER);
                return Goes::On;
            }
        };
        match page.messages.first() {
            Some(first) if first.seq > self.assembly.head() + 1 => {
                tracing::warn!(
                    room = %self.entry.name, after = self.assembly.head(), before = first.seq,
                    "events were let go of before this node had read them: the room is opened again"
                );
                self.over("events of the room were let go of before they were read");
                return Goes::Ends;
            }
            // The server that was asked is behind the one that told of it.
            None => self.read_at = Some(Instant::now() + AGAIN_AFTER),
            Some(_) => {}
        }
        for raw in page.messages {
            self.add(told::numbered(raw, &self.entry.name));
        }
        self.missing = None;
        Goes::On
    }

    /// Reads what has been missing for too long.
    pub(super) fn look_for_missing(&mut self) {
        let Some((from, through)) = self.assembly.missing() else {
            (self.missing, self.read_at) = (None, None);
            return;
        };
        let now = Instant::now();
        let since = match self.missing {
            Some((seq, since)) if seq == from => since,
            _ => {
                self.missing = Some((from, now));
                now
            }
        };
        // What is only known to be there may be on its way.
        let patience = if self.assembly.is_passed_over() { Duration::ZERO } else { MISSING_MAX };
        let reads_at = self.read_at.unwrap_or(now).max(since + patience);
        if self.reading.is_some() {
            self.read_at = None;
        } else if now < reads_at {
            self.read_at = Some(reads_at);
        } else {
            self.read_at = None;
            let messages_max = usize::try_from(through - from + 1).unwrap_or(usize::MAX);
            let (reader, stream) = (self.core.reader.clone(), self.entry.stream.clone());
            self.core.counts.gaps.fetch_add(1, Ordering::Relaxed);
            self.reading = Some(
                async move {
                    let request = Request { from, messages_max, bytes_max: READ_BYTES, subject: None };
                    reader.page(&stream, request).await
                }
                .boxed(),
            );
        }
    }

    /// Gives what is there to the room, then tells publishers, then readers.
    pub(super) fn deliver(&mut self) {
        let ready = self.assembly.ready();
        let mut announcement = None;
        if let Some((seq, told)) = ready.last() {
            // What is being looked for is not replaced by what came since.
            if !self.is_doubted && !self.asks_doubted && self.cut_since.is_none() {
                self.last = Witness::of(*seq, &told.entry).or(self.last);
            }
            let (appeared, decisions) = self.appear(ready);
            announcement = self.follower.upgrade().map(|follower| follower.appeared(&appeared));
            // After the room, whose roster would otherwise be behind what is decided on: a state that is behind is outdated.
            self.fold(&appeared, &decisions);
        }
        let head = self.assembly.head();
        for (run, done) in std::mem::take(&mut self.acked) {
            if run.last() <= head {
                done.tell_numbers(Ok(run));
            } else {
                self.acked.push((run, done));
            }
        }
        if let Some(announcement) = announcement {
            announcement.announce();
        }
    }

    /// What of it the room is told, and whether each is a decision.
    pub(super) fn appear(&mut self, ready: Vec<(Seq, Told)>) -> (Vec<Appeared>, Vec<bool>) {
        let decisions = ready.iter().map(|(_, told)| told.is_decision).collect();
        let mut at = self.entry.extent().at;
        let mut bytes = 0;
        let appeared: Vec<Appeared> = ready
            .into_iter()
            .map(|(seq, Told { entry, .. })| {
                let mut body = entry.body;
                // Clocks of nodes differ: what is later in the room is never earlier.
                at = at.max(body.at);
                body.at = at;
                let records: Vec<_> = entry.records.into_iter().map(|record| record.numbered(seq)).collect();
                let frame = Arc::new(body.numbered(seq, &self.entry.name));
                bytes += frame.json().len() as u64;
                let is_own = self.core.is_own(&entry.id);
                Appeared { frame, records, is_own }
            })
            .collect();
        let head = self.assembly.head();
        // What is more than a stream keeps has left it before its leader is asked again.
        let oldest = (head + 1).saturating_sub(settings::events_kept(&self.core.retention));
        self.entry.extend(|extent| {
            (extent.head, extent.at, extent.bytes) = (head, at, extent.bytes + bytes);
            extent.first = extent.first.max(oldest);
        });
        let Usage { first, bytes: before } = self.core.pins.usage(self.entry.id);
        self.core.pins.set(self.entry.id, Usage { first: first.max(oldest), bytes: before + bytes });
        (appeared, decisions)
    }

    /// Takes in the state that events carry.
    fn fold(&self, appeared: &[Appeared], decisions: &[bool]) {
        let mut keys = Vec::new();
        for (Appeared { frame, records, .. }, is_decision) in appeared.iter().zip(decisions) {
            keys.extend(self.entry.fold().apply(frame.seq(), *is_decision, records));
        }
        if !keys.is_empty()
            && let Err(error) = self.core.state.put(keys)
        {
            tracing::warn!(%error, room = %self.entry.name, "idempotency keys are kept by their events alone");
        }
    }
}

//! Who gives way to whom: seats are a cache of eight, and who needs a human always has a mark of its own.

use super::SEATS;
use super::band::SLOTS;
use super::groups::distance;
use super::seating::{BREATH_MS, Member, Seating, is_urgent, need};
use crate::states::State;

impl Seating {
    /// Gives a member a free seat, or that of one who needs it less. Who finds none, and needs a human, gets a home at least.
    pub(super) fn claim(&mut self, at: usize) {
        if self.members[at].seat.is_some() {
            return;
        }
        let seated = self.seated();
        let free: Vec<usize> = (0..self.seats()).filter(|seat| seated[*seat].is_none()).collect();
        if let Some(seat) = self.nearest(self.members[at].home, &free) {
            self.members[at].seat = Some(seat);
            return;
        }
        if need(self.members[at].state) > 2 {
            return;
        }
        let Some(yields) = self.yielding(at, &seated) else {
            self.ensure(at);
            return;
        };
        self.members[at].seat = self.members[yields].seat.take();
        self.ensure(yields);
    }

    /// Whose seat a member may take: of the one that is idle the longest, for one that works after a breath; for one that needs a human also of whoever began work
    /// last; for one that waits also of the oldest failure.
    fn yielding(&self, at: usize, seated: &[Option<usize>; SEATS]) -> Option<usize> {
        let state = self.members[at].state;
        let sits = || seated.iter().flatten().copied();
        let of = |at: &usize| &self.members[*at];
        let earlier = |best: usize, at: usize| if of(&at).since < of(&best).since { at } else { best };
        let later = |best: usize, at: usize| if of(&at).since > of(&best).since { at } else { best };
        let rested = |at: &usize| need(state) <= 1 || self.now - of(at).active >= BREATH_MS;
        let resting = sits().filter(|at| need(of(at).state) >= 3 && rested(at)).reduce(earlier);
        let working = || sits().filter(|at| of(at).state == State::Working).reduce(later);
        let failed = || sits().filter(|at| of(at).state == State::Failed).reduce(earlier);
        resting
            .or_else(|| if need(state) <= 1 { working() } else { None })
            .or_else(|| if state == State::Waiting { failed() } else { None })
    }

    /// Who needs a human and has no seat has a home: a free one of its group, that of an idle member of its group, any free slot
    /// as a guest, that of anybody who needs it less, or the empty chair of one that sits.
    fn ensure(&mut self, at: usize) {
        if self.members[at].home.is_some() || !is_urgent(&self.members[at]) {
            return;
        }
        if let Some(home) = self.free_home(at) {
            self.members[at].home = Some(home);
            return;
        }
        let group = self.members[at].group;
        let rests = |other: &Member| other.seat.is_none() && need(other.state) >= 2;
        let mut gives = self.least(|other| rests(other) && other.group == group);
        if gives.is_none() {
            let anchor = self.anchor_of(&self.members[at]);
            let owners = self.owners();
            // The outer lane first, then what is nearest to its group.
            let rank = |slot: usize| slot % 2 * SLOTS + distance(slot, anchor);
            let free = (0..SLOTS).filter(|slot| owners[*slot].is_none());
            if let Some(slot) = free.reduce(|best, slot| if rank(slot) < rank(best) { slot } else { best }) {
                (self.members[at].home, self.members[at].is_guest) = (Some(slot), true);
                return;
            }
            gives = self.least(rests).or_else(|| self.least(|other| other.seat.is_some()));
        }
        if let Some(gives) = gives {
            let home = self.members[gives].home.take();
            self.members[gives].is_guest = false;
            let is_guest = self.members[gives].group != group;
            (self.members[at].home, self.members[at].is_guest) = (home, is_guest);
        }
    }

    /// Of those with a home that pass, the one that needs it least, longest known in that state.
    fn least(&self, passes: impl Fn(&Member) -> bool) -> Option<usize> {
        let rank = |at: usize| {
            let member = &self.members[at];
            (4 - need(member.state), member.since)
        };
        let all = (0..self.members.len())
            .filter(|at| self.members[*at].home.is_some() && passes(&self.members[*at]));
        all.reduce(|best, at| if rank(at) < rank(best) { at } else { best })
    }

    /// Gives free seats, and those of who rests, to those who need one: the most urgent first. What nobody needs stays empty.
    pub(super) fn fill(&mut self) {
        // Each round seats one, and there are eight seats.
        for _ in 0..SEATS {
            let seated = self.seated();
            let wants = |member: &&Member| member.seat.is_none() && need(member.state) <= 2;
            let rank = |member: &Member| (need(member.state), member.since);
            let first = self
                .members
                .iter()
                .filter(wants)
                .reduce(|best, other| if rank(other) < rank(best) { other } else { best });
            let Some(key) = first.map(|member| member.key) else { break };
            let at = self.members.iter().position(|member| member.key == key).unwrap_or(0);
            let is_free = (0..self.seats()).any(|seat| seated[seat].is_none());
            if !is_free && self.yielding(at, &seated).is_none() {
                break;
            }
            self.claim(at);
        }
        // Whoever found no seat and needs a human has a mark of its own.
        for at in 0..self.members.len() {
            if self.members[at].seat.is_none() {
                self.ensure(at);
            }
        }
    }
}

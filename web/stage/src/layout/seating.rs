//! Who stands where: eight seats for those who need to be seen, a home on the band for everybody, and the rest folded into
//! their group's crest. It knows no pixels, so that a resize moves nobody to another place.

use std::sync::LazyLock;

use super::band::SLOTS;
use super::groups::{Group, Groups, Owners};
use super::{CORNERS, Court, SEATS, View};
use crate::states::State;

/// How long the home of one that left is kept for it, if nobody needs it, milliseconds.
pub const REMEMBERED_MS: f64 = 600_000.0;
/// Who has just come to rest keeps its seat for so long against one that works, milliseconds: between two calls of an agent is a
/// breath, and a seat that changes with each is seen by nobody.
pub const BREATH_MS: f64 = 3_000.0;
/// Homes that are remembered, at most.
const REMEMBERED_MAX: usize = 64;

/// Who stands somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// What its owner knows it by.
    pub key: u64,
    /// Its group, see [`Seating::group`].
    pub group: usize,
    /// What decides its place.
    pub state: State,
    /// Its seat in the court.
    pub seat: Option<usize>,
    /// Its home on the band.
    pub home: Option<usize>,
    /// Its home is lent: it has it only as long as it needs to be seen.
    pub(super) is_guest: bool,
    /// When it came to this state, by a clock that counts changes.
    pub(super) since: u32,
    /// When it last did anything, milliseconds of the page's clock.
    pub(super) active: f64,
}

/// How much a state needs a seat: 0 most.
pub(super) fn need(state: State) -> u8 {
    match state {
        State::Waiting => 0,
        State::Looping | State::Failed => 1,
        State::Working => 2,
        State::Silent => 3,
        State::Idle => 4,
    }
}

/// Whether a state needs a human.
pub(super) fn is_urgent(member: &Member) -> bool {
    need(member.state) <= 1
}

/// Who stands where.
#[derive(Debug, Clone, Default)]
pub struct Seating {
    /// In the order of arrival.
    pub(super) members: Vec<Member>,
    /// The moment of the latest change, milliseconds of the page's clock.
    pub(super) now: f64,
    groups: Groups,
    clock: u32,
    is_large: bool,
    /// Key, group's name, home, until when.
    remembered: Vec<(u64, String, usize, f64)>,
}

/// The small and the large court of the design's window.
static DESIGN: LazyLock<[Court; 2]> = LazyLock::new(|| {
    let view = View { width: 872.0, height: 680.0, stage: [0.0, 0.0, 872.0, 680.0] };
    [false, true].map(|is_large| Court::new(view, is_large))
});

impl Seating {
    /// Everybody, in the order of arrival.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    /// The group of a member.
    #[must_use]
    pub fn group(&self, at: usize) -> &Group {
        &self.groups.0[at]
    }

    /// All groups that have members, with what [`Seating::group`] knows them by.
    pub fn groups(&self) -> impl Iterator<Item = (usize, &Group)> {
        self.groups.0.iter().enumerate().filter(|(_, group)| group.count > 0)
    }

    /// Whether more than four were ever here, since nobody was.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.is_large
    }

    /// How many homes are taken.
    #[must_use]
    pub fn homes(&self) -> usize {
        self.members.iter().filter(|member| member.home.is_some()).count()
    }

    /// A daemon arrives: it gets a home of its group, and a seat if one is free. Nobody moves for it unless it needs a human.
    pub fn arrive(&mut self, key: u64, group: &str, state: State, now: f64) {
        if self.get(key).is_some() {
            return;
        }
        self.now = now;
        let owners = self.owners();
        let group = self.groups.join(group, &owners);
        let remembered = self.remembered.iter().position(|(of, ..)| *of == key);
        let remembered = remembered.map(|at| self.remembered.remove(at)).filter(|(_, name, slot, until)| {
            *name == self.groups.0[group].name && now < *until && self.groups.suits(group, *slot, &owners)
        });
        let home = remembered.map(|(_, _, slot, _)| slot).or_else(|| self.groups.home(group, &owners));
        self.clock += 1;
        let member = Member {
            key,
            group,
            state,
            seat: None,
            home,
            is_guest: false,
            since: self.clock,
            active: f64::MIN,
        };
        self.members.push(member);
        self.is_large |= self.members.len() > CORNERS;
        self.claim(self.members.len() - 1);
    }

    /// A daemon leaves. Who is folded in its group comes forward, and a seat goes to who needs it most.
    pub fn leave(&mut self, key: u64, now: f64) {
        let Some(at) = self.members.iter().position(|member| member.key == key) else { return };
        self.now = now;
        let member = self.members.remove(at);
        self.groups.0[member.group].count -= 1;
        if self.members.is_empty() {
            self.is_large = false;
        }
        if let Some(home) = member.home.filter(|_| !member.is_guest) {
            if self.remembered.len() >= REMEMBERED_MAX {
                self.remembered.remove(0);
            }
            let name = self.groups.0[member.group].name.clone();
            self.remembered.push((key, name, home, now + REMEMBERED_MS));
        }
        let folded =
            self.members.iter().position(|other| other.home.is_none() && other.group == member.group);
        if let Some(folded) = folded {
            self.members[folded].home = self.groups.home(member.group, &self.owners());
        }
        self.fill();
    }

    /// Everybody leaves at once, and nothing is remembered.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A daemon works elsewhere now: it alone gets another home, and keeps its seat.
    pub fn regroup(&mut self, key: u64, group: &str) {
        let Some(at) = self.members.iter().position(|member| member.key == key) else { return };
        let before = self.members[at].group;
        if self.groups.0[before].name == group {
            return;
        }
        self.groups.0[before].count -= 1;
        self.members[at].home = None;
        self.members[at].is_guest = false;
        let owners = self.owners();
        let group = self.groups.join(group, &owners);
        self.members[at].group = group;
        self.members[at].home = self.groups.home(group, &owners);
        self.claim(at);
    }

    /// Time goes on: who has rested long enough may give way.
    pub fn tend(&mut self, now: f64) {
        self.now = now;
        self.fill();
    }

    /// A daemon is in another state.
    pub fn set(&mut self, key: u64, state: State, now: f64) {
        self.now = now;
        let Some(at) = self.members.iter().position(|member| member.key == key) else { return };
        if self.members[at].state == state {
            return;
        }
        self.clock += 1;
        let member = &mut self.members[at];
        (member.state, member.since, member.active) = (state, self.clock, now);
        if member.is_guest && !is_urgent(member) {
            (member.home, member.is_guest) = (None, false);
        }
        if need(state) <= 2 {
            self.claim(at);
        }
        self.fill();
    }

    /// Who has which seat and which home, as one number: another one, if anybody moved.
    #[must_use]
    pub fn places(&self) -> u64 {
        let number = |place: Option<usize>| place.map_or(0, |place| place as u64 + 1);
        self.members.iter().fold(0, |sum: u64, member| {
            let own = number(member.seat) << 8 | number(member.home);
            sum.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(own).wrapping_add(member.key)
        })
    }

    /// Which group has which slot.
    pub(super) fn owners(&self) -> Owners {
        let mut owners: Owners = [None; SLOTS];
        for member in &self.members {
            if let Some(home) = member.home {
                owners[home] = u16::try_from(member.group).ok();
            }
        }
        owners
    }

    /// Who sits where: places in the list of members.
    pub(super) fn seated(&self) -> [Option<usize>; SEATS] {
        let mut seated = [None; SEATS];
        for (at, member) in self.members.iter().enumerate() {
            if let Some(seat) = member.seat {
                seated[seat] = Some(at);
            }
        }
        seated
    }

    /// How many seats the court has now.
    pub(super) fn seats(&self) -> usize {
        if self.is_large { SEATS } else { CORNERS }
    }

    pub(super) fn anchor_of(&self, member: &Member) -> usize {
        self.groups.0[member.group].anchor.unwrap_or(0)
    }

    pub(super) fn free_home(&mut self, at: usize) -> Option<usize> {
        let owners = self.owners();
        self.groups.home(self.members[at].group, &owners)
    }

    /// The free seat nearest to a home. Distances are those of the design's window, so that every window decides alike.
    pub(super) fn nearest(&self, home: Option<usize>, free: &[usize]) -> Option<usize> {
        if free.len() < 2 {
            return free.first().copied();
        }
        let court = &DESIGN[usize::from(self.is_large)];
        let Some(slot) = home.and_then(|home| court.slot(home)) else { return free.first().copied() };
        let far = |seat: usize| {
            let at = court.mapping.px(court.seat(seat, 0));
            (at[0] - slot.at[0]).hypot(at[1] - slot.at[1])
        };
        free.iter().copied().reduce(|best, seat| if far(seat) < far(best) { seat } else { best })
    }
}

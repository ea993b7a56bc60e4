use proptest::prelude::*;

use super::band::SLOTS;
use super::seating::{Seating, is_urgent};
use super::*;

/// Five sizes of a stage, the least that has a court, and the least for each kind of label.
const SIZES: [[f32; 2]; 8] = [
    [872.0, 680.0],
    [1_400.0, 900.0],
    [640.0, 560.0],
    [2_200.0, 1_500.0],
    [700.0, 760.0],
    COURT_MIN,
    [800.0, 480.0],
    [860.0, 620.0],
];

fn view([w, h]: [f32; 2]) -> View {
    View { width: w, height: h, stage: [0.0, 0.0, w, h] }
}

#[derive(Debug, Clone)]
enum Op {
    Arrive(u8),
    Leave(prop::sample::Index),
    Set(prop::sample::Index, State),
}

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(State::ALL.to_vec())
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => any::<u8>().prop_map(Op::Arrive),
        1 => any::<prop::sample::Index>().prop_map(Op::Leave),
        4 => (any::<prop::sample::Index>(), state()).prop_map(|(who, state)| Op::Set(who, state)),
    ]
}

/// A stage that has seen so many arrive, in so many groups, and then something happen.
struct Play {
    seating: Seating,
    groups: u8,
    next: u64,
    clock: f64,
}

impl Play {
    fn new(count: usize, groups: u8) -> Self {
        let mut play = Self { seating: Seating::default(), groups, next: 0, clock: 0.0 };
        for n in 0..count {
            play.arrive(u8::try_from(n * 7 % 251).unwrap());
        }
        play
    }

    /// A moment at which everybody has rested.
    fn now(&mut self) -> f64 {
        self.clock += 10_000.0;
        self.clock
    }

    fn arrive(&mut self, group: u8) -> u64 {
        self.next += 1;
        self.seating.arrive(self.next, &format!("g{}", group % self.groups), State::Idle, 0.0);
        self.next
    }

    fn one(&self, who: prop::sample::Index) -> Option<u64> {
        let members = self.seating.members();
        (!members.is_empty()).then(|| members[who.index(members.len())].key)
    }

    /// Does it, and says to whom.
    fn act(&mut self, op: &Op) -> Option<u64> {
        match op {
            Op::Arrive(group) => Some(self.arrive(*group)),
            Op::Leave(who) => self.one(*who).inspect(|key| self.seating.leave(*key, 0.0)),
            Op::Set(who, state) => {
                let now = self.now();
                self.one(*who).inspect(|key| self.seating.set(*key, *state, now))
            }
        }
    }

    /// Those but one whose home or whose seat is another.
    fn moved(&self, before: &Seating, but: Option<u64>) -> [usize; 2] {
        let mut moved = [0; 2];
        for was in before.members().iter().filter(|was| Some(was.key) != but) {
            if let Some(is) = self.seating.get(was.key) {
                moved[0] += usize::from(was.home.is_some() && was.home != is.home);
                moved[1] += usize::from(was.seat.is_some() && was.seat != is.seat);
            }
        }
        moved
    }
}

#[derive(Debug)]
struct Disc {
    at: [f32; 2],
    r: f32,
    kind: String,
    own: Option<usize>,
}

fn apart(a: &Disc, b: &Disc) -> bool {
    (a.at[0] - b.at[0]).hypot(a.at[1] - b.at[1]) >= a.r + b.r - 0.5
}

/// Everything with an edge that may be drawn: as large as any state makes it.
fn discs(seating: &Seating, court: &Court) -> Vec<Disc> {
    let m = &court.mapping;
    let mut discs = vec![Disc { at: m.centre, r: m.bus_radius, kind: "bus".into(), own: None }];
    let mut taken = [false; SLOTS];
    for member in seating.members() {
        member.home.into_iter().for_each(|home| taken[home] = true);
    }
    for member in seating.members() {
        if let Some(seat) = member.seat {
            let at = m.px(court.seat(seat, 0));
            let r = m.radius(State::Waiting) + 16.0 * m.u;
            discs.push(Disc { at, r, kind: format!("seat {seat}"), own: Some(seat) });
            for place in 0..MOONS {
                let at = m.px(court.moon(seat, 0, place));
                discs.push(Disc {
                    at,
                    r: m.moon_radius(),
                    kind: format!("moon {place} of {seat}"),
                    own: Some(seat),
                });
            }
        }
        // In the small court everybody sits, and empty chairs are not drawn.
        if let Some(home) = member.home.filter(|_| court.form == Form::Large) {
            let at = court.slot(home).unwrap().at;
            let r = seals::radius(court, home, &taken);
            discs.push(Disc { at, r, kind: format!("home {home}"), own: None });
        }
    }
    discs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_two_marks_overlap_for_any_number_up_to_500(
        count in 1..=500_usize, groups in 1..=20_u8, ops in prop::collection::vec(op(), 0..30)
    ) {
        let mut play = Play::new(count, groups);
        for op in &ops {
            play.act(op);
        }
        for size in SIZES {
            let court = Court::new(view(size), play.seating.is_large());
            prop_assert_ne!(court.form, Form::Strip);
            let discs = discs(&play.seating, &court);
            let rooms: Vec<_> = play.seating.members().iter().filter_map(|member| {
                let seat = member.seat?;
                Some((seat, labels::seat_room(&court, seat)))
            }).collect();
            for (i, disc) in discs.iter().enumerate() {
                let [x, y] = disc.at;
                let inside = x - disc.r >= -0.5 && y - disc.r >= -0.5 && x + disc.r <= size[0] + 0.5 && y + disc.r <= size[1] + 0.5;
                prop_assert!(inside, "{disc:?} leaves {size:?}");
                for other in &discs[..i] {
                    let family = disc.own.is_some() && disc.own == other.own;
                    prop_assert!(family || apart(disc, other), "{} {} {disc:?} {other:?} in {size:?}", disc.kind, other.kind);
                }
                for (seat, room) in &rooms {
                    prop_assert!(disc.own == Some(*seat) || !room.touches(disc.at, disc.r - 0.5), "{disc:?} {room:?} of {seat} in {size:?}");
                }
            }
            for (i, (_, room)) in rooms.iter().enumerate() {
                prop_assert!(room.is_within([0.0, 0.0, size[0], size[1]]), "{room:?} in {size:?}");
                for (_, other) in &rooms[..i] {
                    prop_assert!(!room.meets(other), "{room:?} {other:?} in {size:?}");
                }
            }
        }
    }

    #[test]
    fn an_arrival_moves_nobody(count in 0..=300_usize, groups in 1..=12_u8, group: u8, ops in prop::collection::vec(op(), 0..40)) {
        let mut play = Play::new(count, groups);
        for op in &ops {
            play.act(op);
        }
        let before = play.seating.clone();
        let who = play.arrive(group);
        prop_assert_eq!(play.moved(&before, Some(who)), [0, 0]);
    }

    #[test]
    fn a_departure_moves_only_who_needed_that_seat(
        count in 1..=300_usize, groups in 1..=12_u8, who: prop::sample::Index, ops in prop::collection::vec(op(), 0..40)
    ) {
        let mut play = Play::new(count, groups);
        for op in &ops {
            play.act(op);
        }
        let before = play.seating.clone();
        let gone = play.act(&Op::Leave(who));
        let seat = gone.and_then(|key| before.get(key)?.seat);
        prop_assert_eq!(play.moved(&before, gone), [0, 0]);
        for is in play.seating.members() {
            let was = before.get(is.key).unwrap();
            if is.seat != was.seat {
                prop_assert!(was.seat.is_none() && is.seat == seat, "{was:?} {is:?}");
                prop_assert!(super::seating::need(is.state) <= 2, "{is:?} did not need it");
            }
        }
    }

    #[test]
    fn beginning_to_work_moves_at_most_one_idle_daemon(
        count in 1..=300_usize, groups in 1..=12_u8, who: prop::sample::Index, ops in prop::collection::vec(op(), 0..40)
    ) {
        let mut play = Play::new(count, groups);
        for op in &ops {
            play.act(op);
        }
        let before = play.seating.clone();
        let works = play.act(&Op::Set(who, State::Working));
        // Who was urgent may have been lent a home, and gives it back.
        let was_urgent = works.and_then(|key| before.get(key)).is_some_and(is_urgent);
        let [homes, seats] = play.moved(&before, works);
        prop_assert!(homes == 0 && seats <= 1, "{homes} {seats}");
        for was in before.members().iter().filter(|was| was.seat.is_some() && Some(was.key) != works) {
            let is = play.seating.get(was.key).unwrap();
            prop_assert!(is.seat == was.seat || was_urgent || super::seating::need(was.state) >= 3, "{was:?} {is:?}");
        }
    }

    #[test]
    fn up_to_eight_in_need_all_sit(
        count in 8..=300_usize, groups in 1..=12_u8, whos in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..=8),
        ops in prop::collection::vec(op(), 0..40)
    ) {
        let mut play = Play::new(count, groups);
        for op in &ops {
            play.act(op);
        }
        let keys: Vec<u64> = play.seating.members().iter().filter(|m| is_urgent(m)).map(|m| m.key).collect();
        keys.into_iter().for_each(|key| play.seating.set(key, State::Idle, 0.0));
        for (who, waits) in whos {
            play.act(&Op::Set(who, if waits { State::Waiting } else { State::Failed }));
        }
        let seats = play.seating.seats();
        let urgent: Vec<_> = play.seating.members().iter().filter(|m| is_urgent(m)).collect();
        let seated = urgent.iter().filter(|m| m.seat.is_some()).count();
        prop_assert_eq!(seated, urgent.len().min(seats));
    }

    #[test]
    fn up_to_136_in_need_each_own_a_mark(
        count in 1..=500_usize, groups in 1..=20_u8, need in 0..=160_usize, ops in prop::collection::vec(op(), 0..40)
    ) {
        let mut play = Play::new(count, groups);
        for op in &ops {
            play.act(op);
        }
        let keys: Vec<u64> = play.seating.members().iter().map(|m| m.key).collect();
        for (n, key) in keys.into_iter().take(need).enumerate() {
            play.seating.set(key, if n % 3 == 0 { State::Failed } else { State::Waiting }, 1e9);
        }
        let urgent: Vec<_> = play.seating.members().iter().filter(|m| is_urgent(m)).collect();
        let owned = urgent.iter().filter(|m| m.seat.is_some() || m.home.is_some()).count();
        prop_assert_eq!(owned, urgent.len().min(SLOTS + play.seating.seats()));
        let mut homes: Vec<_> = play.seating.members().iter().filter_map(|m| m.home).collect();
        let count = homes.len();
        homes.sort_unstable();
        homes.dedup();
        prop_assert_eq!(homes.len(), count);
    }

    #[test]
    fn a_slot_survives_a_resize(slot in 0..SLOTS, w in 600.0..2_500.0_f32, h in 400.0..1_600.0_f32) {
        // It is as far along the band, wherever the window is dragged.
        let quarter = |size: [f32; 2]| {
            let court = Court::new(view(size), true);
            let at = court.slot(slot).unwrap().at;
            [at[0] > size[0] / 2.0, at[1] > size[1] / 2.0]
        };
        let near_an_axis = [16_usize, 48, 80, 112].iter().any(|axis| super::groups::distance(*axis, slot) <= 8);
        prop_assert!(near_an_axis || quarter([w, h]) == quarter([872.0, 680.0]));
    }
}

#[test]
fn a_seat_is_kept_between_two_calls() {
    let mut play = Play::new(9, 1);
    for key in 1..=9 {
        play.seating.set(key, State::Working, 0.0);
    }
    let seated = |play: &Play, key: u64| play.seating.get(key).unwrap().seat.is_some();
    let out = (1..=9).find(|key| !seated(&play, *key)).unwrap();
    let other = if out == 1 { 2 } else { 1 };
    play.seating.set(other, State::Idle, 10_000.0);
    assert!(seated(&play, other) && !seated(&play, out));
    play.seating.tend(12_900.0);
    assert!(seated(&play, other));
    play.seating.tend(13_000.0);
    assert!(!seated(&play, other) && seated(&play, out));
    // Who waits does not wait for that.
    play.seating.set(out, State::Idle, 20_000.0);
    play.seating.set(other, State::Waiting, 20_001.0);
    assert!(seated(&play, other));
}

#[test]
fn the_fifth_opens_the_large_court_for_as_long_as_anyone_is_there() {
    let mut play = Play::new(4, 1);
    assert!(!play.seating.is_large());
    assert!(play.seating.members().iter().all(|member| member.seat.is_some_and(|seat| seat < CORNERS)));
    play.arrive(0);
    assert!(play.seating.is_large());
    for key in 1..=4 {
        play.seating.leave(key, 0.0);
    }
    assert!(play.seating.is_large());
    play.seating.leave(5, 0.0);
    assert!(!play.seating.is_large());
}

#[test]
fn a_home_is_remembered_for_ten_minutes() {
    let mut play = Play::new(12, 2);
    let home = play.seating.get(7).unwrap().home;
    play.seating.leave(7, 0.0);
    play.seating.arrive(7, "g0", State::Idle, 599_000.0);
    let group = play.seating.group(play.seating.get(7).unwrap().group).name.clone();
    let was = Play::new(12, 2);
    let same = was.seating.group(was.seating.get(7).unwrap().group).name == group;
    assert_eq!(play.seating.get(7).unwrap().home == home, same);
}

#[test]
fn groups_stand_far_apart_and_what_is_folded_comes_forward() {
    let mut seating = Seating::default();
    for n in 0..45 {
        seating.arrive(n, "webshop · kestrel", State::Idle, 0.0);
    }
    seating.arrive(100, "atlas · forge-2", State::Idle, 0.0);
    let anchors: Vec<_> = seating.groups().map(|(_, group)| group.anchor).collect();
    assert_eq!(anchors, [Some(0), Some(64)]);
    let folded = |seating: &Seating| seating.members().iter().filter(|m| m.home.is_none()).count();
    assert_eq!(folded(&seating), 45 - 29);
    let first = seating.members().iter().find(|m| m.home.is_none()).unwrap().key;
    seating.leave(20, 0.0);
    assert!(seating.get(first).unwrap().home.is_some());
}

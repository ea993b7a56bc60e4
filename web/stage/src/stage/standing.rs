//! Who is on the stage, where each stands, and what each does: as the roster says, whatever was performed of it.

use arcane_shared::UnixMillis;
use arcane_shared::roster::DaemonState;

use super::Stage;
use crate::actors::{Actor, NEVER, Spot, Walk};
use crate::daemons::{self, Daemons};
use crate::layout::band::SLOTS;
use crate::layout::{Form, seals};
use crate::looks;
use crate::moons;
use crate::palette;
use crate::states::{self, State};

/// How long it takes to walk from a seat home, milliseconds.
pub(super) const WALK_MS: f64 = 450.0;
/// How long the court takes to open, milliseconds.
const OPEN_MS: f64 = 600.0;

/// What may be another by what is known of a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Words alone.
    None,
    /// Its state.
    State,
    /// Who is here, or belongs where.
    Place,
}

/// Who started a daemon.
fn parent_of(daemon: &DaemonState) -> Option<&str> {
    daemon.parent().map(|parent| parent.as_str())
}

impl Stage {
    /// Makes the actors those that are present, without performing anything. `unix`: the moment that is shown.
    pub fn settle(&mut self, daemons: &Daemons, unix: UnixMillis, now: f64) {
        self.today = daemons.day(unix);
        let gone: Vec<(String, u64)> = self
            .actors
            .iter()
            .filter(|(name, actor)| {
                actor.vanished.is_none() && !daemons.get(name).is_some_and(DaemonState::is_present)
            })
            .map(|(name, actor)| (name.to_owned(), actor.key))
            .collect();
        for (name, key) in gone {
            self.actors.remove(&name);
            self.seating.leave(key, now);
        }
        // In the order of arrival, so that each page gives the same places.
        let mut present: Vec<&DaemonState> = Vec::new();
        for daemon in daemons.present() {
            let earlier = |other: &&DaemonState| other.present_since <= daemon.present_since;
            present.insert(present.partition_point(earlier), daemon);
        }
        for daemon in present {
            let name = daemon.daemon_name.as_str();
            let is_new = !self.actors.contains(name);
            self.take(daemon, unix, now);
            if let Some(actor) = self.actors.get_mut(name).filter(|_| is_new) {
                actor.appeared = NEVER;
            }
        }
        self.arrange(now);
        self.stand_at_once();
    }

    /// Everybody is where they belong, without a walk.
    fn stand_at_once(&mut self) {
        for actor in self.actors.values_mut() {
            actor.walk.since = NEVER;
            actor.at = actor.walk.to;
            actor.shown = [0.0; 2];
        }
    }

    /// What a daemon does. One that is present and was not seen coming is here now; one that is not leaves.
    pub fn follow(&mut self, daemon: &DaemonState, unix: UnixMillis, now: f64) {
        let name = daemon.daemon_name.as_str();
        if daemon.is_present() {
            match self.take(daemon, unix, now) {
                Change::None => {}
                Change::State => self.restate(name, now),
                Change::Place => self.arrange(now),
            }
        } else if let Some(actor) = self.actors.get_mut(name).filter(|actor| actor.vanished.is_none()) {
            actor.vanished = Some(now);
            let key = actor.key;
            self.seating.leave(key, now);
            self.arrange(now);
        }
    }

    /// What all daemons do at a moment: time alone changes words, and who was long silent.
    pub fn refresh(&mut self, daemons: &Daemons, unix: UnixMillis, now: f64) {
        self.today = daemons.day(unix);
        for daemon in daemons.present() {
            if self.actors.contains(daemon.daemon_name.as_str()) {
                self.follow(daemon, unix, now);
            }
        }
        let before = self.seating.places();
        self.seating.tend(now);
        if self.seating.places() != before {
            self.stand(now, WALK_MS);
        }
    }

    /// A daemon is in another state: who sits may be another by it.
    fn restate(&mut self, name: &str, now: f64) {
        let Some(actor) = self.actors.get(name) else { return };
        let circle = actor.moon.as_ref().map_or(name, |moon| moon.of.as_str()).to_owned();
        let promoted = moons::promote(&mut self.actors, &circle);
        let Some(actor) = self.actors.get(&circle) else { return };
        let waits = moons::of(&self.actors, &circle).any(|(_, moon)| moon.state == State::Waiting);
        let (key, state) = (actor.key, if waits { State::Waiting } else { actor.state });
        let before = self.seating.places();
        self.seating.set(key, state, now);
        if promoted || self.court.form == Form::Strip || self.seating.places() != before {
            self.stand(now, WALK_MS);
        }
    }

    /// Takes over what is known of one that is present; says what may be another by it.
    fn take(&mut self, daemon: &DaemonState, unix: UnixMillis, now: f64) -> Change {
        let name = daemon.daemon_name.as_str();
        let is_new = self.actors.get(name).is_none_or(|actor| actor.vanished.is_some());
        if is_new {
            let color = daemons::color_of(daemon);
            let mut actor = Actor::new(name, color, now);
            actor.at = self.actors.get(name).map_or([0.0; 2], |actor| actor.at);
            self.actors.insert(name, actor);
        }
        let Some(actor) = self.actors.get_mut(name) else { return Change::None };
        if let Some(color) = daemon.color {
            actor.color = palette::sign_color(color);
            actor.least = palette::least_light(actor.color);
        }
        let state = states::state_of(daemon, unix);
        let mut change = if state == actor.state { Change::None } else { Change::State };
        if is_new {
            actor.came = daemon.present_since.map_or(0.0, |since| since.unix_millis());
            change = Change::Place;
        }
        actor.state = state;
        actor.has_failed = daemon.failure.is_some();
        actor.budget = daemon.budget_on(self.today).map_or(0, |budget| budget.percent);
        actor.working = match daemon.calls.first() {
            Some(call) if state != State::Silent => Some(now - (unix - call.since.unix_millis()).max(0.0)),
            _ => None,
        };
        actor.figure = states::figure(daemon, unix);
        actor.line = states::task_line(daemon, unix);
        if actor.parent.as_deref() != parent_of(daemon) {
            actor.parent = parent_of(daemon).map(str::to_owned);
            change = Change::Place;
        }
        let group = states::group_of(daemon);
        if actor.group != [group.project, group.machine] {
            actor.group = [group.project, group.machine].map(str::to_owned);
            change = Change::Place;
        }
        change
    }

    /// Who belongs to whom, who stands where, and who walks.
    pub(crate) fn arrange(&mut self, now: f64) {
        moons::arrange(&mut self.actors);
        let mut waiting: Vec<String> = Vec::new();
        let mut known: Vec<(String, u64)> = Vec::new();
        let mut new: Vec<(f64, String)> = Vec::new();
        for (name, actor) in self.actors.iter().filter(|(_, actor)| actor.vanished.is_none()) {
            match &actor.moon {
                Some(moon) => {
                    self.seating.leave(actor.key, now);
                    if actor.state == State::Waiting {
                        waiting.push(moon.of.clone());
                    }
                }
                None if self.seating.get(actor.key).is_some() => known.push((name.to_owned(), actor.key)),
                None => {
                    let at = new.partition_point(|(came, _)| *came <= actor.came);
                    new.insert(at, (actor.came, name.to_owned()));
                }
            }
        }
        let need =
            |name: &str, own: State| if waiting.iter().any(|of| of == name) { State::Waiting } else { own };
        for (name, key) in known {
            let Some(actor) = self.actors.get(&name) else { continue };
            self.seating.regroup(key, &group_name(&actor.group));
            self.seating.set(key, need(&name, actor.state), now);
        }
        for (_, name) in new {
            let Some(actor) = self.actors.get(&name) else { continue };
            self.seating.arrive(actor.key, &group_name(&actor.group), need(&name, actor.state), now);
        }
        for of in &waiting {
            moons::promote(&mut self.actors, of);
        }
        let is_open = self.court.form != Form::Small;
        if self.seating.is_large() != is_open && self.court.form != Form::Strip {
            self.set_court(self.seating.is_large());
            self.stand(now, OPEN_MS);
        } else {
            self.stand(now, WALK_MS);
        }
    }

    /// Everybody walks to where it belongs now.
    pub(super) fn stand(&mut self, now: f64, length: f64) {
        self.order_strip();
        let places: Vec<(Spot, [f32; 2])> = self.actors.values().map(|actor| self.place_of(actor)).collect();
        let reduced = self.reduced;
        for (actor, (spot, place)) in self.actors.values_mut().zip(places) {
            if actor.vanished.is_some() {
                continue;
            }
            let was_out = actor.spot == Spot::Folded;
            actor.spot = spot;
            if actor.walk.to != place {
                // Who was not drawn does not walk: it comes to light at its place.
                let is_new = was_out && actor.shown[1] < 0.01;
                actor.walk = Walk { from: actor.at, to: place, since: now, length };
                if is_new || reduced {
                    actor.walk.since = NEVER;
                    actor.at = place;
                }
            }
        }
    }

    /// Where an actor belongs: what it is there, and stage coordinates.
    fn place_of(&self, actor: &Actor) -> (Spot, [f32; 2]) {
        let root = actor.moon.as_ref().and_then(|moon| Some((self.actors.get(&moon.of)?, moon)));
        if let Some((root, moon)) = root {
            let (spot, place) = self.place_of_circle(root.key);
            let drawn = moons::drawn(moons::count(&self.actors, &moon.of));
            return match spot {
                Spot::Seat(seat) if moon.slot < drawn && self.court.form != Form::Strip => {
                    (Spot::Moon, self.court.moon(seat, self.orders[seat], moon.slot))
                }
                _ => (Spot::Folded, place),
            };
        }
        self.place_of_circle(actor.key)
    }

    fn place_of_circle(&self, key: u64) -> (Spot, [f32; 2]) {
        let Some(member) = self.seating.get(key) else { return (Spot::Folded, [0.0; 2]) };
        let at_slot = |slot: usize| self.court.slot(slot).map(|slot| self.court.mapping.stage(slot.at));
        if let Some(seat) = member.seat {
            let order = self.orders[seat];
            return (Spot::Seat(seat), self.court.seat(seat, order));
        }
        if let Some(home) = member.home
            && let Some(at) = at_slot(home)
        {
            return (Spot::Home(home), at);
        }
        let anchor = self.seating.group(member.group).anchor;
        (Spot::Folded, anchor.and_then(at_slot).unwrap_or([0.0, 1.0]))
    }

    /// A finger moves the strip of a phone by so many pixels.
    pub fn scroll_strip(&mut self, by: f32) {
        let circles = self.seating.members().iter().filter(|member| member.seat.is_some()).count();
        if self.court.scroll(by, circles) {
            self.stand(NEVER, WALK_MS);
        }
    }

    /// Who stands before whom in the strip: the most urgent first, then who came first.
    fn order_strip(&mut self) {
        let mut seats: Vec<(State, usize, usize)> = Vec::new();
        for (at, member) in self.seating.members().iter().enumerate() {
            if let Some(seat) = member.seat {
                let one = (member.state, at, seat);
                seats.insert(seats.partition_point(|other| *other < one), one);
            }
        }
        for (order, (_, _, seat)) in seats.into_iter().enumerate() {
            self.orders[seat] = order;
        }
    }

    /// Which slots have a home.
    pub(crate) fn taken(&self) -> [bool; SLOTS] {
        let mut taken = [false; SLOTS];
        self.seating.members().iter().filter_map(|member| member.home).for_each(|home| taken[home] = true);
        taken
    }

    /// Radius and light that an actor's mark comes to.
    pub(crate) fn wanted(&self, actor: &Actor, taken: &[bool; SLOTS]) -> [f32; 2] {
        let mapping = &self.court.mapping;
        let radius = match actor.spot {
            Spot::Seat(_) => mapping.radius(actor.state),
            Spot::Home(home) => seals::radius(&self.court, home, taken),
            Spot::Moon => mapping.moon_radius(),
            Spot::Folded => return [actor.shown[0], 0.0],
        };
        [radius, looks::light(actor.state, actor.spot, self.stark)]
    }

    /// Present, and neither drawn nor a moon of one that is.
    #[must_use]
    pub fn left_out(&self) -> usize {
        let folded =
            |actor: &&Actor| actor.vanished.is_none() && actor.spot == Spot::Folded && actor.moon.is_none();
        self.actors.values().filter(folded).count()
    }
}

/// Project and machine as the seating knows them.
pub(super) fn group_name([project, machine]: &[String; 2]) -> String {
    if project.is_empty() && machine.is_empty() { String::new() } else { format!("{project}\n{machine}") }
}

//! Names on the stage: below each circle, beside who is lit, and at each group's crest, where there is room.

use arcane_shared::{Rgb, counted};

use super::Stage;
use crate::actors::{Actor, Spot};
use crate::layout::labels::{Room, Taken, beside_moon, beside_seal, crest, room_below, width_of};
use crate::layout::{Form, Lines, MOONS, seals};
use crate::moons;
use crate::palette;
use crate::states::State;

/// Height of a label of one line, pixels.
const LINE_HIGH: f32 = 17.0;
/// Height of a crest: two lines.
const CREST_HIGH: f32 = 32.0;
/// Width of the longest crest, pixels: "kestrel · 117, 99 not drawn, 17 wait".
const CREST_WIDE: f32 = 240.0;
/// Width of the longest name beside a seal or a moon, pixels.
const NAME_WIDE: f32 = 110.0;
/// What is said before the figure of who failed, waits, works.
const SAID: [&str; 3] = ["failed ", "waits ", "works "];

/// What a label is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// A circle in a seat.
    Seat,
    /// A daemon at its home.
    Seal,
    /// A subagent.
    Moon,
    /// A group, and what could not be drawn of it.
    Crest,
}

/// A label that belongs to a mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// What it is known by: the daemon, or of a crest `@` and its group.
    pub key: String,
    /// What it is of.
    pub kind: LabelKind,
    /// Its type is smaller than usual, to have two lines.
    pub is_tight: bool,
    /// What is written: a name.
    pub name: String,
    /// How long it has been in its state.
    pub figure: String,
    /// What it does; of a crest the machine and how many there are.
    pub line: String,
    /// Its room, pixels: left, top, width, height.
    pub room: [f32; 4],
    /// 0.0–1.0.
    pub opacity: f32,
    /// Readable colour.
    pub color: Rgb,
    /// See [`Actor::phase`].
    pub phase: &'static str,
}

/// A label that looks for a place.
struct Wish {
    label: Label,
    places: Vec<Room>,
    /// Where on the band what it names is, pixels.
    of: Option<[f32; 2]>,
}

impl Stage {
    /// All labels that have room now.
    pub fn labels(&mut self, now: f64, into: &mut Vec<Label>) {
        into.clear();
        let (mut taken, homes) = (Taken::default(), self.taken());
        let mapping = self.court.mapping;
        let px = |actor: &Actor| mapping.px(actor.walk.to);
        if self.court.form != Form::Strip {
            taken.discs.push((mapping.centre, mapping.bus_radius));
        }
        let (mut lit, mut working, mut resting) = (Vec::new(), Vec::new(), Vec::new());
        for (name, actor) in self.actors.iter() {
            if actor.vanished.is_some() {
                if let Some(label) = self.farewell(name, actor, now) {
                    put(label, into);
                }
                continue;
            }
            let (at, r) = (px(actor), self.wanted(actor, &homes)[0]);
            let mut label = self.label(name, actor, now);
            match actor.spot {
                Spot::Folded => {}
                Spot::Seat(_) => {
                    let reach = if actor.state == State::Waiting { 16.0 } else { 9.0 } * mapping.u;
                    let label = self.seated(label, actor.state, room_below(&self.court, at));
                    taken.discs.push((at, r + reach));
                    taken.rooms.push(Room(label.room));
                    put(label, into);
                }
                Spot::Home(home) => {
                    taken.discs.push((at, r));
                    let Some(slot) = self.court.slot(home) else { continue };
                    let more = moons::count(&self.actors, name);
                    label.figure = if more > 0 { format!("+{more}") } else { String::new() };
                    let places = beside_seal(at, slot.inward, r, self.size_of(&label)).to_vec();
                    // Who is silent is looked for: it has its name.
                    if actor.state != State::Idle {
                        lit.push(Wish { label, places, of: None });
                    } else if self.seating.homes() <= seals::SPARSE {
                        resting.push(Wish { label, places, of: None });
                    }
                }
                Spot::Moon => {
                    taken.discs.push((at, r));
                    let Some(root) = actor.moon.as_ref().and_then(|moon| self.actors.get(&moon.of)) else {
                        continue;
                    };
                    label.figure.clear();
                    let places = beside_moon(at, px(root), r, self.size_of(&label)).to_vec();
                    let to = if actor.state == State::Idle { &mut resting } else { &mut working };
                    to.push(Wish { label, places, of: None });
                }
            }
        }
        self.count_moons(&mut working);
        let crests = self.crests();
        let wishes = lit.into_iter().chain(crests).chain(working).chain(resting);
        self.place(wishes, &mut taken, into);
    }

    /// Gives labels their places, the most important first; those that find none are not shown.
    fn place(&mut self, wishes: impl Iterator<Item = Wish>, taken: &mut Taken, into: &mut Vec<Label>) {
        let stage = self.court.view.stage;
        let kept = std::mem::take(&mut self.kept);
        self.ties.clear();
        for Wish { mut label, places, of } in wishes {
            let had = kept.get(&label.key).copied();
            if let Some(at) = taken.place(stage, &places, had) {
                self.kept.insert(&label.key, at);
                label.room = places[at].0;
                self.ties.extend(of.map(|of| [places[at].nearest(of), of]));
                put(label, into);
            }
        }
    }

    /// The label of a circle in its room.
    fn seated(&self, mut label: Label, state: State, mut room: Room) -> Label {
        let mapping = self.court.mapping;
        if matches!(state, State::Idle | State::Silent) {
            // As near to a small circle as to a large one.
            room.0[1] -= 12.0 * mapping.u * mapping.grown;
        }
        label.room = room.0;
        // The badge says that it waits: for what is said first, and alone where it is long.
        let fits = |text: &str, px: f32| width_of(text, px) * self.court.type_scale <= room.0[2];
        if !fits(&label.line, 12.5)
            && let Some(what) = label.line.strip_prefix("waits for you: ")
        {
            let asks = ["asks: ", what].concat();
            label.line = if fits(&asks, 12.5) { asks } else { what.to_owned() };
        }
        // How long is said before what.
        if self.forced.is_some()
            && !fits(&[label.name.as_str(), &label.figure].concat(), 16.0)
            && let Some((_, figure)) = label.figure.split_once(' ')
            && SAID.iter().any(|said| label.figure.starts_with(said))
        {
            label.figure = figure.to_owned();
        }
        label
    }

    fn label(&self, name: &str, actor: &Actor, now: f64) -> Label {
        let (rests, lines) = (matches!(actor.state, State::Idle | State::Silent), self.court.lines());
        let is_strip = self.court.form == Form::Strip;
        // Where colours are forced, words say what hues say elsewhere, if there is room.
        let said = match actor.state {
            _ if self.forced.is_none() || is_strip || lines == Lines::One => "",
            State::Failed => SAID[0],
            State::Waiting => SAID[1],
            State::Working => SAID[2],
            State::Looping | State::Silent | State::Idle => "",
        };
        let kind = match actor.spot {
            Spot::Seat(_) => LabelKind::Seat,
            Spot::Moon => LabelKind::Moon,
            Spot::Home(_) | Spot::Folded => LabelKind::Seal,
        };
        Label {
            key: name.to_owned(),
            kind,
            is_tight: kind == LabelKind::Seat && lines == Lines::Tight,
            name: name.to_owned(),
            // Who rests has nothing else to say in the second line.
            figure: if rests && lines != Lines::One || is_strip {
                String::new()
            } else {
                [said, &actor.figure].concat()
            },
            line: match kind {
                // A strip is narrow: name above, figure below.
                LabelKind::Seat if is_strip => shortest(&actor.figure).to_owned(),
                LabelKind::Seat if lines == Lines::One => String::new(),
                LabelKind::Seat if rests => actor.figure.clone(),
                LabelKind::Seat => actor.line.clone(),
                _ => String::new(),
            },
            room: [0.0; 4],
            // Who comes is named before its circle is whole.
            opacity: (0.5 + actor.inscribed(now) * 4.0).min(1.0),
            color: palette::text_color(actor.color),
            phase: actor.phase(now),
        }
    }

    /// The name of a circle that leaves, while its dust begins to fall: who leaves is known before it is gone.
    fn farewell(&self, name: &str, actor: &Actor, now: f64) -> Option<Label> {
        let light = 1.0 - 2.0 * actor.dissolved(now);
        if light <= 0.0 || !matches!(actor.spot, Spot::Seat(_)) {
            return None;
        }
        let mut label = self.label(name, actor, now);
        (label.figure, label.line) = Default::default();
        label.opacity *= light;
        label.room = room_below(&self.court, self.mapping().px(actor.at)).0;
        Some(label)
    }

    /// How much light an actor has while another is looked at closely.
    pub(crate) fn dims(&self, name: &str, actor: &Actor) -> f32 {
        match &self.focus {
            None => 1.0,
            Some(focus) if focus == name => 1.0,
            Some(_) if matches!(actor.state, State::Waiting | State::Looping | State::Failed) => 0.65,
            Some(_) => 0.36,
        }
    }

    /// At the last place beside a circle that has more moons than places: how many more.
    fn count_moons(&self, wishes: &mut Vec<Wish>) {
        for (name, actor) in self.actors.iter() {
            let Spot::Seat(seat) = actor.spot else { continue };
            let count = moons::count(&self.actors, name);
            if count <= MOONS || actor.vanished.is_some() {
                continue;
            }
            let place = self.court.moon(seat, self.orders[seat], MOONS - 1);
            let text = format!("+{}", count + 1 - MOONS);
            let mut label = Label { key: format!("+{name}"), name: text, ..self.label(name, actor, 0.0) };
            (label.kind, label.opacity) = (LabelKind::Moon, 1.0);
            (label.figure, label.line) = Default::default();
            let room = Room::around(self.court.mapping.px(place), self.size_of(&label));
            wishes.push(Wish { label, places: vec![room], of: None });
        }
    }

    /// The name of each group, and what could not be drawn of it.
    fn crests(&self) -> Vec<Wish> {
        let (mut crests, moons) = (Vec::new(), self.moons_by_group());
        let (mut others, mut hidden, mut wait) = (0, 0, 0);
        for (at, group) in self.seating.groups() {
            let members = || self.seating.members().iter().filter(move |member| member.group == at);
            let out = || members().filter(|member| member.home.is_none() && member.seat.is_none());
            let folded = out().count();
            let waits = out().filter(|member| member.state == State::Waiting).count();
            let Some(anchor) = group.anchor else {
                others += 1;
                hidden += folded;
                wait += waits;
                continue;
            };
            let (project, machine) = group.name.split_once('\n').unwrap_or_default();
            let (title, place) = if project.is_empty() { (machine, "") } else { (project, machine) };
            if title.is_empty() && folded == 0 {
                continue;
            }
            let mut line = if place.is_empty() { String::new() } else { [place, " · "].concat() };
            line.push_str(&members().count().to_string());
            if moons[at] > 0 {
                line.push_str(&[" + ", &counted(moons[at], "subagent")].concat());
            }
            line.push_str(&beyond(folded, waits));
            let label = words(&group.name, title, line);
            let size = self.size_of(&label);
            let mut places = crest(&self.court, anchor, size);
            if folded > 0 {
                // It says who has no mark: rather far from its homes than nowhere.
                places.extend((0..4).flat_map(|corner| crest(&self.court, corner * 32, size)));
            }
            crests.push(Wish { label, places, of: self.court.slot(anchor).map(|slot| slot.at) });
        }
        if others > 0 {
            let title = counted(others, "more project");
            let label = words("", &title, beyond(hidden, wait).trim_start_matches(", ").to_owned());
            let places =
                (0..4).flat_map(|corner| crest(&self.court, corner * 32, self.size_of(&label))).collect();
            crests.push(Wish { label, places, of: None });
        }
        crests
    }

    /// How many subagents the circles of each group have, which the group itself does not count.
    fn moons_by_group(&self) -> Vec<u64> {
        let mut moons = vec![0; self.seating.groups().last().map_or(0, |(at, _)| at + 1)];
        for actor in self.actors.values().filter(|actor| actor.vanished.is_none()) {
            let root = actor.moon.as_ref().and_then(|moon| self.actors.get(&moon.of));
            if let Some(member) = root.and_then(|root| self.seating.get(root.key)) {
                moons[member.group] += 1;
            }
        }
        moons
    }

    fn size_of(&self, label: &Label) -> [f32; 2] {
        let name = width_of(&label.name, 13.5);
        let size = match label.kind {
            LabelKind::Crest => [name.max(width_of(&label.line, 11.5)).min(CREST_WIDE) + 6.0, CREST_HIGH],
            _ => {
                let figure = if label.figure.is_empty() { 0.0 } else { width_of(&label.figure, 12.0) + 5.0 };
                [(name + figure).min(NAME_WIDE) + 6.0, LINE_HIGH]
            }
        };
        size.map(|length| length * self.court.type_scale)
    }

    /// The middle of a daemon's mark, pixels; `None`: it is not drawn.
    #[must_use]
    pub fn centre(&self, name: &str) -> Option<[f32; 2]> {
        let actor = self.actors.get(name).filter(|actor| actor.spot != Spot::Folded)?;
        Some(self.court.mapping.px(actor.at))
    }

    /// Everybody who is drawn: its name, the middle of its mark in pixels, what it does and where it stands.
    pub fn drawn(&self, now: f64) -> impl Iterator<Item = (&str, [f32; 2], &'static str, Spot)> {
        let is_drawn = |(_, actor): &(&str, &Actor)| actor.spot != Spot::Folded || actor.vanished.is_some();
        let told = move |(name, actor): (_, &Actor)| {
            (name, self.court.mapping.px(actor.at), actor.phase(now), actor.spot)
        };
        self.actors.iter().filter(is_drawn).map(told)
    }
}

/// How long, without the words before it.
fn shortest(figure: &str) -> &str {
    ["idle ", "no sign for "].iter().find_map(|words| figure.strip_prefix(words)).unwrap_or(figure)
}

/// Puts a label among others in the order of their keys: one that walks from a seat home is not moved in the page, and glides.
fn put(label: Label, into: &mut Vec<Label>) {
    into.insert(into.partition_point(|other| other.key < label.key), label);
}

/// What a crest counts of those it has that have no mark: ", 15 not drawn, 2 wait".
fn beyond(folded: usize, wait: usize) -> String {
    let mut line = if folded > 0 { format!(", {folded} not drawn") } else { String::new() };
    if wait > 0 {
        line.push_str(&format!(", {wait} wait"));
    }
    line
}

fn words(key: &str, title: &str, line: String) -> Label {
    Label {
        key: format!("@{key}"),
        kind: LabelKind::Crest,
        is_tight: false,
        name: title.to_owned(),
        figure: String::new(),
        line,
        room: [0.0; 4],
        opacity: 1.0,
        color: palette::UNKNOWN,
        phase: "crest",
    }
}

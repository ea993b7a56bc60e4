//! What components and loops share: a handle to the page's state, its signals and its server.

use arcane_shared::RoomName;
use arcane_stage::filter::Filter;
use arcane_stage::{answers, counts};
use leptos::prelude::*;

use crate::address::query;
use crate::api::Server;
use crate::opened;
use crate::page::Page;
use crate::project;
use crate::socket::Heard;
use crate::switches::prefers_reduced;
use crate::time_travel::{Travel, past_view};
use crate::views::Views;
use crate::{clock, storage, strip};

/// What draws how things fly, if the URL does not say.
const DICE: u32 = 0x0A5C_A0E5;
/// Milliseconds that a notice stands.
const NOTICE_MS: u64 = 7_000;

/// The handle to the page and its signals. Copied into every closure.
#[derive(Clone, Copy)]
pub(crate) struct AppHandle {
    page: StoredValue<Page, LocalStorage>,
    server: StoredValue<Server>,
    /// What components read.
    pub(crate) views: Views,
}

impl AppHandle {
    /// Reads the page's URL and what the browser kept.
    pub(crate) fn of_page() -> Self {
        let query = query();
        let mut server = Server::of_page(query.get("server").as_deref());
        server.set_token(storage::token(server.name()));
        let room = named_room(query.get("room").as_deref());
        let pairs: Vec<(String, String)> = ["spell", "daemon", "success"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), query.get(key)?)))
            .collect();
        let filter = Filter::from_pairs(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let views = Views::new(room.as_ref().map_or("", RoomName::as_str), filter, prefers_reduced());
        if query.get("clock").as_deref() == Some("manual") {
            clock::stop();
        }
        let dice = query.get("seed").and_then(|seed| seed.parse().ok()).unwrap_or(DICE);
        let mut page = Page::new(&room, dice, server.name());
        page.stage.set_reduced(views.header.reduced.get_untracked());
        views.wall.set(query.get("view").as_deref() == Some("wall"));
        Self { page: StoredValue::new_local(page), server: StoredValue::new(server), views }
    }

    /// Changes what is known of the server.
    pub(crate) fn with_server(self, change: impl FnOnce(&mut Server)) {
        self.server.update_value(change);
    }

    /// Does something with the page's state. Not to be nested.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Page) -> R) -> Option<R> {
        self.page.try_update_value(act)
    }

    /// The server.
    pub(crate) fn server(&self) -> Server {
        self.server.get_value()
    }

    /// Opens the event stream of the page's room.
    pub(crate) fn connect(self) {
        let server = self.server();
        self.with(|page| {
            page.speaker.set_token(server.token().cloned());
            if let Some(wrong) = server.wrong() {
                page.link.refuse(wrong);
                return;
            }
            let url = server.stream_url(page.room.as_str(), page.store.position());
            page.connect(&url, server.token(), move |heard| self.hear(heard));
        });
    }

    /// Tries at once to connect again, if that is what the page waits for.
    pub(crate) fn try_now(self) {
        self.with(|page| page.link.hasten(clock::now()));
    }

    /// Whether there is a room to show: the page's address may name what can be none.
    pub(crate) fn has_room(self) -> bool {
        !self.views.header.room.with_untracked(String::is_empty)
    }

    fn hear(self, heard: Heard) {
        let hidden = document().hidden();
        if matches!(heard, Heard::Closed(..)) {
            // Nothing comes now, and it may be that a token is to be given.
            self.fetch_later();
        }
        let turned = self.with(|page| {
            page.hear(heard, hidden);
            page.attention
        });
        if hidden || turned == Some(true) {
            // No frame comes that would, or not at once.
            self.with(|page| crate::attention::attend(page, self.views));
        }
        self.ask_roster();
    }

    /// Asks the server who is present and does what, where events that would say so are missing here.
    fn ask_roster(self) {
        if self.with(Page::roster_due) != Some(true) {
            return;
        }
        leptos::task::spawn_local(async move {
            let room = self.views.header.room.get_untracked();
            if let Some(answer) = self.server().roster(&room).await {
                self.with(|page| page.adopt(answer));
            }
        });
    }

    /// Asks for rooms and for what the spell bar completes.
    pub(crate) fn learn(self) {
        leptos::task::spawn_local(async move {
            let learned = self.server().look("/spell/examples").await;
            self.views.spells.lexicon.update(|lexicon| {
                let groups = answers::each(&learned["examples"], "spells");
                lexicon.examples = groups.into_iter().flat_map(answers::texts).collect();
                lexicon.known = answers::each_text(&learned["daemons"], "daemon_name");
            });
        });
        self.learn_rights();
        self.learn_rooms();
    }

    /// Asks which rooms there are.
    pub(crate) fn learn_rooms(self) {
        leptos::task::spawn_local(async move {
            // They come in order of name.
            let answer = self.server().look("/rooms").await;
            if answer.is_object() {
                let mut rooms = answers::each_text(&answer["rooms"], "room");
                let current = self.views.header.room.get_untracked();
                if !current.is_empty() && !rooms.contains(&current) {
                    rooms.insert(rooms.partition_point(|room| *room < current), current);
                }
                crate::views::put(self.views.header.rooms, rooms);
            }
        });
    }

    /// Goes to another room.
    pub(crate) fn enter(self, room: &str) {
        let Ok(room) = RoomName::parse(room) else { return };
        self.views.header.room.set(room.to_string());
        self.to_newest();
        self.open_search(false);
        self.with(|page| page.enter(room));
        self.connect();
        // What a token allows may be allowed in some rooms only.
        self.learn_rights();
        self.write_address();
        self.refresh();
    }

    /// Changes the chronicle's filter, and the URL with it.
    pub(crate) fn filter(self, change: impl FnOnce(&mut Filter)) {
        self.views.chronicle.filter.update(change);
        self.filtered();
    }

    fn filtered(self) {
        self.to_newest();
        self.write_address();
        self.refresh();
        self.search_again();
    }

    /// Shows one spell only, or all again.
    pub(crate) fn filter_spell(self, name: &str) {
        self.filter(|filter| {
            let same = filter.spell.as_deref() == Some(name);
            filter.spell = (!same).then(|| name.to_owned());
        });
    }

    /// Opens what waits for a human and is to be answered first.
    pub(crate) fn open_first_wait(self) {
        let who =
            self.with(|page| Some(counts::first_wait(page.shown().daemons())?.0.daemon_name.to_string()));
        if let Some(who) = who.flatten() {
            self.open_daemon(&who);
        }
    }

    /// Projects at once what would be projected soon.
    pub(crate) fn refresh(self) {
        self.with(|page| {
            project::project_text(page, self.views);
            project::project_feed(page, self.views);
            self.draw_strip(page);
        });
        self.show_when();
    }

    /// Draws the bars of the strip.
    pub(crate) fn draw_strip(self, page: &Page) {
        if let Some(canvas) = self.views.strip.bars.get_untracked() {
            strip::draw(page, &canvas);
        }
    }

    /// Shows at once where in time the page is.
    pub(crate) fn show_when(self) {
        self.with(|page| past_view::project(page, self.views, page.time_travel.point));
    }

    /// Shows an event in full.
    pub(crate) fn open(self, id: u64) {
        let Some(opened) = self.with(|page| page.event(id)).flatten() else { return };
        self.with_later(move |later| {
            self.with(|page| {
                page.opened = Some(opened);
                (later.project_detail)(page, self.views);
            });
        });
    }

    /// Goes through time, and shows where that leads at once.
    pub(crate) fn travel(self, how: Travel) {
        self.with_later(move |later| (later.travel)(self, how));
    }

    /// Shows where in time the page is now.
    pub(crate) fn arrive(self) {
        self.to_newest();
        self.ask_log();
        self.refresh();
        // What was found is of the room or the recording from before.
        if self.with(|page| page.search.is_due()) == Some(true) {
            self.ask_search();
        }
    }

    /// Asks the log what is due, and again when it has answered.
    pub(crate) fn ask_log(self) {
        while let Some(question) = self.with(Page::question).flatten() {
            leptos::task::spawn_local(async move {
                let answer = self.server().log(question.path.clone()).await;
                self.with(|page| {
                    if !question.is_of_visit() {
                        page.answer_activity(&question, answer);
                    } else if let Some(later) = self.views.later.get_untracked() {
                        (later.answer)(page, &question, answer);
                    }
                });
                self.ask_log();
                self.refresh();
            });
        }
    }

    /// Keeps the event that was opened in sight, or no longer.
    pub(crate) fn toggle_pin(self) {
        self.with(|page| {
            page.toggle_pin();
            opened::project_detail(page, self.views);
            project::project_feed(page, self.views);
        });
    }

    /// Lets the chronicle stand still because somebody reads it, or go on. Where nothing stands there is nothing to read.
    pub(crate) fn hold(self, held: bool) {
        let any = self.views.chronicle.total.get_untracked() > 0;
        self.with(|page| {
            let stood = page.held.is_some();
            page.hold(held && any);
            if !stood {
                // What it holds is what it shows, from now on: no row moves between pointing and clicking.
                project::project_feed(page, self.views);
            }
        });
    }

    /// Shows the chronicle from its newest entry on, and lets it go on.
    pub(crate) fn to_newest(self) {
        self.with(|page| page.hold(false));
        self.views.chronicle.first.set(0);
        if let Some(list) = self.views.chronicle.list.get_untracked() {
            list.set_scroll_top(0);
        }
    }

    /// Projects the chronicle at once.
    pub(crate) fn refresh_feed(self) {
        self.with(|page| project::project_feed(page, self.views));
    }

    /// Opens a dialog.
    pub(crate) fn open_dialog(self, open: RwSignal<bool>) {
        self.with_later(move |_| {
            open.set(true);
            self.refresh();
        });
    }

    /// Shows what happened at a part of the strip; `None`: nothing is pointed at.
    pub(crate) fn point_in_time(self, part: Option<f64>) {
        self.with(|page| page.time_travel.point = part);
        self.show_when();
    }

    /// Leaves the past: what is done now acts now.
    pub(crate) fn return_to_live(self) {
        if self.views.when.with_untracked(|when| when.visiting) {
            self.travel(Travel::Leave);
        }
    }

    /// Shows what is under a place of the stage, pixels; `None`: nothing is pointed at.
    pub(crate) fn point_at(self, at: Option<[f32; 2]>) {
        match (at, self.views.later.get_untracked()) {
            (Some(at), Some(later)) => (later.point_at)(self, at),
            _ => crate::views::put(self.views.stage.tip, None),
        }
    }

    /// Tells something in passing.
    pub(crate) fn tell(self, what: &str) {
        let notice = self.views.told.notice;
        notice.set(what.to_owned());
        let told = what.to_owned();
        let fade = move || {
            if notice.with_untracked(|now| *now == told) {
                notice.set(String::new());
            }
        };
        set_timeout(fade, std::time::Duration::from_millis(NOTICE_MS));
    }
}

/// The room that the page's address names, or what is wrong with it.
fn named_room(named: Option<&str>) -> Result<RoomName, String> {
    match named.filter(|named| !named.trim().is_empty()) {
        None => Ok(RoomName::default()),
        Some(text) => RoomName::parse(text).map_err(|why| {
            let text = arcane_stage::summary::shorten(text, 60);
            format!("“{text}” in the page's address names no room: {why}.")
        }),
    }
}

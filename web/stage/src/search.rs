//! A search in all that a room's log keeps; where there is no log, in what the page holds.

use std::rc::Rc;

use arcane_shared::{Position, ReceivedEvent};
use serde_json::Value;

use crate::dictionary::{Term, Tongue};
use crate::filter::Filter;
use crate::store::{Entry, Origin, Store, Stored};
use crate::time_travel::ask::{Answer, Ask, Trouble};
use crate::words::Words;

/// Events of one page.
pub const PAGE_EVENTS: usize = 50;
/// Most events that a search shows; what is older asks for more words.
pub const FOUND_MAX: usize = 500;
/// Longest text that is searched for, in characters.
pub const QUERY_LEN_MAX: usize = 200;
/// Ids of what was found are of their own: above those of any chronicle, and whole numbers for a browser.
const FIRST_ID: u64 = 1 << 52;

/// A search, and what it has found so far.
#[derive(Debug, Clone, Default)]
pub struct Search {
    words: String,
    found: Vec<Rc<Stored>>,
    next: Option<Position>,
    /// Counts searches: an answer belongs to one.
    turn: u32,
    /// Whether anything was asked for since it began.
    begun: bool,
    asking: bool,
    trouble: Option<Trouble>,
    /// Whether it is a search in what the page holds.
    here: bool,
}

impl Search {
    /// Begins anew, with other words.
    pub fn begin(&mut self, words: &str) {
        let words = words.trim().chars().take(QUERY_LEN_MAX).collect();
        *self = Self { words, turn: self.turn + 1, ..Self::default() };
    }

    /// Begins anew, with the same words.
    pub fn begin_again(&mut self) {
        let words = std::mem::take(&mut self.words);
        self.begin(&words);
    }

    /// Whether it has begun anew and nothing was asked for since.
    #[must_use]
    pub fn is_due(&self) -> bool {
        !self.begun && !self.words.is_empty()
    }

    /// The next question: its turn and its path. `None`: there is nothing to ask, or it is under way.
    pub fn ask(&mut self, room: &str, filter: &Filter) -> Option<(u32, String)> {
        let begins = self.found.is_empty();
        if self.words.is_empty() || self.asking || self.here || !(begins || self.has_more()) {
            return None;
        }
        (self.begun, self.asking) = (true, true);
        self.trouble = None;
        let mut path = format!("/events?room={room}&order=desc&limit={PAGE_EVENTS}&q=");
        escape(&self.words, &mut path);
        for (key, value) in filter.to_pairs() {
            if let Some(value) = value {
                path.extend(["&", key, "="]);
                escape(value, &mut path);
            }
        }
        if let Some(next) = &self.next {
            path.extend(["&before=", &next.to_string()]);
        }
        Some((self.turn, path))
    }

    /// What came of it: a page of the log, or the status and sentence of a refusal. `store`: what the page holds.
    pub fn answer(
        &mut self,
        turn: u32,
        answer: Result<Value, (u16, Option<String>)>,
        store: &Store,
        filter: &Filter,
    ) {
        if turn != self.turn {
            return;
        }
        self.asking = false;
        // Read as a traveller's page: one reader for both.
        let page = match answer {
            Ok(value) => Ask::Before(None).read(value).ok_or(Trouble::NoLog),
            Err((status, said)) => Err(Trouble::of(status, said)),
        };
        match page {
            Ok(Answer::Page(page)) => {
                page.events.into_iter().for_each(|event| self.add(event));
                let last = self.found.last().and_then(|stored| stored.event.seq);
                let more = page.more && self.found.len() < FOUND_MAX;
                self.next = last.filter(|_| more).map(|seq| Position { epoch: page.epoch, seq });
            }
            Err(trouble) if trouble != Trouble::NoLog => self.trouble = Some(trouble),
            _ => {
                let events = store.newest_first().filter_map(|entry| match entry {
                    Entry::Event(stored, _) => Some(&stored.event),
                    Entry::Gap { .. } | Entry::NewRun { .. } => None,
                });
                self.look_here(&mut { events }, filter);
            }
        }
    }

    /// Searches what the page holds: a server without a log, and a recording, can be asked for nothing.
    /// Its events are given newest first.
    pub fn look_here(&mut self, events: &mut dyn Iterator<Item = &ReceivedEvent>, filter: &Filter) {
        (self.begun, self.here) = (true, true);
        let words = Words::of(&self.words);
        for event in events {
            if self.found.len() >= FOUND_MAX {
                break;
            }
            if filter.matches(event) && words.are_in(event) {
                self.add(event.clone());
            }
        }
    }

    fn add(&mut self, event: ReceivedEvent) {
        let id = FIRST_ID + self.found.len() as u64;
        self.found.push(Rc::new(Stored { id, event, origin: Origin::Past }));
    }

    /// What was found, newest first.
    #[must_use]
    pub fn found(&self) -> &[Rc<Stored>] {
        &self.found
    }

    /// Whether older events may be asked for.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// What to say about it; empty: what was found says all.
    #[must_use]
    pub fn words(&self, tongue: Tongue) -> String {
        let none = self.found.is_empty();
        match &self.trouble {
            Some(Trouble::Unreachable) => "The server does not answer.".into(),
            Some(trouble) => trouble.words().1,
            None if self.words.is_empty() => tongue.say(Term::SearchFor).into(),
            None if self.asking => "Searching …".into(),
            None if none && self.here => "Nothing that this page holds has these words.".into(),
            None if none => "Nothing in the log has these words.".into(),
            None if self.here => "This is of what the page holds: the log is not there to be asked.".into(),
            None if self.found.len() >= FOUND_MAX => {
                format!("These are the latest {FOUND_MAX}: more words find less.")
            }
            None => String::new(),
        }
    }
}

/// Writes a text as a value of a query.
fn escape(text: &str, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.extend([
                '%',
                char::from(DIGITS[usize::from(byte >> 4)]),
                char::from(DIGITS[usize::from(byte & 15)]),
            ]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
    use proptest::prelude::*;
    use serde_json::json;

    fn event(seq: u64, task: &str) -> Value {
        json!({"spell_name": "invoke", "daemon_name": "claude", "seq": seq, "success": true, "description": "",
            "timestamp": "2026-01-01T00:00:00.000000", "metadata": {"task": task}})
    }

    fn page(events: &[Value], next: Option<&str>) -> Value {
        json!({"room": "main", "epoch": "k", "oldest": 1, "head": 9, "events": events, "next": next})
    }

    #[test]
    fn a_search_asks_page_by_page_and_once_at_a_time() {
        let (mut search, store) = (Search::default(), Store::default());
        let filter = Filter { spell: Some("invoke".into()), failures: true, ..Filter::default() };
        assert_eq!(search.ask("main", &filter), None);
        search.begin(" \"build it\" é ");
        let (turn, path) = search.ask("main", &filter).unwrap();
        assert_eq!(
            path,
            "/events?room=main&order=desc&limit=50&q=%22build%20it%22%20%C3%A9&spell=invoke&success=false"
        );
        assert_eq!((search.ask("main", &filter), search.words(Tongue::Plain)), (None, "Searching …".into()));
        search.answer(turn, Ok(page(&[event(9, "build it é")], Some("k:9"))), &store, &filter);
        assert_eq!(
            (search.found().len(), search.has_more(), search.words(Tongue::Plain)),
            (1, true, String::new())
        );
        let (turn, path) = search.ask("main", &filter).unwrap();
        assert!(path.ends_with("&before=k:9"), "{path}");
        search.answer(turn, Ok(page(&[event(3, "build it é")], None)), &store, &filter);
        assert_eq!((search.found().len(), search.ask("main", &filter)), (2, None));
        assert_ne!(search.found()[0].id, search.found()[1].id);
    }

    #[test]
    fn an_answer_to_other_words_is_left_out() {
        let (mut search, all) = (Search::default(), Filter::default());
        search.begin("one");
        let (turn, _) = search.ask("main", &all).unwrap();
        search.begin("other");
        assert!(search.is_due());
        search.answer(turn, Ok(page(&[event(1, "one")], None)), &Store::default(), &all);
        assert!(search.found().is_empty());
        assert!(search.ask("main", &all).is_some());
        assert!(!search.is_due());
        search.begin_again();
        assert!(search.is_due(), "another room is shown");
    }

    #[test]
    fn what_cannot_be_asked_is_said_and_what_the_page_holds_is_searched() {
        let (mut search, all) = (Search::default(), Filter::default());
        let mut store = Store::default();
        for (seq, task) in [(1, "Build it"), (2, "test it")] {
            store.receive(message::event(event(seq, task), Timestamp::UNKNOWN).unwrap());
        }
        search.begin("IT build");
        let (turn, _) = search.ask("main", &all).unwrap();
        search.answer(turn, Err((503, Some("The index is being made.".into()))), &store, &all);
        assert_eq!(search.words(Tongue::Plain), "The index is being made.");
        let (turn, _) = search.ask("main", &all).unwrap();
        search.answer(turn, Err((404, None)), &store, &all);
        let tasks: Vec<_> = search.found().iter().map(|stored| stored.event.seq).collect();
        assert_eq!((tasks, search.ask("main", &all)), (vec![Some(1)], None));
        assert!(search.words(Tongue::Plain).contains("what the page holds"));
    }

    proptest! {
        #[test]
        fn whatever_is_searched_for_is_one_value(words in "\\PC{0,300}") {
            let mut search = Search::default();
            search.begin(&words);
            if let Some((_, path)) = search.ask("main", &Filter::default()) {
                let value = path.split_once("&q=").unwrap().1;
                prop_assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
                prop_assert_eq!(path.matches('&').count(), 3);
            }
        }
    }
}

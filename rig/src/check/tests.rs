use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::history::{Moment, Outcome, Published, Read, Resume, Source, digest};

const NODES: [&str; 3] = ["n1", "n2", "n3"];

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

fn read(reader: &str, seq: u64, content: &Content) -> Read {
    let (reader, content, digest) = (reader.into(), content.clone(), digest(content.as_bytes()));
    Read { reader, room: "main".into(), epoch: "e1".into(), seq, content, digest, source: Source::Publisher }
}

fn published(contents: &[&str], outcome: Outcome, (sent, answered): (u64, u64)) -> Published {
    let contents = contents.iter().map(|content| (*content).into()).collect();
    let (sent, answered) = (at(sent), at(answered));
    Published { room: "main".into(), contents, key: None, sent, answered, outcome }
}

/// What a publication came to, how many events it has, and how long it took.
type Sent = (u8, usize, u64);

/// A history as it must be: publications one after another or side by side, three nodes, and three readers that began somewhere.
fn history(sent: &[Sent], begins: impl Into<Option<[Index; 3]>>) -> History {
    let begins = begins.into();
    let mut history = History::default();
    let mut log: Vec<Content> = Vec::new();
    for (n, (outcome, count, took)) in sent.iter().enumerate() {
        let words: Vec<String> = (0..*count).map(|part| format!("p{n}-{part}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let first = log.len() as u64 + 1;
        let (outcome, is_kept) = match outcome {
            0 => (Outcome::Refused, false),
            1 => (Outcome::Unknown, false),
            2 => (Outcome::Unknown, true),
            _ => (Outcome::Taken { first }, true),
        };
        // The log takes it halfway between two of these moments.
        let now = n as u64 * 10;
        let published = published(&words, outcome, (now.saturating_sub(*took), now + 1 + took));
        if is_kept {
            log.extend(published.contents.iter().cloned());
        }
        history.published.push(published);
    }
    let events: Vec<(u64, &Content)> = (1..).zip(&log).collect();
    history.nodes = NODES.map(Into::into).into();
    for (n, node) in NODES.into_iter().enumerate() {
        history.kept.extend(events.iter().map(|(seq, content)| read(node, *seq, content)));
        let begin = begins.filter(|_| !events.is_empty()).map_or(0, |begins| begins[n].index(events.len()));
        let reader = format!("r{n}");
        history.reads.extend(events[begin..].iter().map(|(seq, content)| read(&reader, *seq, content)));
    }
    history
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    proptest::collection::vec((0..12_u8, 1..4_usize, 0..40_u64), 2..40)
}

fn rules(history: &History) -> Vec<Rule> {
    let mut rules: Vec<Rule> = check(history).into_iter().map(|finding| finding.rule).collect();
    rules.sort();
    rules.dedup();
    rules
}

/// Where some acknowledged publication is in a history.
fn taken(history: &History, which: Index) -> Option<usize> {
    let is_taken = |of: &Published| matches!(of.outcome, Outcome::Taken { .. });
    let at: Vec<usize> = (0..history.published.len()).filter(|n| is_taken(&history.published[*n])).collect();
    (!at.is_empty()).then(|| *which.get(&at))
}

proptest! {
    #[test]
    fn a_history_as_it_must_be_has_no_findings(sent in sent(), begins: [Index; 3]) {
        prop_assert_eq!(check(&history(&sent, begins)), []);
    }

    #[test]
    fn an_event_that_a_node_lost_is_found(sent in sent(), begins: [Index; 3], which: Index, node: Index) {
        let mut history = history(&sent, begins);
        let Some(lost) = taken(&history, which) else { return Ok(()) };
        let (content, node) = (history.published[lost].contents[0].clone(), *node.get(&NODES));
        history.kept.retain(|read| read.content != content || *read.reader != *node);
        prop_assert!(rules(&history).contains(&Rule::Acknowledged));
    }

    #[test]
    fn an_event_that_all_nodes_lost_from_the_end_is_found(sent in sent(), begins: [Index; 3]) {
        let mut history = history(&sent, begins);
        let Some(Published { contents, .. }) = history.published.iter().rfind(|of| matches!(of.outcome, Outcome::Taken { .. })) else {
            return Ok(());
        };
        let first = history.kept.iter().find(|read| read.content == contents[0]).unwrap().seq;
        history.kept.retain(|read| read.seq < first);
        history.reads.retain(|read| read.seq < first);
        prop_assert!(rules(&history).contains(&Rule::Acknowledged));
    }

    #[test]
    fn an_event_in_the_place_of_another_is_found(sent in sent(), begins: [Index; 3], which: Index) {
        let mut history = history(&sent, begins);
        if history.kept.is_empty() {
            return Ok(());
        }
        let at = which.index(history.kept.len());
        history.kept[at].content = "another".into();
        let found = rules(&history);
        prop_assert!(found.contains(&Rule::Alike) && found.contains(&Rule::AtMostOnce), "{:?}", found);
    }

    #[test]
    fn a_reader_that_skips_repeats_or_goes_back_is_found(sent in sent(), begins: [Index; 3], which: Index, how in 0..3_u8) {
        let mut history = history(&sent, begins);
        let of_one: Vec<usize> =
            (0..history.reads.len()).filter(|n| *history.reads[*n].reader == *"r0").collect();
        if of_one.len() < 3 {
            return Ok(());
        }
        // Neither the first nor the last: who begins later or is not finished has skipped nothing.
        let at = *which.get(&of_one[1..of_one.len() - 1]);
        match how {
            0 => drop(history.reads.remove(at)),
            1 => history.reads.insert(at, history.reads[at].clone()),
            _ => history.reads.swap(at - 1, at),
        }
        prop_assert_eq!(rules(&history), [Rule::Unbroken]);
    }

    #[test]
    fn an_event_that_was_stored_twice_is_found(sent in sent(), begins: [Index; 3], which: Index) {
        let mut history = history(&sent, begins);
        let Some(twice) = taken(&history, which) else { return Ok(()) };
        let content = history.published[twice].contents[0].clone();
        let head = history.kept.iter().map(|read| read.seq).max().unwrap();
        history.kept.extend(NODES.map(|node| read(node, head + 1, &content)));
        prop_assert_eq!(rules(&history), [Rule::AtMostOnce]);
    }

    #[test]
    fn two_that_are_in_the_wrong_order_are_found(sent in sent(), begins: [Index; 3], which: Index) {
        let mut history = history(&sent, begins);
        let Some(late) = taken(&history, which) else { return Ok(()) };
        // It was sent after everything else was answered, and something stands behind it.
        let end = history.published.iter().map(|of| of.answered).max().unwrap();
        let is_last = history.published[late + 1..].iter().all(|of| !matches!(of.outcome, Outcome::Taken { .. }));
        history.published[late].sent = end + at(1);
        history.published[late].answered = end + at(2);
        prop_assert_eq!(rules(&history), if is_last { vec![] } else { vec![Rule::RealTime] });
    }
}

fn told(history: &History) -> String {
    check(history).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_was_refused_and_a_key_for_two_are_found() {
    let mut history = History::default();
    history.published.push(published(&["a"], Outcome::Refused, (0, 1)));
    let key = Some("k".into());
    let of_key =
        |first, times| Published { key: key.clone(), ..published(&["b"], Outcome::Taken { first }, times) };
    history.published.extend([of_key(2, (2, 3)), of_key(3, (4, 5))]);
    history.kept.extend((1..).zip(["a", "b", "b"]).map(|(seq, word)| read("n1", seq, &word.into())));
    insta::assert_snapshot!(told(&history), @r#"
    OncePerKey: main: the key "k" stands for 1 from 2 on, and for 1 from 3 on
    AtMostOnce: main on n1: 1 is "a", which was not taken
    AtMostOnce: main on n1: "b" is 2 and 3
    "#);
}

#[test]
fn a_key_that_is_answered_twice_alike_is_right() {
    let mut history = History::default();
    let key = Some("k".into());
    let first = Published { key: key.clone(), ..published(&["a"], Outcome::Taken { first: 1 }, (0, 1)) };
    let again = Published { key, ..published(&["a"], Outcome::Taken { first: 1 }, (9, 10)) };
    history.published.extend([first, published(&["b"], Outcome::Taken { first: 2 }, (3, 4)), again]);
    history.kept.extend((1..).zip(["a", "b"]).map(|(seq, word)| read("n1", seq, &word.into())));
    assert_eq!(check(&history), []);
}

#[test]
fn another_run_of_numbers_is_found() {
    let mut history = history(&[(9, 1, 0), (9, 1, 0)], None);
    history.reads.push(Read { epoch: "e2".into(), ..read("r0", 1, &"p0-0".into()) });
    insta::assert_snapshot!(told(&history), @"OneEpoch: main: r0 was in e2, and e1 was known");
}

#[test]
fn a_node_that_has_nothing_and_many_findings_are_told() {
    let mut history = History { nodes: vec!["n1".into()], ..History::default() };
    for n in 0..30_u64 {
        let word = format!("p{n}");
        history.published.push(published(&[&word], Outcome::Taken { first: n + 1 }, (n * 10, n * 10 + 1)));
    }
    let found = check(&history);
    assert_eq!(found.len(), 20);
    insta::assert_snapshot!(found[19], @r#"Acknowledged: main on n1: 20 is lost, "p19" (and 10 more)"#);
}

#[test]
fn a_follower_that_begins_late_or_ends_early_and_a_node_that_is_behind_are_found() {
    let mut history = history(&[(9, 3, 0)], None);
    history.followers = ["r0", "r1", "r9"].map(|reader| (reader.into(), "main".into())).into();
    history.reads.retain(|read| !(*read.reader == *"r0" && read.seq == 1));
    history.kept.retain(|read| !(*read.reader == *"n3" && read.seq == 3));
    // What was acknowledged and is missing breaks another rule as well.
    history.published.clear();
    let found = check(&history).into_iter().filter(|finding| finding.rule == Rule::Complete);
    insta::assert_snapshot!(found.map(|finding| finding.detail).collect::<Vec<_>>().join("\n"), @"
    main: n3 has 1 to 2, and not 1 to 3
    main: r0 has 2 to 3, and not 1 to 3
    main: r9 has nothing, and not 1 to 3
    ");
}

#[test]
fn a_part_of_an_array_is_found_and_all_or_none_is_right() {
    let mut history = history(&[(1, 3, 0), (2, 3, 0), (9, 1, 0)], None);
    assert_eq!(check(&history), []);
    history.kept.retain(|read| *read.content != *"p1-2");
    history.reads.retain(|read| *read.content != *"p1-2");
    let found = check(&history).into_iter().filter(|finding| finding.rule == Rule::AllOrNothing);
    insta::assert_snapshot!(found.map(|finding| finding.detail).collect::<Vec<_>>().join("\n"), @r#"
    main on n1: of the 3 from "p1-0" on there are [1, 2]
    main on n2: of the 3 from "p1-0" on there are [1, 2]
    main on n3: of the 3 from "p1-0" on there are [1, 2]
    "#);
}

#[test]
fn other_bytes_resumes_that_are_refused_and_odd_answers_are_found() {
    let mut history = history(&[(9, 1, 0)], None);
    history.kept[1].digest += 1;
    let resume = |seq, refused| {
        let (reader, node, room) = ("r0".into(), "n2".into(), "main".into());
        Resume { reader, node, room, seq, at: at(1500), refused }
    };
    history.resumes = vec![resume(0, None), resume(1, Some("ahead".into()))];
    history.unexpected.push("POST /events at n1: 422".into());
    insta::assert_snapshot!(told(&history), @r#"
    Alike: main: 1, "p0-0", has other bytes for n1 than for n2
    Resumed: main: r0 could not go on after 1 at n2, 1.500 s: ahead
    Expected: POST /events at n1: 422
    "#);
}

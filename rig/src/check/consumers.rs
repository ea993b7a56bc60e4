//! Durable consumers: where each reader began, held against what was acknowledged before.

use std::collections::BTreeMap;

use crate::history::{Ack, History, Moment, Turn};

/// Readers that began where no reader before them had left the consumer.
pub(super) fn positions(history: &History) -> Vec<String> {
    let mut consumers: BTreeMap<&str, (Vec<&Turn>, Vec<&Ack>)> = BTreeMap::new();
    for turn in &history.turns {
        consumers.entry(&turn.consumer).or_default().0.push(turn);
    }
    for ack in &history.acks {
        consumers.entry(&ack.consumer).or_default().1.push(ack);
    }
    consumers.into_iter().flat_map(|(consumer, (turns, acks))| of_consumer(consumer, &turns, &acks)).collect()
}

/// The events before the first of a turn are acknowledged; none if it was given nothing.
fn position(turn: &Turn) -> Option<u64> {
    turn.first.map(|first| first - 1)
}

fn of_consumer(consumer: &str, turns: &[&Turn], acks: &[&Ack]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut before: Option<(u64, usize)> = None;
    for turn in turns {
        let Some(at) = position(turn) else { continue };
        let Turn { n, node, .. } = *turn;
        if let Some((earlier, of)) = before.filter(|(earlier, _)| *earlier > at) {
            wrong.push(format!(
                "{consumer}: reader {n}, at {node}, began after {at}, and reader {of} after {earlier}"
            ));
        }
        let is_kept = |ack: &&&Ack| ack.kept.is_some_and(|kept| kept < turn.asked);
        if let Some(kept) = acks.iter().filter(is_kept).map(|ack| ack.seq).max().filter(|kept| *kept > at) {
            wrong.push(format!(
                "{consumer}: reader {n}, at {node}, began after {at}, and {kept} was kept before it came"
            ));
        }
        // What nobody acknowledged who might has moved it.
        if let Some((earlier, _)) = before {
            let may = acks.iter().filter(|ack| may_move(ack, *n, turn.began, turns)).map(|ack| ack.seq).max();
            let most = may.unwrap_or_default().max(earlier);
            if at > most {
                wrong.push(format!("{consumer}: reader {n}, at {node}, began after {at}, and only {most} was acknowledged by whom it was"));
            }
        }
        before = Some((at, *n));
    }
    wrong
}

/// Whether an acknowledgement may have moved the consumer before turn `n` began: requests always, and readers until the next one had taken over.
fn may_move(ack: &Ack, n: usize, began: Moment, turns: &[&Turn]) -> bool {
    let Some(turn) = ack.turn else { return ack.sent < began };
    let next = turns.iter().find(|of| of.n == turn + 1).map_or(began, |next| next.began);
    turn < n && ack.sent < next.min(began)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Rule, check};

    fn at(ms: u64) -> Moment {
        Moment::from_millis(ms)
    }

    fn turn(n: usize, asked: u64, first: Option<u64>) -> Turn {
        let (asked, began) = (at(asked), at(asked + 10));
        Turn { consumer: "c".into(), n, node: "node1".into(), asked, began, first }
    }

    fn ack(turn: Option<usize>, seq: u64, sent: u64, kept: Option<u64>) -> Ack {
        Ack { consumer: "c".into(), turn, seq, sent: at(sent), kept: kept.map(at) }
    }

    fn told(turns: &[Turn], acks: &[Ack]) -> String {
        let history = History { turns: turns.to_vec(), acks: acks.to_vec(), ..History::default() };
        let found = check(&history);
        assert!(found.iter().all(|finding| finding.rule == Rule::Consumers));
        found.into_iter().map(|finding| finding.detail).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn readers_that_go_on_after_what_was_acknowledged_are_right() {
        let turns = [turn(0, 0, Some(1)), turn(1, 100, Some(6)), turn(2, 200, None), turn(3, 300, Some(9))];
        let acks = [ack(Some(0), 5, 50, None), ack(Some(0), 7, 90, None), ack(None, 8, 150, Some(160))];
        assert_eq!(told(&turns, &acks), "");
    }

    #[test]
    fn positions_that_go_back_are_lost_or_move_for_a_loser_are_found() {
        let turns = [turn(0, 0, Some(1)), turn(1, 100, Some(6)), turn(2, 200, Some(4))];
        insta::assert_snapshot!(told(&turns, &[ack(Some(0), 5, 50, None)]), @"c: reader 2, at node1, began after 3, and reader 1 after 5");
        let turns = [turn(0, 0, Some(1)), turn(1, 100, Some(6))];
        let kept = [ack(Some(0), 5, 50, None), ack(None, 8, 70, Some(80))];
        insta::assert_snapshot!(told(&turns, &kept), @"c: reader 1, at node1, began after 5, and 8 was kept before it came");
        let turns = [turn(0, 0, Some(1)), turn(1, 100, Some(1)), turn(2, 200, Some(9))];
        insta::assert_snapshot!(told(&turns, &[ack(Some(0), 8, 150, None)]), @"c: reader 2, at node1, began after 8, and only 0 was acknowledged by whom it was");
    }
}

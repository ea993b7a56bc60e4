//! Which processes belong to a run. Pure: a table of processes in, those to end out.

use std::collections::{BTreeMap, BTreeSet};

use super::mark::Mark;
use super::table::Process;

/// What is known of a run: the program, when it was started, and the mark that it passes on.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    pub(super) leader: u32,
    pub(super) started: u64,
    pub(super) mark: Mark,
}

/// Whose children these are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Household<'a> {
    pub(super) server: u32,
    /// Whether orphans of the server's descendants become its children.
    pub(super) adopts: bool,
    /// Whether all of its children come from its programs.
    pub(super) alone: bool,
    /// The programs that it runs.
    pub(super) leaders: &'a BTreeSet<u32>,
}

/// What belongs to a run and lives: its program; what has its mark; what is in its group; orphans that no run
/// that goes on can have left behind; and the descendants of all of them.
pub(super) fn of_run(
    table: &[Process],
    run: &Trace,
    house: Household<'_>,
    mark_of: impl Fn(u32) -> Option<Vec<u8>>,
) -> Vec<Process> {
    let parents: BTreeMap<u32, u32> = table.iter().map(|process| (process.id, process.parent)).collect();
    let is_leader = |process: &Process| process.id == run.leader && process.started == run.started;
    // Nobody has waited for it yet, so the number of its group is its own.
    let has_leader = table.iter().any(is_leader);
    let others = table
        .iter()
        .filter(|process| house.leaders.contains(&process.id) && !is_leader(process))
        .map(|process| process.started)
        .min();
    let is_root = |process: &&Process| {
        if is_leader(process) {
            return true;
        }
        let young = process.started >= run.started && process.id != house.server;
        if !young || (house.adopts && !descends(&parents, process.id, house.server)) {
            return false;
        }
        if house.leaders.contains(&process.id) {
            return false;
        }
        if has_leader && process.group == run.leader {
            return true;
        }
        let left_behind = others.is_none_or(|started| process.started < started);
        (house.alone && process.parent == house.server && left_behind)
            || mark_of(process.id).is_some_and(|mark| mark == run.mark.as_str().as_bytes())
    };
    let mut found: BTreeSet<u32> =
        table.iter().filter(|process| !process.dead).filter(is_root).map(|process| process.id).collect();
    loop {
        let known = found.len();
        let children = table.iter().filter(|process| found.contains(&process.parent));
        found.extend(children.map(|process| process.id).collect::<Vec<_>>());
        if found.len() == known {
            break;
        }
    }
    table.iter().filter(|process| !process.dead && found.contains(&process.id)).copied().collect()
}

/// What has ended, is nobody's to wait for, and would stay in the table for ever.
pub(super) fn zombies<'a>(table: &'a [Process], house: Household<'a>) -> impl Iterator<Item = u32> + use<'a> {
    table
        .iter()
        .filter(move |process| {
            process.dead && process.parent == house.server && !house.leaders.contains(&process.id)
        })
        .map(|process| process.id)
}

fn descends(parents: &BTreeMap<u32, u32>, id: u32, ancestor: u32) -> bool {
    // The table was not read at one moment: what looks like a circle ends here.
    let chain = std::iter::successors(Some(id), |id| parents.get(id).copied()).take(parents.len() + 1);
    chain.skip(1).any(|id| id == ancestor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: u32 = 10;

    fn process(id: u32, parent: u32, group: u32, started: u64) -> Process {
        Process { id, parent, group, started, dead: false }
    }

    /// The server runs 20 (mark "a", since 100) and 30 (mark "b", since 200).
    fn found(rest: &[Process], marks: &[(u32, &str)], alone: bool) -> Vec<u32> {
        let mut table = vec![
            process(1, 0, 1, 1),
            process(SERVER, 1, SERVER, 50),
            process(20, SERVER, 20, 100),
            process(30, SERVER, 30, 200),
        ];
        table.extend_from_slice(rest);
        let leaders = BTreeSet::from([20, 30]);
        let house = Household { server: SERVER, adopts: true, alone, leaders: &leaders };
        let run = Trace { leader: 20, started: 100, mark: Mark::known("a") };
        let mark_of = |id| marks.iter().find(|(of, _)| *of == id).map(|(_, mark)| mark.as_bytes().to_vec());
        of_run(&table, &run, house, mark_of).iter().map(|process| process.id).collect()
    }

    #[test]
    fn a_run_is_its_program_its_group_its_mark_and_all_their_descendants() {
        let table = [
            process(21, 20, 20, 101),
            process(22, SERVER, 20, 102),
            process(23, SERVER, 23, 103),
            process(24, 23, 24, 104),
            process(25, 24, 24, 105),
            process(31, 30, 30, 201),
            process(40, 1, 40, 120),
        ];
        assert_eq!(found(&table, &[(23, "a"), (31, "b")], false), [20, 21, 22, 23, 24, 25]);
    }

    #[test]
    fn the_group_is_known_by_a_program_that_has_ended_until_somebody_waits_for_it() {
        let leaders = BTreeSet::from([20]);
        let house = Household { server: SERVER, adopts: true, alone: false, leaders: &leaders };
        let run = Trace { leader: 20, started: 100, mark: Mark::known("a") };
        let ended = Process { dead: true, ..process(20, SERVER, 20, 100) };
        let orphan = process(21, SERVER, 20, 101);
        assert_eq!(of_run(&[ended, orphan], &run, house, |_| None), [orphan]);
        assert_eq!(of_run(&[orphan], &run, house, |_| None), []);
    }

    #[test]
    fn whoever_does_not_descend_from_the_server_is_left_alone() {
        assert_eq!(found(&[process(40, 1, 20, 120)], &[(40, "a")], true), [20]);
    }

    #[test]
    fn what_is_older_than_the_run_is_left_alone() {
        assert_eq!(found(&[process(19, SERVER, 19, 99)], &[(19, "a")], true), [20]);
    }

    #[test]
    fn an_orphan_without_its_mark_goes_if_no_run_that_goes_on_can_have_left_it() {
        let table = [process(26, SERVER, 26, 199), process(36, SERVER, 36, 200)];
        assert_eq!(found(&table, &[], true), [20, 26], "36 may be of the other run");
        assert_eq!(found(&table, &[(26, "forged")], true), [20, 26]);
        assert_eq!(found(&table, &[], false), [20], "the server may have other children");
    }

    #[test]
    fn a_number_that_was_given_anew_is_another_process() {
        let leaders = BTreeSet::from([20]);
        let house = Household { server: SERVER, adopts: true, alone: true, leaders: &leaders };
        let run = Trace { leader: 20, started: 100, mark: Mark::known("a") };
        let table = [process(20, SERVER, 20, 500), process(21, 20, 20, 501)];
        assert_eq!(of_run(&table, &run, house, |_| Some(b"c".to_vec())), []);
    }

    #[test]
    fn only_the_dead_that_nobody_waits_for_are_reaped() {
        let dead = |id, parent| Process { dead: true, ..process(id, parent, id, 1) };
        let table = [dead(20, SERVER), dead(21, SERVER), dead(22, 1), process(23, SERVER, 23, 1)];
        let leaders = BTreeSet::from([20]);
        let house = Household { server: SERVER, adopts: true, alone: true, leaders: &leaders };
        assert_eq!(zombies(&table, house).collect::<Vec<_>>(), [21]);
    }
}

use arcane_shared::roster::Dollars;

use super::*;
use crate::config::Notify;
use crate::notify::sight::Failures;

/// A target that is told of waits after 30 s, and at most once a minute, unless it says otherwise.
fn target(lines: &str) -> NotifyTarget {
    let text =
        format!("[[notify]]\nname = \"phone\"\nkind = \"ntfy\"\nurl = \"http://n.example/t\"\n{lines}");
    let mut table: toml::Table = text.parse().unwrap();
    Notify::read(table.remove("notify").unwrap()).unwrap().targets()[0].clone()
}

/// Rooms as they change, and what is told of them.
struct Lab {
    watch: Watch,
    seq: Seq,
    budgets: Vec<Spent>,
}

impl Lab {
    fn new(targets: &[NotifyTarget]) -> Self {
        let mut lab = Self { watch: Watch::new(targets, 0), seq: 0, budgets: vec![] };
        lab.see("main", &[], 0, 0);
        lab
    }

    /// A room has these waits: daemon, event, since when in seconds; and so many failures of claude.
    fn see(&mut self, room: &str, waits: &[(&str, Seq, u64)], failures: u64, at_s: u64) -> Vec<String> {
        self.seq += 1;
        let room: RoomName = room.parse().unwrap();
        let waits = waits.iter().map(|(daemon, seq, since)| OpenWait {
            room: room.clone(),
            daemon: daemon.parse().unwrap(),
            reason: format!("{daemon}-{seq}"),
            place: String::new(),
            request: None,
            expires_at: None,
            since: since * 1000,
            seq: *seq,
        });
        let failed = Failures { daemon: "claude".parse().unwrap(), count: failures, last: "a test".into() };
        let sight = Sight {
            budgets: self.budgets.clone(),
            epoch: Epoch("e".into()),
            seq: self.seq,
            waits: waits.collect(),
            failures: if failures == 0 { vec![] } else { vec![failed] },
            room,
        };
        self.look(vec![sight], at_s)
    }

    fn look(&mut self, changed: Vec<Sight>, at_s: u64) -> Vec<String> {
        let told = self.watch.look(changed, |_| true, at_s * 1000);
        let line = |happening: &Happening| match happening {
            Happening::Wait(wait) => wait.reason.clone(),
            Happening::Storm(storm) => format!("storm of {}", storm.daemon),
            Happening::Budget(spent) => format!("{} % of {}", spent.percent, spent.daemon),
        };
        told.iter()
            .map(|(n, all)| format!("{n}: {}", all.iter().map(line).collect::<Vec<_>>().join(", ")))
            .collect()
    }

    /// All that is told while nothing changes, with the second in which it is.
    fn pass(&mut self, from_s: u64, to_s: u64) -> Vec<String> {
        let each = (from_s..=to_s).map(|at| (at, self.look(vec![], at)));
        each.flat_map(|(at, told)| told.into_iter().map(move |told| format!("{at} {told}"))).collect()
    }
}

#[test]
fn a_wait_is_told_once_and_only_after_its_time() {
    let mut lab = Lab::new(&[target("")]);
    assert!(lab.see("main", &[("claude", 5, 10)], 0, 10).is_empty());
    assert_eq!(lab.pass(11, 300), ["43 0: claude-5"]);
    // An event of something else.
    assert!(lab.see("main", &[("claude", 5, 10)], 0, 301).is_empty());
    assert!(lab.pass(302, 400).is_empty());
}

#[test]
fn a_wait_that_ended_before_is_not_told() {
    let mut lab = Lab::new(&[target("")]);
    lab.see("main", &[("claude", 5, 10)], 0, 10);
    assert!(lab.pass(11, 41).is_empty());
    assert!(lab.see("main", &[], 0, 42).is_empty());
    assert!(lab.pass(43, 200).is_empty());
}

#[test]
fn waits_that_begin_together_are_one_message() {
    let mut lab = Lab::new(&[target("")]);
    lab.see("main", &[("claude", 5, 10)], 0, 10);
    lab.see("lab", &[("codex", 1, 11)], 0, 11);
    lab.see("main", &[("claude", 5, 10), ("gemini", 6, 13), ("qwen", 7, 14)], 0, 14);
    assert_eq!(lab.pass(15, 200), ["43 0: claude-5, codex-1, gemini-6", "103 0: qwen-7"]);
}

#[test]
fn what_comes_within_the_interval_is_summed_up_if_it_still_goes_on() {
    let mut lab = Lab::new(&[target("after_s = 0\nmin_interval_s = 60")]);
    lab.see("main", &[("claude", 5, 10)], 0, 10);
    assert_eq!(lab.pass(11, 19), ["13 0: claude-5"]);
    lab.see("main", &[("claude", 5, 10), ("codex", 6, 20)], 0, 20);
    lab.see("main", &[("claude", 5, 10), ("codex", 6, 20), ("qwen", 7, 30)], 0, 30);
    // One of them was answered meanwhile.
    lab.see("main", &[("claude", 5, 10), ("codex", 6, 20), ("gemini", 8, 40)], 0, 40);
    assert_eq!(lab.pass(41, 200), ["73 0: codex-6, gemini-8"]);
}

#[test]
fn what_was_due_before_the_start_is_not_told_again() {
    let mut lab = Lab { watch: Watch::new(&[target("")], 100_000), seq: 0, budgets: vec![] };
    lab.see("main", &[("claude", 5, 10), ("codex", 6, 80)], 0, 101);
    assert_eq!(lab.pass(102, 300), ["113 0: codex-6"]);
}

#[test]
fn a_room_that_is_made_anew_tells_its_own_waits() {
    let mut lab = Lab::new(&[target("after_s = 0\nmin_interval_s = 0")]);
    lab.see("main", &[("claude", 50, 10)], 0, 10);
    assert_eq!(lab.pass(11, 20), ["13 0: claude-50"]);
    lab.watch.look(vec![], |_| false, 20_000);
    lab.see("main", &[("claude", 2, 21)], 0, 21);
    assert_eq!(lab.pass(22, 40), ["24 0: claude-2"]);
}

#[test]
fn each_target_is_told_of_what_it_is_for() {
    let targets = [
        target("on = [\"waiting\"]\nrooms = [\"lab\"]\nafter_s = 0"),
        target("on = [\"failures\"]"),
        target("daemons = [\"codex\"]\nafter_s = 5"),
    ];
    let mut lab = Lab::new(&targets);
    lab.see("lab", &[("codex", 1, 10)], 0, 10);
    lab.see("main", &[("claude", 9, 10)], 1, 10);
    lab.see("main", &[("claude", 9, 10)], 8, 12);
    assert_eq!(lab.pass(13, 200), ["13 0: codex-1", "15 1: storm of claude", "18 2: codex-1"]);
}

#[test]
fn waits_and_storms_share_a_message() {
    let mut lab = Lab::new(&[target("after_s = 0")]);
    lab.see("main", &[("claude", 5, 10)], 1, 10);
    lab.see("main", &[("claude", 5, 10)], 9, 11);
    assert_eq!(lab.pass(12, 60), ["13 0: claude-5, storm of claude"]);
}

fn spent(percent: u64, at_s: u64, seq: Seq) -> Spent {
    Spent {
        room: RoomName::default(),
        daemon: "claude".parse().unwrap(),
        percent,
        spent_usd: Dollars::nearest(4.0),
        budget_usd: Dollars::nearest(5.0),
        at: at_s * 1000,
        seq,
    }
}

#[test]
fn each_mark_of_a_budget_is_told_once() {
    let mut lab = Lab::new(&[target("min_interval_s = 0")]);
    lab.budgets = vec![spent(80, 10, 7)];
    lab.see("main", &[], 0, 10);
    lab.see("main", &[], 0, 11);
    assert_eq!(lab.pass(12, 20), ["13 0: 80 % of claude"]);
    lab.budgets = vec![spent(100, 30, 9)];
    lab.see("main", &[], 0, 30);
    assert_eq!(lab.pass(31, 40), ["33 0: 100 % of claude"]);
    // The budget was changed: what was told holds no longer.
    lab.budgets = vec![spent(0, 50, 11)];
    lab.see("main", &[], 0, 50);
    assert!(lab.pass(51, 60).is_empty());
}

#[test]
fn what_was_told_of_a_budget_before_the_start_is_not_told_again() {
    let mut lab = Lab { watch: Watch::new(&[target("")], 100_000), seq: 0, budgets: vec![spent(80, 90, 7)] };
    lab.see("main", &[], 0, 101);
    assert!(lab.pass(102, 110).is_empty());
}

#[test]
fn no_more_is_kept_for_later_than_may_be() {
    let mut told = Told { target: target(""), through: BTreeMap::new(), later: VecDeque::new(), at: None };
    for n in 0..2 * LATER_MAX as u64 {
        told.note(n, Happening::Budget(spent(80, 1, n)));
    }
    assert_eq!((told.later.len(), told.later[0].0), (LATER_MAX, LATER_MAX as u64));
}

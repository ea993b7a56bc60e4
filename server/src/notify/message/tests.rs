use arcane_shared::roster::Dollars;

use super::*;
use crate::notify::sight::OpenWait;
use crate::notify::watch::Storm;

fn wait(room: &str, daemon: &str, reason: &str, request: Option<&str>) -> Happening {
    Happening::Wait(OpenWait {
        room: room.parse().unwrap(),
        daemon: daemon.parse().unwrap(),
        reason: reason.into(),
        place: if reason.is_empty() { String::new() } else { "webshop on kestrel".into() },
        request: request.map(Into::into),
        expires_at: request.map(|_| 60_000),
        since: 0,
        seq: 1,
    })
}

fn storm(daemon: &str) -> Happening {
    Happening::Storm(Storm {
        room: RoomName::default(),
        daemon: daemon.parse().unwrap(),
        last: "cargo test: exit code 101".into(),
    })
}

fn budget(percent: u64) -> Happening {
    Happening::Budget(Spent {
        room: RoomName::default(),
        daemon: "claude".parse().unwrap(),
        percent,
        spent_usd: Dollars::nearest(4.123),
        budget_usd: Dollars::nearest(5.0),
        at: 0,
        seq: 1,
    })
}

fn told(happenings: &[Happening]) -> String {
    let Message { kind, title, text, count, room, daemon, shows } = Message::of(happenings);
    format!("{title}\n{text}\n[{kind} {count} {room:?} {daemon:?} {shows:?}]")
}

#[test]
fn a_message_says_who_waits_and_for_what() {
    insta::assert_snapshot!(told(&[wait("main", "claude", "git push", Some("r1"))]), @r#"
    claude waits for you
    claude: git push (webshop on kestrel)
    [waiting 1 "main" "claude" Request(RoomName("main"), "r1", 60000)]
    "#);
    insta::assert_snapshot!(told(&[wait("main", "claude", "", None)]), @r#"
    claude waits for you
    claude: waits for an answer
    [waiting 1 "main" "claude" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
    insta::assert_snapshot!(told(&[wait("main", "claude", "git push", None), wait("main", "claude", "rm x", Some("r2"))]), @r#"
    claude waits for you: 2 questions
    claude: git push (webshop on kestrel)
    claude: rm x (webshop on kestrel)
    [waiting 2 "main" "claude" Request(RoomName("main"), "r2", 60000)]
    "#);
    insta::assert_snapshot!(told(&[wait("main", "claude", "git push", None), wait("lab", "codex", "rm x", None)]), @r#"
    claude, codex wait for you: 2 questions
    claude: git push (webshop on kestrel)
    codex: rm x (webshop on kestrel)
    [waiting 2 "" "" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
    insta::assert_snapshot!(told(&[storm("claude")]), @r#"
    claude fails again and again
    claude: more than 5 failures within a minute, the last: cargo test: exit code 101
    [failures 1 "main" "claude" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
    insta::assert_snapshot!(told(&[storm("claude"), storm("codex")]), @r#"
    claude, codex fail again and again
    claude: more than 5 failures within a minute, the last: cargo test: exit code 101
    codex: more than 5 failures within a minute, the last: cargo test: exit code 101
    [failures 2 "main" "" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
    insta::assert_snapshot!(told(&[wait("main", "claude", "git push", None), storm("codex")]), @r#"
    claude, codex: 1 question, failures
    claude: git push (webshop on kestrel)
    codex: more than 5 failures within a minute, the last: cargo test: exit code 101
    [several 2 "main" "" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
}

#[test]
fn a_message_says_what_is_spent() {
    insta::assert_snapshot!(told(&[budget(80)]), @r#"
    claude: most of the budget of today is spent
    claude: 80 % of its budget of today: $4.12 of $5.00
    [budget 1 "main" "claude" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
    insta::assert_snapshot!(told(&[budget(100)]), @r#"
    claude: the budget of today is spent
    claude: 100 % of its budget of today: $4.12 of $5.00
    [budget 1 "main" "claude" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
    insta::assert_snapshot!(told(&[storm("claude"), budget(100)]), @r#"
    claude: failures, budgets
    claude: more than 5 failures within a minute, the last: cargo test: exit code 101
    claude: 100 % of its budget of today: $4.12 of $5.00
    [several 2 "main" "claude" Daemon(RoomName("main"), DaemonName("claude"))]
    "#);
}

#[test]
fn a_message_about_many_counts_those_that_it_does_not_name() {
    let many: Vec<_> = (0..25).map(|n| wait("main", &format!("d{n}"), "git push", None)).collect();
    let message = Message::of(&many);
    assert_eq!(message.title, "25 agents wait for you: 25 questions");
    assert_eq!(message.text.lines().count(), LINES_MAX + 1);
    assert!(message.text.ends_with("\nand 15 more"), "{}", message.text);
}

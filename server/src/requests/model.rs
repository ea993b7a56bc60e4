//! Any interleaving of agents, terminal, two pages, the log, a stop and time gives each request one end and each agent one answer.

use std::collections::BTreeMap;

use arcane_shared::api::{Choice, ChoiceKind};
use arcane_shared::{DaemonName, Metadata, RoomName};
use proptest::prelude::*;

use super::ask::{Ask, Bounds, Refused};
use super::end::{Decision, End, Via};
use super::open::{Answered, OpenRequests};
use super::{Millis, RequestId};

const SESSIONS: [&str; 2] = ["s1", "s2"];

#[derive(Debug, Clone)]
enum Step {
    Ask { session: usize, lasts: u64, has_prompt: bool },
    LogTold { request: usize, takes: bool },
    Rule { request: usize, allows: bool },
    Answer { request: usize, decision: Decision, page: usize },
    GoesOn { request: usize },
    SessionEnds { session: usize },
    HookLeaves { request: usize },
    LogTakes { claim: usize },
    LogRefuses { claim: usize },
    Restart,
    Time { ms: u64, is_watched: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let decision = prop_oneof![
        Just(Decision::Allow),
        Just(Decision::Deny(None)),
        Just(Decision::Deny(Some("no".into()))),
        Just(Decision::Option("always".into())),
        Just(Decision::Option("never offered".into())),
    ];
    prop_oneof![
        4 => (0..2_usize, 0..500_u64, any::<bool>())
            .prop_map(|(session, lasts, has_prompt)| Step::Ask { session, lasts, has_prompt }),
        5 => (0..20_usize, prop::bool::weighted(0.9)).prop_map(|(request, takes)| Step::LogTold { request, takes }),
        2 => (0..20_usize, any::<bool>()).prop_map(|(request, allows)| Step::Rule { request, allows }),
        5 => (0..20_usize, decision, 0..2_usize)
            .prop_map(|(request, decision, page)| Step::Answer { request, decision, page }),
        2 => (0..20_usize).prop_map(|request| Step::GoesOn { request }),
        1 => (0..2_usize).prop_map(|session| Step::SessionEnds { session }),
        2 => (0..20_usize).prop_map(|request| Step::HookLeaves { request }),
        5 => (0..5_usize).prop_map(|claim| Step::LogTakes { claim }),
        1 => (0..5_usize).prop_map(|claim| Step::LogRefuses { claim }),
        1 => Just(Step::Restart),
        2 => (0..300_u64, prop::bool::weighted(0.8)).prop_map(|(ms, is_watched)| Step::Time { ms, is_watched }),
    ]
}

#[derive(Default)]
struct World {
    requests: OpenRequests,
    now: Millis,
    /// Those that were taken, and what each asks.
    asked: Vec<(RequestId, Ask)>,
    /// Those that the log was told of.
    told: Vec<RequestId>,
    /// Ends that the log has to take or refuse.
    claims: Vec<(RequestId, End)>,
    /// What the log has.
    ends: BTreeMap<RequestId, Vec<End>>,
    /// What each hook heard; gone hooks hear nothing more.
    heard: BTreeMap<RequestId, Vec<Decision>>,
    gone: Vec<RequestId>,
    /// Hooks that left while an answer was on its way.
    left: Vec<RequestId>,
    /// Requests that something has ended without an answer.
    over: Vec<RequestId>,
    /// Requests that rules have answered: nothing told of them before.
    ruled: Vec<RequestId>,
    /// Ends that were forgotten with a run of the server.
    forgotten: Vec<RequestId>,
}

pub(super) fn choice(id: &str, kind: ChoiceKind) -> Choice {
    Choice { id: id.into(), label: id.into(), kind }
}

pub(super) fn ask(session: usize, expires_at: Millis) -> Ask {
    Ask {
        room: RoomName::default(),
        daemon: DaemonName::parse("claude").unwrap(),
        why: "permission".into(),
        task: "Bash: push".into(),
        tool: Some("Bash".into()),
        input: Some(r#"{"command":"push"}"#.into()),
        options: [
            choice("allow", ChoiceKind::Allow),
            choice("always", ChoiceKind::AllowAlways),
            choice("deny", ChoiceKind::Deny),
        ]
        .into(),
        told_labels: [].into(),
        takes_message: true,
        fields: [].into(),
        has_prompt: true,
        ends_hook_when_denied: true,
        about: Metadata::from_iter([("session".to_owned(), SESSIONS[session].into())]),
        expires_at,
        untold: None,
    }
}

impl World {
    fn id(&self, request: usize) -> Option<RequestId> {
        self.asked.get(request % self.asked.len().max(1)).map(|(id, _)| id.clone())
    }

    fn end(&mut self, id: &str, via: Via) {
        let claimed = self.requests.end(id, via, self.now);
        self.over.push(id.into());
        self.claims.extend(claimed.map(|end| (id.into(), end)));
    }

    fn ask(&mut self, session: usize, lasts: u64, has_prompt: bool) {
        let id: RequestId = format!("r{}", self.asked.len()).into();
        let ask = Ask { has_prompt, ..ask(session, self.now + lasts) };
        if self.requests.open(&id, ask.clone(), true, self.now).is_ok() {
            self.asked.push((id, ask));
        }
    }

    fn answer(&mut self, id: RequestId, decision: &Decision, page: usize) {
        let by = Some(["ada", "grace"][page]);
        match self.requests.answer(&id, decision, by, Via::Stage, self.now) {
            Answered::Claimed(end) => {
                assert!(self.told.contains(&id) && !self.gone.contains(&id));
                self.claims.push((id, end));
            }
            Answered::Same(end) | Answered::Other(end) => assert_eq!(self.ends[&id][0], end),
            Answered::UnderWay => assert!(self.claims.iter().any(|(claimed, _)| *claimed == id)),
            Answered::NotHeld => {
                let is_over = self.gone.contains(&id) || self.over.contains(&id);
                assert!(is_over || !self.told.contains(&id));
            }
            Answered::NotOffered => assert_eq!(decision.word(), "never offered"),
            Answered::Unknown => assert!(self.forgotten.contains(&id), "every request is known"),
        }
    }

    fn rule(&mut self, id: RequestId, allows: bool) {
        let decision = if allows { Decision::Allow } else { Decision::Deny(Some("no".into())) };
        if let Some(end) = self.requests.rule(&id, decision, "tests".into(), self.now) {
            assert!(!self.gone.contains(&id) && !self.over.contains(&id));
            self.ruled.push(id.clone());
            self.claims.push((id, end));
        } else if !self.ruled.contains(&id) {
            self.never_was(id);
        }
    }

    /// Nothing tells of a request, and its hook hears nothing.
    fn never_was(&mut self, id: RequestId) {
        self.requests.abandon(&id);
        self.gone.push(id.clone());
        self.forgotten.push(id);
    }

    fn leave(&mut self, id: &RequestId) {
        if self.requests.let_go(id) {
            self.gone.push(id.clone());
            self.end(id, Via::Terminal);
        } else {
            self.left.push(id.clone());
        }
    }

    fn log_takes(&mut self, claim: usize) {
        let (id, end) = self.claims.remove(claim % self.claims.len());
        let settled = self.requests.settle(&id).expect("a claim stays until it is settled or dropped");
        assert_eq!(settled.end, end);
        if let Some(told) = settled.told {
            assert!(!self.gone.contains(&id), "a hook that is gone hears nothing");
            self.heard.entry(id.clone()).or_default().extend(told);
            self.gone.push(id.clone());
        }
        self.ends.entry(id).or_default().push(end);
    }

    /// The server stops and comes back: hooks hear nothing, what the log has not taken is lost, and what is open is known from the log.
    fn restart(&mut self) {
        self.claims.clear();
        self.gone.extend(self.asked.iter().map(|(id, _)| id.clone()));
        let old = std::mem::replace(&mut self.requests, OpenRequests::new(Bounds::default()));
        for (id, ask) in &self.asked {
            if !self.told.contains(id) || self.ends.contains_key(id) {
                self.forgotten.push(id.clone());
                continue;
            }
            let asked_at = old.get(id).map_or(0, |request| request.asked_at);
            self.requests.open(id, Ask { input: None, ..ask.clone() }, false, asked_at).unwrap();
            self.requests.announce(id, 7, self.now);
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Ask { session, lasts, has_prompt } => self.ask(*session, *lasts, *has_prompt),
            Step::LogTold { request, takes } => {
                let Some(id) = self.id(*request) else { return };
                if self.told.contains(&id) || self.requests.get(&id).is_none() {
                    return;
                }
                if *takes && !self.claims.iter().any(|(claimed, _)| *claimed == id) {
                    let over = self.requests.announce(&id, 7, self.now);
                    self.claims.extend(over.map(|end| (id.clone(), end)));
                    self.told.push(id);
                } else if !takes && !self.claims.iter().any(|(claimed, _)| *claimed == id) {
                    self.never_was(id);
                }
            }
            Step::Rule { request, allows } => {
                let Some(id) = self.id(*request) else { return };
                if !self.told.contains(&id) && self.requests.get(&id).is_some() {
                    self.rule(id, *allows);
                }
            }
            Step::Answer { request, decision, page } => {
                let Some(id) = self.id(*request) else { return };
                self.answer(id, decision, *page);
            }
            Step::GoesOn { request } => {
                let Some(id) = self.id(*request) else { return };
                self.end(&id, Via::Terminal);
            }
            Step::SessionEnds { session } => {
                let of = |ask: &Ask| ask.session() == Some(SESSIONS[*session]);
                let ids: Vec<_> =
                    self.asked.iter().filter(|(_, ask)| of(ask)).map(|(id, _)| id.clone()).collect();
                ids.iter().for_each(|id| self.end(id, Via::Withdrawn));
            }
            Step::HookLeaves { request } => {
                let Some(id) = self.id(*request) else { return };
                self.leave(&id);
            }
            Step::LogTakes { claim } if !self.claims.is_empty() => self.log_takes(*claim),
            Step::LogRefuses { claim } if !self.claims.is_empty() => {
                let (id, _) = self.claims.remove(claim % self.claims.len());
                if self.ruled.contains(&id) {
                    self.never_was(id);
                } else if self.requests.drop_claim(&id) || self.left.contains(&id) {
                    self.gone.push(id);
                }
            }
            Step::LogTakes { .. } | Step::LogRefuses { .. } => {}
            Step::Restart => self.restart(),
            Step::Time { ms, is_watched } => {
                self.now += ms;
                let due = self.requests.due(self.now, |_| *is_watched);
                self.over.extend(due.iter().map(|(id, _)| id.clone()));
                self.claims.extend(due);
            }
        }
        self.check();
    }

    fn check(&self) {
        for ends in self.ends.values() {
            assert_eq!(ends.len(), 1, "one end each");
        }
        for (id, heard) in &self.heard {
            assert!(heard.len() <= 1, "one answer each");
            assert_eq!(heard.first(), self.ends[id][0].decision.as_ref(), "the agent hears what the log has");
        }
        for (id, _) in &self.claims {
            assert!(self.told.contains(id) || self.ruled.contains(id), "an end is told after its question");
        }
        let mut claimed: Vec<_> = self.claims.iter().map(|(id, _)| id).collect();
        claimed.sort();
        claimed.dedup();
        assert_eq!(claimed.len(), self.claims.len(), "one claim each");
    }
}

proptest! {
    #[test]
    fn each_request_has_one_end_and_each_agent_one_answer(steps in proptest::collection::vec(step(), 0..150)) {
        let mut world = World::default();
        for step in &steps {
            world.take(step);
        }
        // In the end the log takes everything, and time goes by.
        for request in 0..world.asked.len() {
            world.take(&Step::LogTold { request, takes: true });
        }
        while !world.claims.is_empty() {
            world.take(&Step::LogTakes { claim: 0 });
        }
        world.take(&Step::Time { ms: 1_000, is_watched: true });
        while !world.claims.is_empty() {
            world.take(&Step::LogTakes { claim: 0 });
        }
        for id in &world.told {
            prop_assert!(world.ends.contains_key(id), "{} has no end", id);
        }
        prop_assert_eq!(world.requests.iter().count(), 0);
        prop_assert_eq!(world.requests.input_bytes(), 0);
    }
}

#[test]
fn what_is_beyond_a_bound_is_refused_and_changes_nothing() {
    let bounds = Bounds { open_max: 2, session_max: 1, input_bytes_max: 20, ..Bounds::default() };
    let mut requests = OpenRequests::new(bounds);
    let large = Ask { input: Some("x".repeat(21).into()), ..ask(0, 9) };
    assert_eq!(requests.open("a", large, true, 0), Err(Refused::TooLarge));
    let options = (0..1_000).map(|n| choice(&n.to_string(), ChoiceKind::Answer)).collect();
    assert_eq!(requests.open("a", Ask { options, ..ask(0, 9) }, true, 0), Err(Refused::TooManyOptions));
    let options = [choice(&"x".repeat(513), ChoiceKind::Answer)].into();
    assert_eq!(requests.open("a", Ask { options, ..ask(0, 9) }, true, 0), Err(Refused::TooManyOptions));
    assert_eq!(requests.open("a", ask(0, 9), true, 0), Ok(()));
    assert_eq!(requests.open("a", ask(1, 9), true, 0), Err(Refused::KnownId));
    assert_eq!(requests.open("b", ask(0, 9), true, 0), Err(Refused::TooManyOfSession));
    assert_eq!(requests.open("b", ask(1, 9), true, 0), Ok(()));
    let other = Ask { about: Metadata::new(), ..ask(0, 9) };
    assert_eq!(requests.open("c", other, true, 0), Err(Refused::TooMany));
}

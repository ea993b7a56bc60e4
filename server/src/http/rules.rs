//! Rules that answer what agents ask: listed, tried on what people answered before, added and removed.

use arcane_shared::api::{
    AnsweredOtherwise, RuleBody, RuleCard, RuleDone, RuleOrigin, RulesAnswer, RulesTest, RulesTestAnswer,
    SuggestedRule,
};
use arcane_shared::{EventFilter, Problem, RoomName, SpellName};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::allowed::Allowed;
use super::audited::Act;
use super::body::JsonBody;
use super::error::ApiError;
use super::named::Named;
use crate::bus::history::{HistoryQuery, Order};
use crate::config::{self, Rehearsal, Rule, WrongRule, rehearse, suggest};
use crate::gate::pass::{Admin, Answer};
use crate::gate::rights::Right;
use crate::ingest::asking::Answers;
use crate::query::Pairs;
use crate::requests::NotChanged;

/// Most events of a room that are looked at for what people answered, the newest.
const EVENTS_MAX: usize = 20_000;
/// Events of one look at the log.
const PAGE: usize = 1_000;
/// Most rules that are tried at once.
const RULES_MAX: usize = 256;

/// Lists the rules that hold, and suggests others by what people answered in a room.
#[utoipa::path(get, path = "/rules", operation_id = "list_rules", tag = "requests", params(
    ("room" = Option<String>, Query, description = "Whose answers suggestions are made of. Default `main`"),
), responses(
    (status = 200, body = RulesAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "The subject asks too many questions at a time; `Retry-After` says when to go on", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be read at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn list(state: Allowed<Answer>, query: Pairs) -> Result<Json<RulesAnswer>, ApiError> {
    let answers = answers(&state, query.room()?).await?;
    let past = answers.past();
    let rules = state.requests.rules();
    let of_suggestion = |suggestion: config::Suggestion| {
        let rule = std::slice::from_ref(&suggestion.rule);
        let latest = past.iter().find(|past| config::decide(rule, &past.question).is_some());
        SuggestedRule {
            sentence: suggestion.to_string(),
            times: suggestion.times as u64,
            request_id: latest.map(|past| past.id.to_owned()).unwrap_or_default(),
            rule: suggestion.rule.body(),
        }
    };
    let suggestions = suggest(&rules, &past).into_iter().map(of_suggestion).collect();
    let may_add = state.pass().check(Right::Admin).is_ok() && state.pass().check_all_rooms().is_ok();
    Ok(Json(RulesAnswer { rules: state.requests.rule_cards(), suggestions, may_add }))
}

/// Tries rules on what people were asked in a room and answered from here, as far as the log tells it whole. Nothing is answered, and no rule is added.
#[utoipa::path(post, path = "/rules/test", operation_id = "test_rules", tag = "requests", params(
    ("room" = Option<String>, Query, description = "Default `main`"),
), request_body = RulesTest, responses(
    (status = 200, body = RulesTestAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A rule cannot be used: `errors` says which field, and what would be right", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "The subject asks too many questions at a time; `Retry-After` says when to go on", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be read at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn test(
    state: Allowed<Answer>,
    query: Pairs,
    JsonBody(RulesTest { rules }): JsonBody<RulesTest>,
) -> Result<Json<RulesTestAnswer>, ApiError> {
    if rules.len() > RULES_MAX {
        return Err(ApiError::field("/rules", format!("has at most {RULES_MAX} rules")));
    }
    let rules = rules.iter().enumerate().map(|(n, body)| read(body, &format!("/rules/{n}")));
    let rules: Vec<Rule> = rules.collect::<Result<_, _>>()?;
    let answers = answers(&state, query.room()?).await?;
    Ok(Json(told(&rehearse(&rules, &answers.past()), &answers)))
}

/// Adds a rule, which holds at once, in all rooms, and after a restart.
#[utoipa::path(post, path = "/rules", operation_id = "add_rule", tag = "requests", request_body = RuleBody, responses(
    (status = 201, body = RuleCard),
    (status = 409, description = "Another rule has its name, or there are as many as may be", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It is no rule: `errors` says which field, and what would be right", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot keep it at the moment; it does not hold", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn add(
    state: Allowed<Admin>,
    JsonBody(body): JsonBody<RuleBody>,
) -> Result<Response, ApiError> {
    state.pass().check_all_rooms()?;
    let rule = read(&body, "")?;
    if rule.name == "test" {
        return Err(ApiError::field("/name", "\"test\" is what /rules/test is for; take another one"));
    }
    let card = RuleCard { rule: rule.body(), origin: RuleOrigin::Added };
    state.requests.add_rule(rule)?;
    let mut answer = (StatusCode::CREATED, Json(card)).into_response();
    answer.extensions_mut().insert(Act { subject: state.pass().grant().subject.to_string() });
    Ok(answer)
}

/// Removes a rule that was added.
#[utoipa::path(delete, path = "/rules/{name}", operation_id = "remove_rule", tag = "requests", params(
    ("name" = String, Path, description = "Its name"),
), responses(
    (status = 204, description = "It holds no longer"),
    (status = 404, description = "No such rule", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is the configuration's", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot forget it at the moment; it holds on", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn remove(state: Allowed<Admin>, Named(name): Named) -> Result<StatusCode, ApiError> {
    state.pass().check_all_rooms()?;
    state.requests.remove_rule(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What people answered in a room, as its log tells.
async fn answers(state: &Allowed<Answer>, room: RoomName) -> Result<Answers, ApiError> {
    let room = state.changed(room)?;
    state.pass().check_whole()?;
    let _turn = state.query().await?;
    let there = state.bus.room_info(&room)?;
    let filter = EventFilter { spell: [SpellName::Voice].into(), ..EventFilter::default() };
    let (mut answers, mut before, mut left) = (Answers::default(), there.head + 1, EVENTS_MAX);
    while left > 0 {
        let wanted = HistoryQuery {
            room: there.id,
            after: None,
            before: Some(before),
            limit: PAGE,
            bytes_max: None,
            order: Order::Descending,
            filter: filter.clone(),
            text: None,
            time: state.query_time(),
        };
        let page = state.bus.history()?.page(wanted).await?;
        for event in &page.events {
            before = event.seq;
            // Most events of a voice are no question.
            if event.json.contains("\"request_id\"")
                && let Ok(event) = serde_json::from_str(&event.json)
            {
                answers.take(&event);
            }
        }
        left = left.saturating_sub(page.events.len());
        if !page.more || page.events.is_empty() {
            break;
        }
    }
    Ok(answers)
}

fn told(rehearsal: &Rehearsal, answers: &Answers) -> RulesTestAnswer {
    let task = |id: &str| answers.known.iter().find(|one| *one.id == *id).map(|one| one.task.to_string());
    let against = rehearsal.against_human.iter().map(|against| AnsweredOtherwise {
        request_id: against.id.clone(),
        task: task(&against.id).unwrap_or_default(),
        rule: against.rule.clone(),
        decision: if against.human == config::Answer::Allowed { "allow" } else { "deny" }.into(),
    });
    let rules = rehearsal.rules.iter().map(|count| RuleDone {
        rule: count.rule.clone(),
        decided: count.decided as u64,
        against: count.against_human as u64,
    });
    RulesTestAnswer {
        sentence: rehearsal.to_string(),
        asked: rehearsal.asked as u64,
        not_whole: answers.not_whole as u64,
        would_answer: rehearsal.would_answer as u64,
        same: rehearsal.same_as_human as u64,
        against: against.collect(),
        rules: rules.collect(),
    }
}

/// A rule of a body. `pointer` says where it is in that.
fn read(body: &RuleBody, pointer: &str) -> Result<Rule, ApiError> {
    Rule::of(body).map_err(|WrongRule { place, detail }| {
        let field = place.rsplit(": ").next().unwrap_or_default();
        ApiError::field(&format!("{pointer}/{field}"), detail)
    })
}

impl From<NotChanged> for ApiError {
    fn from(error: NotChanged) -> Self {
        let (status, kind) = match &error {
            NotChanged::Taken(_) | NotChanged::Full | NotChanged::OfFile(_) => {
                (StatusCode::CONFLICT, "rule-refused")
            }
            NotChanged::Unknown(_) => (StatusCode::NOT_FOUND, "no-such-rule"),
            NotChanged::Log(_) => (StatusCode::SERVICE_UNAVAILABLE, "log"),
        };
        Self::new(status, kind, error.to_string())
    }
}

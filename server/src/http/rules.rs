//! Rules that answer what agents ask: listed, tried on what people answered before, added and removed.

use arcane_shared::api::{
    AnsweredOtherwise, RuleCard, RuleDone, RuleList, RuleOrigin, RulesAdded, RulesAddedAnswer, RulesAnswer,
    RulesTestAnswer, RulesToAdd, SuggestedRule,
};
use arcane_shared::{EventFilter, Problem, RoomName, SpellName};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::allowed::Allowed;
use super::audited::Act;
use super::body::JsonBody;
use super::error::ApiError;
use super::named::Named;
use crate::bus::history::{HistoryQuery, Order};
use crate::config::{self, RULES_MAX, Rehearsal, Rule, Rules, WrongKey, rehearse, suggest};
use crate::gate::pass::{Admin, Answer};
use crate::gate::rights::Right;
use crate::ingest::asking::{Answers, doubts};
use crate::query::Pairs;
use crate::requests::NotChanged;

/// Most events of a room that are looked at for what people answered, the newest.
const EVENTS_MAX: usize = 20_000;
/// Events of one look at the log.
const PAGE: usize = 1_000;
/// Most characters of a key that an error repeats.
const KEY_CHARS_MAX: usize = 64;

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
    let cards = state.requests.rules_with_origin().into_iter().map(|(rule, origin)| card(&rule, origin));
    Ok(Json(RulesAnswer { rules: cards.collect(), suggestions, may_add }))
}

/// Tries rules on what people were asked in a room and answered from here, as far as the log tells it whole. Nothing is answered, and no rule is added.
#[utoipa::path(post, path = "/rules/test", operation_id = "test_rules", tag = "requests", params(
    ("room" = Option<String>, Query, description = "Default `main`"),
), request_body = RuleList, responses(
    (status = 200, body = RulesTestAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A rule cannot be used: `errors` says which field, and what would be right", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "The subject asks too many questions at a time; `Retry-After` says when to go on", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot be read at the moment", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn test(
    state: Allowed<Answer>,
    query: Pairs,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Json<RulesTestAnswer>, ApiError> {
    let rules = several(body)?;
    let answers = answers(&state, query.room()?).await?;
    Ok(Json(told(&rules, &rehearse(&rules, &answers.past()), &answers)))
}

/// Adds a rule, or a list of rules: all of them, or none. What is added holds at once, in all rooms, and after a restart.
#[utoipa::path(post, path = "/rules", operation_id = "add_rule", tag = "requests", request_body = RulesToAdd, responses(
    (status = 201, body = RulesAddedAnswer),
    (status = 409, description = "Another rule has the name of one of them, or there would be more than may be: none was added", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "One of them is no rule: `errors` says which field, and what would be right; none was added", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log cannot keep them at the moment: none was added", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn add(
    state: Allowed<Admin>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Response, ApiError> {
    state.pass().check_all_rooms()?;
    let is_list = body.contains_key("rules");
    let rules = if is_list { several(body)? } else { vec![one(body)?] };
    if let Some(at) = rules.iter().position(|rule| rule.name == "test") {
        let pointer = if is_list { format!("/rules/{at}/name") } else { "/name".into() };
        return Err(ApiError::field(&pointer, "\"test\" is what /rules/test is for; take another one"));
    }
    let mut cards: Vec<RuleCard> = rules.iter().map(|rule| card(rule, RuleOrigin::Added)).collect();
    state.requests.add_rules(rules).await?;
    let answer = match cards.pop() {
        Some(card) if !is_list => RulesAddedAnswer::One(Box::new(card)),
        last => RulesAddedAnswer::Several(RulesAdded { rules: cards.into_iter().chain(last).collect() }),
    };
    let mut answer = (StatusCode::CREATED, Json(answer)).into_response();
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
    state.requests.remove_rule(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What people answered in a room, as its log tells.
async fn answers(state: &Allowed<Answer>, room: RoomName) -> Result<Answers, ApiError> {
    let room = state.changed(room)?;
    state.pass().check_whole()?;
    let _turn = state.query().await?;
    let there = state.bus.room_info_now(&room).await?;
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

fn told(tried: &[Rule], rehearsal: &Rehearsal, answers: &Answers) -> RulesTestAnswer {
    let task = |id: &str| answers.known.iter().find(|one| *one.id == *id).map(|one| one.task.to_string());
    let against = rehearsal.against_human.iter().map(|against| AnsweredOtherwise {
        request_id: against.id.clone(),
        task: task(&against.id).unwrap_or_default(),
        rule: against.rule.clone(),
        decision: if against.human == config::Answer::Allowed { "allow" } else { "deny" }.into(),
    });
    let rules = tried.iter().zip(&rehearsal.rules).map(|(rule, count)| RuleDone {
        rule: count.rule.clone(),
        decided: count.decided as u64,
        against: count.against_human as u64,
        warnings: doubts(rule),
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

fn card(rule: &Rule, origin: RuleOrigin) -> RuleCard {
    RuleCard { rule: rule.body(), origin, warnings: doubts(rule) }
}

/// The rules of a body that has a list of them.
fn several(mut body: Map<String, Value>) -> Result<Vec<Rule>, ApiError> {
    let list = body.remove("rules");
    if let Some(key) = body.keys().next() {
        return Err(ApiError::field(&format!("/{}", step(key)), "is not known; there is \"rules\", a list"));
    }
    let Some(Value::Array(list)) = list else {
        return Err(ApiError::field("/rules", "is a list of rules: {\"rules\": [{\"name\": …}]}"));
    };
    if list.len() > RULES_MAX {
        return Err(ApiError::field("/rules", config::too_many(list.len())));
    }
    let table = |(at, value)| match value {
        Value::Object(body) => Ok(table(body)),
        _ => {
            Err(ApiError::field(&format!("/rules/{at}"), "is an object, with the keys of a [[rules]] table"))
        }
    };
    let tables = list.into_iter().enumerate().map(table).collect::<Result<_, _>>()?;
    Rules::of(tables).map(Rules::into_vec).map_err(|wrong| refused(&format!("/rules/{}", wrong.at), &wrong))
}

/// The rule that a body is.
fn one(body: Map<String, Value>) -> Result<Rule, ApiError> {
    Rule::read(table(body)).map_err(|wrong| refused("", &wrong))
}

fn refused(pointer: &str, WrongKey { key, detail, .. }: &WrongKey) -> ApiError {
    ApiError::field(&format!("{pointer}/{}", step(key)), detail)
}

/// A key as a step of a JSON pointer.
fn step(key: &str) -> String {
    key.chars().take(KEY_CHARS_MAX).collect::<String>().replace('~', "~0").replace('/', "~1")
}

/// A rule of a body, as the configuration would have it. `null` says nothing.
fn table(body: Map<String, Value>) -> toml::Table {
    let said = body.into_iter().filter(|(_, value)| !value.is_null());
    // What TOML has no form for is no value of a rule either.
    let of = |value| toml::Value::try_from(value).unwrap_or(toml::Value::Array(vec![]));
    said.map(|(key, value)| (key, of(value))).collect()
}

impl From<NotChanged> for ApiError {
    fn from(error: NotChanged) -> Self {
        let (status, kind) = match &error {
            NotChanged::Taken(_) | NotChanged::Full(_) | NotChanged::OfFile(_) => {
                (StatusCode::CONFLICT, "rule-refused")
            }
            NotChanged::Unknown(_) => (StatusCode::NOT_FOUND, "no-such-rule"),
            NotChanged::Log(_) => (StatusCode::SERVICE_UNAVAILABLE, "log"),
        };
        Self::new(status, kind, error.to_string())
    }
}

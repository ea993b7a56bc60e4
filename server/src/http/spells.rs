//! Casting: summon, invoke, banish, and natural language.

use arcane_shared::api::{
    CastAnswer, DaemonAnswer, DaemonRequest, DaemonsAnswer, ExamplesAnswer, InvokeRequest, ParseAnswer,
    ParsedSpell, SpellAction, SpellRequest, StatisticsAnswer,
};
use arcane_shared::event::{METADATA_DEPTH_MAX, depth};
use arcane_shared::roster::Window;
use arcane_shared::{Metadata, Problem};
use axum::Json;
use serde::Serialize;

use super::allowed::Allowed;
use super::body::JsonBody;
use super::daemons::Sight;
use super::error::ApiError;
use crate::gate::pass::{Cast, Subscribe};
use crate::realm::parser::{self, QueryScope};
use crate::realm::{self, PARAMETERS_BYTES_MAX, SPELL_CHARS_MAX, TASK_CHARS_MAX};

/// Brings a daemon into the realm.
#[utoipa::path(post, path = "/summon", tag = "spells", request_body = DaemonRequest, responses(
    (status = 200, body = CastAnswer),
    (status = 409, description = "It is already here, or the realm is full; a failure event tells of it", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The name cannot be used", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn summon(
    state: Allowed<Cast>,
    JsonBody(request): JsonBody<DaemonRequest>,
) -> Result<Json<CastAnswer>, ApiError> {
    state.count_named(&request.daemon_name)?;
    let answer = state.realm.summon(&request.daemon_name).await?;
    Ok(Json(seen(&state, answer)))
}

/// Gives a daemon a task and waits for its result.
#[utoipa::path(post, path = "/invoke", tag = "spells", request_body = InvokeRequest, responses(
    (status = 200, body = CastAnswer),
    (status = 409, description = "It is not here, or has spent its budget of the day; a failure event tells of it", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field cannot be used", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many tasks are under way, or the subject does more than it may", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "The daemon failed", body = Problem, content_type = "application/problem+json"),
    (status = 504, description = "The daemon took too long", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn invoke(
    state: Allowed<Cast>,
    JsonBody(request): JsonBody<InvokeRequest>,
) -> Result<Json<CastAnswer>, ApiError> {
    check_task(&request.task, &request.parameters)?;
    state.count_named(&request.daemon_name)?;
    let answer = state.realm.invoke(&request.daemon_name, &request.task, request.parameters).await?;
    Ok(Json(seen(&state, answer)))
}

/// Sends a daemon away.
#[utoipa::path(post, path = "/banish", tag = "spells", request_body = DaemonRequest, responses(
    (status = 200, body = CastAnswer),
    (status = 409, description = "It is not here; a failure event tells of it", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The name cannot be used", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn banish(
    state: Allowed<Cast>,
    JsonBody(request): JsonBody<DaemonRequest>,
) -> Result<Json<CastAnswer>, ApiError> {
    state.count_named(&request.daemon_name)?;
    let answer = state.realm.banish(&request.daemon_name).await?;
    Ok(Json(seen(&state, answer)))
}

/// Reads natural language as a spell without casting it.
#[utoipa::path(post, path = "/spell/parse", tag = "spells", request_body = SpellRequest, responses(
    (status = 200, body = ParseAnswer),
    (status = 422, description = "Not understood; `suggestions` says what would be", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn parse(
    state: Allowed<Cast>,
    JsonBody(request): JsonBody<SpellRequest>,
) -> Result<Json<ParseAnswer>, ApiError> {
    Ok(Json(ParseAnswer { status: "parsed".into(), spell: read(&state, &request)? }))
}

/// What a spell in natural language may be answered.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum AnyCast {
    Cast(CastAnswer),
    Daemons(DaemonsAnswer),
    Daemon(DaemonAnswer),
    Statistics(StatisticsAnswer),
}

/// Reads natural language as a spell and casts it; answers like the route that it stands for.
#[utoipa::path(post, path = "/spell/cast", tag = "spells", request_body = SpellRequest, responses(
    (status = 200, description = "As `/summon`, `/invoke`, `/banish`, `/daemons`, `/daemons/active`, `/daemons/{name}` or `/statistics` would answer", body = AnyCast),
    (status = 404, description = "Nobody has heard of the daemon", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The realm refused", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many tasks are under way, or the subject does more than it may", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "The daemon failed", body = Problem, content_type = "application/problem+json"),
    (status = 504, description = "The daemon took too long", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Not understood; `suggestions` says what would be", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn cast(
    state: Allowed<Cast>,
    JsonBody(request): JsonBody<SpellRequest>,
) -> Result<Json<AnyCast>, ApiError> {
    let spell = read(&state, &request)?;
    let of_whom = |spell: &ParsedSpell| {
        spell.daemon.clone().ok_or_else(|| ApiError::field("/spell", "names no daemon"))
    };
    let answer = match spell.action {
        SpellAction::Summon => state.realm.summon(&of_whom(&spell)?).await?,
        SpellAction::Banish => state.realm.banish(&of_whom(&spell)?).await?,
        SpellAction::Invoke => {
            let (name, task) = (of_whom(&spell)?, spell.task.unwrap_or_default());
            check_task(&task, &spell.parameters)?;
            state.realm.invoke(&name, &task, spell.parameters).await?
        }
        SpellAction::Query => {
            let sight = Sight::of_spell(&state)?;
            return Ok(Json(match parser::query_scope(&spell) {
                QueryScope::One => AnyCast::Daemon(sight.one(&of_whom(&spell)?).await?.0),
                QueryScope::All => AnyCast::Daemons(sight.several(false).await.0),
                QueryScope::Active => AnyCast::Daemons(sight.several(true).await.0),
                QueryScope::Statistics => AnyCast::Statistics(sight.within(Window::All).await.0),
            }));
        }
    };
    Ok(Json(AnyCast::Cast(seen(&state, answer))))
}

/// What a caster is answered of its spell: without the daemon's figures, which are made of all events, where it may not see those.
fn seen(state: &Allowed<Cast>, answer: CastAnswer) -> CastAnswer {
    if Sight::of_spell(state).is_ok() {
        return answer;
    }
    let message = match answer.status.as_str() {
        // The event's sentence counts.
        "banished" => realm::farewell(&answer.daemon.daemon_name),
        _ => answer.message,
    };
    CastAnswer { message, daemon: answer.daemon.without_figures(), figures_withheld: true, ..answer }
}

/// Spells that are understood, and the names that daemons go by.
#[utoipa::path(get, path = "/spell/examples", tag = "spells", responses((status = 200, body = ExamplesAnswer)))]
pub(crate) async fn examples(_: Allowed<Subscribe>) -> Json<ExamplesAnswer> {
    Json(parser::examples())
}

fn read(state: &Allowed<Cast>, request: &SpellRequest) -> Result<ParsedSpell, ApiError> {
    check_length("/spell", &request.spell, SPELL_CHARS_MAX)?;
    // Its event names the daemon, too.
    if let Some(daemon) = parser::parse(&request.spell).ok().and_then(|spell| spell.daemon) {
        state.count_named(&daemon)?;
    }
    Ok(state.realm.parse(&request.spell)?)
}

fn check_task(task: &str, parameters: &Metadata) -> Result<(), ApiError> {
    check_length("/task", task, TASK_CHARS_MAX)?;
    if serde_json::to_vec(parameters).map_or(usize::MAX, |bytes| bytes.len()) > PARAMETERS_BYTES_MAX {
        let detail = format!("has at most {PARAMETERS_BYTES_MAX} bytes as JSON");
        return Err(ApiError::field("/parameters", detail));
    }
    // Two levels stand around the parameters: the metadata and the field itself.
    if depth(parameters) + 2 > METADATA_DEPTH_MAX {
        let detail = format!("is nested deeper than {} levels", METADATA_DEPTH_MAX - 2);
        return Err(ApiError::field("/parameters", detail));
    }
    Ok(())
}

/// Checks that a text has 1 to `max` characters, not all of them white space.
pub(crate) fn check_length(pointer: &str, text: &str, max: usize) -> Result<(), ApiError> {
    let len = text.chars().count();
    if text.trim().is_empty() {
        return Err(ApiError::field(pointer, "must not be empty"));
    }
    if len > max {
        return Err(ApiError::field(pointer, format!("has {len} characters, at most {max} are allowed")));
    }
    Ok(())
}

//! Looking: who there is, who is here, and what they have done. Each look is a REVEAL event.

use arcane_shared::api::{DaemonAnswer, DaemonsAnswer, StatisticsAnswer};
use arcane_shared::daemon::DaemonCard;
use arcane_shared::roster::{Figures, Sums, Window};
use arcane_shared::{DaemonName, Problem, RoomName, counted};
use axum::Json;
use axum::http::{Method, StatusCode};

use super::allowed::Allowed;
use super::error::ApiError;
use super::named::Named;
use crate::clock;
use crate::gate::pass::{Admin, Cast, Subscribe};
use crate::gate::rights::Right;
use crate::gate::{Forbidden, Pass};
use crate::query::Pairs;
use crate::realm::Look;
use crate::state::AppState;

/// Leave to see what is made of all events of the default room, where the daemons are: nothing is told of them without.
pub(crate) struct Sight<'a> {
    state: &'a AppState,
    look: Look,
}

impl<'a> Sight<'a> {
    /// What a request may see, and whether its look is an event: that takes the right to cast, and comes once a second at
    /// most. A request for headers alone sees nothing.
    fn of_request(state: &'a Allowed<Subscribe>, method: &Method) -> Result<Self, ApiError> {
        may_see(state.pass())?;
        let is_told = method != Method::HEAD && state.may_tell() && state.gate.may_reveal(state.pass());
        Ok(Self { state, look: if is_told { Look::Told } else { Look::Untold } })
    }

    /// What a spell may see, which is told of as any other spell.
    pub(crate) fn of_spell(state: &'a Allowed<Cast>) -> Result<Self, ApiError> {
        may_see(state.pass())?;
        Ok(Self { state, look: Look::Told })
    }

    /// All of them, or those that are present.
    pub(crate) async fn several(&self, only_active: bool) -> Json<DaemonsAnswer> {
        let daemons = self.state.realm.daemons(only_active, self.look).await;
        let message = if only_active {
            match daemons.len() {
                0 => "✨ The realm is quiet: no daemon walks it. ✨".to_owned(),
                1 => format!("✨ One daemon walks the realm: {}. ✨", names(&daemons)),
                n => format!("✨ {n} daemons walk the realm: {}. ✨", names(&daemons)),
            }
        } else {
            let known = counted(daemons.len() as u64, "daemon");
            let are = if daemons.len() == 1 { "is" } else { "are" };
            format!("✨ The veil parts: {known} {are} known: {}. ✨", names(&daemons))
        };
        Json(DaemonsAnswer { status: "success".into(), message, count: daemons.len() as u64, daemons })
    }

    /// Those that wait for a human, who waits longest first. Who asks this asks often: it is no event.
    pub(crate) async fn waiting(&self) -> Json<DaemonsAnswer> {
        let mut daemons = self.state.realm.daemons(false, Look::Untold).await;
        daemons.retain(|daemon| !daemon.waiting.is_empty());
        daemons.sort_by_key(|daemon| daemon.waiting_since);
        let message = match daemons.len() {
            0 => "✨ No daemon waits for you. ✨".to_owned(),
            1 => format!("✨ One daemon waits for you: {}. ✨", names(&daemons)),
            n => format!("✨ {n} daemons wait for you: {}. ✨", names(&daemons)),
        };
        Json(DaemonsAnswer { status: "success".into(), message, count: daemons.len() as u64, daemons })
    }

    /// One of them.
    pub(crate) async fn one(&self, name: &DaemonName) -> Result<Json<DaemonAnswer>, ApiError> {
        let Some(daemon) = self.state.realm.daemon(name, self.look).await else { return Err(unknown(name)) };
        let place = if daemon.is_active { "walks the realm" } else { "rests in the void" };
        Ok(Json(DaemonAnswer {
            status: "success".into(), message: format!("✨ {name} {place}. ✨"), daemon
        }))
    }

    /// The statistics of a window.
    pub(crate) async fn within(&self, window: Window) -> Json<StatisticsAnswer> {
        let daemons = self.state.realm.statistics(self.look).await;
        let told = self.state.bus.default_room().daemons();
        let figures: Vec<Figures> = told.figures(window, clock::now().unix_micros()).collect();
        let mut sums = Sums::default();
        for daemon in &figures {
            sums.merge(&daemon.sums);
        }
        let total_invocations = daemons.iter().map(|daemon| daemon.total_invocations).sum();
        let total_execution_time: f64 = daemons.iter().map(|daemon| daemon.total_execution_time).sum();
        Json(StatisticsAnswer {
            status: "success".into(),
            message: format!(
                "✨ {} performed in this realm. ✨",
                if total_invocations == 1 {
                    "1 task was".into()
                } else {
                    format!("{total_invocations} tasks were")
                }
            ),
            active_daemons: daemons.iter().filter(|daemon| daemon.is_active).count() as u64,
            total_invocations,
            failed_invocations: daemons.iter().map(|daemon| daemon.failed_invocations).sum(),
            total_execution_time,
            daemons,
            window,
            after: told.begins_after(),
            sums,
            figures,
        })
    }
}

fn may_see(pass: &Pass) -> Result<(), Forbidden> {
    pass.check(Right::Subscribe)?;
    pass.check_whole()?;
    pass.check_room(&RoomName::default())
}

/// Every known daemon.
#[utoipa::path(get, path = "/daemons", tag = "daemons", params(
    ("waiting" = Option<bool>, Query, description = "Only those that wait for a human, who waits longest first; asking is no event"),
), responses(
    (status = 200, body = DaemonsAnswer),
    (status = 422, description = "`waiting` is neither true nor false", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn all(
    state: Allowed<Subscribe>,
    method: Method,
    query: Pairs,
) -> Result<Json<DaemonsAnswer>, ApiError> {
    match query.get("waiting") {
        Some("true") => {
            may_see(state.pass())?;
            Ok(Sight { state: &state, look: Look::Untold }.waiting().await)
        }
        None | Some("false") => Ok(Sight::of_request(&state, &method)?.several(false).await),
        Some(other) => Err(ApiError::parameter("waiting", format!("is true or false, not {other:?}"))),
    }
}

/// The daemons that are here. Names do not distinguish case: `GET /daemons/Active` is about the daemon that is called `active`.
#[utoipa::path(get, path = "/daemons/active", tag = "daemons", responses((status = 200, body = DaemonsAnswer)))]
pub(crate) async fn active(
    state: Allowed<Subscribe>,
    method: Method,
) -> Result<Json<DaemonsAnswer>, ApiError> {
    Ok(Sight::of_request(&state, &method)?.several(true).await)
}

/// Most daemons that a sentence names.
const NAMED_MAX: usize = 12;

/// Their names, for a sentence.
fn names(daemons: &[DaemonCard]) -> String {
    let named: Vec<&str> = daemons.iter().take(NAMED_MAX).map(|daemon| daemon.daemon_name.as_str()).collect();
    let more = daemons.len().saturating_sub(NAMED_MAX);
    if more > 0 { format!("{} and {more} more", named.join(", ")) } else { named.join(", ") }
}

/// One daemon.
#[utoipa::path(get, path = "/daemons/{name}", tag = "daemons", params(("name" = String, Path, description = "Its name")), responses(
    (status = 200, body = DaemonAnswer),
    (status = 404, description = "Never heard of", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No name", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn by_name(
    state: Allowed<Subscribe>,
    method: Method,
    Named(name): Named,
) -> Result<Json<DaemonAnswer>, ApiError> {
    let name = DaemonName::parse(&name).map_err(|error| ApiError::parameter("name", error.to_string()))?;
    Sight::of_request(&state, &method)?.one(&name).await
}

/// Forgets an absent daemon and what it has done; a REVEAL event with `query_type: "forget"` tells of it. The daemons of
/// the seed and of the configuration stay known, with nothing done.
#[utoipa::path(delete, path = "/daemons/{name}", tag = "daemons", params(("name" = String, Path, description = "Its name")), responses(
    (status = 204, description = "Forgotten"),
    (status = 404, description = "Never heard of", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is present; banish it first", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No name", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log takes no events; nothing was forgotten", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn forget(state: Allowed<Admin>, Named(name): Named) -> Result<StatusCode, ApiError> {
    // The realm is that of the default room.
    state.in_scope(RoomName::default())?;
    let name = DaemonName::parse(&name).map_err(|error| ApiError::parameter("name", error.to_string()))?;
    if state.realm.forget(&name).await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(&name)) }
}

/// Forgets the daemon that is called `active`, as `DELETE /daemons/{name}` forgets any other.
#[utoipa::path(delete, path = "/daemons/active", tag = "daemons", responses(
    (status = 204, description = "Forgotten"),
    (status = 404, description = "Never heard of", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is present; banish it first", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log takes no events; nothing was forgotten", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn forget_active(state: Allowed<Admin>) -> Result<StatusCode, ApiError> {
    forget(state, Named("active".to_owned())).await
}

fn unknown(name: &DaemonName) -> ApiError {
    let detail = format!("nobody has heard of {name}; summon it to make it known");
    ApiError::new(StatusCode::NOT_FOUND, "unknown-daemon", detail)
}

/// What the daemons have done: ever, and within a window.
#[utoipa::path(get, path = "/statistics", tag = "daemons", params(
    ("window" = Option<String>, Query, description = "Of which `sums` and `figures` are: `today`, on the server's calendar, `session`, since the daemon last became present, or `all` (default)"),
), responses(
    (status = 200, body = StatisticsAnswer),
    (status = 422, description = "No such window", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn statistics(
    state: Allowed<Subscribe>,
    method: Method,
    query: Pairs,
) -> Result<Json<StatisticsAnswer>, ApiError> {
    let window = match query.get("window") {
        None => Window::All,
        Some(word) => Window::named(word).ok_or_else(|| {
            ApiError::parameter("window", format!("is \"today\", \"session\" or \"all\", not {word:?}"))
        })?,
    };
    Ok(Sight::of_request(&state, &method)?.within(window).await)
}

#[cfg(test)]
mod tests {
    use arcane_shared::Rgb;

    use super::*;

    #[test]
    fn a_sentence_names_a_dozen() {
        let card = |n: usize| DaemonCard {
            daemon_name: DaemonName::parse(&format!("d{n}")).unwrap(),
            is_active: true,
            role: String::new(),
            domain: String::new(),
            model: None,
            capabilities: vec![],
            color: Rgb::parse("#123456").unwrap(),
            summoned_at: None,
            invocation_count: 0,
            total_time: 0.0,
            total_invocations: 0,
            failed_invocations: 0,
            total_execution_time: 0.0,
            average_execution_time: 0.0,
            published: false,
            waiting_since: None,
            waiting: vec![],
            sessions: vec![],
            today: Sums::default(),
            all: Sums::default(),
        };
        assert_eq!(names(&[card(1), card(2)]), "d1, d2");
        let many: Vec<DaemonCard> = (0..20).map(card).collect();
        assert!(names(&many).ends_with("d10, d11 and 8 more"), "{}", names(&many));
    }
}

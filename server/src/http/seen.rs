//! A failure was seen: told to all who watch, once, by whoever may answer.

use arcane_shared::api::SeenAnswer;
use arcane_shared::roster::ACKNOWLEDGE;
use arcane_shared::{DaemonName, Metadata, Problem, Seq, SpellName};
use axum::Json;
use axum::http::StatusCode;

use super::allowed::Allowed;
use super::error::ApiError;
use super::keyed;
use super::named::Named;
use crate::bus::Key;
use crate::gate::limits::Counted;
use crate::gate::pass::Answer;
use crate::intake::Draft;
use crate::query::Pairs;

/// Keys of this route, apart from those of publishers.
const PART: u64 = u64::MAX;

/// Tells all who watch that a daemon's failure was seen: a REVEAL event with `query_type: "acknowledge"`, which ends the failure.
/// A failure is told to be seen once; asking again is answered as the first time, and publishes nothing.
#[utoipa::path(post, path = "/daemons/{name}/seen", tag = "daemons", params(
    ("name" = String, Path, description = "Its name"),
    ("room" = Option<String>, Query, description = "Default `main`"),
    ("failure" = Option<u64>, Query, description = "The number of the event that told of the failure: a later one is left alone. Default: whichever lasts"),
), responses(
    (status = 200, description = "No failure lasts that was to be seen; `seq` is the event that told of it now or before", body = SeenAnswer),
    (status = 404, description = "No such room", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The daemon has failed again since `failure`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A name or a parameter cannot be used", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "More events than the subject may; nothing was published", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The log takes no events at the moment; nothing was published", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn seen(
    state: Allowed<Answer>,
    Named(name): Named,
    query: Pairs,
) -> Result<Json<SeenAnswer>, ApiError> {
    let name = DaemonName::parse(&name).map_err(|error| ApiError::parameter("name", error.to_string()))?;
    let failure = query.get("failure").map(number).transpose()?;
    let room = state.changed(query.room()?)?;
    // Nothing has failed in a room that is not there: it is not opened.
    state.bus.room_info_now(&room).await?;
    let held = state.bus.open_room(&room).await?;
    let answer = |status: &str, message: String, seq| {
        let (status, epoch) = (status.into(), held.epoch().clone());
        Ok(Json(SeenAnswer { status, message, room: room.clone(), epoch, seq }))
    };
    let lasts = held.daemon(&name).and_then(|daemon| daemon.failure).map(|failure| failure.seq);
    let Some(lasts) = lasts else {
        return answer("already-seen", format!("✨ No failure of {name} waits to be seen. ✨"), None);
    };
    if failure.is_some_and(|failure| failure < lasts) {
        let detail = format!("{name} has failed again: event {lasts}; look at that failure first");
        return Err(ApiError::new(StatusCode::CONFLICT, "failed-again", detail));
    }
    state.take(Counted::Events, 1)?;
    let key = || Some(Key::new(&format!("{} {name} {lasts}", held.epoch()), PART, b""));
    // The room may have been read from the log.
    state.recheck()?;
    let mut told = keyed::submit(&state, &held, key, &draft(&name, lasts)).await?;
    told.logged().await?;
    answer("seen", format!("✨ The failure of {name} was seen. ✨"), told.numbers().next())
}

fn draft(name: &DaemonName, failure: Seq) -> Draft {
    Draft {
        spell_name: SpellName::Reveal,
        daemon_name: Some(name.clone()),
        timestamp: None,
        success: true,
        description: None,
        metadata: Metadata::from_iter([
            ("query_type".to_owned(), ACKNOWLEDGE.into()),
            ("failure".to_owned(), failure.into()),
        ]),
        directives: None,
    }
}

fn number(text: &str) -> Result<Seq, ApiError> {
    // The API's description has numbers of 63 bits.
    let number = text.parse::<Seq>().ok().filter(|seq| i64::try_from(*seq).is_ok());
    number.ok_or_else(|| ApiError::parameter("failure", format!("is the number of an event, not {text:?}")))
}

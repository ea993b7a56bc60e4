//! Who the server takes the one who asks for. Reading it is no event.

use arcane_shared::Timestamp;
use arcane_shared::api::WhoAmIAnswer;
use axum::Json;

use super::allowed::Known;

/// Whose the token is, and what it allows.
///
/// A page learns from it what to offer. On a server without keys everybody is `anonymous` and may do everything.
#[utoipa::path(get, path = "/whoami", tag = "operating", responses((status = 200, body = WhoAmIAnswer)))]
pub(crate) async fn who_am_i(Known(pass): Known) -> Json<WhoAmIAnswer> {
    let grant = pass.grant();
    let ends =
        grant.expires_at.map(|unix_s| i64::try_from(unix_s).unwrap_or(i64::MAX).saturating_mul(1_000_000));
    Json(WhoAmIAnswer {
        subject: grant.subject.to_string(),
        can: grant.rights.iter().map(|right| right.as_str().to_owned()).collect(),
        rooms: grant.rooms.patterns().collect(),
        filter: (!grant.filter.is_empty()).then(|| grant.filter.clone()),
        expires_at: ends.map(Timestamp::from_unix_micros),
    })
}

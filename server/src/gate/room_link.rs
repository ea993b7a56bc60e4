//! Links that the server hands out itself: each signs a browser in, once, in one room and for a short time.

use arcane_shared::{EventFilter, RoomName};

use super::claims::{Audience, Claims};
use super::own_limits::OwnLimits;
use super::rights::Right;
use super::signing::sign;
use super::tokens::{Gate, unix_seconds};

/// How long such a link can be opened at most, seconds: the server remembers links for no longer.
const OPENS_FOR_MAX_S: u64 = 3500;
/// How long it signs in for at most, seconds: no request is open for longer than an hour.
const HOLDS_FOR_MAX_S: u64 = 3_720;

impl Gate {
    /// A link's token: who exchanges it may read a room, and answer there if `may_answer`, until `ends`, Unix seconds. `None`: nobody has to sign
    /// in here, or the server's keys only verify.
    pub(crate) fn link_to_room(
        &self,
        room: &RoomName,
        may_answer: bool,
        subject: &str,
        ends: u64,
    ) -> Option<String> {
        let now = unix_seconds();
        let ends = ends.min(now + HOLDS_FOR_MAX_S);
        if !self.held.takes_tokens || ends <= now {
            return None;
        }
        let mut can = vec![Right::Subscribe.as_str().to_owned()];
        if may_answer {
            can.push(Right::Answer.as_str().to_owned());
        }
        let claims = Claims {
            exp: ends.min(now + OPENS_FOR_MAX_S),
            iat: Some(now),
            nbf: None,
            aud: Audience::One(self.held.audience.clone()),
            sub: subject.to_owned(),
            jti: Some(format!("n-{:016x}", rand::random::<u64>())),
            rooms: vec![room.to_string()],
            can,
            filter: EventFilter::default(),
            link: Some(ends - now),
            until: Some(ends),
            limits: OwnLimits::default(),
        };
        sign(&claims, &self.held.keys()).ok()
    }
}

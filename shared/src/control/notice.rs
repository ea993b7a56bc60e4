//! Reading what the server says besides events.
//!
//! By hand: a tagged enum that serde derives is read through a buffer, for which every type in it needs a reader of its own. On the
//! page that was 25 KB of program.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

use super::{Connection, Limits, ServerMessageOf};
use crate::lenient::Plain;
use crate::verbatim::Verbatim;
use crate::{Epoch, RoomName, Seq, UnixMillis};

/// The fields of all messages but `connection`; a field of one name is of one kind in all of them.
#[derive(Default, serde::Deserialize)]
struct Fields {
    version: Option<u32>,
    features: Option<Vec<String>>,
    limits: Option<Limits>,
    expires_at: Option<UnixMillis>,
    t0: Option<UnixMillis>,
    t1: Option<UnixMillis>,
    t2: Option<UnixMillis>,
    seq: Option<Seq>,
    behind: Option<u64>,
    from: Option<Seq>,
    to: Option<Seq>,
    reason: Option<String>,
    reconnect_in_ms: Option<u64>,
    id: Option<String>,
    room: Option<RoomName>,
    epoch: Option<Epoch>,
    count: Option<u64>,
    code: Option<String>,
    detail: Option<String>,
}

impl<'de, E: Deserialize<'de>> Deserialize<'de> for ServerMessageOf<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Verbatim(Value::Object(object)) = Verbatim::deserialize(deserializer)? else {
            return Err(D::Error::custom("expected an object"));
        };
        let Some(Value::String(kind)) = object.get("type").cloned() else {
            return Err(D::Error::custom("missing field `type`"));
        };
        let message = Plain(Value::Object(object));
        if kind == "connection" {
            return Connection::deserialize(message).map(Self::Connection).map_err(D::Error::custom);
        }
        let is_known = !matches!(Fields::default().into_message::<E>(&kind), Some(Self::Unknown));
        if !is_known {
            return Ok(Self::Unknown);
        }
        let fields = Fields::deserialize(message).map_err(D::Error::custom)?;
        fields
            .into_message(&kind)
            .ok_or_else(|| D::Error::custom(format_args!("a field of `{kind}` is missing")))
    }
}

impl Fields {
    /// `None`: a field that the message has to have is missing.
    fn into_message<E>(self, kind: &str) -> Option<ServerMessageOf<E>> {
        Some(match kind {
            "hello" => ServerMessageOf::Hello {
                version: self.version?,
                features: self.features?,
                limits: self.limits?,
            },
            "authenticated" => ServerMessageOf::Authenticated { expires_at: self.expires_at },
            "pong" => ServerMessageOf::Pong { t0: self.t0?, t1: self.t1?, t2: self.t2? },
            "filtered" => ServerMessageOf::Filtered { seq: self.seq? },
            "lagging" => ServerMessageOf::Lagging { behind: self.behind? },
            "caught_up" => ServerMessageOf::CaughtUp { seq: self.seq? },
            "gap" => ServerMessageOf::Gap { from: self.from?, to: self.to?, reason: self.reason? },
            "position" => ServerMessageOf::Position { seq: self.seq? },
            "draining" => ServerMessageOf::Draining { reconnect_in_ms: self.reconnect_in_ms? },
            "published" => ServerMessageOf::Published {
                id: self.id,
                room: self.room?,
                epoch: self.epoch?,
                seq: self.seq?,
                count: self.count?,
            },
            "error" => ServerMessageOf::Error { code: self.code?, detail: self.detail?, id: self.id },
            _ => ServerMessageOf::Unknown,
        })
    }
}

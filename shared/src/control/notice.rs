//! Reading what the server says besides events.
//!
//! By hand: a tagged enum that serde derives is read through a buffer, for which every type in it needs a reader of its own. On the
//! page that was 25 KB of program.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::{Map, Value};

use super::{Connection, ServerMessageOf};
use crate::lenient::Plain;
use crate::verbatim::Verbatim;

impl<'de, E: Deserialize<'de>> Deserialize<'de> for ServerMessageOf<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Verbatim(Value::Object(mut object)) = Verbatim::deserialize(deserializer)? else {
            return Err(D::Error::custom("expected an object"));
        };
        let Some(Value::String(kind)) = object.get("type").cloned() else {
            return Err(D::Error::custom("missing field `type`"));
        };
        if kind == "connection" {
            let message = Plain(Value::Object(object));
            return Connection::deserialize(message).map(Self::Connection).map_err(D::Error::custom);
        }
        notice(&kind, &mut object).ok_or_else(|| {
            D::Error::custom(format_args!("a field of `{kind}` is missing or of another kind"))
        })
    }
}

/// A field, read as what it has to be. Only those of the message's own kind are looked at: what another version adds may have
/// the name of another message's field.
fn field<T: DeserializeOwned>(object: &mut Map<String, Value>, name: &str) -> Option<T> {
    T::deserialize(Plain(object.get_mut(name)?.take())).ok()
}

/// A field that may be absent; `None`: it is of another kind.
#[expect(clippy::option_option, reason = "what is absent and what is wrong differ")]
fn optional<T: DeserializeOwned>(object: &mut Map<String, Value>, name: &str) -> Option<Option<T>> {
    if object.get(name).is_none_or(Value::is_null) { Some(None) } else { field(object, name).map(Some) }
}

/// `None`: a field that the message has to have is missing, or of another kind.
fn notice<E>(kind: &str, of: &mut Map<String, Value>) -> Option<ServerMessageOf<E>> {
    Some(match kind {
        "hello" => ServerMessageOf::Hello {
            version: field(of, "version")?,
            features: field(of, "features")?,
            limits: field(of, "limits")?,
        },
        "authenticated" => ServerMessageOf::Authenticated { expires_at: optional(of, "expires_at")? },
        "pong" => ServerMessageOf::Pong { t0: field(of, "t0")?, t1: field(of, "t1")?, t2: field(of, "t2")? },
        "filtered" => ServerMessageOf::Filtered { seq: field(of, "seq")? },
        "lagging" => ServerMessageOf::Lagging { behind: field(of, "behind")? },
        "caught_up" => ServerMessageOf::CaughtUp { seq: field(of, "seq")? },
        "gap" => ServerMessageOf::Gap {
            from: field(of, "from")?,
            to: field(of, "to")?,
            reason: field(of, "reason")?,
        },
        "position" => ServerMessageOf::Position { seq: field(of, "seq")? },
        "draining" => ServerMessageOf::Draining { reconnect_in_ms: field(of, "reconnect_in_ms")? },
        "published" => ServerMessageOf::Published {
            id: optional(of, "id")?,
            room: field(of, "room")?,
            epoch: field(of, "epoch")?,
            seq: field(of, "seq")?,
            count: field(of, "count")?,
        },
        "error" => ServerMessageOf::Error {
            code: field(of, "code")?,
            detail: field(of, "detail")?,
            id: optional(of, "id")?,
        },
        _ => ServerMessageOf::Unknown,
    })
}

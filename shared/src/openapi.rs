//! Schemas of the types that are plain texts on the wire.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! text_schema {
    ($type:ty, $name:literal, $description:literal, $example:literal, $pattern:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .examples([serde_json::json!($example)])
                    .pattern($pattern)
                    .into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                $name.into()
            }
        }
    };
}

/// Case makes no difference where a name is given; answers have lower case.
const NAME: Option<&str> = Some("^[A-Za-z0-9._-]{1,64}$");
const TIME: Option<&str> = Some(
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?$",
);

text_schema!(crate::DaemonName, "DaemonName", "A daemon's name", "claude", NAME);
text_schema!(crate::ConsumerName, "ConsumerName", "A durable consumer's name", "billing", NAME);
text_schema!(crate::RoomName, "RoomName", "A room's name", "main", NAME);
text_schema!(crate::Rgb, "Rgb", "A colour", "#8B5CF6", Some("^#[0-9A-F]{6}$"));
text_schema!(
    crate::Epoch,
    "Epoch",
    "Names one unbroken run of a room's numbering",
    "9f3c01ab77de",
    Some("^[A-Za-z0-9_-]{1,64}$")
);
text_schema!(
    crate::Timestamp,
    "Timestamp",
    "UTC with microseconds, without a zone",
    "2025-10-24T12:34:56.789000",
    TIME
);
text_schema!(
    crate::AnySpell,
    "AnySpell",
    "summon, invoke, banish, reveal, parse, voice; a later version may know more",
    "invoke",
    None::<&str>
);

//! The words that both ends of the Arcane event bus use.
//!
//! Nothing here does I/O, reads a clock, draws randomness or is asynchronous: times and seeds are
//! arguments. The wire changes only together with the snapshots in `tests/wire.rs`.
//!
//! Reading order: [`spell`], [`daemon`], [`event`] and [`sync`] say what happened; [`room`],
//! [`position`], [`resume`] and [`filter`] say where and for whom; [`control`] and [`api`] are the messages
//! around events. [`roster`] folds events into who is present and what each daemon does.

pub mod api;
pub mod color;
pub mod consumer;
pub mod control;
pub mod counted;
pub mod daemon;
pub mod dictionary;
pub mod event;
pub mod filter;
pub mod lenient;
pub mod line;
pub mod name;
pub mod object;
#[cfg(feature = "openapi")]
mod openapi;
pub mod palette;
pub mod position;
pub mod resume;
pub mod room;
pub mod roster;
pub mod server_address;
pub mod spell;
pub mod sync;
pub mod time;
pub mod verbatim;
pub mod visible;

pub use api::Problem;
pub use color::Rgb;
pub use consumer::ConsumerName;
pub use counted::{counted, plural};
pub use daemon::DaemonName;
pub use event::{ArcaneEvent, Mended, Metadata, ReceivedEvent};
pub use filter::EventFilter;
pub use object::Object;
pub use position::{Epoch, Position, Seq};
pub use resume::{NotRecovered, Resume};
pub use room::RoomName;
pub use server_address::ServerAddress;
pub use spell::{AnySpell, SpellName};
pub use sync::SyncDirectives;
pub use time::{Timestamp, UnixMillis};

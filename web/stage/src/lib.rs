//! Everything the dashboard decides and nothing it touches.
//!
//! No browser, no clock, no randomness: times and seeds are arguments, so every frame can be made
//! again. Reading order: [`message`] reads what comes through the socket; [`store`] folds it into
//! [`daemons`], [`timeline`] and the chronicle that [`feed`] shows through a [`filter`]; [`director`]
//! turns an event into a cue; [`stage`] performs cues and describes every [`frame`] as one
//! [`picture`], which the page's painters draw. [`governor`] is the only door to large changes of
//! luminance, [`sounds`] the only one to stingers. [`time_travel`] shows the realm as it was:
//! what it asks of the log, what it holds of it, and its pace.

pub mod activity;
pub mod actors;
pub mod answers;
pub mod asking;
pub mod calls;
pub mod clock_sync;
pub mod coalesce;
pub mod completion;
pub mod counts;
pub mod cut;
pub mod daemons;
pub mod director;
pub mod drawer;
pub mod duration;
pub mod effects;
pub mod feed;
pub mod filter;
pub mod forced;
pub mod frame;
pub mod gap;
pub mod governor;
pub mod guarded;
pub mod history;
pub mod lane;
pub mod latency;
pub mod layout;
pub mod link;
pub mod looks;
pub mod message;
pub mod moment;
pub mod moons;
pub mod names;
pub mod palette;
pub mod particles;
pub mod picture;
pub mod pins;
pub mod playout;
pub mod quality;
pub mod recording;
pub mod runes;
pub mod search;
pub mod shortcut;
pub mod sign_in;
pub mod signpost;
pub mod sounds;
pub mod span;
pub mod stage;
pub mod states;
pub mod store;
pub mod summary;
pub mod table;
mod threads;
pub mod time_travel;
pub mod timeline;
pub mod waits;
pub mod wave;
mod words;

pub use arcane_shared::dictionary;

pub use director::{Cue, direct};
pub use stage::Stage;
pub use store::Store;

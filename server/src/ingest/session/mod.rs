//! Sessions of agents: what their signs tell becomes events, each once. Pure: the time comes with every sign.

mod actor;
mod adopt;
mod asking;
mod calls;
mod draft;
mod fold;
mod held;
mod key;
mod kinds;
mod lease;
mod ledger;
mod looping;
mod loops;
mod name;
mod request;
mod shared;
mod state;
mod step;
mod table;
mod waits;

pub(crate) use key::Key;
pub(crate) use table::Table;

//! Sessions of agents: what their signs tell becomes events, each once. Pure: the time comes with every sign.

mod actor;
mod calls;
mod draft;
mod fold;
mod held;
mod key;
mod kinds;
mod lease;
mod ledger;
mod name;
mod step;
mod table;

pub(crate) use table::Table;

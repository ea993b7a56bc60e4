//! A connection below the protocols: who holds a permit, what its bytes say, and what an answer on it still owes.
//!
//! The server accepts connections and gives them up; requests and sockets hold what is here meanwhile.

mod addresses;
mod answer;
mod permit;
mod pulse;
mod secure;
mod shared_stream;
mod streams;
mod wire;

pub(crate) use addresses::Addresses;
pub(crate) use answer::{Answer, AnswerMemory, Shared};
pub(crate) use permit::{Place, RequestPermit};
pub(crate) use pulse::{Patience, Protocol, Pulse, Verdict};
pub(crate) use secure::{Greeting, SecureWire};
pub(crate) use shared_stream::SharedStream;
pub(crate) use streams::StreamExecutor;
pub(crate) use wire::Wire;

//! Calls of the chronicle: which entry tells the beginning of a call, which its end.

use arcane_shared::roster::{CallPart, Sign};
use arcane_shared::{DaemonName, Seq};

use crate::daemons::Daemons;

/// Most calls without an end whose beginnings are remembered; beyond that the oldest are told by two entries.
pub const BEGUN_MAX: usize = 512;

/// What an entry of the chronicle is to a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// It is about no call, or tells all of it.
    #[default]
    Whole,
    /// It tells the beginning, under this number of the roster.
    Begin(Seq),
    /// It tells the end of the call that this entry tells the beginning of.
    End(u64),
}

#[derive(Debug, Clone)]
struct Begun {
    entry: u64,
    seq: Seq,
    daemon: DaemonName,
    call_id: Option<Box<str>>,
}

/// Calls that have begun, and whose end is not known yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    begun: Vec<Begun>,
}

impl Calls {
    /// The next entry, before the roster has folded it under this number.
    pub(crate) fn note(&mut self, entry: u64, seq: Seq, sign: Option<&Sign>, daemons: &Daemons) -> Part {
        let Some((sign, part)) = sign.and_then(|sign| Some((sign, sign.call_part()?))) else {
            return Part::Whole;
        };
        match part {
            CallPart::Begin { call_id } => {
                if self.begun.len() >= BEGUN_MAX {
                    self.begun.remove(0);
                }
                let (daemon, call_id) = (sign.daemon().clone(), call_id.map(Into::into));
                self.begun.push(Begun { entry, seq, daemon, call_id });
                Part::Begin(seq)
            }
            CallPart::End { call_id } => {
                let open = daemons.get(sign.daemon().as_str()).and_then(|daemon| daemon.call_ended_by(sign));
                let open = open.map(|call| call.seq);
                // An id joins even what the roster gave up; without one only the roster knows.
                let same = |begun: &Begun| {
                    begun.daemon == *sign.daemon()
                        && begun.call_id.as_deref() == call_id
                        && (call_id.is_some() || Some(begun.seq) == open)
                };
                match self.begun.iter().rposition(same) {
                    Some(at) => Part::End(self.begun.remove(at).entry),
                    None => Part::Whole,
                }
            }
        }
    }
}

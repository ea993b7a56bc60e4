//! Calls of the chronicle: which entry tells the beginning of a call, which its end.

use arcane_shared::roster::{CALLS_MAX, CallPart, DaemonState, Sign};
use arcane_shared::{DaemonName, Seq};

use crate::daemons::Daemons;
use crate::store::CHRONICLE_MAX;

/// Most calls without an end whose beginnings are remembered: as many as the chronicle has entries. Beyond that the oldest are
/// forgotten; their beginnings have left the chronicle.
pub const BEGUN_MAX: usize = CHRONICLE_MAX;

/// What an entry of the chronicle is to a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// It is about no call, or tells all of it.
    #[default]
    Whole,
    /// It tells the beginning.
    Begin {
        /// Its number in the roster.
        seq: Seq,
        /// The entry that told of it before: its publisher repeats itself.
        again: Option<u64>,
    },
    /// It tells the end of the call that this entry tells the beginning of.
    End(u64),
    /// It tells that its daemon waits for a human.
    Wait {
        /// Its number in the roster.
        seq: Seq,
        /// The entry that tells the beginning of the call that waits, if one does.
        of: Option<u64>,
    },
}

#[derive(Debug, Clone)]
struct Begun {
    entry: u64,
    seq: Seq,
    daemon: DaemonName,
    call_id: Option<Box<str>>,
    /// It goes on, but the roster has no room for it.
    beyond: bool,
}

/// Calls that have begun, and whose end is not known yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    begun: Vec<Begun>,
}

impl Calls {
    /// The next entry, before the roster has folded it under this number.
    pub(crate) fn note(&mut self, entry: u64, seq: Seq, sign: Option<&Sign>, daemons: &Daemons) -> Part {
        let Some(sign) = sign else { return Part::Whole };
        let daemon = daemons.get(sign.daemon().as_str());
        match sign.call_part() {
            None => {
                if sign.ends_all() {
                    self.close(sign.daemon());
                }
                sign.wait().map_or(Part::Whole, |call_id| {
                    let at = call_id.and_then(|call_id| self.find(sign, Some(call_id)));
                    Part::Wait { seq, of: at.map(|at| self.begun[at].entry) }
                })
            }
            Some(CallPart::Begin { call_id }) => {
                let again = self.find(sign, call_id).filter(|_| call_id.is_some());
                let again = again.map(|at| self.begun.remove(at).entry);
                if let Some(daemon) = daemon.filter(|_| again.is_none()) {
                    self.crowd(daemon);
                }
                if self.begun.len() >= BEGUN_MAX {
                    self.begun.remove(0);
                }
                let (daemon, call_id) = (sign.daemon().clone(), call_id.map(Into::into));
                self.begun.push(Begun { entry, seq, daemon, call_id, beyond: false });
                Part::Begin { seq, again }
            }
            Some(CallPart::End { call_id }) => {
                let open = daemon.and_then(|daemon| daemon.call_ended_by(sign)).map(|call| call.seq);
                // An id joins even what the roster gave up; without one only the roster knows.
                let at = match call_id {
                    Some(_) => self.find(sign, call_id),
                    None => {
                        self.begun.iter().rposition(|begun| begun.is(sign, None) && Some(begun.seq) == open)
                    }
                };
                at.map_or(Part::Whole, |at| Part::End(self.begun.remove(at).entry))
            }
        }
    }

    /// Whether the call that began under this number goes on, though the roster has no room for it.
    pub(crate) fn is_beyond(&self, seq: Seq) -> bool {
        self.begun.iter().any(|begun| begun.seq == seq && begun.beyond)
    }

    fn find(&self, sign: &Sign, call_id: Option<&str>) -> Option<usize> {
        self.begun.iter().rposition(|begun| begun.is(sign, call_id))
    }

    /// Another call of a daemon begins: the roster gives up its first one if it has no room for it, and all if they do not run
    /// beside each other.
    fn crowd(&mut self, daemon: &DaemonState) {
        let calls = &daemon.calls;
        if !daemon.is_beginning && !calls.iter().any(|call| call.beside) {
            self.close(&daemon.daemon_name);
        } else if let Some(first) = calls.first().filter(|_| calls.len() >= CALLS_MAX) {
            let same = |begun: &&mut Begun| begun.seq == first.seq && begun.daemon == daemon.daemon_name;
            if let Some(begun) = self.begun.iter_mut().find(same) {
                begun.beyond = true;
            }
        }
    }

    /// No call of a daemon goes on.
    fn close(&mut self, daemon: &DaemonName) {
        for begun in self.begun.iter_mut().filter(|begun| begun.daemon == *daemon) {
            begun.beyond = false;
        }
    }
}

impl Begun {
    fn is(&self, sign: &Sign, call_id: Option<&str>) -> bool {
        self.daemon == *sign.daemon() && self.call_id.as_deref() == call_id
    }
}

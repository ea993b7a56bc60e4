//! Calls of a daemon that have ended: an end that is told again, by another way, counts once.

use serde::{Deserialize, Serialize};

use super::sign::Sign;

/// Most ended calls of a daemon that are known by their ids; beyond that the oldest is forgotten.
pub const ENDED_MAX: usize = 32;

/// The ended calls of a daemon, the latest last: of each a digest of its session and its id, whose lowest bit says whether
/// its end told of tokens or cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Ended(Vec<u32>);

/// What of an end counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// The call, its seconds and its failure.
    pub(super) call: bool,
    /// Tokens and cost.
    pub(super) spent: bool,
}

impl Ended {
    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets go of the oldest beyond the bound.
    pub(super) fn bound(&mut self) {
        let beyond = self.0.len().saturating_sub(ENDED_MAX);
        self.0.drain(..beyond);
    }

    /// Notes the end of a call; says what of it counts.
    pub(super) fn note(&mut self, sign: &Sign, call_id: &str) -> Counts {
        let (id, spends) = (digest(sign, call_id), u32::from(!sign.spent.is_none()));
        match self.0.iter_mut().find(|known| **known | 1 == id | 1) {
            Some(known) => {
                let spent = *known & 1 == 0;
                *known |= spends;
                Counts { call: false, spent }
            }
            None => {
                if self.0.len() >= ENDED_MAX {
                    self.0.remove(0);
                }
                self.0.push(id & !1 | spends);
                Counts { call: true, spent: true }
            }
        }
    }

    /// A call begins: its end is a new one, whatever had the same id before.
    pub(super) fn begin(&mut self, sign: &Sign, call_id: &str) {
        let id = digest(sign, call_id);
        self.0.retain(|known| *known | 1 != id | 1);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "32 bits tell 32 calls apart")]
fn digest(sign: &Sign, call_id: &str) -> u32 {
    crate::color::hash(&[sign.session().unwrap_or_default(), "\n", call_id].concat()) as u32
}

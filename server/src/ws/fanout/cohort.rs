//! The shared window of all lists of one kind: an event is compressed once, whichever list comes
//! first, and the others find it here.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use arcane_shared::Seq;

use crate::budget::Charge;
use crate::bus::Batch;
use crate::ws::deflate::{Cohort, CohortFrame};

/// Frames that are kept for lists that come later. One that is further behind goes on with frames
/// that stand alone until the next window.
const FRAMES_MAX: usize = 256;

/// The cohort of all lists of one kind.
#[derive(Debug)]
pub(super) struct SharedCohort {
    state: Mutex<CohortState>,
    /// What it takes of the server's memory.
    _charge: Charge,
}

#[derive(Debug)]
struct CohortState {
    cohort: Cohort,
    /// Every event up to here was compressed or refused by the filter.
    through: Seq,
    frames: VecDeque<(Seq, CohortFrame)>,
}

impl SharedCohort {
    pub(super) fn new(charge: Charge) -> Self {
        let state = CohortState { cohort: Cohort::new(), through: 0, frames: VecDeque::new() };
        Self { state: Mutex::new(state), _charge: charge }
    }

    /// The frames of a batch that begins after `from`; `None` if some are no longer there.
    /// `waiting`: a reader waits for a window to begin.
    pub(super) fn frames(
        &self,
        from: Seq,
        batch: &Batch,
        waiting: bool,
        now: Instant,
    ) -> Option<Vec<CohortFrame>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting {
            state.cohort.make_room();
        }
        if from > state.through {
            // What is between was never compressed, so nobody can follow from before.
            state.cohort.begin_anew();
            state.through = from;
        }
        let mut frames = Vec::with_capacity(batch.frames.len());
        for frame in &batch.frames {
            if frame.seq() > state.through {
                let compressed = state.cohort.frame(frame.json(), now);
                state.frames.push_back((frame.seq(), compressed));
                if state.frames.len() > FRAMES_MAX {
                    state.frames.pop_front();
                }
            }
            let at = state.frames.partition_point(|(seq, _)| *seq < frame.seq());
            let (_, compressed) = state.frames.get(at).filter(|(seq, _)| *seq == frame.seq())?;
            frames.push(compressed.clone());
        }
        state.through = state.through.max(batch.seq);
        Some(frames)
    }
}

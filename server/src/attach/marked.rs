//! A text into which something was inserted, and where: so that it can be taken out again to the byte. Pure.

use std::ops::Range;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

/// How long two texts are compared; after that the comparison is coarser.
const COMPARED: Duration = Duration::from_millis(500);

/// A text and the stretches of it that were inserted, in order, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Marked {
    pub(crate) text: String,
    pub(crate) inserted: Vec<Range<usize>>,
}

impl Marked {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), inserted: Vec::new() }
    }

    /// A text that was made of another one. If more was done than to insert, nothing is marked.
    pub(crate) fn between(before: &str, text: String) -> Self {
        let deadline = Some(Instant::now() + COMPARED);
        let (old, new) = (before.as_bytes(), text.as_bytes());
        let mut inserted = Vec::new();
        for op in capture_diff_slices_deadline(Algorithm::Myers, old, new, deadline) {
            match op {
                DiffOp::Equal { .. } => {}
                DiffOp::Insert { new_index, new_len, .. } => inserted.push(new_index..new_index + new_len),
                DiffOp::Delete { .. } | DiffOp::Replace { .. } => return Self::of(text),
            }
        }
        Self { text, inserted }
    }

    /// Inserts a piece at a position in bytes.
    pub(crate) fn insert(&mut self, at: usize, piece: &str) {
        self.text.insert_str(at, piece);
        let mut marks = Vec::with_capacity(self.inserted.len() + 1);
        let mut new = at..at + piece.len();
        for mark in self.inserted.drain(..) {
            if mark.end < at {
                marks.push(mark);
            } else if mark.start > at {
                marks.push(mark.start + piece.len()..mark.end + piece.len());
            } else {
                // It touches what was inserted before, or stands in it.
                new = new.start.min(mark.start)..new.end.max(mark.end + piece.len());
            }
        }
        marks.push(new);
        marks.sort_by_key(|mark| mark.start);
        self.inserted = marks;
    }

    /// What a later text is without what was inserted into this one: every change made since stays, to the byte. `None`: a change
    /// touches what was inserted.
    pub(crate) fn undone(&self, later: &str) -> Option<String> {
        let (old, new) = (self.text.as_bytes(), later.as_bytes());
        let mut kept = Vec::with_capacity(new.len());
        let deadline = Some(Instant::now() + COMPARED);
        for op in capture_diff_slices_deadline(Algorithm::Myers, old, new, deadline) {
            match op {
                DiffOp::Equal { old_index, len, .. } => {
                    let bytes = (old_index..old_index + len).filter(|at| !self.is_inserted(*at));
                    kept.extend(bytes.map(|at| old[at]));
                }
                DiffOp::Insert { old_index, new_index, new_len } => {
                    if self.is_inside(old_index) {
                        return None;
                    }
                    kept.extend_from_slice(&new[new_index..new_index + new_len]);
                }
                DiffOp::Delete { old_index, old_len, .. } => {
                    self.untouched(old_index..old_index + old_len)?;
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    self.untouched(old_index..old_index + old_len)?;
                    kept.extend_from_slice(&new[new_index..new_index + new_len]);
                }
            }
        }
        String::from_utf8(kept).ok()
    }

    fn is_inserted(&self, at: usize) -> bool {
        self.inserted.iter().any(|mark| mark.contains(&at))
    }

    /// Whether a position is between two bytes of the same insertion.
    fn is_inside(&self, at: usize) -> bool {
        self.inserted.iter().any(|mark| mark.start < at && at < mark.end)
    }

    fn untouched(&self, range: Range<usize>) -> Option<()> {
        let touched = self.inserted.iter().any(|mark| mark.start < range.end && range.start < mark.end);
        (!touched).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_goes_and_what_was_changed_since_stays() {
        let mut marked = Marked::of("{\"a\": 1}");
        marked.insert(7, ", \"b\": []");
        marked.insert(14, "2");
        marked.insert(14, "1, ");
        assert_eq!(marked.text, "{\"a\": 1, \"b\": [1, 2]}".replace("[1, 2]", "1, 2[]"));
        assert_eq!(marked.undone(&marked.text).as_deref(), Some("{\"a\": 1}"));
        let later = marked.text.replace("\"a\": 1", "\"a\": true").replace('}', "}\n");
        assert_eq!(marked.undone(&later).as_deref(), Some("{\"a\": true}\n"));
        assert_eq!(marked.undone(&marked.text.replace("\"b\"", "\"bee\"")), None);
    }
}

//! State that several processes change at the same time: each change depends on the one before.

use arcane_shared::{Epoch, RoomName};
use futures_util::stream::BoxStream;

use super::Answer;

/// What a log keeps under a key that other processes change as well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revised {
    /// The value; `None` if there is none, or it was forgotten.
    pub value: Option<String>,
    /// Which change wrote or forgot it: later changes have higher numbers. 0 if there was none.
    pub revision: u64,
}

/// What was heard of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A key has this value now, or none.
    Changed(String, Revised),
    /// The connection was lost and changes may have been missed: list the keys anew. A change that is lost otherwise is not
    /// noticed.
    Missed,
}

/// The part of a shared log that keeps such state.
pub trait Contended: Send + Sync {
    /// What other processes call this one, as long as it lives: letters and digits.
    fn node(&self) -> &str;

    /// Returns whether a node has been heard within five seconds, or is this one.
    fn is_heard(&self, node: &str) -> bool;

    /// What is under a key, as its leader has it.
    ///
    /// # Errors
    /// If it cannot be read.
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Revised>;

    /// Keeps a value, or forgets the key, if the key still has this revision. Answers the new revision; `None` if the key was
    /// changed meanwhile.
    ///
    /// # Errors
    /// If it does not say what came of it: the change may be made all the same.
    fn swap<'a>(&'a self, key: &'a str, value: Option<&'a str>, revision: u64) -> Answer<'a, Option<u64>>;

    /// What is under keys that begin so, keys that were forgotten lately among them. A server may answer that is behind the
    /// leader.
    ///
    /// # Errors
    /// If it cannot be read.
    fn list<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<(String, Revised)>>;

    /// Whether a run of numbers is the one that a room has now, whatever this process knows of the room.
    ///
    /// # Errors
    /// If it cannot be read.
    fn is_current<'a>(&'a self, room: &'a RoomName, epoch: &'a Epoch) -> Answer<'a, bool>;

    /// What changes from now on under keys that begin so; `prefix` ends with a slash. Ends when nothing more can be heard.
    ///
    /// # Errors
    /// If there is no connection.
    fn changes<'a>(&'a self, prefix: &'a str) -> Answer<'a, BoxStream<'static, Heard>>;
}

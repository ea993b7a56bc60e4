//! The mark by which the processes of a run are known.

/// The variable by which what a program starts is known to be its own. It passes it on without knowing.
pub(super) const VARIABLE: &str = "ARCANE_RUN";
/// A word that nothing but this run has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// A mark as a program has it.
    #[cfg(target_os = "linux")]
    pub(super) fn read(mark: &[u8]) -> Option<Self> {
        Some(Self(String::from_utf8(mark.to_vec()).ok()?))
    }

    #[cfg(test)]
    pub(super) fn known(word: &str) -> Self {
        Self(word.into())
    }
}

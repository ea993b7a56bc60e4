//! What a mistyped word was meant to be. Pure.

/// How alike two words must be for one to be suggested for the other, 0.0–1.0.
const SIMILARITY_MIN: f64 = 0.75;

/// Longest part of a word that is compared, characters.
const COMPARED_CHARS_MAX: usize = 64;

/// The word that is spelled almost like this one, if there is one.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word: String = word.chars().take(COMPARED_CHARS_MAX).collect();
    let scored = known.into_iter().map(|known| (strsim::jaro_winkler(&word, known), known));
    let near = scored.filter(|(similarity, _)| *similarity > SIMILARITY_MIN);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// What is said of a key that a table does not have: what it was meant to be, or which there are.
pub(super) fn unknown_key(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(name) => format!("is not known; did you mean {name:?}?"),
        None => format!("is not known; there are {}", known.join(", ")),
    }
}

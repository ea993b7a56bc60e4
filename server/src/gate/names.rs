//! What subjects and tokens are called. Pure.

/// Longest `sub` and `jti`, characters.
pub(crate) const NAME_CHARS_MAX: usize = 128;
/// What such names are made of.
pub(crate) const NAME_FORM: &str = "1 to 128 characters, none of them a control character";

/// Whether a text may be a `sub`, a `jti` or a user's name.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

//! JSON as the world writes it: what is harmless is read, what would be changed in silence is named. Pure.

mod hint;
mod integers;
mod surrogates;

pub(crate) use hint::explain;
pub(crate) use integers::beyond_64_bits;
pub(crate) use surrogates::plain;

/// The byte order mark that some editors and shells put before a text.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The text without a byte order mark. A reader may ignore one (RFC 8259, 8.1).
pub(crate) fn without_bom(json: &[u8]) -> &[u8] {
    json.strip_prefix(BOM).unwrap_or(json)
}

/// Whether a text begins an array, from which serde would fill a structure's fields, in their order.
pub(crate) fn is_array(json: &[u8]) -> bool {
    without_bom(json).trim_ascii_start().starts_with(b"[")
}

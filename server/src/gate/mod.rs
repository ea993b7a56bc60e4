//! Who may come in.

pub(crate) mod cors;
pub(crate) mod host;
pub(crate) mod origin;

//! Who may come in, and do what.

pub(crate) mod claims;
pub(crate) mod cors;
pub(crate) mod credentials;
pub(crate) mod exchange;
pub(crate) mod host;
pub(crate) mod key_file;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod link;
pub(crate) mod names;
pub(crate) mod origin;
pub(crate) mod own_limits;
pub(crate) mod pace;
pub(crate) mod pass;
pub(crate) mod places;
pub(crate) mod proxy;
pub(crate) mod queries;
pub(crate) mod revocation;
pub(crate) mod rights;
mod room_link;
pub(crate) mod scope;
pub(crate) mod signing;
pub(crate) mod token;
pub(crate) mod tokens;

pub use key_file::KeyFileError;
pub use pass::Pass;
pub(crate) use pass::{Forbidden, May};
pub use proxy::ProxyError;
pub(crate) use token::TokenError;
pub(crate) use tokens::{Gate, PassWatch};

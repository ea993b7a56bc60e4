//! What a client says when it goes.

use super::{FrameError, Incoming};

/// Reads a close frame's payload: nothing, or a code and a reason.
pub(super) fn read(payload: &[u8]) -> Result<Incoming, FrameError> {
    let (code, reason) = match payload {
        [] => return Ok(Incoming::Close(None)),
        [_] => return Err(FrameError::Protocol("a close frame has no payload or a code of two bytes")),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
    };
    // RFC 6455, 7.4: below 1000 nothing, and what must not be sent, or is not assigned.
    let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    if !allowed {
        return Err(FrameError::Protocol("the close code must not be used"));
    }
    std::str::from_utf8(reason).map_err(|_| FrameError::NotUtf8)?;
    Ok(Incoming::Close(Some(code)))
}

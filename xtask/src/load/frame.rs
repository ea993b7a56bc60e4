//! WebSocket frames as RFC 6455, section 5, draws them: those a client writes and those it reads.

use anyhow::{Result, bail};

/// Longest message a server may send, bytes; longer ones end the run.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// What kind of frame it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// One frame that has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) end: bool,
    pub(crate) deflated: bool,
    pub(crate) opcode: Opcode,
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    /// The code of a close frame.
    pub(crate) fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk().filter(|_| self.opcode == Opcode::Close)?;
        Some(u16::from_be_bytes(*code))
    }
}

/// A whole message of a client. The mask is all zeros: nothing between the two ends could be confused by it.
pub(crate) fn masked(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode as u8);
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// The first frame of what has arrived and its length, or nothing while it is not complete.
pub(crate) fn first(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>> {
    let [flags, short, ..] = *bytes else { return Ok(None) };
    let opcode = match flags & 0x0f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        other => bail!("a frame with the unknown opcode {other}"),
    };
    let (len, head) = match short {
        0..126 => (u64::from(short), 2),
        126 => match bytes[2..].first_chunk() {
            Some(len) => (u64::from(u16::from_be_bytes(*len)), 4),
            None => return Ok(None),
        },
        127 => match bytes[2..].first_chunk() {
            Some(len) => (u64::from_be_bytes(*len), 10),
            None => return Ok(None),
        },
        128.. => bail!("a masked frame, which no server may send"),
    };
    if len > MESSAGE_BYTES_MAX as u64 {
        bail!("a frame of {len} bytes; {MESSAGE_BYTES_MAX} are read at most");
    }
    let whole = head + len as usize;
    let Some(payload) = bytes.get(head..whole) else { return Ok(None) };
    Ok(Some((Frame { end: flags & 0x80 != 0, deflated: flags & 0x40 != 0, opcode, payload }, whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(flags: u8, len: usize) -> Vec<u8> {
        let mut frame = Vec::new();
        masked(Opcode::Text, &vec![b'x'; len], &mut frame);
        frame[0] = flags;
        frame[1] &= 0x7f;
        let mask = if len < 126 {
            2
        } else if len < 0x1_0000 {
            4
        } else {
            10
        };
        frame.drain(mask..mask + 4);
        frame
    }

    #[test]
    fn a_frame_is_read_as_soon_as_it_is_complete() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let bytes = from_server(0xc1, len);
            let mut longer = bytes.clone();
            longer.extend([0x81, 1]);
            let (frame, whole) = first(&longer).unwrap().unwrap();
            assert_eq!(
                (frame.payload.len(), whole, frame.end, frame.deflated),
                (len, bytes.len(), true, true)
            );
            for cut in [0, 1, 2, 3, bytes.len() - 1] {
                assert_eq!(first(&bytes[..cut.min(bytes.len() - 1)]).unwrap(), None, "{len} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_no_server_may_send_is_an_error() {
        for bytes in [&[0x83, 0][..], &[0x81, 0x80], &[0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]] {
            assert!(first(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_close_frame_has_a_code() {
        let (close, _) = first(&[0x88, 4, 0x11, 0x95, b'o', b'k']).unwrap().unwrap();
        assert_eq!(close.close_code(), Some(4501));
        assert_eq!(first(&[0x88, 0]).unwrap().unwrap().0.close_code(), None);
        assert_eq!(first(&[0x81, 2, 0x11, 0x95]).unwrap().unwrap().0.close_code(), None);
    }
}

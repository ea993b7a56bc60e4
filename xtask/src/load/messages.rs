//! A server's messages, put together from frames and inflated where they are deflated (RFC 7692).

use anyhow::{Context as _, Result, bail};
use flate2::{Decompress, FlushDecompress, Status};

use super::frame::{self, Opcode};

/// What an inflating step adds at most, bytes.
const STEP_BYTES: usize = 16 * 1024;
/// Longest message after inflating, bytes; longer ones end the run.
const INFLATED_BYTES_MAX: usize = 64 << 20;

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    Message(&'a [u8]),
    Ping(&'a [u8]),
    Close(Option<u16>),
}

/// One connection's messages so far.
#[derive(Debug)]
pub(crate) struct Messages {
    waiting: Vec<u8>,
    message: Vec<u8>,
    deflated: bool,
    inflater: Option<Decompress>,
    inflated: Vec<u8>,
}

impl Messages {
    /// None yet; whether the server may deflate them.
    pub(crate) fn new(deflate: bool) -> Self {
        // Raw deflate with the largest window also reads streams that were made with a smaller one.
        let inflater = deflate.then(|| Decompress::new(false));
        Self { waiting: Vec::new(), message: Vec::new(), deflated: false, inflater, inflated: Vec::new() }
    }

    /// Tells of everything that is complete with the next bytes.
    pub(crate) fn take(&mut self, bytes: &[u8], mut tell: impl FnMut(Said<'_>)) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((frame, len)) = frame::first(&waiting[at..])? {
            at += len;
            match frame.opcode {
                Opcode::Close => tell(Said::Close(frame.close_code())),
                Opcode::Ping => tell(Said::Ping(frame.payload)),
                Opcode::Pong => {}
                Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                    if frame.opcode != Opcode::Continuation {
                        self.message.clear();
                        self.deflated = frame.deflated;
                    }
                    self.message.extend_from_slice(frame.payload);
                    if frame.end {
                        self.finish(&mut tell)?;
                    }
                }
            }
        }
        waiting.drain(..at);
        self.waiting = waiting;
        Ok(())
    }

    fn finish(&mut self, tell: &mut impl FnMut(Said<'_>)) -> Result<()> {
        if !self.deflated {
            tell(Said::Message(&self.message));
            return Ok(());
        }
        let inflater = self.inflater.as_mut().context("a deflated message, though none was agreed on")?;
        // The sender leaves out the end of the empty block that every message ends in.
        self.message.extend_from_slice(&[0, 0, 0xff, 0xff]);
        self.inflated.clear();
        inflate(inflater, &self.message, &mut self.inflated)?;
        tell(Said::Message(&self.inflated));
        Ok(())
    }
}

fn inflate(inflater: &mut Decompress, deflated: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let start = inflater.total_in();
    loop {
        let read = (inflater.total_in() - start) as usize;
        out.reserve(STEP_BYTES);
        let status = inflater.decompress_vec(&deflated[read..], out, FlushDecompress::Sync);
        let status = status.context("a deflated message that cannot be inflated")?;
        let read = (inflater.total_in() - start) as usize;
        if status == Status::StreamEnd {
            // The sender closed its stream with this message; the next one begins another.
            inflater.reset(false);
            return Ok(());
        }
        if read == deflated.len() && out.len() < out.capacity() {
            return Ok(());
        }
        if out.len() > INFLATED_BYTES_MAX {
            bail!("a message of more than {INFLATED_BYTES_MAX} bytes after inflating");
        }
        if status == Status::BufError && out.len() < out.capacity() {
            bail!("a deflated message that ends too early");
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    fn deflate(compress: &mut Compress, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 100);
        compress.compress_vec(text, &mut out, FlushCompress::Sync).unwrap();
        assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
        out.truncate(out.len() - 4);
        out
    }

    fn framed(flags: u8, payload: &[u8]) -> Vec<u8> {
        assert!(payload.len() < 126);
        [&[flags, payload.len() as u8], payload].concat()
    }

    fn told(messages: &mut Messages, bytes: &[u8], size: usize) -> Vec<String> {
        let mut all = Vec::new();
        for piece in bytes.chunks(size) {
            messages
                .take(piece, |said| {
                    all.push(match said {
                        Said::Message(text) => String::from_utf8_lossy(text).into_owned(),
                        other => format!("{other:?}"),
                    });
                })
                .unwrap();
        }
        all
    }

    #[test]
    fn messages_come_out_however_they_are_cut_and_deflated() {
        let mut compress = Compress::new(Compression::fast(), false);
        let first = deflate(&mut compress, b"summon claude, summon claude");
        let second = deflate(&mut compress, b"summon claude, summon codex");
        let mut bytes = framed(0x81, b"plain");
        bytes.extend(framed(0x41, &first[..5]));
        bytes.extend(framed(0x89, b"hi"));
        bytes.extend(framed(0x80, &first[5..]));
        bytes.extend(framed(0xc1, &second));
        bytes.extend(framed(0x88, &4501_u16.to_be_bytes()));
        for size in [1, 2, 7, 1000] {
            let mut messages = Messages::new(true);
            let expected = [
                "plain",
                "Ping([104, 105])",
                "summon claude, summon claude",
                "summon claude, summon codex",
                "Close(Some(4501))",
            ];
            assert_eq!(told(&mut messages, &bytes, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_long_message_is_inflated_whole() {
        let text = "reveal ".repeat(20_000);
        let packed = deflate(&mut Compress::new(Compression::best(), false), text.as_bytes());
        let head = [0xc1, 126, (packed.len() >> 8) as u8, packed.len() as u8];
        let said = told(&mut Messages::new(true), &[&head[..], &packed].concat(), 5000);
        assert_eq!(said, [text]);
    }

    #[test]
    fn a_deflated_message_needs_an_agreement() {
        let mut messages = Messages::new(false);
        assert!(messages.take(&framed(0xc1, b"x"), |_| {}).is_err());
        assert!(Messages::new(true).take(&framed(0xc1, &[0xff; 9]), |_| {}).is_err());
    }
}

//! A message that is not complete.

use super::{FrameError, Incoming, TEXT};
use crate::ws::deflate::{InflateError, inflate};

/// The fragments of a message so far, as far as they are of interest.
#[derive(Debug)]
pub(super) struct Message {
    text: bool,
    compressed: bool,
    /// Nothing for a binary message that is not compressed: nobody asks what is in it.
    bytes: Vec<u8>,
    /// Bytes that came.
    len: usize,
    /// Up to here a text is known to be UTF-8.
    checked: usize,
}

impl Message {
    pub(super) fn new(opcode: u8, compressed: bool) -> Self {
        Self { text: opcode == TEXT, compressed, bytes: Vec::new(), len: 0, checked: 0 }
    }

    /// Bytes that came, compressed if the message is.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Adds unmasked bytes that are not the message's last ones.
    ///
    /// # Errors
    /// As soon as a text can no longer become UTF-8.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        self.take(bytes);
        if !self.text || self.compressed {
            return Ok(());
        }
        match std::str::from_utf8(&self.bytes[self.checked..]) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_some() => return Err(FrameError::NotUtf8),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }

    /// Adds the last bytes.
    pub(super) fn complete(mut self, bytes: &[u8], bytes_max: usize) -> Result<Incoming, FrameError> {
        self.take(bytes);
        if self.compressed {
            self.bytes = inflate(&self.bytes, bytes_max).map_err(|error| match error {
                InflateError::TooLarge => FrameError::TooLarge(bytes_max),
                InflateError::Damaged => FrameError::Damaged,
            })?;
            self.len = self.bytes.len();
        }
        if self.text {
            String::from_utf8(self.bytes).map(Incoming::Text).map_err(|_| FrameError::NotUtf8)
        } else {
            Ok(Incoming::Binary(self.len))
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        if self.text || self.compressed {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

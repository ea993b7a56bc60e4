//! The wire format of protobuf, read in place: nothing is copied, so a body takes no more memory than it has bytes. Pure.

use std::borrow::Cow;

use super::Malformed;

/// Most bytes of a number on the wire.
const VARINT_BYTES_MAX: usize = 10;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    /// A text, bytes or a message.
    Long(Message<'a>),
}

/// The fields of a message, or what bytes or a text have in them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    /// Where it begins in the body.
    offset: usize,
    /// What it is, for who sent something else.
    name: &'static str,
}

impl<'a> Message<'a> {
    /// A whole body.
    pub(super) fn of(body: &'a [u8], name: &'static str) -> Self {
        Self { bytes: body, offset: 0, name }
    }

    /// The next field, and its number.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Malformed> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let len = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Field::Long(Self { offset: self.offset, bytes: self.take(len)?, name: self.name })
            }
            5 => {
                self.fixed::<4>()?;
                Field::Fixed32
            }
            kind => {
                return Err(self.wrong(&format!("a field of wire type {kind}, which OpenTelemetry has not")));
            }
        };
        match key >> 3 {
            0 => Err(self.wrong("a field with the number 0")),
            number => Ok(Some((number, field))),
        }
    }

    /// What is in it, as a text; what is no UTF-8 is replaced.
    pub(super) fn text(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }

    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for at in 0..VARINT_BYTES_MAX {
            let Some(byte) = self.bytes.get(at) else { return Err(self.short()) };
            value |= u64::from(byte & 0x7F) << (7 * at).min(63);
            if byte & 0x80 == 0 {
                self.skip(at + 1);
                return Ok(value);
            }
        }
        Err(self.wrong("a number of more than 10 bytes"))
    }

    fn fixed<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Malformed> {
        let fixed = self.take(BYTES)?;
        fixed.try_into().map_err(|_| self.short())
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let Some(taken) = self.bytes.get(..len) else { return Err(self.short()) };
        self.skip(len);
        Ok(taken)
    }

    fn skip(&mut self, len: usize) {
        self.bytes = self.bytes.get(len..).unwrap_or_default();
        self.offset += len;
    }

    fn short(&self) -> Malformed {
        self.wrong("something that goes on beyond its end")
    }

    fn wrong(&self, what: &str) -> Malformed {
        Malformed::Wrong(format!("not protobuf: byte {}, in {}: {what}", self.offset, self.name))
    }
}

impl<'a> Field<'a> {
    /// A message that is a field of another one.
    pub(super) fn message(self, of: Message<'a>, name: &'static str) -> Result<Message<'a>, Malformed> {
        match self {
            Self::Long(message) => Ok(Message { name, ..message }),
            _ => Err(of.wrong(&format!("{name} is no message"))),
        }
    }

    /// A text that is a field of a message.
    pub(super) fn text(self, of: Message<'a>, name: &'static str) -> Result<Cow<'a, str>, Malformed> {
        Ok(self.message(of, name)?.text())
    }

    /// A number of eight bytes.
    pub(super) fn fixed(self, of: Message<'a>, name: &'static str) -> Result<u64, Malformed> {
        match self {
            Self::Fixed64(number) => Ok(number),
            _ => Err(of.wrong(&format!("{name} is no fixed64"))),
        }
    }

    /// A number.
    pub(super) fn number(self, of: Message<'a>, name: &'static str) -> Result<u64, Malformed> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(of.wrong(&format!("{name} is no number"))),
        }
    }
}

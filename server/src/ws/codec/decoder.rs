//! Takes frames apart and puts messages together.

use bytes::{Buf, Bytes, BytesMut};

use super::head::Head;
use super::mask::Mask;
use super::message::Message;
use super::{CLOSE, CONTINUATION, FrameError, Incoming, PING, PONG, close};
use crate::ws::deflate::INFLATED_BYTES_MAX;

/// Takes frames apart and puts messages together. While nothing is incomplete it holds nothing.
#[derive(Debug)]
pub struct Decoder {
    message_bytes_max: usize,
    deflate: bool,
    /// Whether the client has said goodbye.
    closed: bool,
    partial: Option<Box<Partial>>,
}

/// A message of which something is still to come.
#[derive(Debug)]
struct Partial {
    message: Message,
    /// What is left of its current frame; `None` between two frames.
    frame: Option<Frame>,
}

/// What is left of a data frame.
#[derive(Debug)]
struct Frame {
    fin: bool,
    mask: Mask,
    left: usize,
}

impl Decoder {
    /// A decoder for messages of at most `message_bytes_max` bytes, none of them compressed.
    #[must_use]
    pub fn new(message_bytes_max: usize) -> Self {
        Self { message_bytes_max, deflate: false, closed: false, partial: None }
    }

    /// A decoder for a client that may compress each message alone. The bound holds before and after
    /// a message is restored, and then it is at most [`INFLATED_BYTES_MAX`].
    #[must_use]
    pub fn with_deflate(message_bytes_max: usize) -> Self {
        Self { deflate: true, ..Self::new(message_bytes_max) }
    }

    /// Takes the next message out of `buffer`; `None` until more bytes have come. What stays in the
    /// buffer is less than a head or a control frame. What follows a goodbye is thrown away (RFC 6455,
    /// 1.4); after an error nothing more can be understood.
    ///
    /// # Errors
    /// If the bytes are not allowed, as early as that can be known; the connection has to be closed.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, FrameError> {
        if self.closed {
            buffer.clear();
            return Ok(None);
        }
        loop {
            let (message, frame) = match self.partial.take().map(|partial| *partial) {
                Some(Partial { message, frame: Some(frame) }) => (message, frame),
                between => {
                    let message = between.map(|partial| partial.message);
                    let head = match Head::read(buffer, self.deflate)? {
                        Some(head) if head.opcode < CLOSE => head,
                        other => {
                            self.partial = message.map(|message| Partial::boxed(message, None));
                            let control = other.map_or(Ok(None), |head| read_control(&head, buffer));
                            self.closed = matches!(control, Ok(Some(Incoming::Close(_))));
                            return control;
                        }
                    };
                    let message = Self::message(&head, message)?;
                    let left = self.left(&head, &message)?;
                    buffer.advance(head.len);
                    (message, Frame { fin: head.fin, mask: head.mask, left })
                }
            };
            let done = self.read_data(message, frame, buffer)?;
            if done.is_some() || buffer.is_empty() {
                return Ok(done);
            }
        }
    }

    /// The message that a frame belongs to.
    fn message(head: &Head, so_far: Option<Message>) -> Result<Message, FrameError> {
        match (head.opcode, so_far) {
            (CONTINUATION, None) => Err(FrameError::Protocol("there is no message to continue")),
            (CONTINUATION, Some(message)) => Ok(message),
            (_, None) => Ok(Message::new(head.opcode, head.compressed)),
            (_, Some(_)) => Err(FrameError::Protocol("the message before is not complete")),
        }
    }

    /// How much is to come of a frame, if the message stays within its bound.
    fn left(&self, head: &Head, message: &Message) -> Result<usize, FrameError> {
        let bytes_max = self.bytes_max(message);
        let len = usize::try_from(head.payload_len).ok();
        len.filter(|len| *len <= bytes_max.saturating_sub(message.len()))
            .ok_or(FrameError::TooLarge(bytes_max))
    }

    fn read_data(
        &mut self,
        mut message: Message,
        mut frame: Frame,
        buffer: &mut BytesMut,
    ) -> Result<Option<Incoming>, FrameError> {
        let mut bytes = buffer.split_to(frame.left.min(buffer.len()));
        frame.mask.apply(&mut bytes);
        frame.left -= bytes.len();
        if frame.left == 0 && frame.fin {
            let bytes_max = self.bytes_max(&message);
            return message.complete(&bytes, bytes_max).map(Some);
        }
        message.add(&bytes)?;
        self.partial = Some(Partial::boxed(message, Some(frame).filter(|frame| frame.left > 0)));
        Ok(None)
    }

    fn bytes_max(&self, message: &Message) -> usize {
        let bound = if message.is_compressed() { INFLATED_BYTES_MAX } else { usize::MAX };
        self.message_bytes_max.min(bound)
    }
}

impl Partial {
    fn boxed(message: Message, frame: Option<Frame>) -> Box<Self> {
        Box::new(Self { message, frame })
    }
}

fn read_control(head: &Head, buffer: &mut BytesMut) -> Result<Option<Incoming>, FrameError> {
    let payload_len = usize::try_from(head.payload_len).unwrap_or(usize::MAX);
    if buffer.len() - head.len < payload_len {
        return Ok(None);
    }
    buffer.advance(head.len);
    let mut payload = buffer.split_to(payload_len);
    let mut mask = head.mask;
    mask.apply(&mut payload);
    match head.opcode {
        PING => Ok(Some(Incoming::Ping(Bytes::copy_from_slice(&payload)))),
        PONG => Ok(Some(Incoming::Pong)),
        _ => close::read(&payload).map(Some),
    }
}

//! Bodies that come compressed: gzip is restored piece by piece as it is read, so that the bounds of what is
//! restored hold, and nothing is held that nobody has asked for.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use flate2::{Decompress, FlushDecompress, Status};
use hyper::body::Frame;

use super::error::ApiError;

/// What a refusal says can be read (RFC 9110, 12.5.3).
pub(super) const READABLE: HeaderValue = HeaderValue::from_static("gzip");
/// Bytes that are restored at a time.
const PIECE_BYTES: usize = 16 * 1024;
/// Pieces after which others get their turn: restoring needs no input that could be waited for.
const PIECES_MAX: u32 = 16;
/// Most bytes of one body once restored, for bodies that are read as a stream; others have lower bounds of their own.
const RESTORED_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Window of gzip, bits.
const WINDOW_BITS: u8 = 15;

/// Why a compressed body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    #[error("the body is not what Content-Encoding says: it is no gzip, or damaged")]
    Damaged,
    #[error("the body broke off: its gzip stream has no end")]
    Truncated,
    #[error("the body has at most {RESTORED_BYTES_MAX} bytes once restored; go on in another request")]
    TooLarge,
}

/// The request with a body that is not compressed any more.
///
/// # Errors
/// If it is compressed by anything else than gzip.
pub(super) fn restored(mut request: Request) -> Result<Request, ApiError> {
    if !is_gzip(request.headers())? {
        return Ok(request);
    }
    request.headers_mut().remove(header::CONTENT_ENCODING);
    request.headers_mut().remove(header::CONTENT_LENGTH);
    Ok(request.map(|body| Body::new(Gunzip::new(body))))
}

/// What a reader of a body answers if the body was compressed and cannot be restored.
pub(super) fn refusal(error: &(dyn Error + 'static)) -> Option<ApiError> {
    let mut chain = std::iter::successors(Some(error), |&error| error.source());
    let unreadable = *chain.find_map(|error| error.downcast_ref::<Unreadable>())?;
    let (status, kind) = match unreadable {
        Unreadable::Damaged | Unreadable::Truncated => (StatusCode::BAD_REQUEST, "body"),
        Unreadable::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
    };
    Some(ApiError::new(status, kind, unreadable.to_string()))
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, ApiError> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let words = values.flat_map(|value| value.to_str().unwrap_or("?").split(','));
    let words = words.map(|word| word.trim().to_ascii_lowercase());
    let words: Vec<_> = words.filter(|word| !matches!(word.as_str(), "" | "identity")).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Ok(false),
        ["gzip" | "x-gzip"] => Ok(true),
        _ => {
            let detail =
                format!("the body is compressed by {}; send it as it is, or by gzip alone", words.join(", "));
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", detail))
        }
    }
}

/// A body that is restored as it is read.
struct Gunzip {
    body: Body,
    /// What has come and is not restored yet.
    input: Bytes,
    /// The gzip member that is being read; a body may be several in a row.
    member: Option<Decompress>,
    /// Nothing more comes.
    ended: bool,
    restored: u64,
    pieces: u32,
}

impl Gunzip {
    fn new(body: Body) -> Self {
        Self { body, input: Bytes::new(), member: None, ended: false, restored: 0, pieces: 0 }
    }

    /// Restores the next piece of what has come; nothing if that needs more input.
    fn restore(&mut self) -> Result<Bytes, Unreadable> {
        loop {
            if self.member.is_none() && self.input.is_empty() {
                return Ok(Bytes::new());
            }
            let member = self.member.get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
            let (read, made) = (member.total_in(), member.total_out());
            let mut piece = vec![0; PIECE_BYTES];
            let status = member
                .decompress(&self.input, &mut piece, FlushDecompress::None)
                .map_err(|_| Unreadable::Damaged)?;
            let read = usize::try_from(member.total_in() - read).map_err(|_| Unreadable::Damaged)?;
            let made = usize::try_from(member.total_out() - made).map_err(|_| Unreadable::Damaged)?;
            self.input = self.input.slice(read..);
            if status == Status::StreamEnd {
                self.member = None;
            }
            if made > 0 {
                piece.truncate(made);
                self.restored += made as u64;
                return if self.restored > RESTORED_BYTES_MAX {
                    Err(Unreadable::TooLarge)
                } else {
                    Ok(piece.into())
                };
            }
            if read == 0 && status != Status::StreamEnd {
                return Ok(Bytes::new());
            }
        }
    }
}

impl hyper::body::Body for Gunzip {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            if this.pieces >= PIECES_MAX {
                this.pieces = 0;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let piece = this.restore().map_err(axum::Error::new)?;
            if !piece.is_empty() {
                this.pieces += 1;
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if this.ended {
                let is_whole = this.member.is_none();
                return Poll::Ready((!is_whole).then(|| Err(axum::Error::new(Unreadable::Truncated))));
            }
            match ready!(hyper::body::Body::poll_frame(Pin::new(&mut this.body), context)) {
                // Trailers say nothing that anybody here reads.
                Some(Ok(frame)) => this.input = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => this.ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http_body_util::BodyExt;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    /// The body in pieces of this many bytes, restored; the largest piece of it.
    async fn restored(body: &[u8], size: usize) -> Result<(Vec<u8>, usize), String> {
        let pieces: Vec<_> =
            body.chunks(size).map(|piece| Ok::<_, String>(Bytes::copy_from_slice(piece))).collect();
        let mut gunzip = Body::new(Gunzip::new(Body::from_stream(futures_util::stream::iter(pieces))));
        let (mut all, mut largest) = (Vec::new(), 0);
        while let Some(frame) = gunzip.frame().await {
            let piece = frame.map_err(|error| error.to_string())?.into_data().unwrap_or_default();
            largest = largest.max(piece.len());
            all.extend_from_slice(&piece);
        }
        Ok((all, largest))
    }

    #[tokio::test]
    async fn whatever_the_pieces_the_whole_comes_out() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for size in [1, 7, 1000, usize::MAX] {
            let body = [gzip(&text[..9]), gzip(b""), gzip(&text[9..])].concat();
            let (all, largest) = restored(&body, size.min(body.len())).await.expect("it is whole");
            assert!(
                all == text && largest <= PIECE_BYTES,
                "{size}: {} bytes, {largest} at a time",
                all.len()
            );
        }
        assert_eq!(restored(b"", 1).await.expect("nothing is whole").0, b"");
    }

    #[tokio::test]
    async fn a_bomb_is_left_alone_at_the_bound() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..=RESTORED_BYTES_MAX >> 20 {
            encoder.write_all(&[b'\n'; 1 << 20]).expect("memory takes it");
        }
        let bomb = encoder.finish().expect("memory takes it");
        let (mut gunzip, mut restored) = (Body::new(Gunzip::new(Body::from(bomb))), 0);
        let error = loop {
            match gunzip.frame().await.expect("it does not end in peace") {
                Ok(frame) => restored += frame.into_data().unwrap_or_default().len() as u64,
                Err(error) => break error,
            }
        };
        assert_eq!((restored, error.to_string()), (RESTORED_BYTES_MAX, Unreadable::TooLarge.to_string()));
    }

    #[tokio::test]
    async fn what_is_no_gzip_or_no_whole_one_is_refused() {
        let whole = gzip(b"some text that is long enough to be cut");
        let refused = async |body: &[u8]| restored(body, 3).await.expect_err("it is refused");
        assert_eq!(refused(b"{\"a\":1}").await, Unreadable::Damaged.to_string());
        assert_eq!(refused(&[&whole[..], b"and more"].concat()).await, Unreadable::Damaged.to_string());
        for len in 1..whole.len() {
            assert_eq!(refused(&whole[..len]).await, Unreadable::Truncated.to_string(), "{len}");
        }
    }
}

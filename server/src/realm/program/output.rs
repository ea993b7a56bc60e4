//! What a program says, within a bound.

use tokio::io::{AsyncRead, AsyncReadExt};

/// The beginning of a stream, and how long it was.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) kept: Vec<u8>,
    pub(crate) read: u64,
}

impl Output {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

/// Keeps the first `max` bytes and reads on, so that a chatty program is not blocked. What was read by then is in
/// `output` also if this is dropped.
pub(super) async fn read_on(stream: Option<impl AsyncRead + Unpin>, max: usize, output: &mut Output) {
    let Some(mut stream) = stream else { return };
    let mut chunk = [0; 8192];
    while let Ok(n) = stream.read(&mut chunk).await {
        if n == 0 {
            break;
        }
        output.read += n as u64;
        let room = max.saturating_sub(output.kept.len()).min(n);
        output.kept.extend_from_slice(&chunk[..room]);
    }
}

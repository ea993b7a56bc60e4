//! What a server says of its health: `GET /healthz` on its port for monitoring.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Whether the server takes streams; `Err`: why not, in a line.
pub(super) async fn healthy(port: u16) -> Result<(), String> {
    match tokio::time::timeout(ANSWER_MAX, ask(port)).await {
        Err(_) => Err("it does not answer".into()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200") => Ok(()),
        Ok(Ok(answer)) => Err(answer.lines().last().unwrap_or_default().to_owned()),
    }
}

async fn ask(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

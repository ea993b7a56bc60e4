//! A page that is open and looked at, as far as an agent's questions need one: it says that it is there, and answers.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// How often it says that it is there. The server takes anything that is said for a sign of life, too.
const SAID_EVERY: Duration = Duration::from_secs(5);
/// How long the handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(20);
/// Largest answer to a handshake, bytes.
const HEAD_BYTES_MAX: usize = 4 * 1024;

/// A page. Dropped, it is closed.
#[derive(Debug)]
pub(crate) struct Page(Arc<Mutex<TcpStream>>);

impl Page {
    /// Opens one at a server of this machine.
    pub(crate) fn open(port: u16) -> Result<Self> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("opening a page")?;
        stream.set_read_timeout(Some(HANDSHAKE_MAX)).context("opening a page")?;
        write!(
            stream,
            "GET /ws/events?recent=0 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .context("opening a page")?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
            let mut byte = [0];
            stream.read_exact(&mut byte).context("opening a page")?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        ensure!(head.starts_with("HTTP/1.1 101"), "a page is refused: {head}");
        let page = Self(Arc::new(Mutex::new(stream)));
        let shared = Arc::clone(&page.0);
        page.say(&json!({"type": "presence", "visible": true}))?;
        thread::spawn(move || {
            // A page that was closed says nothing more.
            while Arc::strong_count(&shared) > 1
                && say(&shared, &json!({"type": "presence", "visible": true})).is_ok()
            {
                thread::sleep(SAID_EVERY);
            }
        });
        Ok(page)
    }

    /// Answers a request.
    pub(crate) fn answer(&self, request: &str, decision: &str, message: Option<&str>) -> Result<()> {
        let mut answer = json!({"type": "answer", "request_id": request, "decision": decision});
        if let Some(message) = message {
            answer["message"] = message.into();
        }
        self.say(&answer)
    }

    fn say(&self, message: &Value) -> Result<()> {
        say(&self.0, message)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // A connection that has ended is closed as well.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).shutdown(Shutdown::Both);
    }
}

/// Sends a text frame (RFC 6455, 5.2) with a mask of zeros.
fn say(stream: &Mutex<TcpStream>, message: &Value) -> Result<()> {
    let text = message.to_string();
    let len = u16::try_from(text.len()).context("a message of a page is short")?;
    let mut frame = vec![0x81];
    match u8::try_from(len) {
        Ok(short) if short < 126 => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    stream.lock().unwrap_or_else(PoisonError::into_inner).write_all(&frame).context("speaking for a page")
}

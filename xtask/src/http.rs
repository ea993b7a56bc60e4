//! One question to a server of this machine.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// The JSON of a `GET`.
pub(crate) fn get(port: u16, path: &str) -> Result<Value> {
    request(port, &format!("GET {path} HTTP/1.0\r\n"), "")
}

/// The JSON that answers a `POST` of JSON; null where there is none.
pub(crate) fn post(port: u16, path: &str, body: &Value) -> Result<Value> {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    request(port, &head, &body)
}

/// HTTP/1.0 ends a body with the connection.
fn request(port: u16, head: &str, body: &str) -> Result<Value> {
    let what = || head.lines().next().unwrap_or_default().to_owned();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).with_context(what)?;
    stream.set_read_timeout(Some(ANSWER_MAX)).with_context(what)?;
    write!(stream, "{head}Host: 127.0.0.1:{port}\r\n\r\n{body}").with_context(what)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(what)?;
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{}: no answer", what()))?;
    ensure!(head.lines().next().is_some_and(|status| status.contains(" 2")), "{}: {head} {body}", what());
    if body.is_empty() { Ok(Value::Null) } else { serde_json::from_str(body).with_context(what) }
}

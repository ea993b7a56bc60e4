//! One request of HTTP/1.1 and the status of its answer, on a blocking socket: all that a hook needs of a client.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConnection, StreamOwned};

use super::super::client::{Address, Shown};
use super::super::{Target, trust};

/// Longest beginning of an answer that is looked at for its status and its reason, bytes.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// Longest answer that is read whole, bytes: larger than any that an agent may ask for.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What the server answers.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Why, where it is no success and the server says so.
    pub(super) reason: Option<String>,
    /// What it says, where that was waited for.
    pub(super) body: Option<String>,
}

/// Posts a body and gives the answer. What is not done by `end` is given up; an answer that may take longer, after `patience`.
///
/// # Errors
/// If the server cannot be reached, or answers nothing that is HTTP.
pub(super) fn post(
    target: &Target,
    route: &str,
    body: &[u8],
    end: Instant,
    patience: Option<Duration>,
) -> anyhow::Result<Answer> {
    exchange(target, ("POST", route), body, end, patience)
}

/// Finds out whether a server answers in time: one that hangs is not waited for.
///
/// # Errors
/// If it does not.
pub(super) fn is_there(target: &Target, end: Instant) -> anyhow::Result<()> {
    exchange(target, ("GET", "/livez"), &[], end, None).map(drop)
}

fn exchange(
    target: &Target,
    (method, route): (&str, &str),
    body: &[u8],
    end: Instant,
    patience: Option<Duration>,
) -> anyhow::Result<Answer> {
    let Address { secured, host } = target.address()?;
    let Shown { token, ca } = target.shown()?;
    let (authority, base) = host.split_at(host.find('/').unwrap_or(host.len()));
    let mut request =
        format!("{method} {base}{route} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    request += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    if let Some(token) = token {
        if token.chars().any(char::is_control) {
            bail!("the token cannot be sent: it is none");
        }
        request += &format!("Authorization: Bearer {}\r\n", &*token);
    }
    let mut request = (request + "\r\n").into_bytes();
    request.extend_from_slice(body);
    let stream = connect(authority, if secured { 443 } else { 80 }, end)
        .with_context(|| format!("no server answers at {}", target.url))?;
    if let Some(patience) = patience {
        stream.set_read_timeout(Some(patience))?;
    }
    if secured {
        let name = authority
            .rsplit_once(':')
            .filter(|(_, port)| !port.contains(']'))
            .map_or(authority, |(name, _)| name);
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())?;
        let connection = ClientConnection::new(Arc::new(trust::config(true, ca.as_deref())?), name)?;
        return answer(StreamOwned::new(connection, stream), &request, patience.is_some());
    }
    answer(stream, &request, patience.is_some())
}

/// Connects to the first address of a name that takes a connection.
fn connect(authority: &str, port: u16, end: Instant) -> io::Result<TcpStream> {
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    let place = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(end)?) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                let left = left(end)?;
                stream.set_read_timeout(Some(left))?;
                stream.set_write_timeout(Some(left))?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// Writes a request and reads its answer: of a success no more than the status, unless its body is wanted.
fn answer(mut stream: impl Read + Write, request: &[u8], wants_body: bool) -> anyhow::Result<Answer> {
    stream.write_all(request).context("the payload cannot be sent")?;
    stream.flush().context("the payload cannot be sent")?;
    let mut read = Vec::new();
    // `HTTP/1.1 204 `
    while read.len() < 13 {
        if read_more(&mut stream, &mut read).context("the answer cannot be read")? == 0 {
            bail!("the server closed the connection without an answer");
        }
    }
    let line = std::str::from_utf8(&read[..12]).ok().filter(|line| line.starts_with("HTTP/1."));
    let status = line.and_then(|line| line[9..].parse().ok());
    let status = status.context("what answers does not speak HTTP/1.1")?;
    if wants_body && status == 200 {
        while read.len() < BODY_BYTES_MAX && matches!(read_more(&mut stream, &mut read), Ok(1..)) {}
        return Ok(Answer { status, reason: None, body: body(&read) });
    }
    if (200..300).contains(&status) {
        return Ok(Answer { status, reason: None, body: None });
    }
    // The connection ends with the answer. One that is cut off in time has no reason that can be read.
    while read.len() < ANSWER_BYTES_MAX && matches!(read_more(&mut stream, &mut read), Ok(1..)) {}
    Ok(Answer { status, reason: reason(&read), body: None })
}

fn read_more(stream: &mut impl Read, read: &mut Vec<u8>) -> io::Result<usize> {
    let mut piece = [0; 1024];
    let n = stream.read(&mut piece)?;
    read.extend_from_slice(&piece[..n]);
    Ok(n)
}

/// The body of an answer, if it is whole and JSON.
fn body(answer: &[u8]) -> Option<String> {
    let answer = std::str::from_utf8(answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str::<serde_json::Value>(body).ok().map(|body| body.to_string())
}

/// The reason in a problem after RFC 9457.
fn reason(answer: &[u8]) -> Option<String> {
    let answer = String::from_utf8_lossy(answer);
    let (begin, end) = (answer.find('{')?, answer.rfind('}')?);
    let problem: serde_json::Value = serde_json::from_str(answer.get(begin..=end)?).ok()?;
    let said = problem.get("detail").or_else(|| problem.get("title"))?.as_str()?;
    Some(said.to_owned())
}

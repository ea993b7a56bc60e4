//! How each server takes events and says that it has them: as bytes.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result, bail};

use super::Store;

/// One connection that appends.
pub(super) struct Lane {
    store: Store,
    stream: TcpStream,
    answers: BufReader<TcpStream>,
    request: Vec<u8>,
    batch: usize,
}

impl Lane {
    /// Connects; each request will have `batch` events like `event`.
    pub(super) fn open(store: Store, port: u16, number: usize, batch: usize, event: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).context("connecting")?;
        stream.set_nodelay(true)?;
        let answers = BufReader::with_capacity(64 * 1024, stream.try_clone()?);
        let request = request(store, number, batch, event);
        let mut lane = Self { store, stream, answers, request, batch };
        if store.is_nats() {
            let inbox = format!(
                "CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB inbox.{number} 1\r\nPING\r\n"
            );
            lane.stream.write_all(inbox.as_bytes())?;
            while lane.line()? != "PONG" {}
        }
        Ok(lane)
    }

    /// Appends one request's events and waits until the server says that it has all of them.
    pub(super) fn append(&mut self) -> Result<()> {
        self.stream.write_all(&self.request)?;
        match self.store {
            Store::Arcane(_) => self.http_answer(),
            Store::Redis(_) | Store::Nats(_) => (0..self.batch).try_for_each(|_| self.acknowledgement()),
        }
    }

    fn http_answer(&mut self) -> Result<()> {
        let status = self.line()?;
        if !status.starts_with("HTTP/1.1 201") {
            bail!("the server answered {status}");
        }
        let mut len = 0;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                len = value.trim().parse().context("reading an answer's length")?;
            }
        }
        let mut body = vec![0; len];
        self.answers.read_exact(&mut body)?;
        Ok(())
    }

    /// `$15`, then the entry's id; or `MSG inbox.1 1 40`, then what the stream says.
    fn acknowledgement(&mut self) -> Result<()> {
        let mut head = self.line()?;
        while head == "PING" {
            self.stream.write_all(b"PONG\r\n")?;
            head = self.line()?;
        }
        let body = self.line()?;
        if !(head.starts_with('$') || head.starts_with("MSG ")) || body.contains("error") {
            bail!("the server answered {head} {body}");
        }
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the server ended the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}

fn request(store: Store, number: usize, batch: usize, event: &str) -> Vec<u8> {
    match store {
        Store::Arcane(ack) => {
            let body =
                if batch == 1 { event.to_owned() } else { format!("[{}]", vec![event; batch].join(",")) };
            let head = format!(
                "POST /events?ack={} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                if ack { "synced" } else { "logged" },
                body.len()
            );
            [head.into_bytes(), body.into_bytes()].concat()
        }
        Store::Redis(_) => {
            let len = event.len();
            let one =
                format!("*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$1\r\ne\r\n${len}\r\n{event}\r\n");
            one.repeat(batch).into_bytes()
        }
        Store::Nats(_) => {
            let one = format!("PUB events inbox.{number} {}\r\n{event}\r\n", event.len());
            one.repeat(batch).into_bytes()
        }
    }
}

/// What has to be said once to a server that has just begun.
pub(super) fn prepare(store: Store, port: u16) -> Result<()> {
    if !store.is_nats() {
        return Ok(());
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).context("connecting")?;
    let create =
        r#"{"name":"events","subjects":["events"],"storage":"file","retention":"limits","num_replicas":1}"#;
    let say = format!(
        "CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB made 1\r\nPUB $JS.API.STREAM.CREATE.events made {}\r\n{create}\r\n",
        create.len()
    );
    stream.write_all(say.as_bytes())?;
    let mut answers = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            bail!("nats-server ended the connection");
        }
        if line.contains("\"error\"") {
            bail!("nats-server makes no stream: {line}");
        }
        if line.contains("stream_create_response") {
            return Ok(());
        }
    }
}

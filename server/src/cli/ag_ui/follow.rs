//! Reads the stream, and opens it again when it breaks off.

use arcane_shared::counted;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::super::print::remark;
use super::super::trust;
use super::batch::Event;
use super::deliver::{self, deliver};
use super::lines::{Lines, Said};
use super::{Follow, headers};
use crate::gate::origin::is_loopback;

/// Events that wait for the server; what comes beyond is left out and counted, for the stream is not held up.
const WAITING_MAX: usize = 4_096;
/// How long it may take to be answered.
const OPEN: Duration = Duration::from_secs(30);
/// Pauses before a stream is opened again, where it names none.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A stream that held so long was in order: the next pause is the shortest again.
const HELD: Duration = Duration::from_secs(10);

/// How a stream ended.
enum End {
    /// It says that it is over.
    Over,
    /// It may be opened again; why it has to be.
    Broken(String),
    /// It was not opened, and that may be tried again; why it was not.
    Unopened(String),
}

/// What the reading of a stream counts.
#[derive(Debug, Default)]
struct Counts {
    unreadable: u64,
    left_out: u64,
}

impl Follow {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        deliver::check(&self)?;
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let mut counts = Counts::default();
        let read = self.read(sender, &mut counts);
        let deliver = deliver(&self, receiver);
        // What was read is delivered also when the stream has ended badly.
        let mut delivering = std::pin::pin!(deliver);
        let (ended, delivered) = tokio::select! {
            ended = read => (ended, delivering.await),
            delivered = &mut delivering => (Ok(()), delivered),
        };
        let delivered = delivered?;
        let mut told = format!("{} told", counted(delivered.events as u64, "event"));
        for (n, why) in [
            (counts.unreadable, "could not be read"),
            (counts.left_out, "came faster than the server took them"),
            (delivered.homeless, "of no thread: say --thread"),
        ] {
            if n > 0 {
                told += &format!("; {} {why}", counted(n, "event"));
            }
        }
        remark(&told);
        ended
    }

    async fn read(&self, events: mpsc::Sender<Event>, counts: &mut Counts) -> anyhow::Result<()> {
        let client = self.client()?;
        let mut lines = Lines::default();
        let (mut pause, mut least) = (PAUSE_MIN, PAUSE_MIN);
        loop {
            let began = Instant::now();
            let why = match self.read_once(&client, &mut lines, &events, counts, &mut least).await? {
                End::Over => return Ok(()),
                End::Broken(_) if self.once => return Ok(()),
                End::Unopened(why) if self.once => bail!(why),
                End::Broken(why) | End::Unopened(why) => why,
            };
            pause = if began.elapsed() >= HELD { least } else { pause.max(least) };
            remark(&format!("{why}; it is opened again in {} ms", pause.as_millis()));
            // Not all that were cut off at once come back at once.
            sleep(pause.mul_f64(rand::random_range(0.8..1.2))).await;
            pause = (pause * 2).min(PAUSE_MAX.max(least));
            lines.reopen();
        }
    }

    async fn read_once(
        &self,
        client: &Client,
        lines: &mut Lines,
        events: &mpsc::Sender<Event>,
        counts: &mut Counts,
        least: &mut Duration,
    ) -> anyhow::Result<End> {
        let mut request = client.get(&self.stream).header(ACCEPT, "text/event-stream");
        request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(id) = HeaderValue::from_bytes(&lines.last_id).ok().filter(|id| !id.is_empty()) {
            request = request.header("last-event-id", id);
        }
        let mut stream = match timeout(OPEN, request.send()).await {
            Ok(Ok(answer)) => match self.opened(answer)? {
                Ok(stream) => stream,
                Err(end) => return Ok(end),
            },
            Ok(Err(error)) => return Ok(End::Unopened(self.unreachable(&error))),
            Err(_) => return Ok(End::Unopened(format!("{} does not answer", self.stream))),
        };
        loop {
            let piece = match timeout(Duration::from_secs(self.silence_s), stream.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => return Ok(End::Broken("the stream has ended".into())),
                Ok(Err(_)) => return Ok(End::Broken("the stream broke off".into())),
                Err(_) => {
                    return Ok(End::Broken(format!("the stream said nothing for {} s", self.silence_s)));
                }
            };
            for said in lines.push(&piece) {
                match said {
                    Said::Retry(ms) => *least = Duration::from_millis(ms).clamp(PAUSE_MIN, PAUSE_MAX),
                    Said::TooLarge => counts.unreadable += 1,
                    Said::Event(data) => match Event::read(&data) {
                        None => counts.unreadable += 1,
                        Some(event) => counts.left_out += u64::from(events.try_send(event).is_err()),
                    },
                }
            }
        }
    }

    /// The stream of an answer, or how it ended before it began.
    fn opened(&self, answer: Response) -> anyhow::Result<Result<Response, End>> {
        let status = answer.status();
        if status == StatusCode::NO_CONTENT {
            return Ok(Err(End::Over));
        }
        if status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        {
            return Ok(Err(End::Unopened(format!("{} answers {status}", self.stream))));
        }
        if status.is_redirection() {
            let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            bail!("{} leads to {to}; say that address", self.stream);
        }
        if !status.is_success() {
            bail!("{} answers {status}; a key for it is said with --header", self.stream);
        }
        let kind =
            answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing");
        if kind.split(';').next().unwrap_or_default().trim() != "text/event-stream" {
            bail!("{} is {kind}; a stream of AG-UI is text/event-stream", self.stream);
        }
        let encodings = answer.headers().get_all(CONTENT_ENCODING).iter().filter_map(|one| one.to_str().ok());
        if let Some(encoding) = encodings.map(str::trim).find(|one| !one.eq_ignore_ascii_case("identity")) {
            bail!(
                "{} is encoded as {encoding}; a stream is read as it is (identity): switch its compression off",
                self.stream
            );
        }
        Ok(Ok(answer))
    }

    fn unreachable(&self, error: &reqwest::Error) -> String {
        trust::refusal(error, &self.stream).unwrap_or_else(|| format!("{} does not answer", self.stream))
    }

    fn client(&self) -> anyhow::Result<Client> {
        let place = Url::parse(&self.stream).ok().filter(|place| place.has_host());
        let place = place.filter(|place| matches!(place.scheme(), "http" | "https"));
        let place = place.ok_or_else(|| {
            anyhow!(
                "{}: the address of a stream is http://HOST:PORT/PATH or https://HOST:PORT/PATH",
                self.stream
            )
        })?;
        let secured = place.scheme() == "https";
        let authorities = trust::config(secured, self.target.shown()?.ca.as_deref())?;
        let mut all = HeaderMap::new();
        for (name, value) in headers(&self.headers)? {
            all.append(name, value);
        }
        // Nothing that is said to this address is said to another.
        let mut client = Client::builder()
            .tls_backend_preconfigured(authorities)
            .redirect(reqwest::redirect::Policy::none())
            .default_headers(all);
        if is_loopback(place.authority()) {
            client = client.no_proxy();
        }
        client.build().context("the stream cannot be asked for")
    }
}

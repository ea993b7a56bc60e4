//! Talking to a server from the command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use arcane_shared::control::Bearer;
use arcane_shared::dictionary::Tongue;
use arcane_shared::server_address::ServerAddress;
use arcane_shared::{Problem, ReceivedEvent, line};
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::remembered::{self, Remembered};
use super::{Target, screen, trust};
use crate::gate::origin::is_loopback;

impl Target {
    /// A question to a route of the server.
    ///
    /// # Errors
    /// If the address is none that can be asked.
    pub(super) fn get(&self, route: &str) -> anyhow::Result<RequestBuilder> {
        self.request(Method::GET, route)
    }

    /// A request to a route of the server.
    ///
    /// # Errors
    /// If the address is none that can be asked.
    pub(super) fn post(&self, route: &str) -> anyhow::Result<RequestBuilder> {
        self.request(Method::POST, route)
    }

    /// Deletes what has a name.
    pub(super) async fn delete(&self, route: &str, name: &str) -> anyhow::Result<()> {
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        // In a path a plus sign is one (RFC 3986, 3.3).
        let mut name = name.replace('+', "%20");
        if matches!(name.as_str(), "." | "..") {
            // By itself it would be a step in the path (RFC 3986, 5.2.4); the server trims names.
            name.insert_str(0, "%20");
        }
        self.answered(self.request(Method::DELETE, &format!("{route}/{name}"))?).await.map(drop)
    }

    fn request(&self, method: Method, route: &str) -> anyhow::Result<RequestBuilder> {
        let Address { secured, host } = self.address()?;
        let scheme = if secured { "https" } else { "http" };
        let Shown { token, ca } = self.shown()?;
        let authorities = trust::config(secured, ca.as_deref())?;
        // Nothing leads from https to what is not.
        let mut client = Client::builder().tls_backend_preconfigured(authorities).https_only(secured);
        if is_loopback(host.split('/').next().unwrap_or_default()) {
            // What a proxy calls by these names is its own machine.
            client = client.no_proxy();
        }
        let request = client.build()?.request(method, format!("{scheme}://{host}{route}"));
        Ok(match token {
            Some(token) => request.bearer_auth(&*token),
            None => request,
        })
    }

    /// What is shown to the server and what it has to show: what was said, otherwise what is remembered of this server and no other.
    pub(super) fn shown(&self) -> anyhow::Result<Shown> {
        let said = Shown { token: self.token.clone(), ca: self.ca.clone() };
        if said.token.is_some() && said.ca.is_some() {
            return Ok(said);
        }
        let same = |remembered: &Remembered| {
            let place = ServerAddress::parse(&remembered.url);
            place.is_some() && place == ServerAddress::parse(&self.url)
        };
        let Some(Remembered { token, ca, .. }) = remembered::read()?.filter(same) else { return Ok(said) };
        Ok(Shown { token: said.token.or(token), ca: said.ca.or(ca) })
    }

    pub(super) fn address(&self) -> anyhow::Result<Address> {
        let unusable =
            || anyhow!("{}: the address of a server is http://HOST:PORT or https://HOST:PORT", self.url);
        let ServerAddress { secure, host, path } = ServerAddress::parse(&self.url).ok_or_else(unusable)?;
        Ok(Address { secured: secure.ok_or_else(unusable)?, host: host + &path })
    }

    /// Sends a request; a problem becomes an error that says what would help.
    pub(super) async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        self.answered(request).await?.json().await.context("the server's answer cannot be read")
    }

    /// Sends a request; the answer may be a refusal.
    pub(super) async fn ask(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        request.send().await.map_err(|error| self.unreachable(error))
    }

    async fn answered(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = self.ask(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        Err(self.refusal(status, &body))
    }

    /// Opens the event stream.
    pub(super) async fn stream(&self, query: &[(&str, String)]) -> anyhow::Result<EventSocket> {
        let Address { secured, host } = self.address()?;
        let scheme = if secured { "wss" } else { "ws" };
        let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let mut request = format!("{scheme}://{host}/ws/events?{query}").into_client_request()?;
        let Shown { token, ca } = self.shown()?;
        if let Some(token) = token {
            let value =
                format!("Bearer {}", &*token).parse().context("the token cannot be sent: it is none")?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let connector = Connector::Rustls(Arc::new(trust::config(secured, ca.as_deref())?));
        match connect_async_tls_with_config(request, None, false, Some(connector)).await {
            Ok((socket, _)) => Ok(socket),
            Err(SocketError::Http(response)) => {
                Err(self.refusal(response.status(), response.body().as_deref().unwrap_or_default()))
            }
            Err(error) => Err(self.unreachable(error)),
        }
    }

    /// What a refused request is told as: a problem says what would help.
    pub(super) fn refusal(&self, status: StatusCode, body: &[u8]) -> anyhow::Error {
        let Ok(Problem { detail, suggestions, .. }) = serde_json::from_slice(body) else {
            return anyhow!("the server answered {status}");
        };
        if status == StatusCode::UNAUTHORIZED && self.token.is_none() {
            return anyhow!(
                "{detail}\ngive it with --token or ARCANE_TOKEN, or once with `arcane connect URL --token -`"
            );
        }
        if suggestions.is_empty() {
            return anyhow!(detail);
        }
        anyhow!("{detail}\nwhat would be understood:\n  {}", suggestions.join("\n  "))
    }

    /// What a server that cannot be spoken to is told as.
    fn unreachable(&self, error: impl Into<anyhow::Error>) -> anyhow::Error {
        let error = error.into();
        match trust::refusal(&*error, &self.url) {
            Some(refusal) => anyhow!(refusal),
            None => {
                error.context(format!("no server answers at {}; start one with `arcane serve`", self.url))
            }
        }
    }
}

/// The event stream of a server.
pub(super) type EventSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The token that a server is shown, and the authority that its certificate is checked by.
pub(super) struct Shown {
    pub(super) token: Option<Bearer>,
    pub(super) ca: Option<PathBuf>,
}

/// Where a server is.
pub(super) struct Address {
    /// Whether it is spoken to through TLS.
    pub(super) secured: bool,
    /// Host, port, and what stands before the routes.
    pub(super) host: String,
}

/// One event as a line for people, in their words. What orders a terminal about does not reach it.
pub(super) fn line(event: &ReceivedEvent, tongue: Tongue, colored: bool) -> String {
    let time = event.timestamp.to_string();
    let clock = time.get(11..23).unwrap_or(&time);
    let daemon = event.daemon_name.as_ref().map_or("—", |name| name.as_str());
    let mark = if event.success { '✦' } else { '✕' };
    let words = match tongue {
        Tongue::Fantasy => {
            let task = event.text("task").filter(|task| !task.is_empty()).map(|task| format!("  «{task}»"));
            format!("{}{}", event.description, task.unwrap_or_default())
        }
        // The server's own sentences are in fantasy.
        Tongue::Plain => {
            let error = event.text("error").filter(|error| !event.success && !error.is_empty());
            format!(
                "{}{}",
                line::of(event, tongue),
                error.map(|error| format!(": {error}")).unwrap_or_default()
            )
        }
    };
    let words = screen::line(&words);
    let spell = screen::line(tongue.kind_of(&event.spell_name));
    if !colored {
        return format!("{clock}  {mark} {spell:<7} {daemon:<12}  {words}");
    }
    let [r, g, b] = event.color().map_or([200, 200, 210], |color| color.0);
    let dim = if event.success { "" } else { "\x1b[38;2;251;113;133m" };
    format!(
        "\x1b[2m{clock}\x1b[0m  {dim}{mark}\x1b[0m {spell:<7} \x1b[38;2;{r};{g};{b}m{daemon:<12}\x1b[0m  {words}"
    )
}

/// Whether a stream is a terminal that wants colours (<https://no-color.org>).
pub(super) fn wants_color(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

//! Talking to a server from the command line.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use arcane_shared::{Problem, ReceivedEvent};
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request as Handshake;

use super::{Target, screen};

impl Target {
    /// A request to a route of the server.
    ///
    /// # Errors
    /// If the address is none that can be asked.
    pub(super) fn post(&self, route: &str) -> anyhow::Result<RequestBuilder> {
        self.request(Method::POST, route)
    }

    /// Deletes what has a name.
    pub(super) async fn delete(&self, route: &str, name: &str) -> anyhow::Result<()> {
        let mut name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        if matches!(name.as_str(), "." | "..") {
            // By itself it would be a step in the path (RFC 3986, 5.2.4); the server trims names.
            name.insert_str(0, "%20");
        }
        self.answered(self.request(Method::DELETE, &format!("{route}/{name}"))?).await.map(drop)
    }

    fn request(&self, method: Method, route: &str) -> anyhow::Result<RequestBuilder> {
        let request = Client::new().request(method, format!("http://{}{route}", self.host()?));
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// What comes behind the scheme of the address.
    fn host(&self) -> anyhow::Result<&str> {
        let Some(host) = self.url.strip_prefix("http://") else {
            bail!("{}: only http:// addresses are supported", self.url);
        };
        Ok(host.trim_end_matches('/'))
    }

    /// Sends a request; a problem becomes an error that says what would help.
    pub(super) async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        self.answered(request).await?.json().await.context("the server's answer cannot be read")
    }

    async fn answered(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request
            .send()
            .await
            .with_context(|| format!("no server answers at {}; start one with `arcane serve`", self.url))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let Ok(problem) = response.json::<Problem>().await else { bail!("the server answered {status}") };
        if status == StatusCode::UNAUTHORIZED && self.token.is_none() {
            bail!("{}\ngive it with --token or ARCANE_TOKEN", problem.detail);
        }
        if problem.suggestions.is_empty() {
            bail!("{}", problem.detail);
        }
        bail!("{}\nwhat would be understood:\n  {}", problem.detail, problem.suggestions.join("\n  "))
    }

    /// The request that opens the event stream.
    pub(super) fn stream(&self, query: &[(&str, String)]) -> anyhow::Result<Handshake> {
        let host = self.host()?;
        let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let mut request = format!("ws://{host}/ws/events?{query}").into_client_request()?;
        if let Some(token) = &self.token {
            let value =
                format!("Bearer {token}").parse().context("--token cannot be sent: it is no token")?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }
}

/// One event as a line for people. What orders a terminal about does not reach it.
pub(super) fn line(event: &ReceivedEvent, colored: bool) -> String {
    let time = event.timestamp.to_string();
    let clock = time.get(11..23).unwrap_or(&time);
    let daemon = event.daemon_name.as_ref().map_or("—", |name| name.as_str());
    let mark = if event.success { '✦' } else { '✕' };
    let task = event.text("task").filter(|task| !task.is_empty()).map(|task| format!("  «{task}»"));
    let words = screen::line(&format!("{}{}", event.description, task.unwrap_or_default()));
    let spell = screen::line(event.spell_name.as_str());
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

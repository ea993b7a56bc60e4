//! The server's routes, as far as the page uses them.

use std::pin::Pin;

use arcane_shared::api::{RosterAnswer, SpellRequest};
use arcane_shared::lenient::Plain;
use arcane_shared::{Position, ServerAddress};
use arcane_stage::answers::{Refusal, told};
use arcane_stage::message::written;
use arcane_stage::summary::shorten;
use gloo_net::http::{Request, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

/// Where the server is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Server {
    /// What stands before its routes; empty: they are those of the page's own host.
    base: String,
    /// Its host, and the path before its routes.
    place: String,
    secure: bool,
    /// What is wrong with the address that names it: then it is asked for nothing.
    wrong: Option<String>,
    /// The token that is shown to it, and to no other.
    token: Option<String>,
}

/// What the log says: a value, or the status and sentence of a refusal.
pub(crate) type LogAnswer = Result<Value, (u16, Option<String>)>;

/// Why a request brought nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failure {
    /// The status of the answer; 0 if there was none.
    pub(crate) status: u16,
    /// What the server said, if it can be read.
    pub(crate) problem: Option<Refusal>,
}

impl Server {
    /// The server of the page, or the one that `?server=http://host:port` names.
    pub(crate) fn of_page(named: Option<&str>) -> Self {
        let location = leptos::prelude::window().location();
        let path = location.pathname().unwrap_or_default();
        // The page is its server's `/`, maybe behind the path of a proxy.
        let base = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = Self {
            place: location.host().unwrap_or_default() + base,
            base: base.to_owned(),
            secure: location.protocol().as_deref() == Ok("https:"),
            wrong: None,
            token: None,
        };
        let Some(text) = named.filter(|named| !named.trim().is_empty()) else { return own };
        let Some(address) = ServerAddress::parse(text) else {
            let text = shorten(text, 60);
            let wrong = Some(format!(
                "“{text}” in the page's address names no server. It would be ?server=http://host:8000"
            ));
            // What the browser keeps is of the page's own server.
            return Self { wrong, base: text, ..own };
        };
        let (secure, place) = (address.secure.unwrap_or(own.secure), address.host + &address.path);
        if (secure, &place) == (own.secure, &own.place) {
            return own;
        }
        Self { base: format!("{}://{place}", scheme(secure)), place, ..own }
    }

    /// What the browser knows the server by: empty for one at the root of the page's own host.
    pub(crate) fn name(&self) -> &str {
        &self.base
    }

    /// What is wrong with the page's address, if it names no server.
    pub(crate) fn wrong(&self) -> Option<&String> {
        self.wrong.as_ref()
    }

    /// Shows it this token from now on.
    pub(crate) fn set_token(&mut self, token: Option<String>) {
        self.token = token;
    }

    /// The token that is shown to it.
    pub(crate) fn token(&self) -> Option<&String> {
        self.token.as_ref()
    }

    /// The address of a room's event stream, to be read on from a position.
    pub(crate) fn stream_url(&self, room: &str, since: Option<Position>) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        let since = since.map_or_else(String::new, |position| format!("&since={position}"));
        format!("{scheme}://{}/ws/events?room={room}&recent=100&roster=true{since}", self.place)
    }

    /// The address that a person would type into a shell.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}", scheme(self.secure), self.place)
    }

    /// Casts a spell written in natural language; says what came of it.
    pub(crate) async fn cast(&self, spell: &str) -> Result<String, Failure> {
        let body = written(&SpellRequest { spell: spell.into() });
        Ok(told(&self.request("/spell/cast", Some(body)).await?, spell))
    }

    /// What a route says; nothing, if it does not answer.
    pub(crate) async fn look(&self, path: &str) -> Value {
        self.request(path, None).await.unwrap_or_default()
    }

    /// Who is present in a room and does what.
    pub(crate) async fn roster(&self, room: &str) -> Option<RosterAnswer> {
        let answer = self.look(&["/roster?room=", room].concat()).await;
        RosterAnswer::deserialize(Plain(answer)).ok()
    }

    /// Asks the log.
    pub(crate) async fn log(&self, path: String) -> LogAnswer {
        let answer = self.request(&path, None).await;
        answer.map_err(|failure| (failure.status, failure.problem.map(|problem| problem.sentence)))
    }

    // One future in a box: all callers await the same code.
    pub(crate) fn request(
        &self,
        path: &str,
        body: Option<String>,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Failure>>>> {
        if let Some(wrong) = &self.wrong {
            let problem = Refusal { sentence: wrong.clone(), ..Refusal::default() };
            return Box::pin(std::future::ready(Err(Failure { status: 0, problem: Some(problem) })));
        }
        let url = format!("{}{path}", self.base);
        let request = if body.is_some() { Request::post(&url) } else { Request::get(&url) };
        Box::pin(send(request, body, self.token.clone()))
    }

    /// Removes what a route names.
    pub(crate) async fn delete(&self, path: String) -> Result<(), Failure> {
        // What has gone is told by no text.
        let request = Request::delete(&[self.base.as_str(), &path].concat());
        let answer = send(request, None, self.token.clone()).await;
        answer.map(drop).or_else(|failure| if failure.status == 204 { Ok(()) } else { Err(failure) })
    }
}

fn scheme(secure: bool) -> &'static str {
    if secure { "https" } else { "http" }
}

async fn send(
    mut request: RequestBuilder,
    body: Option<String>,
    token: Option<String>,
) -> Result<Value, Failure> {
    let unreachable = |_| Failure::default();
    if let Some(token) = token {
        request = request.header("Authorization", &["Bearer ", &token].concat());
    }
    let response = match body {
        Some(body) => {
            let request = request.header("Content-Type", "application/json").body(body);
            request.map_err(unreachable)?.send().await
        }
        None => request.send().await,
    };
    let response = response.map_err(unreachable)?;
    let text = response.text().await.map_err(unreachable)?;
    match serde_json::from_str(&text).ok() {
        Some(answer) if response.ok() => Ok(answer),
        answer => {
            Err(Failure { status: response.status(), problem: answer.as_ref().and_then(Refusal::read) })
        }
    }
}

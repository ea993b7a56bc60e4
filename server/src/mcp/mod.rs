//! Tools by which agents tell of themselves: the Model Context Protocol's side of them, for whoever reaches the bus.
//!
//! `tools` says what there is, `arguments` reads what a client sends, `telling` makes the event, `answer` what an agent gets back; all pure.
//! `turns` keeps the calls of one connection in order.

mod answer;
mod arguments;
mod telling;
#[cfg(test)]
mod tests;
mod tools;
mod turns;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use arcane_shared::{DaemonName, RoomName};
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest, CustomResult,
    ErrorCode, ErrorData, Implementation, JsonObject, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

use arguments::Arguments;
use arguments::Wrong;
use telling::{Call, Told, of_client};
pub(crate) use turns::InTurn;
use turns::Turn;

/// Most tasks whose beginning is remembered for the time that they took; the oldest gives way.
const BEGUN_MAX: usize = 64;
/// Most daemons that are told to be gone when their client is.
const SUMMONED_MAX: usize = 64;

/// What a tool wants of the bus, in the client's room.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Publish this event.
    Publish(Value),
    /// Who is present, and does what.
    Roster,
    /// The latest events of a daemon.
    Events { daemon: DaemonName, limit: usize },
}

impl Ask {
    /// The query with which it is asked, of `/events` or `/roster`.
    pub(crate) fn query(&self, room: &RoomName) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("room", room.as_str());
        if let Self::Events { daemon, limit } = self {
            query.append_pair("daemon", daemon.as_str()).append_pair("order", "desc");
            query.append_pair("limit", &limit.to_string());
        }
        query.finish()
    }
}

/// Who reaches the bus: in the server itself, or over HTTP.
pub(crate) trait Bus: Send + Sync + 'static {
    /// The bus's answer, as JSON: that of `POST /events`, `GET /roster` or `GET /events`.
    ///
    /// # Errors
    /// Why there is none, in words for an agent.
    fn ask(&self, ask: Ask) -> impl Future<Output = Result<Value, String>> + Send;
}

/// Whose tools they are.
#[derive(Debug, Default)]
pub(crate) struct Owner {
    /// Whose events they are where a call does not say.
    pub(crate) daemon: Option<DaemonName>,
    /// What joins all events of one client; `None`: each request may be of another.
    pub(crate) session: Option<String>,
}

/// The tools, for one client.
#[derive(Debug)]
pub(crate) struct Tools<B> {
    bus: B,
    owner: Owner,
    told: Mutex<Past>,
}

/// What a client told before.
#[derive(Debug, Default)]
struct Past {
    begun: VecDeque<(DaemonName, String, Instant)>,
    summoned: Vec<DaemonName>,
}

impl<B: Bus> Tools<B> {
    pub(crate) fn new(bus: B, owner: Owner) -> Self {
        Self { bus, owner, told: Mutex::default() }
    }

    /// Tells of the end of every daemon that was summoned and not banished: their client is gone.
    pub(crate) async fn end(&self) {
        let left = std::mem::take(&mut self.past().summoned);
        for daemon in left {
            let event = telling::farewell(&daemon, self.owner.session.as_deref());
            if self.bus.ask(Ask::Publish(event)).await.is_err() {
                return;
            }
        }
    }

    fn past(&self) -> std::sync::MutexGuard<'_, Past> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call is answered.
    async fn call(&self, tool: &str, arguments: &JsonObject, client: Option<&str>) -> Result<Value, Wrong> {
        let arguments = Arguments::of(tool, &tools::names_of(tool), arguments)?;
        let daemon = self.owner.daemon.clone().or_else(|| client.and_then(of_client));
        let call = Call::read(tool, &arguments, daemon)?;
        match call {
            Call::Tell(told) => self.tell(told).await,
            Call::Present { waiting } => Ok(answer::present(&self.ask(Ask::Roster).await?, waiting)),
            Call::Events { daemon, limit } => {
                let page = self.ask(Ask::Events { daemon: daemon.clone(), limit }).await?;
                Ok(answer::events(&daemon, &page))
            }
        }
    }

    async fn tell(&self, mut told: Told) -> Result<Value, Wrong> {
        if let (Some(id), None, true) = (&told.call_id, told.seconds, told.ends) {
            told.seconds = self.past().ended(&told.daemon, id, Instant::now());
        }
        if told.begins && told.call_id.is_none() {
            told.call_id = Some(format!("{:016x}", rand::random::<u64>()));
        }
        let event = told.event(self.owner.session.as_deref());
        let published = self.ask(Ask::Publish(event)).await?;
        self.past().remember(&told, Instant::now());
        Ok(answer::told(&told, &published))
    }

    async fn ask(&self, ask: Ask) -> Result<Value, Wrong> {
        self.bus.ask(ask).await.map_err(Wrong::new)
    }
}

impl Past {
    fn remember(&mut self, told: &Told, now: Instant) {
        if let (true, Some(id)) = (told.begins, &told.call_id) {
            if self.begun.len() >= BEGUN_MAX {
                self.begun.pop_front();
            }
            self.begun.push_back((told.daemon.clone(), id.clone(), now));
        }
        if told.summons && !self.summoned.contains(&told.daemon) && self.summoned.len() < SUMMONED_MAX {
            self.summoned.push(told.daemon.clone());
        }
        if told.banishes {
            self.summoned.retain(|daemon| *daemon != told.daemon);
        }
    }

    /// How many seconds a task took whose beginning was told.
    fn ended(&mut self, daemon: &DaemonName, id: &str, now: Instant) -> Option<f64> {
        let at = self.begun.iter().position(|(of, begun, _)| of == daemon && begun == id)?;
        let (_, _, since) = self.begun.remove(at)?;
        Some(now.duration_since(since).as_secs_f64())
    }
}

impl<B: Bus> ServerHandler for Tools<B> {
    fn get_info(&self) -> ServerConfig {
        let server = Implementation::new("arcane", env!("CARGO_PKG_VERSION")).with_title("Arcane event bus");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(server)
            .with_instructions(tools::INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    /// What the library knows no form of: also calls with parameters that are none.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method == "tools/call" {
            return Err(ErrorData::invalid_params(misshapen(request.params.as_ref()).to_string(), None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // Over HTTP each request is its own, and has none.
        let turn = context.extensions.get::<Turn>().cloned();
        let _begun = match &turn {
            Some(turn) => match turn.begin().await {
                Ok(begun) => Some(begun),
                Err(wrong) => return Ok(failed(&wrong).into()),
            },
            None => None,
        };
        if context.ct.is_cancelled() {
            return Err(ErrorData::internal_error("the call was cancelled before its turn", None));
        }
        let name: Cow<'static, str> = request.name;
        if !tools::NAMES.contains(&&*name) {
            return Err(ErrorData::invalid_params(tools::unknown(&name), None));
        }
        // Without a session the library knows no client of a request but the one that the request names.
        let client =
            if self.owner.session.is_some() { context.client_info() } else { context.meta.client_info() };
        let client = client.map(|client| client.name);
        let arguments = request.arguments.unwrap_or_default();
        let answer = self.call(&name, &arguments, client.as_deref()).await;
        let result = match answer {
            Ok(value) => CallToolResult::structured(value),
            Err(wrong) => failed(&wrong),
        };
        Ok(result.into())
    }
}

/// Why the parameters of a call are none.
fn misshapen(params: Option<&Value>) -> Wrong {
    let Some(params) = params else {
        return Wrong::argument("params", r#"is missing; say {"name": TOOL, "arguments": {…}}"#);
    };
    let Value::Object(params) = params else {
        return Wrong::argument("params", format!("must be an object, not {}", arguments::kind(params)));
    };
    match (params.get("name"), params.get("arguments")) {
        (None, _) => Wrong::argument("name", format!("is missing; there are {}", tools::NAMES.join(", "))),
        (Some(name), _) if !name.is_string() => {
            Wrong::argument("name", format!("must be a string, not {}", arguments::kind(name)))
        }
        (_, Some(given)) if !given.is_object() => {
            Wrong::argument("arguments", format!("must be an object, not {}", arguments::kind(given)))
        }
        _ => {
            Wrong::argument("params", "a field besides name and arguments is not what the protocol has there")
        }
    }
}

fn failed(wrong: &Wrong) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(wrong.to_string())])
}

//! What a call means: the event that it tells of, or the question that it asks. Pure.

use arcane_shared::DaemonName;
use arcane_shared::roster::{BEGIN, PROGRESS};
use serde_json::{Map, Value, json};

use super::arguments::{Arguments, Wrong};
use crate::ingest::secrets::masked;

/// Longest task and error, characters.
pub(super) const TASK_CHARS_MAX: usize = 1_000;
/// Longest sentence, characters.
pub(super) const TEXT_CHARS_MAX: usize = 2_000;
/// Longest word of another kind (a model, a role, an id), characters.
pub(super) const WORD_CHARS_MAX: usize = 200;
/// Most events that `query` answers.
pub(super) const EVENTS_MAX: usize = 50;
/// Events that it answers where nobody says.
pub(super) const EVENTS_DEFAULT: usize = 10;
/// What `invoke` tells of a task; the first where nobody says.
pub(super) const STATES: [&str; 3] = ["done", "begin", "failed"];
/// What `query` answers; the first where nobody says.
pub(super) const QUESTIONS: [&str; 3] = ["present", "waiting", "events"];
/// `source` of what is told here.
const SOURCE: &str = "mcp";

/// What becomes of a call.
#[derive(Debug, PartialEq)]
pub(super) enum Call {
    Tell(Told),
    Present { waiting: bool },
    Events { daemon: DaemonName, limit: usize },
}

/// Something that an agent tells of itself.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    pub(super) daemon: DaemonName,
    pub(super) summons: bool,
    pub(super) banishes: bool,
    pub(super) begins: bool,
    pub(super) ends: bool,
    pub(super) call_id: Option<String>,
    /// How long a task took.
    pub(super) seconds: Option<f64>,
    spell: &'static str,
    success: bool,
    description: Option<String>,
    metadata: Map<String, Value>,
}

impl Call {
    /// What a call with these arguments means. `own`: whose it is where it does not say.
    pub(super) fn read(
        tool: &str,
        arguments: &Arguments<'_>,
        own: Option<DaemonName>,
    ) -> Result<Self, Wrong> {
        let what = "say your own name; or set the server up with one: `arcane mcp --daemon NAME`, or ?daemon=NAME in its address";
        let whose = || {
            arguments
                .daemon("daemon")?
                .or(own)
                .ok_or_else(|| Wrong::argument("daemon", format!("is missing; {what}")))
        };
        if tool == "query" {
            return Ok(match arguments.word("what", &QUESTIONS)? {
                "events" => Self::Events {
                    daemon: whose()?,
                    limit: arguments.count("limit", EVENTS_MAX, EVENTS_DEFAULT)?,
                },
                what => Self::Present { waiting: what == "waiting" },
            });
        }
        let mut told = Told::of(whose()?);
        match tool {
            "summon" => told.summon(arguments)?,
            "invoke" => told.invoke(arguments)?,
            "speak" => told.speak(arguments)?,
            _ => told.banish(arguments)?,
        }
        Ok(Self::Tell(told))
    }
}

impl Told {
    fn of(daemon: DaemonName) -> Self {
        let metadata = Map::from_iter([("source".to_owned(), json!(SOURCE))]);
        let (summons, banishes, begins, ends) = (false, false, false, false);
        let (call_id, seconds, spell, success, description) = (None, None, "reveal", true, None);
        Self {
            daemon,
            summons,
            banishes,
            begins,
            ends,
            call_id,
            seconds,
            spell,
            success,
            description,
            metadata,
        }
    }

    fn put(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.metadata.insert(name.into(), json!(masked(text)));
        }
    }

    fn parent(&mut self, arguments: &Arguments<'_>) -> Result<(), Wrong> {
        if let Some(parent) = arguments.daemon("parent_daemon")? {
            self.metadata.insert("parent_daemon".into(), json!(parent));
        }
        Ok(())
    }

    fn summon(&mut self, arguments: &Arguments<'_>) -> Result<(), Wrong> {
        (self.spell, self.summons) = ("summon", true);
        for name in ["role", "model", "project"] {
            self.put(name, arguments.text(name, WORD_CHARS_MAX)?);
        }
        self.parent(arguments)
    }

    fn invoke(&mut self, arguments: &Arguments<'_>) -> Result<(), Wrong> {
        let task = arguments.required("task", TASK_CHARS_MAX, "say in a line what is done")?;
        let state = arguments.word("state", &STATES)?;
        self.put("task", Some(task));
        self.put("tool", arguments.text("tool", WORD_CHARS_MAX)?);
        self.call_id = arguments.text("call_id", WORD_CHARS_MAX)?.map(|id| masked(id).into_owned());
        self.seconds = arguments.seconds("execution_time")?;
        let error = arguments.text("error", TASK_CHARS_MAX)?;
        (self.begins, self.ends, self.success) = (state == "begin", state != "begin", state != "failed");
        if error.is_some() && self.success {
            return Err(Wrong::argument(
                "error",
                format!("does not go with state {state:?}; say state \"failed\", or leave it out"),
            ));
        }
        if self.begins {
            self.put("query_type", Some(PROGRESS));
            self.put("phase", Some(BEGIN));
        } else {
            self.spell = "invoke";
            self.put("error", error.or((!self.success).then_some("failed")));
        }
        self.parent(arguments)
    }

    fn speak(&mut self, arguments: &Arguments<'_>) -> Result<(), Wrong> {
        let text = arguments.required("text", TEXT_CHARS_MAX, "say a sentence for people")?;
        let is_waiting = arguments.flag("waiting")?;
        self.spell = "voice";
        self.put("text", Some(text));
        let text = masked(text);
        if is_waiting {
            let name = self.daemon.as_str().to_uppercase();
            self.description = Some(format!("{name} awaits your word: {text}"));
            self.put("event", Some("await"));
            self.put("why", Some("input"));
            self.put("task", Some(&text));
            self.metadata.insert("attention".into(), json!(true));
        } else {
            self.put("event", Some("speech"));
            self.description = Some(text.into_owned());
        }
        self.parent(arguments)
    }

    fn banish(&mut self, arguments: &Arguments<'_>) -> Result<(), Wrong> {
        (self.spell, self.banishes) = ("banish", true);
        self.put("reason", arguments.text("reason", WORD_CHARS_MAX)?);
        Ok(())
    }

    /// The event, as `POST /events` takes it.
    pub(super) fn event(&self, session: Option<&str>) -> Value {
        let Self { daemon, call_id, seconds, spell, success, description, metadata, .. } = self;
        let mut metadata = metadata.clone();
        metadata.extend(session.map(|session| ("session".to_owned(), json!(session))));
        metadata.extend(call_id.as_ref().map(|id| ("call_id".to_owned(), json!(id))));
        metadata.extend(
            seconds.filter(|_| self.ends).map(|seconds| ("execution_time".to_owned(), json!(seconds))),
        );
        json!({"spell_name": spell, "daemon_name": daemon, "success": success, "description": description, "metadata": metadata})
    }
}

/// The banishment of a daemon whose client is gone.
pub(super) fn farewell(daemon: &DaemonName, session: Option<&str>) -> Value {
    let mut told = Told::of(daemon.clone());
    told.spell = "banish";
    told.put("reason", Some("its client is gone"));
    told.metadata.insert("synthetic".into(), json!(true));
    told.event(session)
}

/// The daemon that a client is by its own name: clients of known agents have names like `claude-code` or `codex-mcp-client`.
pub(super) fn of_client(name: &str) -> Option<DaemonName> {
    const KNOWN: [&str; 8] =
        ["claude", "codex", "gemini", "copilot", "qwen", "cursor", "opencode", "antigravity"];
    let lower = name.to_ascii_lowercase();
    let known = KNOWN
        .into_iter()
        .find(|known| lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == *known));
    DaemonName::mended(known.unwrap_or(name))
}

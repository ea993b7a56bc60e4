//! One `[[notify]]` table: whom it tells, of what, and in which form. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use arcane_shared::{DaemonName, RoomName};
use axum::http::{HeaderName, HeaderValue, header};

use super::super::near::nearest;
use super::table::{Table, check_line};
use super::{NotifyUrl, Template, WrongRule, place};
use crate::config::VariableName;

/// Longest name of a target, bytes.
const NAME_BYTES_MAX: usize = 64;
/// How long a wait goes unanswered before it is told, seconds.
const AFTER_S: u64 = 30;
/// Least time between two messages, seconds.
const MIN_INTERVAL_S: u64 = 60;
/// The body that a webhook is sent unless it has a template.
const WEBHOOK_BODY: &str = r#"{"kind":"{kind}","title":"{title}","text":"{text}","count":{count},"room":"{room}","daemon":"{daemon}","link":"{link}"}"#;
const KEYS: [&str; 17] = [
    "name",
    "kind",
    "url",
    "url_env",
    "on",
    "after_s",
    "rooms",
    "daemons",
    "min_interval_s",
    "token_env",
    "headers_env",
    "link_may_answer",
    "template",
    "content_type",
    "title",
    "priority",
    "tags",
];

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// An agent waits for a human.
    Waiting,
    /// An agent's calls fail one after another.
    Failures,
    /// Much of a daemon's budget of the day is spent, or all of it.
    Budget,
}

impl Occasion {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Failures, Self::Budget];

    /// Its word in `on`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Failures => "failures",
            Self::Budget => "budget",
        }
    }
}

/// How urgent a message of ntfy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priority(u8);

impl Priority {
    /// By its number or name, as ntfy has them.
    fn named(word: &str) -> Option<Self> {
        Some(Self(match word {
            "1" | "min" => 1,
            "2" | "low" => 2,
            "3" | "default" => 3,
            "4" | "high" => 4,
            "5" | "max" | "urgent" => 5,
            _ => return None,
        }))
    }

    /// 1 to 5.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

/// How a service wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A body of its own.
    Webhook {
        /// The body.
        template: Template,
        /// What the body is.
        content_type: String,
        /// Whether the body is JSON, so that what fills it is escaped.
        is_json: bool,
    },
    /// [ntfy](https://ntfy.sh): a text, and headers.
    Ntfy {
        /// The title.
        title: Template,
        /// The text.
        template: Template,
        /// `None`: ntfy's own default.
        priority: Option<Priority>,
        /// Tags; those that are short codes of emoji are shown as such.
        tags: Vec<String>,
    },
}

/// Where it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// To this address.
    Url(NotifyUrl),
    /// To the address that is in this variable of the server's environment.
    Variable(VariableName),
}

/// Whom the server tells, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyTarget {
    /// Its name, 1–64 bytes, no other target's.
    pub name: String,
    /// How it wants to be told.
    pub service: Service,
    /// Where it is sent.
    pub to: Delivery,
    /// Of what it is told.
    pub on: Vec<Occasion>,
    /// How long a wait goes unanswered before it is told. Default 30 s.
    pub after: Duration,
    /// In which rooms; `None`: in all.
    pub rooms: Option<Vec<RoomName>>,
    /// Of which daemons; `None`: of all.
    pub daemons: Option<Vec<DaemonName>>,
    /// Least time between two messages; what comes meanwhile is told in the next. Default 60 s.
    pub min_interval: Duration,
    /// The variable of the server's environment that holds a token, sent as `Authorization: Bearer`.
    pub token_env: Option<VariableName>,
    /// Headers, and the variables of the server's environment that hold their values.
    pub headers_env: BTreeMap<String, VariableName>,
    /// Whether who opens the link of a message may answer what the agent asks. Default false.
    pub link_may_answer: bool,
}

impl NotifyTarget {
    /// Whether it is told of this daemon of this room.
    #[must_use]
    pub fn is_for(&self, room: &RoomName, daemon: &DaemonName) -> bool {
        self.rooms.as_ref().is_none_or(|rooms| rooms.contains(room))
            && self.daemons.as_ref().is_none_or(|daemons| daemons.contains(daemon))
    }

    pub(super) fn read(n: usize, mut keys: toml::Table) -> Result<Self, WrongRule> {
        let name = name(n, keys.remove("name"))?;
        let mut table = Table { n, name, keys };
        let service = service(&mut table)?;
        let to = delivery(&mut table)?;
        let on = table.list("on", occasion)?.unwrap_or_else(|| Occasion::ALL.to_vec());
        let after = table.seconds("after_s", AFTER_S)?;
        let min_interval = table.seconds("min_interval_s", MIN_INTERVAL_S)?;
        let rooms = table.list("rooms", |room| RoomName::parse(room).map_err(|error| error.to_string()))?;
        let daemons =
            table.list("daemons", |name| DaemonName::parse(name).map_err(|error| error.to_string()))?;
        let token_env = table.text("token_env")?.map(VariableName::parse).transpose();
        let token_env = token_env.map_err(|error| table.wrong("token_env", error.to_string()))?;
        let headers_env = headers(&mut table, token_env.is_some())?;
        let link_may_answer = table.flag("link_may_answer")?;
        let name = table.name.clone();
        table.end(&KEYS)?;
        Ok(Self {
            name,
            service,
            to,
            on,
            after,
            rooms,
            daemons,
            min_interval,
            token_env,
            headers_env,
            link_may_answer,
        })
    }
}

/// The name of the table `n`.
fn name(n: usize, name: Option<toml::Value>) -> Result<String, WrongRule> {
    let wrong = |detail: String| WrongRule { place: format!("{}: name", place(n, None)), detail };
    match name {
        Some(toml::Value::String(name)) => check_line(&name, NAME_BYTES_MAX).map(|()| name).map_err(wrong),
        Some(_) => Err(wrong("must be a string".into())),
        None => Err(wrong("is missing; metrics and the log call the target by it: name = \"phone\"".into())),
    }
}

fn occasion(word: &str) -> Result<Occasion, String> {
    if let Some(occasion) = Occasion::ALL.into_iter().find(|occasion| occasion.as_str() == word) {
        return Ok(occasion);
    }
    let all = Occasion::ALL.map(Occasion::as_str);
    Err(match nearest(word, all) {
        Some(near) => format!("{word:?} is nothing that is told; did you mean {near:?}?"),
        None => format!("{word:?} is nothing that is told; there are {}", all.join(", ")),
    })
}

fn delivery(table: &mut Table) -> Result<Delivery, WrongRule> {
    match (table.text("url")?, table.text("url_env")?) {
        (Some(url), None) => {
            NotifyUrl::parse(&url).map(Delivery::Url).map_err(|detail| table.wrong("url", detail))
        }
        (None, Some(name)) => VariableName::parse(name)
            .map(Delivery::Variable)
            .map_err(|error| table.wrong("url_env", error.to_string())),
        (Some(_), Some(_)) => Err(table.wrong("url_env", "stands beside url; leave one of them out")),
        (None, None) => Err(table.wrong(
            "url",
            "is missing; write the service's address, or the variable that holds it: url_env = \"NAME\"",
        )),
    }
}

fn service(table: &mut Table) -> Result<Service, WrongRule> {
    let kinds = "write \"webhook\" or \"ntfy\"";
    let kind = table.text("kind")?.ok_or_else(|| table.wrong("kind", format!("is missing; {kinds}")))?;
    let other = |table: &mut Table, keys: &[&str], of: &str| {
        let found = keys.iter().find(|key| table.keys.contains_key(**key));
        found.map_or(Ok(()), |key| {
            Err(table.wrong(key, format!("is for kind = {of:?}; this table is {kind:?}")))
        })
    };
    match kind.as_str() {
        "webhook" => {
            other(table, &["title", "priority", "tags"], "ntfy")?;
            webhook(table)
        }
        "ntfy" => {
            other(table, &["content_type"], "webhook")?;
            ntfy(table)
        }
        _ => Err(table.wrong("kind", format!("{kind:?} is no kind of service; {kinds}"))),
    }
}

fn webhook(table: &mut Table) -> Result<Service, WrongRule> {
    let content_type = table.line("content_type", 128)?.unwrap_or_else(|| "application/json".into());
    if HeaderValue::from_str(&content_type).is_err() || !content_type.contains('/') {
        let detail =
            format!("{content_type:?} is no media type; write \"application/json\" or \"text/plain\"");
        return Err(table.wrong("content_type", detail));
    }
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || essence.ends_with("+json");
    let body = match table.text("template")? {
        Some(body) => body,
        None if is_json => WEBHOOK_BODY.to_owned(),
        None => "{title}\n{text}\n{link}".to_owned(),
    };
    let template = Template::parse(&body).map_err(|detail| table.wrong("template", detail))?;
    if is_json {
        template.check_json().map_err(|detail| table.wrong("template", detail))?;
    }
    Ok(Service::Webhook { template, content_type, is_json })
}

fn ntfy(table: &mut Table) -> Result<Service, WrongRule> {
    let mut template = |key: &str, default: &str| {
        let text = table.text(key)?.unwrap_or_else(|| default.to_owned());
        Template::parse(&text).map_err(|detail| table.wrong(key, detail))
    };
    let (title, body) = (template("title", "{title}")?, template("template", "{text}")?);
    let word = match table.keys.get("priority") {
        Some(toml::Value::Integer(number)) => {
            let word = number.to_string();
            table.keys.remove("priority");
            Some(word)
        }
        _ => table.text("priority")?,
    };
    let priority = word.map(|word| {
        let detail = format!("{word:?} is no priority of ntfy: 1 to 5, or min, low, default, high, max");
        Priority::named(&word).ok_or_else(|| table.wrong("priority", detail))
    });
    let priority = priority.transpose()?;
    let tag = |tag: &str| match check_line(tag, 64) {
        Ok(()) if tag.is_ascii() && !tag.contains(',') => Ok(tag.to_owned()),
        Ok(()) => Err(format!("{tag:?} is no tag of ntfy: letters without accents, and no comma")),
        Err(detail) => Err(detail),
    };
    let tags = table.list("tags", tag)?.unwrap_or_default();
    Ok(Service::Ntfy { title, template: body, priority, tags })
}

/// Headers that the request has anyway.
const TAKEN: [HeaderName; 5] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
];

fn headers(table: &mut Table, has_token: bool) -> Result<BTreeMap<String, VariableName>, WrongRule> {
    let Some(value) = table.keys.remove("headers_env") else { return Ok(BTreeMap::new()) };
    let toml::Value::Table(entries) = value else {
        return Err(table
            .wrong("headers_env", "must be a table of headers and variables: { \"X-Key\" = \"MY_KEY\" }"));
    };
    let mut headers = BTreeMap::new();
    for (header, variable) in entries {
        let wrong = |detail: String| table.wrong("headers_env", format!("{header:?} {detail}"));
        let name: HeaderName = header.parse().map_err(|_| wrong("is no name of a header".into()))?;
        if TAKEN.contains(&name) {
            return Err(wrong("is a header that the server writes itself; leave it out".into()));
        }
        if name == header::AUTHORIZATION && has_token {
            return Err(wrong("stands beside token_env, which is sent in it; leave one of them out".into()));
        }
        let toml::Value::String(variable) = variable else {
            return Err(wrong("must be the name of a variable, a string".into()));
        };
        let variable =
            VariableName::parse(variable).map_err(|error| wrong(format!("names no variable: {error}")))?;
        headers.insert(name.as_str().to_owned(), variable);
    }
    Ok(headers)
}

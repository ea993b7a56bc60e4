//! `arcane login`: a link that signs a browser in.

use std::path::Path;
use std::time::Duration;

use arcane_shared::ServerAddress;
use clap::Args;

use super::keys::KeysFile;
use super::narrowed::Narrowed;
use super::print::{print, remark};
use super::token::{self, issue, lifetime};
use crate::gate::link::OPENS_FOR;
use crate::gate::rights::Right;
use crate::gate::scope::RoomPattern;
use crate::gate::token::{AUDIENCE, Claims};

/// How long the token holds that a link is exchanged for.
const HOLDS: Duration = Duration::from_hours(12);
/// What a link allows: what a person does with the dashboard.
const CAN: [Right; 3] = [Right::Subscribe, Right::Cast, Right::Answer];

/// Prints a link that signs a browser in.
///
/// Who opens the link first is signed in: it can be opened once, within ten minutes, so what a browser's history keeps of it is worth
/// nothing.
#[derive(Debug, Clone, Args)]
pub(super) struct Login {
    #[command(flatten)]
    keys: KeysFile,
    /// The dashboard's address.
    #[arg(long, env = "ARCANE_URL", default_value = "http://127.0.0.1:8000")]
    url: String,
    /// Whose the token is; otherwise the user's name on this machine.
    #[arg(long)]
    sub: Option<String>,
    /// What it allows, comma-separated: subscribe, publish, cast, answer, metrics, admin.
    #[arg(long, value_delimiter = ',', default_value = "subscribe,cast,answer")]
    can: Vec<Right>,
    /// Rooms, comma-separated: names, beginnings (team-*), or all (*).
    #[arg(long, value_delimiter = ',', default_value = "*")]
    rooms: Vec<RoomPattern>,
    #[command(flatten)]
    narrowed: Narrowed,
    /// How long the browser stays signed in: 90s, 15m, 12h, 30d.
    #[arg(long, default_value = "12h", value_parser = lifetime)]
    expires: Duration,
    /// The server's --audience.
    #[arg(long, default_value = AUDIENCE)]
    audience: String,
}

impl Login {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let address = ServerAddress::parse(&self.url);
        let Some(ServerAddress { secure: Some(secure), host, path }) = address else {
            anyhow::bail!("{}: the address of a dashboard is http://HOST:PORT or https://HOST:PORT", self.url)
        };
        let claims = Claims {
            can: names(&self.can),
            rooms: self.rooms.iter().map(ToString::to_string).collect(),
            filter: self.narrowed.filter()?,
            limits: self.narrowed.limits()?,
            link: Some(self.expires.as_secs()),
            ..token::claims(self.sub.unwrap_or_else(user), OPENS_FOR, &self.audience)
        };
        let scheme = if secure { "https" } else { "http" };
        let token = issue(&claims, self.keys.path()?)?;
        print(&link(&format!("{scheme}://{host}{path}"), &token))?;
        remark(&format!("open it in a browser, once, until {} UTC", token::time(claims.exp)));
        Ok(())
    }
}

/// A link for whoever starts a server at a terminal; `None` where the keys sign nothing.
pub(super) fn link_of_start(base: &str, keys: &Path, audience: &str) -> Option<String> {
    let claims = Claims {
        can: names(&CAN),
        rooms: vec!["*".into()],
        link: Some(HOLDS.as_secs()),
        ..token::claims(user(), OPENS_FOR, audience)
    };
    Some(link(base, &issue(&claims, keys).ok()?))
}

fn link(base: &str, token: &str) -> String {
    format!("{base}/#login={token}")
}

fn names(rights: &[Right]) -> Vec<String> {
    rights.iter().map(|right| right.as_str().to_owned()).collect()
}

/// The user's name on this machine.
fn user() -> String {
    let named = ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| (1..=128).contains(&name.chars().count())).unwrap_or_else(|| "operator".into())
}

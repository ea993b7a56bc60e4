//! `arcane token`: tokens for those who use a server with keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use arcane_shared::{EventFilter, Timestamp};
use clap::{Args, Subcommand};

use super::keys::{self, KeysFile};
use super::narrowed::Narrowed;
use super::print::{print, remark};
use crate::gate::keys::{CLOCKS_APART_MAX_S, Keys};
use crate::gate::names::{NAME_FORM, is_name};
use crate::gate::own_limits::OwnLimits;
use crate::gate::revocation::Revocation;
use crate::gate::rights::Right;
use crate::gate::scope::RoomPattern;
use crate::gate::signing::sign;
use crate::gate::token::{self, AUDIENCE, Audience, Claims};
use crate::gate::tokens::unix_seconds;

/// What the name of a token that is made here begins with.
const ID_PREFIX: &str = "tok-";

/// Makes, shows and revokes tokens.
#[derive(Debug, Clone, Args)]
pub(super) struct TokenCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Print a new token.
    ///
    /// For example: arcane token new --keys keys.json --sub ci --can publish --rooms main --expires 30d
    New(Box<New>),
    /// Show what a token says, and with --keys whether it holds.
    Inspect(Inspect),
    /// Let a token, or all tokens that a subject has so far, hold no longer.
    Revoke(Revoke),
}

#[derive(Debug, Clone, Args)]
struct New {
    #[command(flatten)]
    keys: KeysFile,
    /// Whose it is.
    #[arg(long)]
    sub: String,
    /// What it allows, comma-separated: subscribe, publish, cast, answer, metrics, admin.
    #[arg(long, value_delimiter = ',', required = true)]
    can: Vec<Right>,
    /// Rooms, comma-separated: names, beginnings (team-*), or all (*).
    #[arg(long, value_delimiter = ',', default_value = "main")]
    rooms: Vec<RoomPattern>,
    /// How long it holds: 90s, 15m, 12h, 30d.
    #[arg(long, default_value = "30d", value_parser = lifetime)]
    expires: Duration,
    #[command(flatten)]
    narrowed: Narrowed,
    /// For which servers it is: those that were started with the same --audience.
    #[arg(long, default_value = AUDIENCE)]
    audience: String,
}

#[derive(Debug, Clone, Args)]
struct Inspect {
    /// The token; - reads it from standard input.
    token: String,
    /// The file with the keys.
    #[arg(long = "keys", env = "ARCANE_KEYS_FILE")]
    keys: Option<PathBuf>,
    /// The server's --audience.
    #[arg(long, default_value = AUDIENCE)]
    audience: String,
}

#[derive(Debug, Clone, Args)]
struct Revoke {
    /// A token's name, its jti; or a subject; or a token itself; - reads it from standard input.
    name: String,
    /// The name is a jti, although it does not begin with tok-.
    #[arg(long, conflicts_with = "sub")]
    jti: bool,
    /// The name is a subject, although it begins with tok-.
    #[arg(long)]
    sub: bool,
    #[command(flatten)]
    keys: KeysFile,
}

impl TokenCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::New(new) => new.run(),
            Command::Inspect(inspect) => inspect.run(),
            Command::Revoke(revoke) => revoke.run(),
        }
    }
}

impl New {
    fn run(self) -> anyhow::Result<()> {
        let claims = Claims {
            rooms: self.rooms.iter().map(ToString::to_string).collect(),
            can: self.can.iter().map(|right| right.as_str().to_owned()).collect(),
            filter: self.narrowed.filter()?,
            limits: self.narrowed.limits()?,
            ..claims(self.sub, self.expires, &self.audience)
        };
        print(&issue(&claims, self.keys.path()?)?)?;
        let jti = claims.jti.as_deref().unwrap_or_default();
        remark(&format!("{}: {jti}, until {} UTC", claims.sub, time(claims.exp)));
        Ok(())
    }
}

/// What a new token says that allows nothing yet.
pub(super) fn claims(sub: String, expires: Duration, audience: &str) -> Claims {
    let now = unix_seconds();
    Claims {
        exp: now.saturating_add(expires.as_secs()),
        iat: Some(now),
        nbf: None,
        aud: Audience::One(audience.to_owned()),
        sub,
        jti: Some(format!("{ID_PREFIX}{:016x}", rand::random::<u64>())),
        rooms: vec![],
        can: vec![],
        filter: EventFilter::default(),
        link: None,
        until: None,
        limits: OwnLimits::default(),
    }
}

/// Signs a token. What no server would take is not given out.
pub(super) fn issue(claims: &Claims, file: &Path) -> anyhow::Result<String> {
    if claims.sub.starts_with(ID_PREFIX) {
        bail!(
            "a subject does not begin with {ID_PREFIX}, as names of tokens do: revoking could not tell them apart"
        );
    }
    let keys = keys::read(file)?;
    let token = sign(&later_than_revoked(claims, &keys), &keys)
        .with_context(|| format!("cannot sign with the keys in {}", file.display()))?;
    let Audience::One(audience) = &claims.aud else { bail!("a token is made for one audience") };
    match claims.link {
        None => token::verify(&token, &keys, audience, unix_seconds()).map(|_| ())?,
        Some(_) => token::verify_link(&token, &keys, audience, unix_seconds()).map(|_| ())?,
    }
    Ok(token)
}

/// Claims that were made after the subject's tokens were revoked, if that was just now: times have whole seconds.
fn later_than_revoked(claims: &Claims, keys: &Keys) -> Claims {
    let just_now =
        |before: &u64| claims.iat.is_some_and(|iat| (iat..iat + CLOCKS_APART_MAX_S).contains(before));
    let before = keys.revoked_until(&claims.sub).filter(just_now);
    Claims { iat: before.map_or(claims.iat, |before| Some(before + 1)), ..claims.clone() }
}

impl Inspect {
    fn run(self) -> anyhow::Result<()> {
        let token = read_argument(&self.token)?;
        let claims = claims_of(&token)?;
        print(&serde_json::to_string_pretty(&claims)?)?;
        if let Some(exp) = claims["exp"].as_u64() {
            remark(&format!("until {} UTC", time(exp)));
        }
        let Some(file) = &self.keys else {
            remark("whether it holds, --keys FILE would show");
            return Ok(());
        };
        token::verify(&token, &keys::read(file)?, &self.audience, unix_seconds())?;
        remark("it holds");
        Ok(())
    }
}

/// What is revoked.
#[derive(Debug, PartialEq)]
enum Revoked {
    Token(String),
    Subject(String),
}

impl Revoke {
    fn run(self) -> anyhow::Result<()> {
        let (name, now) = (read_argument(&self.name)?, unix_seconds());
        let revoked = self.what(&name)?;
        let (revocation, what) = match &revoked {
            Revoked::Token(jti) => (Revocation::token(jti), format!("the token {jti}")),
            Revoked::Subject(sub) => {
                (Revocation::subject(sub, now), format!("every token that {sub} has so far"))
            }
        };
        keys::change(self.keys.path()?, |set| set.revoke(revocation))?;
        remark(&format!("{what} holds no longer; a server that has this file open knows within a second"));
        Ok(())
    }

    /// What a name stands for. A token itself is never written into a file: what it says of itself is.
    fn what(&self, name: &str) -> anyhow::Result<Revoked> {
        let revoked = match name.split('.').count() == 3 && name.starts_with("ey") {
            true => {
                let claims = claims_of(name)?;
                match (claims["jti"].as_str(), claims["sub"].as_str()) {
                    (Some(jti), _) => Revoked::Token(jti.to_owned()),
                    (None, Some(sub)) => Revoked::Subject(sub.to_owned()),
                    (None, None) => bail!("the token has neither a jti nor a sub to be revoked by"),
                }
            }
            false if self.jti || (!self.sub && name.starts_with(ID_PREFIX)) => {
                Revoked::Token(name.to_owned())
            }
            false => Revoked::Subject(name.to_owned()),
        };
        let (Revoked::Token(name) | Revoked::Subject(name)) = &revoked;
        if !is_name(name) {
            bail!("a jti or a subject has {NAME_FORM}");
        }
        Ok(revoked)
    }
}

/// An argument, or standard input where it is -.
fn read_argument(argument: &str) -> anyhow::Result<String> {
    Ok(match argument {
        "-" => std::io::read_to_string(std::io::stdin())?.trim().to_owned(),
        argument => argument.to_owned(),
    })
}

/// What a token says, true or not.
fn claims_of(token: &str) -> anyhow::Result<serde_json::Value> {
    let claims = jsonwebtoken::dangerous::insecure_decode_claims::<serde_json::Value>(token);
    claims.ok().context("this is no JSON Web Token")
}

pub(super) fn time(unix_s: u64) -> String {
    let micros = i64::try_from(unix_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let text = Timestamp::from_unix_micros(micros).to_string();
    text.get(..19).unwrap_or(&text).to_owned()
}

/// Reads `90s`, `15m`, `12h` or `30d`.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time like 90s, 15m, 12h or 30d");
    let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let lifetime = number.checked_mul(seconds).filter(|seconds| (1..=3_650 * 86_400).contains(seconds));
    lifetime.map(Duration::from_secs).ok_or_else(|| format!("{text:?} is not within 1 second and 3650 days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_has_a_unit() {
        assert_eq!(lifetime("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(lifetime("30d"), Ok(Duration::from_secs(30 * 86_400)));
        for text in ["", "d", "30", "-1d", "0s", "1.5h", "9999999999d", "3651d", "5é"] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }
}

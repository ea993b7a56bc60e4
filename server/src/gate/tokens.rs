//! The keys that the server holds at the moment, reread when their file changes, and the tokens that were verified with them.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use arcane_shared::RoomName;
use axum::http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::credentials;
use super::key_file::read;
use super::keys::Keys;
use super::limits::{Counted, Limits, Subject, TooMuch};
use super::link::Opened;
use super::pace::Pace;
use super::pass::{Grant, Pass};
use super::places::{Owner, Place, Places, TooManyOpen};
use super::proxy::Proxies;
use super::queries::{Queries, TooManyQueries};
use super::token::{self, TokenError};
use crate::clock;
use crate::config::LimitsConfig;
use crate::stamp::Stamp;

/// Time between two looks whether the file has changed: what is revoked does not hold any more within a second.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Most tokens whose verification is remembered: a signature costs some 50 µs, remembering about half a kilobyte.
const REMEMBERED_MAX: usize = 4096;
/// Least time between two looks of one subject that are told as events.
const REVEAL_EVERY: Duration = Duration::from_secs(1);

/// Verifies tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    /// What everybody may on a server without keys; `None` where tokens are wanted.
    open: Option<Pass>,
    pub(super) held: Arc<Held>,
}

pub(super) struct Held {
    /// Whether there are keys.
    pub(super) takes_tokens: bool,
    pub(super) audience: String,
    keys: RwLock<Arc<Keys>>,
    /// By the token's whole text. Emptied with every change of the keys.
    verified: Mutex<HashMap<Box<str>, Arc<Grant>>>,
    /// Counts the changes.
    changes: watch::Sender<u64>,
    reveals: Mutex<Pace>,
    limits_config: LimitsConfig,
    limits: Mutex<Limits>,
    queries: Queries,
    pub(super) links: Mutex<Opened>,
    places: Places,
    proxies: Proxies,
}

impl fmt::Debug for Held {
    /// Without the tokens that are remembered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// Tells when what was granted holds no longer.
#[derive(Debug)]
pub(crate) struct PassWatch {
    gate: Gate,
    pass: Pass,
    changes: watch::Receiver<u64>,
}

impl PassWatch {
    /// Completes when the token has expired or was revoked. Cancel-safe.
    pub(crate) async fn ended(&mut self) -> TokenError {
        loop {
            if let Err(error) = self.gate.recheck(&self.pass) {
                return error;
            }
            let lifetime = self.pass.lifetime(unix_seconds());
            let expires = async {
                match lifetime {
                    Some(lifetime) => tokio::time::sleep(lifetime).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
                () = expires => {}
            }
        }
    }
}

impl Gate {
    /// One that lets everybody do everything.
    pub(crate) fn open() -> Self {
        Self::new(None, LimitsConfig::none(), Proxies::none())
    }

    /// One with these bounds for each subject. It wants tokens for this audience if there are keys, and a login where proxies
    /// have users.
    pub(crate) fn new(keys: Option<(Keys, String)>, limits: LimitsConfig, proxies: Proxies) -> Self {
        let open = (keys.is_none() && !proxies.have_users()).then(Pass::anonymous);
        let takes_tokens = keys.is_some();
        let (keys, audience) = keys.unwrap_or_default();
        let held = Held {
            takes_tokens,
            audience,
            keys: RwLock::new(Arc::new(keys)),
            verified: Mutex::default(),
            changes: watch::Sender::new(0),
            reveals: Mutex::new(Pace::new(REVEAL_EVERY)),
            limits_config: limits,
            limits: Mutex::new(Limits::new(limits)),
            queries: Queries::default(),
            links: Mutex::default(),
            places: Places::default(),
            proxies,
        };
        Self { open, held: Arc::new(held) }
    }

    /// Whether nobody needs a token.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// What a request may do that carries these headers and this query, and comes from this address.
    pub(crate) fn admit(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        peer: Option<IpAddr>,
    ) -> Result<Pass, TokenError> {
        if let Some(pass) = &self.open {
            return Ok(pass.clone());
        }
        let user = self.held.proxies.user(headers, peer);
        if let Some(token) = credentials::find(headers, query, matches!(user, Ok(Some(_))))? {
            return self.verify(&token);
        }
        let user = user?;
        user.map(|grant| Arc::new(grant).into()).ok_or_else(|| self.missing(peer))
    }

    /// What a request lacks that shows nothing.
    fn missing(&self, peer: Option<IpAddr>) -> TokenError {
        let takes_tokens = self.held.takes_tokens;
        match self.held.proxies.user_header(peer) {
            Some(header) => TokenError::NoUser { header: header.to_string(), takes_tokens },
            None if takes_tokens => TokenError::Missing,
            None => TokenError::NotByProxy,
        }
    }

    /// The address that a request comes from, which a proxy may know better.
    pub(crate) fn client(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
        self.held.proxies.client(headers, peer)
    }

    /// What a token allows.
    pub(crate) fn verify(&self, token: &str) -> Result<Pass, TokenError> {
        if let Some(pass) = &self.open {
            return Ok(pass.clone());
        }
        let now = unix_seconds();
        if let Some(grant) = self.held.recall(token) {
            return if grant.expires_at.is_some_and(|at| at <= now) {
                Err(TokenError::Expired)
            } else {
                Ok(grant.into())
            };
        }
        let keys = self.held.keys();
        let grant = Arc::new(token::verify(token, &keys, &self.held.audience, now)?);
        self.held.remember(token, &grant, &keys, now);
        Ok(grant.into())
    }

    /// Whether what was granted still holds.
    pub(crate) fn recheck(&self, pass: &Pass) -> Result<(), TokenError> {
        if self.is_open() {
            return Ok(());
        }
        let (grant, keys) = (pass.grant(), self.held.keys());
        if grant.expires_at.is_some_and(|at| at <= unix_seconds()) {
            return Err(TokenError::Expired);
        }
        let Some(key) = grant.key else { return Ok(()) };
        if !keys.has(key) || keys.is_revoked(grant.token_id.as_deref(), &grant.subject, grant.issued_at) {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }

    /// Whether a look of this subject may be told as an event now.
    pub(crate) fn may_reveal(&self, pass: &Pass) -> bool {
        let mut reveals = self.held.reveals.lock().unwrap_or_else(PoisonError::into_inner);
        reveals.is_due(&pass.grant().subject, Instant::now())
    }

    /// Who is counted: the token's subject, or where nobody needs one the address that asks.
    pub(crate) fn subject(&self, pass: &Pass, peer: Option<IpAddr>) -> Subject {
        match self.open {
            Some(_) => Subject::at(peer),
            None => Subject::of(pass.grant()),
        }
    }

    /// Takes so much of what a subject may do; what is larger than is left is paid for later.
    ///
    /// # Errors
    /// If nothing is left.
    pub(crate) fn take(&self, subject: &Subject, what: Counted, units: usize) -> Result<(), TooMuch> {
        if !self.counts(subject, what) {
            return Ok(());
        }
        let mut limits = self.held.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.take(subject, what, real(units), Instant::now())
    }

    /// Takes so much for what a subject has done already: what comes next pays for it.
    pub(crate) fn charge(&self, subject: &Subject, what: Counted, units: usize) {
        if self.counts(subject, what) {
            let mut limits = self.held.limits.lock().unwrap_or_else(PoisonError::into_inner);
            limits.charge(subject, what, real(units), Instant::now());
        }
    }

    /// Whether there is a bound for this.
    pub(crate) fn counts(&self, subject: &Subject, what: Counted) -> bool {
        what.of(&self.bounds(subject)) > 0
    }

    fn bounds(&self, subject: &Subject) -> LimitsConfig {
        subject.bounds(self.held.limits_config)
    }

    /// A turn to ask the log, if there is a bound for that.
    ///
    /// # Errors
    /// If none comes in time.
    pub(crate) async fn query(
        &self,
        subject: Subject,
    ) -> Result<Option<OwnedSemaphorePermit>, TooManyQueries> {
        match self.bounds(&subject).queries {
            0 => Ok(None),
            max => self.held.queries.turn(subject, max).await.map(Some),
        }
    }

    /// Places for a stream of a room: one of the room's, one of the subject's, and one for a replay if it is that.
    ///
    /// # Errors
    /// If all are taken.
    pub(crate) fn places(
        &self,
        of: &Subject,
        room: &RoomName,
        is_replay: bool,
    ) -> Result<Vec<Place>, TooManyOpen> {
        let (places, most) = (&self.held.places, self.bounds(of));
        let replay = is_replay.then(|| (Owner::Replays(of.clone()), most.replays));
        let stream = (Owner::Streams(of.clone()), most.streams);
        let reader = (Owner::Room(room.clone()), most.readers_per_room);
        let wanted = replay.into_iter().chain([stream, reader]);
        // Those that were taken before one is missing go back.
        wanted.filter_map(|(owner, most)| places.take(owner, most).transpose()).collect()
    }

    /// How long a question to the log may be worked on; zero is no bound.
    pub(crate) fn query_time(&self, subject: &Subject) -> Duration {
        self.bounds(subject).query_time
    }

    /// Watches what was granted.
    pub(crate) fn watch(&self, pass: Pass) -> PassWatch {
        PassWatch { gate: self.clone(), pass, changes: self.changes() }
    }

    /// Tells when keys or revocations have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.held.changes.subscribe()
    }

    /// Rereads the file whenever it changes, for as long as this is awaited. What cannot be used changes nothing. `read_at` is what the
    /// file was before it was read at the start.
    pub(crate) async fn follow(&self, path: PathBuf, read_at: Option<Stamp>) {
        let mut seen = read_at;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = Stamp::of(&path);
            if now == seen {
                continue;
            }
            seen = now;
            match read(&path) {
                Ok(keys) => {
                    tracing::info!(file = %path.display(), ?keys, "keys reread");
                    self.held.replace(keys);
                }
                Err(error) => tracing::error!(%error, "the keys from before hold on"),
            }
        }
    }
}

impl Held {
    pub(super) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn recall(&self, token: &str) -> Option<Arc<Grant>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Remembers what a token allows, if the keys are still those that it was verified with.
    fn remember(&self, token: &str, grant: &Arc<Grant>, keys: &Arc<Keys>, now: u64) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(keys, &self.keys()) {
            return;
        }
        if verified.len() >= REMEMBERED_MAX {
            verified.retain(|_, grant| grant.expires_at.is_none_or(|at| at > now));
        }
        if verified.len() >= REMEMBERED_MAX {
            verified.clear();
        }
        verified.insert(token.into(), Arc::clone(grant));
    }

    fn replace(&self, keys: Keys) {
        // In this order, under one lock: what was verified with the keys from before is not remembered for the new ones.
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        verified.clear();
        drop(verified);
        self.changes.send_modify(|changes| *changes += 1);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a body has fewer than 2^53 bytes")]
fn real(units: usize) -> f64 {
    units as f64
}

/// Now, Unix seconds.
pub(crate) fn unix_seconds() -> u64 {
    u64::try_from(clock::now().unix_micros() / 1_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests;

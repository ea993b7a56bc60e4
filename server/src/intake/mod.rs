//! The one road in. The realm and publishers outside hand a [`Draft`] in here: it gets the same words, the same
//! directives and the same fields whichever way it came, and goes to the bus.

mod complete;
mod level;
mod read;
mod submitted;

use arcane_shared::api::FieldError;
use arcane_shared::{ArcaneEvent, DaemonName, Metadata, SpellName, SyncDirectives, Timestamp};

use futures_util::FutureExt as _;

pub(crate) use level::level;
pub(crate) use read::{read_all, read_one};
pub(crate) use submitted::Submitted;

use crate::bus::{ArcaneEventBus, EmitError, Emitted, HeldRoom, NoSuchRoom, Outcome, Submission};
use crate::clock;

/// An event as its maker knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) spell_name: SpellName,
    pub(crate) daemon_name: Option<DaemonName>,
    /// `None`: now.
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) success: bool,
    /// A sentence; `None`: the words of the lore.
    pub(crate) description: Option<String>,
    /// A sync block in it wins over the directives, value by value.
    pub(crate) metadata: Metadata,
    /// How it is shown; `None`: as the choreography says.
    pub(crate) directives: Option<SyncDirectives>,
}

/// Why nothing of a publication was taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is no JSON: why.
    Syntax(String),
    /// These fields cannot be used.
    Fields(Vec<FieldError>),
    /// The bus did not take it: because of the event at `index` of `count` if it is [`EmitError::TooLarge`].
    Bus { index: usize, count: usize, error: EmitError },
}

/// Whether one of these events says what was asked of a human, or how that ended: rules are suggested and tried by that, so who publishes it must be one whose answers count.
pub(crate) fn tells_of_requests<'d>(drafts: impl IntoIterator<Item = &'d Draft>) -> bool {
    let tells =
        |draft: &Draft| draft.spell_name == SpellName::Voice && draft.metadata.contains_key("request_id");
    drafts.into_iter().any(tells)
}

/// Publishes events of one room: all of them, in order and next to each other, or none. No event is no error.
///
/// # Errors
/// [`Refused::Bus`]; then none took a number.
pub(crate) fn submit(
    bus: &ArcaneEventBus,
    room: &HeldRoom,
    drafts: Vec<Draft>,
    submission: Submission,
) -> Result<Submitted, Refused> {
    let count = drafts.len();
    if count == 0 {
        return Ok(Submitted::nothing());
    }
    let now = clock::now();
    let events: Vec<_> = drafts.into_iter().map(|draft| complete::complete(draft, now)).collect();
    let outcome = bus.submit(room, &events, submission);
    outcome.map(Submitted::from).map_err(|(index, error)| Refused::Bus { index, count, error })
}

/// Announces one event that has no key.
///
/// # Errors
/// If the event is too large, its room cannot be opened, or the log takes none; then it took no number.
pub(crate) fn emit(
    bus: &ArcaneEventBus,
    room: &HeldRoom,
    draft: Draft,
    submission: Submission,
) -> Result<Emitted, EmitError> {
    let event = complete::complete(draft, clock::now());
    match bus.submit(room, &[event], submission).map_err(|(_, error)| error)? {
        Outcome::New(emitted) => Ok(emitted),
        Outcome::Again(_) => unreachable!("what has no key is always new"),
    }
}

impl From<ArcaneEvent> for Draft {
    fn from(event: ArcaneEvent) -> Self {
        Self {
            spell_name: event.spell_name,
            daemon_name: event.daemon_name,
            timestamp: Some(event.timestamp),
            success: event.success,
            description: Some(event.description),
            metadata: event.metadata,
            directives: None,
        }
    }
}

impl ArcaneEventBus {
    /// Announces an event in its room, the default one where it names none. Returns without waiting for anybody: the
    /// receipt tells when it is in the log and readers see it. A room that is not in memory is opened only by a log that
    /// answers at once; [`ArcaneEventBus::open_room`] does it with any.
    ///
    /// # Errors
    /// If the event is too large, its room cannot be opened, or the log takes none; then it took no number.
    pub fn emit(&self, mut event: ArcaneEvent) -> Result<Emitted, EmitError> {
        let room = event.room.take().unwrap_or_default();
        let held = match self.room_in_memory(&room) {
            Err(NoSuchRoom::NotOpen(name)) => {
                self.open_room(&room).now_or_never().unwrap_or(Err(NoSuchRoom::NotOpen(name)))?
            }
            held => held?,
        };
        emit(self, &held, event.into(), Submission::default())
    }
}

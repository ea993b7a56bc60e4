//! What a connection does for its client, as far as the client may.

use arcane_shared::api::RequestAnswer;
use arcane_shared::control::ServerMessage;
use arcane_shared::{RoomName, Seq};
use tokio::sync::oneshot;

use super::codec::Incoming;
use super::ends_at;
use super::fanout::Pipe;
use super::publish::{Accepted, PublishRefused, Rooms, is_publish, publish_checked, taken_back};
use super::session::Input;
use super::socket::Socket;
use crate::bus::{ConsumerError, HeldRoom};
use crate::gate::limits::{Counted, TooMuch};
use crate::gate::rights::Right;
use crate::gate::{Forbidden, Pass};
use crate::intake;
use crate::requests::{Decision, Via, answered as answered_with};

/// Whether a pass answers what agents ask in a room.
fn answers_in(pass: &Pass, room: &RoomName) -> Result<(), Forbidden> {
    pass.check(Right::Answer)?;
    pass.check_change(room)?;
    pass.check_whole()
}

impl<S, P: Pipe> Socket<S, P> {
    /// Publishes what a message holds, if its subject has anything left of what it may publish.
    pub(super) fn publish(
        &self,
        text: &str,
        named: Option<&Result<HeldRoom, PublishRefused>>,
    ) -> Result<Accepted, PublishRefused> {
        let gate = &self.state.gate;
        let left = self.state.take(&self.subject, Counted::Bytes, text.len());
        if let Err(error) = left.and_then(|()| self.state.take(&self.subject, Counted::Events, 0)) {
            return Err(PublishRefused::too_much(text, &error));
        }
        let rooms = Rooms { pass: &self.pass, own: &self.subscription.held_room(), named };
        let accepted = publish_checked(&self.state.bus, rooms, text, &|room, drafts| {
            if intake::tells_of_requests(drafts) {
                self.pass.check_tells_of_requests()?;
            }
            let names = drafts.iter().filter_map(|draft| draft.daemon_name.as_ref());
            Ok(self.state.count_daemons(&self.subject, room, names)?)
        })?;
        gate.charge(&self.subject, Counted::Events, accepted.count);
        Ok(accepted)
    }

    /// Goes on with another token of the same subject, if that allows what the connection does.
    pub(super) fn authenticate(&mut self, token: &str) -> Input {
        let refused = |detail: String| Input::Refused(PublishRefused::new("bad_token", detail));
        let pass = match self.state.gate.verify(token) {
            Ok(pass) => pass,
            Err(error) => return refused(error.to_string()),
        };
        let (subject, other) = (&self.pass.grant().subject, &pass.grant().subject);
        if subject != other {
            return refused(format!(
                "the token is {other}'s, and this connection is {subject}'s; open another"
            ));
        }
        let right = if self.listens { Right::Subscribe } else { Right::Publish };
        if let Err(forbidden) = pass.check(right).and_then(|()| pass.check_room(self.subscription.room())) {
            return refused(forbidden.to_string());
        }
        if pass.grant().filter != self.pass.grant().filter {
            return refused(
                "the token lets other events through than the one before; open another connection".into(),
            );
        }
        self.pass = pass;
        if answers_in(&self.pass, self.subscription.room()).is_err() {
            self.page = None;
        }
        if !self.state.gate.is_open() {
            // Another token may have limits of its own.
            self.subject = self.state.gate.subject(&self.pass, None);
        }
        Input::Authenticated { ends_at: ends_at(&self.pass), expires_at: self.pass.grant().expires_at }
    }

    /// Acknowledges for the consumer that the connection reads as.
    pub(super) fn acknowledge(&self, seq: Seq) -> Result<(), PublishRefused> {
        let Some(reader) = &self.consumer else { return Ok(()) };
        let (bus, room) = (&self.state.bus, self.subscription.room());
        let head = bus.room_info(room).map_or(0, |there| there.head);
        let acknowledged = reader.ack(self.subscription.epoch(), seq, head);
        acknowledged.map_err(|error| match error {
            ConsumerError::Log(error) => taken_back(None, &error),
            error => PublishRefused::new("bad_ack", error.to_string()),
        })
    }

    /// Notes whether a human looks at the connection's room who may answer.
    pub(super) fn see(&mut self, is_visible: bool) -> Result<(), Forbidden> {
        let room = self.subscription.room();
        answers_in(&self.pass, room)?;
        let state = &self.state;
        let page = self.page.get_or_insert_with(|| {
            // What was asked in an earlier run of the server is shown to who looks.
            state.ingest.look_at(room.clone());
            Box::new(state.requests.page())
        });
        page.see(room, is_visible);
        Ok(())
    }

    /// Answers what an agent asks.
    pub(super) fn answer(&mut self, request: Box<str>, answer: RequestAnswer, id: Option<String>) {
        let (tell, told) = oneshot::channel();
        let bytes = answer.message.as_deref().map_or(0, str::len);
        self.pending.push_later(told, bytes);
        // Only a page says that it is watched.
        let via = if self.page.is_some() { Via::Stage } else { Via::Cli };
        let (state, subject, pass) = (self.state.clone(), self.subject.clone(), self.pass.clone());
        tokio::spawn(async move {
            let refused =
                |code, detail| PublishRefused { id: id.clone(), ..PublishRefused::new(code, detail) };
            let answered = async {
                let decision = Decision::read(answer)
                    .map_err(|error| refused("invalid", format!("{}: {}", error.pointer, error.detail)))?;
                pass.check(Right::Answer).map_err(|error| refused("forbidden", error.to_string()))?;
                let taken = state.take(&subject, Counted::Events, 1);
                taken.map_err(|error| PublishRefused { id: id.clone(), ..error.into() })?;
                let is_for = |room: &RoomName| answers_in(&pass, room).is_ok();
                let by = &pass.grant().subject;
                let ended = state.requests.answer(&request, decision, by, via, is_for).await;
                ended.map_err(|error| PublishRefused {
                    is_passing: error.is_passing(),
                    ..refused(error.word(), error.detail(&request))
                })
            };
            let answer = answered.await.map(|(end, is_repeated)| ServerMessage::Answered {
                id: id.clone(),
                end: answered_with(&request, &end, is_repeated),
            });
            // Its client may be gone.
            let _ = tell.send(answer);
        });
    }

    /// Counts a message that does not publish.
    pub(super) fn count(&self, incoming: &Incoming) -> Result<(), TooMuch> {
        let gate = &self.state.gate;
        if !gate.counts(&self.subject, Counted::Messages)
            || matches!(incoming, Incoming::Text(text) if is_publish(text))
        {
            return Ok(());
        }
        self.state.take(&self.subject, Counted::Messages, 1)
    }
}

//! What of a request is told in the audit log: administrative acts that were done, and refusals.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::response::Response;

use super::allowed::Identified;
use super::error::Problematic;
use crate::audit::{Audit, Entry};
use crate::connection::RequestPermit;
use crate::state::AppState;

/// Kinds of problems that are refusals of the gate.
const REFUSALS: [&str; 6] = ["no-token", "bad-token", "forbidden", "too-much", "origin", "host"];

/// What has to be known of a request before it is answered.
pub(super) struct Asked {
    method: Method,
    uri: Uri,
    client: Option<IpAddr>,
}

/// An act that is told although nobody was identified before it, and whose it was: left among the extensions of its answer.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) subject: String,
}

/// Whose request it was: left among the extensions of its answer.
#[derive(Debug, Clone)]
pub(super) struct Whose {
    identified: Identified,
    deletes: bool,
}

impl Whose {
    /// `None`: nothing is told.
    pub(super) fn of(audit: &Audit, request: &Request) -> Option<Self> {
        let identified = || request.extensions().get::<Identified>().cloned();
        Some(Self {
            identified: audit.is_on().then(identified).flatten()?,
            deletes: request.method() == Method::DELETE,
        })
    }

    /// Leaves it with an answer that may be told of.
    pub(super) fn sign(self, answer: &mut Response) {
        let is_refused = answer.extensions().get::<Problematic>().is_some();
        if self.deletes || is_refused || answer.status().is_client_error() {
            answer.extensions_mut().insert(self);
        }
    }
}

impl Asked {
    /// `None`: nothing is told.
    pub(super) fn of(state: &AppState, request: &Request) -> Option<Self> {
        let peer = || request.extensions().get::<RequestPermit>().and_then(RequestPermit::peer);
        state.audit.is_on().then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            // What is refused before it is known whose it is comes from somewhere, too.
            client: state.gate.client(request.headers(), peer()),
        })
    }

    /// Tells of what came of it, if that is to be told.
    pub(super) fn tell(self, audit: &Audit, answer: &Response) {
        let extensions = answer.extensions();
        let kind = extensions.get::<Problematic>().map(|Problematic(kind)| *kind);
        let refused = kind.filter(|kind| REFUSALS.contains(kind));
        let act = extensions.get::<Act>();
        // Deleting is what administrators do.
        let is_act = act.is_some() || self.method == Method::DELETE && answer.status().is_success();
        if refused.is_none() && !is_act {
            return;
        }
        let whose = extensions.get::<Whose>().map(|whose| &whose.identified);
        let pass = whose.and_then(|identified| identified.pass.as_ref().ok());
        audit.report(Entry {
            refused,
            asked: Entry::asked(self.method.as_str(), self.uri.path()),
            subject: pass.map(|pass| pass.grant().subject.to_string()).or(act.map(|act| act.subject.clone())),
            address: whose.and_then(|identified| identified.peer).or(self.client),
        });
    }
}

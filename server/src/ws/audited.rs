//! Which closed connections are told of in the audit log.

use std::net::IpAddr;

use arcane_shared::control::CloseCode;

use crate::audit::{Audit, Entry};
use crate::gate::Pass;

/// Where every WebSocket is opened.
const PATH: &str = "/ws/events";

/// Tells the audit log of a connection that the gate closed.
pub(super) fn tell(audit: &Audit, code: u16, pass: Option<&Pass>, peer: Option<IpAddr>) {
    let refused = match code {
        code if code == CloseCode::NotAuthenticated.code() => "bad-token",
        code if code == CloseCode::Forbidden.code() => "forbidden",
        code if code == CloseCode::TooMany.code() => "too-much",
        _ => return,
    };
    audit.report(Entry {
        refused: Some(refused),
        asked: Entry::asked("WebSocket", PATH),
        subject: pass.map(|pass| pass.grant().subject.to_string()),
        address: peer,
    });
}

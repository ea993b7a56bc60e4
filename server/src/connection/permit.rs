//! Permits, of which there are `connections_max`: a connection holds one, and each further request at a time on it another.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::addresses::AddressPlace;
use super::pulse::{Protocol, Pulse};

/// A permit of a request. It goes back when the last clone is dropped: a WebSocket
/// takes one along when it leaves HTTP behind.
#[derive(Debug, Clone)]
pub(crate) struct RequestPermit(Arc<Seat>);

/// A connection's place among all, and among those of its address.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _of_address: Option<AddressPlace>,
}

impl Place {
    pub(crate) fn new(permit: OwnedSemaphorePermit, of_address: Option<AddressPlace>) -> Self {
        Self { _permit: permit, _of_address: of_address }
    }
}

/// A permit of a connection, whatever it speaks.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    _place: Arc<Place>,
}

#[derive(Debug)]
struct Seat {
    pulse: Arc<Pulse>,
    connection: Arc<Place>,
    _further: Option<OwnedSemaphorePermit>,
}

impl RequestPermit {
    /// For a request on a connection; `None` if all permits are taken.
    pub(crate) fn take(
        pulse: &Arc<Pulse>,
        connection: &Arc<Place>,
        permits: &Arc<Semaphore>,
        protocol: Protocol,
    ) -> Option<Self> {
        let mut seat = Seat { pulse: Arc::clone(pulse), connection: Arc::clone(connection), _further: None };
        if pulse.begin_request(protocol) {
            // Without a permit the seat is dropped, and the request is over.
            seat._further = Some(Arc::clone(permits).try_acquire_owned().ok()?);
        }
        Some(Self(Arc::new(seat)))
    }

    /// The permit alone, for a connection that leaves HTTP behind: what a request is watched by is let go.
    pub(crate) fn into_connection(self) -> ConnectionPermit {
        ConnectionPermit { _place: Arc::clone(&self.0.connection) }
    }

    /// The address that the request comes from, if it is known.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.0.pulse.peer()
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.0.pulse
    }

    /// Completes once the client has ended its side of the connection: it is gone, or only has nothing
    /// more to say. Which one it is shows when something is written.
    pub(crate) async fn client_ended(&self) {
        self.0.pulse.ended().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pulse.end_request(Instant::now());
    }
}

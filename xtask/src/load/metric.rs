//! What is measured, and what it is called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A figure of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    DeliveriesPerS,
    EventsPerS,
    CpuUsPerDelivery,
    CpuUsPerEvent,
    BytesPerDelivery,
    P50Ms,
    P99Ms,
    P999Ms,
    MaxMs,
    ConnectsPerS,
    KibPerConnection,
    RssBeforeMib,
    RssIdleMib,
    RssLoadMib,
    RssGrowthMib,
    DrainNotifiedMs,
    DrainGoneMs,
    OpenRoomsMib,
    OpenRoomsCpuPercent,
    KnownRoomsMib,
    KnownRoomsCpuPercent,
}

/// The figures of one run.
pub(crate) type Figures = BTreeMap<Metric, f64>;

impl Metric {
    /// Head of a column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::DeliveriesPerS => "deliveries/s",
            Self::EventsPerS => "events/s",
            Self::CpuUsPerDelivery => "CPU/delivery, µs",
            Self::CpuUsPerEvent => "CPU/event, µs",
            Self::BytesPerDelivery => "bytes/delivery",
            Self::P50Ms => "p50, ms",
            Self::P99Ms => "p99, ms",
            Self::P999Ms => "p99.9, ms",
            Self::MaxMs => "last, ms",
            Self::ConnectsPerS => "connects/s",
            Self::KibPerConnection => "KiB/connection",
            Self::RssBeforeMib => "RSS before, MiB",
            Self::RssIdleMib => "RSS idle, MiB",
            Self::RssLoadMib => "RSS under load, MiB",
            Self::RssGrowthMib => "growth, MiB",
            Self::DrainNotifiedMs => "all notified, ms",
            Self::DrainGoneMs => "all gone, ms",
            Self::OpenRoomsMib => "open, MiB",
            Self::OpenRoomsCpuPercent => "open, % of a core",
            Self::KnownRoomsMib => "not opened, MiB",
            Self::KnownRoomsCpuPercent => "not opened, % of a core",
        }
    }
}

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
    DrainNotifiedMs,
    DrainGoneMs,
}

/// The figures of one run.
pub(crate) type Figures = BTreeMap<Metric, f64>;

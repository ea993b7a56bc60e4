//! The metrics of messages to services elsewhere.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Metrics;

/// The metrics of messages to services elsewhere.
#[derive(Debug, Default)]
pub(super) struct NotifyMetrics(Family<NotificationLabels, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotificationLabels {
    target: String,
    outcome: &'static str,
}

impl NotifyMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help =
            "Messages to targets of [[notify]], by what came of them: sent, refused, failed, dropped, stale";
        registry.register("notifications", help, self.0.clone());
    }
}

impl Metrics {
    /// A message to a target, and what came of it. Targets are the operator's, so they are few.
    pub(crate) fn notified(&self, target: &str, outcome: &'static str) {
        let labels = NotificationLabels { target: target.into(), outcome };
        self.inner.notifications.0.get_or_create(&labels).inc();
    }
    /// How many messages to a target came to this.
    #[cfg(test)]
    pub(crate) fn count_of_notified(&self, target: &str, outcome: &'static str) -> u64 {
        let labels = NotificationLabels { target: target.into(), outcome };
        self.inner.notifications.0.get_or_create(&labels).get()
    }
}

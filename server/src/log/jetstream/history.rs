//! The past of a log on JetStream: there is no index, so events are read.

use futures_util::FutureExt as _;

use super::log::JetStreamLog;
use crate::log::history::{Activity, ActivityQuery, HistoryPage, HistoryQuery, scan};
use crate::log::{Answer, History};

impl History for JetStreamLog {
    fn page(&self, query: HistoryQuery) -> Answer<'_, HistoryPage> {
        async move {
            let room = self.opened(query.room).await?.record();
            scan::page(self, room, &query).await
        }
        .boxed()
    }

    fn activity(&self, query: ActivityQuery) -> Answer<'_, Activity> {
        async move {
            let room = self.opened(query.room).await?.record();
            scan::activity(self, room, &query).await
        }
        .boxed()
    }
}

//! The past of a log on JetStream: ranges are read from the stream. What looks for something is asked of this node's copy, and
//! where it has none, all events are read.

use futures_util::FutureExt as _;

use super::log::JetStreamLog;
use crate::log::history::{Activity, ActivityQuery, HistoryPage, HistoryQuery, scan};
use crate::log::{Answer, History};

impl History for JetStreamLog {
    fn page(&self, query: HistoryQuery) -> Answer<'_, HistoryPage> {
        async move {
            let entry = self.opened(query.room).await?;
            if !query.is_plain()
                && let Some(room) = self.copy_of(&entry).await?
            {
                let of_copy = HistoryQuery { room, ..query.clone() };
                let found = self.of_copies(move |mirror| mirror.history(&of_copy)).await?;
                if let Some(page) = found {
                    return Ok(page);
                }
            }
            scan::page(self, entry.record(), &query).await
        }
        .boxed()
    }

    fn activity(&self, query: ActivityQuery) -> Answer<'_, Activity> {
        async move {
            let entry = self.opened(query.room).await?;
            if let Some(room) = self.copy_of(&entry).await? {
                let of_copy = ActivityQuery { room, ..query.clone() };
                let found = self.of_copies(move |mirror| mirror.activity(&of_copy)).await?;
                if let Some(activity) = found {
                    return Ok(activity);
                }
            }
            scan::activity(self, entry.record(), &query).await
        }
        .boxed()
    }
}

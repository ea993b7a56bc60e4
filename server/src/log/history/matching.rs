//! Whether an event is what is searched for, by looking at it: for logs without an index.

use super::Search;
use crate::event::PreparedFrame;

/// Whether everything that is searched for stands in description, task or daemon.
pub(crate) fn matches(frame: &PreparedFrame, search: &Search) -> bool {
    let event = frame.event();
    let daemon = event.daemon_name.as_ref().map(|name| name.as_str());
    let fields = [Some(event.description.as_str()), event.text("task"), daemon];
    let fields: Vec<Vec<String>> = fields.into_iter().flatten().map(words).collect();
    search.terms().iter().all(|term| {
        let wanted = words(&term.text);
        fields.iter().any(|field| {
            field.windows(wanted.len().max(1)).any(|there| {
                let Some((last, before)) = wanted.split_last() else { return false };
                let ends = &there[before.len()];
                there.starts_with(before) && (ends == last || term.prefix && ends.starts_with(last.as_str()))
            })
        })
    })
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

//! Lists whose rows keep their identity: a row that changes tells only what shows that row.

use leptos::prelude::*;

/// One row: a key, and a signal of what it shows.
pub(crate) struct Row<K, T: 'static> {
    pub(crate) key: K,
    pub(crate) content: ArcRwSignal<T>,
}

impl<K: Clone, T> Clone for Row<K, T> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), content: self.content.clone() }
    }
}

/// Rows in order, for a keyed `<For>`.
pub(crate) struct Rows<K: 'static, T: 'static>(RwSignal<Vec<Row<K, T>>>);

impl<K, T> Copy for Rows<K, T> {}

impl<K, T> Clone for Rows<K, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, T> Default for Rows<K, T>
where
    K: Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    fn default() -> Self {
        Self(RwSignal::new(Vec::new()))
    }
}

impl<K, T> Rows<K, T>
where
    K: Clone + PartialEq + Send + Sync + 'static,
    T: PartialEq + Send + Sync + 'static,
{
    /// The rows; tracked.
    pub(crate) fn get(self) -> Vec<Row<K, T>> {
        self.0.get()
    }

    /// Whether there are none; tracked.
    pub(crate) fn is_empty(self) -> bool {
        self.0.with(Vec::is_empty)
    }

    /// Makes the rows show these contents, in this order.
    pub(crate) fn put(self, contents: impl IntoIterator<Item = (K, T)>) {
        let before = self.0.get_untracked();
        let mut known = before.clone();
        let after: Vec<Row<K, T>> = contents
            .into_iter()
            .map(|(key, content)| match known.iter().position(|row| row.key == key) {
                Some(at) => {
                    let row = known.swap_remove(at);
                    if row.content.with_untracked(|old| *old != content) {
                        row.content.set(content);
                    }
                    row
                }
                None => Row { key, content: ArcRwSignal::new(content) },
            })
            .collect();
        if !before.iter().map(|row| &row.key).eq(after.iter().map(|row| &row.key)) {
            self.0.set(after);
        }
    }

    /// Whether a content of the key is known, and what is read of it.
    pub(crate) fn read<R>(self, key: &K, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.with_untracked(|rows| {
            rows.iter().find(|row| row.key == *key).map(|row| row.content.with_untracked(read))
        })
    }
}

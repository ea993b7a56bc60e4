//! Lists whose rows keep their identity: a row that changes tells only what shows that row.

use leptos::prelude::*;

/// What a row is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Number(u64),
    Name(String),
}

impl From<u64> for Key {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Key {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<String> for Key {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// Rows in order, each with a signal of what it shows.
pub(crate) struct Rows<T: 'static> {
    keys: RwSignal<Vec<Key>>,
    contents: StoredValue<Vec<(Key, ArcRwSignal<T>)>>,
}

impl<T> Copy for Rows<T> {}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Default for Rows<T> {
    fn default() -> Self {
        Self { keys: RwSignal::new(Vec::new()), contents: StoredValue::new(Vec::new()) }
    }
}

impl<T: PartialEq + Send + Sync + 'static> Rows<T> {
    /// Whether there are none; tracked.
    pub(crate) fn is_empty(self) -> bool {
        self.keys.with(Vec::is_empty)
    }

    /// Makes the rows show these contents, in this order.
    pub(crate) fn put<K: Into<Key>>(self, contents: impl IntoIterator<Item = (K, T)>) {
        self.put_all(contents.into_iter().map(|(key, content)| (key.into(), content)).collect());
    }

    fn put_all(self, contents: Vec<(Key, T)>) {
        let mut known = self.contents.get_value();
        let mut changed = Vec::new();
        let after: Vec<(Key, ArcRwSignal<T>)> = contents
            .into_iter()
            .map(|(key, content)| match known.iter().position(|(own, _)| *own == key) {
                Some(at) => {
                    let (_, signal) = known.swap_remove(at);
                    if signal.with_untracked(|old| *old != content) {
                        changed.push((signal.clone(), content));
                    }
                    (key, signal)
                }
                None => (key, ArcRwSignal::new(content)),
            })
            .collect();
        let keys: Vec<Key> = after.iter().map(|(key, _)| key.clone()).collect();
        // What shows the rows looks for their contents as soon as it learns their keys.
        self.contents.set_value(after);
        for (signal, content) in changed {
            signal.set(content);
        }
        if self.keys.with_untracked(|before| *before != keys) {
            self.keys.set(keys);
        }
    }

    /// Whether a content of the key is known, and what is read of it.
    pub(crate) fn read<R>(self, key: &str, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.content(&Key::from(key)).map(|content| content.with_untracked(read))
    }

    fn content(self, key: &Key) -> Option<ArcRwSignal<T>> {
        self.contents
            .with_value(|rows| rows.iter().find(|(own, _)| own == key).map(|(_, content)| content.clone()))
    }
}

/// Shows each of the rows.
#[component]
pub(crate) fn Each<T, F, V>(rows: Rows<T>, children: F) -> impl IntoView
where
    T: PartialEq + Send + Sync + 'static,
    F: Fn(Signal<T>) -> V + Send + Sync + 'static,
    V: IntoAny + 'static,
{
    keyed(
        rows.keys.into(),
        Callback::new(move |key| rows.content(&key).map(|row| children(row.into()).into_any())),
    )
}

/// Shows each of the names.
#[component]
pub(crate) fn EachName<F, V>(#[prop(into)] names: Signal<Vec<String>>, children: F) -> impl IntoView
where
    F: Fn(String) -> V + Send + Sync + 'static,
    V: IntoAny + 'static,
{
    let keys =
        Signal::derive(move || names.with(|names| names.iter().map(|name| Key::from(&**name)).collect()));
    let row = move |key| match key {
        Key::Name(name) => Some(children(name).into_any()),
        Key::Number(_) => None,
    };
    keyed(keys, Callback::new(row))
}

/// One `<For>` for all lists: a second one, over another type, costs the page 2 KB.
fn keyed(keys: Signal<Vec<Key>>, row: Callback<Key, Option<AnyView>>) -> impl IntoView {
    view! { <For each=move || keys.get() key=Clone::clone children=move |key| row.run(key)/> }
}

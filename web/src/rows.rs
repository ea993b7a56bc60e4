//! Lists whose rows keep their identity: a row that changes tells only what shows that row.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

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

/// What rows show, whatever it is: one copy of what keeps and compares them for all lists, of which each would bring its own.
trait Content: Any + Send + Sync {
    fn equals(&self, other: &dyn Content) -> bool;
}

impl<T: PartialEq + Send + Sync + 'static> Content for T {
    fn equals(&self, other: &dyn Content) -> bool {
        (other as &dyn Any).downcast_ref::<T>() == Some(self)
    }
}

/// What a row shows, as a signal.
type Shown = ArcRwSignal<Arc<dyn Content>>;

/// Rows in order, each with a signal of what it shows.
pub(crate) struct Rows<T: 'static> {
    all: AllRows,
    kind: PhantomData<fn() -> T>,
}

impl<T> Copy for Rows<T> {}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { all: AllRows::default(), kind: PhantomData }
    }
}

impl<T: PartialEq + Send + Sync + 'static> Rows<T> {
    /// Whether there are none; tracked.
    pub(crate) fn is_empty(self) -> bool {
        self.all.keys.with(Vec::is_empty)
    }

    /// Makes the rows show these contents, in this order.
    pub(crate) fn put<K: Into<Key>>(self, contents: impl IntoIterator<Item = (K, T)>) {
        let content = |content: T| -> Arc<dyn Content> { Arc::new(content) };
        self.all.put(contents.into_iter().map(|(key, it)| (key.into(), content(it))).collect());
    }
}

/// Rows of whatever kind.
#[derive(Clone, Copy, Default)]
struct AllRows {
    keys: RwSignal<Vec<Key>>,
    contents: StoredValue<Vec<(Key, Shown)>>,
}

impl AllRows {
    fn put(self, contents: Vec<(Key, Arc<dyn Content>)>) {
        let mut known = self.contents.get_value();
        let mut changed = Vec::new();
        let after: Vec<(Key, Shown)> = contents
            .into_iter()
            .map(|(key, content)| match known.iter().position(|(own, _)| *own == key) {
                Some(at) => {
                    let (_, signal) = known.swap_remove(at);
                    if signal.with_untracked(|old| !old.equals(&*content)) {
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

    fn shown(self, key: &Key) -> Option<Shown> {
        self.contents
            .with_value(|rows| rows.iter().find(|(own, _)| own == key).map(|(_, shown)| shown.clone()))
    }
}

/// A content as what it is.
fn kind_of<T: 'static>(content: &Arc<dyn Content>) -> Option<&T> {
    (&**content as &dyn Any).downcast_ref()
}

/// What a row shows, followed.
pub(crate) struct Row<T: 'static> {
    shown: Signal<Arc<dyn Content>>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Copy for Row<T> {}

impl<T> Clone for Row<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Row<T> {
    /// A part of it, followed.
    pub(crate) fn pick<R: Default + Send + Sync + 'static>(self, part: fn(&T) -> R) -> Signal<R> {
        Signal::derive(move || self.with(part))
    }

    /// Something of it; tracked.
    pub(crate) fn with<R: Default>(self, read: impl FnOnce(&T) -> R) -> R {
        self.shown.with(|content| kind_of(content).map(read).unwrap_or_default())
    }

    /// Something of it, now.
    pub(crate) fn with_untracked<R: Default>(self, read: impl FnOnce(&T) -> R) -> R {
        self.shown.with_untracked(|content| kind_of(content).map(read).unwrap_or_default())
    }
}

/// Shows each of the rows.
#[component]
pub(crate) fn Each<T, F, V>(rows: Rows<T>, children: F) -> impl IntoView
where
    T: PartialEq + Send + Sync + 'static,
    F: Fn(Row<T>) -> V + Send + Sync + 'static,
    V: IntoAny + 'static,
{
    let row = move |shown: Shown| children(Row { shown: shown.into(), kind: PhantomData }).into_any();
    keyed(rows.all.keys.into(), Callback::new(move |key| rows.all.shown(&key).map(&row)))
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

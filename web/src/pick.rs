//! Parts of signals, as signals: what a view shows of a larger whole.

use leptos::prelude::*;

/// A signal that others can be picked from.
pub(crate) trait Pick<T> {
    /// A part of the value, followed. Type-erased: one copy of what follows it for all parts of a kind, where closures in a view
    /// would each bring their own.
    fn pick<R: Send + Sync + 'static>(self, part: fn(&T) -> R) -> Signal<R>;
}

impl<T: 'static, S: With<Value = T> + Copy + Send + Sync + 'static> Pick<T> for S {
    fn pick<R: Send + Sync + 'static>(self, part: fn(&T) -> R) -> Signal<R> {
        Signal::derive(move || self.with(part))
    }
}

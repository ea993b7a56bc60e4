//! Polls what was woken, in any order.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use futures_util::future::BoxFuture;

use crate::ws::deflate::sample::Dice;

/// Tasks that were made and not yet adopted.
pub(super) type Spawned = Arc<Mutex<Vec<BoxFuture<'static, ()>>>>;

/// The tasks, and which of them were woken.
pub(super) struct Executor {
    tasks: Vec<Option<BoxFuture<'static, ()>>>,
    woken: Arc<Mutex<BTreeSet<usize>>>,
    pub(super) spawned: Spawned,
}

struct Task {
    id: usize,
    woken: Arc<Mutex<BTreeSet<usize>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap().insert(self.id);
    }
}

impl Executor {
    /// An executor that adopts what is put into `spawned`.
    pub(super) fn new(spawned: Spawned) -> Self {
        Self { tasks: Vec::new(), woken: Arc::default(), spawned }
    }

    fn adopt(&mut self) {
        for task in std::mem::take(&mut *self.spawned.lock().unwrap()) {
            self.woken.lock().unwrap().insert(self.tasks.len());
            self.tasks.push(Some(task));
        }
    }

    /// Polls one task that was woken; false if there is none.
    pub(super) fn step(&mut self, dice: &mut Dice) -> bool {
        self.adopt();
        let id = {
            let mut woken = self.woken.lock().unwrap();
            if woken.is_empty() {
                return false;
            }
            let id = *woken.iter().nth(dice.below(woken.len())).unwrap();
            woken.remove(&id);
            id
        };
        let Some(task) = &mut self.tasks[id] else { return true };
        let waker = Waker::from(Arc::new(Task { id, woken: Arc::clone(&self.woken) }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            self.tasks[id] = None;
        }
        true
    }
}

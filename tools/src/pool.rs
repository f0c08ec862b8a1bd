//! rayon's threads, for algorithms of many small parallel steps.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether somebody is inside.
static TAKEN: AtomicBool = AtomicBool::new(false);

std::thread_local! {
    /// Whether it is this thread.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Works on one of rayon's threads: a parallel step that is started elsewhere wakes a thread and waits for it, which takes as
/// long as a small step, so what takes many of them, one after the other, comes here first.
///
/// One at a time, so that no two such works wait for each other's threads; who comes second works where it is. Others' steps
/// have their turn whenever [`give_way`] is called.
pub(crate) fn enter<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_some() || TAKEN.swap(true, Ordering::Acquire) {
        return work();
    }
    rayon::scope(|_| {
        let _inside = Inside;
        INSIDE.set(true);
        work()
    })
}

/// Lets one waiting step of others go first, if this thread has entered. Such a step gives way to none itself.
pub(crate) fn give_way() {
    if INSIDE.replace(false) {
        rayon::yield_now();
        INSIDE.set(true);
    }
}

/// Leaves, also by a panic.
struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(false);
        TAKEN.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn works_are_done_and_others_have_their_turn() {
        let inside = || rayon::current_thread_index().is_some();
        assert_eq!(enter(|| enter(|| 7)), 7);
        let (ask, asked) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        std::thread::scope(|scope| {
            // A long work, that ends when somebody else's step was done.
            scope.spawn(move || {
                enter(move || {
                    ask.send(inside()).expect("somebody listens");
                    while answered.try_recv().is_err() {
                        give_way();
                    }
                })
            });
            asked.recv().expect("it has begun");
            // All threads are asked for at once, also the one that is taken.
            rayon::broadcast(|_| ());
            answer.send(()).expect("somebody waits");
        });
        assert!(std::panic::catch_unwind(|| enter(|| panic!("inside"))).is_err());
        assert_eq!(enter(|| 8), 8);
    }
}

//! rayon's threads.

/// Works on one of rayon's threads. Each parallel step that is started elsewhere wakes a thread and waits for it, which takes
/// as long as a small step: what takes many, one after the other, comes here first.
pub(crate) fn enter<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| work())
}

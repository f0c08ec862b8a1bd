//! Where events go: to the turn that they belong to, and to everybody who listens to the table.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::event::Event;

/// Everybody who listens to the table.
#[derive(Debug, Default)]
pub struct Bus {
    listeners: Mutex<Vec<mpsc::UnboundedSender<Event>>>,
}

impl Bus {
    /// Every event from now on. Whoever listens must keep up: what is not taken waits in memory.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Event> {
        let (to, from) = mpsc::unbounded_channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(to);
        from
    }

    /// Tells everybody.
    pub fn tell(&self, event: &Event) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        // A listener that is gone is dropped with the event that it does not take.
        listeners.retain(|to| to.send(event.clone()).is_ok());
    }
}

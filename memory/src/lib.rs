//! What is kept: documents, facts and episodes, searched by their words and by their meaning.
//!
//! [`Memory`] is the one handle that the rest of the house holds. It puts documents in ([`Memory::ingest`]), gives
//! their vectors in the background ([`Memory::embed_pending`]), searches ([`Memory::search`]), remembers what passed
//! the memory door ([`Memory::remember`]), recalls it with its provenance, and forgets it for good.
//!
//! Behind it are two seams, each a trait: [`Store`] (LanceDB in a folder, or plain RAM; one conformance suite holds both
//! to the same promise) and [`Embedder`] (all-MiniLM-L6-v2 in process, or whatever endpoint the caller brings).
//!
//! The crate knows no actor, no chat model and no prompt, and reads no clock: time comes in as a [`Clock`].

#![warn(missing_docs)]

pub mod document;
pub mod embed;
pub mod error;
pub mod ingest;
pub mod memory;
pub mod record;
pub mod search;
pub mod store;
pub mod timestamp;

pub use document::{Chunk, Document, Level, Metadata, Trust, fingerprint};
pub use embed::{EmbedError, Embedder, HashEmbedder, MiniLm};
pub use error::Error;
pub use ingest::{EmbedReport, IngestReport, Progress, Quarantined, Skipped};
pub use memory::{Forgotten, Memory, Recalled, Why};
pub use record::{Draft, Kind, Provenance, Record, RecordId};
pub use search::{Found, Hit, Mode};
pub use store::{LanceStore, OtherModel, RamStore, Stats, Store};

/// Where time comes from: the edge passes the wall clock, a test passes a counter.
pub type Clock = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

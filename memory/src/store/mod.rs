//! Where things are kept, and the promise that every store makes.
//!
//! [`LanceStore`] keeps them in a folder, [`RamStore`] in RAM (under the paused clock of scenarios, for tests, and for the
//! notes in the binary). One conformance suite, `memory/tests/conformance.rs`, holds both to what is written here:
//!
//! - writing the same thing twice leaves one of it;
//! - a list of hits is best first, and equal scores come in the order of ids;
//! - quarantined chunks are kept and never found; removed ones are found by nothing;
//! - a vector is kept only for the words it was made from: when a chunk changes, its vector goes;
//! - a write is there for the next read, and a failed or abandoned write can simply be done again.

mod lance;
mod ram;
pub mod words;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use lance::{LanceStore, OtherModel};
pub use ram::RamStore;

use crate::document::{Chunk, Document};
use crate::error::Error;
use crate::record::{Record, RecordId};
use crate::search::Scored;

/// A document with the chunks that it was cut into.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The document.
    pub document: Document,
    /// Its chunks, in order.
    pub chunks: Vec<Chunk>,
}

/// What an ingest needs to know of a document to see whether it changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The document's id.
    pub id: String,
    /// The file that it came from.
    pub source: String,
    /// The hash of what came in.
    pub hash: String,
}

/// The two things that can be searched; they never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// Chunks of documents.
    Chunks,
    /// Facts and episodes.
    Records,
}

impl Space {
    /// `chunks` or `records`.
    pub fn name(self) -> &'static str {
        match self {
            Space::Chunks => "chunks",
            Space::Records => "records",
        }
    }
}

/// Something that has no vector yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pending {
    /// Chunk or record.
    pub space: Space,
    /// Its id.
    pub id: String,
    /// Bytes of its words, so that texts of similar length can be embedded together.
    pub length: usize,
}

/// The vector of one chunk or record.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorRow {
    /// Chunk or record.
    pub space: Space,
    /// Its id.
    pub id: String,
    /// The words that the vector was made from; a row whose words are no longer those is dropped.
    pub words: String,
    /// The vector, of the store's dimension and of length 1 (or all zeros).
    pub vector: Vec<f32>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Documents.
    pub documents: usize,
    /// Their chunks, quarantined ones included.
    pub chunks: usize,
    /// Chunks that the document door blocked.
    pub quarantined: usize,
    /// Facts, superseded ones included.
    pub facts: usize,
    /// Episodes.
    pub episodes: usize,
    /// Vectors of chunks and records.
    pub vectors: usize,
}

/// A place to keep things. Reads may run beside each other and beside a write; writes queue up.
#[async_trait]
pub trait Store: Send + Sync {
    /// Id, source and hash of every document, in the order of ids.
    async fn stamps(&self) -> Result<Vec<Stamp>, Error>;

    /// Whether there is no document.
    async fn is_empty(&self) -> Result<bool, Error>;

    /// Puts documents in, each with exactly these chunks: what an older version had more is removed.
    async fn put_documents(&self, entries: &[Entry]) -> Result<(), Error>;

    /// Removes documents with their chunks and vectors; unknown ids are passed over.
    async fn remove_documents(&self, ids: &[String]) -> Result<(), Error>;

    /// One document.
    async fn document(&self, id: &str) -> Result<Option<Document>, Error>;

    /// The chunks with these ids, in this order; unknown ids are left out, quarantined chunks are not.
    async fn chunks(&self, ids: &[String]) -> Result<Vec<Chunk>, Error>;

    /// The quarantined chunks, in the order of ids.
    async fn quarantined(&self) -> Result<Vec<Chunk>, Error>;

    /// The `n` best by BM25 over stemmed words; what shares no word with the query is not listed.
    async fn search_lexical(&self, space: Space, query: &str, n: usize) -> Result<Vec<Scored>, Error>;

    /// The `n` nearest by cosine, exactly.
    async fn search_dense(&self, space: Space, vector: &[f32], n: usize) -> Result<Vec<Scored>, Error>;

    /// Whether anything in this space has a vector.
    async fn has_vectors(&self, space: Space) -> Result<bool, Error>;

    /// Everything that has no vector yet and may have one, in the order of space and id.
    async fn pending_vectors(&self) -> Result<Vec<Pending>, Error>;

    /// The words of these chunks or records, with their ids; unknown ids are left out.
    async fn words(&self, space: Space, ids: &[String]) -> Result<Vec<(String, String)>, Error>;

    /// Keeps vectors; rows whose chunk or record is gone or has other words now are dropped.
    async fn put_vectors(&self, rows: &[VectorRow]) -> Result<(), Error>;

    /// Writes records in one go, one after the other as [`crate::record::settle`] decides, and gives the ids under which
    /// they are known, in the same order.
    async fn remember(&self, records: Vec<Record>) -> Result<Vec<RecordId>, Error>;

    /// The records with these ids, in this order; unknown ids are left out.
    async fn records_of(&self, ids: &[RecordId]) -> Result<Vec<Record>, Error>;

    /// All records, oldest first, ties by id.
    async fn records(&self) -> Result<Vec<Record>, Error>;

    /// Removes records and their vectors so that no table, index or old version holds them; gives how many vectors went.
    async fn erase_records(&self, ids: &[RecordId]) -> Result<usize, Error>;

    /// Brings indexes up to date and merges small files, where enough has piled up to be worth it.
    async fn tidy(&self) -> Result<(), Error>;

    /// How much there is.
    async fn stats(&self) -> Result<Stats, Error>;
}

/// Checks that `vector` can be kept: `dimension` finite numbers.
pub(crate) fn check_vector(id: &str, vector: &[f32], dimension: usize) -> Result<(), Error> {
    let what = if vector.len() != dimension {
        format!("has {} numbers instead of {dimension}", vector.len())
    } else if let Some(place) = vector.iter().position(|x| !x.is_finite()) {
        format!("holds {} at place {place}", vector[place])
    } else {
        return Ok(());
    };
    Err(Error::BadVector { id: id.to_owned(), what })
}

//! The store in RAM: plain maps, BM25 and cosine over everything.
//!
//! It starts empty and ends with the process. Nothing in it waits, so it works under tokio's paused clock.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;

use super::words::Bm25;
use super::{Entry, Pending, Space, Stamp, Stats, Store, VectorRow, check_vector};
use crate::document::{Chunk, Document};
use crate::error::Error;
use crate::record::{Kind, Record, RecordId, settle};
use crate::search::{Scored, best};

/// Everything in RAM.
#[derive(Debug)]
pub struct RamStore {
    dimension: usize,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    documents: BTreeMap<String, Document>,
    chunks: BTreeMap<String, Chunk>,
    records: BTreeMap<String, Record>,
    vectors: BTreeMap<(Space, String), Vec<f32>>,
    chunk_words: Bm25,
    record_words: Bm25,
}

impl RamStore {
    /// An empty store for vectors of `dimension` numbers.
    pub fn new(dimension: usize) -> Self {
        RamStore { dimension, state: RwLock::default() }
    }

    // A panic while the lock was held can only have come from a failed allocation: the maps are whole.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove_document(&mut self, id: &str) {
        self.documents.remove(id);
        let gone: Vec<String> = self.chunks.values().filter(|chunk| chunk.doc == id).map(|c| c.id.clone()).collect();
        for chunk in gone {
            self.remove_chunk(&chunk);
        }
    }

    fn remove_chunk(&mut self, id: &str) {
        self.chunks.remove(id);
        self.chunk_words.remove(id);
        self.vectors.remove(&(Space::Chunks, id.to_owned()));
    }

    fn put_chunk(&mut self, chunk: &Chunk) {
        let same_words = self.chunks.get(&chunk.id).is_some_and(|old| old.words() == chunk.words());
        if !same_words || !chunk.retrievable() {
            self.remove_chunk(&chunk.id);
        }
        if chunk.retrievable() {
            self.chunk_words.put(&chunk.id, &chunk.words());
        }
        self.chunks.insert(chunk.id.clone(), chunk.clone());
    }

    /// What may be embedded, with its words.
    fn embeddable(&self, space: Space) -> Box<dyn Iterator<Item = (&String, String)> + '_> {
        match space {
            Space::Chunks => Box::new(
                self.chunks.iter().filter(|(_, chunk)| chunk.retrievable()).map(|(id, chunk)| (id, chunk.words())),
            ),
            Space::Records => Box::new(self.records.iter().map(|(id, record)| (id, record.words()))),
        }
    }

    fn words_of(&self, space: Space, id: &str) -> Option<String> {
        match space {
            Space::Chunks => self.chunks.get(id).filter(|chunk| chunk.retrievable()).map(Chunk::words),
            Space::Records => self.records.get(id).map(Record::words),
        }
    }
}

#[async_trait]
impl Store for RamStore {
    async fn stamps(&self) -> Result<Vec<Stamp>, Error> {
        let state = self.read();
        let stamp = |d: &Document| Stamp { id: d.id.clone(), source: d.source.clone(), hash: d.hash.clone() };
        Ok(state.documents.values().map(stamp).collect())
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.read().documents.is_empty())
    }

    async fn put_documents(&self, entries: &[Entry]) -> Result<(), Error> {
        let mut state = self.write();
        for Entry { document, chunks } in entries {
            let stale: Vec<String> = state
                .chunks
                .values()
                .filter(|old| old.doc == document.id && chunks.iter().all(|chunk| chunk.id != old.id))
                .map(|old| old.id.clone())
                .collect();
            for id in stale {
                state.remove_chunk(&id);
            }
            for chunk in chunks {
                state.put_chunk(chunk);
            }
            state.documents.insert(document.id.clone(), document.clone());
        }
        Ok(())
    }

    async fn remove_documents(&self, ids: &[String]) -> Result<(), Error> {
        let mut state = self.write();
        for id in ids {
            state.remove_document(id);
        }
        Ok(())
    }

    async fn document(&self, id: &str) -> Result<Option<Document>, Error> {
        Ok(self.read().documents.get(id).cloned())
    }

    async fn chunks(&self, ids: &[String]) -> Result<Vec<Chunk>, Error> {
        let state = self.read();
        Ok(ids.iter().filter_map(|id| state.chunks.get(id).cloned()).collect())
    }

    async fn quarantined(&self) -> Result<Vec<Chunk>, Error> {
        Ok(self.read().chunks.values().filter(|chunk| !chunk.retrievable()).cloned().collect())
    }

    async fn search_lexical(&self, space: Space, query: &str, n: usize) -> Result<Vec<Scored>, Error> {
        let state = self.read();
        Ok(match space {
            Space::Chunks => state.chunk_words.search(query, n),
            Space::Records => state.record_words.search(query, n),
        })
    }

    async fn search_dense(&self, space: Space, vector: &[f32], n: usize) -> Result<Vec<Scored>, Error> {
        check_vector("the query", vector, self.dimension)?;
        let state = self.read();
        let scored = state.vectors.iter().filter(|((owner, _), _)| *owner == space).map(|((_, id), stored)| Scored {
            id: id.clone(),
            score: stored.iter().zip(vector).map(|(a, b)| a * b).sum(),
        });
        Ok(best(scored.collect(), n))
    }

    async fn has_vectors(&self, space: Space) -> Result<bool, Error> {
        Ok(self.read().vectors.keys().any(|(owner, _)| *owner == space))
    }

    async fn pending_vectors(&self) -> Result<Vec<Pending>, Error> {
        let state = self.read();
        let mut pending = Vec::new();
        for space in [Space::Chunks, Space::Records] {
            for (id, words) in state.embeddable(space) {
                if !state.vectors.contains_key(&(space, id.clone())) {
                    pending.push(Pending { space, id: id.clone(), length: words.len() });
                }
            }
        }
        Ok(pending)
    }

    async fn words(&self, space: Space, ids: &[String]) -> Result<Vec<(String, String)>, Error> {
        let state = self.read();
        Ok(ids.iter().filter_map(|id| state.words_of(space, id).map(|words| (id.clone(), words))).collect())
    }

    async fn put_vectors(&self, rows: &[VectorRow]) -> Result<(), Error> {
        for row in rows {
            check_vector(&row.id, &row.vector, self.dimension)?;
        }
        let mut state = self.write();
        for row in rows {
            if state.words_of(row.space, &row.id).is_some_and(|words| words == row.words) {
                state.vectors.insert((row.space, row.id.clone()), row.vector.clone());
            }
        }
        Ok(())
    }

    async fn remember(&self, records: Vec<Record>) -> Result<Vec<RecordId>, Error> {
        let mut state = self.write();
        let told = |old: &&Record| records.iter().any(|new| new.concerns(old));
        let known = state.records.values().filter(told).cloned().collect();
        let settled = settle(known, records);
        for record in settled.write {
            state.record_words.put(&record.id.0, &record.words());
            state.records.insert(record.id.0.clone(), record);
        }
        Ok(settled.ids)
    }

    async fn records_of(&self, ids: &[RecordId]) -> Result<Vec<Record>, Error> {
        let state = self.read();
        Ok(ids.iter().filter_map(|id| state.records.get(&id.0).cloned()).collect())
    }

    async fn records(&self) -> Result<Vec<Record>, Error> {
        let mut records: Vec<Record> = self.read().records.values().cloned().collect();
        records.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
        Ok(records)
    }

    async fn erase_records(&self, ids: &[RecordId]) -> Result<usize, Error> {
        let mut state = self.write();
        let mut vectors = 0;
        for RecordId(id) in ids {
            state.records.remove(id);
            state.record_words.remove(id);
            vectors += usize::from(state.vectors.remove(&(Space::Records, id.clone())).is_some());
        }
        Ok(vectors)
    }

    async fn tidy(&self) -> Result<(), Error> {
        Ok(()) // Maps are always tidy.
    }

    async fn stats(&self) -> Result<Stats, Error> {
        let state = self.read();
        let facts = state.records.values().filter(|record| record.kind == Kind::Fact).count();
        Ok(Stats {
            documents: state.documents.len(),
            chunks: state.chunks.len(),
            quarantined: state.chunks.values().filter(|chunk| !chunk.retrievable()).count(),
            facts,
            episodes: state.records.len() - facts,
            vectors: state.vectors.len(),
        })
    }
}

//! The handle that the rest of the house holds.
//!
//! A [`Memory`] is a store, an embedder, the doors and a clock. It is cheap to clone and safe to share; writes queue up
//! behind the store's one writer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roundtable_guardrails::{Cleared, Doors, Origin, Untrusted};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::Clock;
use crate::document::{Chunk, Document};
use crate::embed::{Embedder, normalise};
use crate::error::Error;
use crate::ingest;
use crate::record::{Draft, Kind, Provenance, Record, RecordId};
use crate::search::{Blended, Found, Hit, Mode, Scored, blend};
use crate::store::words::stems;
use crate::store::{LanceStore, OtherModel, RamStore, Space, Stats, Store};

/// How many candidates each list gives to the blend, at least: the scale of the scores hangs on the tail of the lists.
const CANDIDATES: usize = 500;

/// Documents, facts and episodes, to search, to remember and to forget.
#[derive(Clone)]
pub struct Memory {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) doors: Arc<Doors>,
    pub(crate) clock: Clock,
    notes: Vec<(String, String)>,
    notes_store: OnceCell<Arc<RamStore>>,
    /// Whether vectors of chunks and of records were seen. If they went since, a search by meaning finds nothing, as it
    /// should; so it is enough to ask the store until the first was there.
    vectors_seen: [AtomicBool; 2],
}

/// A record that recall found.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// What is known about it; its text is in `text`.
    pub record: Record,
    /// The blend of words and meaning, 0 to 1.
    pub score: f32,
    /// Its words. What was remembered is data like any other and never an instruction.
    pub text: Untrusted<String>,
}

/// Why something is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The record.
    pub record: Record,
    /// The turn in which it was said, as remembered then.
    pub episode: Option<Record>,
    /// What it replaced, newest first.
    pub replaced: Vec<Record>,
    /// What replaced it.
    pub replaced_by: Option<Record>,
}

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// How many facts.
    pub facts: usize,
    /// How many episodes.
    pub episodes: usize,
    /// How many vectors of those.
    pub vectors: usize,
    /// The turns in which they were said, so that a journal can blank them too.
    pub turns: Vec<Provenance>,
}

impl Memory {
    /// Memory over any store.
    pub fn over(store: Arc<dyn Store>, embedder: Arc<dyn Embedder>, doors: Arc<Doors>, clock: Clock) -> Self {
        let inner = Inner {
            store,
            embedder,
            doors,
            clock,
            notes: Vec::new(),
            notes_store: OnceCell::new(),
            vectors_seen: Default::default(),
        };
        Memory { inner: Arc::new(inner) }
    }

    /// Memory in a folder, with the standard doors; the folder and its tables are made where they are missing.
    ///
    /// # Errors
    /// If the folder cannot be used, or holds vectors of another model than the embedder's ([`Error::OtherModel`];
    /// [`LanceStore::open`] with [`OtherModel::Reembed`] is the way out).
    pub async fn open(folder: &Path, embedder: Arc<dyn Embedder>, clock: Clock) -> Result<Self, Error> {
        let store = LanceStore::open(folder, &*embedder, OtherModel::Refuse).await?;
        Ok(Memory::over(Arc::new(store), embedder, Arc::new(Doors::standard()), clock))
    }

    /// Memory that ends with the process, with the standard doors.
    pub fn in_ram(embedder: Arc<dyn Embedder>, clock: Clock) -> Self {
        let store = Arc::new(RamStore::new(embedder.dimension()));
        Memory::over(store, embedder, Arc::new(Doors::standard()), clock)
    }

    /// Gives notes, `(name, Markdown text)`, that are searched by their words while there is no document.
    pub fn with_notes(self, notes: &[(&str, &str)]) -> Self {
        let inner = Inner {
            store: self.inner.store.clone(),
            embedder: self.inner.embedder.clone(),
            doors: self.inner.doors.clone(),
            clock: self.inner.clock.clone(),
            notes: notes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
            notes_store: OnceCell::new(),
            vectors_seen: Default::default(),
        };
        Memory { inner: Arc::new(inner) }
    }

    /// The store underneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// The embedder in use.
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.inner.embedder
    }

    /// How much there is.
    pub async fn stats(&self) -> Result<Stats, Error> {
        self.inner.store.stats().await
    }

    /// The notes, cut and indexed at first need; `None` while there are documents, or when there are no notes.
    async fn notes(&self) -> Result<Option<Arc<RamStore>>, Error> {
        let inner = &self.inner;
        if inner.notes.is_empty() || !inner.store.is_empty().await? {
            return Ok(None);
        }
        let build = || async {
            let store = RamStore::new(inner.embedder.dimension());
            let entries: Vec<_> =
                inner.notes.iter().map(|(name, text)| ingest::note(name, text, &inner.doors)).collect();
            store.put_documents(&entries).await?;
            Ok::<_, Error>(Arc::new(store))
        };
        Ok(Some(inner.notes_store.get_or_try_init(build).await?.clone()))
    }

    /// The `k` best chunks for `query`.
    ///
    /// Hybrid search goes on with words alone when the embedder fails or vectors are not made yet, and says so in
    /// [`Found::degraded`]; dense search has nothing to go on with and fails ([`Error::NoVectors`], [`Error::Embed`]).
    pub async fn search(&self, query: &str, mode: Mode, k: usize) -> Result<Found, Error> {
        let (store, mode): (Arc<dyn Store>, Mode) = match self.notes().await? {
            Some(notes) => (notes, Mode::Lexical),
            None => (self.inner.store.clone(), mode),
        };
        let (rows, degraded) = self.candidates(&*store, Space::Chunks, query, mode, k).await?;
        let rows = &rows[..rows.len().min(k)];
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let chunks = store.chunks(&ids).await?;
        // A chunk that was removed since its id was found is passed over.
        let hits = rows.iter().filter_map(|row| {
            let chunk = chunks.iter().find(|chunk| chunk.id == row.id && chunk.retrievable())?;
            Some(hit(chunk.clone(), row))
        });
        Ok(Found { hits: hits.collect(), degraded })
    }

    async fn candidates(
        &self,
        store: &dyn Store,
        space: Space,
        query: &str,
        mode: Mode,
        k: usize,
    ) -> Result<(Vec<Blended>, Option<String>), Error> {
        let one_list = |rows: Vec<Scored>, dense: bool| -> Vec<Blended> {
            let row = |Scored { id, score }| {
                let (lexical, dense) = if dense { (None, Some(score)) } else { (Some(score), None) };
                Blended { id, score, lexical, dense }
            };
            rows.into_iter().map(row).collect()
        };
        let n = if mode == Mode::Hybrid { k.max(CANDIDATES) } else { k };
        match mode {
            Mode::Lexical => Ok((one_list(store.search_lexical(space, query, n).await?, false), None)),
            Mode::Dense => match self.dense(store, space, query, n).await? {
                Some(dense) => Ok((one_list(dense, true), None)),
                None if store.pending_vectors().await?.iter().any(|pending| pending.space == space) => {
                    Err(Error::NoVectors)
                }
                None => Ok((Vec::new(), None)),
            },
            Mode::Hybrid => {
                let (lexical, dense) =
                    tokio::join!(store.search_lexical(space, query, n), self.dense(store, space, query, n));
                let lexical = lexical?;
                match dense {
                    Ok(Some(dense)) => Ok((blend(&lexical, &dense), None)),
                    // Records are few, and their vectors are made when there is time: nobody need be told of that.
                    Ok(None) if lexical.is_empty() || space == Space::Records => Ok((blend(&lexical, &[]), None)),
                    Ok(None) => {
                        Ok((blend(&lexical, &[]), Some(format!("searched by words alone: {}", Error::NoVectors))))
                    }
                    Err(Error::Embed(error)) => {
                        Ok((blend(&lexical, &[]), Some(format!("searched by words alone: {error}"))))
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// The nearest by meaning; `None` if nothing has a vector yet.
    async fn dense(
        &self,
        store: &dyn Store,
        space: Space,
        query: &str,
        n: usize,
    ) -> Result<Option<Vec<Scored>>, Error> {
        let seen = &self.inner.vectors_seen[space as usize];
        if !seen.load(Ordering::Relaxed) {
            if !store.has_vectors(space).await? {
                return Ok(None); // Not worth waking the model.
            }
            seen.store(true, Ordering::Relaxed);
        }
        let mut vectors = self.inner.embedder.embed(&[query.to_owned()]).await?;
        let Some(mut vector) = vectors.pop() else { return Ok(Some(Vec::new())) };
        normalise(&mut vector);
        if vector.iter().all(|x| *x == 0.0) {
            return Ok(Some(Vec::new()));
        }
        store.search_dense(space, &vector, n).await.map(Some)
    }

    /// One document, from the store or, while that is empty, from the notes.
    pub async fn document(&self, id: &str) -> Result<Option<Document>, Error> {
        match self.inner.store.document(id).await? {
            Some(document) => Ok(Some(document)),
            None => match self.notes().await? {
                Some(notes) => notes.document(id).await,
                None => Ok(None),
            },
        }
    }

    /// Remembers what the memory door cleared; its vector follows with [`Memory::embed_pending`].
    ///
    /// A fact supersedes the one of the same subject; the same again changes nothing. Gives the id under which it is known.
    pub async fn remember(&self, draft: Cleared<Draft>) -> Result<RecordId, Error> {
        let record = draft.into_inner().into_record((self.inner.clock)());
        let id = record.id.clone();
        Ok(self.inner.store.remember(vec![record]).await?.pop().unwrap_or(id))
    }

    /// Remembers several in one write, in their order: what a queue of episodes wants, because a write costs about the same
    /// for one record as for a hundred.
    pub async fn remember_all(&self, drafts: Vec<Cleared<Draft>>) -> Result<Vec<RecordId>, Error> {
        let record = |draft: Cleared<Draft>| draft.into_inner().into_record((self.inner.clock)());
        self.inner.store.remember(drafts.into_iter().map(record).collect()).await
    }

    /// The `k` best records for `query` that still hold, by words and meaning.
    pub async fn recall(&self, query: &str, k: usize) -> Result<Vec<Recalled>, Error> {
        let (rows, _) = self.candidates(&*self.inner.store, Space::Records, query, Mode::Hybrid, k).await?;
        let mut recalled = Vec::new();
        // Superseded facts are passed over, so a few more than `k` rows are read at a time until there are enough.
        for rows in rows.chunks(2 * k + 8) {
            let ids: Vec<RecordId> = rows.iter().map(|row| RecordId(row.id.clone())).collect();
            for record in self.inner.store.records_of(&ids).await?.into_iter().filter(Record::current) {
                let Some(row) = rows.iter().find(|row| row.id == record.id.0) else { continue };
                let text = Untrusted::new(record.text.clone(), Origin::Memory { record: row.id.clone() });
                recalled.push(Recalled { record, score: row.score, text });
            }
            if recalled.len() >= k {
                recalled.truncate(k);
                break;
            }
        }
        Ok(recalled)
    }

    /// All records, oldest first, superseded ones included.
    pub async fn records(&self) -> Result<Vec<Record>, Error> {
        self.inner.store.records().await
    }

    /// Why something is remembered: who said it in which turn, what it replaced, what replaced it.
    pub async fn why(&self, id: &RecordId) -> Result<Why, Error> {
        let records = self.inner.store.records().await?;
        let find = |id: &RecordId| records.iter().find(|record| record.id == *id).cloned();
        let record = find(id).ok_or_else(|| Error::NoRecord { id: id.0.clone() })?;
        let episode = records.iter().find(|other| other.kind == Kind::Episode && same_turn(other, &record)).cloned();
        let mut replaced = Vec::new();
        let mut newest = record.id.clone();
        while let Some(older) = records.iter().find(|older| older.superseded_by.as_ref() == Some(&newest)) {
            newest = older.id.clone();
            replaced.push(older.clone());
        }
        let replaced_by = record.superseded_by.as_ref().and_then(find);
        Ok(Why { record, episode, replaced, replaced_by })
    }

    /// What [`Memory::forget`] would take, so that a person can be asked first.
    ///
    /// `target` is a record's id, or words. Words mean every record that holds all of them (stems, stop words aside). With a
    /// fact go the facts of the same subject, the episodes of the turns in which those were said, and every
    /// record that repeats one of their texts.
    pub async fn matching(&self, target: &str) -> Result<Vec<Record>, Error> {
        let records = self.inner.store.records().await?;
        let wanted = stems(target);
        let named = |record: &Record| {
            record.id.0 == target || {
                let held = stems(&record.words());
                !wanted.is_empty() && wanted.iter().all(|stem| held.contains(stem))
            }
        };
        let seeds: Vec<&Record> = records.iter().filter(|record| named(record)).collect();
        let subjects: Vec<&String> = seeds.iter().filter_map(|seed| seed.subject.as_ref()).collect();
        let facts: Vec<&Record> = records
            .iter()
            .filter(|record| record.kind == Kind::Fact)
            .filter(|fact| seeds.contains(fact) || fact.subject.as_ref().is_some_and(|s| subjects.contains(&s)))
            .collect();
        let texts: Vec<String> = facts.iter().map(|fact| fact.text.to_lowercase()).collect();
        let goes = |record: &Record| {
            seeds.contains(&record)
                || facts.contains(&record)
                || (record.kind == Kind::Episode && facts.iter().any(|fact| same_turn(fact, record)))
                || texts.iter().any(|text| record.text.to_lowercase().contains(text.as_str()))
        };
        Ok(records.iter().filter(|record| goes(record)).cloned().collect())
    }

    /// Forgets for good what [`Memory::matching`] names: gone from the tables, the index and the old versions on disk.
    pub async fn forget(&self, target: &str) -> Result<Forgotten, Error> {
        let records = self.matching(target).await?;
        if records.is_empty() {
            return Ok(Forgotten::default());
        }
        let ids: Vec<RecordId> = records.iter().map(|record| record.id.clone()).collect();
        let vectors = self.inner.store.erase_records(&ids).await?;
        let facts = records.iter().filter(|record| record.kind == Kind::Fact).count();
        let mut turns: Vec<Provenance> = Vec::new();
        for record in &records {
            if !turns
                .iter()
                .any(|seen| seen.session == record.provenance.session && seen.turn == record.provenance.turn)
            {
                turns.push(Provenance { said: None, ..record.provenance.clone() });
            }
        }
        Ok(Forgotten { facts, episodes: records.len() - facts, vectors, turns })
    }

    /// Writes every record as a line of JSON, oldest first; gives how many.
    pub async fn export(&self, to: &mut (dyn std::io::Write + Send)) -> Result<usize, Error> {
        let records = self.inner.store.records().await?;
        for record in &records {
            serde_json::to_writer(&mut *to, record).map_err(|error| Error::Export(error.into()))?;
            to.write_all(b"\n").map_err(Error::Export)?;
        }
        Ok(records.len())
    }
}

fn same_turn(a: &Record, b: &Record) -> bool {
    !a.provenance.turn.is_empty()
        && a.provenance.session == b.provenance.session
        && a.provenance.turn == b.provenance.turn
}

fn hit(chunk: Chunk, row: &Blended) -> Hit {
    let origin = Origin::Document { doc: chunk.doc.clone(), chunk: chunk.id.clone() };
    Hit { chunk: Untrusted::new(chunk, origin), score: row.score, lexical: row.lexical, dense: row.dense }
}

//! Putting documents in, and giving them vectors.
//!
//! An ingest reads every path (`read.rs`), compares what it read with the hashes that the store holds, cuts
//! what changed into chunks (`cut.rs`), shows each chunk to the document door, and writes batch by batch. A
//! document is written after its chunks, so an ingest that was interrupted sees it as changed and does it again.
//!
//! Vectors follow in [`Memory::embed_pending`]: whatever has none gets one, batch by batch, each batch kept before the
//! next begins. Both can be stopped at any moment and run again.

mod cut;
mod read;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roundtable_guardrails::{Door, Doors, Verdict};
use serde::{Deserialize, Serialize};

use crate::document::{Chunk, Document, Level, Trust};
use crate::embed::normalise;
use crate::error::Error;
use crate::memory::Memory;
use crate::store::{Entry, Pending, Space, VectorRow};

/// Documents written in one go.
const WRITE_BATCH: usize = 512;
/// Texts embedded and kept in one go.
const EMBED_BATCH: usize = 64;

/// What happened to each document of an ingest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestReport {
    /// Documents that are new.
    pub added: usize,
    /// Documents that are other than before.
    pub changed: usize,
    /// Documents that are as before.
    pub unchanged: usize,
    /// Documents that vanished from their source.
    pub removed: usize,
    /// Documents without any text; they are kept, and search cannot find them.
    pub empty: usize,
    /// Chunks written.
    pub chunks: usize,
    /// Chunks that the document door blocked: kept for a person to look at, never found.
    pub quarantined: Vec<Quarantined>,
    /// What could not be read, and why.
    pub skipped: Vec<Skipped>,
}

impl IngestReport {
    /// Whether the store is as it was.
    pub fn nothing_changed(&self) -> bool {
        self.added + self.changed + self.removed == 0
    }
}

/// A chunk that the document door blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its id.
    pub chunk: String,
    /// What was found in it.
    pub findings: Vec<String>,
}

/// A file or a line that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// The line in it, from 1, where it is only one line.
    pub line: Option<usize>,
    /// Why.
    pub why: String,
}

/// How far an ingest is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A file is being read.
    Reading {
        /// The file.
        path: PathBuf,
        /// Its place among all files, from 1.
        file: usize,
        /// How many files there are.
        files: usize,
    },
    /// So many documents were compared, and those that changed are written: they are found by their words.
    Indexed {
        /// Documents so far.
        documents: usize,
    },
    /// So many texts have vectors.
    Embedding {
        /// Texts done in this run.
        done: usize,
        /// Texts that this run began with.
        total: usize,
    },
}

/// What an embedding run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedReport {
    /// Texts that got a vector.
    pub embedded: usize,
    /// Texts that still have none, because the run was cancelled.
    pub remaining: usize,
}

/// One of the notes in the binary, as the store takes it.
pub(crate) fn note(name: &str, text: &str, doors: &Doors) -> Entry {
    let document = read::markdown(name.to_owned(), name.to_owned(), text.to_owned());
    let chunks = screened(&document, doors);
    Entry { document, chunks }
}

/// Cuts a document and shows each chunk to the document door. The chunk keeps its words as they are, because citations
/// quote them; what the door found is noted beside them.
fn screened(document: &Document, doors: &Doors) -> Vec<Chunk> {
    let mut chunks = cut::chunks(document);
    for chunk in &mut chunks {
        let report = doors.screen(Door::Document, &chunk.words());
        let level = match report.verdict {
            Verdict::Pass => Level::Clean,
            Verdict::Flag => Level::Flagged,
            Verdict::Block => Level::Quarantined,
        };
        let findings = report.findings.iter().map(|finding| format!("{}.{}", finding.rail, finding.kind));
        let findings = findings.collect::<BTreeSet<String>>().into_iter().collect();
        chunk.trust = Trust { level, score: report.score, findings };
    }
    chunks
}

/// What is known before an ingest begins.
struct Known {
    /// Source and hash by document id.
    documents: HashMap<String, (String, String)>,
    /// Ids seen in this ingest.
    seen: BTreeSet<String>,
}

enum Fate {
    Added,
    Changed,
    Unchanged,
}

impl Known {
    /// Settles the id under which a document is kept and whether it has to be written.
    ///
    /// Two sources may use the same id. Whoever came first keeps it; the other's is qualified by its file's name. The
    /// same words under the same id are the same document, wherever they lie.
    fn settle(&mut self, document: &mut Document) -> Fate {
        if let Some((source, hash)) = self.documents.get(&document.id)
            && *source != document.source
            && (*hash != document.hash || self.seen.contains(&document.id))
        {
            let stem = Path::new(&document.source).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let parent = Path::new(&document.source).parent().and_then(Path::file_name).unwrap_or_default();
            document.id = format!("{}/{stem}:{}", parent.to_string_lossy(), document.id);
        }
        let fate = match self.documents.get(&document.id) {
            None => Fate::Added,
            Some((_, hash)) if *hash == document.hash => Fate::Unchanged,
            Some(_) => Fate::Changed,
        };
        self.seen.insert(document.id.clone());
        if !matches!(fate, Fate::Unchanged) {
            self.documents.insert(document.id.clone(), (document.source.clone(), document.hash.clone()));
        }
        fate
    }
}

impl Memory {
    /// Puts files and folders in: what is new is added, what changed is replaced, what vanished from a file or a folder
    /// that was read is removed. What cannot be read is skipped and reported.
    ///
    /// When it returns, everything is found by its words; vectors follow with [`Memory::embed_pending`].
    ///
    /// # Errors
    /// If a path does not exist, or the store fails. What was written until then stays, and the next run goes on.
    pub async fn ingest(
        &self,
        paths: &[PathBuf],
        on_progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<IngestReport, Error> {
        let store = self.store();
        let mut report = IngestReport::default();
        let found = read::files(paths, &mut report.skipped)?;
        let stamps = store.stamps().await?;
        let ids_of_files: BTreeMap<String, String> =
            stamps.iter().map(|stamp| (stamp.source.clone(), stamp.id.clone())).collect();
        let documents = stamps.into_iter().map(|stamp| (stamp.id, (stamp.source, stamp.hash))).collect();
        let before: HashMap<String, (String, String)> = documents;
        let mut known = Known { documents: before.clone(), seen: BTreeSet::new() };
        let mut read_whole: BTreeSet<String> = BTreeSet::new();
        let mut batch: Vec<Document> = Vec::new();
        let mut compared = 0;
        for (place, file) in found.files.iter().enumerate() {
            on_progress(Progress::Reading { path: file.path.clone(), file: place + 1, files: found.files.len() });
            let mut reader = match read::open(file, ids_of_files.get(&file.source).map(String::as_str)) {
                Ok(reader) => reader,
                Err(skipped) => {
                    report.skipped.push(skipped);
                    continue;
                }
            };
            for item in &mut reader {
                let mut document = match item {
                    Ok(document) => document,
                    Err(skipped) => {
                        report.skipped.push(skipped);
                        continue;
                    }
                };
                if known.seen.contains(&document.id)
                    && known.documents.get(&document.id).is_some_and(|(source, _)| *source == document.source)
                {
                    let why = format!("id `{}` is there already; ids must differ within a file", document.id);
                    report.skipped.push(Skipped { path: file.path.clone(), line: None, why });
                    continue;
                }
                compared += 1;
                report.empty += usize::from(document.text.trim().is_empty());
                match known.settle(&mut document) {
                    Fate::Unchanged => {
                        report.unchanged += 1;
                        continue;
                    }
                    Fate::Added => report.added += 1,
                    Fate::Changed => report.changed += 1,
                }
                batch.push(document);
                if batch.len() == WRITE_BATCH {
                    self.write(std::mem::take(&mut batch), &mut report).await?;
                    on_progress(Progress::Indexed { documents: compared });
                }
            }
            if reader.whole() {
                read_whole.insert(file.source.clone());
            }
        }
        self.write(batch, &mut report).await?;
        let unread: BTreeSet<&PathBuf> = report.skipped.iter().map(|skipped| &skipped.path).collect();
        let gone: Vec<String> = before
            .into_iter()
            .filter(|(id, (source, _))| {
                let file_gone = found.folders.iter().any(|folder| Path::new(source).starts_with(folder))
                    && found.files.iter().all(|file| file.source != *source)
                    && unread.iter().all(|path| path.as_path() != Path::new(source));
                !known.seen.contains(id) && (read_whole.contains(source) || file_gone)
            })
            .map(|(id, _)| id)
            .collect();
        report.removed = gone.len();
        if !gone.is_empty() {
            store.remove_documents(&gone).await?;
        }
        store.tidy().await?;
        on_progress(Progress::Indexed { documents: compared });
        Ok(report)
    }

    async fn write(&self, documents: Vec<Document>, report: &mut IngestReport) -> Result<(), Error> {
        if documents.is_empty() {
            return Ok(());
        }
        let doors = self.inner.doors.clone();
        let cut = move || -> Vec<Entry> {
            let entry = |document: Document| Entry { chunks: screened(&document, &doors), document };
            documents.into_iter().map(entry).collect()
        };
        let entries = match tokio::task::spawn_blocking(cut).await {
            Ok(entries) => entries,
            Err(gone) => std::panic::resume_unwind(gone.into_panic()),
        };
        for chunk in entries.iter().flat_map(|entry| &entry.chunks) {
            report.chunks += 1;
            if !chunk.retrievable() {
                let findings = chunk.trust.findings.clone();
                report.quarantined.push(Quarantined { chunk: chunk.id.clone(), findings });
            }
        }
        self.store().put_documents(&entries).await
    }

    /// Gives a vector to everything that has none, in batches of texts of similar length, each kept before the next
    /// begins; stops after the batch in which `cancel` becomes true.
    ///
    /// # Errors
    /// If the embedder or the store fails; what was kept until then stays.
    pub async fn embed_pending(
        &self,
        on_progress: &mut (dyn FnMut(Progress) + Send),
        cancel: &Arc<AtomicBool>,
    ) -> Result<EmbedReport, Error> {
        let store = self.store();
        let mut pending = store.pending_vectors().await?;
        pending.sort_by(|a, b| a.space.cmp(&b.space).then(a.length.cmp(&b.length)).then_with(|| a.id.cmp(&b.id)));
        let total = pending.len();
        let mut done = 0;
        for space in [Space::Records, Space::Chunks] {
            let of_space: Vec<&Pending> = pending.iter().filter(|one| one.space == space).collect();
            for batch in of_space.chunks(EMBED_BATCH) {
                if cancel.load(Ordering::Relaxed) {
                    return Ok(EmbedReport { embedded: done, remaining: total - done });
                }
                let ids: Vec<String> = batch.iter().map(|one| one.id.clone()).collect();
                let named = store.words(space, &ids).await?;
                let words: Vec<String> = named.iter().map(|(_, words)| words.clone()).collect();
                let vectors = self.embedder().embed(&words).await?;
                let rows: Vec<VectorRow> = named
                    .into_iter()
                    .zip(vectors)
                    .map(|((id, words), mut vector)| {
                        normalise(&mut vector);
                        VectorRow { space, id, words, vector }
                    })
                    .collect();
                store.put_vectors(&rows).await?;
                done += batch.len();
                on_progress(Progress::Embedding { done, total });
            }
        }
        if total > 0 {
            store.tidy().await?;
        }
        Ok(EmbedReport { embedded: done, remaining: total - done })
    }
}

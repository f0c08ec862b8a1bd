//! The store in a folder, as LanceDB tables.
//!
//! | table | a row is | found by |
//! | --- | --- | --- |
//! | `documents` | a document with its whole text and the hash of what came in | id |
//! | `chunks` | a slice of a document, what the door said about it, and its `words` | full-text index over `words` |
//! | `records` | a fact or an episode | full-text index over `words` |
//! | `vectors` | the vector of a chunk or a record; the model's id and dimension stand in the schema | exact search |
//!
//! Vectors have a table of their own because they come later: giving a chunk its vector must not rewrite its row and
//! push it out of the full-text index. Reads look for the newest version each time, so what another process wrote is
//! there. Writes of one process queue behind a mutex, those of several behind a lock file.

mod filter;
mod lock;
mod rows;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use futures::TryStreamExt;
use lance::dataset::ReadParams;
use lance::io::{ObjectStoreParams, WrappingObjectStore};
use lancedb::expr::DfExpr;
use lancedb::index::Index;
use lancedb::index::scalar::FullTextSearchQuery;
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use lancedb::table::{CompactionOptions, OptimizeAction, OptimizeOptions};
use lancedb::{Connection, DistanceType, Table};
use tokio::sync::{Mutex, MutexGuard};

use self::filter::{equal, one_of};
use self::lock::Lock;
use super::words::{settings, stems};
use super::{Entry, Pending, Space, Stamp, Stats, Store, VectorRow, check_vector};
use crate::document::{Chunk, Document};
use crate::embed::Embedder;
use crate::error::Error;
use crate::record::{Kind, Record, RecordId, settle};
use crate::search::{Scored, best};

/// Small writes to a table until it is tidied on the way.
const WRITES_UNTIL_TIDY: usize = 64;
/// Rows that a full-text search may read without an index until [`Store::tidy`] puts them in.
const UNINDEXED: usize = 200;
/// Files of a table until [`Store::tidy`] merges them.
const FILES: usize = 24;
/// How long an old version stays on disk, for readers of other processes that still look at it.
const OLD_VERSIONS: Duration = Duration::from_secs(600);

/// Everything in a folder.
pub struct LanceStore {
    folder: PathBuf,
    documents: Table,
    chunks: Table,
    records: Table,
    vectors: Table,
    dimension: usize,
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Writer {
    small_writes: usize,
}

/// The right to write, in this process and among processes.
struct Writing<'a> {
    writer: MutexGuard<'a, Writer>,
    _lock: Lock,
}

/// What to do with vectors of another model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherModel {
    /// Refuse to open: vectors of two models cannot be compared.
    #[default]
    Refuse,
    /// Drop them; [`crate::Memory::embed_pending`] makes them anew.
    Reembed,
}

impl LanceStore {
    /// Opens the folder, and makes it and its tables where they are missing. Nothing is read but the tables' heads.
    ///
    /// # Errors
    /// [`Error::OtherModel`] if the vectors in it are another model's and `other` says to refuse.
    pub async fn open(folder: &Path, embedder: &dyn Embedder, other: OtherModel) -> Result<LanceStore, Error> {
        let tables = Tables::in_folder(folder, &folder.to_string_lossy(), None).await?;
        LanceStore::over(tables, embedder, other).await
    }

    /// As [`LanceStore::open`], with every file of the tables read and written through `wrapper`: where a test makes the disk
    /// fail. It takes the way of the remote stores, which is slower than the one of a folder.
    ///
    /// # Errors
    /// As [`LanceStore::open`], and whatever `wrapper` makes fail.
    pub async fn open_through(
        folder: &Path,
        embedder: &dyn Embedder,
        other: OtherModel,
        wrapper: Arc<dyn WrappingObjectStore>,
    ) -> Result<LanceStore, Error> {
        let uri = format!("file-object-store://{}", folder.display());
        LanceStore::over(Tables::in_folder(folder, &uri, Some(wrapper)).await?, embedder, other).await
    }

    async fn over(tables: Tables, embedder: &dyn Embedder, other: OtherModel) -> Result<LanceStore, Error> {
        let dimension = embedder.dimension();
        let vectors = rows::vectors_schema(embedder.id(), dimension);
        let (documents, chunks, records, vectors) = tokio::try_join!(
            tables.table("documents", rows::documents_schema()),
            tables.table("chunks", rows::chunks_schema()),
            tables.table("records", rows::records_schema()),
            tables.table("vectors", vectors.clone()),
        )?;
        let store = LanceStore {
            folder: tables.folder.clone(),
            documents,
            chunks,
            records,
            vectors,
            dimension,
            writer: Mutex::default(),
        };
        store.check_model(&tables, embedder, other).await
    }

    async fn check_model(
        mut self,
        tables: &Tables,
        embedder: &dyn Embedder,
        other: OtherModel,
    ) -> Result<LanceStore, Error> {
        let schema = self.vectors.schema().await.map_err(Error::store("read the model of the vectors"))?;
        let (stored, stored_dimension) = rows::model_of(&schema)?;
        if stored == embedder.id() && stored_dimension == self.dimension {
            return Ok(self);
        }
        if other == OtherModel::Refuse {
            return Err(Error::OtherModel {
                stored,
                stored_dimension,
                given: embedder.id().to_owned(),
                given_dimension: self.dimension,
            });
        }
        let writing = self.begin().await?;
        tables
            .connection
            .drop_table("vectors", &[])
            .await
            .map_err(Error::store("drop the vectors of the other model"))?;
        drop(writing);
        let schema = rows::vectors_schema(embedder.id(), self.dimension);
        self.vectors = tables.table("vectors", schema).await?;
        Ok(self)
    }

    async fn begin(&self) -> Result<Writing<'_>, Error> {
        let writer = self.writer.lock().await;
        let lock = Lock::take(&self.folder).await?;
        Ok(Writing { writer, _lock: lock })
    }

    async fn merge_tidily(&self, writing: &mut Writing<'_>) -> Result<(), Error> {
        writing.writer.small_writes += 1;
        if writing.writer.small_writes < WRITES_UNTIL_TIDY {
            return Ok(());
        }
        self.tidy_tables(writing).await
    }

    async fn tidy_tables(&self, writing: &mut Writing<'_>) -> Result<(), Error> {
        writing.writer.small_writes = 0;
        for table in [&self.documents, &self.chunks, &self.records, &self.vectors] {
            let statistics = table.stats().await.map_err(Error::store("count the files of a table"))?;
            if statistics.fragment_stats.num_small_fragments > FILES {
                let options = CompactionOptions::default();
                optimise(table, OptimizeAction::Compact { options, remap_options: None }).await?;
            }
            let versions = table.list_versions().await.map_err(Error::store("list the versions of a table"))?;
            if versions.len() > FILES {
                prune(table, OLD_VERSIONS, false).await?;
            }
        }
        for table in [&self.chunks, &self.records] {
            let statistics = table.index_stats("words_idx").await.map_err(Error::store("read the full-text index"))?;
            if statistics.is_some_and(|index| index.num_unindexed_rows > UNINDEXED) {
                optimise(table, OptimizeAction::Index(OptimizeOptions::default())).await?;
            }
        }
        Ok(())
    }
}

/// The tables of a folder, to open.
struct Tables {
    folder: PathBuf,
    connection: Connection,
    through: Option<Arc<dyn WrappingObjectStore>>,
}

impl Tables {
    async fn in_folder(
        folder: &Path,
        uri: &str,
        through: Option<Arc<dyn WrappingObjectStore>>,
    ) -> Result<Tables, Error> {
        std::fs::create_dir_all(folder).map_err(|cause| Error::Folder { path: folder.to_owned(), cause })?;
        let connection = lancedb::connect(uri).read_consistency_interval(Duration::ZERO).execute().await;
        let connection = connection.map_err(|cause| Error::Unavailable { table: "all", cause: Box::new(cause) })?;
        Ok(Tables { folder: folder.to_owned(), connection, through })
    }

    async fn open(&self, name: &str) -> Result<Table, lancedb::Error> {
        let mut builder = self.connection.open_table(name);
        if let Some(wrapper) = &self.through {
            let store = ObjectStoreParams { object_store_wrapper: Some(wrapper.clone()), ..Default::default() };
            builder = builder.lance_read_params(ReadParams { store_options: Some(store), ..Default::default() });
        }
        builder.execute().await
    }

    /// Opens a table, or makes it with its full-text index.
    async fn table(&self, name: &'static str, schema: SchemaRef) -> Result<Table, Error> {
        let unavailable = |cause: lancedb::Error| Error::Unavailable { table: name, cause: Box::new(cause) };
        match self.open(name).await {
            Err(lancedb::Error::TableNotFound { .. }) => {}
            opened => return opened.map_err(unavailable),
        }
        let _lock = Lock::take(&self.folder).await?;
        // Another process may have made it while this one waited.
        match self.open(name).await {
            Err(lancedb::Error::TableNotFound { .. }) => {}
            opened => return opened.map_err(unavailable),
        }
        let words = schema.column_with_name("words").is_some();
        let table = self.connection.create_empty_table(name, schema).execute().await.map_err(unavailable)?;
        if words {
            index_words(&table).await?;
        }
        Ok(table)
    }
}

async fn index_words(table: &Table) -> Result<(), Error> {
    let index = table.create_index(&["words"], Index::FTS(settings())).name("words_idx".into()).replace(true);
    index.execute().await.map_err(Error::store("make the full-text index"))
}

async fn optimise(table: &Table, action: OptimizeAction) -> Result<(), Error> {
    table.optimize(action).await.map(drop).map_err(Error::store("tidy a table"))
}

/// Removes versions older than `age`; `at_once` also takes files that an unfinished write could still need.
async fn prune(table: &Table, age: Duration, at_once: bool) -> Result<(), Error> {
    let older_than = lancedb::table::Duration::from_std(age).ok();
    let action =
        OptimizeAction::Prune { older_than, delete_unverified: Some(at_once), error_if_tagged_old_versions: None };
    optimise(table, action).await
}

/// The rows of `table` that `filter` lets through, some columns of them.
async fn select(table: &Table, filter: Option<DfExpr>, columns: &[&str]) -> Result<Vec<RecordBatch>, Error> {
    let mut query = table.query().select(Select::columns(columns));
    if let Some(filter) = filter {
        query = query.only_if_expr(filter);
    }
    let stream = query.execute().await.map_err(Error::store("read a table"))?;
    stream.try_collect().await.map_err(Error::store("read a table"))
}

/// Writes rows by their id, in place of rows with the same id; with `instead_of`, rows that it names and the batch does
/// not hold are deleted in the same commit.
async fn upsert(
    table: &Table,
    batch: RecordBatch,
    instead_of: Option<DfExpr>,
    action: &'static str,
) -> Result<(), Error> {
    let schema = batch.schema();
    let mut merge = table.merge_insert(&["id"]);
    merge.when_matched_update_all(None).when_not_matched_insert_all();
    if let Some(filter) = instead_of {
        merge.when_not_matched_by_source_delete_expr(filter);
    }
    let reader = RecordBatchIterator::new([Ok(batch)], schema);
    merge.execute(Box::new(reader)).await.map(drop).map_err(Error::store(action))
}

async fn delete(table: &Table, filter: &DfExpr, action: &'static str) -> Result<(), Error> {
    table.delete(filter).await.map(drop).map_err(Error::store(action))
}

async fn count(table: &Table, filter: Option<DfExpr>) -> Result<usize, Error> {
    match filter {
        None => table.count_rows(None).await.map_err(Error::store("count the rows of a table")),
        Some(filter) => {
            let batches = select(table, Some(filter), &["id"]).await?;
            Ok(batches.iter().map(RecordBatch::num_rows).sum())
        }
    }
}

impl LanceStore {
    fn owner(&self, space: Space) -> &Table {
        match space {
            Space::Chunks => &self.chunks,
            Space::Records => &self.records,
        }
    }

    /// Ids and words of the owner's rows; those without words may have no vector.
    async fn words_where(&self, space: Space, filter: Option<DfExpr>) -> Result<Vec<(String, String)>, Error> {
        let batches = select(self.owner(space), filter, &["id", "words"]).await?;
        let mut words = rows::pairs(&batches, space.name(), "words")?;
        words.retain(|(_, words)| !words.is_empty());
        Ok(words)
    }
}

#[async_trait]
impl Store for LanceStore {
    async fn stamps(&self) -> Result<Vec<Stamp>, Error> {
        let batches = select(&self.documents, None, &["id", "source", "hash"]).await?;
        let mut stamps = rows::stamps(&batches)?;
        stamps.sort_unstable();
        Ok(stamps)
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        Ok(count(&self.documents, None).await? == 0)
    }

    async fn put_documents(&self, entries: &[Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut writing = self.begin().await?;
        let ids: Vec<&str> = entries.iter().map(|entry| entry.document.id.as_str()).collect();
        // First the vectors of words that are going, then the chunks, last the documents: whoever is interrupted in
        // between finds the documents changed and does it all again.
        let new: HashMap<&str, String> = entries
            .iter()
            .flat_map(|entry| &entry.chunks)
            .map(|chunk| (chunk.id.as_str(), rows::words(chunk)))
            .collect();
        let old = self.words_where(Space::Chunks, Some(one_of("doc", &ids))).await?;
        let stale: Vec<&str> =
            old.iter().filter(|(id, words)| new.get(id.as_str()) != Some(words)).map(|(id, _)| id.as_str()).collect();
        if !stale.is_empty() {
            let filter = equal("space", Space::Chunks.name()).and(one_of("id", &stale));
            delete(&self.vectors, &filter, "delete the vectors of changed chunks").await?;
        }
        let chunks: Vec<&Chunk> = entries.iter().flat_map(|entry| &entry.chunks).collect();
        if chunks.is_empty() {
            delete(&self.chunks, &one_of("doc", &ids), "delete the chunks of emptied documents").await?;
        } else {
            upsert(&self.chunks, rows::chunks(&chunks)?, Some(one_of("doc", &ids)), "write the chunks").await?;
        }
        let documents: Vec<&Document> = entries.iter().map(|entry| &entry.document).collect();
        upsert(&self.documents, rows::documents(&documents)?, None, "write the documents").await?;
        self.merge_tidily(&mut writing).await
    }

    async fn remove_documents(&self, ids: &[String]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut writing = self.begin().await?;
        let batches = select(&self.chunks, Some(one_of("doc", ids)), &["id"]).await?;
        let chunks = rows::strings(&batches, "chunks", "id")?;
        if !chunks.is_empty() {
            let filter = equal("space", Space::Chunks.name()).and(one_of("id", &chunks));
            delete(&self.vectors, &filter, "delete the vectors of removed documents").await?;
            delete(&self.chunks, &one_of("doc", ids), "delete the chunks of removed documents").await?;
        }
        delete(&self.documents, &one_of("id", ids), "delete the removed documents").await?;
        self.merge_tidily(&mut writing).await
    }

    async fn document(&self, id: &str) -> Result<Option<Document>, Error> {
        let batches = select(&self.documents, Some(equal("id", id)), rows::DOCUMENT).await?;
        Ok(rows::read_documents(&batches)?.pop())
    }

    async fn chunks(&self, ids: &[String]) -> Result<Vec<Chunk>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let batches = select(&self.chunks, Some(one_of("id", ids)), rows::CHUNK).await?;
        let mut found: HashMap<String, Chunk> =
            rows::read_chunks(&batches)?.into_iter().map(|chunk| (chunk.id.clone(), chunk)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn quarantined(&self) -> Result<Vec<Chunk>, Error> {
        let batches = select(&self.chunks, Some(equal("words", "")), rows::CHUNK).await?;
        let mut chunks = rows::read_chunks(&batches)?;
        chunks.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(chunks)
    }

    async fn search_lexical(&self, space: Space, query: &str, n: usize) -> Result<Vec<Scored>, Error> {
        if n == 0 || stems(query).is_empty() {
            return Ok(Vec::new());
        }
        let full_text = FullTextSearchQuery::new(query.to_owned()).with_column("words".into());
        let full_text =
            full_text.map_err(|cause| Error::Store { action: "understand the query", cause: cause.into() })?;
        let query = self.owner(space).query().full_text_search(full_text).select(Select::columns(&["id", "_score"]));
        let stream = query.limit(n).execute().await.map_err(Error::store("search by words"))?;
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(Error::store("search by words"))?;
        Ok(best(rows::scored(&batches, "_score", |score| score)?, n))
    }

    async fn search_dense(&self, space: Space, vector: &[f32], n: usize) -> Result<Vec<Scored>, Error> {
        check_vector("the query", vector, self.dimension)?;
        if n == 0 {
            return Ok(Vec::new());
        }
        let nearest = self.vectors.query().nearest_to(vector).map_err(Error::store("search by meaning"))?;
        let query = nearest
            .distance_type(DistanceType::Dot)
            .bypass_vector_index()
            .only_if_expr(equal("space", space.name()))
            .select(Select::columns(&["id", "_distance"]))
            .limit(n);
        let stream = query.execute().await.map_err(Error::store("search by meaning"))?;
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(Error::store("search by meaning"))?;
        // LanceDB's dot distance is 1 - a·b.
        Ok(best(rows::scored(&batches, "_distance", |distance| 1.0 - distance)?, n))
    }

    async fn has_vectors(&self, space: Space) -> Result<bool, Error> {
        let query = self.vectors.query().only_if_expr(equal("space", space.name())).select(Select::columns(&["id"]));
        let stream = query.limit(1).execute().await.map_err(Error::store("look for vectors"))?;
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(Error::store("look for vectors"))?;
        Ok(batches.iter().any(|batch| batch.num_rows() > 0))
    }

    async fn pending_vectors(&self) -> Result<Vec<Pending>, Error> {
        let mut pending = Vec::new();
        for space in [Space::Chunks, Space::Records] {
            let batches = select(&self.vectors, Some(equal("space", space.name())), &["id"]).await?;
            let done: BTreeSet<String> = rows::strings(&batches, "vectors", "id")?.into_iter().collect();
            let words = self.words_where(space, None).await?;
            let missing = words.into_iter().filter(|(id, _)| !done.contains(id));
            pending.extend(missing.map(|(id, words)| Pending { space, id, length: words.len() }));
        }
        pending.sort_unstable();
        Ok(pending)
    }

    async fn words(&self, space: Space, ids: &[String]) -> Result<Vec<(String, String)>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut found: HashMap<String, String> =
            self.words_where(space, Some(one_of("id", ids))).await?.into_iter().collect();
        Ok(ids.iter().filter_map(|id| found.remove_entry(id)).collect())
    }

    async fn put_vectors(&self, vectors: &[VectorRow]) -> Result<(), Error> {
        for row in vectors {
            check_vector(&row.id, &row.vector, self.dimension)?;
        }
        let mut writing = self.begin().await?;
        let mut kept: Vec<&VectorRow> = Vec::new();
        for space in [Space::Chunks, Space::Records] {
            let of_space: Vec<&VectorRow> = vectors.iter().filter(|row| row.space == space).collect();
            if of_space.is_empty() {
                continue;
            }
            let ids: Vec<&str> = of_space.iter().map(|row| row.id.as_str()).collect();
            let now: HashMap<String, String> =
                self.words_where(space, Some(one_of("id", &ids))).await?.into_iter().collect();
            kept.extend(of_space.into_iter().filter(|row| now.get(&row.id) == Some(&row.words)));
        }
        if kept.is_empty() {
            return Ok(());
        }
        let batch =
            rows::vectors(&kept, self.dimension, self.vectors.schema().await.map_err(Error::store("read a schema"))?)?;
        upsert(&self.vectors, batch, None, "write the vectors").await?;
        self.merge_tidily(&mut writing).await
    }

    async fn remember(&self, records: Vec<Record>) -> Result<Vec<RecordId>, Error> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let mut writing = self.begin().await?;
        let ids: Vec<&str> = records.iter().map(|record| record.id.0.as_str()).collect();
        let facts = records.iter().filter(|record| record.kind == Kind::Fact);
        let subjects: Vec<&str> = facts.map(|fact| fact.subject.as_deref().unwrap_or_default()).collect();
        let mut filter = one_of("id", &ids);
        if !subjects.is_empty() {
            filter = filter.or(equal("kind", Kind::Fact.name()).and(one_of("subject", &subjects)));
        }
        let known = rows::read_records(&select(&self.records, Some(filter), rows::RECORD).await?)?;
        let settled = settle(known, records);
        if !settled.write.is_empty() {
            upsert(&self.records, rows::records(&settled.write)?, None, "write the record").await?;
            self.merge_tidily(&mut writing).await?;
        }
        Ok(settled.ids)
    }

    async fn records_of(&self, ids: &[RecordId]) -> Result<Vec<Record>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
        let batches = select(&self.records, Some(one_of("id", &names)), rows::RECORD).await?;
        let mut found: HashMap<String, Record> =
            rows::read_records(&batches)?.into_iter().map(|record| (record.id.0.clone(), record)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(&id.0)).collect())
    }

    async fn records(&self) -> Result<Vec<Record>, Error> {
        let mut records = rows::read_records(&select(&self.records, None, rows::RECORD).await?)?;
        records.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
        Ok(records)
    }

    async fn erase_records(&self, ids: &[RecordId]) -> Result<usize, Error> {
        if ids.is_empty() {
            return Ok(0);
        }
        let _writing = self.begin().await?;
        let names: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
        let of_records = equal("space", Space::Records.name()).and(one_of("id", &names));
        let vectors = count(&self.vectors, Some(of_records.clone())).await?;
        // The words go first: a crash after this line leaves vectors that belong to nothing and that no search shows.
        delete(&self.records, &one_of("id", &names), "delete the records").await?;
        delete(&self.vectors, &of_records, "delete the vectors of the records").await?;
        // A deletion only hides rows. Rewriting the files, making the index anew and dropping every older version takes
        // the words from the disk as well.
        for table in [&self.records, &self.vectors] {
            let options = CompactionOptions {
                materialize_deletions: true,
                materialize_deletions_threshold: 0.0,
                ..CompactionOptions::default()
            };
            optimise(table, OptimizeAction::Compact { options, remap_options: None }).await?;
        }
        index_words(&self.records).await?;
        for table in [&self.records, &self.vectors] {
            prune(table, Duration::ZERO, true).await?;
        }
        Ok(vectors)
    }

    async fn tidy(&self) -> Result<(), Error> {
        let mut writing = self.begin().await?;
        self.tidy_tables(&mut writing).await
    }

    async fn stats(&self) -> Result<Stats, Error> {
        let facts = count(&self.records, Some(equal("kind", Kind::Fact.name()))).await?;
        Ok(Stats {
            documents: count(&self.documents, None).await?,
            chunks: count(&self.chunks, None).await?,
            quarantined: count(&self.chunks, Some(equal("words", ""))).await?,
            facts,
            episodes: count(&self.records, None).await? - facts,
            vectors: count(&self.vectors, None).await?,
        })
    }
}

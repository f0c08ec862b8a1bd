//! A disk that fails, at each of the writes that a store makes: what is done again afterwards comes out as if nothing had failed.

#![allow(clippy::unwrap_used)]

use std::fmt;
use std::path::Path as FsPath;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use lance::io::WrappingObjectStore;
use object_store::list::PaginatedListStore;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use roundtable_memory::document::fingerprint;
use roundtable_memory::store::{Entry, Space, VectorRow};
use roundtable_memory::{
    Chunk, Document, Draft, Error, HashEmbedder, LanceStore, Metadata, OtherModel, Provenance, Record, Store, Trust,
};

const DIMENSION: usize = 4;

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    /// It is not done: the disk is full.
    Refused,
    /// It is done, and whoever asked does not learn of it.
    LostAck,
}

/// Fails the n-th write.
#[derive(Debug)]
struct Disk {
    failure: Failure,
    nth: usize,
    writes: AtomicUsize,
}

impl Disk {
    fn new(failure: Failure, nth: usize) -> Arc<Self> {
        Arc::new(Disk { failure, nth, writes: AtomicUsize::new(0) })
    }

    fn struck(&self) -> bool {
        self.writes.load(Ordering::SeqCst) > self.nth
    }

    async fn write<T>(&self, write: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let strikes = self.writes.fetch_add(1, Ordering::SeqCst) == self.nth;
        if strikes && self.failure == Failure::Refused {
            return Err(injected());
        }
        let done = write.await;
        if strikes { Err(injected()) } else { done }
    }
}

fn injected() -> object_store::Error {
    object_store::Error::Generic { store: "disk", source: "no space left on device (injected)".into() }
}

/// Puts the disk under a store.
#[derive(Debug)]
struct Under(Arc<Disk>);

impl WrappingObjectStore for Under {
    fn wrap(&self, _: &str, original: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        Arc::new(Failing { inner: original, disk: self.0.clone() })
    }

    fn wrap_paginated(&self, _: &str, original: Arc<dyn PaginatedListStore>) -> Option<Arc<dyn PaginatedListStore>> {
        Some(original)
    }
}

/// Files on the disk that fails.
#[derive(Debug)]
struct Failing {
    inner: Arc<dyn ObjectStore>,
    disk: Arc<Disk>,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failing {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.disk.write(self.inner.put_opts(to, payload, options)).await
    }

    async fn put_multipart_opts(&self, to: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.disk.write(self.inner.put_multipart_opts(to, options)).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(from, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.disk.write(self.inner.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.disk.write(self.inner.rename_opts(from, to, options)).await
    }
}

fn entry(id: &str, texts: &[&str]) -> Entry {
    let text = texts.join("\n");
    let mut start = 0;
    let chunk = |(position, part): (usize, &&str)| {
        let from = start;
        start += part.len() + 1;
        Chunk {
            id: Chunk::id_of(id, position as u32),
            doc: id.into(),
            title: String::new(),
            text: (*part).into(),
            start: from,
            end: from + part.len(),
            position: position as u32,
            metadata: Metadata::new(),
            trust: Trust::default(),
        }
    };
    let chunks = texts.iter().enumerate().map(chunk).collect();
    let document = Document {
        id: id.into(),
        source: "test.jsonl".into(),
        title: String::new(),
        hash: fingerprint(&[&text]),
        text,
        metadata: Metadata::new(),
    };
    Entry { document, chunks }
}

fn fact(text: &str, second: i64) -> Record {
    let provenance = Provenance { session: "s".into(), turn: second.to_string(), ..Provenance::default() };
    let draft = Draft::Fact { subject: Some("dataset".into()), text: text.into(), provenance };
    draft.into_record(Timestamp::from_second(second).unwrap())
}

fn vector(id: &str, words: &str, at: usize) -> VectorRow {
    let mut vector = vec![0.1; DIMENSION];
    vector[at] = 1.0;
    VectorRow { space: Space::Chunks, id: id.into(), words: words.into(), vector }
}

/// How many writes of the story there are to the store, from the outside.
const STEPS: usize = 7;

/// A step of the story: each kind of write that a store takes.
async fn step(store: &dyn Store, step: usize) -> Result<(), Error> {
    match step {
        0 => store.put_documents(&[entry("a", &["wing", "drag"]), entry("b", &["heat"])]).await,
        1 => store.put_vectors(&[vector("a#0", "wing", 0), vector("a#1", "drag", 1), vector("b#0", "heat", 2)]).await,
        2 => store.put_documents(&[entry("a", &["wing", "lift", "thrust"])]).await,
        3 => store.remember(vec![fact("my dataset is iris", 1), fact("my dataset is wine", 2)]).await.map(drop),
        4 => {
            let records = store.records().await?;
            let iris = records.iter().filter(|record| record.text.contains("iris")).map(|record| record.id.clone());
            store.erase_records(&iris.collect::<Vec<_>>()).await.map(drop)
        }
        5 => store.remove_documents(&["b".into()]).await,
        _ => store.tidy().await,
    }
}

/// Everything that can be read from a store.
async fn image(store: &dyn Store) -> String {
    let mut seen = vec![
        format!("{:?}", store.stats().await.unwrap()),
        format!("{:?}", store.stamps().await.unwrap()),
        format!("{:?}", store.records().await.unwrap()),
        format!("{:?}", store.pending_vectors().await.unwrap()),
        format!("{:?}", store.search_dense(Space::Chunks, &[1.0, 0.0, 0.0, 0.0], 9).await.unwrap()),
    ];
    for words in ["wing", "drag", "lift", "thrust", "heat"] {
        let found = store.search_lexical(Space::Chunks, words, 9).await.unwrap();
        seen.push(format!("{words}: {:?}", found.iter().map(|one| &one.id).collect::<Vec<_>>()));
    }
    for words in ["iris", "wine"] {
        let found = store.search_lexical(Space::Records, words, 9).await.unwrap();
        seen.push(format!("{words}: {}", found.len()));
    }
    seen.join("\n")
}

async fn open(folder: &FsPath) -> LanceStore {
    LanceStore::open(folder, &HashEmbedder::new(DIMENSION), OtherModel::Refuse).await.unwrap()
}

/// Plays the story on a disk that fails; a step that fails is done once more. Gives what is there afterwards, for the store that
/// lived through it and for one that opens the folder, and how many steps failed.
async fn play(disk: &Arc<Disk>) -> (String, String, usize) {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    let under = Arc::new(Under(disk.clone()));
    let embedder = HashEmbedder::new(DIMENSION);
    let store = LanceStore::open_through(folder.path(), &embedder, OtherModel::Refuse, under).await.unwrap();
    let mut failed = 0;
    for n in 0..STEPS {
        if let Err(error) = step(&store, n).await {
            failed += 1;
            assert!(disk.struck(), "step {n} failed by itself: {error:?}");
            step(&store, n).await.unwrap_or_else(|error| panic!("step {n}, done again after {disk:?}: {error:?}"));
        }
    }
    (image(&store).await, image(&open(folder.path()).await).await, failed)
}

/// Plays the story once for each of its writes.
async fn each_write(failure: Failure) {
    let (whole, opened, failed) = play(&Disk::new(failure, usize::MAX)).await;
    assert_eq!((failed, &whole), (0, &opened));
    assert!(whole.contains("documents: 1, chunks: 3,") && whole.contains("iris: 0"), "{whole}");
    let (mut nth, mut failures) = (0, 0);
    loop {
        let disk = Disk::new(failure, nth);
        let (seen, opened, failed) = play(&disk).await;
        assert_eq!(seen, whole, "{failure:?} at write {nth}");
        assert_eq!(opened, whole, "{failure:?} at write {nth}, opened again");
        failures += failed;
        if !disk.struck() {
            break;
        }
        nth += 1;
    }
    println!("{failure:?}: {nth} writes failed, {failures} of them were told to the caller");
    assert!(nth >= 20, "the story has {nth} writes only");
    assert!(failures >= 10, "of {nth} writes that failed the store told of {failures}");
}

#[tokio::test]
async fn whatever_write_the_disk_refuses_doing_it_again_makes_it_whole() {
    each_write(Failure::Refused).await;
}

#[tokio::test]
async fn whatever_write_is_done_and_not_confirmed_doing_it_again_makes_it_whole() {
    each_write(Failure::LostAck).await;
}

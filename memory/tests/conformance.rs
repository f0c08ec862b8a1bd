//! One suite, two stores: what `roundtable_memory::store` promises holds in a folder as in RAM.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use roundtable_memory::document::fingerprint;
use roundtable_memory::search::Scored;
use roundtable_memory::store::{Entry, Space, VectorRow};
use roundtable_memory::{
    Chunk, Document, Draft, Error, HashEmbedder, LanceStore, Level, Metadata, OtherModel, Provenance, RamStore, Record,
    RecordId, Store, Trust,
};

const DIMENSION: usize = 4;

/// Runs every promise on a fresh store of each kind.
macro_rules! promises {
    ($($promise:ident),+ $(,)?) => {
        mod ram { $(
            #[tokio::test]
            async fn $promise() {
                super::$promise(&super::RamStore::new(super::DIMENSION)).await;
            }
        )+ }
        mod lance { $(
            #[tokio::test]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                super::$promise(&super::lance_store(folder.path()).await).await;
            }
        )+ }
    };
}

promises!(
    documents_come_back_as_they_went_in,
    writing_twice_leaves_one,
    a_newer_version_replaces_all_of_the_older,
    words_find_stems_best_first_and_ties_by_id,
    quarantined_chunks_are_kept_and_never_found,
    what_is_removed_is_found_by_nothing,
    the_nearest_come_first,
    vectors_follow_their_words,
    vectors_that_are_none_are_refused,
    ids_with_quotes_are_ids,
    a_newer_fact_supersedes_an_older,
    records_may_come_together,
    erased_records_are_gone,
    an_empty_store_finds_nothing,
);

async fn lance_store(folder: &std::path::Path) -> LanceStore {
    LanceStore::open(folder, &HashEmbedder::new(DIMENSION), OtherModel::Refuse).await.unwrap()
}

/// A document of one chunk a text.
fn entry(id: &str, texts: &[&str]) -> Entry {
    let text = texts.join("\n");
    let mut chunks = Vec::new();
    let mut start = 0;
    for (position, part) in texts.iter().enumerate() {
        chunks.push(Chunk {
            id: Chunk::id_of(id, position as u32),
            doc: id.into(),
            title: String::new(),
            text: (*part).into(),
            start,
            end: start + part.len(),
            position: position as u32,
            metadata: Metadata::from([("group".into(), "g".into())]),
            trust: Trust::default(),
        });
        start += part.len() + 1;
    }
    let document = Document {
        id: id.into(),
        source: "test.jsonl".into(),
        title: "a title".into(),
        hash: fingerprint(&[&text]),
        text,
        metadata: Metadata::from([("n".into(), 1.into())]),
    };
    Entry { document, chunks }
}

fn row(id: &str, words: &str, vector: [f32; DIMENSION]) -> VectorRow {
    VectorRow { space: Space::Chunks, id: id.into(), words: words.into(), vector: vector.to_vec() }
}

fn ids(found: &[Scored]) -> Vec<&str> {
    found.iter().map(|one| one.id.as_str()).collect()
}

async fn by_words(store: &dyn Store, query: &str) -> Vec<Scored> {
    store.search_lexical(Space::Chunks, query, 10).await.unwrap()
}

fn record(subject: Option<&str>, text: &str, turn: &str, second: i64) -> Record {
    let provenance = Provenance { session: "s'1".into(), turn: turn.into(), speaker: "user".into(), said: None };
    let draft = Draft::Fact { subject: subject.map(Into::into), text: text.into(), provenance };
    draft.into_record(Timestamp::from_second(second).unwrap())
}

async fn documents_come_back_as_they_went_in(store: &dyn Store) {
    let entry = entry("a", &["the wing is long", "the air is thin"]);
    store.put_documents(std::slice::from_ref(&entry)).await.unwrap();
    assert_eq!(store.document("a").await.unwrap().unwrap(), entry.document);
    assert!(store.document("b").await.unwrap().is_none());
    let asked = ["a#1".to_owned(), "none".to_owned(), "a#0".to_owned()];
    assert_eq!(store.chunks(&asked).await.unwrap(), [entry.chunks[1].clone(), entry.chunks[0].clone()]);
    for chunk in store.chunks(&asked).await.unwrap() {
        assert_eq!(chunk.text, entry.document.text[chunk.start..chunk.end]);
    }
}

async fn writing_twice_leaves_one(store: &dyn Store) {
    let entries = [entry("a", &["wing", "drag"]), entry("b", &["heat"])];
    store.put_documents(&entries).await.unwrap();
    let once = store.stats().await.unwrap();
    assert_eq!((once.documents, once.chunks), (2, 3));
    store.put_documents(&entries).await.unwrap();
    store.put_vectors(&[row("a#0", "wing", [1.0, 0.0, 0.0, 0.0])]).await.unwrap();
    store.put_vectors(&[row("a#0", "wing", [1.0, 0.0, 0.0, 0.0])]).await.unwrap();
    let twice = store.stats().await.unwrap();
    assert_eq!((twice.documents, twice.chunks, twice.vectors), (2, 3, 1));
    assert_eq!(ids(&by_words(store, "wing").await), ["a#0"]);
    let stamps = store.stamps().await.unwrap();
    assert_eq!(stamps.iter().map(|stamp| stamp.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

async fn a_newer_version_replaces_all_of_the_older(store: &dyn Store) {
    store.put_documents(&[entry("a", &["wing", "drag", "lift"]), entry("b", &["drag"])]).await.unwrap();
    store.put_documents(&[entry("a", &["wing", "heat"])]).await.unwrap();
    assert_eq!(store.stats().await.unwrap().chunks, 3);
    assert_eq!(ids(&by_words(store, "drag").await), ["b#0"]);
    assert_eq!(ids(&by_words(store, "heat").await), ["a#1"]);
    assert!(by_words(store, "lift").await.is_empty());
    store.put_documents(&[entry("a", &[])]).await.unwrap();
    assert_eq!(store.stats().await.unwrap().chunks, 1);
    assert!(store.document("a").await.unwrap().is_some());
}

async fn words_find_stems_best_first_and_ties_by_id(store: &dyn Store) {
    let entries = [
        entry("c", &["the wings of a plane"]),
        entry("b", &["a wing, and many other parts of a plane that have nothing to do with it"]),
        entry("a", &["wing of the planes"]),
        entry("d", &["heat transfer"]),
    ];
    store.put_documents(&entries).await.unwrap();
    assert_eq!(ids(&by_words(store, "WING").await), ["a#0", "c#0", "b#0"]);
    assert_eq!(ids(&store.search_lexical(Space::Chunks, "wing", 1).await.unwrap()).len(), 1);
    let found = by_words(store, "wings transfer").await;
    assert_eq!(found[0].id, "d#0", "the rarer word weighs more");
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    for nothing in ["", "the of and", "?!", "zebra"] {
        assert!(by_words(store, nothing).await.is_empty(), "{nothing:?}");
    }
    store.tidy().await.unwrap();
    assert_eq!(ids(&by_words(store, "wing").await), ["a#0", "c#0", "b#0"]);
}

async fn quarantined_chunks_are_kept_and_never_found(store: &dyn Store) {
    let mut bad = entry("a", &["wing one", "wing two"]);
    store.put_documents(std::slice::from_ref(&bad)).await.unwrap();
    store.put_vectors(&[row("a#1", "wing two", [1.0, 0.0, 0.0, 0.0])]).await.unwrap();
    bad.chunks[1].trust = Trust { level: Level::Quarantined, score: 0.9, findings: vec!["injection.x".into()] };
    store.put_documents(std::slice::from_ref(&bad)).await.unwrap();
    assert_eq!(ids(&by_words(store, "wing").await), ["a#0"]);
    assert!(store.search_dense(Space::Chunks, &[1.0, 0.0, 0.0, 0.0], 9).await.unwrap().is_empty());
    assert_eq!(store.quarantined().await.unwrap(), [bad.chunks[1].clone()]);
    let pending = store.pending_vectors().await.unwrap();
    assert_eq!(pending.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["a#0"]);
    assert_eq!(store.stats().await.unwrap().quarantined, 1);
}

async fn what_is_removed_is_found_by_nothing(store: &dyn Store) {
    store.put_documents(&[entry("a", &["wing"]), entry("b", &["wing"])]).await.unwrap();
    store.put_vectors(&[row("a#0", "wing", [1.0, 0.0, 0.0, 0.0])]).await.unwrap();
    store.remove_documents(&["a".into(), "unknown".into()]).await.unwrap();
    assert_eq!(ids(&by_words(store, "wing").await), ["b#0"]);
    assert!(store.search_dense(Space::Chunks, &[1.0, 0.0, 0.0, 0.0], 9).await.unwrap().is_empty());
    assert!(store.document("a").await.unwrap().is_none());
    assert!(store.chunks(&["a#0".into()]).await.unwrap().is_empty());
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.documents, stats.chunks, stats.vectors), (1, 1, 0));
}

async fn the_nearest_come_first(store: &dyn Store) {
    store.put_documents(&[entry("a", &["one", "two", "three", "four"])]).await.unwrap();
    assert!(!store.has_vectors(Space::Chunks).await.unwrap());
    let rows = [
        row("a#0", "one", [0.0, 1.0, 0.0, 0.0]),
        row("a#1", "two", [1.0, 0.0, 0.0, 0.0]),
        row("a#2", "three", [0.6, 0.8, 0.0, 0.0]),
        row("a#3", "four", [0.0, 1.0, 0.0, 0.0]),
    ];
    store.put_vectors(&rows).await.unwrap();
    let found = store.search_dense(Space::Chunks, &[1.0, 0.0, 0.0, 0.0], 10).await.unwrap();
    assert_eq!(ids(&found), ["a#1", "a#2", "a#0", "a#3"]);
    assert!((found[0].score - 1.0).abs() < 1e-6 && (found[1].score - 0.6).abs() < 1e-6 && found[2].score.abs() < 1e-6);
    assert_eq!(store.search_dense(Space::Chunks, &[1.0, 0.0, 0.0, 0.0], 1).await.unwrap().len(), 1);
    assert!(store.search_dense(Space::Records, &[1.0, 0.0, 0.0, 0.0], 9).await.unwrap().is_empty());
    assert!(store.has_vectors(Space::Chunks).await.unwrap() && !store.has_vectors(Space::Records).await.unwrap());
}

async fn vectors_follow_their_words(store: &dyn Store) {
    store.put_documents(&[entry("a", &["wing", "drag"])]).await.unwrap();
    let pending = store.pending_vectors().await.unwrap();
    assert_eq!(pending.iter().map(|one| (one.id.as_str(), one.length)).collect::<Vec<_>>(), [("a#0", 4), ("a#1", 4)]);
    assert_eq!(store.words(Space::Chunks, &["a#1".into()]).await.unwrap(), [("a#1".to_owned(), "drag".to_owned())]);
    let both = [row("a#0", "wing", [1.0, 0.0, 0.0, 0.0]), row("a#1", "drag", [0.0, 1.0, 0.0, 0.0])];
    store.put_vectors(&both).await.unwrap();
    assert!(store.pending_vectors().await.unwrap().is_empty());
    // One chunk changes: its vector goes, the other's stays.
    store.put_documents(&[entry("a", &["wing", "lift"])]).await.unwrap();
    assert_eq!(ids(&store.search_dense(Space::Chunks, &[0.0, 1.0, 0.0, 0.0], 9).await.unwrap()), ["a#0"]);
    assert_eq!(store.pending_vectors().await.unwrap()[0].id, "a#1");
    // A vector that was on its way for the old words, or for a chunk that is gone, comes too late.
    let late = [row("a#1", "drag", [0.0, 1.0, 0.0, 0.0]), row("gone#0", "drag", [0.0, 1.0, 0.0, 0.0])];
    store.put_vectors(&late).await.unwrap();
    assert_eq!(store.stats().await.unwrap().vectors, 1);
}

async fn vectors_that_are_none_are_refused(store: &dyn Store) {
    store.put_documents(&[entry("a", &["wing"])]).await.unwrap();
    for vector in [vec![1.0; DIMENSION - 1], vec![f32::NAN; DIMENSION]] {
        let row = VectorRow { vector: vector.clone(), ..row("a#0", "wing", [0.0; DIMENSION]) };
        assert!(matches!(store.put_vectors(&[row]).await, Err(Error::BadVector { .. })));
        assert!(matches!(store.search_dense(Space::Chunks, &vector, 1).await, Err(Error::BadVector { .. })));
    }
    assert_eq!(store.stats().await.unwrap().vectors, 0);
}

async fn ids_with_quotes_are_ids(store: &dyn Store) {
    let hostile = ["x' OR '1'='1", "it's \"quoted\"", "back\\slash; --", "näh\n#2"];
    let entries: Vec<Entry> = hostile.iter().map(|id| entry(id, &["wing"])).collect();
    store.put_documents(&entries).await.unwrap();
    for id in hostile {
        assert_eq!(store.document(id).await.unwrap().unwrap().id, id);
        assert_eq!(store.chunks(&[Chunk::id_of(id, 0)]).await.unwrap().len(), 1);
    }
    store.put_documents(&[entry(hostile[1], &["drag"])]).await.unwrap();
    store.remove_documents(&[hostile[0].into()]).await.unwrap();
    let left: BTreeSet<String> = store.stamps().await.unwrap().into_iter().map(|stamp| stamp.id).collect();
    assert_eq!(left, hostile[1..].iter().map(|id| (*id).to_owned()).collect());
    assert_eq!(store.stats().await.unwrap().chunks, 3);
}

async fn remember(store: &dyn Store, record: Record) -> RecordId {
    store.remember(vec![record]).await.unwrap().remove(0)
}

async fn a_newer_fact_supersedes_an_older(store: &dyn Store) {
    let iris = remember(store, record(Some("Dataset"), "my dataset is iris", "1", 1)).await;
    let again = remember(store, record(Some("dataset"), "my dataset is iris", "1", 9)).await;
    assert_eq!(iris, again, "a turn told twice");
    let other = remember(store, record(Some("city"), "my city is Rome", "2", 2)).await;
    let wine = remember(store, record(Some("my dataset"), "my dataset is wine", "3", 3)).await;
    let records = store.records().await.unwrap();
    assert_eq!(records.iter().map(|record| &record.id).collect::<Vec<_>>(), [&iris, &other, &wine]);
    assert_eq!(
        (records[0].superseded_by.as_ref(), records[0].superseded_at.map(|at| at.as_second())),
        (Some(&wine), Some(3))
    );
    assert!(records[1].current() && records[2].current());
    let found = store.search_lexical(Space::Records, "datasets", 9).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(store.records_of(&[wine.clone(), other]).await.unwrap()[0].id, wine);
    let words: Vec<String> = store.pending_vectors().await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(words.len(), 3);
}

async fn records_may_come_together(store: &dyn Store) {
    let told = |n: usize| record(Some("city"), ["it is Rome", "it is Oslo", "it is Oslo"][n], &n.to_string(), n as i64);
    let episode = |turn: &str| {
        let provenance = Provenance { session: "s".into(), turn: turn.into(), ..Default::default() };
        Draft::Episode { text: format!("turn {turn}"), provenance }.into_record(Timestamp::UNIX_EPOCH)
    };
    let batch = vec![told(0), episode("a"), told(1), told(2), episode("b")];
    let ids = store.remember(batch.clone()).await.unwrap();
    assert_eq!((ids.len(), &ids[2]), (5, &ids[3]), "the same words again are the same fact");
    assert_eq!(store.remember(batch).await.unwrap(), ids);
    let records = store.records().await.unwrap();
    assert_eq!(records.len(), 4);
    let current: Vec<&str> =
        records.iter().filter(|r| r.current() && r.subject.is_some()).map(|r| r.text.as_str()).collect();
    assert_eq!(current, ["it is Oslo"]);
    assert!(store.remember(Vec::new()).await.unwrap().is_empty());
}

async fn erased_records_are_gone(store: &dyn Store) {
    let one = remember(store, record(None, "the code word is xylophone", "1", 1)).await;
    let two = remember(store, record(None, "the code word is marimba", "2", 2)).await;
    let vector = |id: &str, words: &str| VectorRow { space: Space::Records, ..row(id, words, [1.0, 0.0, 0.0, 0.0]) };
    store.put_vectors(&[vector(&one.0, "the code word is xylophone")]).await.unwrap();
    assert_eq!(store.erase_records(std::slice::from_ref(&one)).await.unwrap(), 1);
    assert!(store.search_lexical(Space::Records, "xylophone", 9).await.unwrap().is_empty());
    assert!(store.search_dense(Space::Records, &[1.0, 0.0, 0.0, 0.0], 9).await.unwrap().is_empty());
    assert_eq!(store.records().await.unwrap().len(), 1);
    assert_eq!(ids(&store.search_lexical(Space::Records, "code word", 9).await.unwrap()), [two.0.as_str()]);
    assert_eq!(store.erase_records(&[one]).await.unwrap(), 0);
}

async fn an_empty_store_finds_nothing(store: &dyn Store) {
    assert!(store.is_empty().await.unwrap());
    assert!(by_words(store, "wing").await.is_empty());
    assert!(store.search_dense(Space::Chunks, &[1.0, 0.0, 0.0, 0.0], 9).await.unwrap().is_empty());
    assert!(store.records().await.unwrap().is_empty() && store.pending_vectors().await.unwrap().is_empty());
    store.tidy().await.unwrap();
    store.put_documents(&[entry("a", &["wing"])]).await.unwrap();
    assert!(!store.is_empty().await.unwrap());
}

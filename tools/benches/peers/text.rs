//! Texts: training and applying a byte-pair encoding, searching with BM25, cutting into chunks.

use std::{fs, num::NonZeroUsize};

use roundtable_tools::{
    retrieval::bm25::{Index, Parameters},
    text::{
        bpe::{Encoder, Goal, Vocabulary, train_on_texts},
        recursive_chunk,
    },
};
use serde_json::json;

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

/// Timings inside metrics are medians of so many.
const REPEATS: usize = 3;

/// The median time of some work.
fn time(clock: Clock, mut work: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let (result, time) = clock.time(&mut work);
        result?;
        times.push(time);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[REPEATS / 2])
}

/// 8192 tokens from 10 MB, then 6 MB in texts of about 4 kB.
pub struct Bpe {
    train: String,
    encode: Vec<String>,
    goal: Goal,
}

impl Workload for Bpe {
    const NAME: &'static str = "bpe";
    type Output = Vocabulary;

    fn load(folder: &Folder) -> Outcome<Self> {
        let encode = fs::read_to_string(folder.path("encode.jsonl"))?;
        Ok(Bpe {
            train: fs::read_to_string(folder.path("train.txt"))?,
            encode: encode.lines().map(serde_json::from_str).collect::<Result<_, _>>()?,
            goal: Goal::vocabulary(folder.count("vocab")?),
        })
    }

    fn run(&self) -> Outcome<Vocabulary> {
        // The peers get the same documents: each ends with its three line ends.
        let documents: Vec<&str> = self.train.split_inclusive("\n\n\n").collect();
        Ok(train_on_texts(&documents, self.goal))
    }

    fn score(&self, vocabulary: Vocabulary, clock: Clock) -> Outcome<Metrics> {
        let megabytes = self.encode.iter().map(String::len).sum::<usize>() as f64 / 1e6;
        let mut encoder = Encoder::new(&vocabulary);
        let mut ids = Vec::new();
        let mut tokens = 0;
        let mut pass = || -> Outcome<()> {
            tokens = 0;
            for text in &self.encode {
                ids.clear();
                encoder.encode(text, &mut ids)?;
                tokens += ids.len();
            }
            Ok(())
        };
        let (first, cold) = clock.time(&mut pass);
        first?;
        let warm = time(clock, pass)?;
        Ok(Metrics::from_iter([
            ("encode_mb".into(), json!(megabytes)),
            ("tokens".into(), json!(tokens)),
            ("encode_mb_s_loop".into(), json!(megabytes / warm)),
            ("encode_mb_s_first".into(), json!(megabytes / cold)),
            ("vocab".into(), json!(vocabulary.len())),
        ]))
    }
}

/// 50,000 tokenised documents, 1,000 queries for the best 10.
pub struct Bm25 {
    documents: Vec<Vec<&'static str>>,
    queries: Vec<Vec<String>>,
    parameters: Parameters,
    k: usize,
}

impl Workload for Bm25 {
    const NAME: &'static str = "bm25";
    type Output = Index;

    fn load(folder: &Folder) -> Outcome<Self> {
        #[derive(serde::Deserialize)]
        struct Document<'a> {
            #[serde(borrow)]
            tokens: Vec<&'a str>,
        }
        let (documents, queries) =
            (fs::read_to_string(folder.path("docs.jsonl"))?, fs::read_to_string(folder.path("queries.jsonl"))?);
        // The tokens point into the text, which lives as long as the benchmark.
        let documents = String::leak(documents).lines().map(|line| Ok(serde_json::from_str::<Document>(line)?.tokens));
        Ok(Bm25 {
            documents: documents.collect::<Outcome<_>>()?,
            queries: queries.lines().map(serde_json::from_str).collect::<Result<_, _>>()?,
            parameters: Parameters::default(),
            k: folder.count("k")?,
        })
    }

    fn run(&self) -> Outcome<Index> {
        Ok(Index::new(&self.documents, self.parameters)?)
    }

    fn score(&self, index: Index, clock: Clock) -> Outcome<Metrics> {
        let mut searcher = index.searcher();
        let (mut first, mut last) = (0.0, 0.0);
        let seconds = time(clock, || {
            (first, last) = (0.0, 0.0);
            for query in &self.queries {
                let hits = searcher.search(query, self.k);
                first += hits[0].score;
                last += hits[self.k - 1].score;
            }
            Ok(())
        })?;
        let queries = self.queries.len() as f64;
        Ok(Metrics::from_iter([
            ("qps".into(), json!(queries / seconds)),
            ("mean_top1".into(), json!(first / queries)),
            ("mean_top10".into(), json!(last / queries)),
            ("docs".into(), json!(index.len())),
        ]))
    }
}

/// 5 MB into chunks of 800 characters with an overlap of 100.
pub struct Chunking {
    args: recursive_chunk::Args,
}

impl Workload for Chunking {
    const NAME: &'static str = "chunking";
    type Output = usize;

    fn load(folder: &Folder) -> Outcome<Self> {
        let size = NonZeroUsize::try_from(folder.count("chunk_size")?)?;
        let text = fs::read_to_string(folder.path("text.txt"))?;
        Ok(Chunking { args: recursive_chunk::Args::new(text, size, folder.count("overlap")?) })
    }

    fn run(&self) -> Outcome<usize> {
        // With everything that the tool gives, copies of the chunks and their places in characters included.
        Ok(recursive_chunk::run(&self.args)?.chunks.len())
    }

    fn score(&self, chunks: usize, _: Clock) -> Outcome<Metrics> {
        let megabytes = self.args.text.len() as f64 / 1e6;
        Ok(Metrics::from_iter([("chunks".into(), json!(chunks)), ("mb".into(), json!(megabytes))]))
    }
}

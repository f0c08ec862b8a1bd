//! # Retrieval metrics
//!
//! A ranking, held against judgements of which documents are relevant to each query. *Recall* asks how many of the
//! relevant ones are among the first k, *precision* how many of the first k are relevant, *hit rate* whether any is,
//! *MRR* how far down the first one stands, *MAP* averages the precision at each relevant one, and *nDCG* also counts
//! grades and gives less for what stands further down.
//!
//! Conventions are those of trec_eval: a document is relevant when its grade is above 0; nDCG's gain is the grade, its
//! discount `log2(rank + 1)`, and its ideal the best order of all judged documents; MAP divides by all relevant
//! documents; means are over the queries that have judgements, and one that was not run counts as 0.
//!
//! Cost: O(r log r) for each query with r ranked and judged documents.
//! References: C. Buckley, E. Voorhees, "Retrieval system evaluation", in *TREC*, MIT Press 2005; K. Järvelin,
//! J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    num::NonZeroUsize,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ndcg::{Gain, dcg};
use crate::error::Error;

/// Scores rankings against relevance judgements: recall@k, precision@k, hit rate, MRR, MAP and nDCG, for each query and on
/// average. Use it to evaluate a search engine or the retrieval step of RAG.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The judgements: for each query the grade of each judged document, 0 for not relevant; qrels, ground truth, relevance.
    pub qrels: BTreeMap<String, BTreeMap<String, i64>>,
    /// The rankings: for each query the documents that were found, best first; run, results. Documents that were not
    /// judged count as not relevant, queries that were not judged are left out.
    pub run: BTreeMap<String, Vec<String>>,
    /// The cutoffs, up to 100 of them: how many of the first results to look at, k; 1, 3, 5 and 10 when not given.
    #[serde(default = "usual")]
    pub k: Vec<NonZeroUsize>,
}

fn usual() -> Vec<NonZeroUsize> {
    [1, 3, 5, 10].into_iter().filter_map(NonZeroUsize::new).collect()
}

/// The scores, each from 0 to 1: `recall@k`, `precision@k`, `ndcg@k`, `hit_rate@k` and `map@k` for each cutoff, and
/// `map`, `mrr`, `ndcg` and `r_precision` over whole rankings.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The mean of each score over all judged queries.
    pub mean: BTreeMap<String, f64>,
    /// Each score, by its name and then by query.
    pub per_query: BTreeMap<String, BTreeMap<String, f64>>,
    /// How many queries have judgements.
    pub queries: usize,
    /// Judged queries that were not run, which count as 0.
    pub not_run: Vec<String>,
    /// Queries that were run without judgements, which do not count.
    pub not_judged: Vec<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "recall@3 and MRR for the run {\"q1\": [\"d2\", \"d1\"]} with qrels {\"q1\": {\"d1\": 1}}",
    "evaluate my search results against the ground truth: nDCG@10, MAP, precision",
    "how good is the retriever? here are the relevant documents of each query and what it found",
    "hit rate at 5 of these rankings",
];

/// The most cutoffs, and the most judgements and ranked documents together.
const LIMITS: (usize, usize) = (100, 2_000_000);

/// Scores the rankings.
///
/// # Errors
/// `invalid_arguments` when there are no judged queries, no cutoffs, or a document is ranked twice; `too_large` beyond 100
/// cutoffs or 2,000,000 documents.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let cutoffs: BTreeSet<usize> = args.k.iter().map(|k| k.get()).collect();
    let mut per_query: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for (query, judged) in &args.qrels {
        let ranking = args.run.get(query).map_or(&[][..], Vec::as_slice);
        let grades: Vec<f64> = ranking.iter().map(|document| grade(judged.get(document))).collect();
        let ideal: Vec<f64> = judged.values().map(|judgement| grade(Some(judgement))).collect();
        for (name, score) in scores(&grades, ideal, &cutoffs) {
            per_query.entry(name).or_default().insert(query.clone(), score);
        }
    }
    let average = |scores: &BTreeMap<String, f64>| scores.values().sum::<f64>() / scores.len() as f64;
    let mean = per_query.iter().map(|(name, scores)| (name.clone(), average(scores))).collect();
    let missing = |from: &mut dyn Iterator<Item = &String>, other: &dyn Fn(&String) -> bool| -> Vec<String> {
        from.filter(|query| !other(query)).cloned().collect()
    };
    Ok(Output {
        mean,
        queries: args.qrels.len(),
        not_run: missing(&mut args.qrels.keys(), &|query| args.run.contains_key(query)),
        not_judged: missing(&mut args.run.keys(), &|query| args.qrels.contains_key(query)),
        per_query,
    })
}

fn check(args: &Args) -> Result<(), Error> {
    let (most_cutoffs, most) = LIMITS;
    if args.qrels.is_empty() {
        return Err(Error::invalid("/qrels", "there are no judged queries").with_hint("give at least one query"));
    }
    if args.k.is_empty() {
        return Err(Error::invalid("/k", "there are no cutoffs").with_hint("give at least one, such as 10"));
    }
    if args.k.len() > most_cutoffs {
        return Err(Error::too_large("/k", format!("there are {} cutoffs, the limit is {most_cutoffs}", args.k.len())));
    }
    let judged: usize = args.qrels.values().map(BTreeMap::len).sum();
    let ranked: usize = args.run.values().map(Vec::len).sum();
    if judged + ranked > most {
        let message = format!("there are {} documents, the limit is {most}", judged + ranked);
        return Err(Error::too_large("/run", message).with_hint("score a part of the queries at a time"));
    }
    for (query, ranking) in &args.run {
        let mut seen = HashSet::new();
        if let Some(i) = ranking.iter().position(|document| !seen.insert(document)) {
            let path = format!("/run/{}/{i}", query.replace('~', "~0").replace('/', "~1"));
            return Err(Error::invalid(path, format!("document `{}` is ranked twice", ranking[i]))
                .with_hint("rank each document once, at its best place"));
        }
    }
    Ok(())
}

/// What a judgement is worth; below 0 (spam, in some collections) is not relevant either.
fn grade(judgement: Option<&i64>) -> f64 {
    judgement.map_or(0.0, |&grade| grade.max(0) as f64)
}

/// All scores of a ranking, given the grades of its documents in order and those of all judged ones.
fn scores(grades: &[f64], mut ideal: Vec<f64>, cutoffs: &BTreeSet<usize>) -> Vec<(String, f64)> {
    ideal.sort_unstable_by(|a, b| b.total_cmp(a));
    let relevant = ideal.iter().filter(|grade| **grade > 0.0).count();
    let found = |k: usize| grades.iter().take(k).filter(|grade| **grade > 0.0).count();
    let of_relevant = |part: f64| if relevant == 0 { 0.0 } else { part / relevant as f64 };
    let gained = |k: usize| {
        let best = dcg(&ideal, k, Gain::Linear);
        if best > 0.0 { dcg(grades, k, Gain::Linear) / best } else { 0.0 }
    };
    let precisions = |k: usize| {
        let (mut hits, mut sum) = (0.0, 0.0);
        for (i, _) in grades.iter().enumerate().take(k).filter(|(_, grade)| **grade > 0.0) {
            hits += 1.0;
            sum += hits / (i + 1) as f64;
        }
        of_relevant(sum)
    };
    let everything = grades.len().max(ideal.len());
    let first = grades.iter().position(|grade| *grade > 0.0);
    let mut scores = vec![
        ("map".to_owned(), precisions(everything)),
        ("mrr".to_owned(), first.map_or(0.0, |i| 1.0 / (i + 1) as f64)),
        ("ndcg".to_owned(), gained(everything)),
        ("r_precision".to_owned(), of_relevant(found(relevant) as f64)),
    ];
    for &k in cutoffs {
        scores.extend([
            (format!("recall@{k}"), of_relevant(found(k) as f64)),
            (format!("precision@{k}"), found(k) as f64 / k as f64),
            (format!("ndcg@{k}"), gained(k)),
            (format!("hit_rate@{k}"), f64::from(u8::from(found(k) > 0))),
            (format!("map@{k}"), precisions(k)),
        ]);
    }
    scores
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn of(arguments: serde_json::Value) -> Result<Output, Error> {
        run(&serde_json::from_value(arguments).unwrap())
    }

    #[test]
    fn by_hand() {
        // Relevant at 2 and 3, one more not found: precisions 1/2 and 2/3, over three.
        let out =
            of(json!({"qrels": {"q": {"a": 1, "b": 1, "c": 1}}, "run": {"q": ["x", "a", "b"]}, "k": [2]})).unwrap();
        assert!((out.mean["map"] - (0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
        assert_eq!((out.mean["mrr"], out.mean["recall@2"], out.mean["precision@2"]), (0.5, 1.0 / 3.0, 0.5));
    }

    #[test]
    fn queries_on_one_side_only() {
        let out = of(json!({"qrels": {"a": {"x": 1}, "b": {"y": 1}}, "run": {"a": ["x"], "c": ["x"]}})).unwrap();
        assert_eq!((out.mean["recall@1"], out.queries), (0.5, 2));
        assert_eq!((out.not_run, out.not_judged), (vec!["b".to_owned()], vec!["c".to_owned()]));
    }

    #[test]
    fn nothing_relevant_scores_nothing() {
        let out = of(json!({"qrels": {"q": {"a": 0, "b": -1}}, "run": {"q": ["a", "b"]}})).unwrap();
        assert!(out.mean.values().all(|score| *score == 0.0));
        assert!(of(json!({"qrels": {"q": {}}, "run": {}})).is_ok());
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        assert_eq!(of(json!({"qrels": {}, "run": {}})).unwrap_err().path, "/qrels");
        assert_eq!(of(json!({"qrels": {"q": {"a": 1}}, "run": {"q": ["a", "a"]}})).unwrap_err().path, "/run/q/1");
        assert_eq!(of(json!({"qrels": {"q": {"a": 1}}, "run": {}, "k": []})).unwrap_err().path, "/k");
    }

    proptest! {
        #[test]
        fn bounded_and_rising(grades in prop::collection::vec(0_i64..4, 1..12), order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle()) {
            let qrels: BTreeMap<String, i64> = grades.iter().enumerate().map(|(i, grade)| (format!("d{i}"), *grade)).collect();
            let ranking: Vec<String> = order.iter().map(|i| format!("d{i}")).collect();
            let out = of(json!({"qrels": {"q": qrels}, "run": {"q": ranking}, "k": [1, 2, 4, 8, 16]})).unwrap();
            prop_assert!(out.mean.values().all(|score| (0.0..=1.0 + 1e-12).contains(score)));
            for name in ["recall", "hit_rate", "map"] {
                let by_cutoff: Vec<f64> = [1, 2, 4, 8, 16].iter().map(|k| out.mean[&format!("{name}@{k}")]).collect();
                prop_assert!(by_cutoff.is_sorted(), "{} {:?}", name, by_cutoff);
            }
            // The best order is perfect.
            let mut best: Vec<&String> = qrels.keys().collect();
            best.sort_by_key(|document| -qrels[*document]);
            let out = of(json!({"qrels": {"q": qrels}, "run": {"q": best}})).unwrap();
            let perfect = if grades.iter().any(|grade| *grade > 0) { 1.0 } else { 0.0 };
            prop_assert!((out.mean["ndcg"] - perfect).abs() < 1e-12 && (out.mean["map"] - perfect).abs() < 1e-12);
        }
    }
}

//! The tools against reference results of scikit-learn, SciPy, NumPy, statsmodels and LangChain.
//!
//! `tests/golden/*.json` hold the cases; each names its reference. `tests/matchers/mod.rs` says what "agrees" means.

mod matchers;

use std::{fs, path::Path};

use matchers::{agrees, with_data};
use roundtable_tools::Catalogue;
use serde_json::Value;

/// Runs the cases of one file and fails with every disagreement at once.
fn check(topic: &str, cases: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{topic}.json"));
    let text = fs::read_to_string(path).expect("the golden file lies beside this test");
    let topic: Value = serde_json::from_str(&text).expect("golden files are JSON");
    let tools = Catalogue::standard().expect("every schema compiles");
    let list = topic["cases"].as_array().expect("a list of cases");
    assert_eq!(list.len(), cases);
    let disagreements: Vec<String> = list
        .iter()
        .filter_map(|case| {
            let arguments = with_data(&case["args"], &topic["datasets"]);
            let expected = with_data(&case["expected"], &topic["datasets"]);
            let result = tools.call(case["tool"].as_str().expect("a tool's name"), &arguments);
            agrees(result, &expected, &case["tolerance"]).err().map(|why| format!("{}: {why}", case["name"]))
        })
        .collect();
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

#[test]
fn bayes() {
    check("bayes", 22);
}

#[test]
fn bias_variance() {
    check("bias_variance", 15);
}

#[test]
fn bm25() {
    check("bm25", 106);
}

#[test]
fn chunking() {
    check("chunking", 39);
}

#[test]
fn clustering() {
    check("clustering", 52);
}

#[test]
fn drift() {
    check("drift", 32);
}

#[test]
fn fairness() {
    check("fairness", 14);
}

#[test]
fn gaussian() {
    check("gaussian", 22);
}

#[test]
fn linear_models() {
    check("linear_models", 54);
}

#[test]
fn manifold() {
    check("manifold", 11);
}

#[test]
fn model_metrics() {
    check("model_metrics", 13);
}

#[test]
fn neural() {
    check("neural", 66);
}

#[test]
fn optim() {
    check("optim", 46);
}

#[test]
fn pca() {
    check("pca", 30);
}

#[test]
fn preprocess() {
    check("preprocess", 34);
}

#[test]
fn retrieval_metrics() {
    check("retrieval_metrics", 22);
}

#[test]
fn similarity() {
    check("similarity", 42);
}

#[test]
fn splits() {
    check("splits", 19);
}

#[test]
fn stats() {
    check("stats", 23);
}

#[test]
fn text_features() {
    check("text_features", 13);
}

#[test]
fn tokenizer() {
    check("tokenizer", 22);
}

#[test]
fn transformer() {
    check("transformer", 26);
}

#[test]
fn trees() {
    check("trees", 52);
}

#[test]
fn vector_search() {
    check("vector_search", 30);
}

#[test]
fn vectors() {
    check("vectors", 54);
}

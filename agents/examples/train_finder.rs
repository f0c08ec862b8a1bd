//! Learns which tool a sentence asks for: `cargo run --release -p roundtable --example train_finder`.
//!
//! The sentences of `agents/training/requests.tsv` and the tools' own examples and descriptions become MiniLM vectors; our softmax
//! regression (a network without hidden layers) learns their classes and is written to `agents/models/finder.safetensors`. Before,
//! the share of sentences that it tells right is measured with a sixth of them left out in turn, and printed in JSON.

use std::path::Path;

use roundtable::offline::meaning::{Head, NONE, gist};
use roundtable_memory::MiniLm;
use roundtable_tools::Catalogue;
use roundtable_tools::neural::mlp_train::{self, Args};
use serde_json::json;

const FOLDS: usize = 6;

/// A sentence's vector and its class.
struct Sample {
    vector: Vec<f32>,
    class: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let typed = std::fs::read_to_string(folder.join("training/requests.tsv"))?;
    let catalogue = Catalogue::standard()?.with(roundtable_memory::embed::tool::embed(MiniLm::shared()))?;
    let mut names: Vec<String> = catalogue.iter().map(|tool| tool.spec().name.clone()).collect();
    names.push(NONE.to_owned());
    let class = |name: &str| names.iter().position(|known| known == name).ok_or(format!("no tool is called `{name}`"));
    let mut known: Vec<(usize, String)> = Vec::new();
    for tool in catalogue.iter() {
        let spec = tool.spec();
        let what = spec.description.split("Use it").next().unwrap_or_default();
        let class = class(&spec.name)?;
        known.extend(spec.examples.iter().copied().chain([what]).map(|text| (class, gist(text))));
    }
    let mut asked: Vec<(usize, String)> = Vec::new();
    for line in typed.lines() {
        let (name, text) = line.split_once('\t').ok_or(format!("no tab in `{line}`"))?;
        asked.push((class(name)?, gist(text)));
    }
    let (known, asked) = (samples(known)?, samples(asked)?);
    let mut right = 0;
    for fold in 0..FOLDS {
        let kept = asked.iter().enumerate().filter(|(i, _)| i % FOLDS != fold).map(|(_, sample)| sample);
        let head = train(&names, known.iter().chain(kept))?;
        for sample in asked.iter().skip(fold).step_by(FOLDS) {
            let likely = head.likely(&sample.vector).ok_or("the weights are for other vectors")?;
            let log = |name: &String| likely.log(name).unwrap_or(f64::NEG_INFINITY);
            let best = names.iter().max_by(|a, b| log(a).total_cmp(&log(b)));
            right += usize::from(best == Some(&names[sample.class]));
        }
    }
    let head = train(&names, known.iter().chain(&asked))?;
    std::fs::create_dir_all(folder.join("models"))?;
    std::fs::write(folder.join("models/finder.safetensors"), head.write()?)?;
    let share = right as f64 / asked.len() as f64;
    println!(
        "{}",
        json!({"classes": names.len(), "sentences": asked.len() + known.len(), "folds": FOLDS, "right_when_left_out": share})
    );
    Ok(())
}

fn samples(texts: Vec<(usize, String)>) -> Result<Vec<Sample>, Box<dyn std::error::Error>> {
    let (classes, texts): (Vec<usize>, Vec<String>) = texts.into_iter().unzip();
    let vectors = MiniLm::shared().embed_now(&texts)?;
    Ok(vectors.into_iter().zip(classes).map(|(vector, class)| Sample { vector, class }).collect())
}

/// A softmax regression with a small ridge penalty.
fn train<'a>(names: &[String], samples: impl Iterator<Item = &'a Sample>) -> Result<Head, Box<dyn std::error::Error>> {
    let (x, y): (Vec<&[f32]>, Vec<usize>) = samples.map(|sample| (sample.vector.as_slice(), sample.class)).unzip();
    let args: Args = serde_json::from_value(json!({
        "X": x, "y": y, "hidden": [], "optimizer": "adam", "learning_rate": 0.02, "weight_decay": 5e-5, "epochs": 150,
        "batch_size": 128, "return_weights": true, "X_test": [x[0]],
    }))?;
    let trained = mlp_train::run(&args)?;
    let missing = || -> Box<dyn std::error::Error> { "training gave no weights".into() };
    let (weights, biases) = (trained.weights.ok_or_else(missing)?, trained.biases.ok_or_else(missing)?);
    let (weights, biases) = (weights.first().ok_or_else(missing)?, biases.first().ok_or_else(missing)?);
    // Inputs x outputs become classes x dimensions.
    let rows: Vec<f64> = (0..names.len()).flat_map(|class| weights.iter().map(move |row| row[class])).collect();
    Ok(Head::new(names.to_vec(), &rows, biases))
}

//! The workloads on which the toolbox is measured against other libraries.
//!
//! ```text
//! python ml_peers.py --gen-only --data DIR          # writes the data and DIR/manifest.json, once
//! cargo bench -p roundtable-tools --bench peers -- --data DIR [--only NAME]... [--threads 1,2] [--runs 5] [--json]
//! ```
//!
//! Each pair of workload and thread count runs in a process of its own, so that its peak of memory is its own too. Rows
//! have the fields of ml_peers.py's. At one thread CPU seconds are the figure to compare, because other programs on
//! the machine do not disturb them; timings inside the metrics follow the same clock.
//!
//! A workload is one file with one type: it loads its data, does the timed work, and scores the result. To add one,
//! copy `kmeans.rs` and add a row below.

mod bruteforce;
mod cosine_matrix;
mod dbscan;
mod embedding;
mod kmeans;
mod linear;
mod measure;
mod neural;
mod npy;
mod pca;
mod text;
mod trees;
mod vector_search;
mod workload;

use std::{
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use serde_json::{Value, json};

use workload::{Entry, Folder, Outcome, entry};

/// One row a workload.
const WORKLOADS: &[Entry] = &[
    entry::<kmeans::KMeans>(),
    entry::<pca::Pca>(),
    entry::<bruteforce::BruteForce>(),
    entry::<cosine_matrix::CosineMatrix>(),
    entry::<linear::Lasso>(),
    entry::<linear::LeastSquares>(),
    entry::<linear::Logistic>(),
    entry::<dbscan::Small>(),
    entry::<dbscan::Large>(),
    entry::<embedding::Tsne>(),
    entry::<embedding::Umap>(),
    entry::<text::Bm25>(),
    entry::<text::Bpe>(),
    entry::<text::Chunking>(),
    entry::<vector_search::Hnsw>(),
    entry::<vector_search::Ivf>(),
    entry::<neural::MlpDigits>(),
    entry::<neural::CharTransformer>(),
    entry::<trees::DecisionTree>(),
    entry::<trees::GradientBoosting>(),
    entry::<trees::RandomForest>(),
];

const HELP: &str = "\
usage: cargo bench -p roundtable-tools --bench peers -- --data DIR [--only NAME]... [--threads 1,2] [--runs 5] [--json]

DIR holds the workloads' data and their manifest.json, as written by
    python ml_peers.py --gen-only --data DIR";

fn main() -> ExitCode {
    match Options::read(std::env::args().skip(1)).and_then(|options| options.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    data: PathBuf,
    only: Vec<String>,
    threads: Vec<usize>,
    runs: usize,
    json: bool,
    /// Set in the process that measures: print one row and end.
    worker: bool,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let (mut data, mut only, mut threads) = (None, Vec::new(), vec![1, 2]);
        let (mut runs, mut json, mut worker) = (5, false, false);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value\n\n{HELP}"));
            match word.as_str() {
                "--data" => data = Some(PathBuf::from(value()?)),
                "--only" => only.push(value()?),
                "--threads" => threads = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--runs" => runs = value()?.parse()?,
                "--json" => json = true,
                "--worker" => worker = true,
                // What cargo adds.
                "--bench" | "--test" => (),
                other => return Err(format!("`{other}` is not an option\n\n{HELP}").into()),
            }
        }
        let data = data.ok_or(HELP)?;
        if runs == 0 || threads.contains(&0) {
            return Err(format!("runs and threads count from 1\n\n{HELP}").into());
        }
        if let Some(unknown) = only.iter().find(|name| WORKLOADS.iter().all(|entry| entry.name != **name)) {
            let names: Vec<&str> = WORKLOADS.iter().map(|entry| entry.name).collect();
            return Err(format!("no workload `{unknown}`; there are {}", names.join(", ")).into());
        }
        Ok(Options { data, only, threads, runs, json, worker })
    }

    fn run(&self) -> Outcome<()> {
        let chosen =
            || WORKLOADS.iter().filter(|entry| self.only.is_empty() || self.only.iter().any(|o| o == entry.name));
        if self.worker {
            for entry in chosen() {
                println!("{}", self.measure(entry)?);
            }
            return Ok(());
        }
        let mut rows = Vec::new();
        for entry in chosen() {
            for &threads in &self.threads {
                let row = self.in_a_process_of_its_own(entry.name, threads)?;
                if !self.json {
                    print(&row);
                }
                rows.push(row);
            }
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&rows)?);
        }
        Ok(())
    }

    fn in_a_process_of_its_own(&self, name: &str, threads: usize) -> Outcome<Value> {
        let child = Command::new(std::env::current_exe()?)
            .args(["--worker", "--only", name, "--threads", &threads.to_string(), "--runs", &self.runs.to_string()])
            .arg("--data")
            .arg(&self.data)
            .stderr(Stdio::inherit())
            .output()?;
        if !child.status.success() {
            return Err(format!("workload `{name}` with {threads} threads failed").into());
        }
        Ok(serde_json::from_slice(&child.stdout)?)
    }

    fn measure(&self, entry: &Entry) -> Outcome<Value> {
        let threads = self.threads[0];
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
        let folder = Folder::open(&self.data, entry.data)?;
        let measured = (entry.measure)(&folder, threads, self.runs)?;
        let mut row = json!({
            "workload": entry.data, "library": entry.library, "version": env!("CARGO_PKG_VERSION"), "threads": threads,
            "metrics_clock": if threads == 1 { "cpu" } else { "wall" },
        });
        for (key, value) in measured {
            row[key] = value;
        }
        Ok(row)
    }
}

fn print(row: &Value) {
    let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
    let workload = row["workload"].as_str().unwrap_or_default();
    println!(
        "{workload:20} T={} {:9.4} s  cpu {:9.4} s  peak {:6.0} MB  {}",
        row["threads"],
        number("seconds"),
        number("cpu_seconds"),
        number("rss_peak_mb"),
        row["metrics"]
    );
}

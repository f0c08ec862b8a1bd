//! Approximate nearest neighbours among 100,000 vectors of 128 dimensions: HNSW and inverted lists. The time is that of
//! building; how fast and how good searches are is in the metrics.

use roundtable_tools::{
    Seed,
    retrieval::{Found, hnsw, ivf},
};
use serde_json::json;

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

struct Vectors {
    base: Vec<f32>,
    queries: Vec<f32>,
    truth: Vec<i32>,
    dimensions: usize,
    k: usize,
}

impl Vectors {
    fn load(folder: &Folder) -> Outcome<Self> {
        let base = folder.array::<f32>("base")?;
        let dimensions = base.columns();
        let (queries, truth) = (folder.array::<f32>("queries")?.numbers, folder.array::<i32>("truth")?.numbers);
        Ok(Vectors { base: base.numbers, queries, truth, dimensions, k: folder.count("k")? })
    }

    /// Tries one effort after the other until nearly everything is found.
    fn sweep(
        &self,
        efforts: &[usize],
        clock: Clock,
        search: impl Fn(&[f32], usize) -> Outcome<Found>,
    ) -> Outcome<Metrics> {
        let count = self.queries.len() / self.dimensions;
        let (mut curve, mut metrics) = (Vec::new(), Metrics::new());
        for &effort in efforts {
            search(&self.queries[..50 * self.dimensions], effort)?;
            let mut seconds = Vec::new();
            let mut found = Found::default();
            for _ in 0..3 {
                let (result, taken) = clock.time(|| search(&self.queries, effort));
                found = result?;
                seconds.push(taken);
            }
            seconds.sort_by(f64::total_cmp);
            let rows = found.ids.chunks_exact(self.k).zip(self.truth.chunks_exact(self.k));
            let hits = rows.map(|(ids, truth)| ids.iter().filter(|id| truth.contains(&id.cast_signed())).count());
            let recall = hits.sum::<usize>() as f64 / self.truth.len() as f64;
            let speed = count as f64 / seconds[1];
            curve.push(json!([effort, recall, speed]));
            for goal in ["0.95", "0.99"] {
                if recall >= goal.parse::<f64>()? && !metrics.contains_key(&format!("qps_at_{goal}")) {
                    metrics.insert(format!("qps_at_{goal}"), json!(speed));
                    metrics.insert(format!("param_at_{goal}"), json!(effort));
                    metrics.insert(format!("recall_at_{goal}"), json!(recall));
                }
            }
            if metrics.contains_key("qps_at_0.99") {
                break;
            }
        }
        metrics.insert("sweep_param_recall_qps".into(), json!(curve));
        Ok(metrics)
    }
}

pub struct Hnsw {
    vectors: Vectors,
    options: hnsw::Options,
}

impl Workload for Hnsw {
    const NAME: &'static str = "hnsw";
    type Output = hnsw::Index;

    fn load(folder: &Folder) -> Outcome<Self> {
        let (m, ef_construction) = (folder.count("M")?, folder.count("ef_construction")?);
        let options = hnsw::Options { m, ef_construction, ..hnsw::Options::default() };
        Ok(Hnsw { vectors: Vectors::load(folder)?, options })
    }

    fn run(&self) -> Outcome<hnsw::Index> {
        Ok(hnsw::Index::build(self.vectors.base.clone(), self.vectors.dimensions, &self.options)?)
    }

    fn score(&self, index: hnsw::Index, clock: Clock) -> Outcome<Metrics> {
        let efforts =
            [10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 160, 200, 256, 320, 400, 512, 640, 800];
        self.vectors.sweep(&efforts, clock, |queries, ef| Ok(index.search(queries, self.vectors.k, ef)?))
    }
}

pub struct Ivf {
    vectors: Vectors,
    options: ivf::Options,
}

impl Workload for Ivf {
    const NAME: &'static str = "ivf";
    type Output = ivf::Index;

    fn load(folder: &Folder) -> Outcome<Self> {
        let options = ivf::Options { lists: folder.count("n_lists")?, codes: true, seed: Seed::default() };
        Ok(Ivf { vectors: Vectors::load(folder)?, options })
    }

    fn run(&self) -> Outcome<ivf::Index> {
        Ok(ivf::Index::build(self.vectors.base.clone(), self.vectors.dimensions, &self.options)?)
    }

    fn score(&self, index: ivf::Index, clock: Clock) -> Outcome<Metrics> {
        let efforts = [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 200, 316];
        self.vectors.sweep(&efforts, clock, |queries, probe| Ok(index.search(queries, self.vectors.k, probe)?))
    }
}

//! The 10 nearest of 100,000 vectors for 2000 queries, exactly.

use roundtable_tools::retrieval::knn_exact::{Metric, search};
use serde_json::json;

use crate::{
    measure::Clock,
    npy::Array,
    workload::{Folder, Metrics, Outcome, Workload},
};

pub struct BruteForce {
    base: Array<f32>,
    queries: Array<f32>,
    truth: Array<i32>,
    k: usize,
}

impl Workload for BruteForce {
    const NAME: &'static str = "bruteforce";
    type Output = Vec<Vec<(usize, f32)>>;

    fn load(folder: &Folder) -> Outcome<Self> {
        let (base, queries) = (folder.array("base")?, folder.array("queries")?);
        Ok(BruteForce { base, queries, truth: folder.array("truth")?, k: folder.count("k")? })
    }

    fn run(&self) -> Outcome<Self::Output> {
        Ok(search(&self.base.numbers, &self.queries.numbers, self.base.columns(), self.k, Metric::L2))
    }

    fn score(&self, output: Self::Output, clock: Clock) -> Outcome<Metrics> {
        let d = self.base.columns();
        let found = output.iter().zip(self.truth.numbers.chunks(self.truth.columns()));
        let hits: usize =
            found.map(|(found, truth)| found.iter().filter(|(id, _)| truth.contains(&(*id as i32))).count()).sum();
        let recall = hits as f64 / self.truth.numbers.len() as f64;
        let mut times: Vec<f64> = self
            .queries
            .numbers
            .chunks(d)
            .take(50)
            .map(|query| clock.time(|| search(&self.base.numbers, query, d, self.k, Metric::L2)).1)
            .collect();
        times.sort_by(f64::total_cmp);
        let middle = times.get(times.len() / 2).ok_or("no queries")? * 1e3;
        Ok(Metrics::from_iter([("recall".into(), json!(recall)), ("single_query_ms".into(), json!(middle))]))
    }
}

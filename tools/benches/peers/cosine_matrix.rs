//! The cosines of all pairs of 8000 vectors in 384 dimensions.

use roundtable_tools::vectors::cosine_matrix;
use serde_json::json;

use crate::{
    measure::Clock,
    npy::Array,
    workload::{Folder, Metrics, Outcome, Workload},
};

pub struct CosineMatrix {
    vectors: Array<f32>,
}

impl Workload for CosineMatrix {
    const NAME: &'static str = "cosine_matrix";
    type Output = Vec<f32>;

    fn load(folder: &Folder) -> Outcome<Self> {
        Ok(CosineMatrix { vectors: folder.array("X")? })
    }

    fn run(&self) -> Outcome<Vec<f32>> {
        Ok(cosine_matrix::similarities(&self.vectors.numbers, self.vectors.columns()))
    }

    fn score(&self, cosines: Vec<f32>, _: Clock) -> Outcome<Metrics> {
        let (n, d) = (self.vectors.shape[0], self.vectors.columns());
        let diagonal = cosines.iter().step_by(n + 1).map(|cosine| f64::from((cosine - 1.0).abs()));
        let error = diagonal.fold(0.0, f64::max);
        Ok(Metrics::from_iter([
            ("diag_err".into(), json!(error)),
            ("gflop".into(), json!(2.0 * (n * n * d) as f64 / 1e9)),
        ]))
    }
}

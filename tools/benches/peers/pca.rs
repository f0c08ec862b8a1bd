//! The first 32 principal components of 20,000 rows in 256 dimensions, and the rows in them.

use roundtable_tools::reduce::pca::{self, Model};
use serde_json::json;

use crate::{
    measure::Clock,
    npy::Array,
    workload::{Folder, Metrics, Outcome, Workload},
};

pub struct Pca {
    table: Array<f32>,
    k: usize,
}

impl Workload for Pca {
    const NAME: &'static str = "pca";
    type Output = Model<f32>;

    fn load(folder: &Folder) -> Outcome<Self> {
        Ok(Pca { table: folder.array("X")?, k: folder.count("k")? })
    }

    fn run(&self) -> Outcome<Model<f32>> {
        let model = pca::fit(&self.table.numbers, self.table.columns(), self.k);
        std::hint::black_box(model.scores(&self.table.numbers));
        Ok(model)
    }

    /// Against the same in double precision.
    fn score(&self, model: Model<f32>, _: Clock) -> Outcome<Metrics> {
        let d = self.table.columns();
        let table: Vec<f64> = self.table.numbers.iter().map(|x| f64::from(*x)).collect();
        let exact = pca::fit(&table, d, self.k);
        let components: Vec<f64> = model.components.iter().map(|x| f64::from(*x)).collect();
        let found = Model { components, ..exact.clone() };
        let scores = found.scores(&table);
        let captured = scores.iter().map(|x| x * x).sum::<f64>() / (table.len() / d - 1) as f64;
        let ratios = model.variances.iter().zip(&exact.variances).map(|(got, exact)| (got / exact - 1.0).abs());
        Ok(Metrics::from_iter([
            ("captured_variance_ratio".into(), json!(captured / exact.variances.iter().sum::<f64>())),
            ("max_rel_err_variances".into(), json!(ratios.fold(0.0, f64::max))),
        ]))
    }
}

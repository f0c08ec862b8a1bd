//! k-means on 100,000 points in 32 dimensions, 16 clusters, from given centres.

use std::num::NonZeroUsize;

use roundtable_tools::{Matrix, cluster::kmeans};
use serde_json::json;

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

pub struct KMeans {
    args: kmeans::Args,
}

impl Workload for KMeans {
    const NAME: &'static str = "kmeans";
    type Output = kmeans::Output;

    fn load(folder: &Folder) -> Outcome<Self> {
        let matrix = |name: &str| -> Outcome<Matrix> {
            let array = folder.array::<f32>(name)?;
            let rows = array.numbers.chunks_exact(array.columns());
            Ok(Matrix::from_rows(rows.map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect())?)
        };
        let count = |key: &str| -> Outcome<NonZeroUsize> { Ok(NonZeroUsize::try_from(folder.count(key)?)?) };
        let mut args = kmeans::Args::new(matrix("X")?, count("k")?);
        args.init = Some(matrix("init")?);
        args.max_iterations = count("max_iter")?;
        args.tolerance = folder.parameter("tol").as_f64().ok_or("no `tol`")?;
        Ok(KMeans { args })
    }

    fn run(&self) -> Outcome<kmeans::Output> {
        Ok(kmeans::run(&self.args)?)
    }

    fn score(&self, output: kmeans::Output, _: Clock) -> Outcome<Metrics> {
        Ok(Metrics::from_iter([
            ("inertia".into(), json!(output.inertia)),
            ("iterations".into(), json!(output.iterations)),
        ]))
    }
}

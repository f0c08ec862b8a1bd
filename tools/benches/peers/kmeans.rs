//! k-means on 100,000 points in 32 dimensions, 16 clusters, from given centres.

use roundtable_tools::cluster::kmeans::{self, Fit};
use serde_json::json;

use crate::{
    measure::Clock,
    npy::Array,
    workload::{Folder, Metrics, Outcome, Workload},
};

pub struct KMeans {
    points: Array<f32>,
    start: Array<f32>,
    most_iterations: usize,
    tolerance: f64,
}

impl Workload for KMeans {
    const NAME: &'static str = "kmeans";
    type Output = Fit<f32>;

    fn load(folder: &Folder) -> Outcome<Self> {
        let (points, start) = (folder.array("X")?, folder.array("init")?);
        let tolerance = folder.parameter("tol").as_f64().ok_or("no `tol`")?;
        Ok(KMeans { points, start, most_iterations: folder.count("max_iter")?, tolerance })
    }

    fn run(&self) -> Outcome<Fit<f32>> {
        let d = self.points.columns();
        Ok(kmeans::fit(&self.points.numbers, d, &self.start.numbers, self.most_iterations, self.tolerance))
    }

    fn score(&self, fit: Fit<f32>, _: Clock) -> Outcome<Metrics> {
        let d = self.points.columns();
        let mut inertia = 0.0;
        for (point, label) in self.points.numbers.chunks(d).zip(&fit.labels) {
            let centre = &fit.centres[label * d..(label + 1) * d];
            inertia += point.iter().zip(centre).map(|(x, c)| (f64::from(*x) - f64::from(*c)).powi(2)).sum::<f64>();
        }
        Ok(Metrics::from_iter([("inertia".into(), json!(inertia)), ("iterations".into(), json!(fit.iterations))]))
    }
}

//! DBSCAN on 20,000 and on 200,000 points of the plane.

use roundtable_tools::cluster::dbscan::{self, Clusters};
use serde_json::json;

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

/// 20,000 points.
pub struct Small(Points);

/// 200,000 points.
pub struct Large(Points);

struct Points {
    numbers: Vec<f64>,
    dimensions: usize,
    eps: f64,
    min_samples: usize,
}

impl Points {
    fn load(folder: &Folder) -> Outcome<Self> {
        let array = folder.array::<f64>("X")?;
        Ok(Points {
            dimensions: array.columns(),
            numbers: array.numbers,
            eps: folder.parameter("eps").as_f64().ok_or("no `eps`")?,
            min_samples: folder.count("min_samples")?,
        })
    }

    fn run(&self) -> Clusters {
        dbscan::fit(&self.numbers, self.dimensions, self.eps, self.min_samples)
    }
}

fn score(found: &Clusters) -> Metrics {
    let noise = found.labels.iter().filter(|label| **label < 0).count();
    Metrics::from_iter([("clusters".into(), json!(found.count)), ("noise".into(), json!(noise))])
}

impl Workload for Small {
    const NAME: &'static str = "dbscan";
    type Output = Clusters;

    fn load(folder: &Folder) -> Outcome<Self> {
        Points::load(folder).map(Small)
    }

    fn run(&self) -> Outcome<Clusters> {
        Ok(self.0.run())
    }

    fn score(&self, found: Clusters, _: Clock) -> Outcome<Metrics> {
        Ok(score(&found))
    }
}

impl Workload for Large {
    const NAME: &'static str = "dbscan_200k";
    type Output = Clusters;

    fn load(folder: &Folder) -> Outcome<Self> {
        Points::load(folder).map(Large)
    }

    fn run(&self) -> Outcome<Clusters> {
        Ok(self.0.run())
    }

    fn score(&self, found: Clusters, _: Clock) -> Outcome<Metrics> {
        Ok(score(&found))
    }
}

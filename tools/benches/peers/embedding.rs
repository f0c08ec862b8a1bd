//! t-SNE and UMAP on 5000 points in 50 dimensions, of ten classes.

use roundtable_tools::{
    Matrix,
    reduce::{trustworthiness, tsne, umap},
};
use serde_json::{Value, json};

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

struct Points {
    numbers: Vec<f32>,
    dimensions: usize,
    classes: Vec<i64>,
}

impl Points {
    fn load(folder: &Folder) -> Outcome<Self> {
        let array = folder.array::<f32>("X")?;
        Ok(Points { dimensions: array.columns(), numbers: array.numbers, classes: folder.array::<i64>("y")?.numbers })
    }

    fn score(&self, embedding: &[[f32; 2]], divergence: Value) -> Outcome<Metrics> {
        let matrix = |numbers: &[f32], columns: usize| {
            Matrix::from_rows(numbers.chunks(columns).map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect())
        };
        let (data, picture) = (matrix(&self.numbers, self.dimensions)?, matrix(embedding.as_flattened(), 2)?);
        let trust = trustworthiness::measure(&data, &picture, 12).value;
        Ok(Metrics::from_iter([
            ("trustworthiness_k12".into(), json!(trust)),
            ("knn10_same_class".into(), json!(self.same_class(embedding))),
            ("kl".into(), divergence),
        ]))
    }

    /// The share of the ten nearest in the picture that are of the same class.
    fn same_class(&self, embedding: &[[f32; 2]]) -> f64 {
        let n = embedding.len();
        let alike = |i: usize| {
            let squared =
                |j: &usize| (embedding[i][0] - embedding[*j][0]).powi(2) + (embedding[i][1] - embedding[*j][1]).powi(2);
            let mut others: Vec<usize> = (0..n).filter(|j| *j != i).collect();
            others.select_nth_unstable_by(9, |a, b| squared(a).total_cmp(&squared(b)));
            others[..10].iter().filter(|j| self.classes[**j] == self.classes[i]).count()
        };
        (0..n).map(alike).sum::<usize>() as f64 / (10 * n) as f64
    }
}

/// t-SNE.
pub struct Tsne {
    points: Points,
    options: tsne::Options,
}

impl Workload for Tsne {
    const NAME: &'static str = "tsne";
    type Output = tsne::Embedded;

    fn load(folder: &Folder) -> Outcome<Self> {
        let points = Points::load(folder)?;
        let mut options = tsne::Options::new(points.classes.len());
        options.perplexity = folder.parameter("perplexity").as_f64().ok_or("no `perplexity`")?;
        options.iterations = folder.count("iterations")?;
        Ok(Tsne { points, options })
    }

    fn run(&self) -> Outcome<tsne::Embedded> {
        Ok(tsne::fit(&self.points.numbers, self.points.dimensions, &self.options))
    }

    fn score(&self, found: tsne::Embedded, _: Clock) -> Outcome<Metrics> {
        self.points.score(&found.points, json!(found.kl_divergence))
    }
}

/// UMAP, on the data of t-SNE.
pub struct Umap(Points);

impl Workload for Umap {
    const NAME: &'static str = "umap";
    const DATA: &'static str = Tsne::NAME;
    const LIBRARY: &'static str = "roundtable-umap";
    type Output = umap::Embedded;

    fn load(folder: &Folder) -> Outcome<Self> {
        Points::load(folder).map(Umap)
    }

    fn run(&self) -> Outcome<umap::Embedded> {
        Ok(umap::fit(&self.0.numbers, self.0.dimensions, &umap::Options::new(self.0.classes.len())))
    }

    fn score(&self, found: umap::Embedded, _: Clock) -> Outcome<Metrics> {
        self.0.score(&found.points, Value::Null)
    }
}

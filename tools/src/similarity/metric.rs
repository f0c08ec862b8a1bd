//! The measures of likeness between two vectors, each by its textbook formula. Two tools share them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    vectors::{dot2, scaled, vector_cosine::cosine},
};

/// A measure of likeness or of distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Metric {
    /// The cosine of the angle, from -1 to 1: looks at direction alone.
    CosineSimilarity,
    /// One minus the cosine, from 0 to 2.
    CosineDistance,
    /// The correlation of Pearson, from -1 to 1: the cosine after each vector's mean is taken off.
    CorrelationSimilarity,
    /// One minus the correlation, from 0 to 2.
    CorrelationDistance,
    /// The sum of products.
    Dot,
    /// The straight line between two points.
    Euclidean,
    /// Its square.
    SquaredEuclidean,
    /// The sum of the differences: city blocks.
    Manhattan,
    /// The largest difference.
    Chebyshev,
    /// The root of order `p` of the differences' powers.
    Minkowski,
    /// The differences, each relative to the size of its two values.
    Canberra,
    /// The differences relative to the sums: how two counts of species differ.
    BrayCurtis,
    /// The share of places that differ.
    Hamming,
    /// Of the places where either is not 0, the share where both are equal.
    JaccardSimilarity,
    /// One minus that.
    JaccardDistance,
    /// Of presence and absence: the places that only one has, relative to what both have.
    DiceDistance,
}

impl Metric {
    /// Whether more means more alike, and not further apart.
    pub fn is_similarity(self) -> bool {
        use Metric::{CorrelationSimilarity, CosineSimilarity, Dot, JaccardSimilarity};
        matches!(self, CosineSimilarity | CorrelationSimilarity | Dot | JaccardSimilarity)
    }

    /// The name as it is written in arguments.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// Measures two vectors of the same length. `p` is the order of the Minkowski distance.
///
/// # Errors
/// `undefined` where the formula divides by zero: the direction of a zero vector, the correlation of a constant one,
/// Bray-Curtis when all sums are zero.
pub fn measure(metric: Metric, a: &[f64], b: &[f64], p: f64) -> Result<f64, Error> {
    let pairs = || a.iter().copied().zip(b.iter().copied());
    let differences = || pairs().map(|(x, y)| (x - y).abs());
    Ok(match metric {
        Metric::CosineSimilarity => {
            directed(a, b)?;
            cosine(a, b)
        }
        Metric::CosineDistance => {
            directed(a, b)?;
            apart(a, b)
        }
        Metric::CorrelationSimilarity => {
            let (a, b) = varied(a, b)?;
            cosine(&a, &b)
        }
        Metric::CorrelationDistance => {
            let (a, b) = varied(a, b)?;
            apart(&a, &b)
        }
        Metric::Dot => dot2(a, b),
        Metric::Euclidean => norm(&differences().collect::<Vec<_>>(), 2.0),
        Metric::SquaredEuclidean => differences().map(|difference| difference * difference).sum(),
        Metric::Manhattan => differences().sum(),
        Metric::Chebyshev => differences().fold(0.0, f64::max),
        Metric::Minkowski => norm(&differences().collect::<Vec<_>>(), p),
        Metric::Canberra => {
            // Where both are 0 they are equal. Halves, so that the sum of two large values stays a number.
            let ratios = pairs().map(|(x, y)| {
                let size = x.abs() / 2.0 + y.abs() / 2.0;
                if size > 0.0 { (x / 2.0 - y / 2.0).abs() / size } else { 0.0 }
            });
            ratios.sum()
        }
        Metric::BrayCurtis => {
            let sums: f64 = pairs().map(|(x, y)| (x + y).abs()).sum();
            if sums == 0.0 {
                return Err(Error::undefined("/a", "all sums `a + b` are 0, and Bray-Curtis divides by them"));
            }
            differences().sum::<f64>() / sums
        }
        Metric::Hamming => pairs().filter(|(x, y)| x != y).count() as f64 / a.len() as f64,
        Metric::JaccardDistance => jaccard(a, b),
        Metric::JaccardSimilarity => 1.0 - jaccard(a, b),
        Metric::DiceDistance => {
            let both = pairs().filter(|(x, y)| *x != 0.0 && *y != 0.0).count() as f64;
            let one = pairs().filter(|(x, y)| (*x != 0.0) != (*y != 0.0)).count() as f64;
            if one == 0.0 { 0.0 } else { one / (2.0 * both + one) }
        }
    })
}

/// Neither may be all zeros.
fn directed(a: &[f64], b: &[f64]) -> Result<(), Error> {
    for (name, vector) in [("a", a), ("b", b)] {
        if vector.iter().all(|x| *x == 0.0) {
            return Err(Error::undefined(format!("/{name}"), format!("`{name}` is all zeros and has no direction")));
        }
    }
    Ok(())
}

/// Both without their means; neither may be constant.
fn varied(a: &[f64], b: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let centred = |name: &str, vector: &[f64]| {
        if vector.iter().all(|x| *x == vector[0]) {
            return Err(Error::undefined(format!("/{name}"), format!("`{name}` is constant and has no correlation")));
        }
        let (scaled, _) = scaled(vector);
        let mean = scaled.iter().sum::<f64>() / scaled.len() as f64;
        Ok(scaled.iter().map(|x| x - mean).collect::<Vec<_>>())
    };
    Ok((centred("a", a)?, centred("b", b)?))
}

/// One minus the cosine as half the squared distance of the unit vectors: for vectors that nearly agree, the cosine
/// itself has no digits left to subtract.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    let unit = |x: &[f64]| {
        let (x, _) = scaled(x);
        let length = dot2(&x, &x).sqrt();
        x.into_iter().map(|x| x / length).collect::<Vec<_>>()
    };
    let differences: Vec<f64> = unit(a).iter().zip(unit(b)).map(|(a, b)| a - b).collect();
    (dot2(&differences, &differences) / 2.0).min(2.0)
}

/// The root of order `p` of the sum of powers, relative to the largest so that no power leaves the range.
fn norm(values: &[f64], p: f64) -> f64 {
    let largest = values.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    if p == 2.0 {
        let (scaled, back) = scaled(values);
        return dot2(&scaled, &scaled).sqrt() * back;
    }
    values.iter().map(|x| (x / largest).powf(p)).sum::<f64>().powf(1.0 / p) * largest
}

fn jaccard(a: &[f64], b: &[f64]) -> f64 {
    let either = a.iter().zip(b).filter(|(x, y)| **x != 0.0 || **y != 0.0);
    let (all, different) =
        either.fold((0_usize, 0_usize), |(all, different), (x, y)| (all + 1, different + usize::from(x != y)));
    if all == 0 { 0.0 } else { different as f64 / all as f64 }
}

//! What "near" means, and how every meaning becomes a plain Euclidean distance, so that one index serves all.

pub(super) use super::knn_exact::Metric;
use crate::{algebra::dot, error::Error, value::Matrix, vectors::vector_euclidean::euclidean};

/// Base and queries as single-precision vectors whose Euclidean distances order the base as the metric does.
pub(super) struct Flat {
    pub(super) base: Vec<f32>,
    pub(super) queries: Vec<f32>,
    pub(super) dimensions: usize,
}

/// Coordinates of a query this far outside of the base make no difference any more, and their squares still fit.
const FAR: f64 = 1e12;

impl Metric {
    /// Brings base and queries into one Euclidean space.
    ///
    /// The cosine is that of vectors of length 1, whose squared distance is twice the cosine's difference from 1. For the
    /// inner product each vector of the base gets one coordinate more, such that all are equally long, and the queries a
    /// zero: Y. Bachrach et al., "Speeding up the Xbox recommender system using a Euclidean transformation for inner-product
    /// spaces", RecSys 2014.
    pub(super) fn flatten(self, base: &Matrix, queries: &Matrix) -> Result<Flat, Error> {
        if base.columns() != queries.columns() {
            let message = format!("a query has {} values, but a vector {}", queries.columns(), base.columns());
            return Err(Error::invalid("/queries", message).with_hint("use vectors of the same length"));
        }
        let d = base.columns();
        match self {
            Metric::L2 => {
                // Around the mean, in units of the largest coordinate: single precision has no digits to waste.
                let centre: Vec<f64> = mean(base);
                let reach =
                    base.iter().flat_map(|row| row.iter().zip(&centre)).fold(0.0_f64, |r, (x, c)| r.max((x - c).abs()));
                let unit = if reach > 0.0 { reach } else { 1.0 };
                let one = |x: f64, c: f64| (((x - c) / unit).clamp(-FAR, FAR)) as f32;
                let flat = |rows: &Matrix| {
                    rows.iter()
                        .flat_map(|row| row.iter().zip(&centre).map(|(x, c)| one(*x, *c)).collect::<Vec<_>>())
                        .collect()
                };
                Ok(Flat { base: flat(base), queries: flat(queries), dimensions: d })
            }
            Metric::Cosine => {
                let flat = |rows: &Matrix, path: &str| -> Result<Vec<f32>, Error> {
                    let mut flat = Vec::with_capacity(rows.rows() * d);
                    for (i, row) in rows.iter().enumerate() {
                        flat.extend(direction(row).ok_or_else(|| {
                            Error::undefined(format!("{path}/{i}"), "the vector is all zeros and has no direction")
                        })?);
                    }
                    Ok(flat)
                };
                Ok(Flat { base: flat(base, "/base")?, queries: flat(queries, "/queries")?, dimensions: d })
            }
            Metric::InnerProduct => {
                let reach = base.as_slice().iter().fold(0.0_f64, |reach, x| reach.max(x.abs()));
                let unit = if reach > 0.0 { reach } else { 1.0 };
                let squares: Vec<f64> = base.iter().map(|row| row.iter().map(|x| (x / unit).powi(2)).sum()).collect();
                let longest = squares.iter().fold(0.0_f64, |longest, square| longest.max(*square));
                let mut flat = Vec::with_capacity(base.rows() * (d + 1));
                for (row, square) in base.iter().zip(&squares) {
                    flat.extend(row.iter().map(|x| (x / unit) as f32));
                    flat.push((longest - square).max(0.0).sqrt() as f32);
                }
                // The length of a query changes no order; one of zeros finds everything equally good.
                let zeros = vec![0.0; d];
                let queries = queries.iter().flat_map(|row| {
                    let mut query = direction(row).unwrap_or_else(|| zeros.clone());
                    query.push(0.0);
                    query
                });
                Ok(Flat { base: flat, queries: queries.collect(), dimensions: d + 1 })
            }
        }
    }

    /// The exact value for a pair: a distance for L2, a similarity for the others.
    pub(super) fn exact(self, a: &[f64], b: &[f64]) -> f64 {
        match self {
            Metric::L2 => euclidean(a, b),
            Metric::Cosine => crate::vectors::vector_cosine::cosine(a, b),
            Metric::InnerProduct => dot(a, b),
        }
    }

    /// Sorts what was found, `k` rows for each query, by its exact values, nearest first and equals by row. Gives the rows,
    /// and the values as distances or as similarities.
    pub(super) fn ranked(self, base: &Matrix, queries: &Matrix, found: &[u32], k: usize) -> Result<Ranked, Error> {
        let far = |value: f64| if self == Metric::L2 { value } else { -value };
        let (mut ids, mut values) = (Vec::with_capacity(queries.rows()), Vec::with_capacity(queries.rows()));
        for (query, found) in queries.iter().zip(found.chunks_exact(k)) {
            let exact = |&row: &u32| (row as usize, self.exact(base.row(row as usize), query));
            let mut hits: Vec<(usize, f64)> = found.iter().map(exact).collect();
            if hits.iter().any(|(_, value)| !value.is_finite()) {
                let message = format!("a distance or product is beyond {:e}, the largest number", f64::MAX);
                return Err(Error::too_large("/base", message).with_hint("scale the vectors down"));
            }
            hits.sort_by(|a, b| far(a.1).total_cmp(&far(b.1)).then(a.0.cmp(&b.0)));
            let (rows, exact): (Vec<usize>, Vec<f64>) = hits.into_iter().unzip();
            ids.push(rows);
            values.push(exact);
        }
        Ok(if self == Metric::L2 { (ids, Some(values), None) } else { (ids, None, Some(values)) })
    }
}

/// Rows, and either distances or similarities.
pub(super) type Ranked = (Vec<Vec<usize>>, Option<Vec<Vec<f64>>>, Option<Vec<Vec<f64>>>);

fn mean(rows: &Matrix) -> Vec<f64> {
    let n = rows.rows() as f64;
    let mut mean = vec![0.0; rows.columns()];
    rows.iter().for_each(|row| mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n));
    mean
}

/// The vector at length 1, none if it is all zeros.
fn direction(row: &[f64]) -> Option<Vec<f32>> {
    let most = row.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if most == 0.0 {
        return None;
    }
    let length = row.iter().map(|x| (x / most).powi(2)).sum::<f64>().sqrt();
    Some(row.iter().map(|x| (x / most / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_space_orders_as_each_metric_does(
            rows in prop::collection::vec(prop::collection::vec(-9_i8..9, 3), 2..9), query in prop::collection::vec(-9_i8..9, 3),
        ) {
            let float = |row: &Vec<i8>| row.iter().map(|x| f64::from(*x) + 0.5).collect::<Vec<f64>>();
            let (base, query) = (Matrix::from_rows(rows.iter().map(float).collect()).unwrap(), float(&query));
            let queries = Matrix::from_rows(vec![query.clone()]).unwrap();
            for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
                let flat = metric.flatten(&base, &queries).unwrap();
                let apart = |i: usize| -> f32 { flat.base[i * flat.dimensions..].iter().zip(&flat.queries).map(|(a, b)| (a - b) * (a - b)).sum() };
                let near = |i: usize| metric.exact(base.row(i), &query) * if metric == Metric::L2 { -1.0 } else { 1.0 };
                for i in 1..base.rows() {
                    // Equal in one is nearly equal in the other.
                    if near(i) > near(0) + 1e-4 * (1.0 + near(0).abs()) {
                        prop_assert!(apart(i) < apart(0) + 1e-6);
                    }
                }
            }
        }
    }
}

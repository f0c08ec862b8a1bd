//! What an index of vectors is made from, and what a search in it finds.

use crate::{
    error::Error,
    kernel::{inside, prefetch, vectorized},
};

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The rows of the nearest points, `k` for each query, nearest first.
    pub ids: Vec<u32>,
    /// Their squared distances.
    pub squared_distances: Vec<f32>,
    /// How many distances were computed for all queries together, those to centres and codes included.
    pub computed: u64,
}

impl Found {
    /// Puts the results of the queries behind each other.
    pub(super) fn all(each: Vec<(Vec<(f32, u32)>, u64)>) -> Self {
        let mut all = Found::default();
        for (nearest, computed) in each {
            all.computed += computed;
            for (distance, id) in nearest {
                all.ids.push(id);
                all.squared_distances.push(distance);
            }
        }
        all
    }
}

/// Points in single precision, row after row.
pub(super) struct Points {
    pub(super) numbers: Vec<f32>,
    pub(super) dimensions: usize,
}

/// The most points and dimensions: their numbers and the squared distances of their codes fit 31 bits.
const LIMITS: (usize, usize) = (1 << 30, 16_384);

impl Points {
    /// Takes whole rows of finite numbers.
    pub(super) fn new(numbers: Vec<f32>, dimensions: usize) -> Result<Self, Error> {
        let (most, most_dimensions) = LIMITS;
        if dimensions == 0 || numbers.is_empty() || !numbers.len().is_multiple_of(dimensions) {
            return Err(Error::invalid("/base", format!("{} numbers are not rows of {dimensions}", numbers.len())));
        }
        if numbers.len() / dimensions > most || dimensions > most_dimensions {
            let message = format!("the limit is {most} points of {most_dimensions} dimensions");
            return Err(Error::too_large("/base", message));
        }
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            let path = format!("/base/{}", at / dimensions);
            return Err(Error::invalid(path, "a coordinate is not a finite number"));
        }
        Ok(Points { numbers, dimensions })
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len() / self.dimensions
    }

    #[inline(always)]
    pub(super) fn row(&self, i: u32) -> &[f32] {
        &self.numbers[i as usize * self.dimensions..][..self.dimensions]
    }

    /// The queries as rows, if a search for `k` of the points makes sense.
    pub(super) fn queries<'a>(&self, queries: &'a [f32], k: usize) -> Result<Vec<&'a [f32]>, Error> {
        if !queries.len().is_multiple_of(self.dimensions) {
            let message = format!("{} numbers are not rows of {}", queries.len(), self.dimensions);
            return Err(Error::invalid("/queries", message));
        }
        if k == 0 || k > self.len() {
            return Err(Error::invalid("/k", format!("`k` is {k}, but there are {} vectors", self.len()))
                .with_hint(format!("use `k` from 1 to {}", self.len())));
        }
        Ok(queries.chunks_exact(self.dimensions).collect())
    }

    /// The `k` nearest of some rows with their squared distances, nearest first.
    pub(super) fn nearest(&self, query: &[f32], rows: impl Iterator<Item = u32>, k: usize) -> Vec<(f32, u32)> {
        let mut all: Vec<(f32, u32)> = Vec::new();
        for row in rows {
            let start = row as usize * self.dimensions;
            (0..self.dimensions.min(128)).step_by(16).for_each(|at| prefetch(&self.numbers, start + at));
            all.push((0.0, row));
        }
        vectorized(
            #[inline(always)]
            || {
                for (distance, row) in &mut all {
                    *distance = inside::squared_distance(query, self.row(*row));
                }
            },
        );
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        all
    }
}

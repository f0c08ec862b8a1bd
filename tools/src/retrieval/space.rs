//! The vectors of an index, and the distances between them as whole numbers that sort as the distances do.

use crate::kernel::{inside, prefetch};

/// Vectors by number, with squared distances as 32 bits: larger means further.
pub(super) trait Space: Sync {
    /// A vector made ready to be compared with many.
    type Query: Sync;

    /// Makes a vector of the space ready.
    fn query_of(&self, id: u32) -> Self::Query;
    /// How far a query is from a vector.
    fn distance(&self, query: &Self::Query, id: u32) -> u32;
    /// How far two vectors are apart.
    fn between(&self, a: u32, b: u32) -> u32;
    /// Asks for a vector that will soon be needed.
    fn prefetch(&self, id: u32);
    /// Brings the vectors into another order: place `i` holds what was at `order[i]`.
    fn reorder(&mut self, order: &[u32]);
}

/// Single precision, padded with zeros to whole blocks.
pub(super) struct Floats {
    numbers: Vec<f32>,
    stride: usize,
}

impl Floats {
    pub(super) fn new(points: &[f32], dimensions: usize, order: &[u32]) -> Self {
        let stride = dimensions.next_multiple_of(8);
        let mut numbers = vec![0.0; order.len() * stride];
        for (to, &from) in numbers.chunks_exact_mut(stride).zip(order) {
            to[..dimensions].copy_from_slice(&points[from as usize * dimensions..][..dimensions]);
        }
        Floats { numbers, stride }
    }

    /// A query from outside.
    pub(super) fn query(&self, vector: &[f32]) -> Vec<f32> {
        let mut query = vec![0.0; self.stride];
        query[..vector.len()].copy_from_slice(vector);
        query
    }

    #[inline(always)]
    fn at(&self, id: u32) -> &[f32] {
        &self.numbers[id as usize * self.stride..][..self.stride]
    }
}

impl Space for Floats {
    type Query = Vec<f32>;

    #[inline(always)]
    fn query_of(&self, id: u32) -> Vec<f32> {
        self.at(id).to_vec()
    }

    #[inline(always)]
    fn distance(&self, query: &Vec<f32>, id: u32) -> u32 {
        // The bits of a float that is not negative sort as the float does.
        inside::squared_distance(&query[..self.stride], self.at(id)).to_bits()
    }

    #[inline(always)]
    fn between(&self, a: u32, b: u32) -> u32 {
        inside::squared_distance(self.at(a), self.at(b)).to_bits()
    }

    #[inline(always)]
    fn prefetch(&self, id: u32) {
        let start = id as usize * self.stride;
        (0..self.stride.min(128)).step_by(16).for_each(|at| prefetch(&self.numbers, start + at));
    }

    fn reorder(&mut self, order: &[u32]) {
        reorder(&mut self.numbers, self.stride, order);
    }
}

/// One byte a coordinate: where it lies between the smallest and the largest of its column, in steps that are the same
/// for all columns. A quarter of the memory, so four times as many vectors stay in the caches.
pub(super) struct Codes {
    bytes: Vec<u8>,
    stride: usize,
    low: Vec<f32>,
    /// Steps a unit.
    scale: f32,
}

/// Codes are padded to whole blocks of this many.
const BLOCK: usize = 64;

impl Codes {
    pub(super) fn new(points: &[f32], dimensions: usize, order: &[u32]) -> Self {
        let (mut low, mut high) = (vec![f32::INFINITY; dimensions], vec![f32::NEG_INFINITY; dimensions]);
        for point in points.chunks_exact(dimensions) {
            for ((low, high), x) in low.iter_mut().zip(&mut high).zip(point) {
                (*low, *high) = (low.min(*x), high.max(*x));
            }
        }
        let widest = low.iter().zip(&high).fold(0.0_f32, |widest, (low, high)| widest.max(high - low));
        let scale = if widest > 0.0 { 255.0 / widest } else { 0.0 };
        // The columns' own middles lie in the middle of the codes.
        for (low, high) in low.iter_mut().zip(&high) {
            *low = 0.5 * (*low + high) - 0.5 * widest;
        }
        let stride = dimensions.next_multiple_of(BLOCK);
        let mut codes = Codes { bytes: vec![0; order.len() * stride], stride, low, scale };
        for (i, &from) in order.iter().enumerate() {
            let point = &points[from as usize * dimensions..][..dimensions];
            for (j, x) in point.iter().enumerate() {
                codes.bytes[i * stride + j] = codes.code(*x, j);
            }
        }
        codes
    }

    #[inline(always)]
    fn code(&self, x: f32, column: usize) -> u8 {
        ((x - self.low[column]) * self.scale).round().clamp(0.0, 255.0) as u8
    }

    /// A query from outside.
    pub(super) fn query(&self, vector: &[f32]) -> Vec<i16> {
        let mut query = vec![0; self.stride];
        for (j, (code, x)) in query.iter_mut().zip(vector).enumerate() {
            *code = i16::from(self.code(*x, j));
        }
        query
    }

    #[inline(always)]
    fn at(&self, id: u32) -> &[u8] {
        &self.bytes[id as usize * self.stride..][..self.stride]
    }
}

impl Space for Codes {
    type Query = Vec<i16>;

    #[inline(always)]
    fn query_of(&self, id: u32) -> Vec<i16> {
        self.at(id).iter().map(|code| i16::from(*code)).collect()
    }

    #[inline(always)]
    fn distance(&self, query: &Vec<i16>, id: u32) -> u32 {
        let pairs = query.iter().zip(self.at(id));
        squares(pairs.map(
            #[inline(always)]
            |(query, code)| query.wrapping_sub(i16::from(*code)),
        ))
    }

    #[inline(always)]
    fn between(&self, a: u32, b: u32) -> u32 {
        let pairs = self.at(a).iter().zip(self.at(b));
        squares(pairs.map(
            #[inline(always)]
            |(a, b)| i16::from(*a).wrapping_sub(i16::from(*b)),
        ))
    }

    #[inline(always)]
    fn prefetch(&self, id: u32) {
        let start = id as usize * self.stride;
        (0..self.stride.min(512)).step_by(64).for_each(|at| prefetch(&self.bytes, start + at));
    }

    fn reorder(&mut self, order: &[u32]) {
        reorder(&mut self.bytes, self.stride, order);
    }
}

/// The sum of the squares of differences from -255 to 255: one multiply-add for every pair of them, as the compiler sees.
/// With at most 16,384 dimensions the sum stays below 2^31.
#[inline(always)]
fn squares(apart: impl Iterator<Item = i16>) -> u32 {
    let mut sum = 0_i32;
    for apart in apart {
        sum = sum.wrapping_add(i32::from(apart) * i32::from(apart));
    }
    sum.cast_unsigned()
}

/// Permutes rows in their place, cycle by cycle: row `i` becomes what row `order[i]` was.
fn reorder<T: Copy>(rows: &mut [T], stride: usize, order: &[u32]) {
    let mut done = vec![false; order.len()];
    let mut first = Vec::with_capacity(stride);
    for start in 0..order.len() {
        if std::mem::replace(&mut done[start], true) {
            continue;
        }
        first.clear();
        first.extend_from_slice(&rows[start * stride..][..stride]);
        let mut to = start;
        loop {
            let from = order[to] as usize;
            if std::mem::replace(&mut done[from], true) {
                rows[to * stride..][..stride].copy_from_slice(&first);
                break;
            }
            rows.copy_within(from * stride..(from + 1) * stride, to * stride);
            to = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_into_any_order() {
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 1, 4, 3], [1, 2, 3, 4, 0]] {
            let mut rows: Vec<u32> = (0..10).collect();
            reorder(&mut rows, 2, &order);
            let expected: Vec<u32> = order.iter().flat_map(|row| [2 * row, 2 * row + 1]).collect();
            assert_eq!(rows, expected, "{order:?}");
        }
    }
}

//! Hierarchical navigable small world graphs: an index that is built once and then finds nearest neighbours by walking.
//!
//! Every vector is a node that is linked to vectors near it, in several directions. A walk from any node that always goes
//! on from the nearest known one arrives among the nearest neighbours of a query after a number of steps that grows with
//! the logarithm of how many vectors there are. Upper layers hold fewer and fewer of the nodes and bring the walk into the
//! right region first. `ef`, how many of the nearest nodes the walk keeps in mind, trades speed for recall.
//!
//! Four things make it fast. *Codes* of one byte a coordinate are walked on instead of floats; the best are then compared
//! exactly. Neighbours' vectors are *asked for* before they are needed. Nodes are *numbered* in the order in which a walk
//! meets them, so that neighbours lie close in memory. And lists of neighbours are *thinned out* rarely.
//!
//! Cost: O(n log n · ef · M · d) to build, O(log n · ef · M · d) a query; memory n (d + 8 M) bytes and the floats.
//! References: Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical
//! navigable small world graphs", IEEE TPAMI 42(4), 2020, arXiv:1603.09320; J. Coleman et al., "Graph reordering for
//! cache-efficient near neighbor search", NeurIPS 2022.

mod build;
mod walk;

use rayon::prelude::*;

use super::{
    found::{Found, Points},
    space::{Codes, Floats, Space},
};
use crate::{error::Error, kernel::vectorized, pool, random::Random, value::Seed};
use walk::{END, Links, Walk};

/// How an index is built.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many links a new node makes, 2 to 128; twice as many are kept on the lowest layer.
    pub m: usize,
    /// How many nodes a walk keeps in mind while building, at least 1.
    pub ef_construction: usize,
    /// Whether to walk on codes of one byte a coordinate instead of floats.
    pub codes: bool,
    /// Where the random sequence starts.
    pub seed: Seed,
}

impl Default for Options {
    fn default() -> Self {
        Options { m: 16, ef_construction: 200, codes: true, seed: Seed::default() }
    }
}

/// An index of vectors, for Euclidean distances.
///
/// ```
/// use roundtable_tools::retrieval::hnsw::{Index, Options};
///
/// // Ten points on a line, in one dimension.
/// let points: Vec<f32> = (0..10).map(|i| i as f32).collect();
/// let index = Index::build(points, 1, &Options::default())?;
/// let found = index.search(&[3.2, 7.9], 2, 10)?;
/// assert_eq!(found.ids, [3, 4, 8, 7]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
pub struct Index {
    points: Points,
    /// The row of the points that each node stands for.
    rows: Vec<u32>,
    store: Store,
    ground: Ground,
    upper: Vec<Upper>,
}

enum Store {
    Floats(Floats),
    Codes(Codes),
}

/// The lowest layer, as it is searched: lists of fixed length, short ones filled up with [`END`].
struct Ground {
    links: Vec<u32>,
    most: usize,
}

impl Links for Ground {
    #[inline(always)]
    fn nodes(&self) -> usize {
        self.links.len() / self.most
    }

    #[inline(always)]
    fn of(&self, node: u32) -> &[u32] {
        &self.links[node as usize * self.most..][..self.most]
    }

    #[inline(always)]
    fn prefetch(&self, node: u32) {
        let start = node as usize * self.most;
        (0..self.most).step_by(16).for_each(|at| crate::kernel::prefetch(&self.links, start + at));
    }

    #[inline(always)]
    fn vector(&self, node: u32) -> u32 {
        node
    }
}

/// An upper layer: its nodes are numbered by themselves.
struct Upper {
    starts: Vec<u32>,
    links: Vec<u32>,
    /// The number of each of its nodes on the lowest layer.
    vectors: Vec<u32>,
}

impl Links for Upper {
    #[inline(always)]
    fn nodes(&self) -> usize {
        self.vectors.len()
    }

    #[inline(always)]
    fn of(&self, node: u32) -> &[u32] {
        &self.links[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    #[inline(always)]
    fn prefetch(&self, _: u32) {}

    #[inline(always)]
    fn vector(&self, node: u32) -> u32 {
        self.vectors[node as usize]
    }
}

impl Index {
    /// Builds an index of points, row after row.
    ///
    /// # Errors
    /// `invalid_arguments` when there are no points, not whole rows of them, a coordinate is not finite, or an option is out
    /// of its range; `too_large` beyond 2^30 points or 16,384 dimensions.
    pub fn build(points: Vec<f32>, dimensions: usize, options: &Options) -> Result<Self, Error> {
        let points = Points::new(points, dimensions)?;
        check(options)?;
        let (order, levels) = levels(points.len(), options);
        if options.codes {
            let codes = Codes::new(&points.numbers, dimensions, &order);
            let (rows, ground, upper, codes) = grow(codes, &order, &levels, options);
            Ok(Index { points, rows, store: Store::Codes(codes), ground, upper })
        } else {
            let floats = Floats::new(&points.numbers, dimensions, &order);
            let (rows, ground, upper, floats) = grow(floats, &order, &levels, options);
            Ok(Index { points, rows, store: Store::Floats(floats), ground, upper })
        }
    }

    /// How many points it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none, which cannot be.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many layers it has.
    pub fn layers(&self) -> usize {
        1 + self.upper.len()
    }

    /// Finds the `k` nearest points of each query, the queries row after row. Walks keep `ef` nodes in mind, at least `k`.
    ///
    /// # Errors
    /// `invalid_arguments` when the queries are not whole rows, or `k` is 0 or more than there are points.
    pub fn search(&self, queries: &[f32], k: usize, ef: usize) -> Result<Found, Error> {
        let rows = self.points.queries(queries, k)?;
        let ef = ef.max(k);
        let one = |walk: &mut Walk, query: &&[f32]| {
            let nearest = match &self.store {
                Store::Floats(floats) => self.nearest(floats, &floats.query(query), query, walk, k, ef),
                Store::Codes(codes) => self.nearest(codes, &codes.query(query), query, walk, k, ef),
            };
            (nearest, std::mem::take(&mut walk.computed))
        };
        let found: Vec<(Vec<(f32, u32)>, u64)> = rows.par_iter().with_min_len(8).map_init(Walk::default, one).collect();
        Ok(Found::all(found))
    }

    /// The `k` nearest points with their squared distances.
    fn nearest<S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        exact: &[f32],
        walk: &mut Walk,
        k: usize,
        ef: usize,
    ) -> Vec<(f32, u32)> {
        vectorized(
            #[inline(always)]
            || {
                let start = self.upper.iter().rev().fold(0, |start, layer| walk.descend(space, layer, query, start));
                let start = self.upper.first().map_or(start, |layer| layer.vector(start));
                walk.search(space, &self.ground, query, &[start], ef);
            },
        );
        // Codes may confuse close neighbours, so that some more than `k` are compared exactly.
        let several = walk.nearest.iter().take(2 * k + 8).map(|near| self.rows[near.node() as usize]);
        let mut nearest = self.points.nearest(exact, several, k);
        if nearest.len() < k {
            // The walk came to an end in a part without a way out. That is rare, so be it slow.
            nearest = self.points.nearest(exact, 0..self.len() as u32, k);
            walk.computed += self.len() as u64;
        }
        nearest
    }
}

fn check(options: &Options) -> Result<(), Error> {
    if !(2..=128).contains(&options.m) {
        return Err(Error::invalid("/M", format!("`M` is {}", options.m)).with_hint("use 2 to 128, usually 16"));
    }
    if options.ef_construction == 0 {
        return Err(
            Error::invalid("/ef_construction", "`ef_construction` is 0").with_hint("use 1 or more, usually 200")
        );
    }
    Ok(())
}

/// The order in which the points come into the graph, and their levels: those of the highest level first, and otherwise by
/// chance. A level is exponentially rarer than the one below it (section 4.1 of the paper).
fn levels(n: usize, options: &Options) -> (Vec<u32>, Vec<u8>) {
    let mut random = Random::new(options.seed);
    let rate = 1.0 / (options.m as f64).ln();
    let mut drawn: Vec<(u8, u64, u32)> = (0..n as u32)
        .map(|row| {
            let level = (-(1.0 - random.uniform()).ln() * rate) as u8;
            (level.min(15), random.bits(), row)
        })
        .collect();
    drawn.sort_unstable_by_key(|(level, chance, row)| (std::cmp::Reverse(*level), *chance, *row));
    drawn.into_iter().map(|(level, _, row)| (row, level)).unzip()
}

/// Builds the layers and brings them into the form in which they are searched.
fn grow<S: Space>(mut space: S, order: &[u32], levels: &[u8], options: &Options) -> (Vec<u32>, Ground, Vec<Upper>, S) {
    let layers = pool::enter(|| build::layers(&space, levels, options.m, options.ef_construction));
    let walked = breadth_first(&layers[0]);
    let mut place = vec![0_u32; walked.len()];
    walked.iter().enumerate().for_each(|(i, &node)| place[node as usize] = i as u32);
    let upper = layers[1..].iter().map(|layer| {
        let (mut starts, mut links) = (vec![0], Vec::new());
        for node in 0..layer.nodes() as u32 {
            links.extend_from_slice(layer.of(node));
            starts.push(links.len() as u32);
        }
        Upper { starts, links, vectors: place[..layer.nodes()].to_vec() }
    });
    let upper = upper.collect();
    let most = layers[0].most();
    let mut links = vec![END; walked.len() * most];
    for (list, &node) in links.chunks_exact_mut(most).zip(&walked) {
        list.iter_mut().zip(layers[0].of(node)).for_each(|(link, &to)| *link = place[to as usize]);
    }
    let rows = walked.iter().map(|&node| order[node as usize]).collect();
    space.reorder(&walked);
    (rows, Ground { links, most }, upper, space)
}

/// All nodes in the order in which a walk along all links meets them, from node 0 on; the rest after them.
fn breadth_first(layer: &impl Links) -> Vec<u32> {
    let n = layer.nodes();
    let (mut order, mut seen) = (Vec::with_capacity(n), vec![false; n]);
    for root in 0..n as u32 {
        if std::mem::replace(&mut seen[root as usize], true) {
            continue;
        }
        let mut at = order.len();
        order.push(root);
        while let Some(&node) = order.get(at) {
            at += 1;
            for &next in layer.of(node) {
                if !std::mem::replace(&mut seen[next as usize], true) {
                    order.push(next);
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests;

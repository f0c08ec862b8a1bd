//! Growing one tree with every threshold considered.
//!
//! The plain way sorts the rows of a node by each column and tries each cut between two values. Sorting once is enough:
//! a node keeps, for every column, its rows in the order of that column, and a split divides each of these lists without
//! disturbing the order (M. Mehta, R. Agrawal, J. Rissanen, "SLIQ: a fast scalable classifier for data mining", EDBT 1996).
//! A level of the tree then costs O(rows · columns), without a logarithm.
//!
//! All sums are whole numbers, so the order in which rows are added cannot change a split: shuffled rows give the same
//! tree, and so does any number of threads.

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    columns::{Entry, Sorted, between},
    cuts::largest,
    measure::Measure,
    tree::{LEAF, Node, Tree},
};
use crate::{kernel::vectorized, pool};

/// When a node stays a leaf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) depth: usize,
    /// Fewer rows are not split.
    pub(crate) split: usize,
    /// Each side of a split has at least as many rows.
    pub(crate) leaf: usize,
}

/// A tree and what is known of its nodes.
pub(crate) struct Grown {
    pub(crate) tree: Tree,
    /// The rows of each node.
    pub(crate) sizes: Vec<usize>,
    /// The impurity of each node.
    pub(crate) impurities: Vec<f64>,
}

/// From this many values on, the columns of a node are shared out among threads.
const SHARED: usize = 1 << 16;

/// Grows a tree on sorted columns, which it uses up.
pub(crate) fn grow<E: Entry, M: Measure>(sorted: Sorted<E>, measure: &M, limits: Limits) -> Grown {
    let columns = sorted.values.len();
    let rows = sorted.entries.len() / columns;
    let goes_left = vec![false; rows];
    let mut grower =
        Grower { sorted, rows, measure, limits, goes_left, inverse: Vec::new(), scratch: Scratch::default() };
    let tree = Tree { outputs: measure.outputs(), ..Tree::default() };
    let mut grown = Grown { tree, sizes: Vec::new(), impurities: Vec::new() };
    let root = grown.reserve(1);
    let varied = (0..columns as u32).collect();
    let mut waiting = vec![Waiting { node: root, start: 0, end: rows, depth: 0, varied }];
    while let Some(next) = waiting.pop() {
        pool::give_way();
        grower.visit(next, &mut grown, &mut waiting);
    }
    grown
}

/// A node that is still to be looked at.
struct Waiting {
    node: usize,
    /// Where its rows lie in the list of each column.
    start: usize,
    end: usize,
    depth: usize,
    /// The columns that had more than one value in the parent: the others never will again.
    varied: Arc<[u32]>,
}

/// The best cut of one column: its `left` smallest rows against the rest.
#[derive(Clone, Copy)]
struct Cut {
    score: f64,
    column: u32,
    left: usize,
}

/// Memory that one thread uses again and again.
#[derive(Default)]
struct Scratch<E> {
    scores: Vec<f64>,
    entries: Vec<E>,
}

struct Grower<'a, E, M> {
    sorted: Sorted<E>,
    rows: usize,
    measure: &'a M,
    limits: Limits,
    /// By row, for the split at hand.
    goes_left: Vec<bool>,
    /// For the node at hand, `1 / (k (n - k))` for a cut behind its `k`-th row.
    inverse: Vec<f64>,
    scratch: Scratch<E>,
}

impl<E: Entry, M: Measure> Grower<'_, E, M> {
    fn list(&self, node: &Waiting, column: u32) -> &[E] {
        let at = column as usize * self.rows;
        &self.sorted.entries[at + node.start..at + node.end]
    }

    fn visit(&mut self, mut node: Waiting, grown: &mut Grown, waiting: &mut Vec<Waiting>) {
        let size = node.end - node.start;
        let limits = self.limits;
        let total = self.measure.total(self.list(&node, node.varied[0]));
        grown.sizes[node.node] = size;
        grown.impurities[node.node] = self.measure.impurity(&total);
        let may_split = node.depth < limits.depth && size >= limits.split.max(2) && size / 2 >= limits.leaf;
        let cut = if may_split && !self.measure.is_pure(&total) { self.best(&mut node, &total) } else { None };
        let Some(cut) = cut else {
            let next = grown.tree.leaves.len() / self.measure.outputs();
            grown.tree.nodes[node.node] = Node { threshold: 0.0, feature: LEAF, next: next as u32 };
            self.measure.value(&total, &mut grown.tree.leaves);
            return;
        };
        let list = self.list(&node, cut.column);
        let (low, high) = (list[cut.left - 1].code(), list[cut.left].code());
        let values = &self.sorted.values[cut.column as usize];
        let threshold = between(values[low as usize], values[high as usize]);
        let next = grown.reserve(2);
        grown.tree.nodes[node.node] = Node { threshold, feature: cut.column, next: next as u32 };
        self.divide(&node, cut);
        let (middle, depth) = (node.start + cut.left, node.depth + 1);
        let varied = Arc::clone(&node.varied);
        waiting.push(Waiting { node: next + 1, start: middle, end: node.end, depth, varied });
        waiting.push(Waiting { node: next, start: node.start, end: middle, depth, varied: node.varied });
    }

    /// The best cut of all columns; of equal ones the first of the first column.
    fn best(&mut self, node: &mut Waiting, total: &M::Total) -> Option<Cut> {
        let varies = |j: &u32| {
            let list = self.list(node, *j);
            list[0].code() != list[list.len() - 1].code()
        };
        if !node.varied.iter().all(varies) {
            node.varied = node.varied.iter().copied().filter(varies).collect();
        }
        let size = node.end - node.start;
        reciprocals(size, &mut self.inverse);
        let mut scratch = std::mem::take(&mut self.scratch);
        let cut = |scratch: &mut Scratch<E>, j: u32| self.best_of(self.list(node, j), total, j, scratch);
        let better = |best: Option<Cut>, cut: Cut| match best {
            Some(best) if best.score >= cut.score => Some(best),
            _ => Some(cut),
        };
        let best = if size * node.varied.len() >= SHARED {
            let cuts = node.varied.par_iter().map_init(Scratch::default, |scratch, &j| cut(scratch, j));
            cuts.collect::<Vec<_>>().into_iter().flatten().fold(None, better)
        } else {
            node.varied.iter().filter_map(|&j| cut(&mut scratch, j)).fold(None, better)
        };
        self.scratch = scratch;
        best
    }

    /// The best cut of one column, if its values and the least size of a leaf allow any.
    fn best_of(&self, list: &[E], total: &M::Total, column: u32, scratch: &mut Scratch<E>) -> Option<Cut> {
        let cuts = list.len() - 1;
        if scratch.scores.len() < cuts {
            scratch.scores.resize(cuts, 0.0);
        }
        let leaf = self.limits.leaf.max(1);
        let allowed = leaf - 1..list.len() - leaf;
        let scores = &mut scratch.scores[..cuts];
        let best = vectorized(
            #[inline(always)]
            || {
                self.measure.scores(total, list, &self.inverse[..cuts], scores);
                for (score, pair) in scores.iter_mut().zip(list.windows(2)) {
                    // No cut between equal values.
                    *score = if pair[0].code() == pair[1].code() { f64::NEG_INFINITY } else { *score };
                }
                largest::<f64, 8>(&scores[allowed.clone()], f64::NEG_INFINITY)
            },
        );
        if best == f64::NEG_INFINITY {
            return None;
        }
        let scores = &scores[allowed];
        let at = scores.iter().position(|score| *score == best)?;
        Some(Cut { score: best, column, left: at + leaf })
    }

    /// Puts the rows left of the cut before the others in the list of every column that still counts.
    fn divide(&mut self, node: &Waiting, cut: Cut) {
        let at = cut.column as usize * self.rows + node.start;
        let size = node.end - node.start;
        for (i, entry) in self.sorted.entries[at..at + size].iter().enumerate() {
            self.goes_left[entry.row()] = i < cut.left;
        }
        let (range, goes_left) = (node.start..node.end, &self.goes_left);
        let concerns = |j: usize| j != cut.column as usize && node.varied.contains(&(j as u32));
        if size * node.varied.len() >= SHARED {
            let lists = self.sorted.entries.par_chunks_mut(self.rows).enumerate().filter(|(j, _)| concerns(*j));
            lists.for_each_init(Vec::new, |spare, (_, list)| divide(&mut list[range.clone()], goes_left, spare));
        } else {
            for &j in node.varied.iter().filter(|&&j| j != cut.column) {
                let at = j as usize * self.rows;
                let list = &mut self.sorted.entries[at + node.start..at + node.end];
                divide(list, goes_left, &mut self.scratch.entries);
            }
        }
    }
}

impl Grown {
    /// Room for nodes that are known later; the number of the first.
    fn reserve(&mut self, nodes: usize) -> usize {
        let first = self.sizes.len();
        let leaf = Node { threshold: 0.0, feature: LEAF, next: 0 };
        self.tree.nodes.resize(first + nodes, leaf);
        self.sizes.resize(first + nodes, 0);
        self.impurities.resize(first + nodes, 0.0);
        first
    }
}

fn reciprocals(size: usize, inverse: &mut Vec<f64>) {
    inverse.clear();
    inverse.extend((1..size).map(|k| 1.0 / (k as f64 * (size - k) as f64)));
}

/// Stable: both parts keep their order.
fn divide<E: Entry>(list: &mut [E], goes_left: &[bool], spare: &mut Vec<E>) {
    if spare.len() < list.len() {
        spare.resize(list.len(), E::default());
    }
    let (mut left, mut right) = (0, 0);
    for i in 0..list.len() {
        let entry = list[i];
        let goes = goes_left[entry.row()];
        // Written to both places, counted in one: no branch to guess.
        list[left] = entry;
        spare[right] = entry;
        left += usize::from(goes);
        right += usize::from(!goes);
    }
    list[left..].copy_from_slice(&spare[..right]);
}

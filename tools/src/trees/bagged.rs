//! Growing one tree of a forest: on rows drawn with replacement, on binned columns, a few columns drawn at each node.
//!
//! A node needs, for each column drawn, the sums of its rows by bin. For many rows they are added up in a histogram of all
//! bins; for few rows a mask remembers which bins were touched, so that neither clearing nor reading costs more than the
//! rows do. Large nodes read the bins of a column side by side; small ones, whose rows lie far apart in a column, read
//! those of a row side by side, and all of them fit into the first-level cache while the tree below the node grows.

use super::{
    columns::{Binned, between},
    forest_objective::{Drawn, Objective, Scratch},
    tree::{LEAF, Node, Tree},
};
use crate::{random::Random, value::Seed};

/// How the trees of a forest grow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    pub(crate) depth: usize,
    /// Each side of a split has at least as many draws.
    pub(crate) leaf: usize,
    /// How many columns are drawn at each node.
    pub(crate) features: usize,
    /// Whether each tree has rows of its own, drawn with replacement.
    pub(crate) bootstrap: bool,
}

/// A tree of a forest.
#[derive(Debug, Clone)]
pub(crate) struct Bagged {
    pub(crate) tree: Tree,
    /// How much impurity each column took away, times the rows.
    pub(crate) falls: Vec<f64>,
    /// Bit `i` says that row `i` was drawn.
    pub(crate) drawn: Vec<u64>,
}

/// Random numbers below small limits, two from each 64 bits; the bias of a few in 2^32 does not matter here.
struct Dice {
    random: Random,
    spare: Option<u32>,
}

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        let bits = self.spare.take().unwrap_or_else(|| {
            let bits = self.random.bits();
            self.spare = Some((bits >> 32) as u32);
            bits as u32
        });
        ((u64::from(bits) * n as u64) >> 32) as usize
    }
}

/// Up to this many rows, a node reads rows and not columns.
const FEW: usize = 4096;

/// A binned table, column after column and row after row.
pub(crate) struct Table<'a> {
    binned: &'a Binned,
    by_row: Vec<u8>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(binned: &'a Binned) -> Self {
        Table { by_row: binned.by_row(), binned }
    }

    /// The bins of a column for a node of so many rows: those of the table's rows are `stride` apart.
    fn codes(&self, column: usize, rows: usize) -> (&[u8], usize) {
        if rows <= FEW { (&self.by_row[column..], self.binned.columns) } else { (self.binned.column(column), 1) }
    }
}

/// Grows the tree that belongs to a seed.
pub(crate) fn grow<O: Objective>(table: &Table<'_>, objective: &O, growth: Growth, seed: u64) -> Bagged {
    let mut dice = Dice { random: Random::new(Seed::from(seed)), spare: None };
    let n = table.binned.rows;
    let mut weights = vec![u32::from(!growth.bootstrap); n];
    if growth.bootstrap {
        (0..n).for_each(|_| weights[dice.below(n)] += 1);
    }
    let mut drawn = vec![0_u64; n.div_ceil(64)];
    let mut rows = Vec::with_capacity(n);
    let mut items = Vec::with_capacity(n);
    for (row, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
        drawn[row / 64] |= 1 << (row % 64);
        rows.push(row as u32);
        items.push(objective.item(row, weight));
    }
    let (spare_rows, spare_items) = (rows.clone(), items.clone());
    let bagged = Bagged {
        tree: Tree { outputs: objective.outputs(), ..Tree::default() },
        falls: vec![0.0; table.binned.columns],
        drawn,
    };
    let order = (0..table.binned.columns).collect();
    let mut grower = Grower {
        table,
        objective,
        growth,
        dice,
        rows,
        items,
        spare_rows,
        spare_items,
        order,
        bagged,
        scratch: Scratch::default(),
    };
    grower.bagged.tree.nodes.push(UNKNOWN);
    let mut waiting = vec![Waiting { node: 0, start: 0, end: grower.rows.len(), depth: 0 }];
    while let Some(node) = waiting.pop() {
        grower.visit(&node, &mut waiting);
    }
    grower.bagged
}

const UNKNOWN: Node = Node { threshold: 0.0, feature: LEAF, next: 0 };

struct Waiting {
    node: usize,
    start: usize,
    end: usize,
    depth: usize,
}

struct Grower<'a, O: Objective> {
    table: &'a Table<'a>,
    objective: &'a O,
    growth: Growth,
    dice: Dice,
    /// The rows drawn, those of a node side by side, and what they add to a sum.
    rows: Vec<u32>,
    items: Vec<O::Item>,
    spare_rows: Vec<u32>,
    spare_items: Vec<O::Item>,
    /// The columns, in the order of the last draw.
    order: Vec<usize>,
    bagged: Bagged,
    scratch: Scratch<O::Item>,
}

impl<O: Objective> Grower<'_, O> {
    fn visit(&mut self, node: &Waiting, waiting: &mut Vec<Waiting>) {
        let range = node.start..node.end;
        let total = self.objective.total(&self.rows[range.clone()], &self.items[range]);
        let may_split = node.depth < self.growth.depth && !self.objective.is_pure(&total);
        let best = if may_split { self.best(node, &total) } else { None };
        let tree = &mut self.bagged.tree;
        let Some((column, cut)) = best else {
            let leaf = tree.leaves.len() / tree.outputs;
            tree.nodes[node.node] = Node { next: leaf as u32, ..UNKNOWN };
            self.objective.value(&total, &mut tree.leaves);
            return;
        };
        let edges = &self.table.binned.edges[column];
        // Halfway over the bins that no row of this node is in.
        let threshold = between(edges[cut.low], edges[cut.high - 1]);
        let next = tree.nodes.len();
        tree.nodes[node.node] = Node { threshold, feature: column as u32, next: next as u32 };
        tree.nodes.extend([UNKNOWN; 2]);
        self.bagged.falls[column] += cut.fall;
        let middle = node.start + self.divide(node, column, cut.low as u8);
        let depth = node.depth + 1;
        waiting.push(Waiting { node: next + 1, start: middle, end: node.end, depth });
        waiting.push(Waiting { node: next, start: node.start, end: middle, depth });
    }

    /// Draws columns until enough were looked at and one of them varied; of equal cuts the first one found.
    fn best(&mut self, node: &Waiting, total: &O::Total) -> Option<(usize, Cut)> {
        let range = node.start..node.end;
        let mut best: Option<(usize, Cut)> = None;
        let (mut looked, mut varied) = (0, false);
        while looked < self.order.len() && (looked < self.growth.features || !varied) {
            let drawn = looked + self.dice.below(self.order.len() - looked);
            self.order.swap(looked, drawn);
            let column = self.order[looked];
            looked += 1;
            let (codes, stride) = self.table.codes(column, range.len());
            let drawn = Drawn {
                codes,
                stride,
                bins: self.table.binned.edges[column].len() + 1,
                rows: &self.rows[range.clone()],
                items: &self.items[range.clone()],
            };
            let found = self.objective.cut(total, &drawn, self.growth.leaf, &mut self.scratch);
            varied |= found.varies;
            if let Some(cut) = found.cut
                && best.as_ref().is_none_or(|(_, best)| cut.fall > best.fall)
            {
                best = Some((column, cut));
            }
        }
        best
    }

    /// Puts the rows up to a bin before the others, both in order; how many they are.
    fn divide(&mut self, node: &Waiting, column: usize, bin: u8) -> usize {
        let (codes, stride) = self.table.codes(column, node.end - node.start);
        let rows = &mut self.rows[node.start..node.end];
        let items = &mut self.items[node.start..node.end];
        let spare_rows = &mut self.spare_rows[..rows.len()];
        let spare_items = &mut self.spare_items[..rows.len()];
        let (mut left, mut right) = (0, 0);
        for i in 0..rows.len() {
            let (row, item) = (rows[i], items[i]);
            let goes = codes[row as usize * stride] <= bin;
            // Written to both places, counted in one: no branch to guess.
            (rows[left], items[left]) = (row, item);
            (spare_rows[right], spare_items[right]) = (row, item);
            left += usize::from(goes);
            right += usize::from(!goes);
        }
        rows[left..].copy_from_slice(&spare_rows[..right]);
        items[left..].copy_from_slice(&spare_items[..right]);
        left
    }
}

/// A cut between two bins that rows are in, with none between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// How much less impurity both sides have together, times the rows.
    pub(crate) fall: f64,
    pub(crate) low: usize,
    pub(crate) high: usize,
}

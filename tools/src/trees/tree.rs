//! A tree as a list: what a model of this family keeps after it was grown.

use rayon::prelude::*;

/// A node. Inner nodes ask whether a value is at most a threshold; leaves name their row of values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) threshold: f64,
    /// The column asked about, or [`LEAF`].
    pub(crate) feature: u32,
    /// Where "yes" leads, with "no" right behind it; in a leaf, the number of the leaf.
    pub(crate) next: u32,
}

/// Instead of a column: here is a leaf.
pub(crate) const LEAF: u32 = u32::MAX;

/// A grown tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// The values of the leaves, `outputs` each.
    pub(crate) leaves: Vec<f64>,
    pub(crate) outputs: usize,
}

impl Tree {
    /// The leaf in which a row ends.
    pub(crate) fn leaf<T: Copy + Into<f64>>(&self, row: &[T]) -> &[f64] {
        let mut node = self.nodes[0];
        while node.feature != LEAF {
            let value: f64 = row[node.feature as usize].into();
            node = self.nodes[node.next as usize + usize::from(value > node.threshold)];
        }
        self.values(node.next)
    }

    /// The leaves in which rows end that walk side by side.
    fn leaves_of<T: Copy + Into<f64>>(&self, rows: &[T], columns: usize) -> [&[f64]; ABREAST] {
        let mut at = [self.nodes[0]; ABREAST];
        let mut walking = true;
        while walking {
            walking = false;
            for (node, row) in at.iter_mut().zip(rows.chunks_exact(columns)) {
                if node.feature != LEAF {
                    let value: f64 = row[node.feature as usize].into();
                    *node = self.nodes[node.next as usize + usize::from(value > node.threshold)];
                    walking = true;
                }
            }
        }
        at.map(|node| self.values(node.next))
    }

    /// What a leaf holds.
    fn values(&self, leaf: u32) -> &[f64] {
        let at = leaf as usize * self.outputs;
        &self.leaves[at..at + self.outputs]
    }

    /// How many questions the longest path asks.
    pub(crate) fn depth(&self) -> usize {
        // Children stand behind their parents, so one walk backwards sees them first.
        let mut below = vec![0; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate().rev() {
            if node.feature != LEAF {
                let next = node.next as usize;
                below[i] = 1 + usize::max(below[next], below[next + 1]);
            }
        }
        below[0]
    }

    /// How many leaves there are.
    pub(crate) fn n_leaves(&self) -> usize {
        self.nodes.iter().filter(|node| node.feature == LEAF).count()
    }
}

/// How many rows go through the trees together: enough that a tree is read once for many of them.
const BLOCK: usize = 512;

/// How many rows walk down a tree side by side, so that none waits for the memory that another one asked for.
const ABREAST: usize = 8;

/// Adds up the leaves of many trees for each row: rows times outputs numbers, the trees always added in their order. Trees
/// with one output take turns in filling the outputs; others fill them all.
pub(crate) fn sum_of_leaves<T: Copy + Into<f64> + Sync>(
    trees: &[Tree],
    x: &[T],
    columns: usize,
    outputs: usize,
) -> Vec<f64> {
    let rows = x.len() / columns;
    let mut sums = vec![0.0; rows * outputs];
    sums.par_chunks_mut(BLOCK * outputs).zip(x.par_chunks(BLOCK * columns)).for_each(|(sums, rows)| {
        for (turn, tree) in trees.iter().enumerate() {
            let first = if tree.outputs == outputs { 0 } else { turn % outputs };
            let mut add = |row: usize, leaf: &[f64]| {
                let sums = &mut sums[row * outputs + first..(row + 1) * outputs];
                sums.iter_mut().zip(leaf).for_each(|(sum, value)| *sum += value);
            };
            let together = rows.chunks_exact(ABREAST * columns);
            let last = rows.len() / columns / ABREAST * ABREAST;
            for (i, row) in together.remainder().chunks_exact(columns).enumerate() {
                add(last + i, tree.leaf(row));
            }
            for (i, rows) in together.enumerate() {
                for (k, leaf) in tree.leaves_of(rows, columns).into_iter().enumerate() {
                    add(i * ABREAST + k, leaf);
                }
            }
        }
    });
    sums
}

/// Shares of a total; nothing is shared where there is nothing.
pub(crate) fn normalized(mut parts: Vec<f64>) -> Vec<f64> {
    // Dividing by the largest first keeps the total finite.
    let largest = parts.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        parts.iter_mut().for_each(|part| *part /= largest);
        let total: f64 = parts.iter().sum();
        parts.iter_mut().for_each(|part| *part /= total);
    }
    parts
}

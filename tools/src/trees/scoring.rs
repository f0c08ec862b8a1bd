//! Scoring many rows by many trees.
//!
//! The plain way walks each row down each tree ([`Tree::leaf`]), and waits at every node: for its threshold, for the row's
//! value, and for the guess whether this is a leaf. Two other ways find the same leaves with less waiting:
//!
//! - A tree of at most 64 leaves asks all its questions. Numbered from left to right, the leaves that a row may still
//!   reach are bits of a word; a "no" clears those on the left of its node, and in the end the lowest bit that is left is
//!   the row's leaf. The order of the questions does not matter and nothing is looked up, so many rows are asked at once
//!   (C. Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees",
//!   SIGIR 2015; with vectors "Exploiting CPU SIMD extensions to speed-up document scoring with tree ensembles", 2016).
//! - In a larger tree many rows walk side by side, in steps that do not wait for each other. Leaves lead to themselves, so
//!   that no step has to ask whether it is the last; after a few steps those that have arrived leave the others.
//!
//! Each row's sum is taken in the order of the trees: neither threads nor the way change a bit.

use rayon::prelude::*;

use super::tree::{LEAF, Node, Tree};
use crate::kernel::{prefetch, vectorized};

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
    let questions: Vec<Option<Questions>> = trees.iter().map(|tree| Questions::new(tree, rows)).collect();
    let block = block(trees, rows);
    let blocks = sums.par_chunks_mut(block * outputs).zip(x.par_chunks(block * columns));
    blocks.for_each(|(sums, x)| add(trees, &questions, x, columns, sums));
    sums
}

/// The same for one block of rows.
fn add<T: Copy + Into<f64>>(
    trees: &[Tree],
    questions: &[Option<Questions>],
    x: &[T],
    columns: usize,
    sums: &mut [f64],
) {
    let rows = x.len() / columns;
    let outputs = sums.len() / rows;
    let groups = if questions.iter().any(Option::is_some) { abreast(x, columns) } else { Vec::new() };
    let (mut endless, mut leaves) = (Vec::new(), vec![0; rows]);
    for (turn, (tree, questions)) in trees.iter().zip(questions).enumerate() {
        match questions {
            Some(questions) => questions.ask(&groups, columns, &mut leaves),
            None => walk(tree, x, columns, &mut endless, &mut leaves),
        }
        let first = if tree.outputs == outputs { 0 } else { turn % outputs };
        for (sums, &leaf) in sums.chunks_exact_mut(outputs).zip(&leaves) {
            sums[first..].iter_mut().zip(tree.values(leaf)).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// How many rows go through the trees together. A tree comes from afar once for all of them: the larger it is, the more
/// rows it takes to be worth it, as long as all threads have some.
fn block(trees: &[Tree], rows: usize) -> usize {
    let largest = trees.iter().map(|tree| tree.nodes.len()).max().unwrap_or(0);
    largest.clamp(256, 1 << 14).min(rows.div_ceil(rayon::current_num_threads())).max(ABREAST)
}

/// How many rows are asked at once.
const ABREAST: usize = 32;

/// A question of a tree: rows above the threshold cannot reach the leaves on its left.
struct Question {
    threshold: f64,
    column: usize,
    /// The leaves that are not on its left.
    others: u64,
}

/// All questions of a small tree.
struct Questions {
    questions: Vec<Question>,
    /// The number of each leaf in the tree, from left to right.
    leaves: Vec<u32>,
}

impl Questions {
    /// Those of a tree with at most 64 leaves; none for so few rows that writing them down takes longer than walking.
    fn new(tree: &Tree, rows: usize) -> Option<Questions> {
        if tree.nodes.len() > 127 || rows < ABREAST {
            return None;
        }
        let mut all = Questions { questions: Vec::new(), leaves: Vec::new() };
        all.add(tree, 0);
        Some(all)
    }

    fn add(&mut self, tree: &Tree, at: usize) {
        let node = tree.nodes[at];
        if node.feature == LEAF {
            self.leaves.push(node.next);
            return;
        }
        let first = self.leaves.len();
        self.add(tree, node.next as usize);
        let left = ((1_u64 << (self.leaves.len() - first)) - 1) << first;
        self.questions.push(Question { threshold: node.threshold, column: node.feature as usize, others: !left });
        self.add(tree, node.next as usize + 1);
    }

    /// The leaf of each row.
    fn ask(&self, groups: &[[f64; ABREAST]], columns: usize, leaves: &mut [u32]) {
        vectorized(
            #[inline(always)]
            || {
                for (group, leaves) in groups.chunks_exact(columns).zip(leaves.chunks_mut(ABREAST)) {
                    let mut reached = [u64::MAX; ABREAST];
                    for question in &self.questions {
                        let values = &group[question.column];
                        for i in 0..ABREAST {
                            // All ones for a "yes", in arithmetic: a choice between two words would become a branch.
                            let yes = u64::from(values[i] > question.threshold).wrapping_sub(1);
                            reached[i] &= question.others | yes;
                        }
                    }
                    for (leaf, reached) in leaves.iter_mut().zip(reached) {
                        *leaf = self.leaves[reached.trailing_zeros() as usize];
                    }
                }
            },
        );
    }
}

/// The rows in groups, each column after column; the last group is filled up with zeros.
fn abreast<T: Copy + Into<f64>>(x: &[T], columns: usize) -> Vec<[f64; ABREAST]> {
    let mut groups = vec![[0.0; ABREAST]; (x.len() / columns).div_ceil(ABREAST) * columns];
    for (group, rows) in groups.chunks_exact_mut(columns).zip(x.chunks(ABREAST * columns)) {
        for (i, row) in rows.chunks_exact(columns).enumerate() {
            group.iter_mut().zip(row).for_each(|(column, value)| column[i] = (*value).into());
        }
    }
    groups
}

/// A tree is walked row by row if it has so many nodes for each row, since bringing all of it close takes longer.
const SPARSE: usize = 32;
/// How many rows walk side by side.
const WALKING: usize = 256;
/// How many steps they take before those that have arrived step aside.
const STEPS: usize = 4;

/// The leaf of each row of a large tree. `endless` is memory that one tree after the other uses.
fn walk<T: Copy + Into<f64>>(tree: &Tree, x: &[T], columns: usize, endless: &mut Vec<Node>, leaves: &mut [u32]) {
    if leaves.len() * SPARSE < tree.nodes.len() {
        leaves.iter_mut().zip(x.chunks_exact(columns)).for_each(|(leaf, row)| *leaf = tree.leaf(row));
        return;
    }
    // Reading the tree from end to end also brings it close in one go, not line by line as rows ask for it.
    let leads_to_itself = |at| Node { threshold: f64::INFINITY, feature: 0, next: at };
    endless.clear();
    endless.extend(tree.nodes.iter().zip(0..).map(|(node, at)| match node.feature {
        LEAF => leads_to_itself(at),
        _ => *node,
    }));
    (0..tree.leaves.len()).step_by(8).for_each(|at| prefetch(&tree.leaves, at));
    for (x, leaves) in x.chunks(WALKING * columns).zip(leaves.chunks_mut(WALKING)) {
        let mut walking = [(0_u32, 0_u32); WALKING];
        walking.iter_mut().zip(0..).for_each(|((row, _), i)| *row = i);
        let mut on_the_way = leaves.len();
        while on_the_way > 0 {
            for _ in 0..STEPS {
                for (row, at) in &mut walking[..on_the_way] {
                    let node = endless[*at as usize];
                    let value: f64 = x[*row as usize * columns + node.feature as usize].into();
                    *at = node.next + u32::from(value > node.threshold);
                }
            }
            let mut left = 0;
            for i in 0..on_the_way {
                let (row, at) = walking[i];
                leaves[row as usize] = at;
                walking[left] = (row, at);
                left += usize::from(endless[at as usize].next != at);
            }
            on_the_way = left;
        }
        leaves.iter_mut().for_each(|leaf| *leaf = tree.nodes[*leaf as usize].next);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{kernel::Level, random::Random};

    const COLUMNS: usize = 3;

    /// A tree that asks anything anywhere.
    fn tree(leaves: usize, outputs: usize, random: &mut Random) -> Tree {
        let leaf = Node { threshold: 0.0, feature: LEAF, next: 0 };
        let mut nodes = vec![leaf];
        let mut open = vec![0];
        while open.len() < leaves {
            let node = open.swap_remove(random.below(open.len()));
            let (feature, next) = (random.below(COLUMNS) as u32, nodes.len() as u32);
            nodes[node] = Node { threshold: (4.0 * random.normal()).round() / 4.0, feature, next };
            nodes.extend([leaf; 2]);
            open.extend([next as usize, next as usize + 1]);
        }
        random.shuffle(&mut open);
        open.iter().zip(0..).for_each(|(node, leaf)| nodes[*node].next = leaf);
        Tree { nodes, leaves: (0..leaves * outputs).map(|_| random.normal()).collect(), outputs }
    }

    /// Row by row, tree by tree, node by node.
    fn plain<T: Copy + Into<f64>>(trees: &[Tree], x: &[T], outputs: usize) -> Vec<f64> {
        let of_row = |row: &[T]| {
            let mut sums = vec![0.0; outputs];
            for (turn, tree) in trees.iter().enumerate() {
                let values = tree.values(tree.leaf(row));
                let first = if values.len() == outputs { 0 } else { turn % outputs };
                sums[first..].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
            sums
        };
        x.chunks_exact(COLUMNS).flat_map(of_row).collect()
    }

    #[test]
    fn every_way_leads_to_the_same_leaves() {
        let mut random = Random::new(8.into());
        // Values on thresholds, and one beyond all of them.
        let mut x: Vec<f32> = (0..700 * COLUMNS).map(|_| (8.0 * random.normal()).round() as f32 / 8.0).collect();
        x[4] = f32::MAX;
        for (outputs, of_tree) in [(1, 1), (3, 3), (3, 1)] {
            // Single leaves, the most that fit into a word, one more, and trees too large for a few rows.
            for sizes in [&[1, 2, 31, 64][..], &[65, 64, 1, 300], &[2000, 5, 4000]] {
                let trees: Vec<Tree> = sizes.iter().map(|leaves| tree(*leaves, of_tree, &mut random)).collect();
                for rows in [0, 1, 31, 32, 33, 200, 700] {
                    let x = &x[..rows * COLUMNS];
                    let want = plain(&trees, x, outputs);
                    assert_eq!(sum_of_leaves(&trees, x, COLUMNS, outputs), want, "{sizes:?} {rows}");
                }
                let (want, questions) =
                    (plain(&trees, &x, outputs), trees.iter().map(|tree| Questions::new(tree, 700)));
                let questions: Vec<_> = questions.collect();
                for level in Level::here() {
                    let mut sums = vec![0.0; want.len()];
                    level.force(|| add(&trees, &questions, &x, COLUMNS, &mut sums));
                    assert_eq!(sums, want, "{sizes:?} {level:?}");
                }
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let mut random = Random::new(9.into());
        let x: Vec<f64> = (0..3000 * COLUMNS).map(|_| random.normal()).collect();
        let trees: Vec<Tree> = [31, 900, 64, 3].into_iter().map(|leaves| tree(leaves, 2, &mut random)).collect();
        let want = plain(&trees, &x, 2);
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| sum_of_leaves(&trees, &x, COLUMNS, 2)), want);
        }
    }
}

//! Growing one tree of a boosting, leaf by leaf: the leaf whose best split gains most is split next.

use std::{cmp::Ordering, collections::BinaryHeap};

use rayon::prelude::*;

use super::{
    columns::Binned,
    cuts::{self, Rule, pack, unpack},
    histogram::{Grouped, Histogram, LARGEST},
    tree::{LEAF, Node, Tree},
};
use crate::kernel::vectorized;

/// How a tree of a boosting grows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    pub(crate) leaves: usize,
    pub(crate) depth: usize,
    /// The penalty on squared leaf values.
    pub(crate) l2: f64,
    /// The least sum of second derivatives in a leaf.
    pub(crate) weight: f64,
    /// The least gain of a split.
    pub(crate) gain: f64,
    pub(crate) rate: f64,
}

/// What all trees of a boosting share.
pub(crate) struct Grower<'a> {
    binned: &'a Binned,
    grouped: Grouped,
    growth: Growth,
    /// Histograms that no leaf needs any more.
    spare: Vec<Histogram>,
    /// All rows, those of a leaf side by side.
    rows: Vec<u32>,
    spare_rows: Vec<u32>,
    words: Vec<i64>,
}

/// The first and second derivatives of the loss of one row.
pub(crate) type Slope = [f64; 2];

/// A leaf that may be split.
struct Open {
    split: Split,
    node: usize,
    leaf: Leaf,
}

struct Leaf {
    start: usize,
    end: usize,
    depth: usize,
    total: i64,
    histogram: Histogram,
}

#[derive(Debug, Clone, Copy)]
struct Split {
    /// In units of the rounded gradients.
    gain: f64,
    column: usize,
    bin: usize,
    left: i64,
}

/// What rounding made of the unit: a rounded gradient times `gradient` is a gradient.
#[derive(Clone, Copy)]
struct Units {
    gradient: f64,
    second: f64,
}

impl<'a> Grower<'a> {
    pub(crate) fn new(binned: &'a Binned, growth: Growth) -> Self {
        let rows: Vec<u32> = (0..binned.rows as u32).collect();
        Grower {
            grouped: Grouped::new(binned),
            binned,
            growth,
            spare: Vec::new(),
            spare_rows: rows.clone(),
            rows,
            words: vec![0; binned.rows],
        }
    }

    /// Fits a tree to the slopes and adds what it says to the scores, `stride` apart. Columns of which
    /// `columns` says no are not asked about; what the others gain is added to `falls`.
    pub(crate) fn grow(
        &mut self,
        slopes: &[Slope],
        columns: &[bool],
        scores: &mut [f64],
        stride: usize,
        falls: &mut [f64],
    ) -> Tree {
        let units = self.round(slopes);
        let total: i64 = self.words.iter().sum();
        (0..).zip(&mut self.rows).for_each(|(i, row)| *row = i);
        let mut tree = Tree { outputs: 1, nodes: vec![UNKNOWN], leaves: Vec::new() };
        let mut ranges = vec![(0, self.rows.len())];
        let mut histogram = self.histogram();
        self.grouped.sum(&self.rows, &self.words, &mut histogram);
        let root = Leaf { start: 0, end: self.rows.len(), depth: 0, total, histogram };
        let mut open = BinaryHeap::new();
        self.open(0, root, units, columns, &mut open);
        let mut leaves = 1;
        while leaves < self.growth.leaves {
            let Some(Open { split, node, leaf }) = open.pop() else { break };
            leaves += 1;
            falls[split.column] += split.gain * units.gradient * units.gradient / units.second;
            let threshold = self.binned.edges[split.column][split.bin];
            let next = tree.nodes.len();
            tree.nodes[node] = Node { threshold, feature: split.column as u32, next: next as u32 };
            tree.nodes.extend([UNKNOWN; 2]);
            let middle = leaf.start + self.divide(&leaf, split.column, split.bin as u8);
            ranges.extend([(leaf.start, middle), (middle, leaf.end)]);
            if leaves == self.growth.leaves {
                self.spare.push(leaf.histogram);
                break;
            }
            let (left, right) = self.children(leaf, middle, split.left);
            self.open(next, left, units, columns, &mut open);
            self.open(next + 1, right, units, columns, &mut open);
        }
        self.spare.extend(open.into_iter().map(|open| open.leaf.histogram));
        for (node, (start, end)) in tree.nodes.iter_mut().zip(ranges).filter(|(node, _)| node.feature == LEAF) {
            let rows = &self.rows[start..end];
            // From the slopes as they are: rounding decides at most which split is made.
            let [g, h] = rows.iter().fold([0.0; 2], |[g, h], &row| {
                let slope = slopes[row as usize];
                [g + slope[0], h + slope[1]]
            });
            let value = if h + self.growth.l2 > 0.0 { -g / (h + self.growth.l2) * self.growth.rate } else { 0.0 };
            node.next = tree.leaves.len() as u32;
            tree.leaves.push(value);
            rows.iter().for_each(|&row| scores[row as usize * stride] += value);
        }
        tree
    }

    /// Rounds the slopes to whole numbers as fine as their sums allow.
    fn round(&mut self, slopes: &[Slope]) -> Units {
        let most = slopes.iter().fold([0.0_f64; 2], |most, s| [most[0].max(s[0].abs()), most[1].max(s[1])]);
        let steps = (LARGEST / slopes.len() as f64).floor();
        let scale = |most: f64| if most > 0.0 { (most / steps).max(f64::MIN_POSITIVE) } else { 1.0 };
        let units = Units { gradient: scale(most[0]), second: scale(most[1]) };
        let (g, h) = (1.0 / units.gradient, 1.0 / units.second);
        vectorized(
            #[inline(always)]
            || {
                let words = self.words.iter_mut().zip(slopes);
                words.for_each(|(word, slope)| *word = pack(rounded(slope[0] * g), rounded(slope[1] * h)));
            },
        );
        units
    }

    fn histogram(&mut self) -> Histogram {
        self.spare.pop().unwrap_or_else(|| vec![[0; 256]; self.binned.columns])
    }

    /// The two halves of a leaf: the smaller one is summed, the larger one is what is left.
    fn children(&mut self, leaf: Leaf, middle: usize, left: i64) -> (Leaf, Leaf) {
        let mut small = self.histogram();
        let mut large = leaf.histogram;
        let left_is_small = middle - leaf.start <= leaf.end - middle;
        let rows = if left_is_small { leaf.start..middle } else { middle..leaf.end };
        self.grouped.sum(&self.rows[rows], &self.words, &mut small);
        large.iter_mut().zip(&small).for_each(|(large, small)| {
            large.iter_mut().zip(small).for_each(|(large, small)| *large -= small);
        });
        let (first, second) = if left_is_small { (small, large) } else { (large, small) };
        let (depth, total) = (leaf.depth + 1, leaf.total);
        (
            Leaf { start: leaf.start, end: middle, depth, total: left, histogram: first },
            Leaf { start: middle, end: leaf.end, depth, total: total - left, histogram: second },
        )
    }

    /// Queues a leaf for splitting, if any split of it gains.
    fn open(&mut self, node: usize, leaf: Leaf, units: Units, columns: &[bool], open: &mut BinaryHeap<Open>) {
        let may_split = leaf.depth < self.growth.depth && leaf.end - leaf.start >= 2;
        match may_split.then(|| self.best(&leaf, units, columns)).flatten() {
            Some(split) => open.push(Open { split, node, leaf }),
            None => self.spare.push(leaf.histogram),
        }
    }

    /// The best split of a leaf; of equal ones the first of the first column.
    fn best(&self, leaf: &Leaf, units: Units, columns: &[bool]) -> Option<Split> {
        let total = unpack(leaf.total);
        let penalty = self.growth.l2 / units.second;
        let rule = Rule { penalty, weight: (self.growth.weight / units.second).max(1.0) };
        let look = |j: usize| {
            let bins = self.binned.edges[j].len() + 1;
            let cut = vectorized(
                #[inline(always)]
                || best_of(&leaf.histogram[j][..bins], leaf.total, rule),
            );
            let cut = cut.filter(|_| columns[j]);
            cut.map(|(bin, left)| Split { gain: cuts::gain(unpack(left), total, penalty), column: j, bin, left })
        };
        let better = |best: Option<Split>, next: Split| match best {
            Some(best) if best.gain >= next.gain => Some(best),
            _ => Some(next),
        };
        let best = if self.binned.columns >= SHARED {
            let all: Vec<_> = (0..self.binned.columns).into_par_iter().filter_map(look).collect();
            all.into_iter().fold(None, better)
        } else {
            (0..self.binned.columns).filter_map(look).fold(None, better)
        };
        // The constant that the comparison left out.
        let (g, h) = (total.0, total.1);
        let whole = |penalty: f64| g * g / (h + penalty).max(f64::MIN_POSITIVE);
        let less = whole(penalty) - whole(2.0 * penalty);
        // What counts as a gain: as much as asked for, and more than rounding may make of nothing.
        let least = (self.growth.gain / (units.gradient * units.gradient / units.second)).max(whole(penalty) * 1e-12);
        best.map(|best| Split { gain: best.gain - less, ..best }).filter(|best| best.gain > least)
    }

    /// Puts the rows up to a bin before the others, both in order; how many they are.
    fn divide(&mut self, leaf: &Leaf, column: usize, bin: u8) -> usize {
        let codes = self.binned.column(column);
        let rows = &mut self.rows[leaf.start..leaf.end];
        let spare = &mut self.spare_rows[..rows.len()];
        let (mut left, mut right) = (0, 0);
        for i in 0..rows.len() {
            let row = rows[i];
            let goes = codes[row as usize] <= bin;
            // Written to both places, counted in one: no branch to guess.
            rows[left] = row;
            spare[right] = row;
            left += usize::from(goes);
            right += usize::from(!goes);
        }
        rows[left..].copy_from_slice(&spare[..right]);
        left
    }
}

const UNKNOWN: Node = Node { threshold: 0.0, feature: LEAF, next: 0 };

/// From this many columns on, threads share the search for the best one.
const SHARED: usize = 512;

/// The nearest whole number, for numbers below 2^51: this one is so large that no other digits are left.
#[inline(always)]
fn rounded(x: f64) -> i64 {
    const LARGE: f64 = 6_755_399_441_055_744.0; // 1.5 · 2^52
    (x + LARGE).to_bits() as i64 - LARGE.to_bits() as i64
}

/// The best cut of one column: its bin, and the sum on its left.
#[inline(always)]
fn best_of(sums: &[i64], total: i64, rule: Rule) -> Option<(usize, i64)> {
    let (mut lefts, mut scores) = ([0; 256], [0.0; 256]);
    let mut left = 0;
    for (place, sum) in lefts.iter_mut().zip(sums) {
        left += sum;
        *place = left;
    }
    let bin = cuts::best(&lefts[..sums.len()], total, rule, &mut scores)?;
    Some((bin, lefts[bin]))
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.split.gain.total_cmp(&other.split.gain).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

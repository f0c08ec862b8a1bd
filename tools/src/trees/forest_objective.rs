//! What a forest learns, and how good a cut between two bins is for it.

use super::{
    bagged::Cut,
    cuts::{self, Rule},
    measure::{entropy, gini},
    target::Criterion,
};
use crate::kernel::vectorized;

/// The rows of a node and one column of theirs.
pub(crate) struct Drawn<'a, I> {
    /// The bins of the table's rows, `stride` apart.
    pub(crate) codes: &'a [u8],
    pub(crate) stride: usize,
    pub(crate) bins: usize,
    pub(crate) rows: &'a [u32],
    pub(crate) items: &'a [I],
}

impl<I> Drawn<'_, I> {
    #[inline(always)]
    fn bin(&self, row: u32) -> usize {
        usize::from(self.codes[row as usize * self.stride])
    }
}

/// What a look at a column gave.
pub(crate) struct Found {
    /// Whether the rows are in more than one bin.
    pub(crate) varies: bool,
    /// The best cut that leaves enough rows on both sides.
    pub(crate) cut: Option<Cut>,
}

/// What the growing of a forest's tree asks about the targets.
pub(crate) trait Objective: Sync {
    /// What a row adds to the sums of its node.
    type Item: Copy + Default + Send + Sync;
    type Total;
    fn outputs(&self) -> usize;
    fn item(&self, row: usize, weight: u32) -> Self::Item;
    fn total(&self, rows: &[u32], items: &[Self::Item]) -> Self::Total;
    fn is_pure(&self, total: &Self::Total) -> bool;
    fn value(&self, total: &Self::Total, leaf: &mut Vec<f64>);
    fn cut(
        &self,
        total: &Self::Total,
        drawn: &Drawn<'_, Self::Item>,
        leaf: usize,
        scratch: &mut Scratch<Self::Item>,
    ) -> Found;
}

/// Memory that one tree uses again and again.
pub(crate) struct Scratch<I> {
    /// Sums by bin, all zero between uses.
    sums: [I; 256],
    /// For each cut the sum on its left, its score, and the bin before it.
    lefts: [I; 256],
    scores: [f32; 256],
    bins: [u8; 256],
    order: Vec<u32>,
}

impl<I: Copy + Default> Default for Scratch<I> {
    fn default() -> Self {
        let sums = [I::default(); 256];
        Scratch { sums, lefts: sums, scores: [0.0; 256], bins: [0; 256], order: Vec::new() }
    }
}

/// A value and a weight that can be added up.
pub(crate) trait Sum: Copy + Default + Send + Sync + PartialEq {
    fn add(self, other: Self) -> Self;
    /// The place of the best cut, given the sums on the left of each.
    fn best(lefts: &[Self], total: Self, leaf: f64, scores: &mut [f32; 256]) -> Option<usize>;
    /// The value and the weight.
    fn parts(self) -> (f64, f64);
}

/// See [`cuts::pack`].
impl Sum for i64 {
    #[inline(always)]
    fn add(self, other: i64) -> i64 {
        self + other
    }
    #[inline(always)]
    fn best(lefts: &[i64], total: i64, leaf: f64, scores: &mut [f32; 256]) -> Option<usize> {
        cuts::best(lefts, total, Rule { penalty: 0.0, weight: leaf }, scores)
    }
    #[inline(always)]
    fn parts(self) -> (f64, f64) {
        cuts::unpack(self)
    }
}

/// Numbers that are not whole.
impl Sum for [f64; 2] {
    #[inline(always)]
    fn add(self, other: [f64; 2]) -> [f64; 2] {
        [self[0] + other[0], self[1] + other[1]]
    }
    #[inline(always)]
    fn best(lefts: &[[f64; 2]], total: [f64; 2], leaf: f64, _: &mut [f32; 256]) -> Option<usize> {
        let (mean, most) = (total[0] / total[1], total[1] - leaf);
        let mut best = (None, -1.0);
        for (at, [value, weight]) in lefts.iter().enumerate() {
            let apart = value - weight * mean;
            let score = apart * apart / (weight * (total[1] - weight));
            if *weight >= leaf && *weight <= most && score > best.1 {
                best = (Some(at), score);
            }
        }
        best.0
    }
    #[inline(always)]
    fn parts(self) -> (f64, f64) {
        (self[0], self[1])
    }
}

/// From this many rows on, a histogram of all bins is cheaper than a mask of those in use.
const MANY: usize = 96;

/// The best cut by sums, as `cuts.rs` has it.
#[inline(always)]
fn best_by_sums<S: Sum>(total: S, drawn: &Drawn<'_, S>, leaf: usize, scratch: &mut Scratch<S>) -> Found {
    let leaf = leaf.max(1) as f64;
    let Scratch { sums, lefts, bins, scores, .. } = scratch;
    let mut left = S::default();
    let mut many = 0;
    if drawn.rows.len() >= MANY {
        for (&row, &item) in drawn.rows.iter().zip(drawn.items) {
            let sum = &mut sums[drawn.bin(row)];
            *sum = sum.add(item);
        }
        many = drawn.bins;
        for (place, sum) in lefts[..many].iter_mut().zip(sums) {
            left = left.add(std::mem::take(sum));
            *place = left;
        }
    } else {
        let mut in_use = [0_u64; 4];
        for (&row, &item) in drawn.rows.iter().zip(drawn.items) {
            let bin = drawn.bin(row);
            sums[bin] = sums[bin].add(item);
            in_use[bin / 64] |= 1 << (bin % 64);
        }
        for (word, mut mask) in in_use.into_iter().enumerate() {
            while mask > 0 {
                let bin = word * 64 + mask.trailing_zeros() as usize;
                mask &= mask - 1;
                left = left.add(std::mem::take(&mut sums[bin]));
                (lefts[many], bins[many]) = (left, bin as u8);
                many += 1;
            }
        }
    }
    let lefts = &lefts[..many];
    let Some(at) = S::best(lefts, total, leaf, scores) else {
        // Behind an empty bin the sum is still what it was before.
        let varies = lefts.iter().any(|left| *left != S::default() && *left != lefts[many - 1]);
        return Found { varies, cut: None };
    };
    let fall = cuts::gain(lefts[at].parts(), total.parts(), 0.0);
    let (low, high) = if drawn.rows.len() >= MANY {
        // The first of equal sums is that of a bin in use.
        let next = lefts[at..].iter().position(|left| *left != lefts[at]);
        (at, at + next.unwrap_or(1))
    } else {
        (usize::from(bins[at]), usize::from(bins[at + 1]))
    };
    Found { varies: true, cut: Some(Cut { fall, low, high }) }
}

/// Two classes and Gini impurity, which is twice the squared error of the labels 0 and 1.
pub(crate) struct TwoClasses<'a>(pub(crate) &'a [usize]);

impl Objective for TwoClasses<'_> {
    type Item = i64;
    type Total = i64;

    fn outputs(&self) -> usize {
        2
    }

    fn item(&self, row: usize, weight: u32) -> i64 {
        cuts::pack(i64::from(weight) * self.0[row] as i64, i64::from(weight))
    }

    fn total(&self, _: &[u32], items: &[i64]) -> i64 {
        items.iter().sum()
    }

    fn is_pure(&self, total: &i64) -> bool {
        let (ones, weight) = total.parts();
        ones == 0.0 || ones == weight
    }

    fn value(&self, total: &i64, leaf: &mut Vec<f64>) {
        let (ones, weight) = total.parts();
        leaf.extend([1.0 - ones / weight, ones / weight]);
    }

    fn cut(&self, total: &i64, drawn: &Drawn<'_, i64>, leaf: usize, scratch: &mut Scratch<i64>) -> Found {
        let mut found = vectorized(
            #[inline(always)]
            || best_by_sums(*total, drawn, leaf, scratch),
        );
        if let Some(cut) = &mut found.cut {
            cut.fall *= 2.0;
        }
        found
    }
}

/// Numbers and squared error.
pub(crate) struct Squares {
    /// The numbers less their mean.
    pub(crate) centred: Vec<f64>,
    pub(crate) mean: f64,
}

/// The sums of the rows of a node, and its extremes.
pub(crate) struct Moments {
    sum: [f64; 2],
    least: f64,
    most: f64,
}

impl Squares {
    pub(crate) fn new(numbers: &[f64]) -> Self {
        let n = numbers.len() as f64;
        let mean = numbers.iter().map(|number| number / n).sum::<f64>();
        Squares { centred: numbers.iter().map(|number| number - mean).collect(), mean }
    }
}

impl Objective for Squares {
    type Item = [f64; 2];
    type Total = Moments;

    fn outputs(&self) -> usize {
        1
    }

    fn item(&self, row: usize, weight: u32) -> [f64; 2] {
        [f64::from(weight) * self.centred[row], f64::from(weight)]
    }

    fn total(&self, rows: &[u32], items: &[[f64; 2]]) -> Moments {
        let mut total = Moments { sum: [0.0; 2], least: f64::INFINITY, most: f64::NEG_INFINITY };
        for (&row, item) in rows.iter().zip(items) {
            total.sum = total.sum.add(*item);
            let number = self.centred[row as usize];
            total.least = total.least.min(number);
            total.most = total.most.max(number);
        }
        total
    }

    fn is_pure(&self, total: &Moments) -> bool {
        total.least == total.most
    }

    fn value(&self, total: &Moments, leaf: &mut Vec<f64>) {
        let mean = if self.is_pure(total) { total.least } else { total.sum[0] / total.sum[1] };
        leaf.push(self.mean + mean);
    }

    fn cut(&self, total: &Moments, drawn: &Drawn<'_, [f64; 2]>, leaf: usize, scratch: &mut Scratch<[f64; 2]>) -> Found {
        best_by_sums(total.sum, drawn, leaf, scratch)
    }
}

/// Any number of classes, either criterion: the rows are put in the order of their bins and counted from both ends.
pub(crate) struct Classes<'a> {
    labels: &'a [usize],
    classes: usize,
    criterion: Criterion,
    /// For entropy, k log2 k for each k up to the number of rows.
    table: Vec<f64>,
}

impl<'a> Classes<'a> {
    pub(crate) fn new(labels: &'a [usize], classes: usize, criterion: Criterion) -> Self {
        let term = |k: usize| if k == 0 { 0.0 } else { k as f64 * (k as f64).log2() };
        let table = match criterion {
            Criterion::Gini => Vec::new(),
            Criterion::Entropy => (0..=labels.len()).map(term).collect(),
        };
        Classes { labels, classes, criterion, table }
    }

    /// What counting a row more in a class that has `count` adds to the sum of squares, or of k log k.
    fn step(&self, count: u64, weight: u64) -> f64 {
        match self.criterion {
            Criterion::Gini => (weight * (2 * count + weight)) as f64,
            Criterion::Entropy => self.table[(count + weight) as usize] - self.table[count as usize],
        }
    }

    /// The impurity of `n` draws times `n`, less what does not depend on the cut; negative, so that more is purer.
    fn purity(&self, sum: f64, n: u64) -> f64 {
        match self.criterion {
            Criterion::Gini => sum / n as f64,
            Criterion::Entropy => sum - self.table[n as usize],
        }
    }
}

impl Objective for Classes<'_> {
    /// The weight, and the class in the lowest byte.
    type Item = u64;
    type Total = Vec<u64>;

    fn outputs(&self) -> usize {
        self.classes
    }

    fn item(&self, row: usize, weight: u32) -> u64 {
        u64::from(weight) << 8 | self.labels[row] as u64
    }

    fn total(&self, _: &[u32], items: &[u64]) -> Vec<u64> {
        let mut counts = vec![0; self.classes];
        items.iter().for_each(|item| counts[(item & 0xff) as usize] += item >> 8);
        counts
    }

    fn is_pure(&self, counts: &Vec<u64>) -> bool {
        counts.iter().filter(|count| **count > 0).count() < 2
    }

    fn value(&self, counts: &Vec<u64>, leaf: &mut Vec<f64>) {
        let n: u64 = counts.iter().sum();
        leaf.extend(counts.iter().map(|count| *count as f64 / n as f64));
    }

    fn cut(&self, counts: &Vec<u64>, drawn: &Drawn<'_, u64>, leaf: usize, scratch: &mut Scratch<u64>) -> Found {
        order_by_bin(drawn, scratch);
        let n: u64 = counts.iter().sum();
        let leaf = leaf.max(1) as u64;
        let (mut left, mut right) = (vec![0_u64; self.classes], counts.clone());
        let (mut low, mut sum_low) = (0, 0.0);
        let mut sum_high: f64 = counts.iter().map(|count| self.step(0, *count)).sum();
        let mut best: Option<Cut> = None;
        let bin_of = |at: u32| drawn.bin(drawn.rows[at as usize]);
        let mut before = bin_of(scratch.order[0]);
        let first = before;
        for &at in &scratch.order {
            let bin = bin_of(at);
            if bin != before {
                let high = n - low;
                let purity = self.purity(sum_low, low) + self.purity(sum_high, high);
                if low >= leaf && high >= leaf && best.is_none_or(|best| purity > best.fall) {
                    best = Some(Cut { fall: purity, low: before, high: bin });
                }
                before = bin;
            }
            let (class, weight) = ((drawn.items[at as usize] & 0xff) as usize, drawn.items[at as usize] >> 8);
            sum_low += self.step(left[class], weight);
            sum_high -= self.step(right[class] - weight, weight);
            left[class] += weight;
            right[class] -= weight;
            low += weight;
        }
        let impurity = match self.criterion {
            Criterion::Gini => gini(counts),
            Criterion::Entropy => entropy(counts),
        };
        if let Some(cut) = &mut best {
            // n times Gini's impurity is n less its purity.
            let most = if self.criterion == Criterion::Gini { n as f64 } else { 0.0 };
            cut.fall = (n as f64 * impurity - (most - cut.fall)).max(0.0);
        }
        Found { varies: before != first, cut: best }
    }
}

/// Positions of the rows in the order of their bins: a counting sort, or a plain one where there are few.
fn order_by_bin(drawn: &Drawn<'_, u64>, scratch: &mut Scratch<u64>) {
    scratch.order.clear();
    if drawn.rows.len() < MANY {
        // Bin and position in one word.
        scratch.order.extend(drawn.rows.iter().zip(0..).map(|(&row, at): (_, u32)| (drawn.bin(row) as u32) << 8 | at));
        scratch.order.sort_unstable();
        scratch.order.iter_mut().for_each(|key| *key &= 0xff);
        return;
    }
    for &row in drawn.rows {
        scratch.sums[drawn.bin(row)] += 1;
    }
    let mut start = 0;
    for sum in &mut scratch.sums {
        start += std::mem::replace(sum, start);
    }
    scratch.order.resize(drawn.rows.len(), 0);
    for (&row, at) in drawn.rows.iter().zip(0..) {
        let place = &mut scratch.sums[drawn.bin(row)];
        scratch.order[*place as usize] = at;
        *place += 1;
    }
    scratch.sums = [0; 256];
}

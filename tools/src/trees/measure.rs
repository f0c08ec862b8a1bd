//! How good a cut is: Gini impurity and entropy for classes, squared error for numbers, each over whole numbers.

use super::{
    columns::Entry,
    target::{Criterion, Target},
};

/// What the growing of one tree asks about the targets.
pub(crate) trait Measure: Sync {
    /// The sums over the rows of a node.
    type Total: Sync;
    /// How many numbers a leaf holds.
    fn outputs(&self) -> usize;
    fn total<E: Entry>(&self, list: &[E]) -> Self::Total;
    fn impurity(&self, total: &Self::Total) -> f64;
    /// Whether all rows have the same target.
    fn is_pure(&self, total: &Self::Total) -> bool;
    /// Appends what a leaf says.
    fn value(&self, total: &Self::Total, leaf: &mut Vec<f64>);
    /// For a cut behind each row but the last, a number that is the larger the purer the two sides are. `inverse[k]` is
    /// 1 / ((k + 1) (n - k - 1)).
    fn scores<E: Entry>(&self, total: &Self::Total, list: &[E], inverse: &[f64], scores: &mut [f64]);
}

/// Two classes and Gini impurity: with `l` ones among the `k` rows on the left, and `L` among all `n`, the impurity falls
/// by 2 (l n - k L)² / (n² k (n - k)) a row.
pub(crate) struct TwoClasses {
    labels: Vec<u8>,
}

impl TwoClasses {
    pub(crate) fn new(labels: &[usize]) -> Self {
        TwoClasses { labels: labels.iter().map(|label| *label as u8).collect() }
    }
}

impl Measure for TwoClasses {
    type Total = (u64, u64);

    fn outputs(&self) -> usize {
        2
    }

    fn total<E: Entry>(&self, list: &[E]) -> (u64, u64) {
        (list.len() as u64, list.iter().map(|entry| u64::from(self.labels[entry.row()])).sum())
    }

    fn impurity(&self, &(n, ones): &(u64, u64)) -> f64 {
        gini(&[n - ones, ones])
    }

    fn is_pure(&self, &(n, ones): &(u64, u64)) -> bool {
        ones == 0 || ones == n
    }

    fn value(&self, &(n, ones): &(u64, u64), leaf: &mut Vec<f64>) {
        leaf.extend([(n - ones) as f64 / n as f64, ones as f64 / n as f64]);
    }

    #[inline(always)]
    fn scores<E: Entry>(&self, &(n, all): &(u64, u64), list: &[E], inverse: &[f64], scores: &mut [f64]) {
        let (n, all) = (n as i64, all as i64);
        let mut apart = 0_i64;
        for (score, entry) in scores.iter_mut().zip(list) {
            apart += n * i64::from(self.labels[entry.row()]) - all;
            *score = apart as f64;
        }
        scores.iter_mut().zip(inverse).for_each(|(score, inverse)| *score = *score * *score * inverse);
    }
}

/// Any number of classes, either criterion.
pub(crate) struct Classes {
    labels: Vec<u8>,
    classes: usize,
    criterion: Criterion,
    /// For entropy: k log2 k for each k up to the number of rows, in units so small that the sums just fit.
    table: Vec<i64>,
}

impl Classes {
    pub(crate) fn new(labels: &[usize], classes: usize, criterion: Criterion) -> Self {
        let rows = labels.len();
        let term = |k: usize| if k == 0 { 0.0 } else { k as f64 * (k as f64).log2() };
        let table = match criterion {
            Criterion::Gini => Vec::new(),
            Criterion::Entropy => {
                let unit = 2_f64.powi(61 - (term(rows) + 1.0).log2().ceil() as i32);
                (0..=rows).map(|k| (term(k) * unit).round() as i64).collect()
            }
        };
        Classes { labels: labels.iter().map(|label| *label as u8).collect(), classes, criterion, table }
    }
}

impl Measure for Classes {
    type Total = Vec<u64>;

    fn outputs(&self) -> usize {
        self.classes
    }

    fn total<E: Entry>(&self, list: &[E]) -> Vec<u64> {
        let mut counts = vec![0; self.classes];
        list.iter().for_each(|entry| counts[usize::from(self.labels[entry.row()])] += 1);
        counts
    }

    fn impurity(&self, counts: &Vec<u64>) -> f64 {
        match self.criterion {
            Criterion::Gini => gini(counts),
            Criterion::Entropy => entropy(counts),
        }
    }

    fn is_pure(&self, counts: &Vec<u64>) -> bool {
        counts.iter().filter(|count| **count > 0).count() < 2
    }

    fn value(&self, counts: &Vec<u64>, leaf: &mut Vec<f64>) {
        let n: u64 = counts.iter().sum();
        leaf.extend(counts.iter().map(|count| *count as f64 / n as f64));
    }

    #[inline(always)]
    fn scores<E: Entry>(&self, counts: &Vec<u64>, list: &[E], _: &[f64], scores: &mut [f64]) {
        let n = list.len();
        let (mut left, mut right) = (vec![0_usize; self.classes], counts.clone());
        match self.criterion {
            // n times the impurity is n minus the sum of squared counts over n.
            Criterion::Gini => {
                let (mut squares_left, mut squares_right) = (0, counts.iter().map(|count| count * count).sum::<u64>());
                for (k, (score, entry)) in scores.iter_mut().zip(list).enumerate() {
                    let class = usize::from(self.labels[entry.row()]);
                    squares_left += 2 * left[class] as u64 + 1;
                    squares_right -= 2 * right[class] - 1;
                    left[class] += 1;
                    right[class] -= 1;
                    *score = squares_left as f64 / (k + 1) as f64 + squares_right as f64 / (n - k - 1) as f64;
                }
            }
            // n times the impurity is n log n minus the sum of c log c over the counts c.
            Criterion::Entropy => {
                let table = &self.table;
                let (mut sum_left, mut sum_right) = (0, counts.iter().map(|count| table[*count as usize]).sum::<i64>());
                for (k, (score, entry)) in scores.iter_mut().zip(list).enumerate() {
                    let class = usize::from(self.labels[entry.row()]);
                    let (l, r) = (left[class], right[class] as usize);
                    sum_left += table[l + 1] - table[l];
                    sum_right -= table[r] - table[r - 1];
                    left[class] += 1;
                    right[class] -= 1;
                    *score = ((sum_left - table[k + 1]) + (sum_right - table[n - k - 1])) as f64;
                }
            }
        }
    }
}

/// 1 minus the sum of squared shares.
pub(crate) fn gini(counts: &[u64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    1.0 - counts.iter().map(|count| (*count as f64 / n).powi(2)).sum::<f64>()
}

/// Shannon's entropy of the shares, in bits.
pub(crate) fn entropy(counts: &[u64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / n);
    // Of one class alone the sum would be -0.
    -shares.map(|share| share * share.log2()).sum::<f64>() + 0.0
}

/// Numbers and squared error, in fixed point: `centre + q · unit` with whole `q`, as fine as the sum of all allows.
pub(crate) struct Squares {
    fixed: Vec<i64>,
    centre: f64,
    unit: f64,
}

/// The sums of the rows of a node.
pub(crate) struct Moments {
    n: i64,
    sum: i128,
    squares: i128,
    least: i64,
    most: i64,
}

impl Squares {
    /// Takes at least one finite number.
    pub(crate) fn new(numbers: &[f64]) -> Self {
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (centre, half) = (0.5 * least + 0.5 * most, 0.5 * most - 0.5 * least);
        // Powers of two, so that what has few binary digits stays exact.
        let bits = 61 - (numbers.len() as f64).log2().ceil() as i32;
        let size = if half > 0.0 { half.log2().floor() as i32 + 1 } else { 0 };
        let unit = 2_f64.powi((size - bits).clamp(-1022, 1022));
        let fixed = numbers.iter().map(|number| ((number - centre) / unit).round() as i64).collect();
        Squares { fixed, centre, unit }
    }
}

impl Measure for Squares {
    type Total = Moments;

    fn outputs(&self) -> usize {
        1
    }

    fn total<E: Entry>(&self, list: &[E]) -> Moments {
        let mut total = Moments { n: list.len() as i64, sum: 0, squares: 0, least: i64::MAX, most: i64::MIN };
        for entry in list {
            let q = self.fixed[entry.row()];
            total.sum += i128::from(q);
            total.squares += i128::from(q) * i128::from(q);
            total.least = total.least.min(q);
            total.most = total.most.max(q);
        }
        total
    }

    fn impurity(&self, total: &Moments) -> f64 {
        // n² times the variance, without rounding: at most n² · 2^(122 - 2 log2 n).
        let n = i128::from(total.n);
        let spread = n * total.squares - total.sum * total.sum;
        let n = total.n as f64;
        spread as f64 / n * self.unit / n * self.unit
    }

    fn is_pure(&self, total: &Moments) -> bool {
        total.least == total.most
    }

    fn value(&self, total: &Moments, leaf: &mut Vec<f64>) {
        leaf.push(self.centre + total.sum as f64 / total.n as f64 * self.unit);
    }

    #[inline(always)]
    fn scores<E: Entry>(&self, total: &Moments, list: &[E], inverse: &[f64], scores: &mut [f64]) {
        // Against the mean of the node, so that no digits are lost to it; what its division leaves is below n units.
        let mean = total.sum.div_euclid(i128::from(total.n)) as i64;
        let mut apart = 0_i64;
        for (score, entry) in scores.iter_mut().zip(list) {
            apart += self.fixed[entry.row()] - mean;
            *score = apart as f64;
        }
        scores.iter_mut().zip(inverse).for_each(|(score, inverse)| *score = *score * *score * inverse);
    }
}

/// Gives `then` the measure that fits the targets.
pub(crate) fn with_measure<V: Visit>(target: &Target<'_>, criterion: Criterion, then: V) -> V::Output {
    match *target {
        Target::Classes { labels, classes: 2 } if criterion == Criterion::Gini => then.visit(&TwoClasses::new(labels)),
        Target::Classes { labels, classes } => then.visit(&Classes::new(labels, classes, criterion)),
        Target::Numbers(numbers) => then.visit(&Squares::new(numbers)),
    }
}

/// Something to do with a measure whose type is known late.
pub(crate) trait Visit {
    type Output;
    fn visit<M: Measure>(self, measure: &M) -> Self::Output;
}

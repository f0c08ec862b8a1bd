//! UMAP's picture, pulled along the ties of a graph and pushed apart at random.
//!
//! Each round moves all points from where the others were at its start; see [`umap`](super::umap) for why.

use rayon::prelude::*;

use super::{graph::Graph, umap::Options};
use crate::{kernel::vectorized, pool};

/// The curve `1 / (1 + a x^2b)` that comes closest to 1 up to `min_dist` and `exp(-(x - min_dist) / spread)` beyond, by
/// Levenberg's method on 300 places up to three spreads.
fn curve(min_dist: f64, spread: f64) -> (f64, f64) {
    let places: Vec<f64> = (1..300).map(|i| f64::from(i) * 3.0 * spread / 299.0).collect();
    let wanted = |x: f64| if x < min_dist { 1.0 } else { (-(x - min_dist) / spread).exp() };
    let off =
        |a: f64, b: f64| places.iter().map(|x| (1.0 / (1.0 + a * x.powf(2.0 * b)) - wanted(*x)).powi(2)).sum::<f64>();
    // In log a and log b, which may take any value.
    let (mut a, mut b, mut damping) = (spread.powi(-2), 1.0, 1e-3);
    for _ in 0..200 {
        let (mut aa, mut ab, mut bb, mut ga, mut gb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for x in &places {
            let power = a * x.powf(2.0 * b);
            let value = 1.0 / (1.0 + power);
            let (da, db) = (-value * value * power, -value * value * power * 2.0 * b * x.ln());
            let rest = value - wanted(*x);
            (aa, ab, bb) = (aa + da * da, ab + da * db, bb + db * db);
            (ga, gb) = (ga + da * rest, gb + db * rest);
        }
        let (p, q) = (aa * (1.0 + damping), bb * (1.0 + damping));
        let determinant = p * q - ab * ab;
        let (da, db) = ((ab * gb - q * ga) / determinant, (ab * ga - p * gb) / determinant);
        let (next_a, next_b) = (a * da.clamp(-1.0, 1.0).exp(), b * db.clamp(-1.0, 1.0).exp());
        if off(next_a, next_b) <= off(a, b) {
            (a, b, damping) = (next_a, next_b, damping * 0.3);
            if da.abs() + db.abs() < 1e-9 {
                break;
            }
        } else {
            damping *= 4.0;
        }
    }
    (a, b)
}

/// Random points that push for each pull.
const NEGATIVE: usize = 5;
/// No coordinate of one pull or push is longer.
const LONGEST: f32 = 4.0;
/// Pushes computed side by side.
const LANES: usize = 8;

/// Moves the points of a picture, which are as many as those of the graph, round by round.
pub(super) fn descend(graph: &Graph, picture: &mut Vec<[f32; 2]>, options: &Options) {
    const BLOCK: usize = 128;
    let (a, b) = curve(options.min_dist, options.spread);
    let force = Force { a: a as f32, b: b as f32 };
    let strongest = graph.weights.iter().copied().fold(0.0, f32::max).max(f32::MIN_POSITIVE);
    let shares: Vec<f32> = graph.weights.iter().map(|weight| weight / strongest).collect();
    let mut moved = picture.clone();
    for round in 0..options.n_epochs {
        pool::give_way();
        let rate = 1.0 - round as f32 / options.n_epochs as f32;
        let field = Field { graph, shares: &shares, points: picture, force, round, rate, seed: options.seed.get() };
        moved.par_chunks_mut(BLOCK).enumerate().for_each(|(block, moved)| {
            vectorized(
                #[inline(always)]
                || {
                    for (i, moved) in moved.iter_mut().enumerate() {
                        *moved = field.moved(block * BLOCK + i);
                    }
                },
            );
        });
        std::mem::swap(picture, &mut moved);
    }
}

/// All that moves a point in one round.
struct Field<'a> {
    graph: &'a Graph,
    shares: &'a [f32],
    points: &'a [[f32; 2]],
    force: Force,
    round: usize,
    rate: f32,
    seed: u64,
}

impl Field<'_> {
    /// Where a point goes.
    #[inline(always)]
    fn moved(&self, point: usize) -> [f32; 2] {
        let mut at = self.points[point];
        let round = self.round as f32;
        let mut count = 0;
        // One pull after the other: all at once, they would carry the point beyond its neighbours.
        for tie in self.graph.starts[point]..self.graph.starts[point + 1] {
            // A tie of share s pulls in s of the rounds, evenly.
            let share = self.shares[tie];
            if ((round + 1.0) * share).floor() > (round * share).floor() {
                let other = self.points[self.graph.ends[tie] as usize];
                let apart = [at[0] - other[0], at[1] - other[1]];
                let pull = self.force.pull(apart[0] * apart[0] + apart[1] * apart[1]);
                at = [0, 1].map(|c| at[c] - 2.0 * self.rate * (pull * apart[c]).clamp(-LONGEST, LONGEST));
                count += 1;
            }
        }
        let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
        // A sequence for each point and round, so that their order does not matter (Steele, Lea and Flood's SplitMix).
        let mut state = self.seed ^ ((self.round as u64) << 32 | point as u64).wrapping_mul(0xd605_1e5a_95ab_17fb);
        let mut left = count * NEGATIVE;
        while left > 0 {
            let mut others = [point as u32; LANES];
            for pair in others[..left.min(LANES)].chunks_mut(2) {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                bits ^= bits >> 31;
                for (other, half) in pair.iter_mut().zip([bits >> 32, bits & 0xffff_ffff]) {
                    *other = ((half * self.points.len() as u64) >> 32) as u32;
                }
            }
            let (dx, dy, squared) = self.apart(at, &others);
            let mut push = [0.0; LANES];
            // The last lanes may hold no point.
            for lane in 0..LANES {
                push[lane] = if lane < left { self.force.push(squared[lane]) } else { 0.0 };
            }
            add(&mut x, &push, &dx);
            add(&mut y, &push, &dy);
            left = left.saturating_sub(LANES);
        }
        [at[0] + self.rate * x.iter().sum::<f32>(), at[1] + self.rate * y.iter().sum::<f32>()]
    }

    /// The differences to some points, and their squared distances.
    #[inline(always)]
    fn apart(&self, at: [f32; 2], others: &[u32; LANES]) -> ([f32; LANES], [f32; LANES], [f32; LANES]) {
        // One loop an array: together, the compiler would take x and y for the lanes.
        let (mut dx, mut dy, mut squared) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            [dx[lane], dy[lane]] = self.points[others[lane] as usize];
        }
        for x in &mut dx {
            *x = at[0] - *x;
        }
        for y in &mut dy {
            *y = at[1] - *y;
        }
        for lane in 0..LANES {
            squared[lane] = dx[lane] * dx[lane] + dy[lane] * dy[lane];
        }
        (dx, dy, squared)
    }
}

#[inline(always)]
fn add(sum: &mut [f32; LANES], force: &[f32; LANES], along: &[f32; LANES]) {
    for lane in 0..LANES {
        sum[lane] += (force[lane] * along[lane]).clamp(-LONGEST, LONGEST);
    }
}

/// The slope of the curve `1 / (1 + a x^2b)`'s logarithm, and of the logarithm of what it leaves to 1.
#[derive(Debug, Clone, Copy)]
struct Force {
    a: f32,
    b: f32,
}

impl Force {
    /// Of a tie, for each unit of the difference; `squared` is the squared distance.
    #[inline(always)]
    fn pull(&self, squared: f32) -> f32 {
        let squared = squared.max(1e-12);
        // Whatever the power, small or beyond the largest number, the sum is at least 1.
        2.0 * self.b / (squared * (1.0 + 1.0 / (self.a * power(squared, self.b))))
    }

    /// Of a random point.
    #[inline(always)]
    fn push(&self, squared: f32) -> f32 {
        2.0 * self.b / ((1e-3 + squared) * (1.0 + self.a * power(squared, self.b)))
    }
}

/// `x^b` to five digits for positive `x` of any size: 2 to the power of b times the logarithm, both by polynomials
/// (through Chebyshev's nodes, exact at the ends), so that several can be computed side by side.
#[inline(always)]
fn power(x: f32, b: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = ((bits >> 23) as i32 - 127) as f32;
    let m = f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000) - 1.0;
    let log = exponent
        + m * (1.442_575
            + m * (-0.718_324_9 + m * (0.457_618_3 + m * (-0.276_967_1 + m * (0.120_221_9 - 0.025_123_2 * m)))));
    // Added to this number, another is rounded to a whole one, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23
    let target = (b * log).clamp(-126.0, 126.0);
    let shifted = target - 0.5 + ROUND;
    let f = target - (shifted - ROUND);
    let part =
        1.0 + f * (0.693_151_25 + f * (0.240_157_74 + f * (0.055_836_02 + f * (0.008_959_888 + 0.001_895_107 * f))));
    f32::from_bits(shifted.to_bits().wrapping_add(127) << 23) * part
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_curve_is_the_authors() {
        // Oracle: find_ab_params of umap-learn 0.5.
        for (min_dist, spread, a, b) in
            [(0.1, 1.0, 1.5769, 0.8951), (0.5, 1.0, 0.5830, 1.3342), (0.0, 1.0, 1.9328, 0.7905)]
        {
            let got = curve(min_dist, spread);
            assert!((got.0 - a).abs() < 2e-3 && (got.1 - b).abs() < 2e-3, "{got:?} instead of {a}, {b}");
        }
    }

    #[test]
    fn forces_stay_finite() {
        let (a, b) = curve(10.0, 10.0);
        let force = Force { a: a as f32, b: b as f32 };
        for squared in [0.0, 1e-30, 1.0, 1e6, 1e30] {
            assert!(force.pull(squared).is_finite() && force.push(squared).is_finite(), "{squared}");
        }
    }

    proptest! {
        #[test]
        fn powers(x in 1e-6..1e6_f32, b in 0.1..2.5_f32) {
            prop_assert!((power(x, b) / x.powf(b) - 1.0).abs() < 3e-5);
        }
    }
}

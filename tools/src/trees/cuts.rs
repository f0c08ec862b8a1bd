//! The best of many cuts, by sums.
//!
//! A cut with the sums g and h on its left, out of G and H, gains g²/(h + λ) + (G - g)²/(H - h + λ) less a constant. With
//! a = h + λ, b = H - h + λ and S = a + b, which is the same for all cuts, this is G²/S + (g - a G/S)² S / (a b): only
//! (g - a G/S)² / (a b) has to be compared. Both halves of a sum are whole numbers, so that difference loses no digits
//! where it matters, and single precision does for what is left: eight or sixteen cuts at once. With λ = 0, weights for h
//! and weighted targets for g it is the fall in squared error, and for two classes half of that in Gini impurity.

/// Two whole numbers in one word, so that one addition adds both: `value` signed, `weight` at least 0 and below 2^31 even
/// when all are added up.
#[inline(always)]
pub(crate) fn pack(value: i64, weight: i64) -> i64 {
    (value << 32) + weight
}

/// The value and the weight of a word.
#[inline(always)]
pub(crate) fn unpack(word: i64) -> (f64, f64) {
    (f64::from((word >> 32) as i32), f64::from(word as i32))
}

/// Which cuts count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// λ, 0 or more.
    pub(crate) penalty: f64,
    /// The least weight on each side, more than 0.
    pub(crate) weight: f64,
}

/// The place of the best cut, the first of several. `lefts` are the sums on the left of each cut, at most 256.
#[inline(always)]
pub(crate) fn best(lefts: &[i64], total: i64, rule: Rule, scores: &mut [f32; 256]) -> Option<usize> {
    let (all_g, all_h) = unpack(total);
    let all = all_h + 2.0 * rule.penalty;
    let (slope, most) = (all_g / all, all_h - rule.weight);
    let scores = &mut scores[..lefts.len()];
    for (score, left) in scores.iter_mut().zip(lefts) {
        let (g, h) = unpack(*left);
        let a = h + rule.penalty;
        let apart = (g - a * slope) as f32;
        let value = apart * apart / (a * (all - a)) as f32;
        *score = if (h >= rule.weight) & (h <= most) { value } else { -1.0 };
    }
    let best = largest::<f32, 16>(scores, -1.0);
    if best < 0.0 { None } else { scores.iter().position(|score| *score == best) }
}

/// What a cut gains: see above. `left` are its sums.
pub(crate) fn gain(left: (f64, f64), total: (f64, f64), penalty: f64) -> f64 {
    let all = total.1 + 2.0 * penalty;
    let a = left.1 + penalty;
    let apart = left.0 - a * (total.0 / all);
    apart * apart * all / (a * (all - a))
}

/// The largest number, at least `least`, in lanes that do not wait for each other.
#[inline(always)]
pub(crate) fn largest<T: Copy + PartialOrd, const LANES: usize>(numbers: &[T], least: T) -> T {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut lanes = [least; LANES];
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane = if *number > *lane { *number } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(least, |most, number| if *number > most { *number } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_formula() {
        let mut random = crate::random::Random::new(2.into());
        let mut scores = [0.0; 256];
        for penalty in [0.0, 3.5] {
            let words: Vec<i64> =
                (0..100).map(|_| pack(random.below(2001) as i64 - 1000, random.below(50) as i64)).collect();
            let mut sum = 0;
            let lefts: Vec<i64> = words
                .iter()
                .map(|word| {
                    sum += word;
                    sum
                })
                .collect();
            let total = unpack(sum);
            let score = |(g, h): (f64, f64)| {
                let whole = |g: f64, h: f64| g * g / (h + penalty);
                whole(g, h) + whole(total.0 - g, total.1 - h) - total.0 * total.0 / (total.1 + 2.0 * penalty)
            };
            let at = best(&lefts, sum, Rule { penalty, weight: 100.0 }, &mut scores).expect("some cut counts");
            let allowed = |h: f64| h >= 100.0 && total.1 - h >= 100.0;
            let most =
                lefts.iter().map(|left| unpack(*left)).filter(|left| allowed(left.1)).map(score).fold(0.0, f64::max);
            let found = gain(unpack(lefts[at]), total, penalty);
            assert!((found - most).abs() < 1e-6 * most && (found - score(unpack(lefts[at]))).abs() < 1e-9 * most);
        }
    }
}

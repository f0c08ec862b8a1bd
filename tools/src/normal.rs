//! The standard normal distribution: density, distribution function with all its digits in the tails, and quantile.

use std::f64::consts::PI;

/// The density of the standard normal distribution at `z`.
pub(crate) fn density(z: f64) -> f64 {
    let square = z * z;
    if !square.is_finite() {
        return 0.0;
    }
    // With the digits that the rounding of the square would cost.
    let lost = z.mul_add(z, -square);
    (-0.5 * square).exp() * (1.0 - 0.5 * lost) / (2.0 * PI).sqrt()
}

/// The share of the standard normal distribution below `z`, to nearly full relative precision on both sides.
///
/// Near 0 it is a half and a series whose terms are all of one sign, in the tails a continued fraction (of Mills'
/// ratio), which loses no digits where the result is small: formulas 26.2.11 and 26.2.14 of M. Abramowitz, I. Stegun,
/// *Handbook of Mathematical Functions*, 1964.
pub(crate) fn below(z: f64) -> f64 {
    match z {
        _ if z > 1.0 => 1.0 - tail(z),
        _ if z < -1.0 => tail(-z),
        _ => 0.5 + density(z) * series(z),
    }
}

/// The share above `z`, for `z` of at least 1.
fn tail(z: f64) -> f64 {
    // The smallest positive number is about exp(-38.6² / 2).
    if z > 39.0 {
        return 0.0;
    }
    // As many terms as leave nothing to be seen in 53 bits, from the last one up.
    let terms = (14.0 + 410.0 / (z * z)) as u32;
    let fraction = (1..=terms).rev().fold(z, |fraction, k| z + f64::from(k) / fraction);
    density(z) / fraction
}

/// `z + z³/3 + z⁵/(3·5) + …`
fn series(z: f64) -> f64 {
    let (mut term, mut sum, mut n) = (z, z, 1.0);
    while term.abs() > sum.abs() * 1e-17 {
        n += 2.0;
        term *= z * z / n;
        sum += term;
    }
    sum
}

/// The value below which the share `p` of the standard normal distribution lies; infinite for 0 and 1, and `p` must not
/// lie outside of them.
///
/// A rational approximation (26.2.23 of Abramowitz and Stegun, error below 4.5e-4) is improved by Halley's method on
/// the logarithm of the tail, which is nearly a parabola and so keeps its digits however small `p` is; each step
/// triples the number of right digits.
pub(crate) fn quantile(p: f64) -> f64 {
    // Of the two tails the smaller one has the digits; 1 - p is exact from a half upwards.
    let (tail, sign) = if p < 0.5 { (p, -1.0) } else { (1.0 - p, 1.0) };
    if tail == 0.5 {
        return 0.0;
    }
    if tail == 0.0 {
        return sign * f64::INFINITY;
    }
    let t = (-2.0 * tail.ln()).sqrt();
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - top / bottom;
    for _ in 0..3 {
        let above = below(-z);
        // The hazard rate is the slope of the logarithm, and its own slope is known too.
        let hazard = density(z) / above;
        let off = (above / tail).ln();
        let step = off / hazard;
        z += step / (1.0 + 0.5 * step * (hazard - z));
    }
    sign * z
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: f64, expected: f64) {
        assert!((got / expected - 1.0).abs() < 4e-15, "{got} instead of {expected}");
    }

    #[test]
    fn agrees_with_tables() {
        // Oracle: mpmath 1.3 with 40 digits.
        for (z, expected) in BELOW {
            check(below(*z), *expected);
        }
        check(density(1.0), 0.241_970_724_519_143_37);
        assert_eq!((below(-1e300), below(1e300), below(0.0)), (0.0, 1.0, 0.5));
    }

    #[test]
    fn quantiles_undo_shares() {
        for p in [5e-324, 1e-300, 1e-100, 1e-10, 0.01, 0.3, 0.499_999, 0.5, 0.7, 0.99, 1.0 - 1e-15] {
            let z = quantile(p);
            let (got, expected) = if p < 0.5 { (below(z), p) } else { (below(-z), 1.0 - p) };
            // The slope of the logarithm turns an error of z in its last digit into this one.
            assert!((got / expected - 1.0).abs() < 1e-15 * (5.0 + z * z) || p < 1e-308, "{p}: {z}");
        }
        assert_eq!((quantile(0.5), quantile(0.0), quantile(1.0)), (0.0, f64::NEG_INFINITY, f64::INFINITY));
        check(quantile(0.975), 1.959_963_984_540_054);
        check(quantile(1e-300), -37.047_096_299_361_2);
    }

    /// Arguments and the share below them.
    const BELOW: &[(f64, f64)] = &[
        (-37.5, 4.605_353_009_581_955e-308),
        (-37.0, 5.725_571_222_524_577e-300),
        (-20.0, 2.753_624_118_606_233_7e-89),
        (-10.0, 7.619_853_024_160_525e-24),
        (-6.0, 9.865_876_450_376_98e-10),
        (-4.1, 2.065_750_691_254_677e-05),
        (-3.0, 0.001_349_898_031_630_094_6),
        (-2.0, 0.022_750_131_948_179_21),
        (-1.5, 0.066_807_201_268_858_07),
        (-1.1, 0.135_666_060_946_382_64),
        (-1.0, 0.158_655_253_931_457_05),
        (-0.9, 0.184_060_125_346_759_47),
        (-0.5, 0.308_537_538_725_986_9),
        (-0.1, 0.460_172_162_722_971),
        (-1e-09, 0.499_999_999_601_057_73),
        (0.3, 0.617_911_422_188_952_7),
        (1.0, 0.841_344_746_068_542_9),
        (1.2, 0.884_930_329_778_291_7),
        (2.5, 0.993_790_334_674_223_8),
        (6.0, 0.999_999_999_013_412_3),
    ];
}

//! The tails of the chi-square and of Kolmogorov's distribution: how likely a statistic at least as large is when
//! nothing has changed.

use crate::special::ln_gamma;

/// The probability that a chi-square variable with `freedom` degrees lies above `x`.
pub(crate) fn chi_square_above(x: f64, freedom: f64) -> f64 {
    gamma_above(freedom / 2.0, x / 2.0)
}

/// The regularised upper incomplete gamma function `Q(a, x)`, for positive `a`.
///
/// Below the mean by the series 6.5.29 of Abramowitz and Stegun for the other side, above it by Lentz's method on the
/// continued fraction 6.5.31, which keeps the digits of tiny tails.
fn gamma_above(a: f64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / away_from_zero(b));
    let mut fraction = d;
    for i in 1..100_000 {
        let i = f64::from(i);
        let along = -i * (i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(along * d + b);
        c = away_from_zero(b + along / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (front * fraction).clamp(0.0, 1.0)
}

/// The probability that the largest distance between a distribution function and that of `n` draws from it is at least
/// `d` (Kolmogorov's D, both sides).
///
/// Each region has its own method, as in R. Simard, P. L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov
/// distribution", Journal of Statistical Software 39(11), 2011: twice the one-sided tail where the two sides hardly ever
/// happen together, the exact matrix of Durbin where `n` is small, a corrected limit where it is large.
pub(crate) fn kolmogorov_above(d: f64, n: usize) -> f64 {
    let size = n as f64;
    if n == 0 || d * size <= 0.5 {
        return 1.0;
    }
    if d >= 1.0 {
        return 0.0;
    }
    if size * d * d > 2.2 {
        return (2.0 * smirnov_above(d, n)).min(1.0);
    }
    if n <= 200 {
        return (1.0 - durbin(d, n)).clamp(0.0, 1.0);
    }
    // J. Vrbik, "Small-sample corrections to Kolmogorov-Smirnov test statistic", Pioneer Journal of Theoretical and
    // Applied Statistics 15, 2018: what is left is of order n^(-3/2).
    let root = size.sqrt();
    limit_above(root * d + 1.0 / (6.0 * root) + (root * d - 1.0) / (4.0 * size))
}

/// The one-sided tail, exact: Z. W. Birnbaum, F. H. Tingey, Annals of Mathematical Statistics 22, 1951.
fn smirnov_above(d: f64, n: usize) -> f64 {
    let size = n as f64;
    let whole = ln_gamma(size + 1.0);
    let last = (size * (1.0 - d)).floor() as usize;
    let terms = (0..=last.min(n)).filter_map(|j| {
        let j = j as f64;
        let (above, below) = (1.0 - d - j / size, d + j / size);
        (above > 0.0).then(|| {
            let ways = whole - ln_gamma(j + 1.0) - ln_gamma(size - j + 1.0);
            (ways + (size - j) * above.ln() + (j - 1.0) * below.ln()).exp()
        })
    });
    d * terms.sum::<f64>()
}

/// `P(D < d)` by the power of a matrix: G. Marsaglia, W. W. Tsang, J. Wang, "Evaluating Kolmogorov's distribution",
/// Journal of Statistical Software 8(18), 2003.
fn durbin(d: f64, n: usize) -> f64 {
    let size = n as f64;
    let k = (size * d).floor() as usize + 1;
    let h = k as f64 - size * d;
    let m = 2 * k - 1;
    let mut step = vec![vec![0.0; m]; m];
    for (i, row) in step.iter_mut().enumerate() {
        row.iter_mut().take(i + 2).for_each(|cell| *cell = 1.0);
    }
    // The first column and the last row lie at the edges of the strip.
    for (i, row) in step.iter_mut().enumerate() {
        row[0] -= h.powi(i as i32 + 1);
    }
    for (j, cell) in step[m - 1].iter_mut().enumerate() {
        *cell -= h.powi((m - j) as i32);
    }
    step[m - 1][0] += if 2.0 * h > 1.0 { (2.0 * h - 1.0).powi(m as i32) } else { 0.0 };
    for (i, row) in step.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate().take(i + 1) {
            *cell /= (ln_gamma((i - j + 2) as f64)).exp();
        }
    }
    let (power, exponent) = power(&step, n);
    let mut logarithm = exponent + ln_gamma(size + 1.0) - size * size.ln();
    let entry = power[k - 1][k - 1];
    if entry <= 0.0 {
        return 0.0;
    }
    logarithm += entry.ln();
    logarithm.exp()
}

/// A matrix to the power of `n`, divided by `exp` of the second part so that it stays within range.
fn power(matrix: &[Vec<f64>], n: usize) -> (Vec<Vec<f64>>, f64) {
    let m = matrix.len();
    let mut result: Vec<Vec<f64>> = (0..m).map(|i| (0..m).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let (mut square, mut left) = (matrix.to_vec(), n);
    let (mut scale, mut square_scale) = (0.0, 0.0);
    while left > 0 {
        if left % 2 == 1 {
            result = product(&result, &square);
            scale += square_scale + shrink(&mut result);
        }
        square = product(&square, &square);
        square_scale = 2.0 * square_scale + shrink(&mut square);
        left /= 2;
    }
    (result, scale)
}

fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; b.len()]; a.len()];
    for (row, out) in a.iter().zip(&mut out) {
        for (factor, other) in row.iter().zip(b) {
            out.iter_mut().zip(other).for_each(|(sum, x)| *sum += factor * x);
        }
    }
    out
}

/// Divides by the largest entry and gives its logarithm.
fn shrink(matrix: &mut [Vec<f64>]) -> f64 {
    let most = matrix.iter().flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
    if most == 0.0 {
        return 0.0;
    }
    matrix.iter_mut().flatten().for_each(|x| *x /= most);
    most.ln()
}

/// Kolmogorov's limit for large samples, by whichever of its two series converges faster.
fn limit_above(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let above = if x < 1.0 {
        let pi = std::f64::consts::PI;
        let terms = (1..=20).map(|k| (-f64::from(2 * k - 1).powi(2) * pi * pi / (8.0 * x * x)).exp());
        1.0 - (2.0 * pi).sqrt() / x * terms.sum::<f64>()
    } else {
        let term = |k: i32| (-2.0 * f64::from(k * k) * x * x).exp();
        2.0 * (1..=20).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum::<f64>()
    };
    above.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: f64, expected: f64, slack: f64) {
        assert!((got / expected - 1.0).abs() < slack, "{got} instead of {expected}");
    }

    #[test]
    fn chi_square_has_closed_forms() {
        // Two degrees of freedom are an exponential distribution, four its sum with another.
        check(chi_square_above(3.0, 2.0), (-1.5_f64).exp(), 1e-13);
        check(chi_square_above(300.0, 4.0), (-150.0_f64).exp() * 151.0, 1e-12);
        check(chi_square_above(0.5, 4.0), (-0.25_f64).exp() * 1.25, 1e-13);
        // The 95 % point of one degree of freedom is the square of the normal's 97.5 % point.
        check(chi_square_above(1.959_963_984_540_054_f64.powi(2), 1.0), 0.05, 1e-12);
        assert_eq!(chi_square_above(0.0, 3.0), 1.0);
    }

    #[test]
    fn kolmogorov_for_tiny_samples_by_hand() {
        // One draw: D = max(u, 1 - u), so P(D >= d) = 2 (1 - d). Two draws: P(D >= d) = 2 (1 - d)^2 above 1/2.
        check(kolmogorov_above(0.7, 1), 0.6, 1e-12);
        check(kolmogorov_above(0.6, 2), 0.32, 1e-12);
        assert_eq!(kolmogorov_above(0.5, 1), 1.0);
        assert_eq!(kolmogorov_above(1.0, 9), 0.0);
    }

    #[test]
    fn kolmogorov_agrees_with_its_authors() {
        // Oracle: Marsaglia, Tsang and Wang's paper, §2: P(D_10 < 0.274) = 0.6284796154565...
        check(1.0 - kolmogorov_above(0.274, 10), 0.628_479_615_456_504_3, 1e-12);
    }

    #[test]
    fn the_methods_meet_where_they_hand_over() {
        for n in [201, 400] {
            for x in [0.4, 0.7, 1.0, 1.4] {
                let d = x / (n as f64).sqrt();
                check(kolmogorov_above(d, n), 1.0 - durbin(d, n), 3e-3);
            }
        }
        for n in [20, 150] {
            let d = (2.2 / n as f64).sqrt();
            check(2.0 * smirnov_above(d, n), 1.0 - durbin(d, n), 1e-5);
        }
    }

    #[test]
    fn the_tail_falls() {
        for n in [5, 50, 500, 5000] {
            let tail: Vec<f64> = (1..200).map(|i| kolmogorov_above(f64::from(i) / 200.0, n)).collect();
            assert!(tail.is_sorted_by(|a, b| a >= b), "{n}");
        }
    }
}

//! Special functions for the tails of Student's t and Fisher's F.

/// The natural logarithm of the gamma function, for positive arguments.
///
/// C. Lanczos, "A precision approximation of the gamma function", SIAM J. Numer. Anal. 1, 1964, with the coefficients of
/// P. Godfrey (g = 7, n = 9): about 15 digits.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let series = COEFFICIENTS.iter().enumerate().map(|(i, c)| c / (x + i as f64 + 1.0)).sum::<f64>();
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + (0.999_999_999_999_809_9 + series).ln()
}

/// The regularised incomplete beta function `I_x(a, b)`: the share of a beta distribution that lies below `x`.
///
/// Lentz's method on the continued fraction 26.5.8 of Abramowitz and Stegun.
pub(crate) fn beta_share(x: f64, a: f64, b: f64) -> f64 {
    if !(x > 0.0 && x < 1.0) {
        return if x >= 1.0 { 1.0 } else { x.max(0.0) };
    }
    // The fraction converges fast below the mean only; above it, take the other tail.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_share(1.0 - x, b, a);
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= f64::EPSILON * fraction.abs() {
            break;
        }
    }
    front.exp() * fraction / a
}

/// The probability that Student's t with `freedom` degrees lies further from 0 than `t`, on either side.
pub(crate) fn student_two_sided(t: f64, freedom: f64) -> f64 {
    beta_share(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// The value that Student's t exceeds in size with probability `outside`, above 0 and below 1: by bisection.
pub(crate) fn student_quantile(outside: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while student_two_sided(high, freedom) > outside && high < 1e300 {
        (low, high) = (high, high * 2.0);
    }
    // Each step halves the interval; after 60 there is nothing left to halve.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if student_two_sided(middle, freedom) > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The probability that Fisher's F with these degrees of freedom lies above `f`.
pub(crate) fn fisher_above(f: f64, numerator: f64, denominator: f64) -> f64 {
    beta_share(denominator / (denominator + numerator * f), denominator / 2.0, numerator / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: f64, expected: f64) {
        assert!((got / expected - 1.0).abs() < 1e-12, "{got} instead of {expected}");
    }

    #[test]
    fn agrees_with_closed_forms() {
        check(ln_gamma(5.0), 24.0_f64.ln());
        check(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
        check(beta_share(0.3, 1.0, 1.0), 0.3);
        check(beta_share(0.25, 2.0, 1.0), 0.0625);
        // One degree of freedom is the Cauchy distribution, two have a closed form too.
        check(student_two_sided(1.0, 1.0), 0.5);
        check(student_two_sided(2.0, 2.0), 1.0 - 2.0 / 6.0_f64.sqrt());
        check(fisher_above(3.0, 2.0, 2.0), 0.25);
    }

    #[test]
    fn quantiles_undo_tails() {
        check(student_quantile(0.5, 1.0), 1.0);
        // Oracle: scipy.stats.t.ppf(0.975, 10).
        check(student_quantile(0.05, 10.0), 2.228_138_851_986_273_5);
    }
}

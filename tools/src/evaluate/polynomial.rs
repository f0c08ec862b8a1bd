//! Polynomials fitted to many sets of targets at the same places.
//!
//! Powers of `x` look more and more alike; Legendre's polynomials on the interval of the training places do not, and
//! span the same functions.

use crate::{error::Error, linear::linear_regression};

/// The highest degree.
pub(super) const HIGHEST: usize = 30;

/// The predictions at `at` of least-squares polynomials of one degree through each set of targets at `x`.
pub(super) fn predictions<'a>(
    x: &[f64],
    targets: impl Iterator<Item = &'a [f64]>,
    at: &[f64],
    degree: usize,
) -> Result<Vec<Vec<f64>>, Error> {
    if degree > HIGHEST {
        return Err(Error::too_large("/degree", format!("`degree` is {degree}, the limit is {HIGHEST}")));
    }
    let mut places = x.to_vec();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let (low, high) = (places[0], places[places.len() - 1]);
    if places.len() <= degree {
        let message =
            format!("a polynomial of degree {degree} needs {} different places, not {}", degree + 1, places.len());
        return Err(Error::invalid("/degree", message).with_hint("use a lower degree or more places"));
    }
    let table =
        |x: &[f64]| -> Vec<f64> { x.iter().flat_map(|x| legendre(on_interval(*x, low, high), degree)).collect() };
    let (known, asked) = (table(x), table(at));
    let fit = |y: &[f64]| match linear_regression::fit(&known, degree + 1, y, None, false) {
        Ok(fit) => Ok(fit.line.predict(&asked)),
        // The table that it knows is not an argument here.
        Err(error) => Err(Error { path: String::new(), ..error }),
    };
    targets.map(fit).collect()
}

/// Where `x` lies if the interval is moved to -1 .. 1.
fn on_interval(x: f64, low: f64, high: f64) -> f64 {
    // Halved first: the length of the interval could overflow.
    let half = high / 2.0 - low / 2.0;
    if half > 0.0 { (x / 2.0 - low / 2.0) / half * 2.0 - 1.0 } else { 0.0 }
}

/// The polynomials up to a degree by their recursion, `(n + 1) P(n+1) = (2n + 1) x P(n) - n P(n-1)`.
fn legendre(x: f64, degree: usize) -> Vec<f64> {
    let mut values = vec![1.0, x];
    for n in 1..degree.max(1) {
        let m = n as f64;
        values.push(((2.0 * m + 1.0) * x * values[n] - m * values[n - 1]) / (m + 1.0));
    }
    values.truncate(degree + 1);
    values
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_polynomial_is_met_everywhere() {
        let f = |x: f64| 3.0 - 2.0 * x + 0.5 * x.powi(4);
        let x: Vec<f64> = (0..12).map(|i| 5.0 + f64::from(i) / 3.0).collect();
        let y: Vec<f64> = x.iter().map(|x| f(*x)).collect();
        let at = [5.1, 7.7, 8.6];
        let found = predictions(&x, [&y[..]].into_iter(), &at, 4).unwrap();
        for (found, at) in found[0].iter().zip(at) {
            assert!((found / f(at) - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn the_first_polynomials() {
        assert_eq!(legendre(0.5, 3), [1.0, 0.5, -0.125, -0.4375]); // (3x² - 1) / 2 and (5x³ - 3x) / 2
        assert_eq!(legendre(0.5, 0), [1.0]);
    }

    #[test]
    fn too_few_places() {
        let y = [1.0, 2.0, 3.0];
        assert_eq!(predictions(&[1.0, 1.0, 2.0], [&y[..]].into_iter(), &[1.0], 2).unwrap_err().path, "/degree");
    }
}

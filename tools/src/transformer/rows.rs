//! What is done to each token's row by itself: norms, sums over rows, and the loss, forwards and backwards.

use crate::{
    kernel::{Real, inside, vectorized},
    neural::softmax,
};

/// Adds up rows of `width` numbers onto `sums`.
pub(crate) fn add_rows<T: Real>(rows: &[T], sums: &mut [T]) {
    vectorized(
        #[inline(always)]
        || rows.chunks_exact(sums.len()).for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x)),
    );
}

/// A layer norm: each row less its mean, divided by its standard deviation (with 1e-5 under the root), times gains, plus
/// shifts. `hat` keeps the row before gains and shifts, `inverse` one over the deviation.
///
/// J. Ba, J. Kiros, G. Hinton, "Layer normalization", arXiv 1607.06450, 2016.
pub(crate) fn norm<T: Real>(x: &[T], gains_and_shifts: &[T], hat: &mut [T], inverse: &mut [T], out: &mut [T]) {
    let d = gains_and_shifts.len() / 2;
    let (gains, shifts) = gains_and_shifts.split_at(d);
    let (share, eps) = (T::from_f64(1.0 / d as f64), T::from_f64(1e-5));
    vectorized(
        #[inline(always)]
        || {
            let rows = x.chunks_exact(d).zip(hat.chunks_exact_mut(d)).zip(out.chunks_exact_mut(d));
            for (((x, hat), out), inverse) in rows.zip(inverse) {
                let mean = sum(x) * share;
                hat.iter_mut().zip(x).for_each(|(hat, x)| *hat = *x - mean);
                let one_over = T::ONE / (inside::dot(hat, hat) * share + eps).sqrt();
                *inverse = one_over;
                for i in 0..d {
                    hat[i] *= one_over;
                    out[i] = hat[i] * gains[i] + shifts[i];
                }
            }
        },
    );
}

/// From the slopes in a norm's output to those in its input, added to `in_x`, and in its gains and shifts, added to
/// `in_gains_and_shifts`. `above` is used up.
pub(crate) fn norm_backward<T: Real>(
    above: &mut [T],
    gains_and_shifts: &[T],
    hat: &[T],
    inverse: &[T],
    in_x: &mut [T],
    in_gains_and_shifts: &mut [T],
) {
    let d = gains_and_shifts.len() / 2;
    let gains = &gains_and_shifts[..d];
    let (in_gains, in_shifts) = in_gains_and_shifts.split_at_mut(d);
    let share = T::from_f64(1.0 / d as f64);
    vectorized(
        #[inline(always)]
        || {
            let rows = above.chunks_exact_mut(d).zip(hat.chunks_exact(d)).zip(in_x.chunks_exact_mut(d));
            for (((above, hat), in_x), inverse) in rows.zip(inverse) {
                for i in 0..d {
                    in_gains[i] += above[i] * hat[i];
                    in_shifts[i] += above[i];
                    above[i] *= gains[i];
                }
                let (mean, along) = (sum(above) * share, inside::dot(above, hat) * share);
                for i in 0..d {
                    in_x[i] += *inverse * (above[i] - mean - hat[i] * along);
                }
            }
        },
    );
}

/// The sum, in sixteen sums side by side.
#[inline(always)]
pub(crate) fn sum<T: Real>(x: &[T]) -> T {
    let (blocks, rest) = x.as_chunks::<16>();
    let mut sums = [T::ZERO; 16];
    for block in blocks {
        for i in 0..16 {
            sums[i] += block[i];
        }
    }
    let mut total = T::ZERO;
    sums.iter().chain(rest).for_each(|x| total += *x);
    total
}

/// Turns scores into slopes of the loss `-ln p[target]` times `share`, and gives the loss.
pub(crate) fn cross_entropy<T: Real>(scores: &mut [T], target: usize, share: T) -> f64 {
    let right = scores[target].to_f64();
    let loss = softmax::in_place(scores).to_f64() - right;
    scores[target] -= T::ONE;
    vectorized(
        #[inline(always)]
        || scores.iter_mut().for_each(|p| *p *= share),
    );
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_by_hand() {
        // Mean 2, variance 1: -1 and 1 (up to the 1e-5 under the root), times 2, plus 3.
        let (mut hat, mut inverse, mut out) = ([0.0; 2], [0.0], [0.0; 2]);
        norm(&[1.0, 3.0], &[2.0, 2.0, 3.0, 3.0], &mut hat, &mut inverse, &mut out);
        let size = 1.0 / 1.00001_f64.sqrt();
        assert!((out[0] - (3.0 - 2.0 * size)).abs() < 1e-12 && (out[1] - (3.0 + 2.0 * size)).abs() < 1e-12, "{out:?}");
        // What is added to all of a row is taken off again, so no slope is left in that direction.
        let (mut in_x, mut rest) = ([0.0; 2], [0.0; 4]);
        norm_backward(&mut [5.0, -7.0], &[2.0, 2.0, 3.0, 3.0], &hat, &inverse, &mut in_x, &mut rest);
        assert!((in_x[0] + in_x[1]).abs() < 1e-12 && rest[2..] == [5.0, -7.0]);
    }

    #[test]
    fn the_loss_by_hand() {
        // Equal scores: each has probability 1/4, and the loss is ln 4.
        let mut scores = [7.0, 7.0, 7.0, 7.0];
        assert!((cross_entropy(&mut scores, 2, 0.5) - 4.0_f64.ln()).abs() < 1e-12);
        assert_eq!(scores, [0.125, 0.125, -0.375, 0.125]);
    }

    #[test]
    fn sums_of_any_length() {
        for n in [0, 1, 15, 16, 17, 40] {
            let numbers: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum(&numbers), f64::from(n * (n + 1) / 2));
        }
    }
}

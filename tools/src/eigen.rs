//! Eigenvalues and eigenvectors of symmetric matrices.
//!
//! All of them: reflections bring the matrix to three diagonals, and rotations (QL with implicit shifts) take the two
//! outer ones away. The largest few of a large matrix: multiply a block of vectors by it again and again, which turns
//! them towards the largest eigenvectors, and solve the small problem within the block (subspace iteration with
//! Rayleigh-Ritz). The products are combined to a Chebyshev polynomial, which is small up to the smallest value of the
//! block and grows steeply beyond it.
//!
//! Cost: O(d³), mostly rows added to rows; O(d² · k) a round for the largest k.
//! Sources: G. Golub, C. van Loan, *Matrix Computations*, 4th ed., 2013, §8.3; H. Bowdler, R. Martin, C. Reinsch,
//! J. Wilkinson, "The QR and QL algorithms for symmetric matrices", Numerische Mathematik 11, 1968; Y. Saad, *Numerical
//! Methods for Large Eigenvalue Problems*, 2nd ed., 2011, §5.2 and §5.3; Y. Zhou, Y. Saad, M. Tiago, J. Chelikowsky,
//! "Self-consistent-field calculations using Chebyshev-filtered subspace iteration", J. Computational Physics 219, 2006.

use crate::{
    kernel::{View, inside, matmul, vectorized},
    random::Random,
    value::Seed,
};

/// `A = Σ values[i] vectors[i] vectors[i]ᵀ`.
pub(crate) struct Eigen {
    /// From large to small.
    pub(crate) values: Vec<f64>,
    /// One a row, of length 1 and at right angles to each other, row after row.
    pub(crate) vectors: Vec<f64>,
}

/// Decomposes a symmetric matrix of `d` rows, given row after row. All entries have to be finite.
pub(crate) fn symmetric(mut a: Vec<f64>, d: usize) -> Eigen {
    // A power of two changes no digit and keeps squares in range.
    let largest = a.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let power = if largest > 0.0 { (largest.log2().floor() as i32).clamp(-1000, 1000) } else { 0 };
    a.iter_mut().for_each(|x| *x *= 2.0_f64.powi(-power));
    let (mut diagonal, mut beside, mut vectors) = vectorized(
        #[inline(always)]
        || tridiagonal(&mut a, d),
    );
    vectorized(
        #[inline(always)]
        || rotate_away(&mut diagonal, &mut beside, &mut vectors, d),
    );
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|&i, &j| diagonal[j].total_cmp(&diagonal[i]));
    Eigen {
        values: order.iter().map(|&i| diagonal[i] * 2.0_f64.powi(power)).collect(),
        vectors: order.iter().flat_map(|&i| &vectors[i * d..(i + 1) * d]).copied().collect(),
    }
}

/// The three diagonals of `Qᵀ A Q` (the second beside the first, its entry 0 unused), and the rows of `Qᵀ`.
#[inline(always)]
fn tridiagonal(a: &mut [f64], d: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut diagonal, mut beside) = (vec![0.0; d], vec![0.0; d]);
    // Mirror k acts on the entries after k; its doubled square is 1 over the scale kept with it.
    let mut mirrors: Vec<(Vec<f64>, f64)> = Vec::with_capacity(d);
    for k in 0..d.saturating_sub(1) {
        let first = k + 1;
        let mut mirror = a[k * d + first..(k + 1) * d].to_vec();
        let length = inside::dot(&mirror, &mirror).sqrt();
        diagonal[k] = a[k * d + k];
        if length == 0.0 || first == d - 1 {
            beside[first] = mirror[0];
            mirrors.push((mirror, 0.0));
            continue;
        }
        // Away from the first entry, so that nothing cancels.
        let to = if mirror[0] > 0.0 { -length } else { length };
        mirror[0] -= to;
        beside[first] = to;
        let scale = 2.0 / inside::dot(&mirror, &mirror);
        // A ← A - m wᵀ - w mᵀ with w = scale (A m - scale/2 (mᵀ A m) m).
        let mut w: Vec<f64> =
            (first..d).map(|i| inside::dot(&a[i * d + first..(i + 1) * d], &mirror) * scale).collect();
        let along = -0.5 * scale * inside::dot(&w, &mirror);
        inside::axpy(along, &mirror, &mut w);
        for (i, (&m, &v)) in mirror.iter().zip(&w).enumerate() {
            let row = &mut a[(first + i) * d + first..(first + i + 1) * d];
            for ((x, w), mirror) in row.iter_mut().zip(&w).zip(&mirror) {
                *x -= m * *w + v * *mirror;
            }
        }
        mirrors.push((mirror, scale));
    }
    if d > 0 {
        diagonal[d - 1] = a[d * d - 1];
    }
    // Qᵀ from the last mirror to the first: before mirror k, rows up to k are still those of the identity.
    let mut q = vec![0.0; d * d];
    q.iter_mut().step_by(d + 1).for_each(|x| *x = 1.0);
    for (k, (mirror, scale)) in mirrors.iter().enumerate().rev() {
        for i in k + 1..d {
            let row = &mut q[i * d + k + 1..(i + 1) * d];
            let along = -scale * inside::dot(row, mirror);
            inside::axpy(along, mirror, row);
        }
    }
    (diagonal, beside, q)
}

/// Makes the second diagonal zero by rotations, which also turn the rows of `vectors`.
#[inline(always)]
fn rotate_away(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut [f64], d: usize) {
    // `beside[i]` stands between i and i + 1 from here on.
    beside.rotate_left(1.min(d));
    for l in 0..d {
        // Two or three rounds a value are usual; the bound is for what never comes to rest.
        for _ in 0..60 {
            let small = |i: usize| beside[i].abs() <= f64::EPSILON * (diagonal[i].abs() + diagonal[i + 1].abs());
            let m = (l..d - 1).find(|&i| small(i)).unwrap_or(d - 1);
            if m == l {
                break;
            }
            // Wilkinson's shift.
            let mut g = (diagonal[l + 1] - diagonal[l]) / (2.0 * beside[l]);
            let mut r = g.hypot(1.0);
            g = diagonal[m] - diagonal[l] + beside[l] / (g + if g < 0.0 { -r } else { r });
            let (mut sine, mut cosine, mut moved) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let (f, b) = (sine * beside[i], cosine * beside[i]);
                r = f.hypot(g);
                beside[i + 1] = r;
                if r == 0.0 {
                    diagonal[i + 1] -= moved;
                    beside[m] = 0.0;
                    split = true;
                    break;
                }
                (sine, cosine) = (f / r, g / r);
                g = diagonal[i + 1] - moved;
                r = (diagonal[i] - g) * sine + 2.0 * cosine * b;
                moved = sine * r;
                diagonal[i + 1] = g + moved;
                g = cosine * r - b;
                let (above, below) = vectors.split_at_mut((i + 1) * d);
                for (x, y) in above[i * d..].iter_mut().zip(&mut below[..d]) {
                    (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                }
            }
            if !split {
                diagonal[l] -= moved;
                beside[l] = g;
                beside[m] = 0.0;
            }
        }
    }
}

/// The largest `count` eigenvalues of a matrix without negative ones, and their vectors.
pub(crate) fn largest(a: &[f64], d: usize, count: usize) -> Eigen {
    // What lies beside the block converges with the ratio of the eigenvalues on both sides.
    let size = count + (count / 2).max(12);
    if 2 * size < d
        && let Some(found) = iterate(a, d, count, size)
    {
        return found;
    }
    let mut all = symmetric(a.to_vec(), d);
    all.values.truncate(count);
    all.vectors.truncate(count * d);
    all
}

/// Rounds after which the eigenvalues are too close together for this method.
const ROUNDS: usize = 12;
/// The degree of the polynomial.
const DEGREE: usize = 5;
/// It is small up to this part of the largest eigenvalue at least.
const FLOOR: f64 = 1e-6;

fn iterate(a: &[f64], d: usize, count: usize, size: usize) -> Option<Eigen> {
    let mut random = Random::new(Seed::default());
    let a = View::new(a, d, d);
    let mut block: Vec<f64> = (0..size * d).map(|_| random.normal()).collect();
    let mut image = vec![0.0; size * d];
    orthogonalise(&mut block, d);
    matmul(View::new(&block, size, d), a, &mut image, 0.0);
    std::mem::swap(&mut block, &mut image);
    for _ in 0..ROUNDS {
        orthogonalise(&mut block, d);
        matmul(View::new(&block, size, d), a, &mut image, 0.0);
        // The small problem: how the matrix acts within the block.
        let mut small = vec![0.0; size * size];
        matmul(View::new(&block, size, d), View::new(&image, size, d).t(), &mut small, 0.0);
        let Eigen { values, vectors } = symmetric(small, size);
        let turn = View::new(&vectors, size, size);
        let (mut turned, mut turned_image) = (vec![0.0; size * d], vec![0.0; size * d]);
        matmul(turn, View::new(&block, size, d), &mut turned, 0.0);
        matmul(turn, View::new(&image, size, d), &mut turned_image, 0.0);
        let close = 1e-9 * values[0].abs();
        let pairs = turned.chunks_exact(d).zip(turned_image.chunks_exact(d)).zip(&values).take(count);
        let apart = pairs.map(|((vector, image), value)| {
            vector.iter().zip(image).map(|(x, y)| (y - value * x).powi(2)).sum::<f64>().sqrt()
        });
        // An eigenvalue is wrong by no more than the square of this over the gap to the next.
        if apart.fold(0.0, f64::max) <= close {
            turned.truncate(count * d);
            return Some(Eigen { values: values[..count].to_vec(), vectors: turned });
        }
        // T₁ = 2 A / bound - 1, and Tₖ₊₁ = 2 T₁ Tₖ - Tₖ₋₁; each is computed in place of the one before the last.
        let scale = 2.0 / values[size - 1].max(FLOOR * values[0]);
        turned_image.iter_mut().zip(&turned).for_each(|(image, x)| *image = scale * *image - x);
        let (mut before, mut last) = (turned, turned_image);
        for _ in 1..DEGREE {
            matmul(View::new(&last, size, d), a, &mut image, 0.0);
            let old = before.iter_mut().zip(&image).zip(&last);
            old.for_each(|((before, image), last)| *before = 2.0 * (scale * image - last) - *before);
            std::mem::swap(&mut before, &mut last);
        }
        block = last;
    }
    None
}

/// Makes the rows orthonormal (Gram and Schmidt, twice; rows that depend on others become zero).
fn orthogonalise(rows: &mut [f64], d: usize) {
    vectorized(
        #[inline(always)]
        || {
            for i in 0..rows.len() / d {
                let (before, here) = rows.split_at_mut(i * d);
                let row = &mut here[..d];
                let start = inside::dot(row, row).sqrt();
                for _ in 0..2 {
                    for other in before.chunks_exact(d) {
                        let along = -inside::dot(row, other);
                        inside::axpy(along, other, row);
                    }
                }
                let length = inside::dot(row, row).sqrt();
                let scale = if length > 1e-14 * start { 1.0 / length } else { 0.0 };
                row.iter_mut().for_each(|x| *x *= scale);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Vectors orthonormal, values in order, and the sum of the parts equal to the matrix.
    fn check(a: &[f64], d: usize) -> Eigen {
        let eigen = symmetric(a.to_vec(), d);
        let size = a.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
        assert!(eigen.values.is_sorted_by(|a, b| a >= b));
        let vector = |i: usize| &eigen.vectors[i * d..(i + 1) * d];
        for i in 0..d {
            for j in 0..d {
                let expected = if i == j { 1.0 } else { 0.0 };
                let product: f64 = vector(i).iter().zip(vector(j)).map(|(a, b)| a * b).sum();
                assert!((product - expected).abs() < 1e-12, "{i} {j}: {product}");
                let sum: f64 = (0..d).map(|k| eigen.values[k] * vector(k)[i] * vector(k)[j]).sum();
                assert!((sum - a[i * d + j]).abs() < 1e-12 * size * d as f64, "{i} {j}: {sum}");
            }
        }
        eigen
    }

    #[test]
    fn by_hand() {
        assert_eq!(check(&[7.0], 1).values, [7.0]);
        let values = check(&[2.0, 1.0, 1.0, 2.0], 2).values; // (1, 1) and (1, -1)
        assert!((values[0] - 3.0).abs() < 1e-15 && (values[1] - 1.0).abs() < 1e-15);
        assert_eq!(check(&[0.0; 9], 3).values, [0.0; 3]);
        assert_eq!(check(&[1.0, 0.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 5.0], 3).values, [5.0, 1.0, -2.0]);
        assert!(symmetric(Vec::new(), 0).values.is_empty());
    }

    #[test]
    fn a_string_of_beads() {
        // Oracle: the second differences have eigenvalues 2 - 2 cos(π k / (d + 1)).
        let d = 30;
        let a: Vec<f64> = (0..d * d)
            .map(|at: usize| match (at / d).abs_diff(at % d) {
                0 => 2.0,
                1 => -1.0,
                _ => 0.0,
            })
            .collect();
        for (k, value) in check(&a, d).values.iter().rev().enumerate() {
            let expected = 2.0 - 2.0 * (std::f64::consts::PI * (k + 1) as f64 / (d + 1) as f64).cos();
            assert!((value - expected).abs() < 1e-13, "{value} instead of {expected}");
        }
    }

    #[test]
    fn any_size_of_number() {
        for size in [1e-300, 1e300] {
            let values = check(&[2.0 * size, size, size, 2.0 * size], 2).values;
            assert!((values[0] / size - 3.0).abs() < 1e-14);
        }
    }

    #[test]
    fn the_largest_are_those_of_all() {
        let mut random = Random::new(Seed::from(3));
        let d = 90;
        for decay in [0.8_f64, 1.0] {
            let x: Vec<f64> = (0..200 * d).map(|i| random.normal() * decay.powi((i % d) as i32)).collect();
            let a = crate::kernel::gram(View::new(&x, 200, d));
            let (all, few) = (symmetric(a.clone(), d), largest(&a, d, 10));
            for i in 0..10 {
                assert!((few.values[i] / all.values[i] - 1.0).abs() < 1e-12);
                let pair = few.vectors[i * d..(i + 1) * d].iter().zip(&all.vectors[i * d..]);
                assert!((pair.map(|(a, b)| a * b).sum::<f64>().abs() - 1.0).abs() < 1e-9);
            }
        }
    }

    proptest! {
        #[test]
        fn takes_apart_and_puts_together(d in 1_usize..12, numbers in prop::collection::vec(-5.0..5.0, 144)) {
            let a: Vec<f64> = (0..d * d).map(|at| numbers[(at / d).max(at % d) * 12 + (at / d).min(at % d)]).collect();
            check(&a, d);
        }
    }
}

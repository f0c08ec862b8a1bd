//! Linear algebra that several tools share: QR by Householder reflections and the singular value decomposition.
//!
//! A matrix here is a list of columns, because both algorithms work on columns and a column is then one block.

/// `A = U diag(s) Vᵀ` with orthonormal columns in `U` and `V` and `s` from large to small, none negative.
pub(crate) struct Svd {
    /// As many columns as the smaller side of `A`, each as long as a column of `A`.
    pub(crate) u: Vec<Vec<f64>>,
    /// The singular values.
    pub(crate) singular: Vec<f64>,
    /// As many columns as `u`, each as long as a row of `A`.
    pub(crate) v: Vec<Vec<f64>>,
}

/// Decomposes a matrix given by its columns; there must be at least one, of equal and positive length.
///
/// One-sided Jacobi: rotate two columns at a time until all are at right angles; their lengths are then the singular
/// values. It finds small singular values to full relative accuracy where methods on `AᵀA` lose half the digits.
/// A tall matrix is first reduced to the triangle of its QR decomposition.
/// Sources: M. R. Hestenes, "Inversion of matrices by biorthogonalization", J. SIAM 6(1), 1958; J. Demmel, K. Veselić,
/// "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13(4), 1992.
pub(crate) fn svd(columns: &[Vec<f64>]) -> Svd {
    let rows = columns[0].len();
    if rows < columns.len() {
        let Svd { u, singular, v } = svd(&transpose(columns));
        return Svd { u: v, singular, v: u };
    }
    // A power of two changes no digit and keeps squares in range.
    let largest = columns.iter().flatten().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let power = if largest > 0.0 { (largest.log2().floor() as i32).clamp(-1022, 1022) } else { 0 };
    let scale = 2.0_f64.powi(-power);
    let mut work: Vec<Vec<f64>> = columns.iter().map(|column| column.iter().map(|x| x * scale).collect()).collect();
    let reflections = if 2 * rows > 3 * columns.len() { Some(Reflections::reduce(&mut work)) } else { None };
    let v = rotate(&mut work);
    let mut order: Vec<(f64, usize)> =
        work.iter().enumerate().map(|(i, column)| (dot(column, column).sqrt(), i)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut u: Vec<Vec<f64>> = Vec::with_capacity(order.len());
    for &(length, i) in &order {
        u.push(if length > TINY {
            work[i].iter().map(|x| x / length).collect()
        } else {
            at_right_angles(&u, work[i].len())
        });
    }
    if let Some(reflections) = reflections {
        u.iter_mut().for_each(|column| reflections.undo(column, rows));
    }
    let back = 2.0_f64.powi(power);
    Svd {
        u,
        singular: order.iter().map(|(length, _)| if *length > TINY { length * back } else { 0.0 }).collect(),
        v: order.iter().map(|(_, i)| v[*i].clone()).collect(),
    }
}

/// Shorter columns, of a matrix whose largest entry is about 1, are zero: their squares leave the range of numbers.
const TINY: f64 = 1e-150;

/// Turns the columns until all are at right angles; gives the rotations, multiplied together.
fn rotate(columns: &mut [Vec<f64>]) -> Vec<Vec<f64>> {
    let n = columns.len();
    let mut v: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
    let right = f64::EPSILON * (columns[0].len() as f64).sqrt();
    // Six to ten sweeps are usual; the bound is for what is not a number.
    for _ in 0..60 {
        let mut turned = false;
        let mut squares: Vec<f64> = columns.iter().map(|column| dot(column, column)).collect();
        for i in 0..n {
            for j in i + 1..n {
                if squares[i].sqrt() <= TINY || squares[j].sqrt() <= TINY {
                    continue;
                }
                let (first, second) = columns.split_at_mut(j);
                let (a, b) = (&mut first[i], &mut second[0]);
                let product = dot(a, b);
                if product.abs() <= right * squares[i].sqrt() * squares[j].sqrt() {
                    continue;
                }
                turned = true;
                // The smaller angle that makes them orthogonal (Rutishauser 1966).
                let zeta = (squares[j] - squares[i]) / (2.0 * product);
                let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = cosine * tangent;
                turn(a, b, cosine, sine);
                (squares[i], squares[j]) = (dot(a, a), dot(b, b));
                let (first, second) = v.split_at_mut(j);
                turn(&mut first[i], &mut second[0], cosine, sine);
            }
        }
        if !turned {
            break;
        }
    }
    v
}

fn turn(a: &mut [f64], b: &mut [f64], cosine: f64, sine: f64) {
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}

/// A unit vector at right angles to those given, which are fewer than their length.
fn at_right_angles(to: &[Vec<f64>], length: usize) -> Vec<f64> {
    let mut best = (0.0, vec![0.0; length]);
    for axis in 0..length {
        let mut candidate = vec![0.0; length];
        candidate[axis] = 1.0;
        // Twice is enough (Kahan, in Parlett's "The Symmetric Eigenvalue Problem", §6.9).
        for _ in 0..2 {
            for other in to {
                let along = dot(&candidate, other);
                candidate.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let left = dot(&candidate, &candidate).sqrt();
        if left > best.0 {
            best = (left, candidate.iter().map(|x| x / left).collect());
        }
        // Some axis keeps at least this share, and a good one will do.
        if left > 0.5 {
            break;
        }
    }
    best.1
}

/// The reflections that made a tall matrix triangular.
struct Reflections(Vec<Vec<f64>>);

impl Reflections {
    /// Leaves the square triangle `R` of `A = Q R` in the columns.
    ///
    /// A. S. Householder, "Unitary triangularization of a nonsymmetric matrix", JACM 5(4), 1958.
    fn reduce(columns: &mut [Vec<f64>]) -> Self {
        let n = columns.len();
        let mut mirrors = Vec::with_capacity(n);
        for k in 0..n {
            let mut mirror = columns[k][k..].to_vec();
            let length = dot(&mirror, &mirror).sqrt();
            // Away from the first entry, so that nothing cancels.
            mirror[0] += if mirror[0] < 0.0 { -length } else { length };
            let size = dot(&mirror, &mirror).sqrt();
            if size > 0.0 {
                mirror.iter_mut().for_each(|x| *x /= size);
            }
            columns[k..].iter_mut().for_each(|column| reflect(&mut column[k..], &mirror));
            mirrors.push(mirror);
        }
        columns.iter_mut().for_each(|column| column.truncate(n));
        Reflections(mirrors)
    }

    /// Brings a column of the triangle's space back to `rows` entries.
    fn undo(&self, column: &mut Vec<f64>, rows: usize) {
        column.resize(rows, 0.0);
        for (k, mirror) in self.0.iter().enumerate().rev() {
            reflect(&mut column[k..], mirror);
        }
    }
}

fn reflect(column: &mut [f64], mirror: &[f64]) {
    let twice = 2.0 * dot(column, mirror);
    column.iter_mut().zip(mirror).for_each(|(x, m)| *x -= twice * m);
}

/// The columns of a matrix as the columns of its transpose.
pub(crate) fn transpose(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..columns[0].len()).map(|i| columns.iter().map(|column| column[i]).collect()).collect()
}

/// The sum of products, in four sums side by side so that the processor can do them at once.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    sums[0] + sums[1] + sums[2] + sums[3] + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Columns orthonormal, values in order, product equal to the matrix.
    fn check(columns: &[Vec<f64>]) -> Svd {
        let svd = svd(columns);
        let size = svd.singular[0].max(f64::MIN_POSITIVE);
        assert!(svd.singular.is_sorted_by(|a, b| a >= b));
        for side in [&svd.u, &svd.v] {
            for (i, a) in side.iter().enumerate() {
                for (j, b) in side.iter().enumerate() {
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((dot(a, b) - expected).abs() < 1e-12, "{i} {j}: {}", dot(a, b));
                }
            }
        }
        for (j, column) in columns.iter().enumerate() {
            for (i, x) in column.iter().enumerate() {
                let product: f64 = (0..svd.singular.len()).map(|k| svd.u[k][i] * svd.singular[k] * svd.v[k][j]).sum();
                assert!((product - x).abs() < 1e-12 * size, "{i} {j}: {product} instead of {x}");
            }
        }
        svd
    }

    #[test]
    fn by_hand() {
        assert_eq!(check(&[vec![3.0, 0.0], vec![0.0, -4.0]]).singular, [4.0, 3.0]);
        // [1 1; 1 1] has rank one and norm 2.
        let svd = check(&[vec![1.0, 1.0], vec![1.0, 1.0]]);
        assert!((svd.singular[0] - 2.0).abs() < 1e-15 && svd.singular[1] < 1e-15);
        assert_eq!(check(&[vec![0.0; 5], vec![0.0; 5]]).singular, [0.0, 0.0]);
    }

    #[test]
    fn small_singular_values_keep_their_digits() {
        // Oracle: Läuchli's matrix (1961), columns (1, e, 0) and (1, 0, e), has singular values √(2 + e²) and e; the
        // eigenvalues of its AᵀA in double precision give 0 for the second.
        let e = 1e-9;
        let svd = check(&[vec![1.0, e, 0.0], vec![1.0, 0.0, e]]);
        assert!((svd.singular[1] / e - 1.0).abs() < 1e-12, "{:?}", svd.singular);
    }

    #[test]
    fn any_size_of_number() {
        for size in [1e-300, 1e300] {
            assert!((check(&[vec![3.0 * size, 4.0 * size, 0.0]]).singular[0] / size - 5.0).abs() < 1e-14);
        }
    }

    proptest! {
        #[test]
        fn takes_apart_and_puts_together(
            rows in 1_usize..9, columns in 1_usize..9, numbers in prop::collection::vec(-5.0..5.0, 64),
        ) {
            check(&numbers.chunks(rows).take(columns.min(64 / rows)).map(<[f64]>::to_vec).collect::<Vec<_>>());
        }
    }
}

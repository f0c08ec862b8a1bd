//! Every kernel at every level that this machine has, against the plain loop.

use proptest::prelude::*;

use super::*;
use crate::{random::Random, value::Seed, vectors::dot2};

fn numbers<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut random = Random::new(Seed::from(seed));
    (0..count).map(|_| T::from_f64(random.normal())).collect()
}

fn at_each_level<R: PartialEq + std::fmt::Debug>(what: impl Fn() -> R) -> Vec<R> {
    Level::here().into_iter().map(|level| level.force(&what)).collect()
}

fn close<T: Real>(got: T, expected: f64, size: f64) {
    let allowed = 4.0 * T::EPSILON.to_f64() * size;
    assert!((got.to_f64() - expected).abs() <= allowed, "{got} instead of {expected}");
}

fn short_kernels<T: Real>() {
    for length in (0..70).chain([100, 127, 128, 129, 1000]) {
        let (a, b) = (numbers::<T>(length, 1), numbers::<T>(length, 2));
        let pairs = || a.iter().zip(&b).map(|(a, b)| (a.to_f64(), b.to_f64()));
        let size: f64 = pairs().map(|(a, b)| (a * b).abs() + (a - b).powi(2)).sum();
        let (products, squares) = (pairs().map(|(a, b)| a * b).sum(), pairs().map(|(a, b)| (a - b).powi(2)).sum());
        for got in at_each_level(|| (dot(&a, &b), squared_distance(&a, &b))) {
            close(got.0, products, size);
            close(got.1, squares, size);
        }
        for got in at_each_level(|| {
            vectorized(
                #[inline(always)]
                || (inside::dot(&a, &b), inside::squared_distance(&a, &b)),
            )
        }) {
            close(got.0, products, size);
            close(got.1, squares, size);
        }
        let sums = at_each_level(|| {
            let (mut y, mut z) = (b.clone(), b.clone());
            axpy(T::from_f64(0.5), &a, &mut y);
            vectorized(
                #[inline(always)]
                || inside::axpy(T::from_f64(0.5), &a, &mut z),
            );
            (y, z)
        });
        for (y, z) in sums {
            for (i, (a, b)) in pairs().enumerate() {
                close(y[i], 0.5 * a + b, a.abs() + b.abs());
                close(z[i], 0.5 * a + b, a.abs() + b.abs());
            }
        }
    }
}

#[test]
fn short_kernels_agree_with_plain_loops() {
    short_kernels::<f32>();
    short_kernels::<f64>();
}

/// Units in the last place between a result and the true value.
fn units<T: Real>(got: T, expected: f64) -> f64 {
    let nearest = T::from_f64(expected);
    if got == nearest || (got.to_f64().is_nan() && expected.is_nan()) {
        return 0.0;
    }
    (got.to_f64() - expected).abs() / (expected.abs() * T::EPSILON.to_f64()).max(f64::MIN_POSITIVE)
}

fn elementary_functions<T: Real>(largest: f64) {
    let xs: Vec<f64> = (-5000..=5000).map(|i| T::from_f64(f64::from(i) / 5000.0 * largest).to_f64()).collect();
    let small = (1..60).flat_map(|i| [0.7_f64.powi(i), -(0.7_f64.powi(i))]).map(|x| T::from_f64(x).to_f64());
    let xs: Vec<f64> = xs.into_iter().chain(small).chain([0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).collect();
    type Pair<T> = (fn(&mut [T]), fn(f64) -> f64, f64);
    let pairs: [Pair<T>; 3] =
        [(exp, f64::exp, 1.5), (tanh, f64::tanh, 3.0), (sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 3.0)];
    for (ours, theirs, allowed) in pairs {
        let input: Vec<T> = xs.iter().map(|x| T::from_f64(*x)).collect();
        for got in at_each_level(|| {
            let mut values = input.clone();
            ours(&mut values);
            // Not a number is not equal to itself.
            values.into_iter().map(|x| x.to_f64().to_bits()).collect::<Vec<_>>()
        }) {
            for (x, got) in xs.iter().zip(got) {
                let (got, expected) = (T::from_f64(f64::from_bits(got)), theirs(*x));
                assert!(units(got, expected) <= allowed, "at {x}: {got} instead of {expected}");
            }
        }
    }
}

#[test]
fn elementary_functions_are_right_to_the_last_digits() {
    elementary_functions::<f32>(85.0);
    elementary_functions::<f64>(700.0);
}

#[test]
fn exponentials_at_the_ends_of_the_range() {
    let mut values = [88.7_f32, 89.0, 1e30, -87.0, -103.0, -110.0, -1e30, f32::INFINITY, f32::NEG_INFINITY];
    exp(&mut values);
    assert!((values[0] / 88.7_f32.exp() - 1.0).abs() < 1e-6);
    assert_eq!(values[1..3], [f32::INFINITY; 2]);
    assert!((values[3] / (-87.0_f32).exp() - 1.0).abs() < 1e-6);
    assert_eq!(values[4], (-103.0_f32).exp());
    assert_eq!(values[5..7], [0.0; 2]);
    assert_eq!(values[7..], [f32::INFINITY, 0.0]);
    let mut values = [709.7_f64, 710.0, -745.0, -750.0];
    exp(&mut values);
    assert!((values[0] / 709.7_f64.exp() - 1.0).abs() < 1e-15);
    assert_eq!(values[1..], [f64::INFINITY, (-745.0_f64).exp(), 0.0]);
}

/// A view of random numbers with room between the rows, or of a transpose.
fn view<T: Real>(data: &[T], rows: usize, columns: usize, gap: usize, transposed: bool) -> View<'_, T> {
    if transposed {
        View::strided(data, columns, rows, rows + gap).t()
    } else {
        View::strided(data, rows, columns, columns + gap)
    }
}

fn plain<T: Real>(a: View<'_, T>, b: View<'_, T>, i: usize, j: usize) -> (f64, f64) {
    let products = (0..a.columns).map(|k| a.data[a.at(i, k)].to_f64() * b.data[b.at(k, j)].to_f64());
    products.fold((0.0, 0.0), |(sum, size), product| (sum + product, size + product.abs()))
}

fn product<T: Real>(shape: (usize, usize, usize), gap: usize, transposed: (bool, bool), beta: f64) {
    let (m, k, n) = shape;
    let (a, b) = (numbers::<T>((m + gap) * (k + gap), 1), numbers::<T>((k + gap) * (n + gap), 2));
    let (a, b) = (view(&a, m, k, gap, transposed.0), view(&b, k, n, gap, transposed.1));
    // What is not read may be anything.
    let start = if beta == 0.0 { vec![T::from_f64(f64::NAN); m * n] } else { numbers::<T>(m * n, 3) };
    let results = at_each_level(|| {
        let mut c = start.clone();
        matmul(a, b, &mut c, T::from_f64(beta));
        c
    });
    for c in results {
        for i in 0..m {
            for j in 0..n {
                let (sum, size) = plain(a, b, i, j);
                let old = if beta == 0.0 { 0.0 } else { beta * start[i * n + j].to_f64() };
                close(c[i * n + j], sum + old, size + old.abs());
            }
        }
    }
}

#[test]
fn products_of_all_small_shapes() {
    for m in [1, 2, 5, 6, 7, 14, 29] {
        for n in [1, 3, 8, 15, 16, 17, 33] {
            for k in [1, 2, 9] {
                product::<f32>((m, k, n), 0, (false, false), 0.0);
                product::<f64>((m, k, n), 0, (false, true), 1.0);
            }
        }
    }
}

#[test]
fn products_that_need_several_blocks() {
    product::<f32>((200, 300, 40), 0, (false, true), 0.0);
    product::<f64>((33, 520, 70), 3, (true, false), 1.0);
    product::<f32>((3, 5, 2100), 0, (false, false), 0.0);
    product::<f64>((0, 5, 3), 0, (false, false), 0.0);
    product::<f64>((2, 0, 3), 0, (false, false), 0.5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn products_of_any_shape(
        shape in (1_usize..40, 1_usize..40, 1_usize..40), gap in 0_usize..3, transposed: (bool, bool), beta in -2_i8..3,
    ) {
        product::<f32>(shape, gap, transposed, f64::from(beta));
        product::<f64>(shape, gap, transposed, f64::from(beta));
    }
}

fn grams<T: Real>(n: usize, d: usize, transposed: bool) {
    let data = numbers::<T>(n * d, 4);
    let x = view(&data, n, d, 0, transposed);
    for c in at_each_level(|| gram(x)) {
        for i in 0..d {
            for j in 0..d {
                let column = |j: usize| -> Vec<f64> { (0..n).map(|k| x.data[x.at(k, j)].to_f64()).collect() };
                let (a, b) = (column(i), column(j));
                let size = a.iter().zip(&b).map(|(a, b)| (a * b).abs()).sum();
                // A plain sum would be off by as much as what is tested.
                close(c[i * d + j], dot2(&a, &b), size);
                assert_eq!(c[i * d + j], c[j * d + i], "at {i}, {j}");
            }
        }
    }
}

#[test]
fn grams_agree_with_plain_loops() {
    for d in [1, 2, 7, 16, 33, 70] {
        grams::<f32>(5, d, false);
        grams::<f64>(40, d, true);
    }
    grams::<f64>(2500, 12, false);
    grams::<f32>(1, 700, true);
    grams::<f64>(1, 301, false);
    grams::<f64>(0, 3, false);
}

fn some_columns<T: Real>(n: usize, d: usize, named: &[usize], first: usize) {
    let (x, shift) = (numbers::<T>(n * d, 5), numbers::<T>(d, 6));
    for c in at_each_level(|| column_products(View::new(&x, n, d), &shift, named, first)) {
        assert_eq!(c.len(), first * named.len());
        for i in 0..first {
            for j in i..named.len() {
                let column = |j: usize| -> Vec<f64> { x.chunks(d).map(|row| (row[j] - shift[j]).to_f64()).collect() };
                let (a, b) = (column(named[i]), column(named[j]));
                let size = a.iter().zip(&b).map(|(a, b)| (a * b).abs()).sum();
                close(c[i * named.len() + j], dot2(&a, &b), size);
            }
        }
    }
}

#[test]
fn products_of_some_columns() {
    some_columns::<f64>(5, 3, &[2], 1);
    some_columns::<f32>(1, 20, &[7, 0, 19], 2);
    // Over several blocks and parts, with panels that are not full, and columns far apart and close together.
    some_columns::<f64>(1700, 60, &[59, 3, 4, 30, 8], 3);
    some_columns::<f64>(800, 300, &(0..300).step_by(7).collect::<Vec<_>>(), 20);
    some_columns::<f32>(2500, 23, &(0..23).rev().collect::<Vec<_>>(), 23);
    some_columns::<f64>(0, 3, &[1, 2], 1);
    some_columns::<f64>(4, 3, &[1, 2], 0);
    some_columns::<f64>(4, 3, &[], 0);
}

#[test]
fn threads_and_registers_change_no_bit() {
    let (a, b) = (numbers::<f32>(300 * 270, 1), numbers::<f32>(270 * 150, 2));
    let shift = numbers::<f32>(30, 3);
    let some: Vec<usize> = (0..30).rev().collect();
    let work = || {
        let mut c = vec![0.0; 300 * 150];
        matmul(View::new(&a, 300, 270), View::new(&b, 270, 150), &mut c, 0.0);
        let mut columns = column_products(View::new(&a, 2700, 30), &shift, &some, 28);
        // Below the diagonal stands what the tiles of a level leave there.
        columns.chunks_exact_mut(30).enumerate().for_each(|(i, row)| row[..i].fill(0.0));
        (c, gram(View::new(&a, 2700, 30)), gram(View::new(&a, 100, 810)), columns, dot(&a, &b))
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let one = pool(1).install(work);
    assert_eq!(one, pool(2).install(work));
    assert_eq!(one, pool(3).install(work));
    // All levels that fuse multiply and add give the same bits.
    let fused: Vec<_> = Level::here().into_iter().filter(|level| !matches!(level, Level::Portable(_))).collect();
    for level in fused {
        assert_eq!(one, pool(1).install(|| level.force(work)));
    }
}

#[test]
fn a_product_that_is_not_kept_is_the_same() {
    for (m, k, n) in [(3, 2, 5), (20, 7, 300), (50, 600, 70), (7, 3, 2100)] {
        let (a, b) = (numbers::<f64>(m * k, 1), numbers::<f64>(n * k, 2));
        let (a, b) = (View::new(&a, m, k), View::new(&b, n, k).t());
        for (kept, seen) in at_each_level(|| {
            let mut kept = vec![0.0; m * n];
            matmul(a, b, &mut kept, 0.0);
            let mut seen = vec![Vec::new(); m];
            rows_of_product(a, b, &mut seen, |row: &mut Vec<f64>, first, entries| {
                assert_eq!(row.len(), first);
                row.extend_from_slice(entries);
            });
            (kept, seen.concat())
        }) {
            assert_eq!(kept, seen);
        }
    }
}

#[test]
fn the_two_nearest_centres() {
    for (d, k) in [(1, 1), (2, 3), (5, 4), (32, 17)] {
        let (points, centres) = (numbers::<f32>(70 * d, 1), numbers::<f32>(k * d, 2));
        let which: Vec<u32> = (0..70).filter(|i| i % 3 != 1).collect();
        let packed = Centres::new(View::new(&centres, k, d));
        for got in at_each_level(|| {
            let mut got = Vec::new();
            two_nearest(View::new(&points, 70, d), &which, &packed, |i, near| got.push((i, near)));
            got
        }) {
            assert_eq!(got.iter().map(|(i, _)| *i as u32).collect::<Vec<_>>(), which);
            for (i, near) in got {
                let x = &points[i * d..(i + 1) * d];
                let half_square = 0.5 * dot(x, x);
                let mut order: Vec<(f32, usize)> =
                    centres.chunks(d).map(|c| 0.5 * squared_distance(x, c)).zip(0..).collect();
                order.sort_by(|a, b| a.0.total_cmp(&b.0));
                assert_eq!(near.at, order[0].1);
                assert!((near.first + half_square - order[0].0).abs() < 1e-4);
                match order.get(1) {
                    Some(next) => assert!((near.second + half_square - next.0).abs() < 1e-4),
                    None => assert_eq!(near.second, f32::INFINITY),
                }
            }
        }
    }
}

#[test]
fn whole_numbers_and_their_indices() {
    fn check<T: Real>() {
        for i in [0_u32, 1, 2, 255, 256, 65_535, 1_000_000, 8_388_607] {
            assert_eq!(T::from_f64(f64::from(i)).index(), i);
        }
    }
    check::<f32>();
    check::<f64>();
}

/// A job that turns rows into a panel of its own width.
struct Turned<'a, T>(View<'a, T>);

impl<T: Real> tile::Job<T> for Turned<'_, T> {
    type Output = (usize, Vec<T>);

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) -> Self::Output {
        let Turned(rows) = self;
        let mut panel = vec![[T::ZERO; NR]; rows.columns];
        let mut left = vec![[T::ZERO; MR]; rows.columns];
        let row = |i: usize| &rows.data[rows.at(i % rows.rows, 0)..][..rows.columns];
        turn::turn(row, &mut panel, isa);
        turn::turn(row, &mut left, isa);
        assert!(left.iter().zip(&panel).all(|(left, panel)| left[..] == panel[..MR]));
        (NR, panel.as_flattened().to_vec())
    }
}

#[test]
fn rows_become_columns() {
    fn check<T: Real>() {
        for columns in [1, 3, 4, 7, 8, 9, 16, 21, 40] {
            let rows: Vec<T> = (0..5 * columns).map(|i| T::from_f64(i as f64)).collect();
            for level in Level::here() {
                let (width, panel) = T::tiled(level, Turned(View::new(&rows, 5, columns)));
                for (at, x) in panel.into_iter().enumerate() {
                    assert_eq!(x, rows[at % width % 5 * columns + at / width], "{columns} columns, {level:?}");
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

fn settling<T: Real>(shapes: &[(usize, usize)], round: bool) {
    for &(d, k) in shapes {
        let (points, start) = (numbers::<T>(70 * d, 1), numbers::<T>(k * d, 2));
        let half_squares: Vec<T> = points.chunks(d).map(|x| T::from_f64(0.5) * dot(x, x)).collect();
        let nearest = |centres: &[T]| -> Vec<u32> {
            let nearest = |x: &[T]| {
                let distances = centres.chunks(d).map(|c| squared_distance(x, c).to_f64());
                distances.zip(0..).min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, at)| at)
            };
            points.chunks(d).map(nearest).collect()
        };
        let looked_at = at_each_level(|| {
            let (mut labels, mut until) = (vec![u32::MAX; 70], vec![T::ZERO; 70]);
            let (mut centres, mut travelled, mut looked_at) = (start.clone(), vec![T::ZERO; k], 0);
            for step in 0..40 {
                let before = labels.clone();
                // Whoever looks at one that stays finds no number there.
                let stays = |i: &usize| travelled.get(labels[*i] as usize).is_some_and(|way| until[*i] > *way);
                let staying: Vec<usize> = (0..70).filter(stays).collect();
                let restless = 70 - staying.len();
                looked_at += restless;
                let mut points = points.clone();
                for i in staying {
                    points[i * d..(i + 1) * d].fill(T::from_f64(f64::NAN));
                }
                let mut changed = Vec::new();
                let all = round.then(|| Rounded::new(&points, d, &half_squares).expect("they can be rounded"));
                let (points, view) = (View::new(&points, 70, d), View::new(&centres, k, d));
                let (half_squares, rounded) = (&half_squares[..], all.as_ref().map(|all| all.rows(0, 70)));
                let mut settled = Settled { points, rounded, half_squares, labels: &mut labels, until: &mut until };
                let packed =
                    Packed { centres: Centres::new(view), rounded: all.as_ref().and_then(|all| all.centres(view)) };
                let measured = settled.relabel(&packed, &travelled, |point, from, to| changed.push((point, from, to)));
                assert_eq!(labels, nearest(&centres), "step {step} of {k} centres");
                assert_eq!(if round { measured.rounded } else { measured.exactly }, restless);
                // One centre has no second one to be nearer than.
                assert!(!round || k == 1 || measured.exactly <= 1 + measured.rounded / 10, "{measured:?}");
                changed.sort_unstable();
                let differ = (0..70).filter(|i| before[*i] != labels[*i]);
                assert_eq!(changed, differ.map(|i| (i, before[i], labels[i])).collect::<Vec<_>>());
                // Smaller steps each time: one coordinate of one centre.
                let way = 0.5 / f64::from(step + 1);
                centres[step as usize * 5 % (k * d)] += T::from_f64(way);
                travelled.iter_mut().for_each(|all| *all += T::from_f64(1.001 * way));
            }
            looked_at
        });
        // The first time nothing is known; later most are left out, unless there is no second centre.
        assert!(looked_at.iter().all(|all| *all >= 70 && (k == 1 || *all < 70 * 20)), "{looked_at:?} of {k} centres");
    }
}

#[test]
fn points_settle_as_centres_come_to_rest() {
    settling::<f32>(&[(1, 1), (2, 3), (5, 8), (32, 17)], false);
    settling::<f64>(&[(1, 1), (2, 3), (5, 8), (32, 17)], false);
    settling::<f32>(&[(17, 1), (17, 3), (32, 17), (45, 8)], true);
    settling::<f64>(&[(9, 1), (9, 3), (32, 17), (45, 8)], true);
}

#[test]
fn the_scatter_matrix_of_numbers_far_from_zero() {
    let x: Vec<f64> = numbers::<f64>(600, 6).iter().map(|x| x + 1e8).collect();
    let means: Vec<f64> = (0..3).map(|j| x.iter().skip(j).step_by(3).sum::<f64>() / 200.0).collect();
    let lying: Vec<f64> = (0..600).map(|at| x[at % 200 * 3 + at / 200]).collect();
    let mut found = at_each_level(|| shifted_gram(View::new(&x, 200, 3), &means));
    found.extend(at_each_level(|| shifted_gram(View::new(&lying, 3, 200).t(), &means)));
    for c in found {
        for i in 0..3 {
            for j in 0..3 {
                let expected: f64 = x.chunks(3).map(|row| (row[i] - means[i]) * (row[j] - means[j])).sum();
                assert!((c[i * 3 + j] - expected).abs() < 1e-12 * 600.0);
            }
        }
    }
    let turn = [1.0, -2.0, 0.5];
    for c in at_each_level(|| {
        let mut c = vec![f64::NAN; 200];
        shifted_matmul(View::new(&x, 200, 3), &means, View::new(&turn, 3, 1), &mut c);
        c
    }) {
        for (c, row) in c.iter().zip(x.chunks(3)) {
            let expected: f64 = (0..3).map(|j| (row[j] - means[j]) * turn[j]).sum();
            assert!((c - expected).abs() < 1e-14 * 10.0);
        }
    }
}

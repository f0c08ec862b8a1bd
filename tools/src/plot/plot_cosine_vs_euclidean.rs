//! # Picture: cosine against Euclidean
//!
//! Two ways to say that two vectors are far apart: the Euclidean distance between their tips, and the cosine distance
//! `1 - cos θ` between their directions. Each pair of vectors is one point of the picture, so if both measures agreed,
//! the points would climb from the lower left to the upper right. Dashed lines at both medians cut out the two corners
//! where they do not: alike in direction but of different length, and close together but pointing apart (which takes
//! short vectors, where a small step is a large turn). On vectors of length 1 the two always agree, since then the
//! squared Euclidean distance is twice the cosine distance.
//!
//! Cost: O(n² d) for n vectors.
//! Reference: C. D. Manning, P. Raghavan, H. Schütze, *Introduction to Information Retrieval*, 2008, §6.3 and §14.1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::style::{self, BLUE, Entry, FAINT, GREY, Mark, Scale, VERMILION};
use crate::{
    error::Error,
    stats::{correlation, describe::quantile, ranks},
    value::Matrix,
    vectors::{vector_cosine::cosine, vector_euclidean::euclidean},
};

/// Draws every pair of vectors by Euclidean distance and cosine distance, and shows where the two disagree. Use it to
/// choose between the two measures, or to explain the difference with a picture.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The vectors, one a row: from 2 to 100 of them, none all zeros; when not given six that show both ways to disagree, named by
    /// their coordinates.
    #[serde(default)]
    pub X: Option<Matrix>,
    /// A name for each vector; A, B, C, … when not given.
    #[serde(default)]
    pub names: Option<Vec<String>>,
}

/// The picture and its numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file.
    pub svg: String,
    /// Every pair of vectors, in the order of the rows.
    pub pairs: Vec<Pair>,
    /// How far the two orders of the pairs agree, from -1 (opposite) to 1 (same): Spearman's correlation of the two
    /// distances; null when one of them is the same for all pairs.
    pub rank_correlation: Option<f64>,
    /// Each vector's nearest neighbour by each measure.
    pub neighbours: Vec<Neighbours>,
}

/// Two vectors and how far they are apart.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Pair {
    /// The row of the one, from 0.
    pub a: usize,
    /// The row of the other.
    pub b: usize,
    /// The distance between the tips.
    pub euclidean: f64,
    /// The cosine of the angle, from -1 to 1.
    pub cosine: f64,
    /// What the two measures say together.
    pub verdict: Verdict,
}

/// What the two measures say of a pair, each against its median over all pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Both say near, or both say far.
    Agree,
    /// Far by distance, alike in direction: the lengths differ.
    FarButAlike,
    /// Near by distance, apart in direction: both are short.
    NearButApart,
}

/// The nearest neighbour of a vector, by either measure.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Neighbours {
    /// The row of the vector.
    pub of: usize,
    /// The row nearest in distance.
    pub by_euclidean: usize,
    /// The row nearest in direction.
    pub by_cosine: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "plot cosine against Euclidean distance for [[1,0],[10,0],[0,1]]",
    "draw a picture of how cosine similarity and Euclidean distance differ on these vectors",
    "show where cosine and Euclidean disagree",
    "chart both distances for every pair of these embeddings",
];

/// Long and short ones of like and unlike direction.
const SHOWN: [[f64; 2]; 6] = [[1.0, 0.0], [10.0, 1.0], [0.0, 1.0], [1.0, 10.0], [5.0, 5.0], [0.6, 0.8]];

/// The most vectors: more make a picture that nobody can read.
const LIMIT: usize = 100;

/// Measures all pairs and draws them.
///
/// # Errors
/// `invalid_arguments` for fewer than two vectors or names that do not match, `undefined` for a vector that is all zeros,
/// `too_large` for more than 100 vectors or a distance beyond the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let Some(vectors) = &args.X else {
        let coordinates = || SHOWN.iter().map(|[x, y]| format!("({x}, {y})")).collect();
        let names = args.names.clone().unwrap_or_else(coordinates);
        return run(&Args { X: Some(SHOWN.try_into()?), names: Some(names) });
    };
    check(vectors, args.names.as_deref())?;
    let measured = measure(vectors)?;
    let mut euclidean: Vec<f64> = measured.iter().map(|(_, _, euclidean, _)| *euclidean).collect();
    let mut apart: Vec<f64> = measured.iter().map(|(_, _, _, cosine)| 1.0 - cosine).collect();
    let rank_correlation = correlation(&ranks(&euclidean), &ranks(&apart));
    euclidean.sort_by(f64::total_cmp);
    apart.sort_by(f64::total_cmp);
    let medians = (quantile(&euclidean, 0.5), quantile(&apart, 0.5));
    let pairs: Vec<Pair> = measured
        .into_iter()
        .map(|(a, b, euclidean, cosine)| Pair {
            a,
            b,
            euclidean,
            cosine,
            verdict: judge(euclidean, 1.0 - cosine, medians),
        })
        .collect();
    let svg = draw(&pairs, medians, &shortened(args.names.as_deref(), vectors.rows()))?;
    Ok(Output { svg, rank_correlation, neighbours: neighbours(&pairs, vectors.rows()), pairs })
}

fn check(vectors: &Matrix, names: Option<&[String]>) -> Result<(), Error> {
    let n = vectors.rows();
    if n < 2 {
        return Err(Error::invalid("/X", "one vector makes no pair").with_hint("give at least two rows"));
    }
    if n > LIMIT {
        return Err(Error::too_large("/X", format!("`X` has {n} rows, the limit is {LIMIT}"))
            .with_hint("take a sample of the vectors"));
    }
    if let Some(i) = vectors.iter().position(|row| row.iter().all(|x| *x == 0.0)) {
        return Err(Error::undefined(format!("/X/{i}"), format!("row {i} is all zeros and has no direction")));
    }
    match names {
        Some(names) if names.len() != n => {
            Err(Error::invalid("/names", format!("there are {} names for {n} vectors", names.len())))
        }
        _ => Ok(()),
    }
}

fn measure(x: &Matrix) -> Result<Vec<(usize, usize, f64, f64)>, Error> {
    let mut measured = Vec::with_capacity(x.rows() * (x.rows() - 1) / 2);
    for a in 0..x.rows() {
        for b in a + 1..x.rows() {
            let distance = euclidean(x.row(a), x.row(b));
            if !distance.is_finite() {
                let message = format!("the distance of rows {a} and {b} is beyond {:e}, the largest number", f64::MAX);
                return Err(Error::too_large(format!("/X/{b}"), message));
            }
            measured.push((a, b, distance, cosine(x.row(a), x.row(b))));
        }
    }
    Ok(measured)
}

fn judge(euclidean: f64, apart: f64, medians: (f64, f64)) -> Verdict {
    if euclidean > medians.0 && apart < medians.1 {
        Verdict::FarButAlike
    } else if euclidean < medians.0 && apart > medians.1 {
        Verdict::NearButApart
    } else {
        Verdict::Agree
    }
}

fn neighbours(pairs: &[Pair], n: usize) -> Vec<Neighbours> {
    (0..n)
        .filter_map(|of| {
            let others = || pairs.iter().filter(move |pair| pair.a == of || pair.b == of);
            let other = |pair: &Pair| if pair.a == of { pair.b } else { pair.a };
            let near = others().min_by(|p, q| p.euclidean.total_cmp(&q.euclidean))?;
            let alike =
                others().max_by(|p, q| p.cosine.total_cmp(&q.cosine).then(q.a.cmp(&p.a)).then(q.b.cmp(&p.b)))?;
            Some(Neighbours { of, by_euclidean: other(near), by_cosine: other(alike) })
        })
        .collect()
}

/// The names given, or A to Z, A1 to Z1, …
fn shortened(names: Option<&[String]>, n: usize) -> Vec<String> {
    let letter = |i: usize| char::from(b'A' + (i % 26) as u8);
    let default = |i: usize| if i < 26 { letter(i).to_string() } else { format!("{}{}", letter(i), i / 26) };
    let short = |name: &String| {
        if name.chars().count() <= 14 { name.clone() } else { name.chars().take(13).chain(['…']).collect() }
    };
    match names {
        Some(names) => names.iter().map(short).collect(),
        None => (0..n).map(default).collect(),
    }
}

fn draw(pairs: &[Pair], medians: (f64, f64), names: &[String]) -> Result<String, Error> {
    let verdicts = [
        (Verdict::Agree, Mark::Dot, GREY, "both measures agree: near in both, or far in both"),
        (Verdict::FarButAlike, Mark::Square, BLUE, "far by distance, alike in direction: lengths differ"),
        (Verdict::NearButApart, Mark::Triangle, VERMILION, "near by distance, apart in direction: short vectors"),
    ];
    let mut legend: Vec<Entry> = verdicts
        .iter()
        .map(|&(verdict, mark, color, meaning)| {
            let count = pairs.iter().filter(|pair| pair.verdict == verdict).count();
            Entry { mark, color, text: format!("{meaning} ({count} of {} pairs)", pairs.len()) }
        })
        .collect();
    legend.push(Entry { mark: Mark::Dashes, color: FAINT, text: "the medians, which tell near from far".to_owned() });
    // Room around the furthest points, and some when all are at 0.
    let room = |most: f64| if most > 0.0 { most * 1.08 } else { 1.0 };
    let furthest = pairs.iter().fold(0.0_f64, |most, pair| most.max(pair.euclidean));
    let widest = pairs.iter().fold(0.0_f64, |most, pair| most.max(1.0 - pair.cosine));
    let (across, up) = (Scale::for_up_to(furthest), Scale::for_up_to(widest));
    let point = |euclidean: f64, apart: f64| (across.apply(euclidean), up.apply(apart));
    let (right, top) = point(furthest, widest);
    let (right, top) = (room(right), room(top));
    let middle = point(medians.0, medians.1);
    let points: Vec<(f64, f64)> = pairs.iter().map(|pair| point(pair.euclidean, 1.0 - pair.cosine)).collect();
    style::picture("Cosine against Euclidean distance, pair by pair", &legend, |canvas| {
        let x = across.name("Euclidean distance");
        let y = up.name("cosine distance, 1 − cos θ");
        let mut axes = style::axes(&canvas, (&x, right), (&y, top))?;
        style::guide(&mut axes, (middle.0, 0.0), (middle.0, top))?;
        style::guide(&mut axes, (0.0, middle.1), (right, middle.1))?;
        for (verdict, mark, color, _) in verdicts {
            let of_these = pairs.iter().zip(&points).filter(|(pair, _)| pair.verdict == verdict);
            let of_these: Vec<(f64, f64)> = of_these.map(|(_, point)| *point).collect();
            style::scatter(&axes, &of_these, mark, color)?;
        }
        // Disagreements are named first, the rest where there is room.
        let mut named: Vec<(usize, &Pair)> = pairs.iter().enumerate().collect();
        named.sort_by_key(|(_, pair)| pair.verdict == Verdict::Agree);
        let named = named.into_iter().take(60).map(|(i, pair)| (i, format!("{}–{}", names[pair.a], names[pair.b])));
        style::names(&axes, &points, &named.collect::<Vec<_>>())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(rows: Vec<Vec<f64>>) -> Result<Output, Error> {
        run(&Args { X: Some(Matrix::from_rows(rows)?), names: None })
    }

    #[test]
    fn by_hand() {
        // A and B point the same way at different lengths; A and C are close and at a right angle.
        let out = of(vec![vec![1.0, 0.0], vec![20.0, 0.0], vec![0.0, 1.0], vec![10.0, 10.0]]).unwrap();
        let pair = |a, b| out.pairs.iter().find(|pair| (pair.a, pair.b) == (a, b)).unwrap();
        assert_eq!((pair(0, 1).euclidean, pair(0, 1).cosine, pair(0, 1).verdict), (19.0, 1.0, Verdict::FarButAlike));
        assert_eq!((pair(0, 2).cosine, pair(0, 2).verdict), (0.0, Verdict::NearButApart));
        assert_eq!(out.neighbours[0], Neighbours { of: 0, by_euclidean: 2, by_cosine: 1 });
        assert!(out.svg.starts_with("<svg") && out.svg.trim_end().ends_with("</svg>"));
        assert!(out.svg.contains("A–B") && out.svg.contains("Euclidean distance"));
    }

    #[test]
    fn what_is_shown_unasked_disagrees_both_ways() {
        let out = run(&Args { X: None, names: None }).unwrap();
        for verdict in [Verdict::Agree, Verdict::FarButAlike, Verdict::NearButApart] {
            assert!(out.pairs.iter().any(|pair| pair.verdict == verdict), "{verdict:?}");
        }
        assert!(out.svg.contains("(1, 0)–(10, 1)"));
    }

    #[test]
    fn any_size_of_number_makes_a_picture() {
        for size in [1e-300, 1.0, 1e300] {
            let out = of(vec![vec![size, 0.0], vec![0.0, 2.0 * size], vec![3.0 * size, size]]).unwrap();
            assert!(!out.svg.contains("NaN") && !out.svg.contains("inf"));
        }
        assert_eq!(of(vec![vec![1.0], vec![1.0]]).unwrap().rank_correlation, None);
    }

    #[test]
    fn names_are_written_safely() {
        let names = Some(vec!["<b>&\u{0}".to_owned(), "a very long name indeed".to_owned()]);
        let x = [[1.0, 2.0], [2.0, 1.0]].try_into().unwrap();
        let svg = run(&Args { X: Some(x), names }).unwrap().svg;
        assert!(svg.contains("&lt;b&gt;&amp;–a very long n…") && !svg.contains('\u{0}'), "{svg}");
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        assert_eq!(of(vec![vec![1.0]]).unwrap_err().path, "/X");
        assert_eq!(of(vec![vec![1.0], vec![0.0]]).unwrap_err().path, "/X/1");
        assert_eq!(of(vec![vec![1.0]; 101]).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(vec![vec![1.7e308], vec![-1.7e308]]).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn vectors_of_length_one_never_disagree(angles in prop::collection::vec(0.0..6.2_f64, 2..9)) {
            let out = of(angles.iter().map(|angle| vec![angle.cos(), angle.sin()]).collect()).unwrap();
            for pair in &out.pairs {
                prop_assert!((pair.euclidean.powi(2) - 2.0 * (1.0 - pair.cosine)).abs() < 1e-12);
            }
            prop_assert!(out.rank_correlation.is_none_or(|r| r > 0.999));
        }
    }
}

//! # Positional encoding
//!
//! Attention by itself does not know the order of tokens, so positions are told. Sinusoidal encodings add to each token
//! waves of different lengths, like the hands of many clocks: sin(p / 10000^(2i/d)) in column 2i and the cosine in 2i+1,
//! so that a shift by a fixed distance is a rotation. Rotary encodings (RoPE) turn each pair of a query's or key's columns
//! by the angle p / 10000^(2i/d), after which their product depends on the distance of two tokens only. ALiBi adds to
//! each head's scores a penalty that grows with distance.
//!
//! Cost: one sine and cosine an entry.
//! References: A. Vaswani et al., NeurIPS 2017, §3.5; J. Su et al., "RoFormer", arXiv 2104.09864, 2021, §3.4; O. Press, N.
//! Smith, M. Lewis, "Train short, test long", ICLR 2022.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, plot::chart, value::Matrix};

/// Computes positional encodings: sinusoidal ones, rows rotated by their position (RoPE), or ALiBi's penalties. Use it to
/// see how a transformer is told the order of tokens.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(non_snake_case)]
pub struct Args {
    /// Which encoding; sinusoidal when not given.
    pub kind: Kind,
    /// How many positions, up to 10,000; the rows of `X` for the rotary kinds; 50 when not given.
    pub length: Option<NonZeroUsize>,
    /// How wide: the size of the model, up to 4096; 32 when not given. For alibi the number of heads' penalties does not
    /// depend on it.
    pub d_model: Option<NonZeroUsize>,
    /// The rows to rotate, row i at position i: queries or keys, an even number of columns. For the rotary kinds only.
    pub X: Option<Matrix>,
    /// What the wave lengths are powers of, above 0; 10000 when not given.
    pub base: Option<f64>,
    /// Which head's penalties alibi gives, from 0, of 8; 0 when not given.
    pub head: usize,
    /// Whether to draw it too: plot, chart, picture, heat map.
    pub picture: bool,
}

/// How positions are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Waves to add: sines in even, cosines in odd columns.
    #[default]
    Sinusoidal,
    /// Rotated rows; the pairs are columns 2i and 2i+1.
    RopeInterleaved,
    /// Rotated rows; the pairs are columns i and i + d/2.
    RopeHalf,
    /// Penalties to add to scores, a row for each query.
    Alibi,
}

/// The encoding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// A row for each position: what to add, the rotated rows, or the penalties.
    pub matrix: Vec<Vec<f64>>,
    /// The picture, as the text of an SVG file, if asked for: a heat map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Sinusoidal positional encoding for 50 positions and d_model 16",
    "show the positional encoding matrix as a heat map",
    "apply rotary position embeddings (RoPE) to these rows",
    "how does a transformer know the order of words? show the encoding",
];

/// The most positions, columns, and numbers.
const LIMITS: (usize, usize, usize) = (10_000, 4096, 2_000_000);

/// Computes it.
///
/// # Errors
/// `invalid_arguments` if `X` is missing for a rotary kind, given for another, or of odd width, or the base is not
/// positive; `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let base = args.base.unwrap_or(10_000.0);
    if !(base > 0.0 && base.is_finite()) {
        return Err(Error::invalid("/base", format!("`base` is {base}, but must be above 0")));
    }
    let matrix: Vec<Vec<f64>> = match args.kind {
        Kind::Sinusoidal => {
            let (length, d) = sizes(args)?;
            (0..length).map(|p| (0..d).map(|i| wave(p, i, d, base)).collect()).collect()
        }
        Kind::RopeInterleaved => {
            let x = rows(args)?;
            let d = x.columns();
            x.iter().enumerate().map(|(p, row)| rotate(row, p, base, |i| (2 * i, 2 * i + 1), d / 2)).collect()
        }
        Kind::RopeHalf => {
            let x = rows(args)?;
            let half = x.columns() / 2;
            x.iter().enumerate().map(|(p, row)| rotate(row, p, base, |i| (i, i + half), half)).collect()
        }
        Kind::Alibi => {
            if args.head > 7 {
                return Err(Error::invalid("/head", format!("`head` is {}, but must be from 0 to 7", args.head)));
            }
            let (length, _) = sizes(args)?;
            if length * length > LIMITS.2 {
                return Err(Error::too_large("/length", format!("`length` is {length}, the limit for alibi is 1414")));
            }
            let slope = 0.5_f64.powi(args.head as i32 + 1);
            // Later keys are not seen in a causal model; their penalty is by distance as well.
            let penalty = |i: usize, j: usize| if i == j { 0.0 } else { -slope * i.abs_diff(j) as f64 };
            (0..length).map(|i| (0..length).map(|j| penalty(i, j)).collect()).collect()
        }
    };
    let svg = if args.picture {
        let (x, y) = if args.kind == Kind::Alibi { ("key", "query") } else { ("column", "position") };
        Some(chart::heat_map("Positional encoding", x, y, &matrix)?)
    } else {
        None
    };
    Ok(Output { matrix, svg })
}

/// A sine in even and a cosine in odd columns; both of a pair have the same wave length.
fn wave(position: usize, column: usize, d: usize, base: f64) -> f64 {
    let angle = angle(position, column / 2, d, base);
    if column.is_multiple_of(2) { angle.sin() } else { angle.cos() }
}

fn angle(position: usize, pair: usize, d: usize, base: f64) -> f64 {
    position as f64 / base.powf(2.0 * pair as f64 / d as f64)
}

fn rotate(row: &[f64], position: usize, base: f64, pair: impl Fn(usize) -> (usize, usize), pairs: usize) -> Vec<f64> {
    let mut turned = row.to_vec();
    for i in 0..pairs {
        let (sin, cos) = angle(position, i, row.len(), base).sin_cos();
        let (a, b) = pair(i);
        turned[a] = row[a] * cos - row[b] * sin;
        turned[b] = row[a] * sin + row[b] * cos;
    }
    turned
}

/// Positions and columns of what is made from nothing.
fn sizes(args: &Args) -> Result<(usize, usize), Error> {
    if args.X.is_some() {
        return Err(Error::invalid("/X", "only the rotary kinds take rows")
            .with_hint("leave it out, or take `rope_interleaved`"));
    }
    let (length, d) = (args.length.map_or(50, NonZeroUsize::get), args.d_model.map_or(32, NonZeroUsize::get));
    let (positions, columns, numbers) = LIMITS;
    if d > columns {
        return Err(Error::too_large("/d_model", format!("`d_model` is {d}, the limit is {columns}")));
    }
    if length > positions.min(numbers / d) {
        let most = positions.min(numbers / d);
        return Err(Error::too_large("/length", format!("`length` is {length}, the limit is {most} here")));
    }
    Ok((length, d))
}

/// The rows to rotate.
fn rows(args: &Args) -> Result<&Matrix, Error> {
    let Some(x) = &args.X else {
        return Err(Error::invalid("/X", "a rotary encoding rotates rows, and there are none")
            .with_hint("give queries or keys, one a row"));
    };
    if !x.columns().is_multiple_of(2) {
        let columns = x.columns();
        return Err(Error::invalid("/X", format!("`X` has {columns} columns, which do not form pairs")));
    }
    if x.rows() * x.columns() > LIMITS.2 {
        return Err(Error::too_large("/X", format!("`X` has more than {} numbers", LIMITS.2)));
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn rope(rows: Vec<Vec<f64>>, kind: Kind) -> Vec<Vec<f64>> {
        run(&Args { X: Some(Matrix::from_rows(rows).unwrap()), kind, ..Args::default() }).unwrap().matrix
    }

    #[test]
    fn by_hand() {
        let out =
            run(&Args { length: NonZeroUsize::new(2), d_model: NonZeroUsize::new(4), ..Args::default() }).unwrap();
        assert_eq!(out.matrix[0], [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(out.matrix[1], [1.0_f64.sin(), 1.0_f64.cos(), 0.01_f64.sin(), 0.01_f64.cos()]);
        let out = run(&Args { kind: Kind::Alibi, length: NonZeroUsize::new(3), ..Args::default() }).unwrap();
        assert_eq!(out.matrix[2], [-1.0, -0.5, 0.0]);
        // At position 1 the first pair turns by one radian.
        let turned = rope(vec![vec![1.0, 0.0], vec![1.0, 0.0]], Kind::RopeInterleaved);
        assert_eq!(turned[1], [1.0_f64.cos(), 1.0_f64.sin()]);
    }

    #[test]
    fn rotary_kinds_need_pairs() {
        let path = |args: Args| run(&args).unwrap_err().path;
        assert_eq!(path(Args { kind: Kind::RopeHalf, ..Args::default() }), "/X");
        let odd = Some([[1.0, 2.0, 3.0]].try_into().unwrap());
        assert_eq!(path(Args { kind: Kind::RopeInterleaved, X: odd.clone(), ..Args::default() }), "/X");
        assert_eq!(path(Args { X: odd, ..Args::default() }), "/X");
        assert_eq!(path(Args { base: Some(0.0), ..Args::default() }), "/base");
        assert_eq!(path(Args { length: NonZeroUsize::new(100_000), ..Args::default() }), "/length");
    }

    proptest! {
        #[test]
        fn products_of_rotated_rows_depend_on_their_distance(
            a in prop::collection::vec(-2.0..2.0, 6), b in prop::collection::vec(-2.0..2.0, 6), shift in 1_usize..20,
        ) {
            // Su et al., equation 16: the point of it all.
            for kind in [Kind::RopeInterleaved, Kind::RopeHalf] {
                let mut all = vec![vec![0.0; 6]; shift + 4];
                (all[0], all[3]) = (a.clone(), b.clone());
                let near = rope(all, kind);
                let mut all = vec![vec![0.0; 6]; shift + 4];
                (all[shift], all[shift + 3]) = (a.clone(), b.clone());
                let far = rope(all, kind);
                let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
                prop_assert!((product(&near[0], &near[3]) - product(&far[shift], &far[shift + 3])).abs() < 1e-9);
            }
        }
    }
}

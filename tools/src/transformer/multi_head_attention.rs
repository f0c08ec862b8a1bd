//! # Multi-head attention
//!
//! Several small attentions side by side, each free to look for something else: the rows are turned into queries, keys
//! and values, head j takes columns j·d/h to (j+1)·d/h of each, the heads' outputs are put side by side again, and a last
//! matrix mixes them.
//!
//! Cost: 8 · n · d² + 4 · n² · d operations for n rows of d numbers, whatever the number of heads.
//! Reference: A. Vaswani et al., "Attention is all you need", NeurIPS 2017, §3.2.2.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::heads::{Allowed, weigh};
use crate::{
    error::Error,
    kernel::{View, matmul},
    plot::chart,
    value::Matrix,
};

/// Computes multi-head self-attention of the rows of a table with given weight matrices. Use it to follow what a
/// transformer's attention layer does, head by head.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The rows: tokens, one a row, up to 2048 of d numbers.
    pub X: Matrix,
    /// To queries, d x d.
    pub Wq: Matrix,
    /// To keys, d x d.
    pub Wk: Matrix,
    /// To values, d x d.
    pub Wv: Matrix,
    /// From what the heads gathered to the output, d x d.
    pub Wo: Matrix,
    /// How many heads share the d columns; a divisor of d.
    pub n_heads: NonZeroUsize,
    /// Whether each row sees only itself and the rows before.
    #[serde(default)]
    pub causal: bool,
    /// Whether to draw it too: plot, chart, picture, heat map. The weights of all heads side by side, at most 16.
    #[serde(default)]
    pub picture: bool,
}

/// What the rows gather.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The output, as many rows and columns as `X`.
    pub output: Vec<Vec<f64>>,
    /// The weights of each head: for each row, the weight of every row.
    pub weights: Vec<Vec<Vec<f64>>>,
    /// The picture, as the text of an SVG file, if asked for: the weights as heat maps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Multi-head attention with 2 heads for X = [[1, 0], [0, 1]] and identity matrices",
    "causal multi-head self-attention of these tokens with my Wq, Wk, Wv and Wo",
    "show what each attention head looks at",
];

/// The most operations, and the most weights that are given back.
const LIMITS: (usize, usize) = (4_000_000_000, 4_000_000);

/// Computes it.
///
/// # Errors
/// `invalid_arguments` if a matrix is not d x d or the heads do not divide d, `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let (n, d, heads) = (args.X.rows(), args.X.columns(), args.n_heads.get());
    let width = d / heads;
    let x = View::new(args.X.as_slice(), n, d);
    let times = |matrix: &Matrix| {
        let mut out = vec![0.0; n * d];
        matmul(x, View::new(matrix.as_slice(), d, d), &mut out, 0.0);
        out
    };
    let (q, k, v) = (times(&args.Wq), times(&args.Wk), times(&args.Wv));
    let allowed = if args.causal { Allowed::Causal } else { Allowed::All };
    let mut side_by_side = vec![0.0; n * d];
    let mut weights = Vec::with_capacity(heads);
    for head in 0..heads {
        let part = |numbers: &'_ [f64]| head * width..numbers.len();
        let mut of_head = vec![0.0; n * n];
        let (q, k) = (&q[part(&q)], &k[part(&k)]);
        weigh(View::strided(q, n, width, d), View::strided(k, n, width, d), allowed, &mut of_head);
        let mut gathered = vec![0.0; n * width];
        matmul(View::new(&of_head, n, n), View::strided(&v[part(&v)], n, width, d), &mut gathered, 0.0);
        for (to, from) in side_by_side.chunks_exact_mut(d).zip(gathered.chunks_exact(width)) {
            to[head * width..(head + 1) * width].copy_from_slice(from);
        }
        weights.push(of_head.chunks_exact(n).map(<[f64]>::to_vec).collect::<Vec<_>>());
    }
    let mut output = vec![0.0; n * d];
    matmul(View::new(&side_by_side, n, d), View::new(args.Wo.as_slice(), d, d), &mut output, 0.0);
    let svg = if args.picture { Some(picture(&weights)?) } else { None };
    Ok(Output { output: output.chunks_exact(d).map(<[f64]>::to_vec).collect(), weights, svg })
}

/// The weights of the heads side by side, an empty column between two.
pub(crate) fn picture(weights: &[Vec<Vec<f64>>]) -> Result<String, Error> {
    let shown = &weights[..weights.len().min(16)];
    let rows = shown.first().map_or(0, Vec::len);
    let row = |i: usize| {
        let mut row: Vec<f64> = shown.iter().flat_map(|head| head[i].iter().copied().chain([f64::NAN])).collect();
        row.pop();
        row
    };
    let title = format!("Attention weights of {} heads, side by side", shown.len());
    let title = if shown.len() == 1 { "Attention weights of one head" } else { &title };
    chart::heat_map(title, "key, head after head", "query", &(0..rows).map(row).collect::<Vec<_>>())
}

fn check(args: &Args) -> Result<(), Error> {
    let (n, d, heads) = (args.X.rows(), args.X.columns(), args.n_heads.get());
    for (name, matrix) in [("Wq", &args.Wq), ("Wk", &args.Wk), ("Wv", &args.Wv), ("Wo", &args.Wo)] {
        if (matrix.rows(), matrix.columns()) != (d, d) {
            let (rows, columns) = (matrix.rows(), matrix.columns());
            let message = format!("`{name}` is {rows} x {columns}, but `X` has {d} columns, so it must be {d} x {d}");
            return Err(Error::invalid(format!("/{name}"), message));
        }
    }
    if !d.is_multiple_of(heads) {
        return Err(Error::invalid("/n_heads", format!("{heads} heads cannot share {d} columns evenly"))
            .with_hint(format!("take a divisor of {d}")));
    }
    let (work, numbers) = LIMITS;
    if n > 2048 || heads * n * n > numbers || n * d * (8 * d + 4 * n) > work {
        return Err(Error::too_large("/X", format!("{n} rows of {d} numbers are too many for {heads} heads"))
            .with_hint("give at most 2048 rows, fewer for many heads"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{random::Random, value::Seed};

    fn args(n: usize, d: usize, heads: usize) -> Args {
        let mut random = Random::new(Seed::from(3));
        let mut matrix = |rows: usize| {
            Matrix::from_rows((0..rows).map(|_| (0..d).map(|_| random.normal()).collect()).collect()).unwrap()
        };
        let n_heads = NonZeroUsize::new(heads).unwrap();
        let x = matrix(n);
        let [q, k, v, o] = std::array::from_fn(|_| matrix(d));
        Args { X: x, Wq: q, Wk: k, Wv: v, Wo: o, n_heads, causal: false, picture: true }
    }

    #[test]
    fn one_head_is_plain_attention() {
        let mut one = args(4, 3, 1);
        let identity: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].try_into().unwrap();
        (one.Wq, one.Wk, one.Wv, one.Wo) = (identity.clone(), identity.clone(), identity.clone(), identity);
        let x = one.X.clone();
        let plain = super::super::attention::Args {
            Q: x.clone(),
            K: x.clone(),
            V: x,
            causal: false,
            mask: None,
            picture: false,
        };
        let (ours, plain) = (run(&one).unwrap(), super::super::attention::run(&plain).unwrap());
        assert_eq!((&ours.weights[0], ours.output), (&plain.weights, plain.output));
        assert!(ours.svg.unwrap().starts_with("<svg"));
    }

    #[test]
    fn without_a_mask_the_order_of_rows_does_not_matter() {
        let plain = args(5, 4, 2);
        let mut turned = plain.clone();
        turned.X = Matrix::from_rows(plain.X.iter().rev().map(<[f64]>::to_vec).collect()).unwrap();
        let (plain, turned) = (run(&plain).unwrap(), run(&turned).unwrap());
        for (a, b) in plain.output.iter().zip(turned.output.iter().rev()) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn shapes_have_to_fit() {
        let mut wrong = args(3, 4, 3);
        assert_eq!(run(&wrong).unwrap_err().path, "/n_heads");
        wrong.Wo = wrong.X.clone();
        assert_eq!(run(&wrong).unwrap_err().path, "/Wo");
    }
}

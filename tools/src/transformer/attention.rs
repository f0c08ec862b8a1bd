//! # Attention
//!
//! A soft look-up: each query is compared with every key, the comparisons become weights by a softmax, and the values are
//! averaged with these weights, softmax(Q K' / √d) V. The division by √d keeps the products of long vectors from growing,
//! which would make every softmax a hard choice. A mask hides keys: with `causal`, those that come later.
//!
//! Cost: 2 · queries · keys · (d of the keys + d of the values) operations.
//! Reference: A. Vaswani et al., "Attention is all you need", NeurIPS 2017, §3.2.1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::heads::{Allowed, weigh};
use crate::{
    error::Error,
    kernel::{View, matmul},
    plot::chart,
    value::Matrix,
};

/// Computes scaled dot-product attention: softmax(QK'/sqrt(d))V, with the weights. Use it to see which keys each query
/// looks at, with or without a causal or other mask.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The queries, one a row, up to 4096.
    pub Q: Matrix,
    /// The keys, one a row, up to 4096, as long as the queries.
    pub K: Matrix,
    /// The values, one for each key.
    pub V: Matrix,
    /// Whether query i sees only the keys 0 to i.
    #[serde(default)]
    pub causal: bool,
    /// Which keys each query may see: the mask, a row for each query, true where it may attend.
    #[serde(default)]
    pub mask: Option<Vec<Vec<bool>>>,
    /// Whether to draw it too: plot, chart, picture, heat map.
    #[serde(default)]
    pub picture: bool,
}

/// What the queries gather.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The average of the values for each query.
    pub output: Vec<Vec<f64>>,
    /// The weight of each key for each query; a row adds up to 1.
    pub weights: Vec<Vec<f64>>,
    /// The picture, as the text of an SVG file, if asked for: the weights as a heat map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Compute attention for Q = [[1, 0], [0, 1]], K = [[1, 0], [0, 1]], V = [[1, 2], [3, 4]]",
    "causal self-attention of these three vectors",
    "show the attention weights as a heat map",
    "which keys does each query attend to?",
];

/// The most queries and keys, and the most operations.
const LIMITS: (usize, usize) = (4096, 4_000_000_000);

/// Computes it.
///
/// # Errors
/// `invalid_arguments` if the shapes do not fit together, `undefined` if a query sees no key, `too_large` beyond the
/// limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let (queries, keys) = (args.Q.rows(), args.K.rows());
    let (d, wide) = (args.Q.columns(), args.V.columns());
    let mask = seen(args);
    let allowed = mask.as_deref().map_or(Allowed::All, Allowed::Mask);
    let (mut weights, mut output) = (vec![0.0; queries * keys], vec![0.0; queries * wide]);
    weigh(View::new(args.Q.as_slice(), queries, d), View::new(args.K.as_slice(), keys, d), allowed, &mut weights);
    matmul(View::new(&weights, queries, keys), View::new(args.V.as_slice(), keys, wide), &mut output, 0.0);
    let rows = |numbers: &[f64], columns: usize| numbers.chunks_exact(columns).map(<[f64]>::to_vec).collect();
    let weights: Vec<Vec<f64>> = rows(&weights, keys);
    let svg = if args.picture { Some(chart::heat_map("Attention weights", "key", "query", &weights)?) } else { None };
    Ok(Output { output: rows(&output, wide), weights, svg })
}

/// What each query sees, if not everything.
fn seen(args: &Args) -> Option<Vec<Vec<bool>>> {
    if !args.causal {
        return args.mask.clone();
    }
    let may = |i: usize, j: usize| j <= i && args.mask.as_ref().is_none_or(|mask| mask[i][j]);
    Some((0..args.Q.rows()).map(|i| (0..args.K.rows()).map(|j| may(i, j)).collect()).collect())
}

fn check(args: &Args) -> Result<(), Error> {
    let (queries, keys, d) = (args.Q.rows(), args.K.rows(), args.Q.columns());
    if args.K.columns() != d {
        let given = args.K.columns();
        return Err(Error::invalid("/K", format!("`K` has {given} columns, but `Q` has {d}")));
    }
    if args.V.rows() != keys {
        return Err(Error::invalid("/V", format!("`V` has {} rows, but `K` has {keys}", args.V.rows())));
    }
    let (most, work) = LIMITS;
    if queries > most {
        return Err(Error::too_large("/Q", format!("`Q` has {queries} rows, the limit is {most}")));
    }
    if keys > most || queries * keys * (d + args.V.columns()) > work {
        return Err(Error::too_large("/K", format!("`K` has {keys} rows, the limit is {most}, or less for long rows")));
    }
    if let Some(mask) = &args.mask {
        if mask.len() != queries {
            return Err(Error::invalid("/mask", format!("`mask` has {} rows, but `Q` has {queries}", mask.len())));
        }
        if let Some(i) = mask.iter().position(|row| row.len() != keys) {
            let message = format!("row {i} has {} entries, but there are {keys} keys", mask[i].len());
            return Err(Error::invalid(format!("/mask/{i}"), message));
        }
        let blind =
            |(i, row): (usize, &Vec<bool>)| !row.iter().enumerate().any(|(j, may)| *may && (!args.causal || j <= i));
        if let Some(i) = mask.iter().enumerate().position(blind) {
            return Err(Error::undefined(format!("/mask/{i}"), format!("query {i} may see no key at all")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(text: &str) -> Args {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn by_hand() {
        // Products 0 and 2 ln 3, over √4: weights 1/4 and 3/4.
        let log = 2.0 * 3.0_f64.ln();
        let text = format!(r#"{{"Q": [[1, 0, 0, 0]], "K": [[0, 0, 0, 0], [{log}, 0, 0, 0]], "V": [[4], [8]]}}"#);
        let out = run(&args(&text)).unwrap();
        assert!((out.weights[0][0] - 0.25).abs() < 1e-14 && (out.output[0][0] - 7.0).abs() < 1e-13, "{out:?}");
        let out = run(&Args { causal: true, ..args(&text) }).unwrap();
        assert_eq!((out.weights, out.output), (vec![vec![1.0, 0.0]], vec![vec![4.0]]));
    }

    #[test]
    fn shapes_have_to_fit() {
        let check = |text: &str, path: &str| assert_eq!(run(&args(text)).unwrap_err().path, path);
        check(r#"{"Q": [[1, 2]], "K": [[1]], "V": [[1]]}"#, "/K");
        check(r#"{"Q": [[1]], "K": [[1]], "V": [[1], [2]]}"#, "/V");
        check(r#"{"Q": [[1]], "K": [[1]], "V": [[1]], "mask": [[true, true]]}"#, "/mask/0");
        check(r#"{"Q": [[1]], "K": [[1], [2]], "V": [[1], [2]], "mask": [[false, true]], "causal": true}"#, "/mask/0");
    }

    #[test]
    fn draws_the_weights() {
        let text = r#"{"Q": [[1, 0], [0, 1]], "K": [[1, 0], [0, 1]], "V": [[1, 2], [3, 4]], "picture": true}"#;
        assert!(run(&args(text)).unwrap().svg.unwrap().contains("Attention weights"));
    }

    proptest! {
        #[test]
        fn outputs_lie_between_the_values(numbers in prop::collection::vec(-9.0..9.0_f64, 12), causal in any::<bool>()) {
            let rows = |part: usize| Matrix::from_rows(numbers[part * 4..part * 4 + 4].chunks(2).map(<[f64]>::to_vec).collect()).unwrap();
            let out = run(&Args { Q: rows(0), K: rows(1), V: rows(2), causal, mask: None, picture: false }).unwrap();
            for (weights, output) in out.weights.iter().zip(&out.output) {
                prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                for j in 0..2 {
                    let (a, b) = (numbers[8 + j], numbers[10 + j]);
                    prop_assert!(output[j] >= a.min(b) - 1e-9 && output[j] <= a.max(b) + 1e-9);
                }
            }
        }
    }
}

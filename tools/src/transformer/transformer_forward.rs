//! # A transformer's forward pass
//!
//! What a small GPT with given weights says of a sequence of tokens: for each place, a score of every token of the
//! vocabulary as the next one. The formulas stand in `model.rs`; the code is the one that trains (`pass.rs`), in double
//! precision. Place t sees only the tokens up to t, so the scores of earlier places do not depend on later tokens.
//!
//! Cost: about 2 · parameters operations a token, plus attention's 4 · d · context.
//! References: A. Vaswani et al., "Attention is all you need", NeurIPS 2017; A. Radford et al., "Language models are
//! unsupervised multitask learners", 2019.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    model::{Config, Params},
    multi_head_attention,
    pass::Pass,
};
use crate::{error::Error, neural::softmax::softmax};

/// Computes the scores (logits) of a small GPT transformer with given weights for a sequence of tokens: the forward pass.
/// Use it to follow what a transformer predicts at each place, its loss, and what its heads look at.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The weights.
    pub params: Params,
    /// The tokens, numbers from 0: at least one, at most as many as `pos` has rows.
    pub ids: Vec<usize>,
    /// How many heads share the columns; a divisor of their number.
    pub n_heads: NonZeroUsize,
    /// What comes next at each place, to measure the loss: targets, a token for each.
    #[serde(default)]
    pub targets: Option<Vec<usize>>,
    /// Whether to give the attention weights of each layer and head too.
    #[serde(default)]
    pub attention: bool,
    /// Whether to draw them too: plot, chart, picture, heat map. The heads of the last layer.
    #[serde(default)]
    pub picture: bool,
}

/// What the transformer says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// For each place, a score of every token as the next one.
    pub logits: Vec<Vec<f64>>,
    /// The most likely next token at each place.
    pub predictions: Vec<usize>,
    /// The probability of each token after the last place.
    pub next: Vec<f64>,
    /// The mean of minus the logarithm of the targets' probabilities, in nats; if targets are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// The attention weights, if asked for: of each layer, each head, each place, the weight of every place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<Vec<Vec<Vec<Vec<f64>>>>>,
    /// The picture, as the text of an SVG file, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Run the transformer with these params on the tokens [4, 3, 2, 5], 1 head",
    "what are the logits of this mini GPT for ids 1, 2, 3?",
    "loss of the transformer on this sequence, and what its heads attend to",
];

/// The most attention weights that are given back.
const MOST_WEIGHTS: usize = 4_000_000;
/// The most operations of a pass.
const MOST_WORK: usize = 4_000_000_000;

/// Computes the scores.
///
/// # Errors
/// `invalid_arguments` if the weights do not fit together or a token does not exist, `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (config, parameters) = args.params.read(args.n_heads.get())?;
    check_ids(&config, &args.ids, "/ids")?;
    let n = args.ids.len();
    if n > config.context {
        let most = config.context;
        return Err(Error::invalid("/ids", format!("there are {n} tokens, but only {most} positions")));
    }
    if n.saturating_mul(parameters.len()) > MOST_WORK / 2 {
        return Err(Error::too_large("/ids", format!("{n} tokens are too many for {} parameters", parameters.len())));
    }
    if (args.attention || args.picture) && config.layers * config.heads * n * n > MOST_WEIGHTS {
        return Err(Error::too_large("/ids", format!("{n} tokens have too many attention weights"))
            .with_hint("give fewer tokens, or leave `attention` and `picture` out"));
    }
    let mut pass = Pass::new(config, n, n);
    pass.forward(&parameters, &args.ids, n);
    let logits: Vec<Vec<f64>> = pass.scores(n).chunks_exact(config.vocabulary).map(<[f64]>::to_vec).collect();
    let attention = (args.attention || args.picture).then(|| pass.attention(n));
    let svg = match &attention {
        Some(layers) if args.picture => layers.last().map(|heads| multi_head_attention::picture(heads)).transpose()?,
        _ => None,
    };
    let loss = match &args.targets {
        Some(targets) => {
            check_ids(&config, targets, "/targets")?;
            if targets.len() != n {
                return Err(Error::invalid("/targets", format!("there are {} targets for {n} tokens", targets.len())));
            }
            Some(pass.loss(targets, 1.0) / n as f64)
        }
        None => None,
    };
    Ok(Output {
        predictions: logits.iter().map(|row| largest(row)).collect(),
        next: logits.last().map(|row| softmax(row, 1.0)).unwrap_or_default(),
        logits,
        loss,
        attention: attention.filter(|_| args.attention),
        svg,
    })
}

/// Whether there are tokens, and each is one of the vocabulary.
pub(crate) fn check_ids(config: &Config, ids: &[usize], path: &str) -> Result<(), Error> {
    if ids.is_empty() {
        return Err(Error::invalid(path, "there are no tokens").with_hint("give at least one"));
    }
    match ids.iter().position(|id| *id >= config.vocabulary) {
        Some(at) => {
            let message = format!("`{}` is no token from 0 to {}", ids[at], config.vocabulary - 1);
            Err(Error::invalid(format!("{path}/{at}"), message))
        }
        None => Ok(()),
    }
}

/// The place of the largest score, the first of several.
pub(crate) fn largest(scores: &[f64]) -> usize {
    (1..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::model::tests::TINY, *};
    use crate::{random::Random, value::Seed};

    fn args(ids: &[usize]) -> Args {
        let flat: Vec<f64> = TINY.draw(&mut Random::new(Seed::from(5)));
        let (params, n_heads) = (TINY.write(&flat).unwrap(), NonZeroUsize::new(2).unwrap());
        Args { params, ids: ids.to_vec(), n_heads, targets: None, attention: true, picture: true }
    }

    #[test]
    fn without_layers_it_looks_tokens_up() {
        // By hand: h = (2, 0), its norm (1, -1) up to the 1e-5, times the head.
        let text = r#"{"params": {"tok": [[1, 0]], "pos": [[1, 0]], "layers": [], "lnf_g": [1, 1], "lnf_b": [0, 0],
            "head": [[3], [1]]}, "ids": [0], "n_heads": 1, "targets": [0]}"#;
        let out = run(&serde_json::from_str(text).unwrap()).unwrap();
        assert!((out.logits[0][0] - 2.0 / 1.00001_f64.sqrt()).abs() < 1e-12);
        assert_eq!((out.next, out.loss), (vec![1.0], Some(0.0)));
    }

    #[test]
    fn attention_looks_back_only() {
        let out = run(&args(&[1, 2, 3, 4])).unwrap();
        let attention = out.attention.unwrap();
        assert_eq!((attention.len(), attention[0].len()), (2, 2));
        for row in attention.iter().flatten() {
            for (i, weights) in row.iter().enumerate() {
                assert!(
                    (weights.iter().sum::<f64>() - 1.0).abs() < 1e-12 && weights[i + 1..].iter().all(|w| *w == 0.0)
                );
            }
        }
        assert!(out.svg.unwrap().starts_with("<svg"));
    }

    #[test]
    fn tokens_have_to_exist() {
        assert_eq!(run(&args(&[1, 5])).unwrap_err().path, "/ids/1");
        assert_eq!(run(&args(&[])).unwrap_err().path, "/ids");
        assert_eq!(run(&args(&[0; 7])).unwrap_err().path, "/ids");
        assert_eq!(run(&Args { targets: Some(vec![0]), ..args(&[1, 2]) }).unwrap_err().path, "/targets");
    }
}

//! # Generation
//!
//! A language model writes by asking itself again and again what comes next. Greedy takes the most likely token each
//! time, which repeats itself soon; sampling draws by probability, sharpened or flattened by a temperature; top-k and
//! top-p first leave only the k likeliest tokens, or the likeliest that together have probability p, so that the long
//! tail of unlikely ones is never drawn.
//!
//! Cost: a forward pass over the context a token.
//! References: A. Fan, M. Lewis, Y. Dauphin, "Hierarchical neural story generation", ACL 2018 (top-k); A. Holtzman et
//! al., "The curious case of neural text degeneration", ICLR 2020 (top-p).

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    model::{Config, Params},
    pass::Pass,
    transformer_forward::{check_ids, largest},
};
use crate::{
    error::Error,
    kernel::Real,
    neural::softmax::softmax,
    random::Random,
    value::{Fraction, Seed},
};

/// Lets a small GPT transformer with given weights go on from some tokens or a text, greedily or by sampling with a
/// temperature, top-k or top-p. Use it to make text with a model from `transformer_train`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The weights.
    pub params: Params,
    /// The tokens to go on from, numbers from 0: the prompt. Either these or a `prompt`.
    #[serde(default)]
    pub ids: Option<Vec<usize>>,
    /// The text to go on from, of characters of the `vocabulary`.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The characters that the tokens stand for, in their order, as `transformer_train` gives them.
    #[serde(default)]
    pub vocabulary: Option<String>,
    /// How many heads share the columns; a divisor of their number.
    pub n_heads: NonZeroUsize,
    /// How many tokens to add: length. Up to 4096, fewer for large models.
    pub n_tokens: usize,
    /// How to choose: greedy, or sample by probability; greedy when not given.
    #[serde(default)]
    pub strategy: Strategy,
    /// What scores are divided by before sampling, above 0: the temperature. 1 when not given.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// How many of the likeliest tokens to sample from: top-k; all when not given.
    #[serde(default)]
    pub top_k: Option<NonZeroUsize>,
    /// How much probability the likeliest tokens that are sampled from have together: top-p, nucleus; 1 when not given.
    #[serde(default)]
    pub top_p: Option<Fraction>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The most likely.
    #[default]
    Greedy,
    /// By probability.
    #[serde(alias = "temperature", alias = "top_k", alias = "top_p")]
    Sample,
}

/// What it wrote.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The prompt's tokens and the new ones behind them.
    pub ids: Vec<usize>,
    /// The probability of each new token when it was chosen, before temperature and cuts.
    pub probabilities: Vec<f64>,
    /// The same as text, if there is a vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Generate 4 tokens greedily after [1, 2, 3] with this transformer",
    "let the mini GPT continue \"the cat\" for 100 characters at temperature 0.8",
    "sample from the model with top-k 5",
];

/// The most tokens, and the most operations.
const LIMITS: (usize, usize) = (4096, 40_000_000_000);

/// Writes.
///
/// # Errors
/// `invalid_arguments` if the weights do not fit together, a token or character does not exist or the temperature is not
/// positive; `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (config, parameters) = args.params.read(args.n_heads.get())?;
    let letters: Option<Vec<char>> = args.vocabulary.as_ref().map(|text| text.chars().collect());
    if let Some(letters) = &letters
        && letters.len() != config.vocabulary
    {
        let (given, tokens) = (letters.len(), config.vocabulary);
        let message = format!("`vocabulary` has {given} characters, but the model knows {tokens} tokens");
        return Err(Error::invalid("/vocabulary", message));
    }
    let ids = prompt(args, letters.as_deref())?;
    check_ids(&config, &ids, if args.ids.is_some() { "/ids" } else { "/prompt" })?;
    let temperature = args.temperature.unwrap_or(1.0);
    if !(temperature > 0.0 && temperature.is_finite()) {
        return Err(Error::invalid("/temperature", format!("`temperature` is {temperature}, but must be above 0"))
            .with_hint("for the most likely token each time take the strategy `greedy`"));
    }
    let (tokens, work) = LIMITS;
    let most = tokens.min(work / (2 * parameters.len() * config.context)).max(1);
    if args.n_tokens > most {
        return Err(Error::too_large(
            "/n_tokens",
            format!("`n_tokens` is {}, the limit is {most} here", args.n_tokens),
        ));
    }
    let top_k = args.top_k.map_or(config.vocabulary, NonZeroUsize::get);
    let top_p = args.top_p.map_or(1.0, Fraction::get);
    let mut random = Random::new(args.seed);
    let choose = |scores: &[f64]| match args.strategy {
        Strategy::Greedy => largest(scores),
        Strategy::Sample => draw(&softmax(scores, temperature), top_k, top_p, &mut random),
    };
    let (ids, probabilities) = write(config, &parameters, ids, args.n_tokens, choose);
    let text = letters.map(|letters| ids.iter().map(|&id| letters[id]).collect());
    Ok(Output { ids, probabilities, text })
}

/// The tokens to go on from.
fn prompt(args: &Args, letters: Option<&[char]>) -> Result<Vec<usize>, Error> {
    match (&args.ids, &args.prompt, letters) {
        (Some(ids), None, _) => Ok(ids.clone()),
        (None, Some(prompt), Some(letters)) => {
            let id = |c: char| {
                letters.iter().position(|letter| *letter == c).ok_or_else(|| {
                    Error::invalid("/prompt", format!("the model does not know the character `{}`", c.escape_debug()))
                })
            };
            prompt.chars().map(id).collect()
        }
        (None, Some(_), None) => Err(Error::invalid("/prompt", "a text needs a `vocabulary` to become tokens")
            .with_hint("give the one that `transformer_train` gave, or `ids`")),
        (Some(_), Some(_), _) => Err(Error::invalid("/prompt", "there are `ids` and a `prompt`").with_hint("give one")),
        (None, None, _) => Err(Error::invalid("/ids", "there is nothing to go on from").with_hint("give one token")),
    }
}

/// Adds tokens, each chosen by its scores, and says how likely each was. The model sees the last of them, as many as it
/// has positions.
pub(crate) fn write<T: Real>(
    config: Config,
    parameters: &[T],
    mut ids: Vec<usize>,
    tokens: usize,
    mut choose: impl FnMut(&[f64]) -> usize,
) -> (Vec<usize>, Vec<f64>) {
    let mut pass = Pass::new(config, config.context, config.context);
    let mut probabilities = Vec::with_capacity(tokens);
    for _ in 0..tokens {
        let seen = &ids[ids.len().saturating_sub(config.context)..];
        pass.forward(parameters, seen, seen.len());
        let last = &pass.scores(seen.len())[(seen.len() - 1) * config.vocabulary..];
        let scores: Vec<f64> = last.iter().map(|x| x.to_f64()).collect();
        let next = choose(&scores);
        probabilities.push(softmax(&scores, 1.0)[next]);
        ids.push(next);
    }
    (ids, probabilities)
}

/// A token drawn by probability from the `top_k` likeliest, or fewer if they have `top_p` together.
pub(crate) fn draw(probabilities: &[f64], top_k: usize, top_p: f64, random: &mut Random) -> usize {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&i, &j| probabilities[j].total_cmp(&probabilities[i]));
    order.truncate(top_k);
    let (mut kept, mut total) = (0, 0.0);
    for &id in &order {
        (kept, total) = (kept + 1, total + probabilities[id]);
        if total >= top_p {
            break;
        }
    }
    let mut left = random.uniform() * total;
    for &id in &order[..kept] {
        left -= probabilities[id];
        if left < 0.0 {
            return id;
        }
    }
    order[0]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::model::tests::TINY, *};

    fn args() -> Args {
        let flat: Vec<f64> = TINY.draw(&mut Random::new(Seed::from(5)));
        let params = serde_json::to_value(TINY.write(&flat).unwrap()).unwrap();
        let args = serde_json::json!({"params": params, "ids": [1, 2], "n_heads": 2, "n_tokens": 9});
        serde_json::from_value(args).unwrap()
    }

    #[test]
    fn greedy_is_what_the_forward_pass_says() {
        let out = run(&args()).unwrap();
        assert_eq!((out.ids.len(), &out.ids[..2], out.probabilities.len()), (11, &[1, 2][..], 9));
        let args = args();
        let seen = out.ids[4..10].to_vec();
        let forward = super::super::transformer_forward::Args {
            params: args.params.clone(),
            ids: seen,
            n_heads: args.n_heads,
            targets: None,
            attention: false,
            picture: false,
        };
        let forward = super::super::transformer_forward::run(&forward).unwrap();
        assert_eq!(*forward.predictions.last().unwrap(), out.ids[10]);
        assert!((forward.next[out.ids[10]] - out.probabilities[8]).abs() < 1e-12);
        // Of one token only, that one is drawn.
        let one = Args { strategy: Strategy::Sample, top_k: NonZeroUsize::new(1), ..args };
        assert_eq!(run(&one).unwrap().ids, out.ids);
    }

    #[test]
    fn text_goes_in_and_comes_out() {
        let with = |prompt: &str| Args {
            ids: None,
            prompt: Some(prompt.to_owned()),
            vocabulary: Some("abc d".to_owned()),
            strategy: Strategy::Sample,
            ..args()
        };
        let out = run(&with("a d")).unwrap();
        assert_eq!(out.ids[..3], [0, 3, 4]);
        assert!(out.text.unwrap().starts_with("a d"));
        assert_eq!(run(&with("x")).unwrap_err().path, "/prompt");
        assert_eq!(run(&Args { vocabulary: None, ..with("a") }).unwrap_err().path, "/prompt");
        assert_eq!(run(&Args { vocabulary: Some("ab".to_owned()), ..with("a") }).unwrap_err().path, "/vocabulary");
        assert_eq!(run(&Args { prompt: None, ..with("a") }).unwrap_err().path, "/ids");
    }

    #[test]
    fn draws_by_probability_from_those_that_are_left() {
        let mut random = Random::new(Seed::from(3));
        let probabilities = [0.1, 0.5, 0.15, 0.25];
        let mut count = |top_k: usize, top_p: f64| {
            let mut counts = [0_i32; 4];
            (0..10_000).for_each(|_| counts[draw(&probabilities, top_k, top_p, &mut random)] += 1);
            counts
        };
        // Five standard deviations: 5 * sqrt(10000 / 4) = 250.
        assert!((count(4, 1.0)[1] - 5000).abs() < 250);
        let two = count(2, 1.0);
        assert!(two[0] == 0 && two[2] == 0 && (two[1] - 6667).abs() < 250, "{two:?}");
        let nucleus = count(4, 0.7);
        assert!(nucleus[0] == 0 && nucleus[2] == 0 && nucleus[3] > 0, "{nucleus:?}");
    }
}

//! The embedding model as a tool: sentences in, the vectors that memory searches by out.
//!
//! It is a tool of this crate and not of `tools`, since the model's weights are here. The weights never change, so the same
//! texts give the same vectors: the tool is as pure as any.

use std::time::Duration;

use roundtable_tools::tool::ToolBuilder;
use roundtable_tools::{CallContext, Effect, Error, ErrorKind, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Embedder, MiniLm};

/// So many texts go through the model in one call: about three seconds of two cores.
const MOST: usize = 512;
/// So many texts are compared with each other.
const COMPARED: usize = 64;

/// Embeds sentences with the model that memory searches by (all-MiniLM-L6-v2) and compares their meaning. Use it to get
/// sentence embeddings, or to see how close texts are in meaning where they share no words.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The sentences to embed: texts, documents, phrases. Up to 512; of each the first 256 word pieces count.
    #[schemars(length(min = 1))]
    pub texts: Vec<String>,
}

/// The vectors.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The model that made them.
    pub model: String,
    /// How many numbers a vector has.
    pub dimension: usize,
    /// The cosine of every two texts, 1 for the same meaning; left out beyond 64 texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<Vec<Vec<f64>>>,
    /// One vector of length 1 for each text, in their order.
    pub vectors: Vec<Vec<f64>>,
}

const EXAMPLES: &[&str] = &[
    "Embed the sentences ['a dog barks', 'a puppy makes noise', 'stocks fell']",
    "sentence embeddings of ['hello', 'good morning']",
    "How close in meaning are the texts ['the car is fast', 'a quick automobile']?",
];

/// The tool, with this model.
pub fn embed(model: MiniLm) -> ToolBuilder {
    Tool::custom("embed", Effect::Pure, move |args: &Args, _: &CallContext| run(&model, args))
        .group("embedding")
        .examples(EXAMPLES)
        .timeout(Duration::from_secs(60))
}

fn run(model: &MiniLm, args: &Args) -> Result<Output, Error> {
    if args.texts.is_empty() {
        return Err(Error::invalid("/texts", "there are no texts").with_hint("give at least one"));
    }
    if args.texts.len() > MOST {
        let why = format!("there are {} texts, the limit is {MOST}", args.texts.len());
        return Err(Error::too_large("/texts", why).with_hint("embed them in several calls"));
    }
    let vectors = model.embed_now(&args.texts).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Error::new(ErrorKind::Failed, "", format!("{error}{cause}"))
    })?;
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    let compared = vectors.len() <= COMPARED;
    Ok(Output {
        model: model.id().to_owned(),
        dimension: model.dimension(),
        cosine: compared.then(|| vectors.iter().map(|a| vectors.iter().map(|b| cosine(a, b)).collect()).collect()),
        vectors: vectors.into_iter().map(|vector| vector.into_iter().map(f64::from).collect()).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use roundtable_tools::Catalogue;
    use serde_json::json;

    use super::*;

    #[test]
    fn meaning_counts_and_not_words() {
        let tools = Catalogue::empty().with(embed(MiniLm::new())).unwrap();
        let texts = ["A dog barks in the yard", "The puppy makes noise outside", "Stocks fell on Monday"];
        let output = tools.call("embed", &json!({"texts": texts})).unwrap();
        let cosine = |a: usize, b: usize| output["cosine"][a][b].as_f64().unwrap();
        assert!((cosine(0, 0) - 1.0).abs() < 1e-5);
        assert!(cosine(0, 1) > cosine(0, 2) + 0.2, "{} and {}", cosine(0, 1), cosine(0, 2));
        assert_eq!(output["vectors"][2].as_array().map(Vec::len), Some(384));
    }

    #[test]
    fn none_and_too_many_are_refused() {
        let tools = Catalogue::empty().with(embed(MiniLm::new())).unwrap();
        assert_eq!(tools.call("embed", &json!({"texts": []})).unwrap_err().path, "/texts");
        let many = tools.call("embed", &json!({"texts": vec!["a"; MOST + 1]})).unwrap_err();
        assert_eq!(many.kind, ErrorKind::TooLarge);
    }
}

//! Which tool a sentence asks for, by what it means.
//!
//! Words fail where a person says none of those that a tool is known by: "which height do 99% of people stay below?" is a
//! quantile. So sentences that people could type for each tool were collected, and some that want no tool at all
//! (`agents/training/requests.tsv`), and a softmax regression learnt to tell their MiniLM vectors apart, the tools' own examples and
//! descriptions among them. `cargo run --release -p roundtable --example train_finder` does it again. A tool that was not there
//! then has no weights, and is found by words alone.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use roundtable_memory::MiniLm;
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use super::arguments::literal::{Kind, literals};

/// The class of what wants no tool.
pub const NONE: &str = "none";

static HEAD: LazyLock<Result<Head, HeadError>> =
    LazyLock::new(|| Head::read(include_bytes!("../../models/finder.safetensors")));

/// A sentence as its meaning is taken: without the data in it.
pub fn gist(said: &str) -> String {
    without_data(said).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is left of a sentence without its texts, lists, tables and objects.
pub(super) fn without_data(said: &str) -> String {
    let mut rest = String::with_capacity(said.len());
    let mut from = 0;
    let data = |kind: &Kind| matches!(kind, Kind::Text(_) | Kind::List(_) | Kind::Table(_) | Kind::Object(_));
    for literal in literals(said).into_iter().filter(|literal| data(&literal.kind)) {
        rest.push_str(&said[from..literal.start]);
        from = literal.end;
    }
    rest.push_str(&said[from..]);
    rest
}

/// How likely a sentence asks for each tool, as natural logarithms of probabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likely(HashMap<String, f64>);

impl Likely {
    /// The logarithm of a tool's probability; nothing for one that is not known.
    pub fn log(&self, tool: &str) -> Option<f64> {
        self.0.get(tool).copied()
    }

    /// The most likely tool's.
    pub fn most(&self) -> f64 {
        self.0.iter().filter(|(name, _)| *name != NONE).fold(f64::NEG_INFINITY, |most, (_, log)| most.max(*log))
    }

    /// The probability that no tool is wanted.
    pub fn none(&self) -> f64 {
        self.log(NONE).map_or(0.0, f64::exp)
    }
}

/// Takes the meaning of sentences. The sentence before is remembered, as a turn asks about one more than once.
#[derive(Clone, Default)]
pub struct Meaning {
    last: Arc<Mutex<Option<(String, Likely)>>>,
}

impl fmt::Debug for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meaning").finish_non_exhaustive()
    }
}

impl Meaning {
    /// How likely the sentence asks for each tool. Nothing if the model of vectors cannot be loaded, which `roundtable doctor` tells, or
    /// the weights cannot be read, which a test would.
    pub fn of(&self, said: &str) -> Option<Likely> {
        let gist = gist(said);
        // Not held while the vector is made: other conversations go on.
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, likely)) = last().as_ref().filter(|(before, _)| *before == gist) {
            return Some(likely.clone());
        }
        let head = HEAD.as_ref().ok()?;
        let vectors = MiniLm::shared().embed_now(std::slice::from_ref(&gist)).ok()?;
        let likely = head.likely(vectors.first()?)?;
        *last() = Some((gist, likely.clone()));
        Some(likely)
    }
}

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The file is no collection of tensors.
    #[error("the weights that tell tools apart cannot be read")]
    Unreadable(#[from] SafeTensorError),
    /// A tensor is not as it should be.
    #[error("`{0}` of the weights that tell tools apart is not as it should be")]
    Misshapen(&'static str),
}

/// A softmax regression: for each class a row of int8 weights, their scale, and a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    names: Vec<String>,
    weights: Vec<i8>,
    scales: Vec<f32>,
    biases: Vec<f32>,
}

impl Head {
    /// Rounds weights, classes x dimensions row by row, to int8: each row in steps of a 127th of its largest.
    pub fn new(names: Vec<String>, weights: &[f64], biases: &[f64]) -> Self {
        let dimensions = weights.len() / names.len().max(1);
        let rows = weights.chunks(dimensions.max(1));
        let scales: Vec<f64> =
            rows.clone().map(|row| row.iter().fold(f64::MIN_POSITIVE, |most, w| most.max(w.abs())) / 127.0).collect();
        let weights = rows.zip(&scales).flat_map(|(row, scale)| row.iter().map(move |w| (w / scale).round() as i8));
        Head {
            weights: weights.collect(),
            scales: scales.iter().map(|scale| *scale as f32).collect(),
            biases: biases.iter().map(|bias| *bias as f32).collect(),
            names,
        }
    }

    /// Reads what [`Head::write`] wrote.
    ///
    /// # Errors
    /// When the file is something else.
    pub fn read(file: &[u8]) -> Result<Self, HeadError> {
        let (_, metadata) = SafeTensors::read_metadata(file)?;
        let tensors = SafeTensors::deserialize(file)?;
        let names = metadata.metadata().as_ref().and_then(|entries| entries.get(NAMES));
        let names = names.ok_or(HeadError::Misshapen(NAMES))?;
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        let floats = |name: &'static str| -> Result<Vec<f32>, HeadError> {
            let tensor = tensors.tensor(name)?;
            let (numbers, rest) = tensor.data().as_chunks::<4>();
            let right = tensor.dtype() == Dtype::F32 && numbers.len() == names.len() && rest.is_empty();
            if right {
                Ok(numbers.iter().map(|x| f32::from_le_bytes(*x)).collect())
            } else {
                Err(HeadError::Misshapen(name))
            }
        };
        let weights = tensors.tensor(WEIGHTS)?;
        if weights.dtype() != Dtype::I8 || weights.shape().len() != 2 || weights.shape()[0] != names.len() {
            return Err(HeadError::Misshapen(WEIGHTS));
        }
        let (scales, biases) = (floats(SCALES)?, floats(BIASES)?);
        Ok(Head { weights: weights.data().iter().map(|byte| byte.cast_signed()).collect(), scales, biases, names })
    }

    /// As a file.
    ///
    /// # Errors
    /// When its parts do not fit together.
    pub fn write(&self) -> Result<Vec<u8>, HeadError> {
        let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let classes = self.names.len();
        let weights: Vec<u8> = self.weights.iter().map(|w| w.cast_unsigned()).collect();
        let (scales, biases) = (bytes(&self.scales), bytes(&self.biases));
        let tensors = BTreeMap::from([
            (WEIGHTS, TensorView::new(Dtype::I8, vec![classes, weights.len() / classes.max(1)], &weights)?),
            (SCALES, TensorView::new(Dtype::F32, vec![classes], &scales)?),
            (BIASES, TensorView::new(Dtype::F32, vec![classes], &biases)?),
        ]);
        let metadata = HashMap::from([(NAMES.to_owned(), self.names.join(","))]);
        Ok(safetensors::serialize(tensors, Some(metadata))?)
    }

    /// The classes: tools, and [`NONE`].
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How likely each class is for a sentence of this vector; nothing if the weights are for vectors of another length.
    pub fn likely(&self, vector: &[f32]) -> Option<Likely> {
        if vector.is_empty() || self.weights.len() != vector.len() * self.names.len() {
            return None;
        }
        let rows = self.weights.chunks_exact(vector.len()).zip(&self.scales).zip(&self.biases);
        let logits: Vec<f64> = rows
            .map(|((row, scale), bias)| {
                let sum: f32 = row.iter().zip(vector).map(|(w, x)| f32::from(*w) * x).sum();
                f64::from(sum * scale + bias)
            })
            .collect();
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let whole = most + logits.iter().map(|logit| (logit - most).exp()).sum::<f64>().ln();
        Some(Likely(self.names.iter().cloned().zip(logits.into_iter().map(|logit| logit - whole)).collect()))
    }
}

const NAMES: &str = "names";
const WEIGHTS: &str = "weights";
const SCALES: &str = "scales";
const BIASES: &str = "biases";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_back_as_they_were_written() {
        let head = Head::new(vec!["a".into(), "b".into()], &[1.0, -0.5, 0.25, 0.0], &[0.0, 0.5]);
        let again = Head::read(&head.write().expect("a file")).expect("the same");
        assert_eq!(head, again);
        assert_eq!(again.likely(&[1.0]), None);
        let likely = again.likely(&[1.0, 0.0]).expect("as long as the weights");
        // Logits 1 and 0.75: probabilities 1 / (1 + e^-0.25) and the rest.
        assert!((likely.log("a").expect("known").exp() - 0.5622).abs() < 1e-3, "{likely:?}");
        assert!(likely.most() > likely.log("b").expect("known") && likely.log("c").is_none());
        assert!(matches!(Head::read(b"something else"), Err(HeadError::Unreadable(_))));
    }

    #[test]
    fn the_gist_has_no_data_in_it() {
        assert_eq!(gist("norm of [1, 2] and  \"a text\", k = 3"), "norm of and , k = 3");
    }
}

//! all-MiniLM-L6-v2, in process.
//!
//! The model (Reimers and Gurevych's sentence-transformers, fine-tuned from Microsoft's MiniLM-L6-H384; Apache-2.0) gives
//! 384 numbers for a text of up to 256 word pieces. Its weights are int8 and part of the binary: the system maps the
//! file and reads those pages only when the first text is embedded, so a start costs nothing.

use std::sync::{Arc, LazyLock, OnceLock};

use async_trait::async_trait;
use tokenizers::{Tokenizer, TruncationParams};

use super::bert::Bert;
use super::{EmbedError, Embedder};
use crate::error::BoxError;

const ID: &str = "all-minilm-l6-v2-int8";
const DIMENSION: usize = 384;
/// Word pieces of a text that count, `[CLS]` and `[SEP]` included.
const LONGEST: usize = 256;
/// Word pieces in one pass, padding included: enough to keep the kernels busy. The attention scores of one layer take
/// 12.6 MB then, and a pass holds a few tensors of that size.
const PASS: usize = 1024;
/// Passes that run beside each other.
const THREADS: usize = 2;

static WEIGHTS: &[u8] = include_bytes!("../../models/all-minilm-l6-v2/model.safetensors");
static TOKENIZER: &[u8] = include_bytes!("../../models/all-minilm-l6-v2/tokenizer.json");

/// all-MiniLM-L6-v2 with int8 weights; loaded when the first text comes, and shared by all clones.
#[derive(Clone, Default)]
pub struct MiniLm {
    model: Arc<OnceLock<Result<Model, String>>>,
}

struct Model {
    bert: Bert,
    tokenizer: Tokenizer,
}

impl MiniLm {
    /// The model, not loaded yet.
    pub fn new() -> Self {
        MiniLm::default()
    }

    /// The one that all of a program can share, so that its weights are loaded once.
    pub fn shared() -> Self {
        static SHARED: LazyLock<MiniLm> = LazyLock::new(MiniLm::new);
        SHARED.clone()
    }

    /// Whether a text has been embedded, so that the weights are in memory.
    pub fn loaded(&self) -> bool {
        self.model.get().is_some()
    }

    /// What [`Embedder::embed`] does, on the caller's thread.
    pub fn embed_now(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let model = self.model.get_or_init(|| Model::load().map_err(|error| error.to_string())).as_ref();
        let model = model.map_err(|why| EmbedError::Load { model: ID.into(), cause: why.clone().into() })?;
        model.embed(texts).map_err(|cause| EmbedError::Run { model: ID.into(), cause })
    }
}

impl Model {
    fn load() -> Result<Model, BoxError> {
        let mut tokenizer = Tokenizer::from_bytes(TOKENIZER)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(Some(TruncationParams { max_length: LONGEST, ..Default::default() }))?;
        let bert = Bert::load(WEIGHTS)?;
        if bert.width() != DIMENSION {
            return Err(format!("the weights are {} wide instead of {DIMENSION}", bert.width()).into());
        }
        Ok(Model { bert, tokenizer })
    }

    fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, BoxError> {
        let mut tokens = Vec::with_capacity(texts.len());
        for text in texts {
            tokens.push(self.tokenizer.encode_fast(text.as_str(), true)?.get_ids().to_vec());
        }
        let passes = passes(&tokens);
        let mut vectors = vec![Vec::new(); texts.len()];
        // Each thread takes every second pass: neighbours are of similar length, so both have the same to do.
        let threads = THREADS.min(passes.len()).max(1);
        let share = |thread: usize| -> Result<Vec<(usize, Vec<f32>)>, BoxError> {
            let mut done = Vec::new();
            for pass in passes.iter().skip(thread).step_by(threads) {
                let batch: Vec<Vec<u32>> = pass.iter().map(|text| tokens[*text].clone()).collect();
                done.extend(pass.iter().copied().zip(self.bert.embed(&batch)?));
            }
            Ok(done)
        };
        let done: Vec<_> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|thread| scope.spawn(move || share(thread))).collect();
            let mine = share(0);
            let theirs = others.into_iter().map(|other| match other.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            std::iter::once(mine).chain(theirs).collect()
        });
        for share in done {
            for (text, vector) in share? {
                vectors[text] = vector;
            }
        }
        Ok(vectors)
    }
}

/// Texts in the order of their length, cut into passes of at most [`PASS`] word pieces with padding.
fn passes(tokens: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..tokens.len()).collect();
    order.sort_by_key(|text| (tokens[*text].len(), *text));
    let mut passes: Vec<Vec<usize>> = Vec::new();
    for text in order {
        match passes.last_mut() {
            // The newcomer is the longest, so the pass would be as wide as it is.
            Some(pass) if (pass.len() + 1) * tokens[text].len() <= PASS => pass.push(text),
            _ => passes.push(vec![text]),
        }
    }
    passes
}

#[async_trait]
impl Embedder for MiniLm {
    fn id(&self) -> &str {
        ID
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (model, texts) = (self.clone(), texts.to_vec());
        match tokio::task::spawn_blocking(move || model.embed_now(&texts)).await {
            Ok(vectors) => vectors,
            Err(gone) => Err(EmbedError::Run { model: ID.into(), cause: gone.into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_hold_texts_of_similar_length() {
        let tokens: Vec<Vec<u32>> = [256, 3, 256, 2, 1000].iter().map(|n| vec![0; *n]).collect();
        assert_eq!(passes(&tokens), [vec![3, 1, 0, 2], vec![4]]);
        assert_eq!(passes(&vec![vec![0; 256]; 9]).iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
        assert!(passes(&[]).is_empty());
    }
}

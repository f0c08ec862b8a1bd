//! Words and what they mean in the field: a sentence becomes terms that two people would share.
//!
//! A person types "k-means", "cluster" or "which rows belong together"; a tool's description says "groups". Words are
//! stemmed lightly, and phrases of the field are folded into one concept each ([`CONCEPTS`]). The table knows more of the
//! field than any one catalogue: a concept that no tool has is how an unknown wish is told from a known one.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A word of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Lower case.
    pub text: String,
    /// Without the ending.
    pub stem: String,
}

/// What a sentence is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// A concept of the field.
    Concept(&'static str),
    /// The stem of any other word.
    Plain(String),
}

/// Concepts of the field with the phrases that mean them.
const CONCEPTS: &[(&str, &[&str])] = &[
    ("dot product", &["dot product", "inner product", "scalar product", "dot", "multiply vectors"]),
    ("cosine", &["cosine", "cos", "cosine similarity", "angle", "angle between", "direction", "similar in direction"]),
    ("euclidean", &["euclidean", "euclidian", "l2", "straight line distance", "crow flies"]),
    ("distance", &["distance", "far apart", "how far", "far away", "apart", "distant"]),
    ("manhattan", &["manhattan", "city block", "taxicab", "l1 distance", "chebyshev", "minkowski"]),
    (
        "regression",
        &[
            "regression",
            "linear regression",
            "straight line",
            "best fit",
            "line of best fit",
            "trend line",
            "trendline",
            "linear fit",
            "fit line",
            "least squares",
            "ols",
            "linear model",
            "slope",
            "slope intercept",
            "fit plane",
            "regress",
            "best line",
        ],
    ),
    ("mean", &["mean", "average", "avg", "arithmetic mean"]),
    (
        "variance",
        &[
            "variance",
            "standard deviation",
            "std",
            "stdev",
            "spread",
            "spread out",
            "dispersion",
            "scatter of",
            "sd",
            "std dev",
        ],
    ),
    (
        "summary",
        &[
            "describe",
            "summary statistics",
            "descriptive statistics",
            "five number summary",
            "median",
            "quartile",
            "quantile",
            "percentile",
            "skewness",
            "skew",
            "kurtosis",
            "iqr",
            "interquartile",
            "interquartile range",
            "minimum maximum",
            "stats",
            "summary stats",
            "statistics",
            "summarise numbers",
            "summarize numbers",
            "mad",
        ],
    ),
    (
        "bayes",
        &[
            "bayes",
            "bayesian",
            "posterior",
            "test positive",
            "tests positive",
            "tested positive",
            "positive test",
            "positive result",
            "sensitivity",
            "sensitive",
            "specificity",
            "specific",
            "false positive",
            "false positive rate",
            "false alarm",
            "false alarm rate",
            "prevalence",
            "base rate",
            "prior",
            "hit rate",
            "update belief",
            "true positive rate",
        ],
    ),
    ("chance", &["chance", "probability", "probable", "likely", "odds", "likelihood"]),
    ("gaussian", &["gaussian", "normal distribution", "normally distributed", "normal", "bell curve"]),
    (
        "draw",
        &[
            "sample from",
            "draw sample",
            "simulate",
            "random number",
            "random",
            "generate",
            "sample",
            "random sample",
            "draw",
            "noise",
        ],
    ),
    ("density", &["density", "pdf", "cdf", "cumulative", "probability density", "quantile function"]),
    ("k-means", &["k means", "kmeans", "k mean", "lloyd"]),
    ("cluster", &["cluster", "clustering", "group", "segment", "belong together", "partition"]),
    ("dbscan", &["dbscan", "density based", "eps", "min samples"]),
    ("hierarchical", &["hierarchical", "agglomerative", "dendrogram", "linkage"]),
    (
        "compare clusterings",
        &[
            "compare clusterings",
            "two clusterings",
            "clusterings agree",
            "cluster agreement",
            "adjusted rand",
            "rand index",
            "silhouette",
            "comparing two clusterings",
            "compare two clusterings",
            "davies bouldin",
        ],
    ),
    (
        "pca",
        &[
            "pca",
            "principal component",
            "principal component analysis",
            "dimensionality reduction",
            "reduce dimensions",
            "fewer dimensions",
            "main axes",
            "reduce dimensionality",
            "principal axes",
            "explained variance",
        ],
    ),
    ("eigen", &["eigenvector", "eigenvalue", "eigen", "spectral"]),
    ("t-sne", &["t sne", "tsne", "umap", "manifold", "trustworthiness"]),
    (
        "chunk",
        &[
            "chunk",
            "chunking",
            "split text",
            "into pieces",
            "pieces of",
            "split document",
            "break text",
            "cut text",
            "piece",
            "overlap",
        ],
    ),
    (
        "picture",
        &[
            "plot",
            "draw picture",
            "picture",
            "chart",
            "diagram",
            "figure",
            "visualise",
            "visualize",
            "visualisation",
            "graph",
            "curve",
            "show graphically",
            "draw chart",
            "draw plot",
            "scatter plot",
        ],
    ),
    ("missing", &["missing", "impute", "imputation", "fill in", "fill", "null", "gap", "nan"]),
    ("standardise", &["standardise", "standardize", "z score", "zscore", "unit variance", "robust scale"]),
    ("scale", &["scale", "rescale", "min max", "minmax", "normalise", "normalize", "range 0 to 1"]),
    ("one-hot", &["one hot", "dummy variable", "encode categories"]),
    (
        "split",
        &[
            "train",
            "validation",
            "holdout",
            "train test split",
            "fold",
            "k fold",
            "cross validation",
            "stratify",
            "training set",
        ],
    ),
    ("softmax", &["softmax"]),
    ("activation", &["activation", "relu", "sigmoid", "tanh", "gelu"]),
    ("tokenise", &["tokenizer", "tokeniser", "tokenize", "tokenise", "bpe", "merge", "byte pair"]),
    (
        "drift",
        &["drift", "psi", "population stability", "ks test", "kolmogorov", "js divergence", "distribution shift"],
    ),
    (
        "divergence",
        &["divergence", "kl divergence", "kullback", "wasserstein", "earth mover", "entropy", "mutual information"],
    ),
    (
        "optimiser",
        &[
            "sgd",
            "adam",
            "optimizer",
            "optimiser",
            "momentum",
            "rmsprop",
            "gradient descent",
            "gradient",
            "minimise",
            "minimize",
        ],
    ),
    ("schedule", &["learning rate", "lr schedule", "warmup", "warm up", "cosine annealing", "schedule"]),
    ("positional", &["positional encoding", "positional", "sinusoidal"]),
    ("attention", &["attention", "self attention", "multi head"]),
    ("transformer", &["transformer", "language model"]),
    ("network", &["perceptron", "neural network", "mlp", "backprop", "backpropagation", "multilayer", "hidden layer"]),
    ("vanishing", &["vanishing gradient", "exploding gradient"]),
    ("tree", &["decision tree", "tree"]),
    ("forest", &["random forest", "forest"]),
    ("boosting", &["gradient boosting", "boosting", "xgboost", "lightgbm"]),
    ("logistic", &["logistic regression", "logistic", "logit"]),
    ("naive bayes", &["naive bayes", "gaussian naive bayes"]),
    ("boundary plot", &["decision boundary"]),
    (
        "penalty",
        &[
            "ridge",
            "lasso",
            "elastic net",
            "l1 penalty",
            "l2 penalty",
            "regularisation",
            "regularization",
            "ridge regression",
            "lasso regression",
        ],
    ),
    (
        "metrics",
        &[
            "roc",
            "auc",
            "confusion matrix",
            "f1",
            "accuracy",
            "precision",
            "recall score",
            "rmse",
            "mae",
            "classification report",
        ],
    ),
    ("loss", &["loss", "cross entropy", "hinge", "log loss", "huber"]),
    (
        "learning curve",
        &[
            "learning curve",
            "validation curve",
            "overfit",
            "overfitting",
            "underfit",
            "bias variance",
            "bias against variance",
        ],
    ),
    ("leakage", &["leakage", "leak"]),
    ("histogram", &["histogram", "bin"]),
    ("covariance", &["covariance", "correlation", "correlate", "pearson", "spearman"]),
    ("norm", &["norm", "magnitude", "length of vector"]),
    ("tf-idf", &["tf idf", "tfidf", "term frequency", "lsa", "latent semantic"]),
    ("bm25", &["bm25", "okapi"]),
    ("ann", &["hnsw", "ivf", "approximate nearest", "nearest neighbour", "nearest neighbor", "knn", "k nn"]),
    ("ndcg", &["ndcg", "mrr", "recall at", "retrieval metrics"]),
    ("fusion", &["rank fusion", "reciprocal rank", "rrf"]),
    ("string distance", &["levenshtein", "edit distance", "jaro", "hamming", "jaccard", "string similarity"]),
    ("fairness", &["fairness", "demographic parity", "disparate impact", "equalised odds", "equalized odds"]),
    ("faithful", &["faithfulness", "faithful", "groundedness", "grounded", "hallucination"]),
    ("outlier", &["outlier", "anomaly"]),
    ("sum", &["sum of", "total of", "add", "subtract", "divide", "square root", "cube root", "factorial", "prime"]),
    ("inverse", &["inverse", "determinant", "transpose", "matrix product"]),
    ("hypothesis test", &["t test", "anova", "chi square", "chi squared", "mann whitney"]),
    ("curse", &["curse of dimensionality", "curse dimensionality"]),
];

/// Words that carry nothing here.
const STOP: &[&str] = &[
    "a",
    "an",
    "the",
    "of",
    "to",
    "in",
    "on",
    "at",
    "by",
    "for",
    "with",
    "and",
    "or",
    "is",
    "are",
    "was",
    "be",
    "it",
    "its",
    "this",
    "that",
    "these",
    "those",
    "them",
    "they",
    "i",
    "me",
    "my",
    "you",
    "your",
    "we",
    "us",
    "our",
    "do",
    "does",
    "did",
    "can",
    "could",
    "would",
    "will",
    "should",
    "please",
    "what",
    "which",
    "who",
    "how",
    "when",
    "where",
    "why",
    "if",
    "as",
    "from",
    "into",
    "so",
    "than",
    "then",
    "there",
    "here",
    "not",
    "no",
    "have",
    "has",
    "had",
    "get",
    "got",
    "give",
    "want",
    "need",
    "let",
    "some",
    "any",
    "all",
    "each",
    "s",
    "t",
    "m",
    "re",
    "ll",
    "tell",
    "show",
    "find",
    "make",
    "use",
    "using",
    "run",
    "compute",
    "calculate",
    "work",
    "out",
    "kindly",
    "like",
    "just",
    "now",
    "also",
    "about",
    "up",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "data",
    "following",
    "given",
    "much",
    "many",
    "more",
    "most",
    "very",
    "number",
    "value",
    "list",
    "say",
    "see",
    "quickly",
    "hey",
    "hi",
    "perform",
    "apply",
    "do",
    "e",
    "g",
    "between",
    "thank",
    "set",
    "equal",
    "want",
    "but",
    "only",
    "over",
    "help",
    "evaluate",
    "determine",
    "result",
    "seed",
    "vector",
    "point",
    "row",
    "column",
    "col",
    "table",
    "matrix",
    "x",
    "y",
    "k",
    "n",
    "b",
    "c",
    "d",
    "through",
    "good",
    "great",
    "d",
    "ok",
    "well",
    "per",
    "nice",
    "thing",
    "it",
    "around",
    "other",
    "another",
    "against",
    "compare",
    "when",
    "first",
    "second",
    "last",
    "know",
    "mind",
    "both",
    "same",
];

static STOP_STEMS: LazyLock<std::collections::HashSet<String>> =
    LazyLock::new(|| STOP.iter().map(|word| stem(word)).collect());

/// Phrases by their first stem, longest first.
type Phrases = HashMap<String, Vec<(Vec<String>, &'static str)>>;

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut by_first: Phrases = HashMap::new();
    for (concept, phrases) in CONCEPTS {
        for phrase in *phrases {
            let stems = content(phrase);
            if let Some(first) = stems.first() {
                by_first.entry(first.clone()).or_default().push((stems, concept));
            }
        }
    }
    for phrases in by_first.values_mut() {
        phrases.sort_by_key(|(stems, _)| std::cmp::Reverse(stems.len()));
    }
    by_first
});

/// The words of a text, in order; numbers are words too.
pub fn words(text: &str) -> Vec<Word> {
    let lower = text.to_lowercase().replace(['’', '\''], "");
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| Word { text: word.to_owned(), stem: stem(word) })
        .collect()
}

/// A word without its usual endings. Both sides of every comparison go through here, so it need not be pretty.
pub fn stem(word: &str) -> String {
    let length = word.chars().count();
    if length <= 3 || !word.is_ascii() {
        return word.to_owned();
    }
    let mut stem = word.replace("isation", "ize").replace("ization", "ize").replace("ise", "ize").replace("our", "or");
    for (ending, instead) in
        [("ies", "y"), ("sses", "ss"), ("ces", "ce"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")]
    {
        if let Some(rest) = stem.strip_suffix(ending)
            && rest.len() >= 3
            && !(ending == "s" && (rest.ends_with('s') || rest.ends_with('u') || rest.ends_with('i')))
        {
            stem = format!("{rest}{instead}");
            break;
        }
    }
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && !matches!(b, b's' | b'l' | b'e' | b'o')
        && bytes.len() > 3
    {
        stem.pop();
    }
    if stem.len() > 4 && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

fn content(text: &str) -> Vec<String> {
    words(text)
        .into_iter()
        .map(|word| word.stem)
        // A single letter or a number says something only inside a phrase ("k means", "l2").
        .filter(|stem| matches!(stem.as_str(), "k" | "t" | "no") || !is_stop(stem))
        .collect()
}

/// Whether the stem says nothing about a wish.
pub fn is_stop(stem: &str) -> bool {
    STOP_STEMS.contains(stem)
}

/// What a text is about, each term once, in order.
pub fn terms(text: &str) -> Vec<Term> {
    let stems = content(text);
    let mut terms = Vec::new();
    let mut at = 0;
    while at < stems.len() {
        let phrase = PHRASES
            .get(&stems[at])
            .and_then(|phrases| phrases.iter().find(|(phrase, _)| stems[at..].starts_with(phrase)));
        let term = match phrase {
            Some((phrase, concept)) => {
                at += phrase.len();
                Some(Term::Concept(concept))
            }
            None => {
                let stem = &stems[at];
                at += 1;
                let meaningful = stem.chars().count() > 1 && !stem.starts_with(|c: char| c.is_ascii_digit());
                (meaningful && !is_stop(stem)).then(|| Term::Plain(stem.clone()))
            }
        };
        if let Some(term) = term
            && !terms.contains(&term)
        {
            terms.push(term);
        }
    }
    terms
}

/// The single words of the field, for putting typing errors right.
static FIELD_WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<String> = CONCEPTS
        .iter()
        .flat_map(|(_, phrases)| phrases.iter())
        .flat_map(|phrase| phrase.split(' '))
        .filter(|word| word.len() >= 5)
        .map(str::to_owned)
        .collect();
    words.sort();
    words.dedup();
    words
});

/// The text with slips in words of the field put right ("cosin simlarity", "varience"). `known` are words that are right.
pub fn spelled(text: &str, known: &dyn Fn(&str) -> bool) -> String {
    let mut fixed = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| !c.is_alphabetic()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphabetic());
        let lower = word.to_lowercase();
        let slip = lower.len() >= 5 && lower.is_ascii() && !known(&stem(&lower)) && !ENGLISH.contains(&lower.as_str());
        match slip.then(|| nearest_field_word(&lower)).flatten() {
            Some(right) => {
                fixed.push_str(right);
                fixed.push_str(&piece[word.len()..]);
            }
            None => fixed.push_str(piece),
        }
    }
    fixed
}

/// Ordinary words one letter away from a word of the field.
const ENGLISH: &[&str] = &[
    "means", "meant", "meaning", "angel", "trust", "straight", "strait", "group", "grout", "spread", "bread", "noise",
    "house", "random", "train", "trail", "brain", "plots", "chart", "charm", "point", "paint", "forget", "forest",
    "leaks", "likely", "lively", "model", "modes", "change", "tests", "rates", "three", "there", "these", "merge",
    "large", "scale", "scare", "stale", "where", "total", "gains", "priors", "prime", "price", "pieces", "places",
    "curve", "carve", "print", "white", "while", "lines", "links", "likes",
];

fn nearest_field_word(word: &str) -> Option<&'static str> {
    let words: &'static [String] = &FIELD_WORDS;
    if words.iter().any(|right| stem(right) == stem(word)) {
        return None;
    }
    let allowed = if word.len() >= 8 { 2 } else { 1 };
    words
        .iter()
        .filter(|right| right.len().abs_diff(word.len()) <= allowed && right.as_bytes()[0] == word.as_bytes()[0])
        .map(|right| (edits(word.as_bytes(), right.as_bytes()), right))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, right)| right.as_str())
}

/// Damerau-Levenshtein distance (optimal string alignment).
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Term]) {
        assert_eq!(terms(text), expected, "{text}");
    }

    #[test]
    fn phrases_of_the_field_become_one_concept() {
        use Term::{Concept, Plain};
        check("K-Means", &[Concept("k-means")]);
        check("kmeans, please!", &[Concept("k-means")]);
        check("clustering the customers", &[Concept("cluster"), Plain("customer".into())]);
        check("straight-line distance", &[Concept("euclidean")]);
        check("fit a straight line", &[Plain("fit".into()), Concept("regression")]);
        check("standard deviations", &[Concept("variance")]);
        check("", &[]);
    }

    #[test]
    fn slips_are_put_right_and_other_words_left_alone() {
        let nothing_known = |_: &str| false;
        assert_eq!(spelled("cosine simlarity of [1]", &nothing_known), "cosine similarity of [1]");
        assert_eq!(spelled("the varience, and the medain", &nothing_known), "the variance, and the median");
        assert_eq!(spelled("the price of a house in Köln", &nothing_known), "the price of a house in Köln");
    }

    #[test]
    fn endings_do_not_matter() {
        for (one, other) in
            [("clusters", "clustering"), ("standardise", "standardized"), ("distances", "distance"), ("fitted", "fit")]
        {
            assert_eq!(stem(one), stem(other), "{one} {other}");
        }
    }
}

//! The words of the field: concepts with the phrases that mean them, other names of arguments, and words that say nothing.
//!
//! To teach the model a new word, add it to the row of what it means.

/// Concepts of the field with the phrases that mean them.
pub const CONCEPTS: &[(&str, &[&str])] = &[
    ("dot product", &["dot product", "inner product", "scalar product", "dot", "multiply vectors"]),
    ("cosine", &[
        "same way", "point the same way", "same direction", "opposite way", "cosine", "cos", "cosine similarity",
        "angle", "angle between", "direction", "similar in direction", "alike", "how alike",
    ]),
    ("euclidean", &["straight path", "euclidean", "euclidian", "l2", "straight line distance", "crow flies"]),
    ("distance", &["how long is path", "path length", "length of path", "how far", "distance", "far apart", "how far", "far away", "apart", "distant", "flies straight", "flies from", "fly from"]),
    ("manhattan", &["manhattan", "city block", "taxicab", "l1 distance", "chebyshev", "minkowski"]),
    ("regression", &[
        "regression", "linear regression", "best fit", "line of best fit", "trend line", "trendline",
        "linear fit", "fit line", "least squares", "ols", "linear model", "slope", "slope intercept", "fit plane",
        "regress", "best line", "linear trend",
    ]),
    ("straight line", &["straight line"]),
    ("mean", &["mean", "average", "avg", "arithmetic mean"]),
    ("variance", &[
        "variance", "standard deviation", "std", "stdev", "spread", "spread out", "dispersion", "scatter of", "sd",
        "std dev", "vary", "varies", "fluctuate",
    ]),
    ("summary", &[
        "summarise figures", "summarize figures", "min", "max", "minimum", "maximum", "smallest largest", "summarise", "summarize", "describe", "summary statistics", "descriptive statistics", "five number summary", "median", "quartile",
        "quantile", "percentile", "skewness", "skew", "kurtosis", "iqr", "interquartile", "interquartile range",
        "minimum maximum", "stats", "summary stats", "statistics", "summarise numbers", "summarize numbers", "mad",
    ]),
    ("bayes", &[
        "cries wolf", "cry wolf", "alarm goes off", "alarm went off", "alarm rings", "alarm is ringing", "goes off in", "how worried", "flagged ones", "detector flags", "filter flags", "test flags", "false alarms", "beeped", "bayes", "bayesian", "posterior", "test positive",
        "tests positive", "tested positive", "positive test", "positive result", "sensitivity", "sensitive",
        "specificity", "specific", "false positive", "false positive rate", "false alarm", "false alarm rate",
        "prevalence", "base rate", "prior", "hit rate", "update belief", "true positive rate",
    ]),
    ("chance", &["chance", "probability", "probable", "likely", "odds", "likelihood"]),
    ("gaussian", &["gaussian", "normal distribution", "normally distributed", "normal", "bell curve"]),
    ("draw", &[
        "sample from", "draw sample", "simulate", "random number", "random", "generate", "sample", "random sample",
        "draw", "noise",
    ]),
    ("density", &["density", "pdf", "cdf", "cumulative", "probability density", "quantile function"]),
    ("k-means", &["k means", "kmeans", "k mean", "lloyd"]),
    ("cluster", &["cluster", "clustering", "group", "segment", "belong together", "partition"]),
    ("dbscan", &["dbscan", "density based", "eps", "min samples"]),
    ("hierarchical", &["hierarchical", "agglomerative", "dendrogram", "linkage"]),
    ("compare clusterings", &[
        "compare clusterings", "two clusterings", "clusterings agree", "cluster agreement", "adjusted rand",
        "rand index", "silhouette", "comparing two clusterings", "compare two clusterings", "davies bouldin",
    ]),
    ("pca", &[
        "dimension", "dims", "down to dimensions", "squash", "compress columns", "low dimensional", "pca",
        "principal component", "principal component analysis", "stretch", "stretched", "varies most", "vary most", "greatest variance", "dimensionality reduction", "reduce dimensions",
        "fewer dimensions", "main axes", "reduce dimensionality", "principal axes", "explained variance",
    ]),
    ("eigen", &["eigenvector", "eigenvalue", "eigen", "spectral"]),
    ("t-sne", &["t sne", "tsne", "umap", "manifold", "trustworthiness"]),
    ("chunk", &[
        "bits of", "into bits", "bit of", "snippets of", "passages of", "fragments", "chunk", "chunking",
        "split text", "into pieces", "pieces of", "split document", "break text", "cut text", "piece", "overlap",
    ]),
    ("picture", &[
        "plot", "draw picture", "picture", "chart", "diagram", "figure", "visualise", "visualize", "visualisation",
        "graph", "curve", "show graphically", "draw chart", "draw plot", "scatter plot",
    ]),
    ("missing", &["missing", "impute", "imputation", "fill in", "fill", "null", "gap", "nan"]),
    ("standardise", &["standardise", "standardize", "z score", "zscore", "unit variance", "robust scale"]),
    ("scale", &["scale", "rescale", "min max scale", "min max scaling", "min max scaler", "minmax", "normalise", "normalize", "range 0 to 1"]),
    ("one-hot", &["one hot", "dummy variable", "encode categories"]),
    ("split", &[
        "train", "validation", "holdout", "train test split", "fold", "k fold", "cross validation", "stratify",
        "training set",
    ]),
    ("softmax", &["softmax"]),
    ("activation", &["activation", "relu", "sigmoid", "tanh", "gelu"]),
    ("tokenise", &["tokenizer", "tokeniser", "tokenize", "tokenise", "bpe", "merge", "byte pair"]),
    ("drift", &[
        "drift", "psi", "population stability", "ks test", "kolmogorov", "js divergence", "distribution shift",
    ]),
    ("divergence", &[
        "divergence", "kl divergence", "kullback", "wasserstein", "earth mover", "entropy", "mutual information",
    ]),
    ("optimiser", &[
        "sgd", "adam", "optimizer", "optimiser", "momentum", "rmsprop", "gradient descent", "gradient", "minimise",
        "minimize",
    ]),
    ("schedule", &["learning rate", "lr schedule", "warmup", "warm up", "cosine annealing", "schedule"]),
    ("positional", &["positional encoding", "positional", "sinusoidal"]),
    ("attention", &["attention", "self attention", "multi head"]),
    ("transformer", &["transformer", "language model"]),
    ("network", &[
        "perceptron", "neural network", "mlp", "backprop", "backpropagation", "multilayer", "hidden layer",
    ]),
    ("vanishing", &["vanishing gradient", "exploding gradient"]),
    ("tree", &["decision tree", "tree"]),
    ("forest", &["random forest", "forest"]),
    ("boosting", &["gradient boosting", "boosting", "xgboost", "lightgbm"]),
    ("logistic", &["logistic regression", "logistic", "logit"]),
    ("naive bayes", &["naive bayes", "gaussian naive bayes"]),
    ("boundary plot", &["decision boundary"]),
    ("penalty", &[
        "ridge", "lasso", "elastic net", "l1 penalty", "l2 penalty", "regularisation", "regularization",
        "ridge regression", "lasso regression",
    ]),
    ("metrics", &[
        "roc", "auc", "confusion matrix", "f1", "accuracy", "precision", "recall score", "rmse", "mae",
        "classification report",
    ]),
    ("loss", &["loss", "cross entropy", "hinge", "log loss", "huber"]),
    ("learning curve", &[
        "learning curve", "validation curve", "overfit", "overfitting", "underfit", "bias variance",
        "bias against variance",
    ]),
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
    ("note", &["note", "memo", "jot", "jot down"]),
    ("curse", &["curse of dimensionality", "curse dimensionality"]),
];

/// Words that carry nothing here.
pub const STOP: &[&str] = &[
    "a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "with", "and", "or", "is", "are", "was", "be", "it",
    "its", "this", "that", "these", "those", "them", "they", "i", "me", "my", "you", "your", "we", "us", "our", "do",
    "does", "did", "can", "could", "would", "will", "should", "please", "what", "which", "who", "how", "when",
    "where", "why", "if", "as", "from", "into", "so", "than", "then", "there", "here", "not", "no", "have", "has",
    "had", "get", "got", "give", "want", "need", "let", "some", "any", "all", "each", "s", "t", "m", "re", "ll",
    "tell", "show", "find", "make", "use", "using", "run", "compute", "calculate", "work", "out", "kindly", "like",
    "just", "now", "also", "about", "up", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "data", "following", "given", "much", "many", "more", "most", "very", "number", "value", "list", "say",
    "see", "quickly", "hey", "hi", "perform", "apply", "e", "g", "between", "thank", "set", "equal", "but", "only",
    "over", "help", "evaluate", "determine", "result", "seed", "vector", "point", "row", "column", "col", "table",
    "matrix", "x", "y", "k", "n", "b", "c", "d", "through", "good", "great", "ok", "well", "per", "nice", "thing",
    "around", "other", "another", "against", "compare", "first", "second", "last", "know", "mind", "both", "same",
];

/// Ordinary words one letter away from a word of the field.
pub const ENGLISH: &[&str] = &[
    "means", "meant", "meaning", "angel", "trust", "straight", "strait", "group", "grout", "spread", "bread", "noise",
    "house", "random", "train", "trail", "brain", "plots", "chart", "charm", "point", "paint", "forget", "forest",
    "leaks", "likely", "lively", "model", "modes", "change", "tests", "rates", "three", "there", "these", "merge",
    "large", "scale", "scare", "stale", "where", "total", "gains", "priors", "prime", "price", "pieces", "places",
    "curve", "carve", "print", "white", "while", "lines", "links", "likes",
];

/// What people call arguments of such a name or such a description: a part of it, then other words for it.
pub const ALIASES: &[(&str, &[&str])] = &[
    ("std", &["standard deviation", "sigma", "sd", "stdev", "std dev", "deviation", "spread", "deviations of"]),
    ("mean", &[
        "mu", "centred at", "centered at", "centred on", "centered on", "average", "centred around",
        "centered around", "around",
    ]),
    ("seed", &["random seed", "random state", "seeded with", "rng"]),
    ("k", &["number of clusters", "neighbours", "neighbors", "folds"]),
    ("clusters", &[
        "groups", "segments", "clusters", "sets", "bunches", "families", "centres", "centers", "piles", "clumps",
        "buckets", "classes",
    ]),
    ("components", &[
        "components", "dimensions", "axes", "dims", "dimensional", "component", "factors", "directions",
    ]),
    ("draw", &[
        "samples", "draws", "numbers", "values", "points", "times", "observations", "deviates", "variates",
        "measurements", "data points",
    ]),
    ("characters", &["characters", "chars", "letters", "symbols", "character"]),
    ("size", &[
        "at most", "no longer than", "up to", "maximum length", "length", "size", "pieces of", "chunks of", "each",
        "characters", "long", "words", "tokens", "letters", "chars",
    ]),
    ("overlap", &["overlap", "overlapping", "shared", "in common", "repeating", "repeat"]),
    ("ddof", &["degrees of freedom", "ddof"]),
    ("prior", &[
        "prior", "base rate", "prevalence", "affects", "incidence", "of people", "of the population", "occurs in",
        "of all", "faulty", "parts are", "defective", "are broken", "is broken", "have it", "has it", "beforehand",
        "of patients", "happens", "occurs", "takes place", "of the time overall", "are ill", "are sick", "suffer", "have the disease", "are infected",
        "initially", "a priori", "in advance", "before", "belief", "are defective", "carry", "overall",
    ]),
    ("sensitivity", &[
        "sensitive", "sensitivity", "catches", "detects", "finds", "detection rate", "hit rate", "right for", "of sick", "of ill", "true positive rate",
        "true positives", "tpr", "power", "recall", "picks up", "spots", "recognises", "recognizes", "flags",
        "correctly positive", "goes off in", "rings in",
    ]),
    ("false positive", &[
        "false positives", "false alarms", "false alarm", "fpr", "wrongly", "healthy people", "falsely", "by mistake",
        "of healthy", "type i", "cries wolf", "false positive", "mistakenly", "wrong for", "good mail", "of the healthy",
        "of legitimate", "innocent", "honest", "genuine", "without one", "without it", "quiet", "of clean",
    ]),
    ("false alarm", &["false positives", "false alarms", "false positive rate"]),
    ("iterations", &["iterations", "rounds", "steps", "epochs", "passes", "iters"]),
    ("epochs", &["epochs", "passes", "rounds"]),
    ("n_init", &[
        "restarts", "starts", "inits", "initialisations", "initializations", "random starts", "tries", "attempts",
    ]),
    ("tolerance", &["tol", "tolerance", "within"]),
    ("learning_rate", &["lr", "step size", "learning rate", "alpha", "eta"]),
    ("confidence", &["confidence", "confidence level", "confidence interval", "sure", "confident", "ci"]),
    ("intercept", &["intercept", "constant term", "bias term", "offset"]),
    ("quantiles", &["quantile", "quantiles", "percentile", "percentiles", "decile", "quartile"]),
    ("target", &["target", "response", "outcome", "dependent variable", "ys", "y values", "outputs", "labels"]),
    ("predict from", &["features", "predictors", "inputs", "independent variable", "xs", "x values"]),
    ("test", &[
        "test set", "new points", "for new", "held out", "predict for", "predict at", "then predict", "forecast for",
        "predict y for",
    ]),
    ("weight", &["weights", "weighted by", "weight"]),
    ("names", &["names", "called", "named", "labelled", "labeled", "labels"]),
    ("depth", &["deep", "depth", "levels"]),
    ("trees", &["trees", "estimators"]),
    ("eps", &["epsilon", "radius", "eps"]),
    ("min_samples", &[
        "minimum samples", "min points", "minpts", "min samples", "minimum points", "neighbours at least",
    ]),
    ("merges", &["merges", "merge operations"]),
    ("bins", &["bins", "buckets"]),
    ("title", &["titled", "called", "named", "title", "headed"]),
];

/// Words of a description that are about arguments in general.
pub const GENERAL: &[&str] = &[
    "the", "a", "an", "of", "to", "in", "on", "at", "by", "for", "with", "and", "or", "is", "are", "be", "it", "its",
    "not", "given", "when", "how", "many", "much", "what", "which", "from", "up", "each", "that", "this", "than",
    "as", "if", "one", "all", "more", "most", "least", "first", "second", "they", "have", "has", "value", "where",
    "start", "whether", "no", "yes", "default", "before", "after", "them", "other", "so", "every", "less", "same",
    "number", "take", "taken", "use", "used", "goe", "end", "row", "rows", "per", "any", "must", "may", "can",
    "between", "about", "there", "into", "over", "only",
];

/// Words that name no column.
pub const NOT_COLUMNS: &[&str] = &[

    "components", "component", "dimensions", "axes", "labels", "segments", "rest", "average", "entries", "pairs", "items",    "rows", "analysis", "story", "copy", "chunks", "pieces", "row", "data", "table", "numbers", "values", "points",
    "records", "file", "everything", "contents", "content", "all", "it", "this", "that", "these", "those", "the", "a",
    "an", "my", "our", "them", "lines", "text", "samples", "dataset", "column", "columns", "cols", "col", "field",
    "fields", "of", "in", "from", "on", "with", "for", "by", "and", "to", "into", "at", "using", "use", "is", "are",
    "run", "compute", "calculate", "find", "show", "give", "me", "what", "whats", "please", "each", "both", "then",
    "based", "clusters", "groups", "cluster", "stored", "vectors", "k", "csv", "customers", "people", "one", "two",
    "three", "four", "five",
];

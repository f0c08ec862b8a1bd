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
    ("euclidean", &["norm of difference", "l2 norm of difference", "euclidean norm of difference",         "straight path", "euclidean", "euclidian", "l2", "straight line distance", "crow flies", "l2 distance",
    ]),
    ("distance", &[
        "how long is path", "path length", "length of path", "how far", "distance", "far apart", "far away", "apart",
        "distant", "flies straight", "flies from", "fly from",
    ]),
    ("manhattan", &["manhattan", "city block", "cityblock", "taxicab", "taxi", "l1 distance", "blocks away"]),
    ("pairwise", &[
        "pairwise", "all pairs", "every pair", "each pair",             ]),
    ("norm", &[
        "norm", "magnitude", "length of vector", "vector length", "how long is vector", "euclidean length",
        "length of arrow", "l1 norm", "l2 norm", "max norm", "infinity norm",
    ]),
    ("regression", &["best straight line",         "regression", "linear regression", "best fit", "line of best fit", "trend line", "trendline", "linear fit",
        "fit line", "fit straight line", "least squares", "ols", "linear model", "slope", "slope intercept", "fit plane", "regress",
        "best line", "linear trend",
    ]),
    ("straight line", &["straight line"]),
    ("mean", &["mean", "average", "avg", "arithmetic mean"]),
    ("variance", &[
        "variance", "standard deviation", "std", "stdev", "spread", "spread out", "dispersion", "scatter of", "sd",
        "std dev", "vary", "varies", "fluctuate",
    ]),
    ("summary", &[
        "summarise figures", "summarize figures", "min", "max", "minimum", "maximum", "smallest largest", "summarise",
        "summarize", "describe", "summary statistics", "descriptive statistics", "five number summary", "median",
        "skewness", "skew", "kurtosis", "iqr", "interquartile", "interquartile range", "minimum maximum", "stats",
        "summary stats", "statistics", "summarise numbers", "summarize numbers", "mad",
    ]),
    ("quantile", &[
        "quartile", "quantile", "percentile", "decile", "inverse cdf", "percent point", "ppf", "cuts off", "cut off",
        "critical value",
    ]),
    ("covariance", &["covariance", "covary", "covariance matrix"]),
    ("correlation", &[
        "correlation", "correlate", "correlated", "pearson", "spearman", "kendall", "rank correlation",
        "correlation matrix", "move together",
    ]),
    ("histogram", &["histogram", "bin", "frequency", "how often each", "tally"]),
    ("bayes", &[
        "cries wolf", "cry wolf", "alarm goes off", "alarm went off", "alarm rings", "alarm is ringing",
        "goes off in", "how worried", "flagged ones", "detector flags", "filter flags", "test flags", "false alarms",
        "beeped", "bayes", "bayesian", "posterior", "test positive", "tests positive", "tested positive",
        "positive test", "positive result", "sensitivity", "sensitive", "specificity", "specific", "false positive",
        "false positive rate", "false alarm", "false alarm rate", "prevalence", "base rate", "prior", "hit rate",
        "true positive rate",
    ]),
    ("hypotheses", &[
        "probable is each", "each as source",
        "hypothesis", "hypotheses", "update belief", "update prior", "belief", "likelihoods", "priors", "urn",
        "several causes",
    ]),
    ("chance", &["chance", "probability", "probable", "likely", "odds", "likelihood"]),
    ("gaussian", &[
        "gaussian", "normal distribution", "normally distributed", "normal", "bell curve", "standard normal",
        "normal variable",
    ]),
    ("draw", &[
        "sample from", "draw sample", "simulate", "random number", "random", "generate", "sample", "random sample",
        "draw", "noise",
    ]),
    ("density", &["density", "pdf", "probability density", "density function", "height of bell"]),
    ("cumulative", &[
        "cdf", "cumulative", "cumulative distribution", "cumulative probability", "below",         "exceed",     ]),
    ("k-means", &["k means", "kmeans", "k mean", "lloyd"]),
    ("cluster", &["cluster", "clustering", "group", "segment", "belong together", "partition"]),
    ("dbscan", &["dbscan", "density based", "density based clustering", "eps", "min samples", "density clustering"]),
    ("hierarchical", &["hierarchical", "agglomerative", "dendrogram", "linkage"]),
    ("cluster quality", &["cluster metrics",         "silhouette", "silhouette score", "davies bouldin", "calinski", "calinski harabasz", "quality of clustering",
        "how good clustering", "how good are clusters", "cluster validity", "well separated",
    ]),
    ("cluster agreement", &[
        "clusterings agree", "two clusterings", "cluster agreement", "adjusted rand", "adjusted rand index",
        "rand index", "ari", "nmi", "normalised mutual information", "normalized mutual information",
        "fowlkes mallows", "homogeneity", "completeness", "v measure", "agree labelling", "labelings agree",
        "labellings agree",
    ]),
    ("compare clusterings", &[
        "compare clusterings", "comparing two clusterings", "compare two clusterings",
        "compare clustering algorithms", "comparing clusterings", "clusterings compared", "clusterings side by side",
    ]),
    ("pca", &[
        "dimension", "dims", "down to dimensions", "squash", "compress columns", "low dimensional", "pca",
        "principal component", "principal component analysis", "stretch", "stretched", "varies most", "vary most",
        "greatest variance", "dimensionality reduction", "reduce dimensions", "fewer dimensions", "main axes",
        "reduce dimensionality", "principal axes", "explained variance",
    ]),
    ("eigen", &["eigenvector", "eigenvalue", "eigen", "spectral", "eigendecomposition", "diagonalise", "diagonalize"]),
    ("t-sne", &["t sne", "tsne", "perplexity", "stochastic neighbour embedding", "stochastic neighbor embedding"]),
    ("umap", &["umap", "uniform manifold"]),
    ("manifold", &["manifold"]),
    ("trustworthiness", &[
        "trustworthiness", "trustworthy", "neighbourhoods preserved", "neighborhoods preserved",
        "neighbours preserved", "neighbors preserved",
    ]),
    ("compare", &["compare", "comparison", "side by side", "race", "against each other", "head to head"]),
    ("curse", &[
        "curse of dimensionality", "curse dimensionality", "distances concentrate", "concentration of distances",
    ]),
    ("chunk", &[
        "bits of", "into bits", "bit of", "snippets of", "passages of", "fragments", "chunk", "chunking",
        "split text", "into pieces", "pieces of", "split document", "break text", "cut text", "piece", "overlap",
    ]),
    ("picture", &[
        "plot", "draw picture", "picture", "chart", "diagram", "figure", "visualise", "visualize", "visualisation",
        "graph", "show graphically", "draw chart", "draw plot", "scatter plot", "curves",
    ]),
    ("missing", &["missing", "impute", "imputation", "fill in", "fill", "null", "gap", "nan", "holes"]),
    ("neighbours", &[
        "neighbour", "neighbor", "nearest neighbour", "nearest neighbor", "k nearest", "knn", "k nn", "closest",
        "nearest",
    ]),
    ("standardise", &[
        "standardise", "standardize", "z score", "zscore", "zero mean", "unit variance", "standard scaler",
        "standardisation", "standardization",
    ]),
    ("scale", &["scale", "rescale", "scaling", "scaler"]),
    ("min-max", &[
        "min max scale", "min max scaling", "min max scaler", "minmax", "min max", "range 0 to 1", "between 0 and 1",
        "0 1 range", "0 to 1", "into range",
    ]),
    ("robust", &[
        "robust", "robust scale", "robust scaling", "outlier resistant", "outliers do no harm",
        "insensitive to outliers",
    ]),
    ("normalise", &[
        "normalise", "normalize", "unit length", "unit norm", "unit vector", "length 1", "length one",
        "normalisation", "normalization",
    ]),
    ("one-hot", &[
        "one hot", "dummy variable", "dummies", "encode categories", "categorical", "category", "encode category",
        "indicator columns",
    ]),
    ("split", &[
        "validation", "holdout", "hold out", "train test split", "training test", "train validation test",
        "validation set", "test set", "stratify", "stratified", "training validation", "training set", "train test",
    ]),
    ("fold", &["fold", "k fold", "cross validation", "cross validate", "cross validation split"]),
    ("leakage", &["occur in training set", "appear in training set", "also in training set", "rows in both sets", "leakage", "leak", "data leakage", "leaky"]),
    ("softmax", &["softmax", "soft max", "probabilities from logits", "logits"]),
    ("activation", &[
        "activation", "activation function", "relu", "sigmoid", "tanh", "gelu", "leaky relu", "elu", "swish", "silu",
        "softplus", "selu", "mish", "hard sigmoid",
    ]),
    ("tokenise", &[
        "tokenizer", "tokeniser", "tokenize", "tokenise", "bpe", "merge", "byte pair", "byte pair encoding",
        "subword",
    ]),
    ("encode", &["encode", "into tokens", "to tokens", "token ids of"]),
    ("decode", &["decode", "back into text", "back to text", "detokenize", "detokenise"]),
    ("drift", &[
        "drift", "data drift", "distribution shift", "covariate shift", "shifted",         "distribution changed", "changed over time",
    ]),
    ("psi", &["psi", "population stability", "population stability index"]),
    ("ks", &["ks test", "kolmogorov", "kolmogorov smirnov", "k s test", "smirnov"]),
    ("chi-square", &["chi square", "chi squared", "chi2"]),
    ("jensen-shannon", &["jensen shannon", "js divergence", "js distance"]),
    ("distribution distance", &["distribution distance",         "divergence", "kl divergence", "kl", "kullback", "kullback leibler", "wasserstein", "earth mover",
        "hellinger", "bhattacharyya", "total variation", "relative entropy", "distance between distributions",
        "entropy",
    ]),
    ("gradient descent", &["gradient descent", "steepest descent"]),
    ("optimiser", &[
        "sgd", "adam", "adamw", "optimizer", "optimiser", "momentum", "rmsprop", "adagrad", "nesterov", "adadelta",
    ]),
    ("minimise", &["minimise", "minimize", "minimum of function", "lowest point", "find minimum"]),
    ("gradient", &["gradient"]),
    ("schedule", &[
        "lr schedule", "warmup", "warm up", "cosine annealing", "schedule", "learning rate schedule", "step decay",
        "decay schedule", "annealing", "cyclical", "one cycle",
    ]),
    ("positional", &[
        "positional encoding", "positional", "sinusoidal", "position encoding", "positional embedding", "rope",
        "rotary",
    ]),
    ("multi-head", &["multi head", "multihead", "several heads", "multi head attention", "heads"]),
    ("attention", &[
        "attention", "self attention", "scaled dot product attention", "attention weights", "query key value",
        "causal mask",
    ]),
    ("transformer", &[
        "transformer", "language model", "gpt", "mini transformer", "char level", "character level",
        "tiny transformer",
    ]),
    ("perceptron", &["perceptron", "rosenblatt"]),
    ("network", &[
        "neural network", "neural net", "mlp", "multilayer", "multi layer", "hidden layer", "multilayer perceptron",
        "multi layer perceptron", "feed forward", "feedforward", "deep network", "hidden units", "hidden unit",
    ]),
    ("forward pass", &["forward pass", "forward"]),
    ("backpropagation", &[
        "backprop", "backpropagation", "backpropagate", "backward pass", "gradients of weights", "weight gradients",
    ]),
    ("vanishing", &[
        "vanishing gradient", "gradient dies", "exploding gradient", "vanish", "gradients vanish", "gradients die", "vanishing",
    ]),
    ("tree", &["decision tree", "tree", "regression tree", "classification tree", "cart"]),
    ("forest", &["random forest", "forest", "bagged trees", "bagging", "oob", "out of bag"]),
    ("boosting", &[
        "gradient boosting", "boosting", "xgboost", "lightgbm", "boost", "boosted trees", "gbm", "gbdt",
        "gradient boosted trees",
    ]),
    ("logistic", &["logistic regression", "logistic", "logit"]),
    ("naive bayes", &["naive bayes", "gaussian naive bayes", "gnb"]),
    ("boundary plot", &["colour plane", "color plane", "decision boundary", "decision region", "boundary of classifier", "class boundary"]),
    ("ridge", &["ridge", "ridge regression", "l2 penalty", "l2 regularisation", "l2 regularization", "tikhonov"]),
    ("lasso", &[
        "lasso", "lasso regression", "l1 penalty", "l1 regularisation", "l1 regularization", "sparse regression",
    ]),
    ("elastic net", &["elastic net", "elasticnet", "l1 and l2 penalty", "mix of l1 and l2"]),
    ("penalty", &[
        "regularisation", "regularization", "regularised", "regularized", "penalty", "penalised", "penalized",
        "shrinkage",
    ]),
    ("coefficient path", &[
        "lasso path", "coefficients go to zero", "penalty grows", "coefficient path", "regularisation path", "regularization path", "coefficients shrink",
        "paths of coefficients",
    ]),
    ("classification metrics", &["classification metrics",         "confusion matrix", "f1", "f1 score", "accuracy", "precision", "recall score", "recall",
        "classification report", "cohen kappa", "kappa", "mcc", "matthews", "balanced accuracy",
        "precision recall f1",
    ]),
    ("regression metrics", &["regression metrics",         "rmse", "mae", "mse", "mape", "mean squared error", "mean absolute error", "root mean squared",
        "root mean square", "r squared", "r2 score", "r2", "max error", "explained variance score", "forecast error",
        "mean absolute percentage error", "absolute percentage error", "percentage error",
    ]),
    ("roc", &["roc", "roc curve", "receiver operating", "receiver operating characteristic", "tpr fpr"]),
    ("auc", &["ranking metrics", "auc", "roc auc", "area under curve", "average precision", "brier", "brier score"]),
    ("loss", &["loss", "loss function", "cross entropy", "hinge", "log loss", "huber", "squared loss"]),
    ("bias-variance", &[
        "bias variance", "bias against variance", "bias and variance", "bias variance tradeoff",
        "bias variance decomposition", "tradeoff", "trade off", "decompose error",
    ]),
    ("polynomial", &["polynomial", ]),
    ("learning curve", &[
        "learning curve", "more training data help", "more data help", "amount of training data",
        "score against training set size", "training set size",
    ]),
    ("validation curve", &[
        "validation curve", "score change", "alpha goes through", "hyperparameter", "hyper parameter", "overfit", "overfitting", "underfit", "underfitting",
    ]),
    ("tf-idf", &["term weights", "tf idf", "tfidf", "term frequency", "inverse document frequency"]),
    ("lsa", &["lsa", "latent semantic", "latent semantic analysis", "lsi", "latent semantic indexing", "topics"]),
    ("embedding", &[
        "vectors from texts", "dimensional vectors",
        "embedding", "embed", "word vector", "text embedding", "sentence embedding", "document vector",
        "embedding space",
    ]),
    ("bm25", &["keyword relevance", "bm25", "okapi"]),
    ("hnsw", &[
        "hnsw", "navigable small world", "approximate nearest", "approximate nearest neighbour",
        "approximate nearest neighbor", "ann",
    ]),
    ("ivf", &["ivf", "inverted file", "inverted lists", "coarse quantiser", "coarse quantizer"]),
    ("exact search", &["brute force", "exact search", "exact nearest", "exactly"]),
    ("search", &[
        "search for", "search in", "retrieve", "rank documents", "rank passages", "find documents", "best documents",
        "search these",
    ]),
    ("ndcg", &["ndcg", "discounted cumulative gain", "dcg", "normalised discounted", "normalized discounted"]),
    ("retrieval metrics", &[
        "mrr", "recall at", "precision at", "retrieval metrics", "qrels", "mean reciprocal rank", "map score",
        "mean average precision", "evaluate retrieval", "retrieval quality",
    ]),
    ("fusion", &[
        "rank fusion", "reciprocal rank", "rrf", "fuse", "fuse rankings", "merge rankings", "combine rankings",
        "reciprocal rank fusion", "borda",
    ]),
    ("string distance", &[
        "levenshtein", "edits", "many edits", "edit distance", "jaro", "jaro winkler", "damerau", "string similarity", "similar strings",
        "common subsequence", "typo", "spelling distance", "words differ",
    ]),
    ("vector metric", &[
        "hamming", "jaccard", "dice", "tanimoto", "chebyshev", "minkowski", "canberra", "bray curtis", "braycurtis",
        "overlap coefficient", "mahalanobis", "king moves",
    ]),
    ("similarity", &["similarity", "similar", "how similar", "similarities"]),
    ("metadata", &[
        "metadata", "keyword", "keywords", "enrich", "enrich metadata", "reading time", "which language",
        "language is this", "section path",
    ]),
    ("fairness", &["fairness metrics",         "fairness", "fair", "demographic parity", "equalised odds", "equalized odds", "equal opportunity",
        "biased against", "discriminate", "discrimination", "unfair",
    ]),
    ("disparate impact", &[
        "disparate impact", "four fifths", "four fifths rule", "80 percent rule", "selection rate", "adverse impact",
        "statistical parity",
    ]),
    ("faithful", &[
        "faithfulness", "faithful", "supported by", "hallucination", "hallucinate", "hallucinated", "backed by",
    ]),
    ("grounded", &["groundedness", "grounded", "grounding", "ungrounded", "unsupported"]),
    ("outlier", &["outlier", "anomaly"]),
    ("sum", &["sum of", "total of", "add", "subtract", "divide", "square root", "cube root", "factorial", "prime"]),
    ("inverse", &["inverse", "determinant", "transpose", "matrix product"]),
    ("hypothesis test", &["t test", "anova", "mann whitney"]),
    ("note", &["note", "memo", "jot", "jot down"]),
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
    "x", "y", "k", "n", "b", "c", "d", "through", "good", "great", "ok", "well", "per", "nice", "thing",
    "around", "other", "another", "against", "first", "second", "last", "know", "mind", "both", "same",
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
    ("std", &["standard deviation", "sigma", "σ", "sd", "stdev", "std dev", "deviation", "spread", "deviations of"]),
    ("mean", &[
        "mu", "μ", "µ", "centred at", "centered at", "centred on", "centered on", "average", "centred around",
        "centered around", "around",
    ]),
    ("seed", &["random seed", "random state", "seeded with", "rng"]),
    ("k", &["most similar", "similar rows", "number of clusters", "neighbours", "neighbors", "folds"]),
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
        "of legitimate", "innocent", "honest", "genuine", "without", "quiet", "of clean", "for no reason",
    ]),
    ("false alarm", &["false positives", "false alarms", "false positive rate"]),
    ("iterations", &["iterations", "rounds", "steps", "epochs", "iters"]),
    ("epochs", &["epochs", "passes", "rounds"]),
    ("n_init", &[
        "restarts", "starts", "inits", "initialisations", "initializations", "random starts", "tries", "attempts",
    ]),
    ("tolerance", &["tol", "tolerance", "within"]),
    ("learning_rate", &["lr", "step size", "learning rate", "alpha", "eta", "η", "α"]),
    ("confidence", &["confidence", "confidence level", "confidence interval", "sure", "confident", "ci"]),
    ("intercept", &["intercept", "constant term", "bias term", "offset"]),
    ("quantiles", &["quantile", "quantiles", "percentile", "percentiles", "decile", "quartile"]),
    ("target", &["target", "response", "outcome", "dependent variable", "ys", "y values", "outputs", "labels"]),
    ("predict from", &["features", "predictors", "inputs", "independent variable", "xs", "x values"]),
    ("test", &[
        "test set", "classify", "class of", "predict", "new points", "for new", "held out", "predict for", "predict at", "then predict", "forecast for",
        "predict y for",
    ]),
    ("weight", &["weights", "weighted by", "weight"]),
    ("names", &["names", "called", "named", "labelled", "labeled", "labels"]),
    ("y_pred", &["prediction", "predictions", "predicted", "forecast", "forecasts", "predicts", "said"]),
    ("y_true", &["truth", "true values", "true", "actual", "actuals", "targets", "observed", "labels", "correct", "reality"]),
    ("labels_true", &["truth", "true"]),
    ("k", &["top", "best", "closest"]),
    ("depth", &["layers", "deep", "depth", "levels"]),
    ("trees", &["trees", "estimators"]),
    ("alpha", &["α", "λ", "lambda"]),
    ("eps", &["epsilon", "ε", "radius", "eps"]),
    ("min_samples", &[
        "minimum samples", "min points", "minpts", "min samples", "minimum points", "neighbours at least",
    ]),
    ("width", &["neurons", "units", "wide"]),
    ("shift", &[
        "moves by", "jumps by", "rises by", "shifts by", "up by", "down by", "drops by", "grows by", "falls by",
        "standard deviations", "drifts by",
    ]),
    ("n_train", &["points per training set", "points per sample"]),
    ("length", &["positions", "sequence of", "tokens", "long"]),
    ("n_features", &["columns", "variables", "dimensions"]),
    ("n_samples", &["rows", "examples", "observations"]),
    ("k_features", &["picking", "picks", "picked", "chosen", "selected", "selecting", "keeping", "keep", "best"]),
    ("labels", &["groups", "categories", "kinds", "labelled", "labeled"]),
    ("n", &["rows", "samples", "records", "observations"]),
    ("n_components", &["topics", "themes", "concepts"]),
    ("n_alphas", &["penalties", "alphas"]),
    ("cutoffs", &["cutoffs", "cutoff", "cut off"]),
    ("l1_ratio", &["on l1", "of it l1", "l1", "lasso share", "lasso part", "mixing"]),
    ("top", &["keep the best", "keep best", "best", "keep", "first", "limit"]),
    ("qrels", &["relevant", "judgements", "judgments", "relevance", "relevant documents", "gold", "truth"]),
    ("x0", &["starting at", "starting from", "start at", "start from", "starting"]),
    ("merges", &["merges", "merge operations"]),
    ("bins", &["bins", "buckets"]),
    ("title", &["titled", "called", "named", "title", "headed"]),
];

/// Names of data that a tool takes in this form or, rarely, in another; in the order in which people say them.
pub const PRIMARY: &[&str] = &["text", "reference", "current"];

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
    "based", "clusters", "groups", "cluster", "stored", "vectors", "k", "csv", "parquet", "customers", "people", "one", "two",
    "three", "four", "five",
];

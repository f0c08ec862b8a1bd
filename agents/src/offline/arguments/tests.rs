use super::*;
use roundtable_tools::Catalogue;
use serde_json::json;

fn check(tool: &str, sentence: &str, expected: Value) {
    let catalogue = Catalogue::standard().expect("every schema compiles");
    let spec = catalogue.get(tool).expect("a tool").spec();
    let filled = fill(&Field::all(&spec.input_schema), sentence);
    assert_eq!(Value::Object(filled.arguments), expected, "{tool}: {sentence}");
}

#[test]
fn vectors_in_every_dress() {
    check("vector_dot", "dot of [1, 2] and [3, 4]", json!({"a": [1, 2], "b": [3, 4]}));
    check("vector_dot", "b = [1, 2], a = [3, 4]", json!({"a": [3, 4], "b": [1, 2]}));
    check("vector_dot", "dot product of 1 2 3 and 4 5 6", json!({"a": [1, 2, 3], "b": [4, 5, 6]}));
    check("vector_euclidean", "from (0, 0) to (3, 4)", json!({"a": [0, 0], "b": [3, 4]}));
    check("vector_euclidean", "to (3, 4) from (0, 0)", json!({"a": [0, 0], "b": [3, 4]}));
    check(
        "vector_dot",
        "dot product of columns u and v in d.csv",
        json!({"a": {"file": "d.csv", "columns": ["u"]}, "b": {"file": "d.csv", "columns": ["v"]}}),
    );
    check("gaussian_quantile", "the 5% below mean 10, std 2", json!({"p": [0.05], "mean": 10, "std": 2}));
    check("gaussian_cdf", "the 5% below mean 10, std 2", json!({"mean": 10, "std": 2}));
    check("mean_variance", "mean of 2, 4 and 9, ddof 1", json!({"x": [2, 4, 9], "ddof": 1}));
    check("describe", "the 5th and 95th percentile of [1, 2, 3]", json!({"x": [1, 2, 3], "quantiles": [0.05, 0.95]}));
}

#[test]
fn numbers_go_where_their_words_say() {
    check(
        "gaussian_simulate",
        "draw 500 samples with mean 10 and standard deviation 2, seed 7",
        json!({"n": 500, "mean": 10, "std": 2, "seed": 7}),
    );
    check("gaussian_simulate", "1000 draws from N(5, 1.5)", json!({"n": 1000, "mean": 5, "std": 1.5}));
    check("gaussian_simulate", "2 std 10 mean 7 seed, 30 values", json!({"n": 30, "mean": 10, "std": 2, "seed": 7}));
    check(
        "bayes_theorem",
        "1% prevalence, 90% sensitivity, 95% specificity",
        json!({"prior": 0.01, "likelihood": 0.9, "false_positive_rate": 0.05}),
    );
    check("kmeans", "into three clusters with 20 restarts: [[1], [2]]", json!({"X": [[1], [2]], "k": 3, "n_init": 20}));
    check("pca", "keep 95% of the variance of [[1, 2], [3, 4]]", json!({"X": [[1, 2], [3, 4]], "n_components": 0.95}));
}

#[test]
fn tables_targets_and_switches() {
    check("kmeans", "2 groups of (1, 1), (2, 2) and (9, 9)", json!({"X": [[1, 1], [2, 2], [9, 9]], "k": 2}));
    check("linear_regression", "line through (1, 2), (2, 4), (3, 7)", json!({"X": [[1], [2], [3]], "y": [2, 4, 7]}));
    check(
        "linear_regression",
        "prices were 10, 12 and 15 for sizes 1, 2 and 3",
        json!({"X": [[1], [2], [3]], "y": [10, 12, 15]}),
    );
    check("linear_regression", "fit [2, 4] against [1, 2]", json!({"X": [[1], [2]], "y": [2, 4]}));
    check(
        "linear_regression",
        "x = [1, 2], y = [2, 4], no intercept",
        json!({"X": [[1], [2]], "y": [2, 4], "fit_intercept": false}),
    );
    check(
        "linear_regression",
        "predict price from rooms and area in h.csv",
        json!({"X": {"file": "h.csv", "columns": ["rooms", "area"]}, "y": {"file": "h.csv", "columns": ["price"]}}),
    );
    check(
        "kmeans",
        "cluster the parquet file points.parquet by x and y into 3",
        json!({"X": {"file": "points.parquet", "columns": ["x", "y"]}, "k": 3}),
    );
    check("pca", "whiten [[1, 2], [3, 4]]", json!({"X": [[1, 2], [3, 4]], "whiten": true}));
    check(
        "recursive_chunk",
        "pieces of 200 characters with 20 overlap: It has 3 words, no more.",
        json!({"text": "It has 3 words, no more.", "chunk_size": 200, "chunk_overlap": 20}),
    );
}

#[test]
fn tensors_objects_and_labels() {
    check(
        "mlp_forward",
        "weights = [[[0.5], [1]]], biases = [[0.1]], X = [[3, 4]], relu",
        json!({"weights": [[[0.5], [1]]], "biases": [[0.1]], "X": [[3, 4]], "activation": "relu"}),
    );
    check(
        "retrieval_metrics",
        r#"judgements {"a": {"d1": 2}} for the run {"a": ["d1", "d2"]}"#,
        json!({"qrels": {"a": {"d1": 2}}, "run": {"a": ["d1", "d2"]}}),
    );
    check(
        "disparate_impact",
        "hired 1 0 0 1, group m f f m, privileged m",
        json!({"y_pred": [1, 0, 0, 1], "group": ["m", "f", "f", "m"], "privileged": "m"}),
    );
    check(
        "disparate_impact",
        "hired 1 0 0 1, group m f f m, taking “m” as the privileged group",
        json!({"y_pred": [1, 0, 0, 1], "group": ["m", "f", "f", "m"], "privileged": "m"}),
    );
    check("bpe_decode", "ids [5, 6, 7]", json!({"ids": [[5, 6, 7]]}));
}

#[test]
fn what_may_be_given_besides() {
    check(
        "logistic_regression",
        "X = [[1], [2], [3], [4]], y = [0, 0, 1, 1]; how likely is it for [[2.5]]",
        json!({"X": [[1], [2], [3], [4]], "y": [0, 0, 1, 1], "X_test": [[2.5]]}),
    );
    check(
        "logistic_regression",
        "X = [[1], [2], [3], [4]], y = [0, 0, 1, 1], tolerance of 0.3",
        json!({"X": [[1], [2], [3], [4]], "y": [0, 0, 1, 1], "tolerance": 0.3}),
    );
    check(
        "knn_exact",
        "base = [[1, 1]], queries = [[0, 1], [5, 5]], k = 1",
        json!({"base": [[1, 1]], "queries": [[0, 1], [5, 5]], "k": 1}),
    );
    check("bpe_encode", r#"encode "low" with [["l", "o"]]"#, json!({"merges": [["l", "o"]], "texts": ["low"]}));
    check(
        "psi",
        "the counts were [10, 20] and are [15, 15]",
        json!({"reference_counts": [10, 20], "current_counts": [15, 15]}),
    );
    check(
        "knn_exact",
        "the neighbour nearest to [[1, 1]] in [[0, 1], [5, 5]]",
        json!({"base": [[0, 1], [5, 5]], "queries": [[1, 1]]}),
    );
}

#[test]
fn other_words_for_options_and_shares() {
    check(
        "impute_missing",
        "put the commonest value into [[1, null], [1, 2]]",
        json!({"X": [[1, null], [1, 2]], "strategy": "most_frequent"}),
    );
    check(
        "bayes_theorem",
        "the siren sounds in 90% of floods and on 5% of nights without one; floods happen on 2% of nights",
        json!({"likelihood": 0.9, "false_positive_rate": 0.05, "prior": 0.02}),
    );
    check(
        "one_hot_encode",
        r#"[["a"], ["b"]] without the first category"#,
        json!({"X": [["a"], ["b"]], "drop_first": true}),
    );
}

#[test]
fn settings_beside_options_tallies_and_nothing() {
    check(
        "optimize",
        "Nesterov, momentum 0.8, learning rate 0.02, start from [5, 5]",
        json!({"optimizer": "nesterov", "momentum": 0.8, "learning_rate": 0.02, "x0": [5, 5]}),
    );
    check("optimize", "plain momentum from [5, 5]", json!({"optimizer": "momentum", "x0": [5, 5]}));
    check(
        "chi2_drift",
        "in spring: 120 web, 60 branch and 20 phone. In autumn: 80 web, 70 branch and 50 phone",
        json!({"reference_counts": [120, 60, 20], "current_counts": [80, 70, 50]}),
    );
    check(
        "recursive_chunk",
        "pieces of 60 characters with no overlap: One. Two.",
        json!({"text": "One. Two.", "chunk_size": 60, "chunk_overlap": 0}),
    );
    check("gaussian_pdf", "μ = 5 and σ = 2 at x = 4, 5 and 7", json!({"x": [4, 5, 7], "mean": 5, "std": 2}));
    check("normalize", "l1-normalise [[1, 3], [2, 2]]", json!({"X": [[1, 3], [2, 2]], "norm": "l1"}));
    check("plot_cosine_vs_euclidean", "of (1, 0), (10, 0) and (0, 1)", json!({"X": [[1, 0], [10, 0], [0, 1]]}));
}

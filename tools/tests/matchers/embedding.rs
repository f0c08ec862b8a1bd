//! The quality of an embedding: what t-SNE and UMAP are judged by, since their pictures differ with every start.

use serde_json::Value;

use super::{Disagreement, labels, number_of, require, rows};

/// `$trustworthiness`: J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001.
pub fn trustworthiness(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let (data, embedding) = (rows(&want["X"])?, rows(got)?);
    let (k, least) = (number_of(&want["k"], path)? as usize, number_of(&want["ge"], path)?);
    let dimensions = want["dim"].as_u64().unwrap_or(2) as usize;
    let shape = embedding.len() == data.len() && embedding.iter().all(|row| row.len() == dimensions);
    require(shape, || format!("{path}: an embedding of another shape"))?;
    let n = data.len();
    let mut beyond = 0;
    for i in 0..n {
        let mut rank = vec![0; n];
        nearest(&data, i).into_iter().enumerate().for_each(|(r, j)| rank[j] = r + 1);
        beyond += nearest(&embedding, i)[..k].iter().map(|j| rank[*j].saturating_sub(k)).sum::<usize>();
    }
    let worst = (n * k) as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0);
    let value = 1.0 - 2.0 * beyond as f64 / worst;
    require(value >= least, || format!("{path}: trustworthiness {value} below {least}"))
}

/// `$knn_label_agreement`: the mean share of the `k` nearest neighbours that bear the same label.
pub fn same_label(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let (embedding, labels) = (rows(got)?, labels(&want["y"])?);
    let (k, least) = (number_of(&want["k"], path)? as usize, number_of(&want["ge"], path)?);
    let alike = |i: usize| nearest(&embedding, i)[..k].iter().filter(|j| labels[**j] == labels[i]).count();
    let value = (0..labels.len()).map(alike).sum::<usize>() as f64 / (k * labels.len()) as f64;
    require(value >= least, || format!("{path}: neighbours of the same class {value} below {least}"))
}

/// `$tsne_kl`: the divergence of the similarities in the embedding from the given ones.
pub fn divergence(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let (embedding, joint) = (rows(got)?, rows(&want["P"])?);
    let most = number_of(&want["le"], path)?;
    let n = embedding.len();
    let mut q: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| 1.0 / (1.0 + squared(&embedding[i], &embedding[j]))).collect()).collect();
    (0..n).for_each(|i| q[i][i] = 0.0);
    let sum: f64 = q.iter().flatten().sum();
    let pairs = joint.iter().flatten().zip(q.iter().flatten()).filter(|(p, _)| **p > 0.0);
    let value: f64 = pairs.map(|(p, q)| p * (p / (q / sum).max(1e-300)).ln()).sum();
    require(value <= most, || format!("{path}: divergence {value} above {most}"))
}

/// The other points, nearest first.
fn nearest(points: &[Vec<f64>], i: usize) -> Vec<usize> {
    let mut others: Vec<(f64, usize)> =
        (0..points.len()).filter(|j| *j != i).map(|j| (squared(&points[i], &points[j]), j)).collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others.into_iter().map(|(_, j)| j).collect()
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

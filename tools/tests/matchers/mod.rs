//! When a tool's output agrees with a golden case.
//!
//! Plain numbers agree within the case's tolerance, `|got - want| <= abs + rel * |want|`; integers, strings, booleans
//! and null agree exactly; extra fields of the output do not matter. An object whose key begins with `$` is a matcher,
//! for results that are not one value: labels up to renaming, vectors up to sign, samples up to chance.

mod embedding;
mod models;
mod recall;
mod splits;
mod text;

use roundtable_tools::Error;
use serde_json::{Value, json};

/// Why an output does not agree.
type Disagreement = String;

/// Puts the data set in the place of `{"$data": its name}`.
pub fn with_data(value: &Value, datasets: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("$data").and_then(Value::as_str) {
            Some(name) => datasets[name].clone(),
            None => {
                Value::Object(fields.iter().map(|(key, value)| (key.clone(), with_data(value, datasets))).collect())
            }
        },
        Value::Array(items) => items.iter().map(|item| with_data(item, datasets)).collect(),
        other => other.clone(),
    }
}

/// Compares what a tool said with what the case expects.
pub fn agrees(result: Result<Value, Error>, expected: &Value, tolerance: &Value) -> Result<(), Disagreement> {
    let mut expected = expected.clone();
    let fields = expected.as_object_mut().ok_or("expected is not an object")?;
    if fields.remove("$error").is_some() {
        return match result {
            Ok(output) => Err(format!("should be refused, gave {}", short(&output))),
            Err(_) => Ok(()),
        };
    }
    let error_is_right = fields.remove("$or_error").is_some();
    match result {
        Ok(output) => compare(&output, &expected, tolerance, ""),
        Err(_) if error_is_right => Ok(()),
        Err(error) => Err(format!("refused: {error}")),
    }
}

fn compare(got: &Value, want: &Value, tolerance: &Value, path: &str) -> Result<(), Disagreement> {
    match want {
        Value::Object(fields) if fields.keys().any(|key| key.starts_with('$')) => matches(got, want, tolerance, path),
        Value::Object(fields) => fields.iter().try_for_each(|(key, want)| {
            let got = got.get(key).ok_or_else(|| format!("{path}/{key} is missing"))?;
            compare(got, want, tolerance, &format!("{path}/{key}"))
        }),
        Value::Array(items) => {
            let list = got.as_array().filter(|list| list.len() == items.len());
            let list = list.ok_or_else(|| format!("{path} is not a list of {} values: {}", items.len(), short(got)))?;
            items
                .iter()
                .zip(list)
                .enumerate()
                .try_for_each(|(i, (want, got))| compare(got, want, tolerance, &format!("{path}/{i}")))
        }
        Value::Number(number) if !(number.is_i64() && got.is_i64()) => {
            let (got, want) = (number_of(got, path)?, number_of(want, path)?);
            let slack =
                tolerance["abs"].as_f64().unwrap_or(0.0) + tolerance["rel"].as_f64().unwrap_or(0.0) * want.abs();
            require((got - want).abs() <= slack, || format!("{path} is {got} instead of {want}"))
        }
        _ => require(got == want, || format!("{path} is {} instead of {}", short(got), short(want))),
    }
}

fn matches(got: &Value, want: &Value, tolerance: &Value, path: &str) -> Result<(), Disagreement> {
    let fields = want.as_object().ok_or("a matcher is an object")?;
    for (key, value) in fields {
        match key.as_str() {
            "$any_of" => {
                let options = value.as_array().into_iter().flatten();
                let fits = options.map(|option| compare(got, option, tolerance, path)).any(|result| result.is_ok());
                require(fits, || format!("{path} is {}, none of {}", short(got), short(value)))?;
            }
            "$all" => {
                value.as_array().into_iter().flatten().try_for_each(|want| compare(got, want, tolerance, path))?;
            }
            "$approx" => compare(got, value, &json!({"abs": want["abs"], "rel": want["rel"]}), path)?,
            "abs" | "rel" | "axis" | "ignore" => {}
            "$ge" | "$le" | "$gt" | "$lt" => {
                let (number, bound) = (number_of(got, path)?, number_of(value, path)?);
                let holds = match key.as_str() {
                    "$ge" => number >= bound,
                    "$le" => number <= bound,
                    "$gt" => number > bound,
                    _ => number < bound,
                };
                require(holds, || format!("{path} is {number}, but should be {key} {bound}"))?;
            }
            "$partition" => partition(got, value, &want["ignore"], path)?,
            "$ari" => {
                let index = adjusted_rand_index(&labels(got)?, &labels(&value["labels"])?);
                let least = number_of(&value["ge"], path)?;
                require(index >= least, || format!("{path}: adjusted Rand index {index} below {least}"))?;
            }
            "$inertia" => {
                let inertia = inertia(&rows(&value["X"])?, &labels(got)?)?;
                let most = number_of(&value["le"], path)?;
                require(inertia <= most, || format!("{path}: inertia {inertia} above {most}"))?;
            }
            "$up_to_sign" => up_to_sign(&rows(got)?, &rows(value)?, want["axis"] == "cols", tolerance, path)?,
            "$score" => models::score(got, value, path)?,
            "$monotone" => models::monotone(got, value, tolerance, path)?,
            "$values" => models::values(got, value, &want["ignore"], tolerance, path)?,
            "$set" => require(sorted(got) == sorted(value), || format!("{path}: another set"))?,
            "$split" => splits::split(got, value, path)?,
            "$trustworthiness" => embedding::trustworthiness(got, value, path)?,
            "$knn_label_agreement" => embedding::same_label(got, value, path)?,
            "$tsne_kl" => embedding::divergence(got, value, path)?,
            "$token_count" => text::token_count(got, value, path)?,
            "$triplets" => text::triplets(got, value, path)?,
            "$scores_of" => text::scores_of(got, value, tolerance, path)?,
            "$recall" => recall::recall(got, value, path)?,
            "$gaussian_sample" => gaussian_sample(got, value, path)?,
            other => return Err(format!("{path}: unknown matcher {other}")),
        }
    }
    Ok(())
}

fn require(holds: bool, otherwise: impl FnOnce() -> Disagreement) -> Result<(), Disagreement> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn number_of(value: &Value, path: &str) -> Result<f64, Disagreement> {
    value.as_f64().ok_or_else(|| format!("{path} is {} instead of a number", short(value)))
}

fn rows(value: &Value) -> Result<Vec<Vec<f64>>, Disagreement> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

fn labels(value: &Value) -> Result<Vec<i64>, Disagreement> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}

/// The same groups, whatever their numbers, but for the rows in `ignored`, which may be in any group but not noise.
fn partition(got: &Value, want: &Value, ignored: &Value, path: &str) -> Result<(), Disagreement> {
    let (got, want) = (labels(got)?, labels(want)?);
    require(got.len() == want.len(), || format!("{path}: {} labels instead of {}", got.len(), want.len()))?;
    let ignored = if ignored.is_null() { Vec::new() } else { labels(ignored)? };
    let is_free = |row: usize| ignored.contains(&(row as i64));
    let noise = (0..got.len()).find(|row| is_free(*row) && got[*row] < 0);
    require(noise.is_none(), || format!("{path}: border point {noise:?} called noise"))?;
    let of = |labels: &[i64]| {
        let kept: Vec<i64> = (0..labels.len()).filter(|row| !is_free(*row)).map(|row| labels[row]).collect();
        // Noise is no group: it keeps its number.
        let is_noise: Vec<bool> = kept.iter().map(|label| *label < 0).collect();
        (canonical(&kept), is_noise)
    };
    require(of(&got) == of(&want), || format!("{path}: another partition"))
}

/// The items of a list as text, in order.
fn sorted(list: &Value) -> Vec<String> {
    let mut items: Vec<String> = list.as_array().into_iter().flatten().map(Value::to_string).collect();
    items.sort();
    items
}

/// Labels numbered in the order of their first appearance.
fn canonical(labels: &[i64]) -> Vec<usize> {
    let mut seen: Vec<i64> = Vec::new();
    labels
        .iter()
        .map(|label| {
            seen.iter().position(|other| other == label).unwrap_or_else(|| {
                seen.push(*label);
                seen.len() - 1
            })
        })
        .collect()
}

/// L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.
fn adjusted_rand_index(a: &[i64], b: &[i64]) -> f64 {
    let (a, b) = (canonical(a), canonical(b));
    let size = |x: &[usize]| x.iter().max().map_or(0, |most| most + 1);
    let mut table = vec![vec![0_u64; size(&b)]; size(&a)];
    a.iter().zip(&b).for_each(|(&i, &j)| table[i][j] += 1);
    let pairs = |n: u64| (n * n.saturating_sub(1) / 2) as f64;
    let both: f64 = table.iter().flatten().map(|&n| pairs(n)).sum();
    let in_a: f64 = table.iter().map(|row| pairs(row.iter().sum())).sum();
    let in_b: f64 = (0..size(&b)).map(|j| pairs(table.iter().map(|row| row[j]).sum())).sum();
    let chance = in_a * in_b / pairs(a.len() as u64);
    let most = (in_a + in_b) / 2.0;
    if most == chance { 1.0 } else { (both - chance) / (most - chance) }
}

/// The squared distances of the rows from the mean of their own label, added up.
fn inertia(rows: &[Vec<f64>], labels: &[i64]) -> Result<f64, Disagreement> {
    require(rows.len() == labels.len(), || format!("{} labels for {} rows", labels.len(), rows.len()))?;
    let labels = canonical(labels);
    let clusters = labels.iter().max().map_or(0, |most| most + 1);
    let mut total = 0.0;
    for cluster in 0..clusters {
        let members: Vec<&Vec<f64>> =
            rows.iter().zip(&labels).filter(|(_, l)| **l == cluster).map(|(row, _)| row).collect();
        for j in 0..rows[0].len() {
            let mean = members.iter().map(|row| row[j]).sum::<f64>() / members.len() as f64;
            total += members.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>();
        }
    }
    Ok(total)
}

fn transposed(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..rows.first().map_or(0, Vec::len)).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
}

fn up_to_sign(
    got: &[Vec<f64>],
    want: &[Vec<f64>],
    columns: bool,
    tolerance: &Value,
    path: &str,
) -> Result<(), Disagreement> {
    let (got, want) = if columns { (transposed(got), transposed(want)) } else { (got.to_vec(), want.to_vec()) };
    require(got.len() == want.len(), || format!("{path}: {} vectors instead of {}", got.len(), want.len()))?;
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        let product: f64 = got.iter().zip(want).map(|(g, w)| g * w).sum();
        let turned: Vec<f64> = got.iter().map(|g| if product < 0.0 { -g } else { *g }).collect();
        compare(&json!(turned), &json!(want), tolerance, &format!("{path}/{i}"))?;
    }
    Ok(())
}

/// Mean, variance, distribution function, correlation with the next draw, repeats: each within five standard errors
/// (for the distribution, Kolmogorov's limit at 1e-5).
fn gaussian_sample(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let samples: Vec<f64> = serde_json::from_value(got.clone()).map_err(|error| error.to_string())?;
    let (mean, std) = (number_of(&want["mean"], path)?, number_of(&want["std"], path)?);
    let mut z: Vec<f64> = samples.iter().map(|x| (x - mean) / std).collect();
    let n = z.len() as f64;
    require(Some(z.len() as u64) == want["n"].as_u64(), || format!("{path}: {n} samples"))?;
    let centre = z.iter().sum::<f64>() / n;
    let variance = z.iter().map(|z| (z - centre).powi(2)).sum::<f64>() / (n - 1.0);
    let next = z.windows(2).map(|pair| (pair[0] - centre) * (pair[1] - centre)).sum::<f64>() / (n * variance);
    z.sort_by(f64::total_cmp);
    let apart = z.iter().enumerate().map(|(i, z)| {
        let below = normal_cdf(*z);
        (below - i as f64 / n).abs().max(((i + 1) as f64 / n - below).abs())
    });
    let furthest = apart.fold(0.0, f64::max);
    z.dedup();
    let checks = [
        ("mean", centre.abs() * n.sqrt() < 5.0),
        ("variance", (variance - 1.0).abs() / (2.0 / (n - 1.0)).sqrt() < 5.0),
        ("distribution", furthest * n.sqrt() < 2.47), // 2 exp(-2 x²) = 1e-5 at x = 2.47
        ("correlation", next.abs() * n.sqrt() < 5.0),
        ("repeats", z.len() as f64 > 0.99 * n),
    ];
    checks.iter().try_for_each(|(name, holds)| require(*holds, || format!("{path}: implausible {name}")))
}

/// The standard normal distribution function by Marsaglia's series (Journal of Statistical Software 11(4), 2004).
fn normal_cdf(z: f64) -> f64 {
    if z.abs() > 8.0 {
        return if z < 0.0 { 0.0 } else { 1.0 };
    }
    let (mut term, mut sum, mut i) = (z, z, 1.0);
    while term.abs() > 1e-17 {
        i += 2.0;
        term *= z * z / i;
        sum += term;
    }
    0.5 + sum * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

//! Matchers for what models predict.

use serde_json::Value;

use super::{Disagreement, compare, labels, require, rows};

/// The quality of predictions against `y_true`, computed here: at least `ge`, at most `le`.
pub(super) fn score(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let truth: Vec<f64> = serde_json::from_value(want["y_true"].clone()).map_err(|error| error.to_string())?;
    let length = got.as_array().map_or(0, Vec::len);
    require(length == truth.len(), || format!("{path}: {length} predictions instead of {}", truth.len()))?;
    let numbers =
        || serde_json::from_value::<Vec<f64>>(got.clone()).map_err(|error| format!("{path}: not numbers: {error}"));
    let n = truth.len() as f64;
    let squares = |got: &[f64], want: &[f64]| got.iter().zip(want).map(|(got, want)| (got - want).powi(2)).sum::<f64>();
    let metric = want["metric"].as_str().unwrap_or_default();
    let value = match metric {
        "accuracy" => numbers()?.iter().zip(&truth).filter(|(got, want)| got == want).count() as f64 / n,
        "rmse" => (squares(&numbers()?, &truth) / n).sqrt(),
        "r2" => {
            let mean = truth.iter().sum::<f64>() / n;
            1.0 - squares(&numbers()?, &truth) / truth.iter().map(|y| (y - mean).powi(2)).sum::<f64>()
        }
        "auc" => area_under_curve(&numbers()?, &truth),
        "log_loss" => {
            let truth = labels(&want["y_true"])?;
            let shares = match got[0].is_array() {
                true => rows(got)?,
                false => numbers()?.iter().map(|p| vec![1.0 - p, *p]).collect(),
            };
            let of_truth = shares.iter().zip(&truth).map(|(shares, label)| shares.get(*label as usize).copied());
            -of_truth.map(|share| share.unwrap_or(0.0).clamp(1e-15, 1.0).ln()).sum::<f64>() / n
        }
        other => return Err(format!("{path}: unknown metric {other}")),
    };
    let least = want["ge"].as_f64().unwrap_or(f64::NEG_INFINITY);
    let most = want["le"].as_f64().unwrap_or(f64::INFINITY);
    require((least..=most).contains(&value), || format!("{path}: {metric} {value} is not in {least} to {most}"))
}

/// How often a row of class 1 has the larger score than one of class 0; equal ones count half.
fn area_under_curve(scores: &[f64], truth: &[f64]) -> f64 {
    let (mut above, mut pairs) = (0.0, 0.0);
    for (one, _) in scores.iter().zip(truth).filter(|(_, y)| **y == 1.0) {
        for (zero, _) in scores.iter().zip(truth).filter(|(_, y)| **y == 0.0) {
            above += if one > zero {
                1.0
            } else if one == zero {
                0.5
            } else {
                0.0
            };
            pairs += 1.0;
        }
    }
    above / pairs
}

/// Never rising or never falling, but for the tolerance.
pub(super) fn monotone(got: &Value, want: &Value, tolerance: &Value, path: &str) -> Result<(), Disagreement> {
    let numbers: Vec<f64> = serde_json::from_value(got.clone()).map_err(|error| error.to_string())?;
    let slack = tolerance["abs"].as_f64().unwrap_or(0.0);
    let sign = if *want == "decreasing" { -1.0 } else { 1.0 };
    let holds = numbers.windows(2).all(|pair| sign * (pair[1] - pair[0]) >= -slack);
    require(holds, || format!("{path} is not {want}"))
}

/// Value by value, except at some positions.
pub(super) fn values(
    got: &Value,
    want: &Value,
    ignore: &Value,
    tolerance: &Value,
    path: &str,
) -> Result<(), Disagreement> {
    let (list, want) = (got.as_array().map_or(&[][..], Vec::as_slice), want.as_array().map_or(&[][..], Vec::as_slice));
    require(list.len() == want.len(), || format!("{path}: {} values instead of {}", list.len(), want.len()))?;
    let ignored: Vec<usize> =
        ignore.as_array().into_iter().flatten().filter_map(Value::as_u64).map(|i| i as usize).collect();
    for (i, (got, want)) in list.iter().zip(want).enumerate().filter(|(i, _)| !ignored.contains(i)) {
        compare(got, want, tolerance, &format!("{path}/{i}"))?;
    }
    Ok(())
}

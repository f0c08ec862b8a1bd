//! Splits into parts: `{"train": [...], "test": [...]}`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Disagreement, number_of, require};

/// The parts hold every row once, have about the sizes wanted, and keep class shares and groups if asked.
pub fn split(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let n = want["n"].as_u64().ok_or("a split has `n`")? as usize;
    let sizes = want["sizes"].as_object().ok_or("a split has `sizes`")?;
    let mut parts: Vec<(&str, Vec<usize>, f64)> = Vec::new();
    for (name, size) in sizes {
        let rows = serde_json::from_value(got[name].clone()).map_err(|error| format!("{path}/{name}: {error}"))?;
        parts.push((name, rows, number_of(size, path)?));
    }
    let mut all: Vec<usize> = parts.iter().flat_map(|(_, rows, _)| rows).copied().collect();
    all.sort_unstable();
    require(all.into_iter().eq(0..n), || format!("{path} does not hold every row once"))?;
    let slack = want["slack"].as_f64().unwrap_or(1.0);
    for (name, rows, size) in &parts {
        require((rows.len() as f64 - size).abs() <= slack, || format!("{path}/{name} has {} rows", rows.len()))?;
    }
    let consecutive = |rows: &[usize]| rows.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let mixed = n < 20 || parts.iter().any(|(_, rows, _)| !consecutive(rows));
    require(want["shuffled"] != true || mixed, || format!("{path} is not shuffled"))?;
    let labels = |name: &str| -> Option<Vec<i64>> { serde_json::from_value(want[name].clone()).ok() };
    if let Some(y) = labels("y") {
        let slack = 1.0 + 1e-9 + want["class_slack"].as_f64().unwrap_or(0.0);
        for class in y.iter().collect::<BTreeSet<_>>() {
            let everywhere = y.iter().filter(|y| *y == class).count() as f64;
            for (name, rows, size) in &parts {
                let here = rows.iter().filter(|&&row| y[row] == *class).count() as f64;
                let fair = (here - everywhere * size / n as f64).abs() <= slack;
                require(fair, || format!("{path}/{name} has {here} rows of class {class}"))?;
            }
        }
    }
    if let Some(groups) = labels("groups") {
        let of = |rows: &[usize]| rows.iter().map(|&row| groups[row]).collect::<BTreeSet<_>>();
        let different: usize = parts.iter().map(|(_, rows, _)| of(rows).len()).sum();
        let whole = different == groups.iter().collect::<BTreeSet<_>>().len();
        require(whole, || format!("{path} has a group in two parts"))?;
    }
    Ok(())
}

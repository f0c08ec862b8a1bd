//! # Drift report
//!
//! Every column of a table is compared with how it was: numbers by the population stability index over the deciles of
//! the old values and by the Kolmogorov-Smirnov test, categories by the index over the categories and by the chi-square
//! test. A column has drifted when both agree: the change is large (the index), and it is not chance (the p-value). In a
//! large sample every trifle is significant, and in a small one every accident is large.
//!
//! With several columns some p-value is small by chance; each is therefore held against `alpha` divided by the number of
//! columns (Bonferroni).
//!
//! Cost: O(n log n) a column, and O(n m) for the exact p-value of up to a million pairs.
//! References: N. Siddiqi, *Credit Risk Scorecards*, 2006, ch. 8; J. L. Hodges, Arkiv för Matematik 3, 1958; O. J. Dunn,
//! "Multiple comparisons among means", JASA 56, 1961 (the division of alpha).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{chi2_drift, counts, js_divergence, ks_test, limited, psi, quantile_edges, shares, sorted};
use crate::{
    error::Error,
    plot::chart::{Line, Panel, panels},
    stats::mean_variance::mean,
    value::{Label, Matrix, Vector},
};

/// Compares old and new data column by column and says which columns have drifted. Use it to check production data
/// against training data: data drift, covariate shift.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The old data: reference, baseline, training. One list of numbers, or a table of them (one row a sample), or an
    /// object of named columns, each numbers or categories. Up to 1,000,000 values a column and 1000 columns.
    pub reference: Data,
    /// The new data: current, production. The same columns; another number of rows is fine.
    pub current: Data,
    /// Names of the columns of a table; "column 0" and so on when not given.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// How large a population stability index has to be to count as drift; 0.2 when not given.
    #[serde(default = "fifth")]
    #[schemars(range(min = 0.0))]
    pub psi_threshold: f64,
    /// How small a p-value has to be to count as drift, divided among the columns: significance level; 0.01 when not
    /// given.
    #[serde(default = "hundredth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub alpha: f64,
}

fn fifth() -> f64 {
    0.2
}

fn hundredth() -> f64 {
    0.01
}

/// Data in one of three shapes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Data {
    /// One column of numbers.
    Column(Vector),
    /// A table of numbers, one row a sample.
    Table(Matrix),
    /// Columns by name.
    Named(BTreeMap<String, Column>),
}

/// A named column.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Column {
    /// Numbers.
    Numbers(Vector),
    /// Categories.
    Categories(Vec<Label>),
}

/// The report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// Whether any column has drifted.
    pub drift_detected: bool,
    /// The share of columns that have.
    pub drifted_share: f64,
    /// One row for each column, in their order.
    pub columns: Vec<Row>,
    /// The same as a table to print, in Markdown.
    pub table: String,
    /// Old and new distribution of the columns that moved most, up to six, as the text of an SVG file.
    pub svg: String,
}

/// What happened to a column.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Whether it was compared as numbers or as categories.
    pub kind: Kind,
    /// Both together: whether the change is large and no accident.
    pub drifted: bool,
    /// The population stability index, over deciles of the old values or over categories.
    pub psi: f64,
    /// What that index usually means.
    pub psi_verdict: psi::Verdict,
    /// The statistic of the test: Kolmogorov-Smirnov's D for numbers, chi-square for categories.
    pub statistic: f64,
    /// How likely such a statistic is when nothing has changed.
    pub p_value: f64,
    /// The Jensen-Shannon divergence in bits, from 0 to 1.
    pub js_divergence: f64,
    /// The mean of the old numbers; null for categories.
    pub reference_mean: Option<f64>,
    /// The mean of the new numbers; null for categories.
    pub current_mean: Option<f64>,
}

/// How a column was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As numbers.
    Numbers,
    /// As categories.
    Categories,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "drift report: reference [1, 2, 2, 3, 1, 2], current [4, 5, 4, 6, 5, 4]",
    "which columns have drifted between the training table and this week's table?",
    "is there drift between [1, 2, 3, 2] and [4, 5, 6, 5]?",
    "compare these two data sets and draw both distributions",
    "is there data drift in production? psi threshold 0.25, alpha 0.05",
    "check {\"age\": [30, 41, 38], \"city\": [\"a\", \"b\", \"a\"]} against the new batch",
];

/// The most columns, and the most of them in the picture.
const LIMITS: (usize, usize) = (1000, 6);
/// The most pairs of values for an exact p-value.
const EXACT: usize = 1_000_000;
/// The bins of the index, and the least share of one.
const BINS: (usize, f64) = (10, 1e-4);

/// Two samples of one column.
struct Pair<'a> {
    name: String,
    values: Values<'a>,
}

enum Values<'a> {
    Numbers(Vec<f64>, Vec<f64>),
    Categories(&'a [Label], &'a [Label]),
}

/// Shares over common bins, for the index and the picture.
struct Histogram {
    before: Vec<f64>,
    after: Vec<f64>,
}

/// Compares every column.
///
/// # Errors
/// `invalid_arguments` when the two do not have the same columns, `too_large` beyond 1000 columns or 1,000,000 values.
pub fn run(args: &Args) -> Result<Output, Error> {
    if !(0.0..=1.0).contains(&args.alpha) {
        return Err(Error::invalid("/alpha", format!("`{}` is not a probability", args.alpha)));
    }
    let pairs = pairs(args)?;
    let alpha = args.alpha / pairs.len() as f64;
    let columns = pairs.iter().map(|pair| pair.compare(args.psi_threshold, alpha)).collect::<Result<Vec<_>, _>>()?;
    let drifted = columns.iter().filter(|column| column.drifted).count();
    Ok(Output {
        drift_detected: drifted > 0,
        drifted_share: drifted as f64 / columns.len() as f64,
        table: table(&columns),
        svg: draw(&pairs, &columns)?,
        columns,
    })
}

fn pairs(args: &Args) -> Result<Vec<Pair<'_>>, Error> {
    let (one, two) = (&args.reference, &args.current);
    let pairs = match (one, two) {
        (Data::Column(one), Data::Column(two)) => vec![Pair::numbers(name(args, 0), one.to_vec(), two.to_vec())],
        (Data::Table(one), Data::Table(two)) => {
            if one.columns() != two.columns() {
                let message = format!("there are {} columns, but {} in `reference`", two.columns(), one.columns());
                return Err(Error::invalid("/current", message));
            }
            let column = |table: &Matrix, j: usize| -> Vec<f64> { table.iter().map(|row| row[j]).collect() };
            (0..one.columns()).map(|j| Pair::numbers(name(args, j), column(one, j), column(two, j))).collect()
        }
        (Data::Named(one), Data::Named(two)) => {
            if let Some(extra) = two.keys().find(|name| !one.contains_key(*name)) {
                return Err(Error::invalid("/current", format!("`reference` has no column `{extra}`")));
            }
            one.iter().map(|(name, column)| named(name, column, two.get(name))).collect::<Result<_, _>>()?
        }
        _ => {
            return Err(Error::invalid("/current", "it does not have the shape of `reference`")
                .with_hint("give two lists, two tables, or two objects of columns"));
        }
    };
    if let Some(names) = &args.names
        && !matches!(one, Data::Named(_))
        && names.len() != pairs.len()
    {
        return Err(Error::invalid("/names", format!("there are {} names for {} columns", names.len(), pairs.len())));
    }
    let (most, _) = LIMITS;
    if pairs.is_empty() {
        return Err(Error::invalid("/reference", "there are no columns"));
    }
    if pairs.len() > most {
        return Err(Error::too_large("/reference", format!("there are {} columns, the limit is {most}", pairs.len())));
    }
    for pair in &pairs {
        let (before, after) = match &pair.values {
            Values::Numbers(before, after) => (before.len(), after.len()),
            Values::Categories(before, after) => (before.len(), after.len()),
        };
        limited("/reference", before)?;
        limited("/current", after)?;
    }
    Ok(pairs)
}

fn name(args: &Args, j: usize) -> String {
    let given = args.names.as_ref().and_then(|names| names.get(j));
    given.cloned().unwrap_or_else(|| format!("column {j}"))
}

fn named<'a>(name: &str, one: &'a Column, two: Option<&'a Column>) -> Result<Pair<'a>, Error> {
    let name = name.to_owned();
    match (one, two) {
        (Column::Numbers(one), Some(Column::Numbers(two))) => Ok(Pair::numbers(name, one.to_vec(), two.to_vec())),
        (Column::Categories(one), Some(Column::Categories(two))) if !one.is_empty() && !two.is_empty() => {
            Ok(Pair { name, values: Values::Categories(one, two) })
        }
        (Column::Categories(_), Some(Column::Categories(_))) => {
            Err(Error::invalid("/reference", format!("column `{name}` is empty")))
        }
        (_, Some(_)) => {
            Err(Error::invalid("/current", format!("column `{name}` holds numbers in one, categories in the other")))
        }
        (_, None) => Err(Error::invalid("/current", format!("column `{name}` is missing"))),
    }
}

impl<'a> Pair<'a> {
    fn numbers(name: String, before: Vec<f64>, after: Vec<f64>) -> Self {
        Pair { name, values: Values::Numbers(before, after) }
    }

    fn compare(&self, threshold: f64, alpha: f64) -> Result<Row, Error> {
        let (kind, histogram, statistic, p_value, means) = match &self.values {
            Values::Numbers(before, after) => {
                let edges = quantile_edges(&sorted(before), BINS.0);
                let test = ks_test::test(before, after, before.len() * after.len() <= EXACT);
                let means = (Some(mean(before)), Some(mean(after)));
                (
                    Kind::Numbers,
                    Histogram::new(&counts(before, &edges), &counts(after, &edges))?,
                    test.statistic,
                    test.p_value,
                    means,
                )
            }
            Values::Categories(before, after) => {
                let both = chi2_drift::counted(before, after);
                let (one, two): (Vec<f64>, Vec<f64>) = both.iter().map(|c| (c.reference, c.current)).unzip();
                let histogram = Histogram::new(&one, &two)?;
                // A single category cannot change its share.
                let test = if both.len() < 2 {
                    (0.0, 1.0)
                } else {
                    let test = chi2_drift::test(both, true)?;
                    (test.statistic, test.p_value)
                };
                (Kind::Categories, histogram, test.0, test.1, (None, None))
            }
        };
        let psi = psi::contributions(&histogram.before, &histogram.after, BINS.1).iter().sum();
        Ok(Row {
            name: self.name.clone(),
            kind,
            drifted: psi > threshold && p_value < alpha,
            psi,
            psi_verdict: psi::verdict(psi),
            statistic,
            p_value,
            js_divergence: js_divergence::nats(&histogram.before, &histogram.after) / std::f64::consts::LN_2,
            reference_mean: means.0,
            current_mean: means.1,
        })
    }

    /// Both distributions: of numbers the outlines of bars of equal width, of categories the shares at 0, 1, 2, …
    fn drawn(&self) -> Result<Drawn, Error> {
        match &self.values {
            Values::Numbers(before, after) => {
                let (low, high) = before
                    .iter()
                    .chain(after)
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
                let bars = 24;
                // The difference of the two ends may be beyond the largest number, half of each is not.
                let step = (high / 2.0 - low / 2.0) / f64::from(bars) * 2.0;
                let edges: Vec<f64> = (0..=bars).map(|i| low + step * f64::from(i)).collect();
                let inner = if step > 0.0 { &edges[1..edges.len() - 1] } else { &[] };
                let histogram = Histogram::new(&counts(before, inner), &counts(after, inner))?;
                let edges = if step > 0.0 { edges.clone() } else { vec![low - 0.5, low + 0.5] };
                let (before, after) = (outline(&edges, &histogram.before), outline(&edges, &histogram.after));
                Ok(Drawn { before, after, categories: Vec::new() })
            }
            Values::Categories(before, after) => {
                let both = chi2_drift::counted(before, after);
                let (one, two): (Vec<f64>, Vec<f64>) = both.iter().map(|c| (c.reference, c.current)).unzip();
                let histogram = Histogram::new(&one, &two)?;
                let bars = |shares: Vec<f64>| (0..).map(f64::from).zip(shares).collect();
                let categories = both.into_iter().map(|category| category.name).collect();
                Ok(Drawn { before: bars(histogram.before), after: bars(histogram.after), categories })
            }
        }
    }
}

impl Histogram {
    fn new(before: &[f64], after: &[f64]) -> Result<Self, Error> {
        let [before, after] = shares([("/reference", before), ("/current", after)])?;
        Ok(Histogram { before, after })
    }
}

/// Two distributions as they are drawn.
struct Drawn {
    before: Vec<(f64, f64)>,
    after: Vec<(f64, f64)>,
    categories: Vec<String>,
}

fn outline(edges: &[f64], heights: &[f64]) -> Vec<(f64, f64)> {
    let tops = edges.windows(2).zip(heights).flat_map(|(pair, height)| [(pair[0], *height), (pair[1], *height)]);
    let ends = (edges[0], edges[edges.len() - 1]);
    [(ends.0, 0.0)].into_iter().chain(tops).chain([(ends.1, 0.0)]).collect()
}

fn table(columns: &[Row]) -> String {
    let mut text =
        "| column | drifted | PSI | statistic | p-value | JS (bits) |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for row in columns {
        let drifted = if row.drifted { "yes" } else { "no" };
        let name = row.name.replace('|', "\\|").replace(['\n', '\r'], " ");
        text += &format!(
            "| {name} | {drifted} | {:.4} | {:.4} | {:.3e} | {:.4} |\n",
            row.psi, row.statistic, row.p_value, row.js_divergence
        );
    }
    text
}

fn draw(pairs: &[Pair<'_>], columns: &[Row]) -> Result<String, Error> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by(|&a, &b| columns[b].psi.total_cmp(&columns[a].psi).then(a.cmp(&b)));
    order.truncate(LIMITS.1);
    order.sort_unstable();
    let drawn = order.iter().map(|&i| pairs[i].drawn()).collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<[Line<'_>; 2]> = drawn
        .iter()
        .map(|drawn| [("reference", &drawn.before), ("current", &drawn.after)])
        .map(|both| both.map(|(name, points)| Line { name, points }))
        .collect();
    let titles: Vec<String> = order
        .iter()
        .map(|&i| {
            format!(
                "{}: PSI {:.3}{}",
                columns[i].name,
                columns[i].psi,
                if columns[i].drifted { ", drifted" } else { "" }
            )
        })
        .collect();
    let drawn: Vec<Panel<'_>> = drawn
        .iter()
        .zip(&lines)
        .zip(&titles)
        .map(|((drawn, lines), title)| {
            let x = if drawn.categories.is_empty() { "value" } else { "category" };
            Panel { title, x, y: "share", lines, categories: &drawn.categories, ..Panel::default() }
        })
        .collect();
    panels("Distributions before and now", &drawn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn report(arguments: serde_json::Value) -> Result<Output, Error> {
        run(&serde_json::from_value(arguments).unwrap())
    }

    #[test]
    fn a_large_and_certain_change_is_drift() {
        let before: Vec<i32> = (0..100).collect();
        let after: Vec<i32> = (60..160).collect();
        let out = report(json!({"reference": before, "current": after})).unwrap();
        assert!(out.drift_detected && out.svg.starts_with("<svg") && out.table.contains("| yes |"));
        assert!(!report(json!({"reference": before, "current": before})).unwrap().drift_detected);
    }

    #[test]
    fn large_without_certainty_is_not() {
        // Three values may be anywhere.
        let out = report(json!({"reference": [1, 2, 3], "current": [7, 8, 9]})).unwrap();
        assert!(!out.drift_detected && out.columns[0].psi > 1.0);
    }

    #[test]
    fn columns_of_either_kind_by_name() {
        let (old, new): (Vec<&str>, Vec<&str>) = (["a", "b"].repeat(50), ["a", "c"].repeat(50));
        let out = report(json!({
            "reference": {"city": old, "age": [1, 2, 3, 4]}, "current": {"city": new, "age": [1, 2, 3, 4]}
        }));
        let out = out.unwrap();
        let drifted: Vec<(&str, bool)> = out.columns.iter().map(|row| (row.name.as_str(), row.drifted)).collect();
        assert_eq!(drifted, [("age", false), ("city", true)]);
        assert_eq!(out.drifted_share, 0.5);
        assert!(["\na\n", "\nb\n", "\nc\n"].iter().all(|name| out.svg.contains(name)), "{}", out.svg);
    }

    #[test]
    fn says_which_column_does_not_fit() {
        let error = report(json!({"reference": {"a": [1]}, "current": {"b": [1]}})).unwrap_err();
        assert_eq!(error.message, "`reference` has no column `b`");
        let error = report(json!({"reference": {"a": [1]}, "current": {"a": ["x"]}})).unwrap_err();
        assert_eq!(error.message, "column `a` holds numbers in one, categories in the other");
        assert!(report(json!({"reference": [[1, 2]], "current": [[1]]})).is_err());
        assert!(report(json!({"reference": {}, "current": {}})).is_err());
    }
}

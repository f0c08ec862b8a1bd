//! # Distance of two distributions
//!
//! How different two ways to spread probability over the same outcomes are. Kullback-Leibler says how many bits are lost
//! when `q` stands in for `p`, and is infinite where `q` excludes what `p` allows; Jensen-Shannon compares both with
//! their mean and always exists, its root is a metric. Hellinger, Bhattacharyya and total variation look at overlap;
//! Wasserstein says how far probability has to be carried.
//!
//! Cost: O(n), O(n log n) for Wasserstein with positions. References: T. Cover, J. Thomas, *Elements of Information
//! Theory*, 2006, §2.3; J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37(1), 1991;
//! the conventions are those of `scipy.stats.entropy` and `scipy.spatial.distance.jensenshannon`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{error::Error, value::Vector};

/// Computes how far two probability distributions over the same outcomes are apart: Kullback-Leibler, Jensen-Shannon,
/// Hellinger, total variation, Wasserstein and others. Use it to compare histograms, topic shares or model outputs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The first distribution: probabilities or counts of each outcome, none negative; they are divided by their sum.
    pub p: Vector,
    /// The second distribution over the same outcomes: reference, q.
    pub q: Vector,
    /// Which distance to take: metric, divergence. Jensen-Shannon divergence when not given.
    #[serde(default)]
    pub metric: Metric,
    /// The base of the logarithm: 2 (bits), `e` (nats, the default) or any number above 1.
    #[serde(default)]
    pub base: Base,
    /// Where the outcomes lie on a line, for the Wasserstein distance: positions, bin centres; 0, 1, 2, ... when not
    /// given.
    #[serde(default)]
    pub positions: Option<Vector>,
}

/// A distance of distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Metric {
    /// Kullback-Leibler divergence of p from q, the relative entropy.
    Kl,
    /// Jensen-Shannon divergence.
    #[default]
    JsDivergence,
    /// Its square root.
    JsDistance,
    /// Hellinger distance, from 0 to 1.
    Hellinger,
    /// Total variation: the largest difference that any event can have, from 0 to 1.
    TotalVariation,
    /// Bhattacharyya distance, the logarithm of the overlap.
    Bhattacharyya,
    /// Pearson's chi-square divergence of p from q.
    ChiSquare,
    /// How many bits a code for q takes for p.
    CrossEntropy,
    /// The least work of moving one into the other along a line.
    Wasserstein,
}

/// The base of a logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Base(f64);

impl Default for Base {
    fn default() -> Self {
        Base(std::f64::consts::E)
    }
}

impl<'de> Deserialize<'de> for Base {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Word {
            Number(f64),
            Name(String),
        }
        match Word::deserialize(from)? {
            Word::Number(base) if base > 1.0 && base.is_finite() => Ok(Base(base)),
            Word::Number(base) => Err(de::Error::custom(format!("`{base}` is no base above 1"))),
            Word::Name(name) if name == "e" => Ok(Base::default()),
            Word::Name(name) => Err(de::Error::custom(format!("`{name}` is neither `e` nor a number"))),
        }
    }
}

impl JsonSchema for Base {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Base".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "number", "exclusiveMinimum": 1}, {"const": "e"}]})
    }
}

/// The distance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The distance, 0 for equal distributions (the cross entropy excepted).
    pub value: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "KL divergence between [0.5, 0.3, 0.2] and [0.4, 0.4, 0.2]",
    "Jensen-Shannon distance of p = (0.1, 0.9) and q = (0.5, 0.5) in bits",
    "how far apart are these two histograms? 10 20 30 and 15 25 20, hellinger",
    "total variation distance between the topic shares [0.2,0.8] and [0.6,0.4]",
    "earth mover's distance between two distributions over the same bins",
];

/// Measures the two.
///
/// # Errors
/// `invalid_arguments` if the lengths differ or a probability is negative, `undefined` if a sum is zero or the distance
/// is infinite.
pub fn run(args: &Args) -> Result<Output, Error> {
    if args.p.len() != args.q.len() {
        let message = format!("`q` has {} outcomes, but `p` has {}", args.q.len(), args.p.len());
        return Err(Error::invalid("/q", message).with_hint("give both over the same outcomes"));
    }
    let (p, q) = (shares("p", &args.p)?, shares("q", &args.q)?);
    let unit = args.base.0.ln();
    let sum = |term: &dyn Fn(f64, f64) -> f64| p.iter().zip(&q).map(|(p, q)| term(*p, *q)).sum::<f64>();
    let overlap = || sum(&|p, q| (p * q).sqrt());
    let value = match args.metric {
        Metric::Kl => {
            covered(&p, &q)?;
            sum(&relative_entropy).max(0.0) / unit
        }
        Metric::JsDivergence => jensen_shannon(&p, &q) / unit,
        Metric::JsDistance => (jensen_shannon(&p, &q) / unit).sqrt(),
        // The root of 1 - overlap, without the digits that the difference loses.
        Metric::Hellinger => (sum(&|p, q| (p.sqrt() - q.sqrt()).powi(2)) / 2.0).sqrt().min(1.0),
        Metric::TotalVariation => (sum(&|p, q| (p - q).abs()) / 2.0).min(1.0),
        Metric::Bhattacharyya => match overlap() {
            0.0 => return Err(infinite("`p` and `q` have no outcome in common")),
            overlap => (-overlap.min(1.0).ln() / unit).max(0.0),
        },
        Metric::ChiSquare => {
            covered(&p, &q)?;
            sum(&|p, q| if q > 0.0 { (p - q).powi(2) / q } else { 0.0 })
        }
        Metric::CrossEntropy => {
            covered(&p, &q)?;
            sum(&|p, q| if p > 0.0 { -p * q.ln() } else { 0.0 }) / unit
        }
        Metric::Wasserstein => wasserstein(&p, &q, args.positions.as_deref())?,
    };
    Ok(Output { value })
}

/// Divided by their sum.
fn shares(name: &str, values: &[f64]) -> Result<Vec<f64>, Error> {
    if let Some(at) = values.iter().position(|value| *value < 0.0) {
        let message = format!("`{name}` has the negative probability `{}`", values[at]);
        return Err(Error::invalid(format!("/{name}/{at}"), message));
    }
    // Scaled first: the sum of large counts may not be a number.
    let largest = values.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return Err(Error::undefined(format!("/{name}"), format!("`{name}` is all zeros and no distribution")));
    }
    let sum: f64 = values.iter().map(|value| value / largest).sum();
    Ok(values.iter().map(|value| value / largest / sum).collect())
}

/// Where `q` is 0, `p` must be 0 too.
fn covered(p: &[f64], q: &[f64]) -> Result<(), Error> {
    match p.iter().zip(q).position(|(p, q)| *p > 0.0 && *q == 0.0) {
        Some(at) => Err(infinite(&format!("outcome {at} is possible under `p`, but not under `q`"))),
        None => Ok(()),
    }
}

fn infinite(why: &str) -> Error {
    Error::undefined("/q", format!("the distance is infinite: {why}")).with_hint("`js_divergence` is always finite")
}

/// `p ln(p / q)`, where 0 ln 0 is 0.
fn relative_entropy(p: f64, q: f64) -> f64 {
    if p > 0.0 { p * (p / q).ln() } else { 0.0 }
}

fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let both = p.iter().zip(q).map(|(&p, &q)| {
        let mean = p / 2.0 + q / 2.0;
        relative_entropy(p, mean) + relative_entropy(q, mean)
    });
    (both.sum::<f64>() / 2.0).max(0.0)
}

/// The area between the two distribution functions.
fn wasserstein(p: &[f64], q: &[f64], positions: Option<&[f64]>) -> Result<f64, Error> {
    let counted: Vec<f64>;
    let positions = match positions {
        Some(positions) => positions,
        None => {
            counted = (0..p.len()).map(|at| at as f64).collect();
            &counted
        }
    };
    if positions.len() != p.len() {
        let message = format!("there are {} positions for {} outcomes", positions.len(), p.len());
        return Err(Error::invalid("/positions", message));
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| positions[*a].total_cmp(&positions[*b]));
    let mut ahead = 0.0;
    let areas = order.windows(2).map(|pair| {
        ahead += p[pair[0]] - q[pair[0]];
        f64::abs(ahead) * (positions[pair[1]] - positions[pair[0]])
    });
    Ok(areas.sum())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(metric: Metric, p: &[f64], q: &[f64], base: f64) -> Result<f64, Error> {
        let (p, q) = (Vector::new(p.to_vec())?, Vector::new(q.to_vec())?);
        run(&Args { p, q, metric, base: Base(base), positions: None }).map(|output| output.value)
    }

    fn check(metric: Metric, p: &[f64], q: &[f64], expected: f64) {
        let value = of(metric, p, q, 2.0).unwrap();
        assert!((value - expected).abs() < 1e-14, "{metric:?}: {value} instead of {expected}");
    }

    #[test]
    fn by_hand() {
        check(Metric::Kl, &[1.0, 0.0], &[0.5, 0.5], 1.0); // one bit
        check(Metric::Kl, &[2.0, 2.0], &[1.0, 3.0], 0.5 * 2.0_f64.log2() + 0.5 * (2.0_f64 / 3.0).log2());
        check(Metric::JsDivergence, &[1.0, 0.0], &[0.0, 1.0], 1.0);
        check(Metric::Hellinger, &[1.0, 0.0], &[0.0, 1.0], 1.0);
        check(Metric::TotalVariation, &[0.5, 0.5], &[0.8, 0.2], 0.3);
        check(Metric::Bhattacharyya, &[1.0, 0.0], &[0.25, 0.75], 1.0); // the overlap is √0.25
        check(Metric::ChiSquare, &[0.5, 0.5], &[0.25, 0.75], 1.0 / 3.0); // 1/4 + 1/12
        check(Metric::CrossEntropy, &[0.5, 0.5], &[0.25, 0.75], 1.0 - 0.5 * 0.75_f64.log2());
        check(Metric::Wasserstein, &[1.0, 0.0, 0.0], &[0.0, 0.5, 0.5], 1.5); // half goes one step, half two
    }

    #[test]
    fn says_what_is_infinite_or_no_distribution() {
        let error = of(Metric::Kl, &[0.5, 0.5], &[1.0, 0.0], 2.0).unwrap_err();
        assert_eq!(error.message, "the distance is infinite: outcome 1 is possible under `p`, but not under `q`");
        assert_eq!(of(Metric::Kl, &[-0.5, 1.5], &[1.0, 1.0], 2.0).unwrap_err().path, "/p/0");
        assert_eq!(of(Metric::Kl, &[1.0, 1.0], &[0.0, 0.0], 2.0).unwrap_err().path, "/q");
        assert!(serde_json::from_str::<Base>("1").is_err() && serde_json::from_str::<Base>("\"e\"").is_ok());
    }

    proptest! {
        /// Le Cam's and Pinsker's inequalities tie the distances together.
        #[test]
        fn known_inequalities_hold(
            p in prop::collection::vec(0.001..1.0_f64, 6), q in prop::collection::vec(0.001..1.0_f64, 6),
        ) {
            let of = |metric| of(metric, &p, &q, std::f64::consts::E).unwrap();
            let (kl, tv, h) = (of(Metric::Kl), of(Metric::TotalVariation), of(Metric::Hellinger));
            prop_assert!(tv <= (kl / 2.0).sqrt() + 1e-12);
            prop_assert!(h * h <= tv + 1e-12 && tv <= h * (2.0 - h * h).sqrt() + 1e-12);
            prop_assert!(of(Metric::JsDivergence) <= std::f64::consts::LN_2 + 1e-12);
            prop_assert!(kl <= (1.0 + of(Metric::ChiSquare)).ln() + 1e-12);
        }
    }
}

//! Finds the tool that a sentence asks for, by meaning.
//!
//! A tool is known by its name, what people say to get it, its description and its arguments; a sentence by its terms
//! (`words.rs`). A term counts the more, the fewer tools know it (inverse document frequency, K. Spärck Jones 1972). The
//! score is the share of the sentence's weight that the tool covers, so a wish that no tool knows stays low even when a few
//! words fit by chance: "train a tokenizer" covers little of any clustering tool.

use std::collections::{BTreeMap, HashMap, HashSet};

use roundtable_tools::Catalogue;
use serde_json::Value;

use super::arguments::field::Field;
use super::meaning::Meaning;
use super::words::{Term, spelled, terms};
use crate::model::ToolOffer;

/// What the finder knows of a tool.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Its family; empty for a tool that is not in the catalogue.
    pub group: String,
    /// A sentence that gets it.
    pub example: Option<&'static str>,
    /// Its arguments.
    pub fields: Vec<Field>,
    /// The schema of its output, where it is known.
    pub output: Option<Value>,
    terms: HashMap<Term, f64>,
    /// What its name and the first words of its description are about.
    called: Vec<Term>,
    /// What its name alone is about.
    name_terms: Vec<Term>,
}

/// The tools that can be found.
#[derive(Clone, Debug, Default)]
pub struct Finder {
    tools: Vec<Known>,
    weights: HashMap<Term, f64>,
    stems: HashSet<String>,
    meaning: Meaning,
}

/// A tool and how well it fits.
#[derive(Clone, Debug)]
pub struct Match<'a> {
    /// The tool.
    pub tool: &'a Known,
    /// How well it fits: about the share of the sentence that it covers, more where it is about little else.
    pub score: f64,
    /// Whether the sentence says the tool's own name.
    pub named: bool,
}

impl Finder {
    /// Reads a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut finder = Finder::default();
        for tool in catalogue.iter() {
            let spec = tool.spec();
            let mut known = Known::new(&spec.name, &spec.group, &spec.description, spec.examples, &spec.input_schema);
            known.output = Some(spec.output_schema.clone());
            finder.tools.push(known);
        }
        finder.weigh();
        finder
    }

    /// The same with the offers that are not in the catalogue.
    pub fn with_offers<'o>(&self, offers: impl IntoIterator<Item = &'o ToolOffer>) -> Option<Self> {
        let strange: Vec<Known> = offers
            .into_iter()
            .filter(|offer| self.get(&offer.name).is_none())
            .map(|offer| Known::new(&offer.name, "", &offer.description, &[], &offer.parameters))
            .collect();
        if strange.is_empty() {
            return None;
        }
        let mut finder = self.clone();
        finder.tools.extend(strange);
        finder.weigh();
        Some(finder)
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Known> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// Every tool.
    pub fn tools(&self) -> &[Known] {
        &self.tools
    }

    fn weigh(&mut self) {
        let mut counts: BTreeMap<&Term, usize> = BTreeMap::new();
        for term in self.tools.iter().flat_map(|tool| tool.terms.keys()) {
            *counts.entry(term).or_default() += 1;
        }
        let n = self.tools.len() as f64;
        self.weights = counts.into_iter().map(|(term, count)| (term.clone(), (1.0 + n / count as f64).ln())).collect();
        self.stems = self
            .weights
            .keys()
            .filter_map(|term| match term {
                Term::Plain(stem) => Some(stem.clone()),
                Term::Concept(_) => None,
            })
            .collect();
    }

    /// The sentence with slips in words of the field put right.
    pub fn spelled(&self, sentence: &str) -> String {
        spelled(sentence, &|stem| self.stems.contains(stem))
    }

    /// The tools that fit the sentence, best first.
    pub fn rank(&self, sentence: &str) -> Vec<Match<'_>> {
        let mut asked = terms(sentence);
        // A distance without a name of its own is the straight one.
        if asked.contains(&Term::Concept("distance")) && !asked.iter().any(|term| OTHER_DISTANCES.contains(term)) {
            asked.push(Term::Concept("euclidean"));
        }
        let spoken = normal(sentence);
        let compare = Term::Concept("compare");
        if !asked.contains(&compare) && BESIDE.iter().any(|word| spoken.contains(word)) {
            asked.push(compare);
        }
        let unseen = (1.0 + self.tools.len() as f64).ln();
        let weights: Vec<(&Term, f64)> = asked
            .iter()
            .map(|term| {
                let weight = match (term, self.weights.get(term)) {
                    (Term::Concept(_), Some(weight)) => 2.0 * weight,
                    // The field has a name for what is wanted, and no tool here knows it.
                    (Term::Concept(_), None) => 3.0 * unseen,
                    (Term::Plain(_), Some(weight)) => 0.5 * weight,
                    (Term::Plain(_), None) => 0.25 * unseen,
                };
                (term, weight)
            })
            .collect();
        let whole: f64 = weights.iter().map(|(_, weight)| weight).sum();
        // Who compares two tools by name wants neither of them alone.
        let several = asked.contains(&Term::Concept("compare")) && self.said(&spoken) > 1;
        let mut ranked: Vec<Match<'_>> = self
            .tools
            .iter()
            .map(|tool| {
                let covered: f64 = weights
                    .iter()
                    .map(|(term, weight)| weight * tool.terms.get(*term).copied().unwrap_or_default())
                    .sum();
                let named = says(&spoken, &normal(&tool.name)) && !several;
                let score = if whole > 0.0 { covered / whole } else { 0.0 };
                // Of two that cover as much, the one that is about little else.
                let score = score + FOCUS * tool.focus(&asked) + NAMED * tool.name_focus(&asked)
                    - UNASKED * tool.unasked(&asked);
                Match { tool, score: if named { score.max(0.95) } else { score }, named }
            })
            .collect();
        if !asked.contains(&Term::Concept("picture")) {
            // Who asks for what one tool computes does not want it drawn.
            let most = self.tools.iter().filter(|tool| tool.group != PLOTS).map(|tool| tool.concepts(&asked)).max();
            for plot in ranked.iter_mut().filter(|found| found.tool.group == PLOTS && !found.named) {
                if plot.tool.alone_in(&asked, &self.tools) {
                    plot.score += OWN_PICTURE;
                } else if Some(plot.tool.concepts(&asked)) <= most {
                    plot.score *= UNDRAWN;
                }
            }
        }
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        ranked
    }

    /// How many tools a sentence, in its normal form, calls by their names, be it in two words: "k-means".
    fn said(&self, spoken: &str) -> usize {
        let words: Vec<&str> = spoken.split(' ').collect();
        let joined: Vec<String> = words.windows(2).map(<[&str]>::concat).collect();
        let names = self.tools.iter().map(|tool| normal(&tool.name));
        names.filter(|name| says(spoken, name) || joined.contains(name)).count()
    }

    /// The probability that a sentence wants no tool, by what it means; 0 where that is not known.
    pub fn none_likely(&self, sentence: &str) -> f64 {
        self.meaning.of(sentence).map_or(0.0, |likely| likely.none())
    }

    /// The same tools, with what the sentence means counted beside its words, best first.
    pub fn by_meaning<'f>(&'f self, mut ranked: Vec<Match<'f>>, sentence: &str) -> Vec<Match<'f>> {
        let Some(likely) = self.meaning.of(sentence) else { return ranked };
        let most = likely.most();
        for found in &mut ranked {
            // A tool that nothing was learnt of has to be called by its words.
            let log = likely.log(&found.tool.name).unwrap_or(most - STRANGE);
            let share = log.exp() / (1.0 - likely.none()).max(f64::EPSILON);
            found.score += LIKELY * share - LESS_LIKELY * (most - log).min(UNLIKELIEST);
        }
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        ranked
    }
}

/// How much it counts that a tool is less likely by the sentence's meaning than the likeliest, for each factor of e and up to so
/// many, and that it is likely.
const LESS_LIKELY: f64 = 0.15;
const UNLIKELIEST: f64 = 8.0;
const LIKELY: f64 = 0.25;
/// How much less likely a tool is that nothing was learnt of.
const STRANGE: f64 = 1.5;

/// Words that set things beside each other.
const BESIDE: &[&str] = &[" next to ", " versus ", " vs ", " alongside "];

/// What says that another distance is meant than the straight one between two points.
const OTHER_DISTANCES: &[Term] = &[
    Term::Concept("euclidean"),
    Term::Concept("manhattan"),
    Term::Concept("cosine"),
    Term::Concept("string distance"),
    Term::Concept("vector metric"),
    Term::Concept("distribution distance"),
    Term::Concept("pairwise"),
];

/// The family of the tools that draw, and what is left of their score where no picture is spoken of and another tool knows as many
/// of the concepts.
const PLOTS: &str = "plot";
const UNDRAWN: f64 = 0.6;
/// What it counts that a picture is asked for by what only that picture shows.
const OWN_PICTURE: f64 = 0.3;

/// How much it counts that a tool is about what was asked and little else, and that it is called so.
const FOCUS: f64 = 0.06;
const NAMED: f64 = 0.12;
/// How much it counts against a tool that its name holds a concept nobody asked for: the lasso is no answer to "fit a line".
const UNASKED: f64 = 0.06;

/// Lower case, and anything but letters and digits a single space.
fn normal(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Names of tools that are words of every day.
const ORDINARY: &[&str] = &[
    "describe",
    "normalize",
    "standardize",
    "similarity",
    "attention",
    "activation",
    "optimize",
    "embed",
    "histogram",
    "faithfulness",
    "groundedness",
    "trustworthiness",
];

/// Whether the name stands in the sentence, both normal. A common word ("describe") names no tool.
fn says(sentence: &str, name: &str) -> bool {
    !ORDINARY.contains(&name) && format!(" {sentence} ").contains(&format!(" {name} "))
}

impl Known {
    fn new(name: &str, group: &str, description: &str, examples: &[&'static str], schema: &Value) -> Self {
        let mut found: HashMap<Term, f64> = HashMap::new();
        let mut learn = |text: &str, weight: f64| {
            for term in terms(text) {
                let known = found.entry(term).or_default();
                *known = known.max(weight);
            }
        };
        learn(&name.replace('_', " "), 1.0);
        let flat = description.split_whitespace().collect::<Vec<_>>().join(" ");
        let (what, when) = flat.split_once("Use it").unwrap_or((&flat, ""));
        learn(what, 0.88);
        // "Use `other` when …" speaks of other tools.
        learn(when.split('`').next().unwrap_or_default(), 0.65);
        learn(group, 0.4);
        for example in examples {
            learn(example, 0.8);
        }
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            learn(&name.replace('_', " "), 0.4);
            learn(part["description"].as_str().unwrap_or_default(), 0.3);
        }
        Known {
            name: name.to_owned(),
            description: description.to_owned(),
            group: group.to_owned(),
            example: examples.first().copied(),
            fields: Field::all(schema),
            output: None,
            terms: found,
            called: terms(&format!("{} {what}", name.replace('_', " "))),
            name_terms: terms(&name.replace('_', " ")),
        }
    }

    /// How many concepts that were asked for the tool is about, by its name, what it does or an example.
    fn concepts(&self, asked: &[Term]) -> usize {
        let about = |term: &&Term| self.terms.get(term).is_some_and(|weight| *weight > 0.8);
        asked.iter().filter(|term| matches!(term, Term::Concept(_))).filter(about).count()
    }

    /// The share of what the tool is called that was asked for.
    fn focus(&self, asked: &[Term]) -> f64 {
        let covered = self.called.iter().filter(|term| asked.contains(term)).count();
        covered as f64 / self.called.len().max(1) as f64
    }

    /// The share of its name that was asked for.
    fn name_focus(&self, asked: &[Term]) -> f64 {
        let covered = self.name_terms.iter().filter(|term| asked.contains(term)).count();
        covered as f64 / self.name_terms.len().max(1) as f64
    }

    /// How many concepts its name holds that were not asked for.
    fn unasked(&self, asked: &[Term]) -> f64 {
        let concepts = self.name_terms.iter().filter(|term| matches!(term, Term::Concept(name) if *name != "picture"));
        concepts.filter(|term| !asked.contains(term)).count().min(2) as f64
    }

    /// Whether its name holds a concept that was asked for and that none of `others` is called by.
    fn alone_in(&self, asked: &[Term], others: &[Known]) -> bool {
        let mine = self.name_terms.iter().filter(|term| matches!(term, Term::Concept(name) if *name != "picture"));
        mine.filter(|term| asked.contains(term))
            .any(|term| others.iter().all(|other| other.group == PLOTS || !other.name_terms.contains(term)))
    }

    /// The first sentence of the description.
    pub fn summary(&self) -> String {
        let flat = self.description.split_whitespace().collect::<Vec<_>>().join(" ");
        flat.split_once(". ").map_or(flat.as_str(), |(first, _)| first).trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sentence: &str, expected: &str) {
        let finder = Finder::new(&Catalogue::standard().expect("every schema compiles"));
        let ranked = finder.rank(&finder.spelled(sentence));
        assert_eq!(ranked[0].tool.name, expected, "{sentence}");
        assert!(ranked[0].score > 0.5, "{sentence}: {}", ranked[0].score);
    }

    #[test]
    fn finds_by_meaning() {
        check("scalar product of two vectors", "vector_dot");
        check("what angle do these vectors enclose", "vector_cosine");
        check("how distant are these two places", "vector_euclidean");
        check("averge of my marks", "mean_variance");
        check("the third quartile and the median", "describe");
        check("which rows belong together", "kmeans");
        check("reduce the dimensions", "pca");
        check("line of best fit", "linear_regression");
    }

    #[test]
    fn a_wish_that_no_tool_knows_stays_low() {
        let finder = Finder::new(&Catalogue::standard().expect("every schema compiles"));
        for sentence in
            ["knit a jumper in 3 colours", "translate this sentence into French", "solve this differential equation"]
        {
            assert!(finder.rank(sentence)[0].score < 0.5, "{sentence}");
        }
    }
}

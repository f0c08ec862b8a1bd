//! The arguments that a tool's schema asks for, each with the words by which people call it.
//!
//! The words come from the schema alone: the argument's name, what its description says it is ("How many clusters", "the
//! sensitivity, hit rate, recall", "1 less the specificity") and a short list of what people in the field call such
//! things (`ALIASES`). No tool has an entry of its own.

use serde_json::Value;

use super::objects::Variant;
use crate::offline::vocabulary::{ALIASES, GENERAL};

/// What an argument takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Takes {
    /// A number: whole numbers only, least, greatest.
    pub number: Option<Numbers>,
    /// A list of numbers, with what each may be.
    pub vector: Option<Numbers>,
    /// A list of lists of numbers.
    pub matrix: bool,
    /// That, of whole numbers only.
    pub whole_rows: bool,
    /// A list of such lists.
    pub tensor: bool,
    /// An object with names of any kind.
    pub map: bool,
    /// A list of texts.
    pub texts: bool,
    /// A list of lists of texts.
    pub text_rows: bool,
    /// A text.
    pub text: bool,
    /// Yes or no.
    pub truth: bool,
    /// One of these.
    pub options: Vec<String>,
    /// A list of these.
    pub choices: Vec<String>,
    /// An object, in one of these forms.
    pub variants: Vec<Variant>,
    /// A list of objects, each in one of these forms.
    pub items: Vec<Variant>,
}

/// Which numbers are right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    /// Whether only whole numbers are.
    pub whole: bool,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// Whether a number between 0 and 1 is right as well, beside whole ones.
    pub or_share: bool,
}

impl Numbers {
    /// Whether these are shares: between 0 and 1.
    pub fn shares(&self) -> bool {
        self.or_share || (self.least >= 0.0 && self.greatest <= 1.0 && !self.whole)
    }

    /// Whether the number is one of them.
    pub fn take(&self, value: f64) -> bool {
        let whole = value.fract() == 0.0 && value >= self.least && value <= self.greatest;
        if self.whole {
            return whole || (self.or_share && value > 0.0 && value < 1.0);
        }
        value >= self.least && value <= self.greatest
    }
}

/// An argument of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it is, as the schema says.
    pub description: String,
    /// What it takes.
    pub takes: Takes,
    /// Whether the tool cannot do without.
    pub required: bool,
    /// What it is when nobody says.
    pub default: Option<Value>,
    /// Phrases that mean it, as stems, with how surely (up to 10).
    pub phrases: Vec<Phrase>,
    /// Phrases that mean one less it: "specificity" for a false positive rate.
    pub complements: Vec<Vec<String>>,
}

/// Stems in a row, and how surely they mean the argument.
pub type Phrase = (Vec<String>, f64);

/// Whether two stems are forms of one word: "sensitive" and "sensitivity".
pub fn kin(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let (shorter, longer) = (a.len().min(b.len()), a.len().max(b.len()));
    shorter >= 5 && common >= shorter.saturating_sub(1).max(5) && longer - common <= 4
}

impl Field {
    /// The arguments of a schema, required ones first, each group in the order of the schema.
    pub fn all(schema: &Value) -> Vec<Field> {
        Self::within(schema, schema, 0)
    }

    fn within(schema: &Value, root: &Value, depth: usize) -> Vec<Field> {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields: Vec<Field> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, part)| Field::new(name, part, root, required.contains(&name.as_str()), depth))
            .collect();
        fields.sort_by_key(|field| required.iter().position(|name| *name == field.name).unwrap_or(usize::MAX));
        fields
    }

    fn new(name: &str, part: &Value, root: &Value, required: bool, depth: usize) -> Field {
        let mut takes = Takes::default();
        learn(part, root, &mut takes, depth);
        let whole =
            part["description"].as_str().or_else(|| follow(part, root)["description"].as_str()).unwrap_or_default();
        let description = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        let default = part.get("default").filter(|default| !default.is_null()).cloned();
        let (phrases, complements) = phrases(name, &description);
        Field { name: name.to_owned(), description, takes, required, default, phrases, complements }
    }

    /// Whether the words hold a phrase that means it at least so surely.
    pub fn said_in(&self, words: &[String], least: f64) -> bool {
        self.phrases.iter().any(|(phrase, weight)| {
            *weight >= least
                && phrase.len() <= words.len()
                && words.windows(phrase.len()).any(|window| window == phrase.as_slice())
        })
    }

    /// Whether it takes data: lists, tables, texts.
    pub fn is_data(&self) -> bool {
        let takes = &self.takes;
        let numbers = takes.vector.is_some() || takes.matrix || takes.tensor;
        numbers || takes.texts || takes.text_rows || takes.text || takes.map
    }

    /// The first part of what it is, for a question back: "how many clusters".
    pub fn meaning(&self) -> String {
        let first = self.description.split([';', ':']).next().unwrap_or_default();
        let first = first.split(". ").next().unwrap_or_default().trim_end_matches('.').trim();
        let mut letters = first.chars();
        match letters.next() {
            Some(initial) => initial.to_lowercase().chain(letters).collect(),
            None => String::new(),
        }
    }
}

fn follow<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut schema = schema;
    // Tools' schemas do not nest references deeply; a cycle among them ends here too.
    for _ in 0..8 {
        match schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')).and_then(|place| root.pointer(place)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

fn learn(schema: &Value, root: &Value, takes: &mut Takes, depth: usize) {
    let schema = follow(schema, root);
    if depth > 6 {
        return;
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for branch in schema[key].as_array().into_iter().flatten() {
            learn(branch, root, takes, depth + 1);
        }
    }
    for option in schema["enum"].as_array().into_iter().flatten().chain(schema.get("const")) {
        if let Some(option) = option.as_str() {
            takes.options.push(option.to_owned());
        }
    }
    let is = |wanted: &str| match &schema["type"] {
        Value::String(kind) => kind == wanted,
        Value::Array(kinds) => kinds.iter().any(|kind| kind == wanted),
        _ => false,
    };
    if is("integer") || is("number") {
        let numbers = numbers(schema, is("integer"));
        takes.number = Some(match takes.number {
            None => numbers,
            // A whole number or a share of a whole.
            Some(other) if other.whole != numbers.whole => {
                let whole = if other.whole { other } else { numbers };
                Numbers { or_share: true, ..whole }
            }
            Some(other) => other,
        });
    }
    if is("object") && schema["properties"].is_object() {
        takes.variants.push(variant(schema, root, depth));
    }
    takes.map |= is("object") && schema["additionalProperties"].is_object();
    takes.truth |= is("boolean");
    takes.text |= is("string") && schema.get("enum").is_none() && schema.get("const").is_none();
    if is("array") {
        let items = follow(&schema["items"], root);
        let mut inner = Takes::default();
        learn(items, root, &mut inner, depth + 1);
        takes.matrix |= inner.vector.is_some();
        takes.whole_rows |= inner.vector.is_some_and(|numbers| numbers.whole);
        takes.tensor |= inner.matrix;
        takes.texts |= inner.text;
        takes.text_rows |= inner.texts;
        takes.choices.extend(inner.options);
        takes.items.extend(inner.variants);
        takes.vector = takes.vector.or(inner.number);
    }
}

/// The form of an object: the part that can only hold one text tells it from the others.
fn variant(schema: &Value, root: &Value, depth: usize) -> Variant {
    let parts = schema["properties"].as_object().into_iter().flatten();
    let tag = parts.clone().find_map(|(name, part)| Some((name.clone(), part["const"].as_str()?.to_owned())));
    let mut parts = Field::within(schema, root, depth + 1);
    parts.retain(|part| tag.as_ref().is_none_or(|(name, _)| part.name != *name));
    Variant { tag, parts }
}

fn numbers(schema: &Value, whole: bool) -> Numbers {
    let bound = |key: &str| schema[key].as_f64();
    Numbers {
        whole,
        least: bound("minimum").or(bound("exclusiveMinimum")).unwrap_or(f64::NEG_INFINITY),
        greatest: bound("maximum").or(bound("exclusiveMaximum")).unwrap_or(f64::INFINITY),
        or_share: false,
    }
}

/// The words of a phrase as stems.
pub fn stems(text: &str) -> Vec<String> {
    crate::offline::words::words(text).into_iter().map(|word| word.stem).collect()
}

fn phrases(name: &str, description: &str) -> (Vec<Phrase>, Vec<Vec<String>>) {
    let mut phrases: Vec<Phrase> = Vec::new();
    let mut complements = Vec::new();
    let mut add = |text: &str, weight: f64| {
        let phrase = stems(text);
        if phrase.is_empty() {
            return;
        }
        match phrases.iter_mut().find(|(known, _)| *known == phrase) {
            Some((_, known)) => *known = known.max(weight),
            None => phrases.push((phrase, weight)),
        }
    };
    let spoken = name.replace(['_', '-'], " ");
    add(&spoken, 10.0);
    let parts: Vec<&str> = spoken.split(' ').collect();
    for part in parts
        .iter()
        .filter(|part| part.len() > 2 && !matches!(**part, "max" | "min" | "test" | "size" | "rate" | "init"))
    {
        add(part, if parts.len() == 1 { 10.0 } else { 5.0 });
    }
    let lower = description.to_lowercase();
    let (head, tail) = lower.split_once(':').unwrap_or((&lower, ""));
    let first = head.split([';', '.', '(']).next().unwrap_or_default();
    // "How many clusters, from 1 to …"
    let counted = first.split(',').next().unwrap_or_default();
    if let Some(what) = counted.strip_prefix("how many ") {
        let noun = what.split(" to ").next().unwrap_or_default();
        add(noun, 8.0);
        // "How many rows there are": rows.
        add(noun.split(' ').next().unwrap_or_default(), 4.0);
    }
    // ": the sensitivity, hit rate, recall. From 0 to 1."
    for synonym in tail.split(['.', ';']).next().unwrap_or_default().split(',') {
        let synonym = synonym.trim().trim_start_matches("the ").trim_start_matches("a ").trim_start_matches("an ");
        let complement =
            ["1 less ", "1 minus ", "one less ", "one minus "].iter().find_map(|less| synonym.strip_prefix(less));
        match complement {
            Some(other) => complements.push(stems(other.trim_start_matches("the "))),
            None => add(synonym, 8.0),
        }
    }
    for word in crate::offline::words::words(head) {
        if !GENERAL.contains(&word.text.as_str()) && !GENERAL.contains(&word.stem.as_str()) && word.text.len() > 2 {
            add(&word.text, 1.5);
        }
    }
    let about = format!(" {} {} ", stems(&spoken).join(" "), stems(&lower).join(" "));
    for (part, others) in ALIASES {
        let key = stems(&part.replace('_', " ")).join(" ");
        let in_name = format!(" {} ", stems(&spoken).join(" ")).contains(&format!(" {key} "));
        let weight = if in_name { 7.0 } else { 5.0 };
        if in_name || (key.len() > 3 && about.contains(&format!(" {key} "))) {
            others.iter().for_each(|other| add(other, weight));
        }
    }
    (phrases, complements)
}

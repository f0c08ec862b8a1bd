//! Fills a tool's arguments from a sentence, by the tool's schema.
//!
//! Data first, since nothing inside a text or a list is a setting: texts, lists, tables, files (`data`). Then the numbers
//! that are left are given to the arguments whose words stand nearest, all at once, so that "10 mean 2 std" and "mean 10
//! std 2" both come out right (`numbers`). Options and yes-or-no arguments are named by their words (`choice`). What
//! is required and still missing is said, never made up.

mod choice;
pub mod columns;
mod data;
pub mod field;
pub mod literal;
mod numbers;
pub mod objects;
mod polynomial;
mod shares;
mod text_lists;
mod texts;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use self::field::Field;
use crate::offline::vocabulary::PRIMARY;

/// What a sentence says of a tool's arguments.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// The arguments that it gives.
    pub arguments: Map<String, Value>,
    /// The required ones that it does not.
    pub missing: Vec<String>,
    /// Whether it holds data: a list, a table, a file, a quoted text.
    pub has_data: bool,
    /// How many numbers the words around them gave to an argument.
    pub spoken_for: usize,
    /// How many pieces of data found no place.
    pub unused: usize,
    /// How many of these are lists, tables, texts or files.
    pub unused_data: usize,
    /// Whether a flat list had to serve as a table, or a table as a list.
    pub bent: bool,
    /// Whether data went to arguments that could do without.
    pub promoted: bool,
    /// Whether lists that stand apart were put together as a table.
    pub gathered: bool,
}

/// Fills `fields` from the sentence.
pub fn fill(fields: &[Field], sentence: &str) -> Filled {
    let (whole, (fields, opened)) = (fields, objects::open(fields, sentence));
    let varied = varied(whole, &fields, sentence);
    let fields = match &varied {
        // What is varied has no single value.
        Some((_, name)) => Cow::Owned(fields.iter().filter(|field| field.name != *name).cloned().collect()),
        None => fields,
    };
    let (fields, promoted) = promoted(&fields, sentence);
    let fields = &*fields;
    let sentence = &in_words(fields, sentence);
    let mut filled = Filled::default();
    filled.arguments.extend(varied.map(|(argument, name)| (argument, Value::String(name))));
    let sentence = &*without_polynomial(fields, sentence, &mut filled.arguments);
    let rest = texts::texts(fields, sentence, &mut filled.arguments);
    let found = literal::literals(&rest);
    let mut left = found.clone();
    data::lists(fields, &rest, &mut left, &mut filled.arguments);
    filled.has_data = !filled.arguments.is_empty();
    data::points(fields, &mut filled.arguments);
    choice::options(fields, &rest, &mut filled.arguments);
    choice::lists(fields, &rest, &mut filled.arguments);
    choice::truths(fields, &rest, &mut filled.arguments);
    predicted(fields, &rest, &mut left, &mut filled.arguments);
    let (spoken_for, free) = numbers::assign(fields, &rest, &left, &mut filled.arguments);
    let (free, called) = single(fields, &rest, &left, free, &mut filled.arguments);
    filled.has_data |= called;
    filled.spoken_for = spoken_for;
    filled.unused_data = left.iter().filter(|literal| !matches!(literal.kind, literal::Kind::Number { .. })).count();
    filled.unused = free.len() + filled.unused_data;
    choice::meanings(fields, &rest, &mut filled.arguments);
    choice::implied(fields, &mut filled.arguments);
    let tables = found.iter().any(|literal| matches!(literal.kind, literal::Kind::Table(_)));
    let table = |field: &Field| field.takes.matrix.then(|| filled.arguments.get(&field.name)).flatten();
    filled.bent = if tables {
        // A table that had to serve as a list, or for something else.
        filled.has_data && !fields.iter().any(|field| table(field).is_some() || field.takes.text_rows)
    } else {
        fields.iter().any(|field| table(field).is_some_and(narrow))
    };
    filled.gathered = gathered(fields, &found, &filled.arguments);
    objects::close(opened, &mut filled.arguments);
    objects::lists(whole, &rest, &mut filled.arguments);
    filled.missing = whole
        .iter()
        .filter(|field| field.required && !filled.arguments.contains_key(&field.name))
        .map(|field| field.name.clone())
        .collect();
    // A tool that takes its data in one form or another needs them in one; one that shows its own can do without.
    let needed = !promoted.is_empty() && promoted != [SHOWN];
    filled.promoted = needed && filled.has_data;
    if needed && !filled.has_data {
        filled.missing.extend(promoted);
    }
    filled
}

/// The argument that names a setting of a model to be varied, and the setting that the sentence names.
fn varied(whole: &[Field], fields: &[Field], sentence: &str) -> Option<(String, String)> {
    let argument = whole.iter().find(|field| field.name == VARIED && field.takes.text)?;
    let words = field::stems(sentence);
    let parts = whole.iter().flat_map(|field| &field.takes.variants).flat_map(|variant| &variant.parts);
    let said = parts.filter(|part| part.takes.number.is_some()).filter_map(|part| {
        let name = field::stems(&part.name.replace('_', " "));
        let at = words.windows(name.len()).position(|window| window == name)?;
        let called = at > 0 && words[at - 1] == VARIED;
        let strange = fields.iter().all(|field| field.name != part.name);
        // The one right after "parameter", else the first one that the model has; the longest name of several at one place.
        Some(((!called, strange, at, std::cmp::Reverse(name.len())), part))
    });
    let (_, setting) = said.min_by_key(|(place, _)| *place)?;
    Some((argument.name.clone(), setting.name.clone()))
}

/// The argument for the name of a setting.
const VARIED: &str = "parameter";

/// "What is the chance after 4.5 hours?": the one number that no word claims is a row to predict for, where rows have one column.
fn predicted(fields: &[Field], sentence: &str, left: &mut Vec<literal::Literal>, arguments: &mut Map<String, Value>) {
    let open = fields.iter().find(|field| field.name == "X_test" && !field.required && field.takes.matrix);
    let learns = arguments.contains_key("y") && arguments.get("X").is_some_and(narrow);
    let (Some(field), true) = (open, learns) else { return };
    let numbers: Vec<usize> =
        (0..left.len()).filter(|at| matches!(left[*at].kind, literal::Kind::Number { word: false, .. })).collect();
    let (&[at], false) = (numbers.as_slice(), arguments.contains_key(&field.name)) else { return };
    let literal::Kind::Number { value, whole, share: false, .. } = left[at].kind else { return };
    let (before, after) = around(sentence, 0, left[at].start, left[at].end, sentence.len());
    let claims = |text: &[String]| {
        fields.iter().any(|other| other.takes.number.is_some() && other.name != field.name && other.said_in(text, 5.0))
    };
    let (before, after) = (field::stems(&before), field::stems(&after));
    if claims(&before[before.len().saturating_sub(4)..]) || claims(&after[..after.len().min(2)]) {
        return;
    }
    arguments.insert(field.name.clone(), Value::from(vec![vec![literal::json_number(value, whole)]]));
    left.remove(at);
}

/// The argument for a table that a tool has an example of.
const SHOWN: &str = "X";

/// Where no data are required because they may come in several forms, the usual form is wanted: `PRIMARY`.
fn promoted<'f>(fields: &'f [Field], sentence: &str) -> (Cow<'f, [Field]>, Vec<String>) {
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    let shown = [SHOWN];
    let usual: &[&str] = if PRIMARY.iter().any(|name| has(name)) { PRIMARY } else { &shown };
    let mut usual = usual.iter().filter(|name| has(name)).peekable();
    if usual.peek().is_none() || fields.iter().any(|field| field.required && field.is_data()) {
        return (Cow::Borrowed(fields), Vec::new());
    }
    // "The counts were 120, 60, 20": where they may be given instead.
    let lower = sentence.to_lowercase();
    let counts =
        ["count", "the bins", "each bin", "per bin", " held ", " bands "].iter().any(|word| lower.contains(word));
    // Nor are numbers the names of categories.
    let found = literal::literals(sentence);
    let numbers = !found.is_empty()
        && !found.iter().any(|literal| match &literal.kind {
            literal::Kind::Text(_) | literal::Kind::File { .. } => true,
            literal::Kind::List(items) => items.iter().any(Value::is_string),
            _ => false,
        });
    let categories = |name: &str| fields.iter().any(|field| field.name == name && field.takes.texts);
    let form = |name: &&str| {
        let counted = format!("{name}_counts");
        if (counts || numbers && categories(name)) && has(&counted) { counted } else { (*name).to_owned() }
    };
    let names: Vec<String> = usual.map(form).collect();
    let place = |field: &Field| names.iter().position(|name| *name == field.name).unwrap_or(names.len());
    let mut wanted = fields.to_vec();
    wanted.sort_by_key(place);
    wanted.iter_mut().filter(|field| names.contains(&field.name)).for_each(|field| field.required = true);
    (Cow::Owned(wanted), names)
}

/// "at x = 0.5", "below 130": one number that nobody wants is the list of one that is still open, and so are several that are
/// each called: "below 85, and below 120". Says whether words called them.
fn single(
    fields: &[Field],
    sentence: &str,
    left: &[literal::Literal],
    free: Vec<usize>,
    arguments: &mut Map<String, Value>,
) -> (Vec<usize>, bool) {
    let mut open = fields.iter().filter(|field| field.required && !arguments.contains_key(&field.name));
    let (Some(field), None) = (open.next(), open.next()) else { return (free, false) };
    let Some(numbers) = field.takes.vector else { return (free, false) };
    let number = |at: &usize| match &left[*at].kind {
        // "The Seven Years War" is no list of one, nor is "99% of people" a height.
        literal::Kind::Number { value, whole, share, word: false }
            if numbers.take(*value) && (!share || numbers.shares()) =>
        {
            Some(numbers::written(numbers, *value, *whole, *share, false))
        }
        _ => None,
    };
    let called = |at: &usize| {
        let from = at.checked_sub(1).map_or(0, |before| left[before].end);
        let to = left.get(at + 1).map_or(sentence.len(), |next| next.start);
        let (before, after) = around(sentence, from, left[*at].start, left[*at].end, to);
        let named = |text: &str| field.said_in(&field::stems(text), 5.0);
        let last = before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
        named(&before) || named(&after) || CALLS_A_VALUE.contains(&last.unwrap_or_default())
    };
    let all_called = free.iter().all(called);
    let found: Option<Vec<Value>> = free.iter().map(number).collect();
    match found {
        Some(found) if found.len() == 1 || found.len() > 1 && all_called => {
            arguments.insert(field.name.clone(), Value::Array(found));
            (Vec::new(), all_called)
        }
        _ => (free, false),
    }
}

/// Words right before a number that is asked about.
const CALLS_A_VALUE: &[&str] = &["at", "below", "above", "than", "under", "over", "of", "exceeds", "exceed", "value"];

/// Whether a table was made of lists that stand apart.
fn gathered(fields: &[Field], found: &[literal::Literal], arguments: &Map<String, Value>) -> bool {
    let lists = found.iter().filter(|literal| matches!(literal.kind, literal::Kind::List(_))).count();
    let table = |field: &Field| {
        field.takes.matrix
            && !narrow(arguments.get(&field.name).unwrap_or(&Value::Null))
            && arguments.contains_key(&field.name)
    };
    lists >= 2
        && !found.iter().any(|literal| matches!(literal.kind, literal::Kind::Table(_)))
        && fields
            .iter()
            .any(|field| table(field) && arguments[&field.name].as_array().is_some_and(|rows| rows.len() == lists))
}

/// What mathematicians write shorter than it is said, in words: `N(5, 1.5)` and "variance 16" where a mean and a standard deviation
/// are wanted, and "1,500" where no list is.
///
/// The second number of `N` is the standard deviation, as in the libraries that draw such numbers; written as a square,
/// `N(5, 1.5²)`, too.
fn in_words<'s>(fields: &[Field], sentence: &'s str) -> Cow<'s, str> {
    static NORMAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let number = r"(?:[a-zμσ]+\s*=\s*)?(-?[0-9.]+)";
        let name = r"\b(?:N|𝒩|[Nn]ormal|[Gg]aussian)";
        Regex::new(&format!(r"{name}\s?\(\s*{number}\s*[,;]\s*{number}\s*(?:²|\^2)?\s*\)")).ok()
    });
    static VARIANCE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bvariance(?:\s+of|\s+is|\s*=|\s*:)?\s+([0-9]+(?:\.[0-9]+)?)").ok());
    static THOUSANDS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(^|[\s(])([0-9]{1,3}),([0-9]{3})($|[\s.;?!)])").ok());
    let mut text = Cow::Borrowed(sentence);
    let wants = |name: &str| fields.iter().any(|field| field.name == name);
    if let (true, true, Some(normal), Some(variance)) = (wants("mean"), wants("std"), &*NORMAL, &*VARIANCE) {
        text = Cow::Owned(normal.replace_all(&text, "mean $1, standard deviation $2").into_owned());
        let deviation = |found: &Captures<'_>| match found[1].parse::<f64>() {
            Ok(variance) => format!("standard deviation {}", variance.sqrt()),
            Err(_) => found[0].to_owned(),
        };
        text = Cow::Owned(variance.replace_all(&text, deviation).into_owned());
    }
    static BOTH_SIDES: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bfrom\s+[-−]([0-9.]+)\s+to\s+\+?([0-9.]+)").ok());
    if let (true, Some(both)) = (wants("range"), &*BOTH_SIDES) {
        let range = |found: &Captures<'_>| match found[1] == found[2] {
            true => format!("range {}", &found[1]),
            false => found[0].to_owned(),
        };
        text = Cow::Owned(both.replace_all(&text, range).into_owned());
    }
    static BETWEEN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bbetween\s+([-−]?[0-9.]+)\s+and\s+([-−]?[0-9.]+)").ok());
    let ends = fields.iter().any(|field| field.name == "range" && field.takes.vector.is_some());
    if let (true, Some(between)) = (ends, &*BETWEEN) {
        text = Cow::Owned(between.replace_all(&text, "range $1, $2").into_owned());
    }
    if wants("base") && text.contains(" in bits") {
        text = Cow::Owned(text.replacen(" in bits", " base 2", 1));
    }
    if let (true, Some(thousands)) = (fields.iter().all(|field| !field.is_data()), &*THOUSANDS) {
        text = Cow::Owned(thousands.replace_all(&text, "$1$2$3$4").into_owned());
    }
    text
}

/// Takes the coefficients of a polynomial, where they are wanted, out of the sentence.
fn without_polynomial<'s>(fields: &[Field], sentence: &'s str, arguments: &mut Map<String, Value>) -> Cow<'s, str> {
    let wanted = fields.iter().find(|field| field.name == objects::COEFFICIENTS && field.takes.vector.is_some());
    let (Some(field), Some((range, coefficients))) = (wanted, polynomial::find(sentence)) else {
        return Cow::Borrowed(sentence);
    };
    let written = |x: f64| literal::json_number(x, (x.fract() == 0.0).then_some(x as i128));
    arguments.insert(field.name.clone(), coefficients.into_iter().map(written).collect());
    Cow::Owned(format!("{}…{}", &sentence[..range.start], &sentence[range.end..]))
}

/// A table of a single column.
pub(in crate::offline::arguments) fn narrow(value: &Value) -> bool {
    value.as_array().is_some_and(|rows| rows.iter().all(|row| row.as_array().is_some_and(|row| row.len() == 1)))
}

/// The words around the bytes `start..end`, as far as the neighbouring literals: before, nearest last; after, nearest first.
fn around(sentence: &str, from: usize, start: usize, end: usize, to: usize) -> (String, String) {
    let slice = |a: usize, b: usize| sentence.get(a.min(b)..b).unwrap_or_default().to_lowercase();
    (slice(from, start), slice(end, to.max(end)))
}

#[cfg(test)]
mod tests;

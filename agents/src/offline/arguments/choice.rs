//! Options and yes-or-no arguments, named by their words.

use serde_json::{Map, Value};

use super::field::{Field, kin, stems};

/// Options that are common words count only when the argument itself is named.
const COMMON: &[&str] = &[
    "start", "end", "none", "auto", "true", "false", "all", "first", "last", "max", "min", "both", "same", "left",
    "right", "up", "down", "linear", "full", "one", "two", "low", "high", "random", "distance", "single",
];

/// What people say for options with names that nobody says.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("absolute values", "l1"),
    ("absolute sum", "l1"),
    ("adds up to", "l1"),
    ("euclidean length", "l2"),
    ("unit length", "l2"),
    ("largest absolute", "max"),
    ("mode", "most_frequent"),
    ("most common", "most_frequent"),
    ("commonest", "most_frequent"),
    ("average", "mean"),
    ("middle value", "median"),
    ("nearer rows", "distance"),
    ("closer rows", "distance"),
    ("step by step", "incremental"),
    ("little by little", "incremental"),
    ("abrupt", "sudden"),
    ("comes and goes", "recurring"),
    ("back and forth", "recurring"),
    ("information gain", "entropy"),
    ("swish", "silu"),
    ("characters", "char"),
    ("letters", "char"),
    ("rectifier", "relu"),
    ("logistic function", "sigmoid"),
    ("absolute loss", "mae"),
    ("absolute error", "mae"),
    ("squared loss", "mse"),
    ("squared error", "mse"),
    ("heavy ball", "momentum"),
    ("city block", "manhattan"),
    ("taxicab", "manhattan"),
    ("straight line", "euclidean"),
    ("rank correlation", "spearman"),
    ("gini impurity", "gini"),
];

/// One of the options of an argument, if the sentence names it.
pub fn options(fields: &[Field], sentence: &str, arguments: &mut Map<String, Value>) {
    let words = stems(sentence);
    for field in fields {
        if field.takes.options.is_empty() || arguments.contains_key(&field.name) {
            continue;
        }
        let place = named_at(field, &words);
        let mut best: Option<(bool, usize, usize, &String)> = None;
        let written = |option: &String| {
            option.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
                || sentence.to_lowercase().contains(&**option)
        };
        for option in field.takes.options.iter().filter(|option| written(option)) {
            let in_other_words = || in_other_words(option, &words);
            let Some((at, length)) = said_at(option, &words).or_else(in_other_words) else { continue };
            let near = place.map_or(usize::MAX, |(place, _)| place.abs_diff(at));
            // Two letters may be anything, in capitals they are a name: "KL".
            let letters = option.len() < 3
                && option.chars().all(char::is_alphabetic)
                && !sentence.split(|c: char| !c.is_alphanumeric()).any(|word| word == option.to_uppercase());
            if (COMMON.contains(&option.as_str()) || letters && in_other_words().is_none()) && near > 4 {
                continue;
            }
            // "Nesterov, momentum 0.9": the second is a setting.
            let meant = !is_setting(fields, &words[at..], length);
            // The longest name wins, then the nearest to the argument's own.
            let better = |(m, l, n, _): (bool, usize, usize, &String)| {
                (meant, length, std::cmp::Reverse(near)) > (m, l, std::cmp::Reverse(n))
            };
            if best.is_none_or(better) {
                best = Some((meant, length, near, option));
            }
        }
        if let Some((.., option)) = best {
            arguments.insert(field.name.clone(), Value::from(option.as_str()));
        }
    }
}

/// Whether the first `length` words name an argument for a number, and a number follows.
fn is_setting(fields: &[Field], words: &[String], length: usize) -> bool {
    let (name, after) = words.split_at(length.min(words.len()));
    let number = after.iter().find(|word| *word != "of" && *word != "is");
    number.is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        && fields.iter().any(|field| field.takes.number.is_some() && stems(&field.name.replace('_', " ")) == name)
}

/// Every option of a list that the sentence names.
pub fn lists(fields: &[Field], sentence: &str, arguments: &mut Map<String, Value>) {
    for field in fields.iter().filter(|field| !field.takes.choices.is_empty()) {
        let said = every(&field.takes.choices, sentence);
        if !said.is_empty() && !arguments.contains_key(&field.name) {
            arguments.insert(field.name.clone(), said.into_iter().map(Value::String).collect());
        }
    }
}

/// The options that the sentence names, in its order.
pub fn every(options: &[String], sentence: &str) -> Vec<String> {
    let words = stems(sentence);
    let said = |option: &String| said_at(option, &words).or_else(|| in_other_words(option, &words));
    let mut found: Vec<(usize, usize, &String)> =
        options.iter().filter_map(|option| said(option).map(|(at, length)| (at, length, option))).collect();
    // Of two names at one place ("adam" in "adam w") the longer is meant.
    found.sort_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)));
    found.dedup_by_key(|(at, ..)| *at);
    found.into_iter().map(|(_, _, option)| option.clone()).collect()
}

/// Where the words name an option, in words of its own or all in one, and how many words that takes.
fn said_at(option: &str, words: &[String]) -> Option<(usize, usize)> {
    let phrase = stems(&option.replace(['_', '-'], " "));
    let joined = [phrase.concat()];
    let whole = find(words, &phrase).map(|at| (at, phrase.len())).or_else(|| find(words, &joined).map(|at| (at, 1)));
    // "t-SNE" is `tsne`, and an interleaved RoPE a `rope_interleaved`.
    let parted = || words.windows(2).position(|pair| pair.concat() == joined[0]).map(|at| (at, 2));
    let turned = || match phrase.as_slice() {
        [one, other] => find(words, &[other.clone(), one.clone()]).map(|at| (at, 2)),
        _ => None,
    };
    whole.or_else(parted).or_else(turned)
}

/// The same for words that people say instead.
fn in_other_words(option: &str, words: &[String]) -> Option<(usize, usize)> {
    let phrases = OTHER_WORDS.iter().filter(|(_, name)| *name == option);
    phrases.map(|(phrase, _)| stems(phrase)).find_map(|phrase| Some((find(words, &phrase)?, 1)))
}

/// Words that turn a wish round.
const NOT: &[&str] = &[
    "no", "not", "without", "dont", "don't", "never", "skip", "omit", "drop", "leave", "disable", "off", "avoid",
    "exclude",
];

/// Verbs in names that nobody says.
const SILENT: &[&str] =
    &["fit", "use", "keep", "with", "is", "return", "include", "do", "compute", "give", "strip", "show", "allow"];

/// What a yes-or-no argument is called when it is not called by its name: a phrase, a part of the name, the answer.
const MANNERS: &[(&str, &str, bool)] = &[
    ("through the origin", "intercept", false),
    ("through zero", "intercept", false),
    ("through origin", "intercept", false),
    ("pass through the origin", "intercept", false),
    ("statistically significant", "inference", true),
    ("significance", "inference", true),
    ("significant", "inference", true),
    ("confidence intervals", "inference", true),
    ("t values", "inference", true),
    ("unit variance scores", "whiten", true),
    ("slope", "derivative", true),
    ("out of bag", "oob", true),
    ("leave out the first", "drop_first", true),
    ("drop the first", "drop_first", true),
    ("dropping the first", "drop_first", true),
    ("leaving out the first", "drop_first", true),
    ("without the first", "drop_first", true),
    ("omit the first", "drop_first", true),
    ("skip the first", "drop_first", true),
    ("minus one dummies", "drop_first", true),
    ("only the past", "causal", true),
    ("earlier keys", "causal", true),
    ("only earlier", "causal", true),
    ("earlier positions", "causal", true),
    ("left to right", "causal", true),
    ("looking ahead", "causal", true),
    ("look ahead", "causal", true),
    ("seeing the future", "causal", true),
    ("later keys", "causal", true),
    ("class proportions", "stratify", true),
    ("same proportions", "stratify", true),
    ("same class", "stratify", true),
    ("keeping the proportions", "stratify", true),
    ("same mix of classes", "stratify", true),
    ("no peeking ahead", "causal", true),
    ("masking the future", "causal", true),
    ("draw a sample", "picture", false),
    ("draw a random", "picture", false),
    ("draw a", "picture", true),
    ("plot", "picture", true),
    ("draw it", "picture", true),
    ("draw the", "picture", true),
    ("draw a picture", "picture", true),
    ("and draw", "picture", true),
    ("drawn", "picture", true),
    ("chart", "picture", true),
    ("graph", "picture", true),
    ("visualise", "picture", true),
    ("show me a curve", "picture", true),
];

/// Yes or no, if the sentence speaks of it.
pub fn truths(fields: &[Field], sentence: &str, arguments: &mut Map<String, Value>) {
    let words = stems(sentence);
    for field in fields.iter().filter(|field| field.takes.truth) {
        if arguments.contains_key(&field.name) {
            continue;
        }
        if let Some(said) = explicit(field, sentence) {
            arguments.insert(field.name.clone(), Value::Bool(said));
            continue;
        }
        let manner = MANNERS
            .iter()
            .find(|(phrase, part, _)| field.name.contains(part) && find(&words, &stems(phrase)).is_some())
            .map(|(_, _, said)| *said);
        if let Some(said) = manner {
            arguments.insert(field.name.clone(), Value::Bool(said));
            continue;
        }
        let Some((at, sure)) = named_at(field, &words) else { continue };
        let denied = words[at.saturating_sub(3)..at].iter().any(|word| NOT.contains(&word.as_str()));
        let default = field.default.as_ref().and_then(Value::as_bool);
        if denied || (sure && default != Some(true)) {
            arguments.insert(field.name.clone(), Value::Bool(!denied));
        }
    }
}

/// A value of one argument that says the option of another.
const IMPLIED: &[(&str, &str, &str)] = &[("fill_value", "strategy", "constant")];

/// Options that follow from what else was said.
pub fn implied(fields: &[Field], arguments: &mut Map<String, Value>) {
    for (given, name, option) in IMPLIED {
        let takes = |field: &Field| field.name == *name && field.takes.options.iter().any(|known| known == option);
        if arguments.contains_key(*given) && !arguments.contains_key(*name) && fields.iter().any(takes) {
            arguments.insert((*name).to_owned(), Value::from(*option));
        }
    }
}

/// What a number is called when it is not written: a phrase, the argument, the number.
const NUMBERS: &[(&str, &str, i64)] = &[
    ("n 1", "ddof", 1),
    ("n minus 1", "ddof", 1),
    ("n minus one", "ddof", 1),
    ("unbiased", "ddof", 1),
    ("bessels correction", "ddof", 1),
    ("bigrams", "ngram_max", 2),
    ("word pairs", "ngram_max", 2),
    ("pairs of words", "ngram_max", 2),
    ("trigrams", "ngram_max", 3),
    ("unigrams", "ngram_min", 1),
    ("single best", "k", 1),
    ("single nearest", "k", 1),
    ("single closest", "k", 1),
    ("the nearest one", "k", 1),
    ("the closest one", "k", 1),
];

/// Numbers with a meaning: "0 for a whole population, 1 for a sample" makes 1 of "the sample variance".
pub fn meanings(fields: &[Field], sentence: &str, arguments: &mut Map<String, Value>) {
    let said: Vec<String> = crate::offline::words::words(sentence).into_iter().map(|word| word.text).collect();
    let words = stems(sentence);
    for field in fields.iter().filter(|field| field.takes.number.is_some_and(|takes| takes.whole)) {
        if arguments.contains_key(&field.name) {
            continue;
        }
        let mut called = NUMBERS.iter().filter(|(_, name, _)| *name == field.name);
        let called = called.find(|(phrase, ..)| find(&words, &stems(phrase)).is_some());
        if let Some((.., number)) = called {
            arguments.insert(field.name.clone(), Value::from(*number));
            continue;
        }
        let meant = field.description.split([',', ';', ':', '(', '.']).find_map(|part| {
            let (number, meaning) = part.trim().split_once(" for ")?;
            let number: i64 = number.parse().ok()?;
            let meaning = meaning.trim_start_matches("a ").trim_start_matches("an ").trim_start_matches("the ");
            let words: Vec<&str> = meaning.split_whitespace().collect();
            let heard = !words.is_empty() && said.windows(words.len()).any(|window| window == words.as_slice());
            heard.then_some(number)
        });
        if let Some(number) = meant.or_else(|| none_of(field, &words)) {
            arguments.insert(field.name.clone(), Value::from(number));
        }
    }
}

/// "With no overlap": nothing of what there would be some of.
fn none_of(field: &Field, words: &[String]) -> Option<i64> {
    let may_be_none = field.takes.number.is_some_and(|takes| takes.least <= 0.0 && takes.least.is_finite());
    let denied = |at: usize| at > 0 && matches!(words[at - 1].as_str(), "no" | "without" | "zero");
    let mut names = field.phrases.iter().filter(|(_, weight)| *weight >= 7.0);
    let said = names.any(|(name, _)| find(words, name).is_some_and(denied));
    (may_be_none && said).then_some(0)
}

/// `whiten=true`, `whiten: no`, `whiten on`.
fn explicit(field: &Field, sentence: &str) -> Option<bool> {
    let lower = sentence.to_lowercase();
    let at = lower.find(&field.name.to_lowercase())?;
    let tail = lower[at + field.name.len()..].trim_start_matches([' ', '=', ':', '`']);
    let word: String = tail.chars().take_while(|c| c.is_alphanumeric()).collect();
    match word.as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Where the sentence names the argument: by its name without silent verbs, or by what its description says that it gives.
fn named_at(field: &Field, words: &[String]) -> Option<(usize, bool)> {
    let name: Vec<String> =
        stems(&field.name.replace('_', " ")).into_iter().filter(|part| !SILENT.contains(&part.as_str())).collect();
    if !name.is_empty()
        && let Some(at) = find(words, &name)
    {
        return Some((at, true));
    }
    let lower = field.description.to_lowercase();
    if let Some(given) = lower.strip_prefix("whether to ").and_then(|rest| rest.split_once(' ')).map(|(_, rest)| rest) {
        for piece in given.split([';', '.']).next().unwrap_or_default().split(',').flat_map(|part| part.split(" and "))
        {
            let phrase = stems(piece);
            if phrase.len() <= 3
                && phrase.iter().any(|word| word.len() > 3)
                && let Some(at) = find(words, &phrase)
            {
                return Some((at, true));
            }
        }
    }
    // For options: any part of the name.
    name.iter()
        .filter(|part| part.len() > 3)
        .find_map(|part| find(words, std::slice::from_ref(part)))
        .map(|at| (at, false))
}

fn find(words: &[String], phrase: &[String]) -> Option<usize> {
    if phrase.is_empty() {
        return None;
    }
    words.windows(phrase.len()).position(|window| window.iter().zip(phrase).all(|(a, b)| kin(a, b)))
}

//! Words that carry meaning, brought to their stems.

use std::borrow::{Borrow, Cow};
use std::hash::Hash;
use std::sync::LazyLock;

use hashbrown::HashSet;

/// Words without a meaning of their own in a question or a sentence.
const STOP: &str = "a about above after again all also am an and any are as at be because been before being below between both but by \
    can cannot could did do does doing done down during each either else ever every few for from further get give gives given \
    had has have having he her here hers him his how i if in into is it its itself just let like many may me might more most \
    much must my no nor not now of off on once one only or other our out over own per please same shall she should so some \
    such tell than that the their them then there these they this those through to too under until up upon us very was we \
    were what when where whether which while who whom whose why will with within without would yes yet you your";

/// Words that scholars and askers use for anything: they say little about what a text is about.
const GENERIC: &str = "able accord according aim amount analysis answer approach area aspect author available based basic become behind \
    best better big call called case cause certain close come common concern consider current currently day describe describes \
    description detail determine develop different difference discuss due effect end event example exist explain fact factor far \
    few find first five form found four full general give go good great group half help high important include increase \
    information involve item kind know known large last late later latest lead least less level like line list little long low \
    main major make made mean means meaning method million minor modern name need new next non normal number object obtain obtained old often \
    order original paper part particular past people perform person place point possible present previous primary prior problem \
    problems procedure process produce propert properties property provide purpose question range rate reason recent regard \
    relate report represent result results right role said same say second see set several short show shown side significant similar simple \
    single size small solve solved sort source start state step study subject suggest system take taken technique term thing three time today top \
    total true two type unit use used using usual usually value various view way well whole work works world year";

static STOP_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| STOP.split_whitespace().collect());
static GENERIC_STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| GENERIC.split_whitespace().map(stem).collect());

/// A word that carries meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Its stem.
    pub stem: String,
    /// How much it says, from 0.3 for what fits anything to 2 for names and numbers.
    pub weight: f32,
}

/// The pieces of `text` that are words or numbers, with their places: letters and digits, and what joins them (`3.5`, `f-16`).
pub fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(char::is_alphanumeric)?;
        let mut end = start;
        let mut chars = text[start..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let joins = ".,'’".contains(c)
                && chars.peek().is_some_and(|(_, next)| {
                    let digits = text[start..start + at].ends_with(|c: char| c.is_ascii_digit());
                    if c == '\'' || c == '’' { next.is_alphabetic() } else { digits && next.is_ascii_digit() }
                });
            if !c.is_alphanumeric() && !joins {
                break;
            }
            end = start + at + c.len_utf8();
        }
        rest = end;
        Some((start, &text[start..end]))
    })
}

/// The words of `text` that carry meaning, in order.
pub fn content(text: &str) -> Vec<Word> {
    meaningful(text).collect()
}

/// The same, one after the other.
pub fn meaningful(text: &str) -> impl Iterator<Item = Word> {
    let mut previous_end = 0;
    tokens(text).filter_map(move |(at, token)| {
        let between = &text[previous_end..at];
        let begins = previous_end == 0 || between.contains(['.', '!', '?', '\n', ':']);
        previous_end = at + token.len();
        let lower = lowered(token);
        let lower = lower.strip_suffix("'s").or_else(|| lower.strip_suffix("’s")).unwrap_or(&lower);
        if STOP_WORDS.contains(lower) {
            return None;
        }
        let stem = stem(lower);
        let number = token.starts_with(|c: char| c.is_ascii_digit());
        let name = !begins && token.starts_with(char::is_uppercase);
        let weight = if number || name {
            2.0
        } else if GENERIC_STEMS.contains(&stem) {
            0.3
        } else {
            1.0
        };
        (stem.len() > 1 || number || name).then_some(Word { stem, weight })
    })
}

/// What a question asks for: its words that carry meaning, each once. A question in capitals throughout names nothing by them.
pub fn wanted(question: &str) -> Vec<Word> {
    let shouted = !question.contains(char::is_lowercase);
    let mut words: Vec<Word> = Vec::new();
    for word in if shouted { content(&question.to_lowercase()) } else { content(question) } {
        match words.iter_mut().find(|known| known.stem == word.stem) {
            Some(known) => known.weight = known.weight.max(word.weight),
            None => words.push(word),
        }
    }
    words
}

/// The stems of the words of `text` that carry meaning.
pub fn stems(text: &str) -> HashSet<String> {
    meaningful(text).map(|word| word.stem).collect()
}

/// In lower case, as most words are already.
fn lowered(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.to_lowercase())
    }
}

/// A light stem: the endings of plurals, of `-ing`, `-ed`, `-ly`, `-tion` and their kin go; what is left has at least three letters.
/// It is after Porter's first steps ("An algorithm for suffix stripping", 1980), which two texts on one matter need most.
pub fn stem(word: &str) -> String {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return word.replace(',', "");
    }
    let mut stem = lowered(word).into_owned();
    let cuts: &[(&str, &str)] = &[
        ("ations", "at"),
        ("ation", "at"),
        ("ating", "at"),
        ("ated", "at"),
        ("ates", "at"),
        ("ators", "at"),
        ("ator", "at"),
        ("ities", ""),
        ("ity", ""),
        ("ically", "ic"),
        ("ical", "ic"),
        ("fulness", "ful"),
        ("nesses", ""),
        ("ness", ""),
        ("ements", "e"),
        ("ement", "e"),
        ("ments", ""),
        ("ment", ""),
        ("ings", ""),
        ("ing", ""),
        ("ies", "y"),
        ("ied", "y"),
        ("edly", ""),
        ("ed", ""),
        ("ely", ""),
        ("ly", ""),
        ("sses", "ss"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("xes", "x"),
        ("ions", ""),
        ("ion", ""),
        ("ers", ""),
        ("er", ""),
        ("es", "e"),
        ("ss", "ss"),
        ("us", "us"),
        ("is", "is"),
        ("s", ""),
    ];
    let last = stem.as_bytes().last().copied();
    for (ending, instead) in cuts.iter().filter(|(ending, _)| ending.as_bytes().last().copied() == last) {
        if let Some(left) = stem.strip_suffix(ending)
            && left.chars().count() + instead.len() >= 3
            && left.chars().count() >= 2
        {
            stem.truncate(left.len());
            stem.push_str(instead);
            break;
        }
    }
    let doubled = {
        let mut last = stem.chars().rev();
        matches!((last.next(), last.next()), (Some(a), Some(b)) if a == b && !"aeiouls".contains(a) && a.is_ascii_lowercase())
    };
    if doubled && stem.len() > 3 {
        stem.pop();
    }
    if stem.len() > 3 && stem.ends_with('e') {
        stem.pop();
    }
    // `happy` and `happily` meet in `happi`, and `treaty` stays apart from `treat`.
    if stem.len() > 3 && stem.ends_with('y') {
        stem.pop();
        stem.push('i');
    }
    stem
}

/// How much of `wanted` is in `held`, by weight: 0 to 1. Nothing wanted is covered by anything.
pub fn coverage<S: Borrow<str> + Eq + Hash>(wanted: &[Word], held: &HashSet<S>) -> f32 {
    let all: f32 = wanted.iter().map(|word| word.weight).sum();
    if all == 0.0 {
        return 1.0;
    }
    wanted.iter().filter(|word| held.contains(word.stem.as_str())).map(|word| word.weight).sum::<f32>() / all
}

/// The numbers in `text`: digits, with a sign that stands free and a decimal point.
pub fn numbers(text: &str) -> Vec<f64> {
    tokens(text)
        .filter(|(_, token)| token.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|(at, token)| {
            let number: f64 = token.replace(',', "").parse().ok()?;
            let before = text[..at].chars().next_back();
            let negative = matches!(before, Some('-' | '−'))
                && text[..at].chars().rev().nth(1).is_none_or(|c| !c.is_alphanumeric());
            Some(if negative { -number } else { number })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet_in_one_stem() {
        for forms in [
            &["wing", "wings"][..],
            &["measure", "measured", "measures", "measuring", "measurement"],
            &["studies", "study", "studied"],
            &["separation", "separated", "separating"],
            &["stop", "stopped", "stopping"],
            &["theoretical", "theoretically"],
            &["city", "cities"],
        ] {
            let stems: HashSet<String> = forms.iter().map(|form| stem(form)).collect();
            assert_eq!(stems.len(), 1, "{stems:?}");
        }
        assert_ne!(stem("wing"), stem("win"));
    }

    #[test]
    fn names_and_numbers_weigh_most_and_empty_words_least() {
        let words = content("What methods did Kepler use in 1609?");
        let weights: Vec<(&str, f32)> = words.iter().map(|word| (word.stem.as_str(), word.weight)).collect();
        assert_eq!(weights, [("method", 0.3), ("kepl", 2.0), ("use", 0.3), ("1609", 2.0)]);
        assert_eq!(coverage(&words, &stems("kepler, 1609")), 4.0 / 4.6);
    }

    #[test]
    fn numbers_are_read_with_sign_point_and_thousands() {
        assert_eq!(numbers("from -3.5 to 1,200 (x-2, 7)"), [-3.5, 1200.0, 2.0, 7.0]);
        assert!(numbers("no digits, … é").is_empty());
    }
}

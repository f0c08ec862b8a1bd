//! Words, sentences, and how much of one text occurs in another: what `faithfulness` and `groundedness` share.

use std::{collections::HashSet, ops::Range};

use crate::error::Error;

/// The most bytes of an answer, and of all contexts together.
const LIMITS: (usize, usize) = (50_000, 1_000_000);

/// Words too common to support anything.
const COMMON: &str = " a an and are as at be but by for from had has have he her his i in into is it its of on or s she that the their they this to was were will with you ";

/// How a text is cut into words. Letters beyond ASCII separate words, except in texts that have no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// Latin letters without marks, and digits.
    Ascii,
    /// Letters and digits of any script.
    Any,
}

impl Letters {
    /// The letters that an answer is written in.
    pub(super) fn of(answer: &str) -> Self {
        if words(answer, Letters::Ascii).is_empty() && answer.chars().any(char::is_alphanumeric) {
            Letters::Any
        } else {
            Letters::Ascii
        }
    }
}

/// The words of a text in lower case, without the most common ones.
pub(super) fn words(text: &str, letters: Letters) -> Vec<String> {
    let lower = text.to_lowercase();
    let inside = |c: char| match letters {
        Letters::Ascii => c.is_ascii_alphanumeric(),
        Letters::Any => c.is_alphanumeric(),
    };
    let words = lower.split(|c| !inside(c)).filter(|word| !word.is_empty());
    words.filter(|word| !COMMON.contains(&format!(" {word} "))).map(str::to_owned).collect()
}

/// A crude stem: the first six letters.
pub(super) fn stem(word: &str) -> &str {
    word.char_indices().nth(6).map_or(word, |(end, _)| &word[..end])
}

/// The stems of the words of several texts.
pub(super) fn stems<'a>(texts: impl IntoIterator<Item = &'a str>, letters: Letters) -> HashSet<String> {
    texts.into_iter().flat_map(|text| words(text, letters)).map(|word| stem(&word).to_owned()).collect()
}

/// The share of the words whose stems are known; numbers count twice. 1 when there are no words.
pub(super) fn overlap(words: &[String], known: &HashSet<String>) -> f64 {
    let weight = |word: &String| if is_number(word) { 2.0 } else { 1.0 };
    let all: f64 = words.iter().map(weight).sum();
    let found: f64 = words.iter().filter(|word| known.contains(stem(word))).map(weight).sum();
    if all == 0.0 { 1.0 } else { found / all }
}

pub(super) fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// The sentences of a text: up to a full stop, question or exclamation mark before a space, or a line break.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let end = at + letter.len_utf8();
        let ends = match letter {
            '\n' | '。' | '！' | '？' => true,
            '!' | '?' | '…' => next.is_none_or(char::is_whitespace),
            '.' => next.is_none_or(char::is_whitespace) && !abbreviates(&text[start..at]),
            _ => false,
        };
        if ends || next.is_none() {
            let sentence = &text[start..end];
            let (left, right) = (sentence.len() - sentence.trim_start().len(), sentence.trim_end().len());
            if left < right {
                found.push(start + left..start + right);
            }
            start = end;
        }
    }
    found
}

/// Whether a full stop after this belongs to an abbreviation or an initial.
fn abbreviates(before: &str) -> bool {
    let last = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let initial = last.chars().count() == 1 && last.chars().all(char::is_uppercase);
    initial
        || last.contains('.') && last.chars().all(|c| c.is_alphabetic() || c == '.')
        || ["mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "fig", "no", "vol", "cf", "al", "ca", "jr", "sr"]
            .contains(&last.to_lowercase().as_str())
}

/// Refuses texts that are empty or too long.
pub(super) fn check(answer: &str, contexts: &[String]) -> Result<(), Error> {
    let (most_answer, most_context) = LIMITS;
    if answer.trim().is_empty() {
        return Err(Error::invalid("/answer", "the answer is empty").with_hint("give the text to check"));
    }
    if answer.len() > most_answer {
        return Err(Error::too_large(
            "/answer",
            format!("the answer has {} bytes, the limit is {most_answer}", answer.len()),
        ));
    }
    let total: usize = contexts.iter().map(String::len).sum();
    if total > most_context {
        return Err(Error::too_large(
            "/contexts",
            format!("the contexts have {total} bytes, the limit is {most_context}"),
        ));
    }
    Ok(())
}

/// A sentence of a context with its stems.
pub(super) struct Evidence<'a> {
    pub(super) context: usize,
    pub(super) sentence: &'a str,
    stems: HashSet<String>,
}

/// All sentences of all contexts.
pub(super) fn evidence(contexts: &[String], letters: Letters) -> Vec<Evidence<'_>> {
    contexts
        .iter()
        .enumerate()
        .flat_map(|(context, text)| sentences(text).into_iter().map(move |range| (context, &text[range])))
        .map(|(context, sentence)| Evidence { context, sentence, stems: stems([sentence], letters) })
        .collect()
}

/// The sentence that has most of the words, the first of equals, and the share of them that it has; none if no sentence
/// has any.
pub(super) fn best<'a, 'b>(words: &[String], evidence: &'b [Evidence<'a>]) -> Option<(&'b Evidence<'a>, f64)> {
    let mut best: Option<(&Evidence<'_>, f64)> = None;
    if words.is_empty() {
        return None;
    }
    for candidate in evidence {
        let share = overlap(words, &candidate.stems);
        if share > best.map_or(0.0, |(_, share)| share) {
            best = Some((candidate, share));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = sentences(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn sentences_end_where_a_reader_pauses() {
        check("One. Two?  Three!\nFour", &["One.", "Two?", "Three!", "Four"]);
        check(
            "Pi is 3.14. Dr. A. Smith knew, e.g. from school.",
            &["Pi is 3.14.", "Dr. A. Smith knew, e.g. from school."],
        );
        check("一。二", &["一。", "二"]);
        check(" \n ", &[]);
    }

    #[test]
    fn words_are_cut_as_the_reference_does() {
        // Oracle: re.findall(r"[a-z0-9]+", text.lower()) without its list of common words.
        assert_eq!(words("The café's 12 MENUS, and it's on", Letters::Ascii), ["caf", "12", "menus"]);
        assert_eq!(words("Дом 7", Letters::Any), ["дом", "7"]);
        assert_eq!(Letters::of("дом"), Letters::Any);
        assert_eq!(stem("überraschung"), "überra");
    }
}

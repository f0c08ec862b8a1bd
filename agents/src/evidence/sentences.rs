//! Where sentences end.
//!
//! Rules, not a model: a full stop ends a sentence unless the word before it is an abbreviation, an initial or a list's number, or
//! a small letter follows. Old collections put a space before the stop, which is always an end. Empty lines and the lines of a list
//! end sentences too.

use std::ops::Range;

/// Words that carry a full stop without ending a sentence.
const ABBREVIATIONS: &[&str] = &[
    "al", "approx", "assn", "ca", "cf", "ch", "co", "corp", "dept", "dr", "ed", "eds", "eq", "eqs", "etc", "ex", "fig",
    "figs", "gen", "gov", "i.e", "e.g", "inc", "jr", "ltd", "max", "min", "mr", "mrs", "ms", "mt", "no", "nos", "op",
    "p", "pp", "prof", "ref", "refs", "rev", "sec", "sr", "st", "u.s", "u.k", "vol", "vs", "viz",
];

/// How far to look back from a full stop, in bytes.
const LONGEST_ABBREVIATION: usize = 24;

/// The longest mark of citations, `[1, 2]`, in bytes.
const LONGEST_MARK: usize = 48;

/// The sentences of `text` as byte ranges, in order, without white space at their ends. Every range lies on character boundaries.
pub fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let ends = match c {
            '!' | '?' | '。' | '！' | '？' => closed(text, end),
            '.' if stops(text, start, at) => closed(text, end),
            '\n' if breaks(&text[end..]) => Some(end),
            _ => None,
        };
        if let Some(end) = ends {
            push(text, start..end, &mut spans);
            start = end;
            while chars.peek().is_some_and(|(next, _)| *next < end) {
                chars.next();
            }
        }
    }
    push(text, start..text.len(), &mut spans);
    spans
}

/// The sentences of `text`.
pub fn split(text: &str) -> Vec<&str> {
    spans(text).into_iter().map(|span| &text[span]).collect()
}

fn push(text: &str, span: Range<usize>, spans: &mut Vec<Range<usize>>) {
    let piece = &text[span.clone()];
    let start = span.start + (piece.len() - piece.trim_start().len());
    let end = span.start + piece.trim_end().len();
    if start < end {
        spans.push(start..end);
    }
}

/// Where a sentence ends whose mark ends at `at`: after closing quotes, brackets and citation marks, if white space follows.
fn closed(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let quotes = rest.len() - rest.trim_start_matches(['"', '\'', '”', '’', ')', ']', '.', '!', '?']).len();
    let mut end = at + quotes;
    // ` [1]` or ` [1, 2]` behind the full stop still belongs to the sentence.
    while let Some(mark) = mark_length(&text[end..]) {
        end += mark;
    }
    text[end..].chars().next().is_none_or(char::is_whitespace).then_some(end)
}

fn mark_length(rest: &str) -> Option<usize> {
    let open = rest.trim_start_matches(' ');
    let close = mark_end(open)?;
    let digits = &open[1..close];
    let is_mark = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || ", ".contains(c));
    is_mark.then(|| rest.len() - open.len() + close + 1)
}

/// Where the bracket closes that opens `text`, if it is no longer than a mark can be.
pub(super) fn mark_end(text: &str) -> Option<usize> {
    let near = &text[..text.floor_char_boundary(text.len().min(LONGEST_MARK))];
    near.strip_prefix('[')?.find(']').map(|at| at + 1)
}

/// Whether the full stop at `at` ends the sentence that began at `start`.
fn stops(text: &str, start: usize, at: usize) -> bool {
    let before = &text[start..at];
    if before.trim().is_empty() {
        return false;
    }
    if before.ends_with(char::is_whitespace) {
        return true;
    }
    // No abbreviation is longer than this, and looking back no further keeps the work in line with the length of the text.
    let tail = &before[before.floor_char_boundary(before.len().saturating_sub(LONGEST_ABBREVIATION))..];
    let word = tail.rsplit(|c: char| c.is_whitespace() || "([\"'".contains(c)).next().unwrap_or_default();
    let lower = word.to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let rest = text[at + 1..].trim_start_matches(['"', '\'', '”', '’', ')', ']']);
    let next = rest.trim_start().chars().next();
    if rest.trim().is_empty() {
        return true;
    }
    // `1. First` begins a list's line; `in 1999. Then` ends a sentence.
    let numbering = before.trim_start().len() == word.len() && word.chars().all(|c| c.is_ascii_digit());
    !(initial || numbering || ABBREVIATIONS.contains(&lower.as_str()) || next.is_some_and(char::is_lowercase))
}

/// Whether a line that begins with `rest` begins something new: after an empty line, a list's item, a heading.
fn breaks(rest: &str) -> bool {
    let line = rest.split('\n').next().unwrap_or_default();
    let trimmed = line.trim_start();
    let numbered = trimmed.trim_start_matches(|c: char| c.is_ascii_digit());
    trimmed.is_empty()
        || ["- ", "* ", "+ ", "#", "|", "> ", "```"].iter().any(|mark| trimmed.starts_with(mark))
        || (numbered.len() < trimmed.len() && (numbered.starts_with(". ") || numbered.starts_with(") ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_where_a_reader_finds_them() {
        for (text, expected) in [
            ("One. Two! Three?", vec!["One.", "Two!", "Three?"]),
            (
                "See Fig. 3 and e.g. Smith et al. (1990). It is 3.5 m.",
                vec!["See Fig. 3 and e.g. Smith et al. (1990).", "It is 3.5 m."],
            ),
            ("J. R. Smith left. He came.", vec!["J. R. Smith left.", "He came."]),
            ("a wing was tested . the lift grew .", vec!["a wing was tested .", "the lift grew ."]),
            ("It is so [1]. Really. [2] Yes", vec!["It is so [1].", "Really. [2]", "Yes"]),
            ("He said \"never.\" She went.", vec!["He said \"never.\"", "She went."]),
            ("# Title\n\nText one\ngoes on. End\n- a\n- b", vec!["# Title", "Text one\ngoes on.", "End", "- a", "- b"]),
            ("1. First. 2. Second", vec!["1. First.", "2. Second"]),
            ("See https://example.org/a.b for more.", vec!["See https://example.org/a.b for more."]),
            ("", vec![]),
            (" . ", vec!["."]),
            ("Wait... what?", vec!["Wait...", "what?"]),
        ] {
            assert_eq!(split(text), expected, "{text:?}");
        }
    }

    #[test]
    fn any_text_is_cut_at_characters_and_nothing_is_lost() {
        let mut state = 7_u64;
        let alphabet: Vec<char> = "aé.!? \n[1]\"'漢。-#1x\u{301}😀".chars().collect();
        for _ in 0..2_000 {
            let text: String = (0..20)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    alphabet[(state >> 33) as usize % alphabet.len()]
                })
                .collect();
            let joined: String = split(&text).concat().split_whitespace().collect();
            assert_eq!(joined, text.split_whitespace().collect::<String>(), "{text:?}");
        }
    }
}

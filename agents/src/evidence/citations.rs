//! Marks become quotes: every `[n]` of a draft is given the words of passage n that support its sentence, verbatim.

use hashbrown::HashSet;

use super::words::{content, coverage, stems};
use super::{Passage, sentences};
use crate::answer::Citation;

/// A draft whose marks count its citations.
#[derive(Clone, Debug, PartialEq)]
pub struct Cited {
    /// The text; its marks count from 1 in the order of `citations`.
    pub text: String,
    /// The sources, in the order of their marks.
    pub citations: Vec<Citation>,
}

/// Gives every mark of `draft` its quote. Marks of passages that were not read go.
///
/// Where nothing was read, brackets with numbers are lists, not marks.
pub fn cite(draft: &str, passages: &[Passage]) -> Cited {
    if passages.is_empty() {
        return Cited { text: draft.to_owned(), citations: Vec::new() };
    }
    let mut text = String::with_capacity(draft.len());
    let mut citations: Vec<Citation> = Vec::new();
    let mut end = 0;
    for span in sentences::spans(draft) {
        text.push_str(&draft[end..span.start]);
        end = span.end;
        let sentence = &draft[span];
        let said = without_marks(sentence);
        let mut rest = sentence;
        while let Some((before, numbers, after)) = next_mark(rest) {
            let mut places: Vec<usize> = Vec::new();
            for passage in numbers.iter().filter_map(|n| passages.iter().find(|passage| passage.n == *n)) {
                let Some(quote) = best_quote(&said, passage) else { continue };
                let citation = Citation { doc: passage.doc.clone(), chunk: passage.chunk.clone(), quote };
                let place = citations.iter().position(|known| *known == citation).unwrap_or_else(|| {
                    citations.push(citation);
                    citations.len() - 1
                });
                if !places.contains(&(place + 1)) {
                    places.push(place + 1);
                }
            }
            if places.is_empty() {
                text.push_str(before.trim_end_matches(' '));
            } else {
                text.push_str(before);
                let marks: Vec<String> = places.iter().map(|place| format!("[{place}]")).collect();
                text.push_str(&marks.concat());
            }
            rest = after;
        }
        text.push_str(rest);
    }
    text.push_str(&draft[end..]);
    Cited { text, citations }
}

/// A sentence without its marks.
pub fn without_marks(sentence: &str) -> String {
    let mut plain = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, _, after)) = next_mark(rest) {
        plain.push_str(before.trim_end_matches(' '));
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// The first mark of `text`: what is before it, its numbers, what is after it.
fn next_mark(text: &str) -> Option<(&str, Vec<usize>, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('[').map(|at| from + at) {
        let Some(close) = sentences::mark_end(&text[open..]).map(|at| open + at) else {
            from = open + 1;
            continue;
        };
        let numbers: Option<Vec<usize>> = text[open + 1..close].split(',').map(|n| n.trim().parse().ok()).collect();
        if let Some(numbers) = numbers {
            return Some((&text[..open], numbers, &text[close + 1..]));
        }
        from = open + 1;
    }
    None
}

/// The sentence of the passage that supports `said` best.
fn best_quote(said: &str, passage: &Passage) -> Option<String> {
    let words = content(said);
    let squeezed: String = said.split_whitespace().collect();
    let mut best: Option<(f32, &str)> = None;
    for span in sentences::spans(&passage.text) {
        let sentence = &passage.text[span];
        let same = sentence.split_whitespace().collect::<String>() == squeezed;
        let held: HashSet<String> = stems(sentence);
        let score = if same { 2.0 } else { coverage(&words, &held) };
        if best.is_none_or(|(known, _)| score > known) {
            best = Some((score, sentence));
        }
    }
    best.map(|(_, sentence)| sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::passage;
    use super::*;

    #[test]
    fn marks_count_from_one_and_quotes_are_verbatim() {
        let passages =
            [passage(3, "Bats hear by echo. They sleep by day."), passage(7, "Owls\nsee well at night. So do cats.")];
        let cited = cite("Owls see at night [7]. Bats hear by echo [3]. Owls see well at night [7].", &passages);
        assert_eq!(cited.text, "Owls see at night [1]. Bats hear by echo [2]. Owls see well at night [1].");
        let quotes: Vec<&str> = cited.citations.iter().map(|citation| citation.quote.as_str()).collect();
        assert_eq!(quotes, ["Owls\nsee well at night.", "Bats hear by echo."]);
        for citation in &cited.citations {
            assert!(
                passages.iter().any(|passage| passage.doc == citation.doc && passage.text.contains(&citation.quote))
            );
        }
    }

    #[test]
    fn marks_of_nothing_go_and_other_brackets_stay() {
        let cited = cite("See [9] the list [a, b] of x[0] here [1, 4].", &[passage(1, "The list is here.")]);
        assert_eq!(cited.text, "See the list [a, b] of x here [1].");
        assert_eq!(cited.citations.len(), 1);
        assert_eq!(cite("The vector is [1, 2].", &[]).text, "The vector is [1, 2].");
    }
}

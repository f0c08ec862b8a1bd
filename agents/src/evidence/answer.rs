//! An answer out of the passages' own sentences, each with its mark; or the admission that they hold none.
//!
//! How far the passages speak of the question is the share of its words, by weight, that the best of them holds: names and numbers
//! count double, words that fit anything a third. Below [`ENOUGH`] nothing is answered. The bound was set on questions that a
//! collection can and cannot answer (`cargo run --example evidence_eval`; figures in notes/evidence.md).

use std::collections::HashSet;

use super::words::{self, Word, content, coverage};
use super::{Passage, sentences};

/// Below this share of the question's words, the passages say nothing to it.
pub const ENOUGH: f32 = 0.56;

/// So many sentences make an answer, at most.
const SENTENCES: usize = 3;

/// A longer sentence is no answer but a page.
const LONGEST: usize = 900;

/// An answer, or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Drafted {
    /// The sentences with their marks, or the admission.
    pub text: String,
    /// Whether nothing was answered.
    pub abstained: bool,
    /// How far the best passage speaks of the question: 0 to 1.
    pub support: f32,
}

/// A sentence of a passage, with what decides about it.
struct Candidate<'a> {
    passage: &'a Passage,
    text: &'a str,
    held: HashSet<String>,
    score: f32,
}

/// The answer to `question` that the passages hold. They are taken to be in the order of their worth.
pub fn answer(question: &str, passages: &[Passage]) -> Drafted {
    let wanted = content(question);
    let mut best = 0.0_f32;
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for (place, passage) in passages.iter().enumerate() {
        let title = words::stems(&passage.title);
        let mut all = words::stems(&passage.text);
        all.extend(title.iter().cloned());
        let whole = coverage(&wanted, &all);
        best = best.max(whole);
        let spans = sentences::spans(&passage.text);
        let held: Vec<HashSet<String>> = spans.iter().map(|span| words::stems(&passage.text[span.clone()])).collect();
        for (at, span) in spans.iter().enumerate() {
            let text = &passage.text[span.clone()];
            if text.len() > LONGEST || !says_something(text) || repeats(text, &passage.title) {
                continue;
            }
            // What the sentence before and the title name is still spoken of.
            let mut context = title.clone();
            if at > 0 {
                context.extend(held[at - 1].iter().cloned());
            }
            let own = coverage(&wanted, &held[at]);
            let around = coverage(&wanted, &context);
            let score =
                own + 0.25 * around.min(1.0 - own) + 0.35 * whole + kind_bonus(question, text) - 0.04 * place as f32;
            candidates.push(Candidate { passage, text, held: held[at].clone(), score });
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let Some(first) = candidates
        .first()
        .filter(|first| best >= ENOUGH && !named_is_missing(&wanted, passages) && speaks(&wanted, first))
    else {
        return Drafted {
            text: "I don't know: nothing in the documents answers this.".to_owned(),
            abstained: true,
            support: best,
        };
    };
    let least = first.score * 0.82;
    let mut chosen: Vec<&Candidate<'_>> = Vec::new();
    let mut covered: HashSet<&str> = HashSet::new();
    for candidate in candidates.iter().take_while(|candidate| candidate.score >= least) {
        let fresh =
            wanted.iter().any(|word| candidate.held.contains(&word.stem) && !covered.contains(word.stem.as_str()));
        if chosen.is_empty() || (fresh && !chosen.iter().any(|other| alike(other, candidate))) {
            covered.extend(candidate.held.iter().map(String::as_str));
            chosen.push(candidate);
        }
        if chosen.len() == SENTENCES {
            break;
        }
    }
    let text: Vec<String> = chosen
        .iter()
        .map(|one| format!("{} [{}]", one.text.split_whitespace().collect::<Vec<_>>().join(" "), one.passage.n))
        .collect();
    Drafted { text: text.join(" "), abstained: false, support: best }
}

/// Whether the sentence itself holds a word of the question that says something.
fn speaks(wanted: &[Word], first: &Candidate<'_>) -> bool {
    wanted.is_empty() || wanted.iter().any(|word| word.weight >= 1.0 && first.held.contains(&word.stem))
}

/// Whether a name or number of the question is in none of the passages: then they speak of something else.
fn named_is_missing(wanted: &[Word], passages: &[Passage]) -> bool {
    let named: Vec<&Word> = wanted.iter().filter(|word| word.weight >= 2.0).collect();
    if named.is_empty() {
        return false;
    }
    let held: HashSet<String> =
        passages.iter().flat_map(|passage| words::stems(&format!("{}\n{}", passage.title, passage.text))).collect();
    let missing = named.iter().filter(|word| !held.contains(&word.stem)).count();
    missing * 2 > named.len()
}

fn says_something(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).count() >= 12 && !text.ends_with('?') && !text.starts_with('#')
}

fn repeats(text: &str, title: &str) -> bool {
    !title.is_empty() && text.trim_end_matches(['.', ' ']).eq_ignore_ascii_case(title.trim_end_matches(['.', ' ']))
}

fn alike(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let shared = a.held.intersection(&b.held).count();
    shared * 10 >= a.held.len().min(b.held.len()).max(1) * 8
}

/// What a question asks for, a sentence that answers it shows: a number for "how many", a name for "who".
fn kind_bonus(question: &str, sentence: &str) -> f32 {
    let lower = question.to_lowercase();
    let has_digit = sentence.contains(|c: char| c.is_ascii_digit());
    let has_name = words::tokens(sentence).skip(1).any(|(_, token)| token.starts_with(char::is_uppercase));
    let asks = |starts: &[&str]| starts.iter().any(|start| lower.contains(start));
    let wants_number = asks(&[
        "how many",
        "how much",
        "how long",
        "how old",
        "how far",
        "when ",
        "what year",
        "what date",
        "percentage",
    ]);
    let wants_name = asks(&["who ", "whom ", "whose ", "where ", "which country", "what country", "what city"]);
    if (wants_number && has_digit) || (wants_name && has_name) { 0.12 } else { 0.0 }
}

/// Whether a text admits that there is no answer.
pub fn is_ignorance(text: &str) -> bool {
    let lower = text.trim_start().to_lowercase().replace('’', "'");
    let opening: String = lower.chars().take(160).collect();
    [
        "i don't know",
        "i do not know",
        "i'm not sure",
        "i am not sure",
        "i cannot answer",
        "i can't answer",
        "i have no information",
        "i could not",
        "i couldn't",
        "i was unable",
        "i am unable",
    ]
    .iter()
    .any(|words| opening.starts_with(words))
        || [
            "passages do not answer",
            "passages don't answer",
            "documents do not answer",
            "not mentioned in the passages",
        ]
        .iter()
        .any(|words| opening.contains(words))
}

#[cfg(test)]
mod tests {
    use super::super::passage;
    use super::*;

    #[test]
    fn the_sentence_that_answers_is_taken_verbatim_and_marked() {
        let passages = [
            passage(1, "Bats are mammals. They sleep by day. A bat hears by echo location."),
            passage(2, "Owls hunt at night. An owl turns its head by 270 degrees."),
        ];
        let drafted = answer("By how many degrees can an owl turn its head?", &passages);
        assert!(drafted.text.starts_with("An owl turns its head by 270 degrees. [2]"), "{}", drafted.text);
        assert!(!drafted.abstained && drafted.support > 0.9);
    }

    #[test]
    fn what_the_passages_do_not_say_is_not_answered() {
        let passages = [passage(1, "The capital investment grew. The wing was tested at high speed in the tunnel.")];
        for question in ["What is the capital of France?", "who won the world cup in 2014", "Who is Ada Lovelace?"] {
            let drafted = answer(question, &passages);
            assert!(drafted.abstained && is_ignorance(&drafted.text), "{question}: {}", drafted.text);
        }
        assert!(answer("anything?", &[]).abstained);
    }

    #[test]
    fn admissions_are_known() {
        assert!(is_ignorance("I don’t know: no."));
        assert!(is_ignorance("The passages do not answer this."));
        assert!(!is_ignorance("The owl is a bird [1]."));
    }
}

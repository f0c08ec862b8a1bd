//! An answer out of the passages' own sentences, each with its mark; or the admission that they hold none.
//!
//! How far a passage speaks of a question is what it holds of the question's words, by weight (names and numbers count double, words
//! that fit anything a third), and half a word more for two that stand side by side in both: `boundary layer` is about something,
//! `layer` and `boundary` may be chance. That is divided by all that the question asks for and by two words more, since a short
//! question is matched by chance sooner than a long one. Below [`ENOUGH`] nothing is answered. The bound was set on questions that
//! a collection can and cannot answer (`cargo run --example evidence_eval`; figures in notes/evidence.md).

use hashbrown::HashSet;

use super::words::{self, Word, content, coverage, wanted};
use super::{Passage, sentences};

/// Below this, the passages say nothing to a question.
pub const ENOUGH: f32 = 0.45;

/// What two neighbours of the question that are neighbours in the passage add, in words.
const PAIR: f32 = 0.5;

/// So many words are asked for beyond those of the question.
const BEYOND: f32 = 2.0;

/// What is left of the worth of passages that hold nothing of the kind that is asked for: no name for "who", no number for "when".
const WRONG_KIND: f32 = 0.8;

/// What is left of the worth of a passage that knows the names of a question, but not one plain word of it.
const NAMES_ONLY: f32 = 0.6;

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

/// A passage, read sentence by sentence.
struct Reading<'a> {
    passage: &'a Passage,
    title: HashSet<String>,
    sentences: Vec<(&'a str, Vec<String>)>,
}

/// A sentence of a passage, with what decides about it.
struct Candidate<'a> {
    passage: &'a Passage,
    text: &'a str,
    held: HashSet<&'a str>,
    fits: bool,
    score: f32,
}

impl<'a> Reading<'a> {
    fn of(passage: &'a Passage) -> Self {
        let read = |span: std::ops::Range<usize>| {
            let text = &passage.text[span];
            (text, content(text).into_iter().map(|word| word.stem).collect())
        };
        let sentences = sentences::spans(&passage.text).into_iter().map(read).collect();
        Self { passage, title: words::stems(&passage.title), sentences }
    }

    fn all(&self) -> HashSet<&str> {
        let text = self.sentences.iter().flat_map(|(_, stems)| stems);
        self.title.iter().chain(text).map(String::as_str).collect()
    }

    /// How far the passage speaks of what is wanted: see above.
    fn worth(&self, wanted: &[Word]) -> f32 {
        let asked: f32 = wanted.iter().map(|word| word.weight).sum();
        let side_by_side: HashSet<(&str, &str)> = self
            .sentences
            .iter()
            .flat_map(|(_, stems)| stems.windows(2))
            .map(|pair| (pair[0].as_str(), pair[1].as_str()))
            .collect();
        let pairs: f32 = wanted
            .windows(2)
            .filter(|pair| side_by_side.contains(&(pair[0].stem.as_str(), pair[1].stem.as_str())))
            .map(|pair| pair[0].weight.min(pair[1].weight))
            .sum();
        let held = self.all();
        let mut plain = wanted.iter().filter(|word| word.weight == 1.0).peekable();
        // A text that knows the names of a question and nothing of what is asked about them.
        let names_only = plain.peek().is_some() && !plain.any(|word| held.contains(word.stem.as_str()));
        (asked * coverage(wanted, &held) + PAIR * pairs) / (asked + BEYOND) * if names_only { NAMES_ONLY } else { 1.0 }
    }
}

/// The answer to `question` that the passages hold. They are taken to be in the order of their worth.
pub fn answer(question: &str, passages: &[Passage]) -> Drafted {
    let wanted = wanted(question);
    let kind = Kind::of(question);
    let readings: Vec<Reading<'_>> = passages.iter().map(Reading::of).collect();
    let mut candidates = candidates(question, &wanted, kind, &readings);
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut support = readings.iter().map(|reading| reading.worth(&wanted)).fold(0.0, f32::max).min(1.0);
    if kind.leads(question) && !candidates.iter().any(|candidate| candidate.fits && speaks(&wanted, candidate)) {
        support *= WRONG_KIND;
    }
    let enough = support >= ENOUGH || is_the_one_word(&wanted, &readings);
    let Some(first) =
        candidates.first().filter(|first| enough && !named_is_missing(&wanted, &readings) && speaks(&wanted, first))
    else {
        return Drafted {
            text: "I don't know: nothing in the documents answers this.".to_owned(),
            abstained: true,
            support,
        };
    };
    let least = first.score * 0.82;
    let mut chosen: Vec<&Candidate<'_>> = Vec::new();
    let mut covered: HashSet<&str> = HashSet::new();
    for candidate in candidates.iter().take_while(|candidate| candidate.score >= least) {
        let fresh = wanted
            .iter()
            .any(|word| candidate.held.contains(word.stem.as_str()) && !covered.contains(word.stem.as_str()));
        if chosen.is_empty() || (fresh && !chosen.iter().any(|other| alike(other, candidate))) {
            covered.extend(&candidate.held);
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
    Drafted { text: text.join(" "), abstained: false, support }
}

/// The sentences that could be part of an answer, with their scores.
fn candidates<'a>(question: &str, wanted: &[Word], kind: Kind, readings: &'a [Reading<'a>]) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for (place, reading) in readings.iter().enumerate() {
        let whole = coverage(wanted, &reading.all());
        let mut before: HashSet<&str> = HashSet::new();
        for (text, stems) in &reading.sentences {
            let held: HashSet<&str> = stems.iter().map(String::as_str).collect();
            // What the sentence before and the title name is still spoken of.
            let mut context = std::mem::replace(&mut before, held.clone());
            context.extend(reading.title.iter().map(String::as_str));
            if text.len() > LONGEST || !says_something(text) || repeats(text, &reading.passage.title) {
                continue;
            }
            let own = coverage(wanted, &held);
            let around = coverage(wanted, &context);
            let fits = kind.fits(text);
            let bonus = if fits && kind != Kind::Any { 0.12 } else { 0.0 };
            let bonus = bonus + definition_bonus(question, text);
            let score = own + 0.25 * around.min(1.0 - own) + 0.35 * whole + bonus - 0.04 * place as f32;
            candidates.push(Candidate { passage: reading.passage, text, held, fits, score });
        }
    }
    candidates
}

/// Whether the question has a single word, and the passages speak of it more than in passing.
fn is_the_one_word(wanted: &[Word], readings: &[Reading<'_>]) -> bool {
    let mut own = wanted.iter().filter(|word| word.weight >= 1.0);
    let (Some(word), None) = (own.next(), own.next()) else { return false };
    let sentences = readings.iter().flat_map(|reading| &reading.sentences);
    wanted.len() <= 2
        && (readings.iter().any(|reading| reading.title.contains(&word.stem))
            || sentences.filter(|(_, stems)| stems.contains(&word.stem)).count() > 1)
}

/// Whether the sentence itself holds a word of the question that says something.
fn speaks(wanted: &[Word], first: &Candidate<'_>) -> bool {
    wanted.is_empty() || wanted.iter().any(|word| word.weight >= 1.0 && first.held.contains(word.stem.as_str()))
}

/// Whether most names and numbers of the question are in none of the passages: then they speak of something else.
fn named_is_missing(wanted: &[Word], readings: &[Reading<'_>]) -> bool {
    let held: HashSet<&str> = readings.iter().flat_map(Reading::all).collect();
    let named = || wanted.iter().filter(|word| word.weight >= 2.0);
    let missing = named().filter(|word| !held.contains(word.stem.as_str())).count();
    missing * 2 > named().count()
}

/// Whether a sentence could be said by itself: no question, heading, table, code, nor a few words that announce the next thing.
fn says_something(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let least = if text.ends_with(':') { 60 } else { 12 };
    letters >= least && !text.ends_with('?') && !text.starts_with(['#', '|']) && !text.starts_with("```")
}

fn repeats(text: &str, title: &str) -> bool {
    !title.is_empty() && text.trim_end_matches(['.', ' ']).eq_ignore_ascii_case(title.trim_end_matches(['.', ' ']))
}

fn alike(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let shared = a.held.intersection(&b.held).count();
    shared * 10 >= a.held.len().min(b.held.len()).max(1) * 8
}

/// What kind of thing a question asks for.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Name,
    Any,
}

impl Kind {
    fn of(question: &str) -> Self {
        const NUMBER: [&str; 9] =
            ["how many", "how much", "how long", "how old", "how far", "when ", "what year", "what date", "percentage"];
        const NAME: [&str; 6] = ["who ", "whom ", "whose ", "where ", "which country", "what country"];
        let lower = question.to_lowercase();
        let asks = |starts: &[&str]| starts.iter().any(|start| lower.contains(start));
        if asks(&NUMBER) {
            Self::Number
        } else if asks(&NAME) {
            Self::Name
        } else {
            Self::Any
        }
    }

    /// Whether the question begins with the word that asks for this kind. "Where can I find …" asks for no place.
    fn leads(self, question: &str) -> bool {
        let lower = question.trim_start().to_lowercase();
        self != Self::Any
            && ["who ", "when ", "where ", "how many ", "how old "].iter().any(|word| lower.starts_with(word))
            && !lower.starts_with("where can")
    }

    /// Whether a sentence shows a thing of this kind: a number for "how many", a name for "who".
    fn fits(self, sentence: &str) -> bool {
        match self {
            Self::Number => sentence.contains(|c: char| c.is_ascii_digit()),
            Self::Name => words::tokens(sentence).skip(1).any(|(_, token)| token.starts_with(char::is_uppercase)),
            Self::Any => true,
        }
    }
}

/// For "what is X?", what a sentence that begins with "X is" has before others.
fn definition_bonus(question: &str, sentence: &str) -> f32 {
    const ASKS: [&str; 5] = ["what is ", "what are ", "what's ", "who is ", "define "];
    const DEFINES: [&str; 6] = [" is ", " are ", " means ", " was a ", " was an ", " was the "];
    let bare =
        |text: &str| text.trim_start_matches("the ").trim_start_matches("an ").trim_start_matches("a ").to_owned();
    let asked = question.trim().trim_end_matches(['?', ' ', '.']).to_lowercase();
    let Some(subject) = ASKS.iter().find_map(|asks| asked.strip_prefix(asks)) else { return 0.0 };
    let marks = ['"', '*', '`', '_'];
    let sentence = bare(&sentence.trim_start_matches(marks).to_lowercase());
    let after = sentence.strip_prefix(bare(subject).as_str()).map(|rest| rest.trim_start_matches(marks));
    if after.is_some_and(|rest| DEFINES.iter().any(|verb| rest.starts_with(verb))) { 0.5 } else { 0.0 }
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
        assert!(!drafted.abstained && drafted.support > 0.7);
    }

    #[test]
    fn a_definition_is_preferred_where_one_is_asked_for() {
        let text = "Flutter was seen on each wing. Flutter is a vibration that feeds itself from the air. So flutter is feared.";
        let drafted = answer("What is flutter?", &[passage(1, text)]);
        assert!(drafted.text.starts_with("Flutter is a vibration"), "{}", drafted.text);
    }

    #[test]
    fn code_and_announcements_are_no_answer() {
        let text =
            "How memory is kept, in short:\n\n```text\nmemory is kept in tables\n```\n\nMemory is kept in one folder.";
        let drafted = answer("How is memory kept?", &[passage(1, text)]);
        assert_eq!(drafted.text, "Memory is kept in one folder. [1]");
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

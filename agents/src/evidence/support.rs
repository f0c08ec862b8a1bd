//! The critic's judgement: is every sentence of a draft supported by what was read?
//!
//! A sentence is supported as far as its words are, by weight, in a passage as a whole, close together in it, and side by side as
//! there. A word that only the person said counts half, a name that nobody said counts against it, and so does a sentence that
//! denies what its source affirms. What tools gave is told in the model's own words, so there only the words count. Every number must
//! have been read, as far as it was rounded. Questions to the person, greetings and the admission that one does not know claim
//! nothing. Lexical support is a floor, not proof: a sentence can turn the words of its source around. Figures on public
//! collections of supported and unsupported sentences are in notes/evidence.md.

use std::cell::LazyCell;

use hashbrown::HashSet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::is_ignorance;
use super::citations::without_marks;
use super::words::{self, Word, content, coverage, numbers, stems};
use super::{Passage, sentences};

/// From this share of its words on, a sentence counts as supported.
pub const SUPPORTED: f32 = 0.6;

/// From this share of its words on, a sentence with the right numbers tells what a tool gave.
const PUT_IN_WORDS: f32 = 0.2;

/// What the critic finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Judgement {
    /// Every sentence is supported, or claims nothing.
    Supported,
    /// Some sentences are not; the others can stand.
    Revise {
        /// Those that cannot.
        unsupported: Vec<String>,
    },
    /// Nothing was read that could support it: search first.
    Retrieve {
        /// For what.
        query: String,
    },
    /// What was read does not support the draft.
    Abstain,
}

impl Judgement {
    /// The name in snake case.
    pub fn name(&self) -> &'static str {
        match self {
            Judgement::Supported => "supported",
            Judgement::Revise { .. } => "revise",
            Judgement::Retrieve { .. } => "retrieve",
            Judgement::Abstain => "abstain",
        }
    }

    /// How many sentences are named as unsupported.
    pub fn unsupported(&self) -> usize {
        match self {
            Judgement::Revise { unsupported } => unsupported.len(),
            Judgement::Supported | Judgement::Retrieve { .. } | Judgement::Abstain => 0,
        }
    }
}

/// What was read in the turn.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// What the person asked.
    pub question: &'a str,
    /// The passages.
    pub passages: &'a [Passage],
    /// What the tools gave.
    pub outputs: &'a [Value],
    /// Whether the documents were searched.
    pub searched: bool,
}

/// What was read, made ready to be compared with.
struct Sources {
    passages: Vec<HashSet<String>>,
    outputs: Vec<HashSet<String>>,
    sentences: Vec<Sentence>,
    pairs: HashSet<(String, String)>,
    asked: HashSet<String>,
    numbers: Vec<f64>,
}

/// A sentence of a passage.
struct Sentence {
    held: HashSet<String>,
    /// The words of its neighbours and of the title too.
    around: HashSet<String>,
    denies: bool,
}

impl Sources {
    fn new(read: &Read<'_>) -> Self {
        let mut sources = Self {
            passages: Vec::new(),
            outputs: Vec::new(),
            sentences: Vec::new(),
            pairs: HashSet::new(),
            asked: stems(read.question),
            numbers: numbers(read.question),
        };
        for passage in read.passages {
            sources.numbers.extend(numbers(&passage.title));
            sources.numbers.extend(numbers(&passage.text));
            sources.read(passage);
        }
        for output in read.outputs {
            let mut text = String::new();
            flatten(output, &mut text, &mut sources.numbers);
            sources.outputs.push(stems(&text));
        }
        sources
    }

    fn read(&mut self, passage: &Passage) {
        let title = stems(&passage.title);
        let texts = sentences::split(&passage.text);
        let words: Vec<Vec<String>> =
            texts.iter().map(|text| content(text).into_iter().map(|word| word.stem).collect()).collect();
        for (at, text) in texts.iter().enumerate() {
            let near = &words[at.saturating_sub(1)..(at + 2).min(words.len())];
            self.sentences.push(Sentence {
                held: words[at].iter().cloned().collect(),
                around: near.iter().flatten().chain(&title).cloned().collect(),
                denies: denies(text),
            });
            self.pairs.extend(words[at].windows(2).map(|pair| (pair[0].clone(), pair[1].clone())));
        }
        self.passages.push(words.into_iter().flatten().chain(title).collect());
    }

    /// How far a sentence is supported: 0 to 1.
    fn support(&self, sentence: &str) -> f32 {
        let plain = without_marks(sentence);
        let mut said = content(&plain);
        if !self.outputs.is_empty() {
            // Results are told rounded: their numbers are compared as numbers, below.
            said.retain(|word| word.stem.parse::<f64>().is_err());
        }
        let words = self.by_outputs(&said).max(self.by_passages(&said, denies(&plain)));
        let numbers = numbers(&plain);
        let unknown = numbers.iter().filter(|number| !self.known(**number)).count();
        if unknown == 0 { words } else { words * (1.0 - unknown as f32 / numbers.len() as f32) * 0.5 }
    }

    /// How far what the tools gave, and what the person said of it, holds the words.
    fn by_outputs(&self, said: &[Word]) -> f32 {
        let by_one = self.outputs.iter().map(|held| coverage(said, held)).fold(0.0, f32::max);
        if !self.passages.is_empty() {
            return by_one;
        }
        let held = |word: &Word| {
            self.asked.contains(&word.stem) || self.outputs.iter().any(|output| output.contains(&word.stem))
        };
        by_one.max(0.95 * share(said, |word| if held(word) { 1.0 } else { 0.0 }))
    }

    /// How far the passages hold the words: anywhere, close together, side by side.
    fn by_passages(&self, said: &[Word], denied: bool) -> f32 {
        if self.passages.is_empty() {
            return 0.0;
        }
        let in_any = |word: &Word| self.passages.iter().any(|passage| passage.contains(&word.stem));
        // Who repeats the question says nothing new, and nothing that was read.
        let repeated = share(said, |word| if !in_any(word) && self.asked.contains(&word.stem) { 0.5 } else { 0.0 });
        let by_one = self.passages.iter().map(|held| coverage(said, held)).fold(0.0, f32::max);
        let whole = by_one.max(0.95 * share(said, |word| if in_any(word) { 1.0 } else { 0.0 })) + repeated;
        let close =
            self.sentences.iter().map(|sentence| coverage(said, &sentence.around)).fold(0.0, f32::max) + repeated;
        let pairs = said.windows(2).map(|pair| (pair[0].stem.clone(), pair[1].stem.clone()));
        let count = said.len().saturating_sub(1);
        let side_by_side = match count {
            0 => whole,
            _ => pairs.filter(|pair| self.pairs.contains(pair)).count() as f32 / count as f32,
        };
        let named = said.iter().filter(|word| word.weight >= 2.0);
        let (unheard, names) = named.fold((0.0, 0.0), |(unheard, names), word| {
            let heard = in_any(word)
                || self.asked.contains(&word.stem)
                || self.outputs.iter().any(|output| output.contains(&word.stem));
            (unheard + if heard { 0.0 } else { 1.0 }, names + 1.0)
        });
        let strange = if names > 0.0 { 0.4 * unheard / names } else { 0.0 };
        // A sentence that is retold nearly whole, but denied where it affirms, is turned around.
        let most = |denies: bool| {
            let sentences = self.sentences.iter().filter(|sentence| sentence.denies == denies);
            sentences.map(|sentence| coverage(said, &sentence.held)).fold(0.0, f32::max)
        };
        let turned = most(!denied) >= 0.75 && most(!denied) - most(denied) >= 0.25;
        (0.5 * whole + 0.3 * close + 0.2 * side_by_side) * (1.0 - strange) * if turned { 0.55 } else { 1.0 }
    }

    /// Whether a number was read, perhaps with more digits than it is given with.
    fn known(&self, number: f64) -> bool {
        let scale = 10_f64.powi(decimals(number));
        let near = |known: f64| {
            let rounded = (known * scale).round() / scale;
            (rounded - number).abs() <= 1e-9 * number.abs().max(1.0) || (known - number).abs() <= 1e-3 * number.abs()
        };
        self.numbers.iter().any(|known| near(*known) || near(known * 100.0) || near(known.abs()))
            || (number.fract() == 0.0 && (0.0..=2.0).contains(&number))
    }
}

/// The share of the words that are worth `worth`, by weight.
fn share(said: &[Word], worth: impl Fn(&Word) -> f32) -> f32 {
    let all: f32 = said.iter().map(|word| word.weight).sum();
    if all == 0.0 { 0.0 } else { said.iter().map(|word| word.weight * worth(word)).sum::<f32>() / all }
}

/// Whether a sentence denies something.
fn denies(sentence: &str) -> bool {
    words::tokens(sentence).any(|(_, token)| {
        let lower = token.to_lowercase().replace('’', "'");
        ["not", "no", "never", "none", "nor", "neither", "without", "cannot"].contains(&lower.as_str())
            || lower.ends_with("n't")
    })
}

/// How many digits stand behind the point when the number is written short.
fn decimals(number: f64) -> i32 {
    let written = number.to_string();
    written.split_once('.').map_or(0, |(_, digits)| digits.len() as i32)
}

/// Writes the keys and texts of a tool's output, and collects its numbers.
fn flatten(value: &Value, text: &mut String, known: &mut Vec<f64>) {
    match value {
        Value::String(words) => {
            known.extend(numbers(words));
            text.push_str(words);
            text.push('\n');
        }
        Value::Number(number) => {
            text.push_str(&number.to_string());
            text.push(' ');
            known.extend(number.as_f64());
        }
        Value::Array(items) => {
            known.push(items.len() as f64);
            items.iter().for_each(|item| flatten(item, text, known));
        }
        Value::Object(fields) => {
            for (key, item) in fields.iter().filter(|(key, _)| *key != "svg") {
                text.push_str(&key.replace('_', " "));
                text.push(' ');
                flatten(item, text, known);
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// Judges a draft.
pub fn judge(draft: &str, read: &Read<'_>) -> Judgement {
    if is_ignorance(draft) {
        return Judgement::Supported;
    }
    let claims: Vec<&str> = sentences::split(draft).into_iter().filter(|sentence| claims(sentence, read)).collect();
    if claims.is_empty() {
        return Judgement::Supported;
    }
    let nothing_read = read.passages.is_empty() && read.outputs.is_empty();
    if nothing_read {
        return match (asks_for_facts(read.question), read.searched) {
            (false, _) => Judgement::Supported,
            (true, false) => Judgement::Retrieve { query: read.question.to_owned() },
            (true, true) => Judgement::Abstain,
        };
    }
    let sources = Sources::new(read);
    let of_tools = LazyCell::new(|| Sources::new(&Read { passages: &[], ..*read }));
    // A result of a tool is put into words by the model: its numbers must be right, the words around them are the model's own. A
    // sentence that cites a passage must be in the passages.
    let needed = if read.passages.is_empty() { PUT_IN_WORDS } else { SUPPORTED };
    let told = |claim: &str| {
        !read.outputs.is_empty()
            && !read.passages.is_empty()
            && without_marks(claim) == claim
            && of_tools.support(claim) >= PUT_IN_WORDS
    };
    let unsupported: Vec<String> = claims
        .iter()
        .filter(|claim| sources.support(claim) < needed && !told(claim))
        .map(|claim| (*claim).to_owned())
        .collect();
    if unsupported.is_empty() {
        Judgement::Supported
    } else if unsupported.len() < claims.len() {
        Judgement::Revise { unsupported }
    } else if read.searched || !read.passages.is_empty() {
        Judgement::Abstain
    } else {
        Judgement::Retrieve { query: read.question.to_owned() }
    }
}

/// How far the weakest sentence of a draft is supported: 0 to 1; 1 if it claims nothing.
pub fn weakest(draft: &str, read: &Read<'_>) -> f32 {
    let sources = Sources::new(read);
    sentences::split(draft)
        .into_iter()
        .filter(|sentence| claims(sentence, read))
        .map(|claim| sources.support(claim))
        .fold(1.0, f32::min)
}

/// The draft without its unsupported sentences.
pub fn revise(draft: &str, unsupported: &[String], read: &Read<'_>) -> String {
    let left: Vec<&str> = sentences::split(draft)
        .into_iter()
        .filter(|sentence| !unsupported.iter().any(|gone| gone == sentence))
        .collect();
    // What is left must still say something of its own.
    let speaks = left.iter().any(|sentence| claims(sentence, read)) || read.passages.is_empty();
    if speaks { left.join(" ") } else { String::new() }
}

/// Whether a sentence claims anything that would need a source. One word is a claim where it answers a question to the documents.
fn claims(sentence: &str, read: &Read<'_>) -> bool {
    let plain = without_marks(sentence);
    let lower = plain.trim().to_lowercase();
    let to_the_person = lower.ends_with('?')
        || [
            "hello",
            "hi ",
            "good day",
            "good morning",
            "you're welcome",
            "thank",
            "sorry",
            "please ",
            "let me ",
            "i can ",
            "i will ",
            "you can ",
            "here is",
            "here are",
        ]
        .iter()
        .any(|opening| lower.starts_with(opening));
    let from_documents = read.outputs.is_empty() && !read.passages.is_empty() && asks_for_facts(read.question);
    !to_the_person && words::meaningful(&plain).take(2).count() >= if from_documents { 1 } else { 2 }
}

/// Whether the person asks for facts, not for talk or for work.
fn asks_for_facts(question: &str) -> bool {
    let lower = question.trim().to_lowercase();
    let first = lower.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let asks = [
        "what", "who", "whom", "whose", "when", "where", "which", "why", "how", "is", "are", "was", "were", "does",
        "do", "did", "can", "explain", "define", "describe",
    ]
    .contains(&first);
    (asks || lower.ends_with('?'))
        && content(&lower).iter().any(|word| word.weight >= 1.0)
        && !["how are you", "who are you", "what can you", "what are you"].iter().any(|talk| lower.starts_with(talk))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::passage;
    use super::*;

    fn judged(draft: &str, question: &str, passages: &[Passage], outputs: &[Value], searched: bool) -> Judgement {
        judge(draft, &Read { question, passages, outputs, searched })
    }

    #[test]
    fn what_the_passages_say_is_supported_and_the_rest_is_named() {
        let passages = [passage(1, "The bridge was opened in 1932. It is 1149 metres long.")];
        let ask = "How long is the bridge?";
        assert_eq!(judged("The bridge is 1149 metres long [1].", ask, &passages, &[], true), Judgement::Supported);
        let wrong = judged("The bridge is 1249 metres long [1].", ask, &passages, &[], true);
        assert_eq!(wrong, Judgement::Abstain, "another number");
        let mixed = judged(
            "The bridge opened in 1932 [1]. Its architect was a famous Dutch painter.",
            ask,
            &passages,
            &[],
            true,
        );
        let Judgement::Revise { unsupported } = &mixed else { panic!("{mixed:?}") };
        assert_eq!(unsupported, &["Its architect was a famous Dutch painter."]);
        let read = Read { question: ask, passages: &passages, outputs: &[], searched: true };
        let draft = "The bridge opened in 1932 [1]. Its architect was a famous Dutch painter.";
        assert_eq!(revise(draft, unsupported, &read), "The bridge opened in 1932 [1].");
    }

    #[test]
    fn what_is_turned_around_or_answered_in_one_word_is_looked_at_too() {
        let passages = [passage(1, "The tunnel is safe for cyclists. It was dug by Dutch engineers from Delft.")];
        let ask = "Is the tunnel safe for cyclists?";
        for (draft, expected) in [
            ("The tunnel is safe for cyclists [1].", Judgement::Supported),
            ("The tunnel isn't safe for cyclists [1].", Judgement::Abstain),
            ("The tunnel is not safe for cyclists [1].", Judgement::Abstain),
            ("Delft.", Judgement::Supported),
            ("Paris.", Judgement::Abstain),
            ("The tunnel was dug by Swiss engineers from Bern [1].", Judgement::Abstain),
            ("Dutch engineers dug the tunnel [1].", Judgement::Supported),
        ] {
            assert_eq!(judged(draft, ask, &passages, &[], true), expected, "{draft}");
        }
    }

    #[test]
    fn a_list_that_is_told_in_short_is_supported() {
        let output = json!({"samples": [0.749_776_569, -1.248_028_785, 2.598_520_319]});
        let draft = "Samples: 3 values from -1.24803 to 2.59852 (0.749777, …).";
        assert_eq!(judged(draft, "draw 3 samples", &[], &[output], false), Judgement::Supported);
    }

    #[test]
    fn a_tools_numbers_must_be_told_right_rounded_or_not() {
        let outputs = [json!({"value": 0.9746318, "n": 3})];
        for (draft, expected) in [
            ("The cosine similarity is 0.975.", Judgement::Supported),
            ("It is about 97.46 %.", Judgement::Supported),
            ("The cosine similarity is 0.875.", Judgement::Retrieve { query: "cosine?".into() }),
        ] {
            assert_eq!(judged(draft, "cosine?", &[], &outputs, false), expected, "{draft}");
        }
    }

    #[test]
    fn passages_that_nobody_needed_do_not_make_a_tools_result_wrong() {
        let (outputs, passages) = ([json!({"mean": 2.0, "n": 3})], [passage(1, "Data are kept in one folder.")]);
        assert_eq!(judged("The mean is 2.", "mean of 1, 2, 3?", &passages, &outputs, true), Judgement::Supported);
        let cited = judged("The mean lies on a shelf [1].", "mean of 1, 2, 3?", &passages, &outputs, true);
        assert_eq!(cited, Judgement::Abstain);
    }

    #[test]
    fn a_result_may_be_told_freely_although_passages_were_read_too() {
        let passages = [passage(1, "Ask for a calculation in plain words, such as the mean of three numbers.")];
        let outputs = [json!({"n": 3, "mean": 2.0, "variance": 0.666_666_67, "std": 0.816_496_58})];
        for (draft, expected) in [
            ("The mean is 2, the variance 0.666667 and the standard deviation 0.816497 (n = 3).", Judgement::Supported),
            ("The mean is 2, the variance 0.766667 and the standard deviation 0.816497.", Judgement::Abstain),
            ("Ask for a calculation in plain words [1].", Judgement::Supported),
            ("The Danube flows through Vienna and 3 other capitals [1].", Judgement::Abstain),
        ] {
            assert_eq!(judged(draft, "what is the mean of 1, 2, 3?", &passages, &outputs, true), expected, "{draft}");
        }
    }

    #[test]
    fn facts_from_nowhere_are_searched_for_and_talk_is_free() {
        let ask = "What is the capital of France?";
        let retrieve = Judgement::Retrieve { query: ask.to_owned() };
        assert_eq!(judged("Paris is the capital of France.", ask, &[], &[], false), retrieve);
        assert_eq!(judged("Paris is the capital of France.", ask, &[], &[], true), Judgement::Abstain);
        assert_eq!(judged("I don't know.", ask, &[], &[], true), Judgement::Supported);
        assert_eq!(judged("Hello! How can I help?", "hello", &[], &[], false), Judgement::Supported);
        assert_eq!(judged("Which numbers do you mean?", "mean of what?", &[], &[], false), Judgement::Supported);
    }
}

//! # Metadata of a text
//!
//! What a search index wants to know of a document beside its words: title, sections and pages, language, keywords, hash,
//! reading time. Headings (Markdown's `#`, underlined lines, numbers as in `2.1 Method`) give the section path, form
//! feeds the pages, little words the language.
//!
//! Keywords are found by RAKE: cut the text at punctuation and little words; what is left are candidate phrases. A word's
//! score is its degree (how many words it stands beside, itself included) over its frequency, a phrase's the sum of its
//! words', so that words at home in longer phrases win over words that are merely frequent.
//!
//! Cost: O(n) for n letters, and O(p log p) for p phrases.
//! References: S. Rose, D. Engel, N. Cramer, W. Cowley, "Automatic keyword extraction from individual documents", in *Text
//! Mining*, Wiley 2010; M. Brysbaert, "How many words do we read per minute?", Journal of Memory and Language 109, 2019
//! (238 words a minute).

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{language, sha256::sha256};
use crate::error::Error;

/// Finds the metadata of a text: title, sections, page, language, keywords, hash and reading time. Use it before putting a
/// document or a chunk of it into a search index.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The text, plain or Markdown, up to 5,000,000 bytes: document, article, page.
    pub text: String,
    /// How many keywords to give, up to 100; 8 when not given.
    #[serde(default = "eight")]
    #[schemars(range(max = 100))]
    pub n_keywords: usize,
    /// A place in the text, in letters from 0, whose section path and page are wanted: offset of a chunk.
    #[serde(default)]
    pub offset: Option<usize>,
}

fn eight() -> usize {
    8
}

/// The metadata.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The first heading, or else the first line; null for an empty text.
    pub title: Option<String>,
    /// The sections in their order.
    pub sections: Vec<Section>,
    /// How many pages there are: form feeds, and one more.
    pub pages: usize,
    /// Where the offset lies; null without one.
    pub place: Option<Place>,
    /// The language as an ISO 639-1 code, such as `en`; null when it cannot be told.
    pub language: Option<String>,
    /// How far ahead of the next best guess that is, from 0 to 1.
    pub language_certainty: f64,
    /// The keywords and phrases, best first.
    pub keywords: Vec<Keyword>,
    /// SHA-256 of the text's bytes (UTF-8), in hexadecimal: the same text has the same hash.
    pub hash: String,
    /// How many letters there are, of any kind, spaces included.
    pub characters: usize,
    /// How many words there are.
    pub words: usize,
    /// How long it takes to read at 238 words a minute.
    pub reading_minutes: f64,
}

/// A section, from its heading to the next.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Section {
    /// The headings that lead to it, outermost first, its own last.
    pub path: Vec<String>,
    /// How deep it is, from 1.
    pub level: usize,
    /// Where its heading starts, in letters from 0.
    pub offset: usize,
    /// The page that is on, from 1.
    pub page: usize,
}

/// A place in the text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Place {
    /// The headings that lead to it, outermost first; empty before the first.
    pub section_path: Vec<String>,
    /// The page, from 1.
    pub page: usize,
}

/// A keyword or phrase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Keyword {
    /// The words in lower case.
    pub phrase: String,
    /// Its score: the higher, the more telling.
    pub score: f64,
    /// How often it occurs.
    pub count: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "extract the metadata of this document: title, language, keywords and reading time",
    "what are the keywords of \"Deep learning models need large training sets. Training sets are costly.\"?",
    "which language is this text in, and how long does it take to read?",
    "enrich this chunk with its section path and page before indexing",
    "hash and headings of the following Markdown",
];

/// The most bytes, keywords, and words of a phrase.
const LIMITS: (usize, usize, usize) = (5_000_000, 100, 3);
const WORDS_A_MINUTE: f64 = 238.0;

/// Finds the metadata.
///
/// # Errors
/// `too_large` beyond 5,000,000 bytes or 100 keywords, `invalid_arguments` when the offset is behind the end.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (most, most_keywords, _) = LIMITS;
    if args.text.len() > most {
        return Err(Error::too_large("/text", format!("the text has {} bytes, the limit is {most}", args.text.len())));
    }
    if args.n_keywords > most_keywords {
        let message = format!("`n_keywords` is {}, the limit is {most_keywords}", args.n_keywords);
        return Err(Error::too_large("/n_keywords", message));
    }
    let text = args.text.as_str();
    let characters = text.chars().count();
    if let Some(offset) = args.offset
        && offset > characters
    {
        return Err(Error::invalid("/offset", format!("`offset` is {offset}, but the text has {characters} letters")));
    }
    let sections = sections(text);
    let guess = language::guess(text);
    let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    let first_line = || text.lines().map(str::trim).find(|line| !line.is_empty());
    let title =
        sections.first().and_then(|section| section.path.last().cloned()).or_else(|| first_line().map(shortened));
    let place = args.offset.map(|offset| Place {
        section_path: sections
            .iter()
            .rfind(|section| section.offset <= offset)
            .map_or_else(Vec::new, |s| s.path.clone()),
        page: 1 + text.chars().take(offset).filter(|c| *c == '\u{c}').count(),
    });
    Ok(Output {
        title,
        sections,
        pages: 1 + text.matches('\u{c}').count(),
        place,
        language: guess.map(|guess| guess.code.to_owned()),
        language_certainty: guess.map_or(0.0, |guess| guess.certainty),
        keywords: keywords(text, language::little_words(guess.map_or("en", |guess| guess.code)), args.n_keywords),
        hash: sha256(text.as_bytes()),
        characters,
        words,
        reading_minutes: words as f64 / WORDS_A_MINUTE,
    })
}

/// A line that stands for a title must not be a whole paragraph.
fn shortened(line: &str) -> String {
    if line.chars().count() <= 100 { line.to_owned() } else { line.chars().take(99).chain(['…']).collect() }
}

/// The sections, by their headings.
fn sections(text: &str) -> Vec<Section> {
    let (mut found, mut path): (Vec<Section>, Vec<(usize, String)>) = (Vec::new(), Vec::new());
    let (mut offset, mut page, mut code) = (0, 1, false);
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        // A form feed at the start of a heading's line has turned the page already.
        let lead = line.chars().take_while(|c| c.is_whitespace());
        let turned = lead.filter(|c| *c == '\u{c}').count();
        code ^= line.trim_start().starts_with("```");
        if !code && let Some((level, heading)) = heading(line.trim(), lines.peek().copied()) {
            path.retain(|(above, _)| *above < level);
            path.push((level, heading));
            let names = path.iter().map(|(_, name)| name.clone()).collect();
            found.push(Section { path: names, level, offset, page: page + turned });
        }
        offset += line.chars().count();
        page += line.matches('\u{c}').count();
    }
    found
}

/// The level and the words of a heading, if the line is one.
fn heading(line: &str, next: Option<&str>) -> Option<(usize, String)> {
    let short = |words: &str| (!words.is_empty() && words.chars().count() <= 120).then(|| words.to_owned());
    let hashes = line.chars().take_while(|c| *c == '#').count();
    if (1..=6).contains(&hashes) {
        let rest = &line[hashes..];
        return rest
            .starts_with(' ')
            .then(|| rest.trim().trim_end_matches('#').trim())
            .and_then(short)
            .map(|w| (hashes, w));
    }
    let underline = next.map(str::trim).filter(|next| next.len() >= 3);
    for (mark, level) in [('=', 1), ('-', 2)] {
        if underline.is_some_and(|next| next.chars().all(|c| c == mark)) && line.contains(char::is_alphabetic) {
            return short(line).map(|words| (level, words));
        }
    }
    // A number as in "2.1 Method": each part of it is a level; a sentence or an item of a list is not a heading.
    let (number, words) = line.split_once(' ')?;
    let parts: Vec<&str> = number.trim_end_matches('.').split('.').collect();
    let numbered = parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    let dotted = parts.len() > 1 && !number.ends_with('.');
    let titled = words.starts_with(char::is_uppercase) && !words.ends_with(['.', ',', ';', ':', '?', '!']);
    (numbered && dotted && titled && words.split(' ').count() <= 10).then(|| (parts.len(), line.to_owned()))
}

/// RAKE: the phrases between little words and punctuation, by the sums of their words' degrees over frequencies.
fn keywords(text: &str, little: &str, most: usize) -> Vec<Keyword> {
    let mut phrases: Vec<Vec<String>> = Vec::new();
    let mut phrase: Vec<String> = Vec::new();
    let mut close = |phrase: &mut Vec<String>| {
        if (1..=LIMITS.2).contains(&phrase.len()) {
            phrases.push(std::mem::take(phrase));
        }
        phrase.clear();
    };
    for piece in text.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\'')) {
        let end = piece.chars().next_back().filter(|c| !c.is_alphanumeric());
        let word = piece.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let telling =
            word.chars().count() > 1 && word.contains(char::is_alphabetic) && !little.contains(&format!(" {word} "));
        if telling {
            phrase.push(word);
        } else if !word.is_empty() {
            close(&mut phrase);
        }
        if end.is_some_and(|c| c != ' ' && c != '-' && c != '\'') {
            close(&mut phrase);
        }
    }
    close(&mut phrase);
    let mut scores: HashMap<&str, (f64, f64)> = HashMap::new();
    for phrase in &phrases {
        for word in phrase {
            let (degree, frequency) = scores.entry(word).or_default();
            *degree += phrase.len() as f64;
            *frequency += 1.0;
        }
    }
    let mut found: Vec<Keyword> = Vec::new();
    let mut places: HashMap<&[String], usize> = HashMap::new();
    for phrase in &phrases {
        let place = *places.entry(phrase).or_insert_with(|| {
            let score =
                phrase.iter().map(|word| scores[word.as_str()]).map(|(degree, frequency)| degree / frequency).sum();
            found.push(Keyword { phrase: phrase.join(" "), score, count: 0 });
            found.len() - 1
        });
        found[place].count += 1;
    }
    // Of equal scores, what occurs more often, and then what occurs first.
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.count.cmp(&a.count)));
    found.truncate(most);
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str, offset: Option<usize>) -> Output {
        run(&Args { text: text.to_owned(), n_keywords: 8, offset }).unwrap()
    }

    const PAPER: &str =
        "# Rivers\n\nThe rivers of the north.\n\n## Floods\nHigh water.\u{c}\n## Droughts\nLow water.\n# Lakes\n";

    #[test]
    fn sections_and_pages() {
        let out = of(PAPER, Some(75));
        let paths: Vec<String> = out.sections.iter().map(|section| section.path.join(" > ")).collect();
        assert_eq!(paths, ["Rivers", "Rivers > Floods", "Rivers > Droughts", "Lakes"]);
        assert_eq!((out.title.as_deref(), out.pages), (Some("Rivers"), 2));
        let place = out.place.unwrap();
        assert_eq!((place.section_path.join(" > "), place.page), ("Rivers > Droughts".to_owned(), 2));
        assert_eq!(out.language.as_deref(), Some("en"));
    }

    #[test]
    fn other_ways_to_write_headings() {
        let text =
            "Report\n======\n\n1.2 Method\nWe did 3 things.\n2. milk\n\nResults\n---\n```\n# not a heading\n```\n";
        let paths: Vec<Vec<String>> = of(text, None).sections.into_iter().map(|section| section.path).collect();
        assert_eq!(paths, [vec!["Report"], vec!["Report", "1.2 Method"], vec!["Report", "Results"]]);
    }

    #[test]
    fn keywords_by_hand() {
        // Phrases: deep learning | large training sets | training sets | costly. training and sets: degree 5, frequency 2.
        let out = of("deep learning and large training sets. training sets are costly", None);
        let found: Vec<(&str, f64)> = out.keywords.iter().map(|k| (k.phrase.as_str(), k.score)).collect();
        assert_eq!(
            found,
            [("large training sets", 8.0), ("training sets", 5.0), ("deep learning", 4.0), ("costly", 1.0)]
        );
    }

    #[test]
    fn an_empty_text_has_no_title() {
        let out = of("", Some(0));
        assert_eq!((out.title, out.words, out.language, out.pages), (None, 0, None, 1));
        assert!(run(&Args { text: "ab".to_owned(), n_keywords: 8, offset: Some(3) }).is_err());
    }

    proptest! {
        #[test]
        fn any_text_has_metadata(text in "(#{0,3} ?[a-zé .,\n\u{c}0-9]{0,12}){0,6}") {
            let out = of(&text, Some(text.chars().count() / 2));
            prop_assert!(out.keywords.iter().all(|keyword| keyword.score >= 1.0));
            prop_assert!(out.sections.iter().all(|section| (1..=out.pages).contains(&section.page)));
            prop_assert_eq!(out.hash.len(), 64);
        }
    }
}

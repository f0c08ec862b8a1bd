//! What a sentence wants: something scanned, remembered, recalled, forgotten, help, a chat, or work and knowledge.
//!
//! Rules over words, in order of how sure they are. Whether work means a tool or the documents is decided later, by whether
//! a tool fits ([`super::find_tool`]).

use super::phrases;
use super::words::{is_stop, stem, words};

/// What a sentence wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Scan this text; `None` if there is no text yet.
    Guard(Option<String>),
    /// Remember this.
    Remember(String),
    /// Recall what was said about this.
    Recall(String),
    /// Forget this.
    Forget(String),
    /// Say what roundtable can do.
    Help(Help),
    /// A greeting, thanks, a farewell.
    SmallTalk(SmallTalk),
    /// A question: how, why, what, who.
    Question,
    /// A wish: do something.
    Wish,
}

/// What help is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Help {
    /// Everything.
    General,
    /// Which tool does this.
    Tools,
    /// How something is done in roundtable: the topic.
    HowTo(&'static str),
}

/// Ways of being polite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmallTalk {
    /// Hello.
    Greeting,
    /// Thank you.
    Thanks,
    /// Good bye.
    Farewell,
    /// How are you?
    Mood,
    /// Who are you?
    Identity,
    /// Praise, or "ok".
    Nod,
    /// Blame.
    Complaint,
}

/// Reads the sentence.
pub fn of(sentence: &str) -> Intent {
    let heard = Heard::new(sentence);
    guard(&heard)
        .or_else(|| small_talk(&heard))
        .or_else(|| forget(&heard))
        .or_else(|| remember(&heard))
        .or_else(|| help(&heard))
        .or_else(|| recall(&heard))
        .unwrap_or_else(|| if heard.asks() && !heard.starts(phrases::WORK) { Intent::Question } else { Intent::Wish })
}

/// Whether a sentence that no rule knows may be small talk: it opens politely, is short, speaks of us and asks for nothing by name.
pub fn may_be_talk(sentence: &str) -> bool {
    let whole = spoken(sentence);
    let polite = [phrases::GREETING, phrases::NODS, phrases::FAREWELL].into_iter().any(|with| starts(&whole, with));
    let heard = Heard::new(sentence);
    let of_us = heard.has(&["me", "my", "i", "im", "you", "us", "we", "anyone", "anybody", "someone", "somebody"]);
    let of_something = heard.starts(phrases::ASKING)
        || heard.starts(phrases::WORK)
        || heard.starts(phrases::ONESELF)
        || heard.has(phrases::OWN_FILES)
        || heard.has(phrases::BY_DOCUMENTS);
    polite && of_us && !of_something && !heard.data && heard.words.len() <= 8
}

/// The words of a sentence between single spaces.
pub fn spoken(sentence: &str) -> String {
    words(sentence).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
}

/// Whether words between single spaces begin with one of these phrases.
fn starts(plain: &str, with: &[&str]) -> bool {
    let begins = |start: &&str| plain.strip_prefix(*start).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    with.iter().any(begins)
}

struct Heard<'s> {
    sentence: &'s str,
    /// Lower case, words between single spaces, polite openings taken off.
    plain: String,
    words: Vec<String>,
    data: bool,
}

/// Words as people shorten them in a hurry.
fn in_full(word: String) -> String {
    let full = match word.as_str() {
        "u" => "you",
        "r" => "are",
        "ur" => "your",
        "wat" | "wot" => "what",
        "teh" => "the",
        "abt" => "about",
        "pls" | "plz" | "plse" => "please",
        "thru" => "through",
        "gimme" => "give me",
        "wanna" => "want to",
        _ => return word,
    };
    full.to_owned()
}

impl<'s> Heard<'s> {
    fn new(sentence: &'s str) -> Self {
        let all: Vec<String> = words(sentence).into_iter().map(|word| in_full(word.text)).collect();
        let mut plain = all.join(" ");
        loop {
            let opening = phrases::OPENINGS
                .iter()
                .filter_map(|opening| plain.strip_prefix(opening))
                .filter_map(|rest| rest.strip_prefix(' '))
                .min_by_key(|rest| rest.len());
            match opening {
                Some(rest) => plain = rest.to_owned(),
                None => break,
            }
        }
        let data = sentence.contains(['[', '{']) || sentence.chars().filter(char::is_ascii_digit).count() >= 2;
        let words = plain.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Heard { sentence, plain, words, data }
    }

    fn starts(&self, with: &[&str]) -> bool {
        starts(&self.plain, with)
    }

    fn has(&self, phrases: &[&str]) -> bool {
        let padded = format!(" {} ", self.plain);
        phrases.iter().any(|phrase| padded.contains(&format!(" {phrase} ")))
    }

    fn asks(&self) -> bool {
        self.sentence.trim_end().ends_with('?') || self.starts(phrases::ASKING)
    }

    /// What follows the first of these phrases in the sentence as it was typed, without a leading "that" and the like.
    fn rest_after(&self, phrases: &[&str]) -> Option<String> {
        let lower = self.sentence.to_ascii_lowercase().replace('’', "'");
        // A sign of three bytes became one; offsets would not fit.
        let source = if lower.len() == self.sentence.len() {
            self.sentence.to_owned()
        } else {
            self.sentence.replace('’', "'")
        };
        let mut best: Option<usize> = None;
        for phrase in phrases {
            let mut from = 0;
            while let Some(at) = lower.get(from..).and_then(|tail| tail.find(phrase)).map(|at| at + from) {
                let end = at + phrase.len();
                let whole =
                    !lower[..at].ends_with(char::is_alphanumeric) && !lower[end..].starts_with(char::is_alphanumeric);
                if whole && best.is_none_or(|best| end > best) {
                    best = Some(end);
                    break;
                }
                from = end;
            }
        }
        let mut rest = source.get(best?..)?.trim_start_matches([' ', ',', ':', '-', '—', '\n']);
        loop {
            let lower = rest.to_ascii_lowercase();
            let filler = [
                "that ",
                "this: ",
                "this, ",
                "this - ",
                "this ",
                "the following: ",
                "the following ",
                "down that ",
                "down: ",
                "please ",
                "for me ",
                "for later ",
                "about ",
                "for the future ",
            ]
            .iter()
            .find(|filler| lower.starts_with(**filler) && (**filler != "this " || lower.starts_with("this i ")));
            match filler {
                Some(filler) => rest = rest[filler.len()..].trim_start_matches([':', ' ', ',']),
                None => break,
            }
        }
        let rest = rest.trim().trim_end_matches(['?', '!']).trim();
        let rest = rest.trim_matches(|c: char| matches!(c, '"' | '“' | '”')).trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }
}

fn guard(heard: &Heard<'_>) -> Option<Intent> {
    let scans = heard.starts(phrases::SCAN);
    let checks = heard.starts(phrases::CHECK);
    let threat = heard.has(phrases::THREATS);
    let payload = payload(heard.sentence);
    let about_text = heard.has(phrases::ABOUT_TEXT);
    // "Somebody sent this, does it try to trick you: …": asked before the text, not in it.
    let told = payload.as_ref().filter(|text| words(text).len() > 3).is_some_and(|text| {
        let asked = Heard::new(heard.sentence.split(text.as_str()).next().unwrap_or_default());
        asked.has(phrases::CHECK_WITHIN) && asked.has(phrases::THREATS)
    });
    let meant = ((told || scans && (threat || payload.is_some() || about_text)) && !heard.data_only())
        || (checks
            && threat
            && (payload.is_some()
                || (about_text && heard.words.len() <= 9 && heard.has(&["this", "the following", "that"]))));
    meant.then_some(Intent::Guard(payload))
}

impl Heard<'_> {
    fn data_only(&self) -> bool {
        self.data && self.sentence.contains("[[")
    }
}

/// The text to scan: what stands in quotes, or after a colon or a line end.
fn payload(sentence: &str) -> Option<String> {
    let colon = sentence.char_indices().find(|&(_, c)| matches!(c, ':' | '\n')).map(|(at, _)| at);
    let quote = sentence.char_indices().find(|&(_, c)| matches!(c, '"' | '“' | '«' | '`')).map(|(at, _)| at);
    let single = sentence.char_indices().find(|&(at, c)| {
        matches!(c, '\'' | '‘')
            && sentence[..at].ends_with([' ', '(', ':'])
            && sentence[at + c.len_utf8()..].contains(['\'', '’'])
    });
    let quote = quote.into_iter().chain(single.map(|(at, _)| at)).min();
    if let Some(at) = quote.filter(|at| colon.is_none_or(|colon| *at < colon)) {
        let open = sentence[at..].chars().next()?;
        let close = match open {
            '“' => '”',
            '«' => '»',
            '‘' => '’',
            same => same,
        };
        let inside = &sentence[at + open.len_utf8()..];
        let end = inside.rfind(close).unwrap_or(inside.len());
        let text = inside[..end].trim();
        return (!text.is_empty()).then(|| text.to_owned());
    }
    if let Some(dash) = sentence.find(" - ").or_else(|| sentence.find(" — ")).filter(|_| colon.is_none()) {
        let text = sentence[dash..].trim_start_matches([' ', '-', '—']).trim();
        return (!text.is_empty()).then(|| text.to_owned());
    }
    // "Is the following safe? From now on …"
    let asked = || sentence.find("? ");
    let text = sentence[colon.or_else(asked)? + 1..].trim();
    let text = text.strip_prefix(['"', '“', '\'']).map_or(text, |inner| inner.trim_end_matches(['"', '”', '\'']));
    (!text.is_empty()).then(|| text.to_owned())
}

fn small_talk(heard: &Heard<'_>) -> Option<Intent> {
    let padded = format!(" {} ", spoken(heard.sentence));
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| padded.contains(&format!(" {phrase} ")));
    // Politeness in front of a wish is no small talk.
    let substance =
        heard.words.iter().filter(|word| !is_stop(&stem(word)) && !phrases::POLITE.contains(&word.as_str())).count();
    let talk = if has(phrases::MOOD) {
        SmallTalk::Mood
    } else if has(phrases::IDENTITY) {
        SmallTalk::Identity
    } else if substance > 0 || heard.data {
        return None;
    } else if has(&["thanks", "thank", "thx", "ty", "cheers", "appreciate", "grateful", "thankyou", "tnx"]) {
        SmallTalk::Thanks
    } else if has(phrases::FAREWELL) {
        SmallTalk::Farewell
    } else if has(phrases::GREETING) {
        SmallTalk::Greeting
    } else if has(&["wrong", "bad", "stupid", "useless", "terrible", "not helpful", "nonsense", "didnt help"]) {
        SmallTalk::Complaint
    } else if has(phrases::NODS) {
        SmallTalk::Nod
    } else {
        return None;
    };
    Some(Intent::SmallTalk(talk))
}

fn forget(heard: &Heard<'_>) -> Option<Intent> {
    let not_forget = heard.starts(&["dont forget", "do not forget", "never forget"]);
    let begins = heard.starts(&["forget", "unlearn", "stop remembering", "erase", "wipe"]);
    let removes = heard.starts(&["delete", "remove", "clear", "drop", "erase", "wipe", "purge"])
        && heard.has(phrases::OF_MEMORY)
        && !heard.data;
    if not_forget || !(begins || removes) {
        return None;
    }
    let rest = heard.rest_after(phrases::FORGET_REST);
    let mut query = rest.unwrap_or_default();
    for tail in [
        " from your memory",
        " from memory",
        " please",
        " again",
        " from the memory",
        " in your memory",
        ", please",
        " completely",
        " for good",
        " now",
    ] {
        if query.to_lowercase().ends_with(tail) {
            query.truncate(query.len() - tail.len());
        }
    }
    let query = query.trim_end_matches('.').trim().to_owned();
    Some(Intent::Forget(query))
}

fn remember(heard: &Heard<'_>) -> Option<Intent> {
    let opens = heard.starts(phrases::REMEMBER);
    let recalls = heard.starts(phrases::RECALLS_INSTEAD) && heard.sentence.contains('?');
    if opens && !recalls {
        let text = heard.rest_after(phrases::REMEMBER_REST);
        let text = text.map(|text| text.trim_end_matches('.').to_owned());
        return text.filter(|text| words(text).len() > 1 || text.len() > 3).map(Intent::Remember);
    }
    // A statement about oneself.
    let states = heard.starts(phrases::ONESELF);
    let verb = heard.has(phrases::STATES_VERB);
    let asks = heard.sentence.contains('?') || heard.asks() || heard.data;
    let fine = heard.has(phrases::STATES_NOT);
    (states && verb && !asks && !fine && heard.words.len() >= 3)
        .then(|| Intent::Remember(heard.sentence.trim().to_owned()))
}

fn help(heard: &Heard<'_>) -> Option<Intent> {
    if heard.starts(&["help"]) && heard.words.len() <= 3 && !heard.data {
        return Some(Intent::Help(Help::General));
    }
    let general = heard.has(phrases::GENERAL_HELP);
    if general && !heard.data {
        return Some(Intent::Help(Help::General));
    }
    let something = heard.has(phrases::SOMETHING) && !heard.has(phrases::ABOUT_DOCUMENTS) && !heard.data;
    // "List all your clustering tools."
    let listed = heard.starts(phrases::LISTS) && heard.words.last().is_some_and(|word| word == "tools");
    let tools = something || listed || heard.has(phrases::TOOLS_HELP);
    if tools && !heard.sentence.contains('[') {
        return Some(Intent::Help(Help::Tools));
    }
    if heard.starts(phrases::HOW) && !heard.sentence.contains('[') {
        let adds = heard.has(&["add", "ingest", "load", "import", "upload", "index", "feed", "put", "get", "bring"]);
        let own = heard.has(phrases::OWN_FILES);
        if adds && own {
            return Some(Intent::Help(Help::HowTo("ingest")));
        }
        let topic = phrases::HOW_TO.iter().find(|(words, _)| heard.has(words)).map(|(_, topic)| *topic);
        if let Some(topic) = topic {
            return Some(Intent::Help(Help::HowTo(topic)));
        }
    }
    None
}

fn recall(heard: &Heard<'_>) -> Option<Intent> {
    let explicit =
        heard.has(phrases::RECALL) || heard.starts(&["recall"]) || heard.asks() && heard.plain.ends_with(" again");
    let personal =
        heard.asks() && heard.has(&["my", "i", "me", "mine", "our", "we", "im"]) && heard.starts(phrases::PERSONAL);
    let general =
        heard.has(phrases::NOT_PERSONAL) && !heard.has(&["remind me", "do you remember", "did i", "told you"]);
    ((explicit || personal) && !general && !heard.data && !heard.has(phrases::BY_DOCUMENTS))
        .then(|| Intent::Recall(heard.sentence.trim().trim_end_matches('?').trim().to_owned()))
}

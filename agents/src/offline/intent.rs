//! What a sentence wants: something scanned, remembered, recalled, forgotten, help, a chat, or work and knowledge.
//!
//! Rules over words, in order of how sure they are. Whether work means a tool or the documents is decided later, by whether
//! a tool fits ([`super::find_tool`]).

use super::words::{is_stop, words};

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
        .unwrap_or_else(|| if heard.asks() { Intent::Question } else { Intent::Wish })
}

struct Heard<'s> {
    sentence: &'s str,
    /// Lower case, words between single spaces, polite openings taken off.
    plain: String,
    words: Vec<String>,
    data: bool,
}

/// Polite and other openings that say nothing.
const OPENINGS: &[&str] = &[
    "please",
    "hey",
    "hi",
    "hello",
    "ok",
    "okay",
    "so",
    "well",
    "um",
    "uh",
    "roundtable",
    "dear",
    "kindly",
    "also",
    "then",
    "and",
    "now",
    "could you please",
    "would you please",
    "can you please",
    "could you",
    "would you",
    "can you",
    "will you",
    "would you mind",
    "i want you to",
    "i would like you to",
    "id like you to",
    "i need you to",
    "i want to",
    "id like to",
    "i would like to",
    "i need to",
    "lets",
    "let us",
    "go ahead and",
    "just",
    "quick question",
    "do me a favour and",
    "do me a favor and",
    "there",
    "thanks in advance",
    "please can you",
    "please could you",
    "be so kind as to",
    "kindly",
    "for me",
    "quickly",
    "actually",
    "one more thing",
    "btw",
    "by the way",
    "fyi",
    "good morning",
    "good evening",
    "good afternoon",
    "sorry",
    "yo",
    "pls",
    "plz",
];

impl<'s> Heard<'s> {
    fn new(sentence: &'s str) -> Self {
        let all: Vec<String> = words(sentence).into_iter().map(|word| word.text).collect();
        let mut plain = all.join(" ");
        loop {
            let opening = OPENINGS
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
        with.iter().any(|start| {
            self.plain == *start || self.plain.strip_prefix(start).is_some_and(|rest| rest.starts_with(' '))
        })
    }

    fn has(&self, phrases: &[&str]) -> bool {
        let padded = format!(" {} ", self.plain);
        phrases.iter().any(|phrase| padded.contains(&format!(" {phrase} ")))
    }

    fn asks(&self) -> bool {
        const ASKING: &[&str] = &[
            "what",
            "whats",
            "why",
            "how",
            "hows",
            "who",
            "whos",
            "whose",
            "when",
            "where",
            "wheres",
            "which",
            "is",
            "are",
            "does",
            "do",
            "did",
            "was",
            "were",
            "can",
            "could",
            "should",
            "would",
            "has",
            "have",
            "according to",
            "explain",
            "define",
            "summarise",
            "summarize",
            "tell me",
            "describe what",
            "describe how",
            "describe the effect",
            "what is",
            "in the",
            "i wonder",
            "whether",
            "discuss",
            "give me a summary",
            "give an overview",
            "list the papers",
            "find papers",
            "search",
            "look up",
            "any",
            "i am looking for",
            "looking for",
            "papers",
            "documents",
            "sources",
            "references",
            "information on",
            "information about",
        ];
        self.sentence.trim_end().ends_with('?') || self.starts(ASKING)
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

const THREATS: &[&str] = &[
    "prompt injection",
    "injection",
    "injections",
    "jailbreak",
    "jailbreaks",
    "malicious",
    "hidden instructions",
    "hidden text",
    "secrets",
    "personal data",
    "safe",
    "suspicious",
    "attack",
    "threats",
    "pii",
    "leaks",
    "api keys",
    "dangerous",
    "harmful",
    "trustworthy",
    "poisoned",
    "instructions in it",
    "credentials",
    "an attack",
    "sensitive data",
    "private data",
    "passwords",
    "tricks",
    "manipulation",
];

fn guard(heard: &Heard<'_>) -> Option<Intent> {
    let scans = heard.starts(&[
        "scan",
        "guard",
        "screen",
        "guard scan",
        "run a guard scan",
        "run the guard",
        "security check",
        "safety check",
        "vet",
    ]);
    let checks = heard.starts(&[
        "check",
        "inspect",
        "test",
        "analyse",
        "analyze",
        "examine",
        "review",
        "is this",
        "is the following",
        "is it safe",
        "does this",
        "does the following",
        "are there",
        "look for",
        "detect",
        "find",
        "run",
        "is that",
        "do you see",
        "are any",
        "tell me",
        "look at",
        "can i trust",
        "is there",
        "would this",
        "could this",
    ]);
    let threat = heard.has(THREATS);
    let payload = payload(heard.sentence);
    let about_text = heard.has(&[
        "this",
        "the following",
        "text",
        "message",
        "email",
        "mail",
        "prompt",
        "snippet",
        "comment",
        "page",
        "paragraph",
        "that",
        "it",
        "here",
    ]);
    let meant = (scans && (threat || payload.is_some() || about_text) && !heard.data_only())
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
    let text = sentence[colon? + 1..].trim();
    let text = text.strip_prefix(['"', '“', '\'']).map_or(text, |inner| inner.trim_end_matches(['"', '”', '\'']));
    (!text.is_empty()).then(|| text.to_owned())
}

fn small_talk(heard: &Heard<'_>) -> Option<Intent> {
    let all = words(heard.sentence);
    let whole = all.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let padded = format!(" {whole} ");
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| padded.contains(&format!(" {phrase} ")));
    // Politeness in front of a wish is no small talk.
    let substance = heard.words.iter().filter(|word| !is_stop(word) && !POLITE.contains(&word.as_str())).count();
    let talk = if has(&[
        "how are you",
        "how are things",
        "hows it going",
        "how is it going",
        "how do you do",
        "whats up",
        "how have you been",
        "how r u",
        "how are u",
    ]) {
        SmallTalk::Mood
    } else if has(&[
        "who are you",
        "what are you",
        "whats your name",
        "what is your name",
        "are you a robot",
        "are you human",
        "are you an ai",
        "who made you",
        "are you real",
        "introduce yourself",
        "are you chatgpt",
    ]) {
        SmallTalk::Identity
    } else if substance > 0 || heard.data {
        return None;
    } else if has(&["thanks", "thank", "thx", "ty", "cheers", "appreciate", "grateful", "thankyou", "tnx"]) {
        SmallTalk::Thanks
    } else if has(&[
        "bye",
        "goodbye",
        "see you",
        "good night",
        "farewell",
        "later",
        "ciao",
        "cya",
        "see ya",
        "have a nice day",
        "good bye",
        "take care",
    ]) {
        SmallTalk::Farewell
    } else if has(&[
        "hello",
        "hi",
        "hey",
        "good morning",
        "good evening",
        "good afternoon",
        "greetings",
        "howdy",
        "hiya",
        "yo",
        "morning",
        "hallo",
        "evening",
        "good day",
        "heya",
        "hullo",
    ]) {
        SmallTalk::Greeting
    } else if has(&["wrong", "bad", "stupid", "useless", "terrible", "not helpful", "nonsense", "didnt help"]) {
        SmallTalk::Complaint
    } else if has(&[
        "ok",
        "okay",
        "great",
        "nice",
        "cool",
        "good",
        "perfect",
        "excellent",
        "awesome",
        "wow",
        "lol",
        "haha",
        "yes",
        "no",
        "fine",
        "sorry",
        "got it",
        "understood",
        "alright",
        "sure",
        "never mind",
        "nevermind",
        "amazing",
        "brilliant",
        "lovely",
        "well done",
        "good job",
        "interesting",
        "i see",
        "neat",
        "super",
        "great job",
        "nice work",
        "good work",
    ]) {
        SmallTalk::Nod
    } else {
        return None;
    };
    Some(Intent::SmallTalk(talk))
}

const POLITE: &[&str] = &[
    "thanks",
    "thank",
    "thx",
    "ty",
    "cheers",
    "appreciate",
    "grateful",
    "thankyou",
    "tnx",
    "bye",
    "goodbye",
    "night",
    "farewell",
    "later",
    "ciao",
    "cya",
    "ya",
    "hello",
    "hi",
    "hey",
    "morning",
    "evening",
    "afternoon",
    "greetings",
    "howdy",
    "hiya",
    "yo",
    "hallo",
    "day",
    "ok",
    "okay",
    "great",
    "nice",
    "cool",
    "good",
    "perfect",
    "excellent",
    "awesome",
    "wow",
    "lol",
    "haha",
    "yes",
    "no",
    "fine",
    "sorry",
    "understood",
    "alright",
    "sure",
    "never",
    "nevermind",
    "amazing",
    "brilliant",
    "lovely",
    "done",
    "job",
    "interesting",
    "neat",
    "super",
    "helped",
    "helpful",
    "useful",
    "lot",
    "bunch",
    "roundtable",
    "everyone",
    "all",
    "friend",
    "buddy",
    "mate",
    "again",
    "wrong",
    "bad",
    "stupid",
    "useless",
    "terrible",
    "nonsense",
    "didnt",
    "really",
    "today",
    "folks",
    "bot",
    "pal",
    "ever",
    "answer",
    "exactly",
    "needed",
    "saved",
    "million",
    "take",
    "care",
    "tomorrow",
    "soon",
    "man",
    "wonderful",
    "fantastic",
    "indeed",
    "kind",
    "heya",
    "hullo",
    "wanted",
    "looking",
    "quick",
    "quickly",
    "works",
    "right",
    "time",
    "welcome",
    "everybody",
    "team",
    "clear",
    "makes",
    "sense",
    "work",
    "now",
    "was",
    "got",
];

fn forget(heard: &Heard<'_>) -> Option<Intent> {
    let not_forget = heard.starts(&["dont forget", "do not forget", "never forget"]);
    let begins = heard.starts(&["forget", "unlearn", "stop remembering", "erase", "wipe"]);
    let removes = heard.starts(&["delete", "remove", "clear", "drop", "erase", "wipe", "purge"])
        && heard.has(&[
            "memory",
            "remember",
            "remembered",
            "know about me",
            "told you",
            "memories",
            "you know about",
            "from your memory",
            "stored about",
            "my",
        ])
        && !heard.data;
    if not_forget || !(begins || removes) {
        return None;
    }
    let rest = heard.rest_after(&[
        "forget",
        "unlearn",
        "stop remembering",
        "erase",
        "wipe",
        "delete",
        "remove",
        "clear",
        "purge",
        "drop",
        "what you know about",
        "what i told you about",
        "what i said about",
        "everything about",
        "you remember about",
        "the fact that",
        "all about",
        "what you remember about",
        "the memory of",
        "any memory of",
        "the record about",
        "the memory about",
        "anything about",
        "my note about",
    ]);
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
    let opens = heard.starts(&[
        "remember",
        "memorise",
        "memorize",
        "keep in mind",
        "bear in mind",
        "dont forget",
        "do not forget",
        "never forget",
        "note that",
        "make a note",
        "take a note",
        "note down",
        "for the record",
        "for future reference",
        "store the fact",
        "store in memory",
        "save to memory",
        "save in memory",
        "please remember",
        "make sure you remember",
        "remind yourself",
        "write down that",
        "jot down",
        "commit to memory",
        "you should know that",
        "add to memory",
        "add to your memory",
        "put in memory",
        "save the fact",
        "keep a note",
        "keep note",
        "learn that",
        "know that",
        "i want you to remember",
        "take note",
        "store this",
        "save this fact",
        "store that",
        "save that",
        "note",
    ]);
    let recalls = heard.starts(&[
        "remember what",
        "remember when",
        "remember which",
        "remember who",
        "remember where",
        "remember how",
    ]) && heard.sentence.contains('?');
    if opens && !recalls {
        let text = heard.rest_after(&[
            "remember",
            "memorise",
            "memorize",
            "keep in mind",
            "bear in mind",
            "forget",
            "note that",
            "make a note",
            "take a note",
            "note down",
            "for the record",
            "note of",
            "for future reference",
            "store the fact",
            "in memory",
            "to memory",
            "remind yourself",
            "write down",
            "jot down",
            "should know",
            "your memory",
            "save the fact",
            "keep a note",
            "keep note",
            "learn that",
            "know that",
            "take note",
            "store this",
            "save this fact",
            "store that",
            "save that",
            "note",
        ]);
        return text.filter(|text| words(text).len() > 1 || text.len() > 3).map(Intent::Remember);
    }
    // A statement about oneself.
    let states = heard.starts(&[
        "my",
        "i am",
        "im",
        "i like",
        "i prefer",
        "i live",
        "i love",
        "i hate",
        "i always",
        "i never",
        "i usually",
        "call me",
        "our",
        "i work",
        "i study",
        "i was born",
    ]);
    let verb = heard.has(&[
        "is", "are", "am", "im", "like", "prefer", "live", "love", "hate", "always", "never", "usually", "call",
        "work", "study", "was born", "lives", "has", "have",
    ]);
    let asks = heard.sentence.contains('?') || heard.asks() || heard.data;
    let fine = heard.has(&[
        "im looking",
        "i am looking",
        "i am trying",
        "im trying",
        "im interested",
        "i am interested",
        "i am wondering",
        "im wondering",
        "i am curious",
        "im curious",
        "need",
        "want",
    ]);
    (states && verb && !asks && !fine && heard.words.len() >= 3)
        .then(|| Intent::Remember(heard.sentence.trim().to_owned()))
}

fn help(heard: &Heard<'_>) -> Option<Intent> {
    if heard.starts(&["help"]) && heard.words.len() <= 3 && !heard.data {
        return Some(Intent::Help(Help::General));
    }
    let general = heard.has(&[
        "what can you do",
        "what do you do",
        "what are you able to do",
        "what are your abilities",
        "what are your capabilities",
        "how can you help",
        "what can i do here",
        "what can i ask",
        "how do i use you",
        "how does this work",
        "how do i use this",
        "how do i use roundtable",
        "what is roundtable",
        "how does roundtable work",
        "what commands",
        "show commands",
        "list commands",
        "get started",
        "getting started",
        "how do i start",
        "what else can you do",
        "your features",
        "show me what you can do",
        "what features",
        "what kind of things",
        "what sort of things can",
        "what are you good at",
        "what are you capable of",
        "what is this thing",
        "what can this do",
        "what can roundtable do",
        "what is this",
        "what is this program",
        "i am new here",
        "im new here",
        "how to use this",
        "what stuff can you do",
        "can you help me",
        "i need help",
        "i need some help",
    ]);
    if general && !heard.data {
        return Some(Intent::Help(Help::General));
    }
    let tools = heard.has(&[
        "which tool",
        "which tools",
        "what tool",
        "what tools",
        "list tools",
        "list the tools",
        "list your tools",
        "list all tools",
        "show tools",
        "show me the tools",
        "available tools",
        "a tool for",
        "a tool to",
        "a tool that",
        "any tool",
        "tools do you have",
        "tools are there",
        "tools have you",
        "tool should i use",
        "tool do i need",
        "tool would",
        "what algorithms",
        "which algorithms",
        "which algorithm",
        "what methods do you",
        "tools for",
        "list of tools",
        "tool list",
        "what functions do you",
        "which functions",
        "tools available",
        "which command",
    ]);
    if tools && !heard.sentence.contains('[') {
        return Some(Intent::Help(Help::Tools));
    }
    if heard.starts(&[
        "how do i",
        "how can i",
        "how to",
        "how do you",
        "how does one",
        "where do i",
        "can i",
        "is it possible to",
        "what do i do to",
        "what command",
        "how should i",
        "which key",
        "whats the command",
        "what is the command",
    ]) && !heard.sentence.contains('[')
    {
        let topic = HOW_TO.iter().find(|(words, _)| heard.has(words)).map(|(_, topic)| *topic);
        if let Some(topic) = topic {
            return Some(Intent::Help(Help::HowTo(topic)));
        }
    }
    None
}

/// Words of a how-to question and the topic that answers it.
const HOW_TO: &[(&[&str], &str)] = &[
    (
        &[
            "ingest",
            "add documents",
            "add a document",
            "add my documents",
            "load documents",
            "load my documents",
            "load a document",
            "import documents",
            "import",
            "add files",
            "add my papers",
            "add papers",
            "index my files",
            "index documents",
            "load files",
            "load my papers",
            "upload",
            "add my notes",
            "feed you",
            "read my documents",
            "read my files",
        ],
        "ingest",
    ),
    (&["search my documents", "search the documents", "search documents"], "search"),
    (
        &[
            "forget",
            "delete a memory",
            "delete memories",
            "see what you remember",
            "make you remember",
            "remember things",
            "your memory",
            "see my memories",
            "have you remember",
        ],
        "memory",
    ),
    (
        &[
            "change the model",
            "use another model",
            "switch model",
            "switch models",
            "use ollama",
            "use openai",
            "connect to ollama",
            "connect ollama",
            "api key",
            "use a model",
            "another model",
            "choose the model",
            "connect a model",
            "use gpt",
        ],
        "model",
    ),
    (
        &[
            "resume",
            "continue a session",
            "save a session",
            "save the session",
            "save this session",
            "save this conversation",
            "old sessions",
            "previous session",
            "earlier session",
        ],
        "sessions",
    ),
    (&["cancel", "stop a turn", "interrupt", "abort a turn"], "cancel"),
    (&["exit", "quit", "leave", "close roundtable"], "exit"),
    (&["call a tool", "run a tool", "use a tool", "use the tools", "use tools"], "tools"),
    (&["undo", "retry", "take back"], "undo"),
    (&["approve", "deny", "allow a call"], "approve"),
    (&["trace", "see what happens", "who does what"], "trace"),
];

fn recall(heard: &Heard<'_>) -> Option<Intent> {
    let explicit = heard.has(&[
        "do you remember",
        "you remember",
        "what did i tell you",
        "what did i say",
        "did i tell you",
        "did i mention",
        "did i say",
        "have i told you",
        "what do you know about me",
        "remind me",
        "i told you",
        "recall",
        "i asked you to remember",
        "what have i told you",
        "do you know my",
        "do you know what my",
        "you know about my",
        "what was my",
        "what were my",
        "i mentioned",
        "i said earlier",
        "i asked you to keep",
        "what have you remembered",
        "what do you remember",
        "in your memory",
        "from memory",
        "who am i",
        "whats my",
        "what is my",
        "what are my",
        "wheres my",
        "where is my",
        "when is my",
        "who is my",
        "whos my",
        "which is my",
        "what is our",
        "what are our",
        "when is our",
        "who is our",
        "where is our",
        "whats our",
        "what was i",
        "where did i",
        "when did i",
        "what did we",
        "did we decide",
        "did we agree",
        "we agreed",
        "we decided",
        "i had told you",
        "told you earlier",
        "told you before",
        "notes have i",
        "when was my",
        "who was my",
        "how old am i",
        "where do i",
        "where am i",
        "what do i",
        "which do i",
        "where was i",
        "how do i like",
        "do i prefer",
        "do i like",
        "do i live",
        "do i work",
        "do i use",
        "do i have",
        "am i allergic",
        "what am i",
    ]);
    let personal = heard.asks()
        && heard.has(&["my", "i", "me", "mine", "our", "we", "im"])
        && heard.starts(&[
            "what", "whats", "which", "who", "whos", "whose", "where", "when", "how old", "am i", "do i", "did i",
            "is my", "are my", "have i", "was i",
        ]);
    let general = heard.has(&[
        "can i",
        "should i",
        "could i",
        "how do i",
        "how can i",
        "give me",
        "tell me about",
        "show me",
        "if i",
        "may i",
        "would i",
        "must i",
        "do i need",
        "do i get",
        "do i compute",
        "do i find",
        "do i calculate",
        "in my documents",
        "my documents say",
        "in my papers",
        "my papers say",
        "my notes say",
        "according to my",
        "do my documents",
        "my files say",
        "do my papers",
        "do my notes",
        "can we",
        "do we know",
        "do we need",
        "we use",
        "should we",
        "i read",
        "i find",
        "my data",
        "my numbers",
        "these numbers",
        "what i ask",
    ]) && !heard.has(&["remind me", "do you remember", "did i", "told you"]);
    ((explicit || personal) && !general && !heard.data)
        .then(|| Intent::Recall(heard.sentence.trim().trim_end_matches('?').trim().to_owned()))
}

//! The next move in a conversation: a call, or something to say.

use serde_json::{Map, Value, json};

use super::arguments::literal::{Kind, literals};
use super::arguments::{Filled, columns, fill};
use super::conversation::{Outcome, Step, Talk};
use super::documents;
use super::find_tool::{Finder, Known, Match};
use super::follow_up::{self, Lean, STILL_NEED};
use super::intent::{self, Help, Intent};
use super::meaning::without_data;
use super::words::terms;
use super::{Move, help, phrases, writer};
use crate::model::Request;

const SEARCH: &str = "search_documents";
const REMEMBER: &str = "remember";
const RECALL: &str = "recall";
const FORGET: &str = "forget_memory";
const SCAN: &str = "guard_scan";
/// The tools of the table: they are called for what a sentence wants, never found by meaning.
const TABLE: &[&str] = &[SEARCH, REMEMBER, RECALL, FORGET, SCAN];

/// A tool must cover this share of a wish, and this of a question.
const FITS_WISH: f64 = 0.4;
const FITS_QUESTION: f64 = 0.5;
/// A question about a subject brings no data either: a tool that needs none must be what is asked for.
const FITS_BARE_QUESTION: f64 = 0.7;
/// So much more is needed where the meaning of the sentence is surely none of a tool.
const NO_TOOL: f64 = 0.35;
/// From this likelihood on that a sentence means no tool, one that may be small talk is.
const TALK: f64 = 0.6;
/// Less is enough where the sentence brings just the data that the tool takes.
const FITS_DATA: f64 = 0.25;

/// The next move, and the number for the id of its first call.
pub fn next(finder: &Finder, request: &Request) -> (Move, usize) {
    let talk = Talk::read(&request.messages);
    let learnt = finder.with_offers(request.tools.iter().filter(|offer| !TABLE.contains(&&*offer.name)));
    let finder = learnt.as_ref().unwrap_or(finder);
    let table = Table { finder, talk: &talk, request };
    (table.next(), talk.next_call)
}

struct Table<'a> {
    finder: &'a Finder,
    talk: &'a Talk,
    request: &'a Request,
}

impl Table<'_> {
    fn offers(&self, name: &str) -> bool {
        self.request.tools.iter().any(|offer| &*offer.name == name)
    }

    /// What the person wants, until it is done; then what came of it.
    fn next(&self) -> Move {
        let wanted = self.understand();
        // Passages may lie on the table unasked, where another model was to answer.
        let only_read = self.talk.steps.iter().all(|step| step.name == SEARCH);
        match wanted {
            // What the passages say about roundtable has a source; what is said by heart has none.
            Move::Say(ref by_heart) if only_read && matches!(intent::of(&self.talk.said), Intent::Help(_)) => {
                Move::Say(documents::answer(&self.question(), &self.talk.steps).unwrap_or_else(|| by_heart.clone()))
            }
            Move::Say(_) if only_read => wanted,
            Move::Call(ref calls) if only_read && !calls.iter().any(|(name, _)| self.did(name)) => wanted,
            Move::Call(calls) => self.report(calls.first().map(|(name, _)| name.as_str()).unwrap_or_default()),
            Move::Say(_) => self.report(""),
        }
    }

    fn did(&self, name: &str) -> bool {
        self.talk.steps.iter().any(|step| step.name == name)
    }

    /// What to do about what the person said.
    fn understand(&self) -> Move {
        let said = self.talk.said.as_str();
        if !said.chars().any(char::is_alphanumeric) {
            return Move::Say(help::general(self.finder));
        }
        match intent::of(said) {
            Intent::Guard(Some(text)) => self.at_the_table(SCAN, "text", text),
            Intent::Guard(None) => {
                Move::Say(format!("To run `{SCAN}` {STILL_NEED} the text: put it after a colon, as in “scan this: …”."))
            }
            Intent::Remember(text) => self.at_the_table(REMEMBER, "text", text),
            Intent::Forget(query) if query.is_empty() => {
                Move::Say("What shall I forget? Say “forget …” with a few words of it.".to_owned())
            }
            Intent::Forget(query) => self.at_the_table(FORGET, "query", query),
            Intent::Recall(query) => self.recall(query),
            Intent::Help(Help::General) => Move::Say(help::general(self.finder)),
            Intent::Help(Help::Tools) => Move::Say(help::tools(self.finder, said)),
            Intent::Help(Help::HowTo(topic)) => self.how_to(topic),
            Intent::SmallTalk(talk) => Move::Say(help::small_talk(talk).to_owned()),
            Intent::Question => self.work(true),
            Intent::Wish => self.work(false),
        }
    }

    /// How something is done: with its source while memory holds roundtable's own notes, in a few words otherwise.
    fn how_to(&self, topic: &str) -> Move {
        if self.offers(SEARCH) && !self.did(SEARCH) {
            return self.at_the_table(SEARCH, "query", self.talk.said.clone());
        }
        let passages = documents::passages(&self.talk.steps);
        let of_notes = passages.iter().all(|passage| passage.doc.starts_with("notes/"));
        let answer = documents::answer(&self.talk.said, &self.talk.steps).filter(|_| of_notes);
        Move::Say(answer.unwrap_or_else(|| help::how_to(topic)))
    }

    fn at_the_table(&self, tool: &str, argument: &str, text: String) -> Move {
        if !self.offers(tool) {
            return Move::Say(match tool {
                SCAN => "I cannot scan here; `roundtable guard scan` does it at the command line.".to_owned(),
                _ => "This table has no memory, so I can neither remember, recall nor forget.".to_owned(),
            });
        }
        call(tool, Map::from_iter([(argument.to_owned(), Value::String(text))]))
    }

    fn recall(&self, query: String) -> Move {
        if self.offers(RECALL) { self.at_the_table(RECALL, "query", query) } else { self.work(true) }
    }

    /// A tool if one fits, the documents for a question, else the truth.
    fn work(&self, question: bool) -> Move {
        let said = self.finder.spelled(&self.talk.said);
        if let Some(next) = self.answer_to_question_back(&said) {
            return next;
        }
        let talks = intent::may_be_talk(&said) && literals(&said).is_empty();
        if talks && self.finder.none_likely(&self.talk.said) > TALK {
            return Move::Say(help::small_talk(intent::SmallTalk::Greeting).to_owned());
        }
        let mut lean = if self.talk.said_before.is_some() { follow_up::lean(&said) } else { Lean::None };
        let before = follow_up::last_call(self.finder, self.talk);
        if before.is_some_and(|before| follow_up::names_result(before, &said)) {
            lean = Lean::Surely;
        }
        // "What does status 404 mean?" asks for no average, and "why, according to the notes?" for no tool.
        if question && (asks_for_meaning(&said) || asks_documents(&said)) {
            return self.search(lean);
        }
        let best = self.best(&said, before.filter(|_| lean == Lean::Surely));
        if let (Some(before), true) = (before, lean > Lean::None)
            && let Some(next) = self.follow(&said, before, lean, best.as_ref())
        {
            return next;
        }
        let complete = best.as_ref().is_some_and(|(_, filled)| {
            filled.has_data && filled.missing.is_empty() && filled.unused == 0 && !filled.bent
        });
        let needs_nothing =
            best.as_ref().is_some_and(|(_, filled)| filled.arguments.is_empty() && filled.missing.is_empty());
        let wanted = match (complete, question) {
            (true, _) => FITS_DATA,
            (false, true) if needs_nothing => FITS_BARE_QUESTION,
            (false, true) if best.as_ref().is_some_and(|(_, filled)| filled.spoken_for >= 2) => FITS_WISH,
            (false, true) => FITS_QUESTION,
            (false, false) => FITS_WISH,
        };
        // What means nothing that a tool does has to say all the more of one, unless it brings its data.
        let brings = best.as_ref().is_some_and(|(_, filled)| filled.has_data || filled.spoken_for >= 2);
        let alone = before.is_none() || lean != Lean::Surely;
        let wanted =
            if brings || !alone { wanted } else { wanted + NO_TOOL * self.finder.none_likely(&self.talk.said) };
        if let Some((fit, filled)) = &best
            && fit.score >= wanted
        {
            if filled.missing.is_empty() {
                return self.run(&fit.tool.name, filled.arguments.clone());
            }
            // A question without data is about the subject, not for the tool.
            if !question || filled.has_data || filled.spoken_for >= 2 {
                return Move::Say(question_back(fit.tool, filled));
            }
        }
        if question || documents::content(&said).len() > 1 && self.is_about_knowledge(&said, best.as_ref()) {
            return self.search(lean);
        }
        self.no_tool(best.as_ref())
    }

    /// The tool that fits best: well covered, and with its arguments in the sentence.
    fn best(&self, said: &str, before: Option<&Step>) -> Option<(Match<'_>, Filled)> {
        let head = wish(said);
        let mut ranked = self.finder.rank(&head);
        let short = terms(&head).len() <= 1;
        // How much better the head has to be than the whole, where it may say too little.
        let margin = match (short, goes_on(said)) {
            (true, _) => Some(1.0),
            (false, true) => Some(0.15),
            (false, false) => None,
        };
        if ranked.first()?.score < FITS_WISH || margin.is_some() {
            let whole = if margin.is_some() { without_columns(without_data(said)) } else { said.to_owned() };
            let (whole, margin) = (self.finder.rank(&whole), margin.unwrap_or_default());
            if whole.first()?.score + margin > ranked.first()?.score {
                ranked = whole;
            }
        }
        // What follows up on the turn before says too little by itself.
        let ranked = if before.is_none() { self.finder.by_meaning(ranked, &self.talk.said) } else { ranked };
        let top = ranked.first()?.score;
        let mut best: Option<(f64, Match<'_>, Filled)> = None;
        for mut fit in ranked.into_iter().take(6).filter(|fit| fit.score > 0.15 && fit.score > top - 0.3) {
            let filled = self.fill(fit.tool, said);
            // Arguments that the words ask for by name say more than a word that fits by chance.
            if filled.missing.is_empty() && filled.unused == 0 {
                fit.score += 0.12 * filled.spoken_for.min(3) as f64;
            }
            let open = match before {
                Some(before) => open_after(fit.tool, &follow_up::carried(fit.tool, &filled, before, said)),
                None => filled.missing.len(),
            };
            let worth = fit.score
                - if filled.has_data || before.is_some() { 0.12 * open as f64 } else { 0.0 }
                - 0.05 * filled.unused.min(5) as f64
                - 0.15 * filled.unused_data.min(3) as f64
                - if filled.bent { 0.1 } else { 0.0 }
                - if filled.promoted { 0.05 } else { 0.0 }
                - if filled.gathered { 0.08 } else { 0.0 }
                + if before.is_some_and(|before| before.name == fit.tool.name) && !filled.arguments.is_empty() {
                    0.2
                } else {
                    0.0
                };
            if best.as_ref().is_none_or(|(most, ..)| worth > *most) {
                best = Some((worth, fit, filled));
            }
        }
        best.map(|(_, fit, filled)| (fit, filled))
    }

    /// From the sentence as it was typed, since data must stay as they are; with slips put right where that says more.
    fn fill(&self, tool: &Known, said: &str) -> Filled {
        let typed = fill(&tool.fields, &self.talk.said);
        if typed.missing.is_empty() || said == self.talk.said {
            return typed;
        }
        let spelled = fill(&tool.fields, said);
        if spelled.missing.len() < typed.missing.len() { spelled } else { typed }
    }

    fn answer_to_question_back(&self, said: &str) -> Option<Move> {
        let tool = follow_up::asked_for(self.finder, self.talk)?;
        let whole = format!("{} {}", self.finder.spelled(self.talk.said_before.as_deref()?), said);
        let filled = fill(&tool.fields, &whole);
        let before = fill(&tool.fields, self.talk.said_before.as_deref()?);
        if filled.missing.len() >= before.missing.len() {
            return None;
        }
        Some(if filled.missing.is_empty() {
            self.run(&tool.name, filled.arguments)
        } else {
            Move::Say(question_back(tool, &filled))
        })
    }

    /// "and with k = 3?", "what about its variance?"
    fn follow(&self, said: &str, before: &Step, lean: Lean, best: Option<&(Match<'_>, Filled)>) -> Option<Move> {
        if let Some((fit, filled)) = best
            && fit.score >= FITS_WISH
        {
            let same = fit.tool.name == before.name;
            if filled.missing.is_empty() && !(same && lean == Lean::Surely) {
                return Some(self.run(&fit.tool.name, filled.arguments.clone()));
            }
            let arguments = follow_up::carried(fit.tool, filled, before, said);
            if !same && open_after(fit.tool, &arguments) == 0 {
                return Some(self.run(&fit.tool.name, arguments));
            }
        }
        let tool = self.finder.get(&before.name)?;
        let arguments = follow_up::changed(tool, before, said)?;
        Some(self.run(&tool.name, arguments))
    }

    fn is_about_knowledge(&self, said: &str, best: Option<&(Match<'_>, Filled)>) -> bool {
        let filled = best.is_some_and(|(_, filled)| filled.has_data);
        let data = said.contains(['[', '{']) || filled;
        // A topic without a verb: "boundary layer transition on cones".
        !data
            && !phrases::WORK.iter().any(|verb| said.to_lowercase().split(' ').next() == Some(verb))
            && self.offers(SEARCH)
    }

    fn search(&self, lean: Lean) -> Move {
        if !self.offers(SEARCH) {
            return Move::Say("I don't know: no documents are at this table. `/ingest PATH` adds some.".to_owned());
        }
        let before = self.subject().filter(|_| lean == Lean::Surely);
        call(SEARCH, Map::from_iter([("query".to_owned(), json!(documents::query(&self.talk.said, before)))]))
    }

    fn run(&self, name: &str, arguments: Map<String, Value>) -> Move {
        if self.request.tools.is_empty() && self.talk.rounds > 0 {
            return Move::Say(format!("I would call `{name}` now, but no more calls are allowed in this turn."));
        }
        call(name, arguments)
    }

    fn no_tool(&self, best: Option<&(Match<'_>, Filled)>) -> Move {
        let near = best
            .filter(|(fit, _)| fit.score > 0.15)
            .map(|(fit, _)| format!(" The nearest I have is `{}`: {}.", fit.tool.name, fit.tool.summary()));
        Move::Say(format!("I have no tool for that.{} `/tools` lists them all.", near.unwrap_or_default()))
    }

    /// What came back, in words, or one more try. `wanted` is the tool that the sentence asks for.
    fn report(&self, wanted: &str) -> Move {
        let recalled = self.talk.steps.iter().rev().find(|step| step.name == RECALL);
        if let (Some(recalled), RECALL) = (recalled, wanted)
            && let Outcome::Output(_) = recalled.result
        {
            return self.remembered(recalled);
        }
        let done: Vec<&Step> = self.talk.steps.iter().filter(|step| step.name != SEARCH).collect();
        if self.did(SEARCH) && (wanted == SEARCH || done.is_empty()) {
            return self.answer();
        }
        let told: Vec<String> = done.into_iter().map(|step| self.tell(step)).collect();
        Move::Say(told.join(" "))
    }

    /// The question; one that follows up with the subject of the one before.
    fn question(&self) -> String {
        documents::query(&self.talk.said, self.subject().filter(|_| follow_up::lean(&self.talk.said) == Lean::Surely))
    }

    /// The question before, if this one is short and that one searched the documents.
    fn subject(&self) -> Option<&str> {
        let short = documents::content(&self.talk.said).len() <= 3;
        let searched = self.talk.earlier.first().is_some_and(|step| step.name == SEARCH);
        self.talk.said_before.as_deref().filter(|_| short && searched)
    }

    /// The answer from the passages; one more search when they are thin; "I don't know" when they still are.
    fn answer(&self) -> Move {
        let steps = self.talk.steps.iter();
        let searched: Vec<&str> =
            steps.filter(|step| step.name == SEARCH).filter_map(|step| step.arguments.get("query")?.as_str()).collect();
        let failed = self.talk.steps.iter().rev().find_map(|step| match &step.result {
            Outcome::Failed(error) if step.name == SEARCH => Some(writer::error(SEARCH, error)),
            _ => None,
        });
        if let Some(answer) = documents::answer(&self.question(), &self.talk.steps) {
            return Move::Say(answer);
        }
        if let Some(failed) = failed {
            return Move::Say(failed);
        }
        if searched.len() == 1 && self.talk.rounds < 3 && self.offers(SEARCH) {
            let mut calls = Vec::new();
            if let Some(query) = documents::second_query(&self.question(), &searched) {
                calls.push((SEARCH.to_owned(), Map::from_iter([("query".to_owned(), json!(query))])));
            }
            if self.offers(RECALL) && !self.talk.steps.iter().any(|step| step.name == RECALL) {
                calls.push((RECALL.to_owned(), Map::from_iter([("query".to_owned(), json!(self.talk.said))])));
            }
            if !calls.is_empty() {
                return Move::Call(calls);
            }
        }
        let facts: Vec<_> = documents::records(&self.talk.steps).into_iter().filter(|(_, fact)| *fact).collect();
        let remembered = documents::relevant(&self.talk.said, &facts);
        Move::Say(writer::recalled(&remembered).unwrap_or_else(|| documents::UNKNOWN.to_owned()))
    }

    fn remembered(&self, recalled: &Step) -> Move {
        let records = documents::records(&self.talk.steps);
        let relevant = documents::relevant(&self.talk.said, &records);
        let chosen = if relevant.is_empty() && personal_in_general(&self.talk.said) {
            records.into_iter().filter(|(_, fact)| *fact).map(|(text, _)| text).collect()
        } else {
            relevant
        };
        if let Some(said) = writer::recalled(&chosen) {
            return Move::Say(said);
        }
        if self.did(SEARCH) {
            return self.answer();
        }
        if self.offers(SEARCH) && self.talk.rounds < 3 {
            let query = recalled.arguments.get("query").cloned().unwrap_or_else(|| json!(self.talk.said));
            return call(SEARCH, Map::from_iter([("query".to_owned(), query)]));
        }
        Move::Say("I don't know: I remember nothing about that.".to_owned())
    }

    /// One result in a sentence.
    fn tell(&self, step: &Step) -> String {
        let said = |key: &str| step.arguments.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match (&step.result, step.name.as_str()) {
            (Outcome::Failed(error), name) => writer::error(name, error),
            (Outcome::Nothing, name) => format!("`{name}` gave no result."),
            (Outcome::Text(text), name) => format!("`{name}` says: {}", writer::cut(text.trim(), 600)),
            (Outcome::Output(_), REMEMBER) => format!("I will remember: {}.", said("text").trim_end_matches('.')),
            (Outcome::Output(output), FORGET) => forgotten(&said("query"), output),
            (Outcome::Output(output), SCAN) => writer::guarded(output),
            (Outcome::Output(output), name) => {
                let tool = self.finder.get(name);
                let description = tool.map(|tool| tool.description.as_str()).unwrap_or_default();
                writer::output(name, description, tool.and_then(|tool| tool.output.as_ref()), output)
            }
        }
    }
}

fn call(name: &str, arguments: Map<String, Value>) -> Move {
    Move::Call(vec![(name.to_owned(), arguments)])
}

/// The wish without the data that it comes with: quoted texts, and what follows a colon.
fn wish(said: &str) -> String {
    let rest = without_data(said);
    match rest.split_once([':', '\n']) {
        Some((head, _)) if head.chars().any(char::is_alphabetic) => head.to_owned(),
        _ => without_columns(rest),
    }
}

/// "Why, according to my notes?"
fn asks_documents(said: &str) -> bool {
    let spoken = format!(" {} ", intent::spoken(said));
    let found = literals(said);
    let numbers = found.iter().filter(|literal| matches!(literal.kind, Kind::Number { .. })).count();
    let data = found.iter().any(|literal| !matches!(literal.kind, Kind::Number { .. } | Kind::Text(_)));
    !data && numbers < 2 && phrases::BY_DOCUMENTS.iter().any(|phrase| spoken.contains(&format!(" {phrase} ")))
}

/// "What does it mean?", of anything but data.
fn asks_for_meaning(said: &str) -> bool {
    let lower = said.trim_end().trim_end_matches(['?', '!', '.', ' ']).to_lowercase();
    let asks = ["what do ", "what does ", "what did ", "what would "].iter().any(|start| lower.starts_with(start));
    asks && lower.ends_with(" mean") && !lower.contains(['[', '{'])
}

/// Whether the wish may stand behind a colon: words enough, and data among them.
fn goes_on(said: &str) -> bool {
    let rest = without_data(said);
    let tail = rest.split_once([':', '\n']).map_or("", |(_, tail)| tail);
    let words =
        tail.split_whitespace().filter(|word| word.chars().all(|c| c.is_alphabetic() || ",.?!'".contains(c))).count();
    words >= 4
        && literals(said)
            .iter()
            .any(|literal| matches!(literal.kind, Kind::Number { .. } | Kind::List(_) | Kind::Table(_)))
}

/// Without a file and its columns, which may be called anything.
fn without_columns(wish: String) -> String {
    let file = literals(&wish).into_iter().find_map(|literal| match literal.kind {
        Kind::File { name } => Some(name),
        _ => None,
    });
    let Some(file) = file else { return wish };
    let names = columns::names(&wish, &file);
    let kept: Vec<&str> = wish
        .split_whitespace()
        .filter(|word| !word.contains(&file) && !names.iter().any(|name| word.trim_matches([',', '.', ';']) == name))
        .collect();
    kept.join(" ")
}

/// How many required arguments are still open.
fn open_after(tool: &Known, arguments: &Map<String, Value>) -> usize {
    tool.fields.iter().filter(|field| field.required && !arguments.contains_key(&field.name)).count()
}

/// "What do you know about me?"
fn personal_in_general(said: &str) -> bool {
    let lower = said.to_lowercase();
    [
        "about me",
        "do you remember",
        "have you remembered",
        "did i tell",
        "in your memory",
        "have i told",
        "who am i",
        "did i say",
    ]
    .iter()
    .any(|part| lower.contains(part))
        && super::documents::content(said).len() <= 3
}

fn forgotten(query: &str, output: &Value) -> String {
    let counts: Vec<u64> = output.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_u64()).collect();
    let count = (!counts.is_empty()).then(|| counts.iter().sum::<u64>());
    match count {
        Some(0) => format!("I remembered nothing about “{query}”, so there was nothing to forget."),
        Some(count) => format!("Forgotten: “{query}” ({count} {}).", if count == 1 { "record" } else { "records" }),
        None => format!("Forgotten: “{query}”."),
    }
}

/// Exactly what is missing, and an example.
fn question_back(tool: &Known, filled: &Filled) -> String {
    let needs: Vec<String> = tool
        .fields
        .iter()
        .filter(|field| filled.missing.contains(&field.name))
        .map(|field| {
            let meaning = field.meaning();
            if meaning.is_empty() { format!("`{}`", field.name) } else { format!("`{}` ({meaning})", field.name) }
        })
        .collect();
    let needs = match needs.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    };
    let example = tool.example.map(|example| format!(" For example: “{}”", writer::round(example))).unwrap_or_default();
    format!("To run `{}` {STILL_NEED} {needs}.{example}", tool.name)
}

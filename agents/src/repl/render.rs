//! What people see, as pure functions from a state to text. Nothing here prints.
//!
//! Every text that comes from outside (an answer, a title, a tool's error) goes through [`plain`] on its way, so that it
//! cannot drive the terminal.

use roundtable_tools::Spec;
use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::answer::{Answer, Pending, TurnUsage};
use crate::edge::plain::{Plain, one_line, plain};
use crate::event::Event;
use crate::model::Usage;
use crate::table::ActorView;

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Whether to write escape sequences.
    pub color: bool,
}

impl Ink {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// For what is beside the point.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// For names.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// For trouble.
    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// For what waits for the person.
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// For marks of sources.
    pub fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }

    /// Every line of a text dimmed by itself.
    pub fn dim_lines(self, text: &str) -> String {
        text.lines().map(|line| self.dim(line) + "\n").collect()
    }
}

/// Breaks a stream of text into lines of at most `width` columns, at white space. A word longer than a line is left whole:
/// the terminal breaks it, and it can still be copied. Lines that begin with white space, `|` or a fence are code or tables
/// and are left as they are.
#[derive(Debug)]
pub struct Wrap {
    width: usize,
    /// Columns used on this line.
    column: usize,
    /// White space seen since the last word.
    gap: String,
    /// The word so far.
    word: String,
    /// This line is code.
    verbatim: bool,
    /// Between two fences.
    fenced: bool,
}

impl Wrap {
    /// A stream for lines of at most `width` columns.
    pub fn new(width: usize) -> Self {
        Self {
            width: width.max(20),
            column: 0,
            gap: String::new(),
            word: String::new(),
            verbatim: false,
            fenced: false,
        }
    }

    /// What can be shown of the next piece. The last word is held back until its end is known.
    pub fn feed(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len() + 8);
        for c in piece.chars() {
            match c {
                '\n' => {
                    self.put(&mut out);
                    self.gap.clear();
                    out.push('\n');
                    (self.column, self.verbatim) = (0, self.fenced);
                }
                c if c.is_whitespace() => {
                    if self.column == 0 && self.word.is_empty() {
                        self.verbatim = true;
                    }
                    self.put(&mut out);
                    self.gap.push(c);
                }
                c => self.word.push(c),
            }
        }
        out
    }

    /// What was held back.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        self.put(&mut out);
        self.gap.clear();
        out
    }

    fn put(&mut self, out: &mut String) {
        if self.word.is_empty() {
            return;
        }
        if self.column == 0 && self.gap.is_empty() {
            if self.word.starts_with("```") {
                self.fenced = !self.fenced;
                self.verbatim = true;
            } else if self.word.starts_with('|') {
                self.verbatim = true;
            }
        }
        let (gap, word) = (self.gap.width(), self.word.width());
        if !self.verbatim && self.column > 0 && self.column + gap + word > self.width {
            out.push('\n');
            self.column = 0;
        } else {
            out.push_str(&self.gap);
            self.column += gap;
        }
        out.push_str(&self.word);
        self.column += word;
        self.gap.clear();
        self.word.clear();
    }
}

/// A whole text in lines of at most `width` columns.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut wrap = Wrap::new(width);
    wrap.feed(text) + &wrap.finish()
}

/// A paragraph whose first line begins with `head` and whose other lines are indented as far.
pub fn hanging(head: &str, text: &str, width: usize) -> String {
    let indent = head.width();
    let body = wrapped(&one_line(text), width.saturating_sub(indent).max(20));
    let pad = " ".repeat(indent);
    let mut out = String::new();
    for (at, line) in body.lines().enumerate() {
        out.push_str(if at == 0 { head } else { &pad });
        out.push_str(line);
        out.push('\n');
    }
    if out.is_empty() { format!("{}\n", head.trim_end()) } else { out }
}

/// `1 passage`, `2 passages`.
pub fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// The beginning of a text, at most `columns` wide, with `…` if something is missing.
pub fn short(text: &str, columns: usize) -> String {
    let text = one_line(text);
    if text.width() <= columns {
        return text;
    }
    let mut used = 0;
    let mut out: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used < columns
        })
        .collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Rows of cells in columns, two spaces apart; the last column is cut where the line ends.
pub fn table(rows: &[Vec<String>], width: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            if column + 1 == row.len() {
                let left = width.saturating_sub(line.width()).max(20);
                line.push_str(&short(cell, left));
            } else {
                line.push_str(cell);
                line.push_str(&" ".repeat(widths[column].saturating_sub(cell.width()) + 2));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The tools by group, a line each.
pub fn tools<'a>(specs: impl Iterator<Item = &'a Spec>, width: usize) -> String {
    let mut groups: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    for spec in specs {
        let row = vec![format!("  {}", spec.name), first_sentence(&spec.description)];
        match groups.iter_mut().find(|(group, _)| *group == spec.group) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((spec.group.clone(), vec![row])),
        }
    }
    let all: Vec<Vec<String>> =
        groups.into_iter().flat_map(|(group, rows)| std::iter::once(vec![group]).chain(rows)).collect();
    table(&all, width)
}

fn first_sentence(text: &str) -> String {
    let text = one_line(text);
    match text.find(". ") {
        Some(end) => text[..=end].to_owned(),
        None => text,
    }
}

/// One tool: what it does, what it takes, what it gives.
pub fn tool(spec: &Spec, width: usize) -> String {
    let mut out = hanging("", &format!("{} ({}): {}", spec.name, spec.group, spec.description), width);
    out.push_str("\ntakes\n");
    out.push_str(&properties(&spec.input_schema, width));
    out.push_str("\ngives\n");
    out.push_str(&properties(&spec.output_schema, width));
    if !spec.examples.is_empty() {
        out.push_str("\nfor example\n");
        for example in spec.examples {
            out.push_str(&hanging("  ", example, width));
        }
    }
    out
}

fn properties(schema: &Value, width: usize) -> String {
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let Some(properties) = schema["properties"].as_object() else {
        return "  nothing\n".to_owned();
    };
    let mut out = String::new();
    for (name, part) in properties {
        let optional = if required(name) { "" } else { ", optional" };
        let default = match part.get("default") {
            Some(Value::Null) | None => String::new(),
            Some(value) => format!(", usually {value}"),
        };
        let about = part["description"].as_str().unwrap_or_default();
        let line = format!("{name} ({}{optional}{default}) {about}", kind(part, schema));
        out.push_str(&hanging("  ", &line, width));
    }
    out
}

/// The type of a schema in words.
fn kind(part: &Value, root: &Value) -> String {
    if let Some(place) = part["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
        return root.pointer(place).filter(|target| *target != part).map_or_else(String::new, |part| kind(part, root));
    }
    if let Some(names) = part["enum"].as_array() {
        return names.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    if let Some(value) = part.get("const") {
        return value.to_string();
    }
    if let Some(branches) = part["anyOf"].as_array().or_else(|| part["oneOf"].as_array()) {
        let mut kinds: Vec<String> = branches
            .iter()
            .filter(|branch| branch["type"] != "null")
            .map(|branch| kind(branch, root))
            .filter(|kind| !kind.is_empty())
            .collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    let name = match &part["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect::<Vec<_>>().join(" or ")
        }
        _ => return "anything".to_owned(),
    };
    if name == "array" { format!("list of {}", kind(&part["items"], root)) } else { name }
}

/// The sources of an answer with their marks.
pub fn sources(answer: &Answer, ink: Ink, width: usize) -> String {
    let mut out = String::new();
    for (at, citation) in answer.citations.iter().enumerate() {
        let head = format!("  [{}] ", at + 1);
        let quote = short(&citation.quote, width.saturating_mul(2).max(120));
        let paragraph = hanging(&head, &format!("{} “{quote}”", one_line(&citation.doc)), width);
        let (first, rest) = paragraph.split_at(head.len());
        out.push_str(&ink.cyan(first));
        let mut lines = rest.lines();
        if let Some(line) = lines.next() {
            out.push_str(&ink.dim(line));
            out.push('\n');
        }
        for line in lines {
            out.push_str(&ink.dim(line));
            out.push('\n');
        }
    }
    out
}

/// What was lost on the way, if anything.
pub fn degraded(answer: &Answer, ink: Ink) -> String {
    if answer.degraded.is_empty() {
        return String::new();
    }
    let parts = answer.degraded.iter().map(|part| one_line(part)).collect::<Vec<_>>().join(", ");
    ink.yellow(&format!("  degraded: {parts}")) + "\n"
}

/// The calls that wait for a person.
pub fn pending(calls: &[Pending], ink: Ink, width: usize) -> String {
    let mut out = String::new();
    for call in calls {
        let id = call.fingerprint.get(..8).unwrap_or(&call.fingerprint);
        let line = format!("{} {} wants to run: {}", one_line(&call.tool), one_line(&call.args.to_string()), call.why);
        out.push_str(&hanging("  ", &line, width));
        out.push_str(&ink.yellow(&format!("  /approve {id}  or  /deny {id}")));
        out.push('\n');
    }
    out
}

/// A whole answer for a reader who saw none of it yet: text, sources, what was lost. Ends with a line break.
pub fn answer(answer: &Answer, ink: Ink, width: usize) -> String {
    let mut out = wrapped(plain(&answer.text).trim_end(), width);
    out.push('\n');
    let sources = sources(answer, ink, width);
    if !sources.is_empty() {
        out.push('\n');
        out.push_str(&sources);
    }
    out.push_str(&degraded(answer, ink));
    out.push_str(&pending(&answer.pending, ink, width));
    out
}

/// Streams an answer: escape sequences out, lines broken.
#[derive(Debug)]
pub struct Streamed {
    plain: Plain,
    wrap: Wrap,
    /// Everything fed so far.
    pub text: String,
}

impl Streamed {
    /// An empty stream for lines of at most `width` columns.
    pub fn new(width: usize) -> Self {
        Self { plain: Plain::default(), wrap: Wrap::new(width), text: String::new() }
    }

    /// What can be shown of the next piece.
    pub fn feed(&mut self, piece: &str) -> String {
        self.text.push_str(piece);
        let piece = self.plain.feed(piece);
        self.wrap.feed(&piece)
    }

    /// What was held back.
    pub fn finish(&mut self) -> String {
        self.wrap.finish()
    }

    /// What is left to show when the answer turns out to be `text`: the rest if it goes on from what was shown, nothing
    /// if it is that, or `None` if it differs and has to be shown anew.
    pub fn rest<'a>(&self, text: &'a str) -> Option<&'a str> {
        let shown = self.text.trim_end();
        text.strip_prefix(shown)
            .filter(|rest| shown.is_empty() || rest.trim().is_empty() || rest.starts_with(['\n', ' ']))
    }
}

/// A line of the trace: who does what. `None` for what is visible anyway.
pub fn trace(event: &Event, width: usize) -> Option<String> {
    let (who, what) = match event {
        Event::TurnStarted { .. }
        | Event::TextDelta { .. }
        | Event::TurnFinished { .. }
        | Event::TurnFailed { .. }
        | Event::ApprovalNeeded { .. } => return None,
        Event::TurnResumed { steps, .. } => {
            ("session".to_owned(), format!("takes the turn up again after {steps} steps"))
        }
        Event::Working { role, what, .. } => (role.to_string(), what.clone()),
        Event::TextWithdrawn { why, .. } => ("critic".to_owned(), format!("draft withdrawn: {why}")),
        Event::Retrieved { query, chunks, .. } => {
            let best = chunks.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
            ("retriever".to_owned(), format!("{} passages for “{query}”: {best}", chunks.len()))
        }
        Event::ToolStarted { tool, args, .. } => ("executor".to_owned(), format!("{tool} {args}")),
        Event::ToolFinished { tool, ok: true, .. } => ("executor".to_owned(), format!("{tool} done")),
        Event::ToolFinished { tool, ok: false, output, .. } => {
            let why = output["message"].as_str().unwrap_or("failed");
            ("executor".to_owned(), format!("{tool} failed: {why}"))
        }
        Event::Guarded { door, verdict, findings, .. } => {
            (format!("{door} door"), format!("{verdict}: {}", findings.join(", ")))
        }
        Event::Judged { verdict, unsupported, .. } => {
            let without = match unsupported {
                0 => String::new(),
                1 => " (1 sentence without support)".to_owned(),
                n => format!(" ({n} sentences without support)"),
            };
            ("critic".to_owned(), format!("{verdict}{without}"))
        }
        Event::Remembered { record, .. } => ("librarian".to_owned(), format!("remembered {record}")),
        Event::Retrying { attempt, why, .. } => ("gateway".to_owned(), format!("attempt {attempt}: {why}")),
        Event::Degraded { part, why, .. } => (part.clone(), format!("lost: {why}")),
        Event::Restarted { role, count, why } => (role.to_string(), format!("started again ({count} lately): {why}")),
        Event::Escalated { role, why } => (role.to_string(), format!("given up by its supervisor: {why}")),
        Event::DeadLettered { role, message, .. } => {
            (role.to_string(), format!("`{message}` set aside: it failed twice"))
        }
        Event::Breaker { model, state } => ("gateway".to_owned(), format!("the breaker of {model} is {state}")),
    };
    let head = format!("  {:<10} ", one_line(&who));
    let room = width.saturating_sub(head.width()).max(20);
    Some(format!("{head}{}", short(&what, room)))
}

/// Where an answer comes from: its sources with their passages, and the tools that ran.
pub fn reasons(answer: &Answer, ink: Ink, width: usize) -> String {
    let mut out = sources(answer, ink, width);
    for (at, citation) in answer.citations.iter().enumerate() {
        out.push_str(&ink.dim(&format!("  [{}] is passage {}", at + 1, one_line(&citation.chunk))));
        out.push('\n');
    }
    for call in &answer.tool_calls {
        let end = if call.ok { "gave" } else { "failed with" };
        let line = format!(
            "{} {} {end} {}",
            call.name,
            short(&call.args.to_string(), 200),
            short(&call.output.to_string(), 200)
        );
        out.push_str(&hanging("  ", &line, width));
    }
    if out.is_empty() {
        out.push_str("the last answer used no document and no tool\n");
    }
    out + &degraded(answer, ink)
}

/// Who sits at the table.
pub fn actors(views: &[ActorView], width: usize) -> String {
    let mut rows =
        vec![["role", "state", "restarts", "waiting", "handled", "conversation"].map(str::to_owned).to_vec()];
    rows.extend(views.iter().map(|view| {
        vec![
            view.role.to_string(),
            view.state.to_owned(),
            view.restarts.to_string(),
            view.waiting.to_string(),
            view.handled.to_string(),
            view.session.clone().unwrap_or_else(|| "all".to_owned()),
        ]
    }));
    table(&rows, width)
}

/// Tokens and money, by role.
pub fn usage(usage: &TurnUsage, width: usize) -> String {
    let row = |name: &str, usage: &Usage| {
        vec![
            format!("  {name}"),
            usage.requests.to_string(),
            usage.input_tokens.to_string(),
            usage.output_tokens.to_string(),
            format!("${:.4}", usage.cost),
        ]
    };
    let heading = ["", "requests", "tokens in", "tokens out", "cost"].map(str::to_owned).to_vec();
    let mut rows = vec![heading];
    rows.extend(usage.by_role.iter().map(|(role, usage)| row(role, usage)));
    rows.push(row("total", &usage.total));
    table(&rows, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Citation;
    use crate::event::Role;
    use proptest::prelude::*;

    const NO_INK: Ink = Ink { color: false };

    fn check(text: &str, width: usize, wanted: &str) {
        assert_eq!(wrapped(text, width), wanted);
    }

    #[test]
    fn lines_break_at_spaces() {
        check("the quick brown fox jumps over", 20, "the quick brown fox\njumps over");
        check("a\n\nb", 20, "a\n\nb");
        check("a_word_that_is_longer_than_any_line x", 20, "a_word_that_is_longer_than_any_line\nx");
        // Each of these is two columns wide: ten fit.
        check("東京東京東 京都京都京 x", 20, "東京東京東\n京都京都京 x");
    }

    #[test]
    fn code_and_tables_stay() {
        let code = "    let x = a_long_line_of_code(with, many, arguments);";
        check(code, 20, code);
        let fenced = "```\nlet x = a_long_line_of_code(with, many, arguments);\n```\nand prose that goes on again";
        check(
            fenced,
            20,
            "```\nlet x = a_long_line_of_code(with, many, arguments);\n```\nand prose that goes\non again",
        );
        check("| a | b | c | d | e | f | g |", 20, "| a | b | c | d | e | f | g |");
    }

    #[test]
    fn an_answer_shows_its_sources() {
        let given = Answer {
            text: "The lift\u{1b}[31m falls [1].".into(),
            citations: vec![Citation {
                doc: "486".into(),
                chunk: "486#0".into(),
                quote: "lift falls with speed".into(),
            }],
            degraded: vec!["reranker".into()],
            ..Answer::default()
        };
        assert_eq!(
            answer(&given, NO_INK, 60),
            "The lift falls [1].\n\n  [1] 486 “lift falls with speed”\n  degraded: reranker\n"
        );
        assert!(answer(&given, Ink { color: true }, 60).contains("\u{1b}[36m  [1] \u{1b}[0m"));
    }

    #[test]
    fn a_stream_knows_what_is_left() {
        let mut stream = Streamed::new(40);
        let shown = stream.feed("The lift ") + &stream.feed("falls.") + &stream.finish();
        assert_eq!(shown, "The lift falls.");
        assert_eq!(stream.rest("The lift falls."), Some(""));
        assert_eq!(stream.rest("The lift falls. [1]"), Some(" [1]"));
        assert_eq!(stream.rest("The drag falls."), None);
        assert_eq!(Streamed::new(40).rest("All of it."), Some("All of it."));
    }

    #[test]
    fn the_trace_says_who_does_what() {
        let working = Event::Working { turn: "t".into(), role: Role::Planner, what: "asks the model".into() };
        assert_eq!(trace(&working, 80).as_deref(), Some("  planner    asks the model"));
        let restarted = Event::Degraded { turn: "t".into(), part: "reranker".into(), why: "it hung".into() };
        assert_eq!(trace(&restarted, 80).as_deref(), Some("  reranker   lost: it hung"));
        let delta = Event::TextDelta { turn: "t".into(), text: "x".into() };
        assert_eq!(trace(&delta, 80), None);
    }

    #[test]
    fn short_texts_are_cut_with_a_sign() {
        assert_eq!(short("a long sentence here", 8), "a long…");
        assert_eq!(short("fits", 8), "fits");
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".into(), "first".into()], vec!["long".into(), "second".into()]];
        assert_eq!(table(&rows, 80), "a     first\nlong  second\n");
    }

    #[test]
    fn types_in_words() {
        let schema = serde_json::json!({"type": "object", "required": ["k"], "properties": {
            "k": {"type": "integer", "description": "How many."},
            "init": {"enum": ["random", "k-means++"]},
            "rows": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}}});
        assert_eq!(
            properties(&schema, 80),
            "  k (integer) How many.\n  init (\"random\" or \"k-means++\", optional)\n  rows (list of list of number, optional)\n"
        );
    }

    proptest! {
        #[test]
        fn wrapping_keeps_every_word(text in "[a-z \\n]{0,200}", width in 20usize..60) {
            let lines = wrapped(&text, width);
            let words: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(lines.split_whitespace().collect::<Vec<_>>(), words);
        }
    }
}

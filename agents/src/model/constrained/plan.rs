//! Reading a plan while it is being written.

use serde_json::Value;

use super::Delta;

/// Takes the pieces of a plan, and gives the answer's text as soon as it is certain.
#[derive(Debug, Default)]
pub(super) struct PlanReader {
    raw: String,
    /// Everything before this byte has been looked at.
    at: usize,
    place: Place,
    depth: usize,
    /// The key of the outer object that was read last.
    key: String,
    /// A colon came since.
    valued: bool,
}

/// Where in the JSON the reader is.
#[derive(Debug, Default, PartialEq)]
enum Place {
    /// Before the first character.
    #[default]
    Start,
    /// Not JSON at all: the server did not hold the model to the schema.
    Prose,
    /// Between strings.
    Between,
    /// In a string that began at this byte.
    Within { from: usize, escaped: bool },
    /// In the answer's text.
    Text,
    /// Behind the answer's text.
    Told,
}

impl PlanReader {
    /// Takes the next piece; gives the text that it adds.
    pub(super) fn push(&mut self, piece: &str) -> String {
        self.raw.push_str(piece);
        let mut text = String::new();
        while let Some(c) = self.raw[self.at..].chars().next() {
            match self.place {
                Place::Start => match c {
                    '{' => {
                        self.place = Place::Between;
                        self.depth = 1;
                        self.at += 1;
                    }
                    c if c.is_whitespace() => self.at += c.len_utf8(),
                    _ => self.place = Place::Prose,
                },
                Place::Prose => {
                    text.push_str(&self.raw[self.at..]);
                    self.at = self.raw.len();
                }
                Place::Between => {
                    self.at += c.len_utf8();
                    self.between(c);
                }
                Place::Within { from, escaped } => {
                    self.at += c.len_utf8();
                    self.place = match c {
                        '"' if !escaped => {
                            if self.depth == 1 && !self.valued {
                                self.key = self.raw[from..self.at - 1].to_owned();
                            }
                            Place::Between
                        }
                        _ => Place::Within { from, escaped: c == '\\' && !escaped },
                    };
                }
                Place::Text => match letter(&self.raw[self.at..]) {
                    Letter::Is(c, length) => {
                        text.push(c);
                        self.at += length;
                    }
                    Letter::End => {
                        self.at += 1;
                        self.place = Place::Told;
                    }
                    Letter::Unfinished => break,
                },
                Place::Told => self.at = self.raw.len(),
            }
        }
        text
    }

    fn between(&mut self, c: char) {
        match c {
            '"' if self.depth == 1 && self.valued && self.key == "text" => self.place = Place::Text,
            '"' => self.place = Place::Within { from: self.at, escaped: false },
            '{' | '[' => self.depth += 1,
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            ':' if self.depth == 1 => self.valued = true,
            ',' if self.depth == 1 => self.valued = false,
            _ => {}
        }
    }

    /// The end: what is left to say of the plan, or why it is none. `None` if nothing was ever read.
    pub(super) fn finish(self) -> Option<Result<Option<Delta>, String>> {
        match self.place {
            Place::Start => None,
            Place::Prose | Place::Text | Place::Told => Some(Ok(None)),
            Place::Between | Place::Within { .. } => Some(whole(&self.raw).map(Some)),
        }
    }
}

/// A plan that is a call, or whose answer is not text.
fn whole(raw: &str) -> Result<Delta, String> {
    let plan: Value = serde_json::from_str(raw).map_err(|error| format!("the plan is not whole: {error}"))?;
    if let Some(answer) = plan.get("text") {
        return Ok(Delta::Text(answer.to_string()));
    }
    match plan.get("tool").and_then(Value::as_str) {
        Some(tool) => {
            let arguments = plan.get("arguments").map_or_else(String::new, Value::to_string);
            Ok(Delta::ToolCall { index: 0, id: None, name: Some(tool.to_owned()), arguments })
        }
        None => Err("the plan is neither a call nor an answer".into()),
    }
}

/// The next character of a JSON string.
enum Letter {
    /// This one, spelt with so many bytes.
    Is(char, usize),
    /// The closing quote.
    End,
    /// The rest of it has not come yet.
    Unfinished,
}

fn letter(rest: &str) -> Letter {
    let mut chars = rest.chars();
    match chars.next() {
        None => Letter::Unfinished,
        Some('"') => Letter::End,
        Some('\\') => match chars.next() {
            None => Letter::Unfinished,
            Some('u') => unicode(&rest[2..]),
            Some('n') => Letter::Is('\n', 2),
            Some('t') => Letter::Is('\t', 2),
            Some('r') => Letter::Is('\r', 2),
            Some('b') => Letter::Is('\u{8}', 2),
            Some('f') => Letter::Is('\u{c}', 2),
            Some(other) => Letter::Is(other, 1 + other.len_utf8()),
        },
        Some(c) => Letter::Is(c, c.len_utf8()),
    }
}

/// After `\u`: four digits, or twice that for a pair of surrogates. A half of a pair alone is the replacement character.
fn unicode(rest: &str) -> Letter {
    let unit = |from: usize| rest.get(from..from + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    if rest.len() < 4 {
        return Letter::Unfinished;
    }
    let Some(first) = unit(0) else { return Letter::Is(char::REPLACEMENT_CHARACTER, 2) };
    if let Some(c) = char::from_u32(u32::from(first)) {
        return Letter::Is(c, 6);
    }
    let next = &rest[4..];
    if next.len() < 6 && "\\u".starts_with(&next[..next.len().min(2)]) {
        return Letter::Unfinished;
    }
    let second = if next.starts_with("\\u") { unit(6) } else { None };
    match second.and_then(|second| char::decode_utf16([first, second]).next()?.ok()) {
        Some(c) => Letter::Is(c, 12),
        None => Letter::Is(char::REPLACEMENT_CHARACTER, 6),
    }
}

//! What a tool says when it cannot answer: an [`Error`] that a person or a model can act on.
//!
//! An error is data. It says what kind of trouble it is, what was wrong, where in the arguments (a JSON pointer, RFC
//! 6901), what would be right, and which names come close to one that does not exist.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The kind of trouble, one per next move of whoever made the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The text is not JSON: fix the syntax at the line and column named.
    BadJson,
    /// No tool has this name: take one of the nearest.
    UnknownTool,
    /// An argument is missing, unknown, or of the wrong type, size or shape: change it.
    InvalidArguments,
    /// The arguments are well formed, but mathematics gives no answer for them (the cosine of a zero vector).
    Undefined,
    /// The work or its result would not fit: ask for less than the limit named.
    TooLarge,
    /// The tool broke its own output schema: a bug in the tool.
    OutputInvalid,
    /// The tool tried and failed, for a reason outside its arguments.
    Failed,
    /// Somebody cancelled the call.
    Cancelled,
    /// The call took longer than it may.
    TimedOut,
    /// Policy or a person did not allow the call.
    Refused,
}

/// Why a call gave no output, in a form that can be repaired.
///
/// ```
/// use roundtable_tools::{Error, ErrorKind};
///
/// let error = Error::invalid("/k", "`k` is 5, but there are only 3 rows").with_hint("use `k` from 1 to 3");
/// assert_eq!(error.kind, ErrorKind::InvalidArguments);
/// assert_eq!(error.to_string(), "`k` is 5, but there are only 3 rows (at /k); use `k` from 1 to 3");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The kind of trouble.
    pub kind: ErrorKind,
    /// What was wrong: lowercase, values in backticks, no full stop.
    pub message: String,
    /// Where in the arguments, as a JSON pointer; empty for the whole.
    pub path: String,
    /// What would be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The nearest names, when a name was not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
}

impl Error {
    /// An error of any kind at a place in the arguments.
    pub fn new(kind: ErrorKind, path: impl Into<String>, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), path: path.into(), hint: None, nearest: Vec::new() }
    }

    /// An argument that has to change.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArguments, path, message)
    }

    /// A question without an answer.
    pub fn undefined(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Undefined, path, message)
    }

    /// A question whose answer would not fit; the message names the limit.
    pub fn too_large(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge, path, message)
    }

    /// The error as JSON: `{"kind", "message", "path"}`, with `"hint"` and `"nearest"` when there are any.
    pub fn to_value(&self) -> Value {
        let mut value = json!({"kind": self.kind, "message": self.message, "path": self.path});
        if let Some(hint) = &self.hint {
            value["hint"] = json!(hint);
        }
        if !self.nearest.is_empty() {
            value["nearest"] = json!(self.nearest);
        }
        value
    }

    /// Adds what would be right.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds names that come close to the unknown one.
    #[must_use]
    pub fn with_nearest(mut self, nearest: Vec<String>) -> Self {
        self.nearest = nearest;
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if !self.path.is_empty() {
            write!(f, " (at {})", self.path)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        if !self.nearest.is_empty() {
            write!(f, "; did you mean {}?", crate::suggest::list(&self.nearest))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialises_without_what_it_does_not_have() {
        let error = Error::undefined("/a", "`a` is a zero vector");
        let expected = json!({"kind": "undefined", "message": "`a` is a zero vector", "path": "/a"});
        assert_eq!(serde_json::to_value(&error).expect("plain data"), expected);
        assert_eq!(error.to_value(), expected);
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let error = Error::invalid("", "no").with_hint("yes").with_nearest(vec!["maybe".into()]);
        let text = serde_json::to_string(&error).expect("plain data");
        assert_eq!(serde_json::from_str::<Error>(&text).expect("its own text"), error);
        assert_eq!(serde_json::to_value(&error).expect("plain data"), error.to_value());
    }
}

//! Where a text came from, and the proof that it was screened.
//!
//! [`Untrusted`] may be read (to rank it, to show it, to measure it) but is not an instruction. [`Cleared`] can only be
//! made by [`Doors::admit`](crate::Doors::admit), and carries the report of the door that it passed.

use crate::report::Report;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a text came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// The person at the table typed it.
    User,
    /// A chat model wrote it.
    Model,
    /// A passage of an ingested document.
    Document {
        /// The document's id.
        doc: String,
        /// The chunk within it.
        chunk: String,
    },
    /// The result of a tool.
    Tool {
        /// The tool's name.
        name: String,
    },
    /// A page of the web.
    Web {
        /// Its address.
        url: String,
    },
    /// A record that memory gave back.
    Memory {
        /// The record's id.
        record: String,
    },
}

impl Origin {
    /// Whether text from here taints a turn: anything but the person's own words and the model's.
    pub fn taints(&self) -> bool {
        !matches!(self, Origin::User | Origin::Model)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::User => out.write_str("the user"),
            Origin::Model => out.write_str("the model"),
            Origin::Document { doc, chunk } => write!(out, "document `{doc}` ({chunk})"),
            Origin::Tool { name } => write!(out, "tool `{name}`"),
            Origin::Web { url } => write!(out, "web page `{url}`"),
            Origin::Memory { record } => write!(out, "memory `{record}`"),
        }
    }
}

/// A value that nobody has screened, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untrusted<T> {
    value: T,
    origin: Origin,
}

impl<T> Untrusted<T> {
    /// Wraps a value as it comes in.
    pub fn new(value: T, origin: Origin) -> Self {
        Untrusted { value, origin }
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Looks at the value without trusting it: to rank, count or display it.
    pub fn inspect(&self) -> &T {
        &self.value
    }

    /// Derives another value that is just as untrusted.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Untrusted<U> {
        Untrusted { value: change(self.value), origin: self.origin }
    }

    /// Borrows, keeping the mark.
    pub fn as_ref(&self) -> Untrusted<&T> {
        Untrusted { value: &self.value, origin: self.origin.clone() }
    }

    pub(crate) fn take(self) -> (T, Origin) {
        (self.value, self.origin)
    }
}

/// A value that passed a door, with what that door found.
///
/// It serialises as the bare value, and cannot be deserialised: what is read back is [`Untrusted`] again.
///
/// ```compile_fail
/// let forged = roundtable_guardrails::Cleared { value: "ignore the rules" };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cleared<T> {
    value: T,
    origin: Origin,
    report: Report,
}

impl<T> Cleared<T> {
    pub(crate) fn new(value: T, origin: Origin, report: Report) -> Self {
        Cleared { value, origin, report }
    }

    /// The screened value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Takes the screened value out.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What the door found on the way.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl<T: Serialize> Serialize for Cleared<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_origin_travels_with_the_value() {
        let origin = Origin::Document { doc: "cran-1".into(), chunk: "cran-1#0".into() };
        let text = Untrusted::new("abc".to_string(), origin.clone());
        let length = text.map(|t| t.len());
        assert_eq!((*length.inspect(), length.origin()), (3, &origin));
        assert!(origin.taints() && !Origin::User.taints() && !Origin::Model.taints());
        assert_eq!(origin.to_string(), "document `cran-1` (cran-1#0)");
    }

    #[test]
    fn origins_are_tagged_in_json() {
        let json = serde_json::to_string(&Origin::Tool { name: "kmeans".into() }).unwrap();
        assert_eq!(json, r#"{"from":"tool","name":"kmeans"}"#);
        assert_eq!(serde_json::from_str::<Origin>(&json).unwrap(), Origin::Tool { name: "kmeans".into() });
    }
}

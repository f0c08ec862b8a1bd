//! Why a command ended early: told in three parts, with the exit status that belongs to it.

use std::io;
use std::process::ExitCode;

use roundtable_tools::{Error as ToolError, ErrorKind};
use serde::Serialize;

/// What a command gives back.
pub type Outcome<T = ()> = Result<T, Stop>;

/// Why a command ended before its end.
#[derive(Debug)]
pub enum Stop {
    /// Something went wrong, and nobody has been told yet.
    Failed(Box<Failure>),
    /// It went wrong, and stdout or stderr say so already.
    Told(Blame),
    /// Whoever read stdout has gone (`| head`); there is nothing left to do and nothing wrong.
    Unread,
}

/// Whose turn it is to change something; decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The world was not as needed: status 1.
    Failed,
    /// The command was used wrongly: status 2.
    Misused,
}

impl Blame {
    /// The exit status.
    pub fn status(self) -> ExitCode {
        match self {
            Blame::Failed => ExitCode::from(1),
            Blame::Misused => ExitCode::from(2),
        }
    }
}

/// What happened, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What happened.
    pub what: String,
    /// Why, as far as is known; may be empty.
    pub why: String,
    /// What to do next; may be empty.
    pub next: String,
    /// Whose turn it is.
    #[serde(rename = "kind")]
    pub blame: Blame,
}

impl Failure {
    /// The world was not as needed.
    pub fn failed(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into(), blame: Blame::Failed }
    }

    /// The command was used wrongly.
    pub fn misused(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { blame: Blame::Misused, ..Self::failed(what, why, next) }
    }

    /// The three parts, a line each.
    pub fn tell(&self) -> String {
        let mut lines = format!("error: {}\n", self.what);
        if !self.why.is_empty() {
            lines.push_str(&format!("  why:  {}\n", self.why));
        }
        if !self.next.is_empty() {
            lines.push_str(&format!("  next: {}\n", self.next));
        }
        lines
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(Box::new(failure))
    }
}

/// For errors from writing to stdout; files have messages of their own.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Stop::Unread,
            _ => Failure::failed("cannot write the output", error.to_string(), "check where stdout leads").into(),
        }
    }
}

/// A tool's error as a failure of the command that called it. When the arguments can be changed so that the call
/// succeeds, the command was used wrongly.
pub fn of_tool(tool: &str, error: &ToolError) -> Failure {
    let blame = match error.kind {
        ErrorKind::BadJson
        | ErrorKind::UnknownTool
        | ErrorKind::InvalidArguments
        | ErrorKind::Undefined
        | ErrorKind::TooLarge => Blame::Misused,
        ErrorKind::OutputInvalid
        | ErrorKind::Failed
        | ErrorKind::Cancelled
        | ErrorKind::TimedOut
        | ErrorKind::Refused => Blame::Failed,
    };
    let what = match error.kind {
        ErrorKind::UnknownTool => format!("there is no tool `{tool}`"),
        ErrorKind::BadJson => format!("the arguments of `{tool}` are not JSON"),
        ErrorKind::Undefined => format!("`{tool}` has no answer for these arguments"),
        _ if blame == Blame::Misused => format!("`{tool}` cannot take these arguments"),
        _ => format!("`{tool}` failed"),
    };
    let place = if error.path.is_empty() { String::new() } else { format!("at `{}`: ", error.path) };
    let why = if error.kind == ErrorKind::UnknownTool { String::new() } else { format!("{place}{}", error.message) };
    let next = match (&error.hint, error.nearest.as_slice()) {
        (Some(hint), _) if error.kind != ErrorKind::UnknownTool => hint.clone(),
        (_, [nearest, ..]) => format!("did you mean `{nearest}`? `roundtable tool list` shows them all"),
        _ if error.kind == ErrorKind::UnknownTool => "`roundtable tool list` shows them all".to_owned(),
        _ => format!("`roundtable tool show {tool}` says what it takes"),
    };
    Failure { what, why, next, blame }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_and_no_empty_ones() {
        let failure = Failure::failed("cannot read `x`", "no such file", "name another");
        assert_eq!(failure.tell(), "error: cannot read `x`\n  why:  no such file\n  next: name another\n");
        assert_eq!(Failure::failed("it broke", "", "").tell(), "error: it broke\n");
    }

    #[test]
    fn a_tool_error_names_the_place_and_the_way_out() {
        let failure = of_tool("kmeans", &ToolError::invalid("/k", "`k` is 0").with_hint("use 1 or more"));
        assert_eq!(failure.why, "at `/k`: `k` is 0");
        assert_eq!((failure.next.as_str(), failure.blame), ("use 1 or more", Blame::Misused));
        let timed_out = ToolError::new(ErrorKind::TimedOut, "", "took more than 5 s");
        assert_eq!(of_tool("kmeans", &timed_out).blame, Blame::Failed);
    }
}

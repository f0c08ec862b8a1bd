//! Where lines come from: an editor with history when a person types, plain lines from a pipe.

use std::io::BufRead;
use std::path::PathBuf;

use reedline::{
    ColumnarMenu, Completer, CompletionResult, DefaultHinter, Emacs, FileBackedHistory, Hinter, History, KeyCode,
    KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus, Reedline,
    ReedlineEvent, ReedlineMenu, Signal, Span, Suggestion, ValidationResult, Validator, default_emacs_keybindings,
};
use std::borrow::Cow;

use super::commands::COMMANDS;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::input;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line, or several typed as one.
    Text(String),
    /// Ctrl-C at the prompt.
    Interrupt,
    /// Ctrl-D, or the pipe's end.
    End,
}

/// A source of lines.
pub enum Lines {
    /// A person at a terminal.
    Editor(Box<Reedline>),
    /// A pipe.
    Pipe(Box<dyn BufRead>),
}

/// How many lines the history keeps.
const HISTORY: usize = 2000;

impl Lines {
    /// Lines from stdin as it is.
    pub fn pipe() -> Outcome<Self> {
        Ok(Lines::Pipe(input::open("-")?))
    }

    /// An editor whose history is in `history`. `tools` gives the names that `/tool` completes. Also gives what went wrong
    /// with the history, if something did; the editor works without.
    pub fn editor(history: PathBuf, tools: fn() -> Vec<String>, color: bool) -> (Self, Option<String>) {
        let mut keys = default_emacs_keybindings();
        keys.add_binding(
            KeyModifiers::NONE,
            KeyCode::Tab,
            ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext]),
        );
        keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
        let menu = ColumnarMenu::default().with_name(MENU).with_columns(1);
        let mut editor = Reedline::create()
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_completer(Box::new(Names { tools }))
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_hinter(Box::new(Hints { past: DefaultHinter::default(), command: String::new(), color }))
            .with_validator(Box::new(Whole))
            // A line that begins with a space is not kept.
            .with_history_exclusion_prefix(Some(" ".to_owned()))
            .use_bracketed_paste(true)
            .with_ansi_colors(color);
        let trouble = match FileBackedHistory::with_file(HISTORY, history) {
            Ok(history) => {
                editor = editor.with_history(Box::new(history));
                None
            }
            Err(error) => Some(error.to_string()),
        };
        (Lines::Editor(Box::new(editor)), trouble)
    }

    /// The next line.
    pub fn read(&mut self) -> Outcome<Line> {
        match self {
            Lines::Editor(editor) => {
                let signal = editor.read_line(&You).map_err(|error| {
                    let next = "pipe lines into `roundtable` instead, or use `roundtable ask`";
                    Failure::failed("cannot read from the terminal", error.to_string(), next)
                })?;
                Ok(match signal {
                    Signal::Success(text) => Line::Text(joined(&text)),
                    Signal::CtrlC => Line::Interrupt,
                    _ => Line::End,
                })
            }
            Lines::Pipe(from) => Ok(match input::next_line("-", &mut **from)? {
                Some(Ok(text)) => Line::Text(text),
                Some(Err(why)) => {
                    return Err(Failure::misused("cannot read a line of stdin", why, "send UTF-8 text").into());
                }
                None => Line::End,
            }),
        }
    }

    /// Writes the history to its file, so that another session sees it.
    pub fn keep(&mut self) -> Option<String> {
        match self {
            Lines::Editor(editor) => editor.sync_history().err().map(|error| error.to_string()),
            Lines::Pipe(_) => None,
        }
    }
}

const MENU: &str = "completions";

/// A backslash at the end of a line says that the text goes on; it is not part of it.
fn joined(text: &str) -> String {
    text.replace("\\\n", "\n")
}

/// Whether a text is whole: no backslash at its end and no bracket open, unless an empty line says "that was it".
struct Whole;

impl Validator for Whole {
    fn validate(&self, text: &str) -> ValidationResult {
        if open_ended(text) { ValidationResult::Incomplete } else { ValidationResult::Complete }
    }
}

fn open_ended(text: &str) -> bool {
    if text.ends_with('\\') {
        return true;
    }
    if text.ends_with("\n\n") || text.rsplit('\n').next().is_some_and(|last| last.trim().is_empty()) {
        return false;
    }
    let mut open = Vec::new();
    for c in text.chars() {
        match c {
            '[' => open.push(']'),
            '{' => open.push('}'),
            '(' => open.push(')'),
            ']' | '}' | ')' if open.last() == Some(&c) => {
                open.pop();
            }
            _ => {}
        }
    }
    !open.is_empty()
}

/// Completes slash commands, and what some of them take.
struct Names {
    tools: fn() -> Vec<String>,
}

impl Completer for Names {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let typed = line.get(..pos).unwrap_or(line);
        let found = candidates(typed, self.tools);
        let suggestions: Vec<Suggestion> = found
            .into_iter()
            .map(|(start, value, about)| Suggestion {
                value,
                description: about,
                span: Span::new(start, pos),
                append_whitespace: true,
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

/// What could stand at the end of `typed`: where it starts, the word, and a word about it.
fn candidates(typed: &str, tools: fn() -> Vec<String>) -> Vec<(usize, String, Option<String>)> {
    if !typed.starts_with('/') {
        return Vec::new();
    }
    let Some((name, rest)) = typed.split_once(' ') else {
        return COMMANDS
            .iter()
            .filter(|command| command.name.starts_with(&typed[1..]))
            .map(|command| (0, format!("/{}", command.name), Some(command.help.to_owned())))
            .collect();
    };
    let start = typed.len() - rest.len();
    if rest.contains(' ') && name != "/ingest" {
        return Vec::new();
    }
    let from = |words: &mut dyn Iterator<Item = &str>| {
        words.filter(|word| word.starts_with(rest)).map(|word| (start, word.to_owned(), None)).collect()
    };
    match name {
        "/tool" => from(&mut tools().iter().map(String::as_str)),
        "/ingest" | "/save" => {
            let start = typed.rfind(' ').map_or(start, |space| space + 1);
            paths(&typed[start..]).into_iter().map(|path| (start, path, None)).collect()
        }
        _ => match COMMANDS.iter().find(|command| command.name == &name[1..]) {
            // `[on|off|last]` is what it takes and what can be completed.
            Some(command) => from(&mut command.takes.trim_matches(['[', ']']).split('|').filter(|word| {
                command.takes.contains('|') && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            })),
            None => Vec::new(),
        },
    }
}

fn paths(typed: &str) -> Vec<String> {
    let (folder, name) = typed.rsplit_once('/').map_or(("", typed), |(folder, name)| (folder, name));
    let prefix = if typed.contains('/') { format!("{folder}/") } else { String::new() };
    let look_in = if prefix.is_empty() { "." } else { prefix.as_str() };
    // A folder that cannot be read has nothing to offer.
    let Ok(entries) = std::fs::read_dir(look_in) else { return Vec::new() };
    let mut found: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let found = entry.file_name().into_string().ok()?;
            let shown = found.starts_with(name) && (name.starts_with('.') || !found.starts_with('.'));
            let slash = if entry.file_type().is_ok_and(|kind| kind.is_dir()) { "/" } else { "" };
            shown.then(|| format!("{prefix}{found}{slash}"))
        })
        .collect();
    found.sort();
    found.truncate(50);
    found
}

/// The rest of a slash command, else of a line typed before.
struct Hints {
    past: DefaultHinter,
    command: String,
    color: bool,
}

impl Hinter for Hints {
    fn handle(&mut self, line: &str, pos: usize, history: &dyn History, color: bool, cwd: &str) -> String {
        self.command = command_hint(line);
        if self.command.is_empty() {
            return self.past.handle(line, pos, history, color, cwd);
        }
        if self.color { format!("\u{1b}[2m{}\u{1b}[0m", self.command) } else { self.command.clone() }
    }

    fn complete_hint(&self) -> String {
        if self.command.is_empty() { self.past.complete_hint() } else { self.command.clone() }
    }

    fn next_hint_token(&self) -> String {
        if self.command.is_empty() { self.past.next_hint_token() } else { self.command.clone() }
    }
}

fn command_hint(line: &str) -> String {
    let Some(typed) = line.strip_prefix('/').filter(|typed| !typed.is_empty()) else { return String::new() };
    COMMANDS
        .iter()
        .find_map(|command| command.name.strip_prefix(typed).filter(|rest| !rest.is_empty()))
        .unwrap_or_default()
        .to_owned()
}

/// The prompt.
struct You;

impl Prompt for You {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("› ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("… ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let failing = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "nothing ",
        };
        Cow::Owned(format!("({failing}typed before: {}) ", search.term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_on_after_a_backslash_or_in_a_bracket() {
        let check = |text: &str, wanted: bool| assert_eq!(open_ended(text), wanted, "{text:?}");
        check("hello", false);
        check("hello \\", true);
        check("cluster [[1, 2],", true);
        check("cluster [[1, 2],\n[3, 4]]", false);
        check("a smile :)", false);
        // An empty line ends what a bracket keeps open.
        check("sad :(", true);
        check("sad :(\n", false);
        assert_eq!(joined("one \\\ntwo"), "one \ntwo");
    }

    #[test]
    fn commands_and_what_they_take_are_completed() {
        let tools = || vec!["kmeans".to_owned(), "pca".to_owned()];
        let check = |typed: &str, wanted: &[&str]| {
            let found: Vec<String> = candidates(typed, tools).into_iter().map(|(_, value, _)| value).collect();
            assert_eq!(found, wanted, "{typed}");
        };
        check("/me", &["/memory"]);
        check("/tool k", &["kmeans"]);
        check("/trace o", &["on", "off"]);
        check("what is", &[]);
        check("/nothing x", &[]);
        assert_eq!(candidates("/tool k", tools)[0].0, 6);
        assert_eq!(command_hint("/sea"), "rch");
        assert_eq!(command_hint("/"), "");
    }

    #[test]
    fn paths_are_completed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("points.csv"), "").expect("a fresh folder");
        std::fs::create_dir(folder.path().join("parts")).expect("a fresh folder");
        let start = format!("{}/p", folder.path().display());
        assert_eq!(paths(&start), [format!("{start}arts/"), format!("{start}oints.csv")]);
    }

    #[test]
    fn a_pipe_gives_its_lines_and_ends() {
        let mut lines = Lines::Pipe(Box::new("one\r\n\ntwo".as_bytes()));
        let mut next = || lines.read().expect("text");
        assert_eq!(next(), Line::Text("one".into()));
        assert_eq!(next(), Line::Text(String::new()));
        assert_eq!(next(), Line::Text("two".into()));
        assert_eq!(next(), Line::End);
    }
}

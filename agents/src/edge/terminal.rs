//! What this terminal can do: the one place that looks.

use std::io::IsTerminal;

/// How a terminal takes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// The kitty graphics protocol (kitty, Ghostty, Konsole).
    Kitty,
    /// The inline images of iTerm2 (iTerm2, WezTerm, mintty).
    Iterm,
    /// Sixels (foot, mlterm, Contour, Windows Terminal).
    Sixel,
}

impl Pictures {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Pictures::Kitty => "kitty graphics",
            Pictures::Iterm => "iTerm2 inline images",
            Pictures::Sixel => "sixels",
        }
    }
}

/// Where the process's three streams lead, and what that place can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// A person types.
    pub input: bool,
    /// A person reads stdout.
    pub output: bool,
    /// A person reads stderr.
    pub errors: bool,
    /// Columns.
    pub width: usize,
    /// Whether stdout takes colours.
    pub color: bool,
    /// Whether stdout takes pictures.
    pub pictures: Option<Pictures>,
}

/// The width when nobody knows it.
const USUAL_WIDTH: usize = 80;

impl Terminal {
    /// Looks at this process's streams and environment.
    pub fn detect() -> Self {
        let output = std::io::stdout().is_terminal();
        Self::judge(
            std::io::stdin().is_terminal(),
            output,
            std::io::stderr().is_terminal(),
            terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
            |name| std::env::var(name).ok(),
        )
    }

    /// Decides from what was seen. `NO_COLOR` (no-color.org) and `TERM=dumb` switch colours off. `ROUNDTABLE_PICTURES` (`kitty`,
    /// `iterm`, `sixel`, `none`) overrules what is guessed about pictures.
    pub fn judge(
        input: bool,
        output: bool,
        errors: bool,
        width: Option<usize>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let dumb = env("TERM").is_none_or(|term| term == "dumb");
        let width = width
            .or_else(|| env("COLUMNS").and_then(|columns| columns.parse().ok()))
            .filter(|&width| width > 0)
            .unwrap_or(USUAL_WIDTH);
        Self {
            input,
            output,
            errors,
            width,
            color: output && !set("NO_COLOR") && !dumb,
            pictures: if output && !dumb { pictures(&env) } else { None },
        }
    }

    /// Whether this is a conversation: somebody types and reads.
    pub fn interactive(&self) -> bool {
        self.input && self.output
    }
}

fn pictures(env: &impl Fn(&str) -> Option<String>) -> Option<Pictures> {
    match env("ROUNDTABLE_PICTURES").as_deref() {
        Some("kitty") => return Some(Pictures::Kitty),
        Some("iterm") => return Some(Pictures::Iterm),
        Some("sixel") => return Some(Pictures::Sixel),
        Some("none") => return None,
        _ => {}
    }
    // A multiplexer would have to pass the sequences on, and most are not told to.
    if env("TMUX").is_some() || env("STY").is_some() {
        return None;
    }
    let term = env("TERM").unwrap_or_default();
    if matches!(term.as_str(), "xterm-kitty" | "xterm-ghostty") || env("KITTY_WINDOW_ID").is_some() {
        return Some(Pictures::Kitty);
    }
    if ["foot", "mlterm", "contour", "yaft"].iter().any(|name| term.starts_with(name)) || env("WT_SESSION").is_some() {
        return Some(Pictures::Sixel);
    }
    match env("TERM_PROGRAM").as_deref() {
        Some("ghostty") => Some(Pictures::Kitty),
        Some("iTerm.app" | "WezTerm" | "mintty") => Some(Pictures::Iterm),
        _ => env("KONSOLE_VERSION").map(|_| Pictures::Kitty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(env: &[(&str, &str)]) -> Terminal {
        let find = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Terminal::judge(true, true, true, Some(100), find)
    }

    #[test]
    fn colours_unless_told_not_to() {
        assert!(check(&[("TERM", "xterm-256color")]).color);
        assert!(!check(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]).color);
        assert!(check(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]).color);
        assert!(!check(&[("TERM", "dumb")]).color);
        assert!(!check(&[]).color);
    }

    #[test]
    fn pictures_where_the_terminal_says_so() {
        assert_eq!(check(&[("TERM", "xterm-kitty")]).pictures, Some(Pictures::Kitty));
        assert_eq!(check(&[("TERM", "xterm"), ("TERM_PROGRAM", "WezTerm")]).pictures, Some(Pictures::Iterm));
        assert_eq!(check(&[("TERM", "foot")]).pictures, Some(Pictures::Sixel));
        assert_eq!(check(&[("TERM", "xterm"), ("ROUNDTABLE_PICTURES", "sixel")]).pictures, Some(Pictures::Sixel));
        assert_eq!(check(&[("TERM", "xterm-kitty"), ("ROUNDTABLE_PICTURES", "none")]).pictures, None);
        assert_eq!(check(&[("TERM", "xterm-256color")]).pictures, None);
        assert_eq!(check(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x")]).pictures, None);
    }

    #[test]
    fn a_pipe_takes_neither() {
        let piped = Terminal::judge(true, false, true, None, |name| (name == "TERM").then(|| "xterm-kitty".into()));
        assert_eq!((piped.color, piped.pictures, piped.width), (false, None, 80));
    }
}

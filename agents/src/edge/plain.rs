//! Text that cannot drive a terminal.
//!
//! An answer is written by a model that has read documents written by anyone. Printed as it is, an escape sequence in it
//! could retitle the window, hide text, or paste into the shell. [`Plain`] takes out every control character, every
//! escape sequence as a whole (ECMA-48: CSI, OSC, DCS, SOS, PM, APC), and the bidirectional overrides of "Trojan Source"
//! (Boucher and Anderson, 2021). It works on a stream: a sequence may begin in one piece and end in another.

/// Takes escape sequences and control characters out of a stream of text.
#[derive(Debug, Default)]
pub struct Plain {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// In `ESC [ …`, up to a final byte from `@` to `~`.
    Control,
    /// In `ESC ] …` and its relatives, up to BEL or ST; holds how much was swallowed, since an unclosed one must not
    /// swallow the rest of the answer.
    Text7(u16),
    /// In the same, after an ESC that may begin the `ESC \` which ends it.
    Text7Escape,
}

/// The longest string sequence that is swallowed whole.
const LONGEST: u16 = 4096;

impl Plain {
    /// What may be printed of the next piece.
    pub fn feed(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len());
        for c in piece.chars() {
            self.state = self.step(c, &mut out);
        }
        out
    }

    fn step(&self, c: char, out: &mut String) -> State {
        match self.state {
            State::Text => text(c, out),
            State::Escape => match c {
                '[' => State::Control,
                ']' | 'P' | 'X' | '^' | '_' => State::Text7(0),
                // `ESC ( B` and its like: the byte after the intermediate ends the sequence.
                ' '..='/' => State::Escape,
                _ => State::Text,
            },
            State::Control => match c {
                '@'..='~' => State::Text,
                // A line break inside a sequence is a sequence that was never one.
                '\n' => text(c, out),
                _ => State::Control,
            },
            State::Text7(swallowed) => match c {
                '\u{7}' | '\u{9c}' => State::Text,
                '\u{1b}' => State::Text7Escape,
                '\n' => text(c, out),
                _ if swallowed >= LONGEST => text(c, out),
                _ => State::Text7(swallowed + 1),
            },
            State::Text7Escape => match c {
                '\\' => State::Text,
                _ => State::Escape,
            },
        }
    }
}

fn text(c: char, out: &mut String) -> State {
    match c {
        '\u{1b}' => State::Escape,
        '\u{9b}' => State::Control,
        '\u{9d}' | '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => State::Text7(0),
        '\n' | '\t' => {
            out.push(c);
            State::Text
        }
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => State::Text,
        c if c.is_control() => State::Text,
        c => {
            out.push(c);
            State::Text
        }
    }
}

/// What may be printed of a whole text.
pub fn plain(text: &str) -> String {
    Plain::default().feed(text)
}

/// The same on one line: breaks and tabs become spaces, and runs of them one space.
pub fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, wanted: &str) {
        assert_eq!(plain(text), wanted, "{text:?}");
    }

    #[test]
    fn sequences_go_as_a_whole() {
        check("a\u{1b}[31mred\u{1b}[0m b", "ared b");
        check("\u{1b}]0;owned\u{7}title", "title");
        check("\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link");
        check("\u{9b}2Jcleared", "cleared");
        check("\u{1b}(Bset", "set");
        check("bell\u{7} back\u{8} del\u{7f} nul\u{0}", "bell back del nul");
    }

    #[test]
    fn what_people_write_stays() {
        check("two\nlines\tand a tab, naïve 東京 🎲", "two\nlines\tand a tab, naïve 東京 🎲");
    }

    #[test]
    fn overrides_go() {
        check("abc\u{202e}txt.exe", "abctxt.exe");
    }

    #[test]
    fn an_unclosed_sequence_ends_with_its_line() {
        check("\u{1b}]0;never closed\nthe answer", "\nthe answer");
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line(" a\n\n b\tc "), "a b c");
    }

    proptest! {
        #[test]
        fn pieces_or_whole_is_the_same(text in "[a\\x1b\\[\\];m\\x07\\\\\\n\u{9b}0-9]{0,40}", cut in 0usize..40) {
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            let mut stream = Plain::default();
            let pieces = stream.feed(&text[..cut]) + &stream.feed(&text[cut..]);
            prop_assert_eq!(pieces, plain(&text));
        }

        #[test]
        fn nothing_that_drives_a_terminal_is_left(text in any::<String>()) {
            prop_assert!(plain(&text).chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
        }
    }
}

//! Texts that are a burden by their size or by saying one thing over and over.
//!
//! A prompt of 10 MB or of the same line repeated a thousand times costs money and pushes the rules out of a model's
//! window ("context flooding"), whatever it says. Cost: one pass over the lines.

use super::{Rail, Saw, Sight, Text};
use std::collections::HashMap;

/// Looks at the length and at repeated lines and words.
pub const RAIL: Rail = Rail { name: "budget", look };

/// Above this many bytes a text is too long for one message.
pub const MOST_BYTES: usize = 4 << 20;

/// Below this many bytes repetition is nobody's burden.
const SHORT: usize = 4096;

fn look(text: &Text<'_>) -> Saw {
    let text = text.original();
    let mut sights = Vec::new();
    if text.len() > MOST_BYTES {
        sights.push(Sight {
            kind: "too_long",
            score: 1.0,
            span: None,
            note: format!("{} bytes, at most {MOST_BYTES} are taken", text.len()).into(),
            sensitive: false,
            instead: None,
        });
    } else if text.len() > SHORT && repeated_share(text) > 0.9 {
        sights.push(Sight {
            kind: "repetition",
            score: 0.6,
            span: None,
            note: "more than nine tenths of it is one short piece over and over".into(),
            sensitive: false,
            instead: None,
        });
    }
    sights.into()
}

/// The share of the text taken by its commonest word, or by its commonest line if that is more.
fn repeated_share(text: &str) -> f64 {
    commonest(text.split_whitespace()).max(commonest(text.lines())) / text.len() as f64
}

fn commonest<'a>(pieces: impl Iterator<Item = &'a str>) -> f64 {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for piece in pieces {
        *counts.entry(piece).or_default() += 1;
    }
    counts.into_iter().map(|(piece, count)| count * (piece.len() + 1)).max().unwrap_or(0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kinds: &[&str]) {
        let saw = look(&Text::new(text));
        assert_eq!(saw.sights.iter().map(|sight| sight.kind).collect::<Vec<_>>(), kinds);
    }

    #[test]
    fn ordinary_text_is_no_burden() {
        check("", &[]);
        check("ha ha ha ha ha ha ha", &[]);
        check(&(0..2000).map(|i| format!("line {i}\n")).collect::<String>(), &[]);
    }

    #[test]
    fn floods_are() {
        check(&"poem ".repeat(2000), &["repetition"]);
        check(&"say it again, please\n".repeat(2000), &["repetition"]);
        check(&"x".repeat(MOST_BYTES + 1), &["too_long"]);
    }
}

//! The classes of characters that tokenisers distinguish: letters, numbers, white space and the rest. Letters and
//! numbers are the general categories L and N of Unicode, as the `regex-syntax` crate knows them (Rust's
//! `is_alphabetic` is wider than L: it holds marks and letter-like numbers too); white space is White_Space.

use std::sync::LazyLock;

use regex_syntax::hir::{Class as Set, Hir, HirKind};

/// What kind of character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Other,
    Letter,
    Number,
    Space,
    /// The first byte of a character outside ASCII, whose class is in the large table.
    Wide,
}

/// The class of every byte.
pub(crate) const BYTES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Number,
            b'\t'..=b'\r' | b' ' => Class::Space,
            128.. => Class::Wide,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

/// The class of every character, by code point.
pub(crate) static CHARACTERS: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let mut classes = vec![Class::Other; char::MAX as usize + 1];
    for (category, class) in [(r"\p{L}", Class::Letter), (r"\p{N}", Class::Number)] {
        if let Ok(HirKind::Class(Set::Unicode(set))) = regex_syntax::parse(category).as_ref().map(Hir::kind) {
            set.iter().for_each(|range| classes[range.start() as usize..=range.end() as usize].fill(class));
        }
    }
    // No white space lies above the ideographic one.
    ('\0'..='\u{3000}').filter(|c| c.is_whitespace()).for_each(|c| classes[c as usize] = Class::Space);
    classes
});

/// The words of a text: runs of letters, numbers and underscores, which is `\w+` in Python.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let classes: &[Class] = &CHARACTERS;
    let inside = |c: char| c == '_' || matches!(classes[c as usize], Class::Letter | Class::Number);
    text.split(move |c| !inside(c)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_by_hand() {
        let cut: Vec<&str> = words("It's über-cool: 3.5 _x1 日本").collect();
        assert_eq!(cut, ["It", "s", "über", "cool", "3", "5", "_x1", "日本"]);
    }

    #[test]
    fn the_tables_agree_on_ascii() {
        assert!((0_u8..128).all(|byte| BYTES[usize::from(byte)] == CHARACTERS[usize::from(byte)]));
        // Unicode 16 has some 1,900 numbers and some 140,000 letters; an empty table would be a broken build.
        let count = |class| CHARACTERS.iter().filter(|other| **other == class).count();
        assert!(count(Class::Letter) > 130_000 && count(Class::Number) > 1_800 && count(Class::Space) == 25);
    }
}

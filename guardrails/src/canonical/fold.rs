//! Folding: one spelling for the many that look alike.
//!
//! Each character goes through compatibility normalisation (NFKC: `ｉ` → `i`, `ﬁ` → `fi`), lower case, and the loss of
//! Latin accents (`é` → `e`), so that one pattern finds every spelling. Invisible characters vanish, all kinds of space
//! and quotation mark become one. Then look-alikes (Unicode TR39 skeletons: Cyrillic `а` → `a`) are undone, but only
//! where that cannot mangle honest text: in a word that also has Latin letters, or in a text that is mostly Latin, and
//! only if every foreign letter of the word has a Latin twin. Honest Russian or Greek stays as it is.

use super::mapped::Mapped;
use std::ops::Range;
use unicode_normalization::{UnicodeNormalization, char::compose};

/// Characters that take no room: zero-width, joiners, directional controls, variation selectors, tags, soft hyphen.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Folds a text, keeping the way back.
pub fn fold(text: &str) -> Mapped {
    if text.is_ascii() {
        return Mapped::same(text.to_ascii_lowercase());
    }
    unmask(fold_characters(text))
}

fn fold_characters(text: &str) -> Mapped {
    let mut out = Folded { out: Mapped::with_capacity(text.len()), held: None };
    for (at, c) in text.char_indices() {
        let span = at..at + c.len_utf8();
        if c.is_ascii() {
            out.put(c.to_ascii_lowercase(), span);
        } else {
            // Lower case may need normalising again (`İ` gives a dotted i), so each step feeds the next.
            for c in std::iter::once(c).nfkc() {
                for c in c.to_lowercase() {
                    for c in std::iter::once(c).nfkc() {
                        out.put_folded(c, span.clone());
                    }
                }
            }
        }
    }
    out.finish()
}

/// The text so far, less its last character, which the next may yet combine with.
struct Folded {
    out: Mapped,
    held: Option<(char, Range<usize>)>,
}

impl Folded {
    fn put(&mut self, c: char, span: Range<usize>) {
        if let Some((held, at)) = self.held.replace((c, span)) {
            self.out.push(held.encode_utf8(&mut [0; 4]), at);
        }
    }

    fn put_folded(&mut self, c: char, span: Range<usize>) {
        if is_invisible(c) {
            return;
        }
        if let Some((held, at)) = &mut self.held
            && ('\u{300}'..='\u{36f}').contains(&c)
        {
            // A mark on a Latin letter is dropped; on another it joins it (`и` + `̆` = `й`).
            if held.is_ascii() {
                return;
            }
            if let Some(joined) = compose(*held, c) {
                *held = joined;
                at.end = span.end;
                return;
            }
        }
        match c {
            'ı' => self.put('i', span),
            'ø' => self.put('o', span),
            'ł' => self.put('l', span),
            'đ' => self.put('d', span),
            'ß' => {
                self.put('s', span.clone());
                self.put('s', span);
            }
            'æ' => {
                self.put('a', span.clone());
                self.put('e', span);
            }
            'œ' => {
                self.put('o', span.clone());
                self.put('e', span);
            }
            '‘' | '’' | '‚' | '‛' | '′' | '´' => self.put('\'', span),
            '“' | '”' | '„' | '‟' | '″' | '«' | '»' => self.put('"', span),
            '‐'..='―' | '−' => self.put('-', span),
            '。' | '．' | '…' => self.put('.', span),
            '\u{85}' | '\u{2028}' | '\u{2029}' => self.put('\n', span),
            c if c.is_whitespace() => self.put(' ', span),
            c => {
                let mut parts = std::iter::once(c).nfd();
                match parts.next() {
                    Some(base) if base.is_ascii() => self.put(base, span),
                    _ => self.put(c, span),
                }
            }
        }
    }

    fn finish(mut self) -> Mapped {
        if let Some((held, at)) = self.held.take() {
            self.out.push(held.encode_utf8(&mut [0; 4]), at);
        }
        self.out
    }
}

/// Undoes look-alike letters, in two passes: words that mix Latin with others first, then, if the text has turned out
/// to be mostly Latin, words wholly of look-alikes.
fn unmask(folded: Mapped) -> Mapped {
    let folded = unmask_words(folded, |has_latin| has_latin);
    let latin = folded.text().bytes().filter(u8::is_ascii_alphabetic).count();
    let other = folded.text().chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    if other == 0 || latin <= other { folded } else { unmask_words(folded, |_| true) }
}

fn unmask_words(folded: Mapped, wanted: impl Fn(bool) -> bool) -> Mapped {
    let text = folded.text();
    let mut out: Option<Mapped> = None;
    let mut done = 0;
    let mut word = String::new();
    for range in words(text) {
        let source = &text[range.clone()];
        if source.is_ascii() || !wanted(source.bytes().any(|b| b.is_ascii_alphabetic())) {
            continue;
        }
        word.clear();
        if !source.chars().all(|c| {
            twin(c).is_some_and(|twin| {
                word.push(twin);
                true
            })
        }) {
            continue;
        }
        let out = out.get_or_insert_with(|| Mapped::with_capacity(text.len()));
        out.copy(&folded, done..range.start);
        for ((at, c), twin) in source.char_indices().zip(word.chars()) {
            let at = range.start + at..range.start + at + c.len_utf8();
            out.push_for(twin.encode_utf8(&mut [0; 4]), &folded, at);
        }
        done = range.end;
    }
    match out {
        None => folded,
        Some(mut out) => {
            out.copy(&folded, done..text.len());
            out
        }
    }
}

/// The Latin letter or digit that a folded character is or looks like.
fn twin(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c);
    }
    let mut buffer = [0; 4];
    let mut skeleton = unicode_security::skeleton(c.encode_utf8(&mut buffer));
    match (skeleton.next(), skeleton.next()) {
        (Some(twin), None) if twin.is_ascii_alphanumeric() => Some(twin.to_ascii_lowercase()),
        _ => None,
    }
}

fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.find(|c: char| c.is_alphanumeric())?;
        let length = text[start..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - start);
        at = start + length;
        Some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(fold(text).text(), expected);
    }

    #[test]
    fn spellings_become_one() {
        check("Ignore", "ignore");
        check("ＩＧＮＯＲＥ", "ignore");
        check("i\u{200b}g\u{ad}n\u{2060}ore", "ignore");
        check("Vergiß ALLES, été", "vergiss alles, ete");
        check("cafe\u{301} “x” don’t", "cafe \"x\" don't");
        check("𝐢𝐠𝐧𝐨𝐫𝐞 ⓐⓛⓛ", "ignore all");
    }

    #[test]
    fn look_alikes_are_undone_but_honest_text_is_not() {
        check("Cаll thе trаnѕfеr", "call the transfer"); // Cyrillic а, е, ѕ
        check("Іgnore thе аbove а bit", "ignore the above a bit");
        check("Сор мешает нам", "сор мешает нам"); // Russian, though `сор` looks Latin
        check("Η αγορά", "η αγορα\u{301}".nfc().collect::<String>().as_str());
        check("今日は good", "今日は good");
        check("игнорируи\u{306}", "игнорируй");
    }

    #[test]
    fn every_piece_maps_back() {
        let text = "Ｓay\u{200b} hеllo";
        let folded = fold(text);
        assert_eq!(folded.text(), "say hello");
        assert_eq!(&text[folded.original(0..3)], "Ｓay");
        assert_eq!(&text[folded.original(4..9)], "hеllo");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = fold(&text).text().to_string();
            let twice = fold(&once);
            prop_assert_eq!(twice.text(), &once);
        }

        #[test]
        fn spans_lie_on_character_boundaries(text in "\\PC{0,40}") {
            let folded = fold(&text);
            for (at, c) in folded.text().char_indices() {
                let span = folded.original(at..at + c.len_utf8());
                prop_assert!(text.get(span.clone()).is_some_and(|piece| !piece.is_empty()), "{:?}", span);
            }
        }
    }
}

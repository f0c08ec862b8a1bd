//! The signs of each disguise, and how to undo it.

use super::mapped::Mapped;
use aho_corasick::AhoCorasick;
use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::{ops::Range, sync::LazyLock};

/// What a text shows signs of.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// Pieces that may be base64, base32 or hex.
    pub tokens: Vec<Range<usize>>,
    percents: usize,
    pluses: usize,
    entities: usize,
    /// The most words of one letter in a row.
    letters_apart: usize,
    leet_words: usize,
}

impl Signs {
    /// Whether the text as a whole may be disguised.
    pub fn whole(&self) -> bool {
        self.is_percent() || self.entities >= 3 || self.letters_apart >= 4 || self.leet_words >= 2
    }

    fn is_percent(&self) -> bool {
        self.percents >= 3 || self.pluses >= 2
    }
}

/// The shortest piece worth decoding.
const TOKEN: usize = 16;

const WORD: u8 = 1;
const DIGIT: u8 = 2;
const CODE: u8 = 4;
const MARK: u8 = 8;

/// What each byte may be part of: a word (everything beyond ASCII is), a number, an encoded token, or a sign by itself.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() {
            class[byte] = WORD | CODE;
        }
        if b.is_ascii_digit() {
            class[byte] |= DIGIT;
        }
        if b >= 128 {
            class[byte] = WORD;
        }
        if matches!(b, b'+' | b'/' | b'-' | b'_' | b'=') {
            class[byte] = CODE;
        }
        if matches!(b, b'%' | b'&' | b'+') {
            class[byte] |= MARK;
        }
        byte += 1;
    }
    class
};

/// Looks for all signs. Plain text costs one look-up a byte.
pub(super) fn signs(text: &str) -> Signs {
    let bytes = text.as_bytes();
    let mut signs = Signs { tokens: tokens(bytes), ..Signs::default() };
    let (mut pair_run, mut pairs_from, mut letters) = (0, 0, 0);
    let mut at = 0;
    while at < bytes.len() {
        let class = CLASS[usize::from(bytes[at])];
        if class & WORD == 0 {
            if class & MARK != 0 {
                signs.mark(bytes, at);
            }
            at += 1;
            continue;
        }
        let start = at;
        let mut any = 0;
        while let Some(class) = bytes.get(at).map(|byte| CLASS[usize::from(*byte)]).filter(|class| class & WORD != 0) {
            any |= class;
            at += 1;
        }
        let word = &bytes[start..at];
        letters = if word.len() == 1 && word[0].is_ascii() { letters + 1 } else { 0 };
        signs.letters_apart = signs.letters_apart.max(letters);
        if any & DIGIT != 0 {
            signs.leet_words += usize::from(is_leet(word));
        }
        // Pairs of hex digits in a row, as in `49 67 6e` or `\x49\x67`, or octets, as in `01001001 01100111`.
        let is_pair = match word {
            [b'x', high, low] | [high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
            octet if octet.len() == 8 => octet.iter().all(|bit| matches!(bit, b'0' | b'1')),
            _ => false,
        };
        if is_pair {
            if pair_run == 0 {
                pairs_from = start;
            }
            pair_run += 1;
        } else {
            if pair_run >= TOKEN / 2 {
                signs.tokens.push(pairs_from..start);
            }
            pair_run = 0;
        }
    }
    if pair_run >= TOKEN / 2 {
        signs.tokens.push(pairs_from..text.len());
    }
    signs
}

impl Signs {
    /// Counts the sign at `at`, if what stands around it makes it one.
    fn mark(&mut self, bytes: &[u8], at: usize) {
        let next = bytes.get(at + 1);
        match bytes[at] {
            b'%' => self.percents += usize::from(is_hex(next) && is_hex(bytes.get(at + 2))),
            b'&' => self.entities += usize::from(matches!(next, Some(b'#' | b'a'..=b'z'))),
            _ => {
                let before = at.checked_sub(1).map(|before| &bytes[before]);
                let joins = [before, next].iter().all(|side| side.is_some_and(u8::is_ascii_alphabetic));
                self.pluses += usize::from(joins);
            }
        }
    }
}

/// The runs of at least [`TOKEN`] bytes that an encoded text may consist of. Such a run covers a byte at a multiple of
/// its least length, so only those bytes are looked at until one fits.
fn tokens(bytes: &[u8]) -> Vec<Range<usize>> {
    let is_code = |at: usize| CLASS[usize::from(bytes[at])] & CODE != 0;
    let mut tokens = Vec::new();
    let (mut at, mut done) = (TOKEN - 1, 0);
    while at < bytes.len() {
        if !is_code(at) {
            at += TOKEN;
            continue;
        }
        let start = (done..at).rev().take_while(|at| is_code(*at)).last().unwrap_or(at);
        let end = (at + 1..bytes.len()).find(|at| !is_code(*at)).unwrap_or(bytes.len());
        if end - start >= TOKEN {
            tokens.push(start..end);
        }
        done = end;
        at = end + TOKEN;
    }
    tokens
}

fn is_hex(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_hexdigit)
}

/// A word with a digit before or between letters, short enough not to be an identifier or a code.
fn is_leet(word: &[u8]) -> bool {
    let digits = word.iter().filter(|b| matches!(b, b'0' | b'1' | b'3' | b'4' | b'5' | b'7')).count();
    let letters = word.iter().filter(|b| b.is_ascii_alphabetic()).count();
    (2..=14).contains(&word.len())
        && digits > 0
        && letters > 0
        && digits + letters == word.len()
        && word.iter().position(u8::is_ascii_digit) < word.iter().rposition(u8::is_ascii_alphabetic)
}

/// Decodes one piece if what comes out is text.
pub(super) fn token(piece: &str) -> Option<(&'static str, String)> {
    let hex: String = piece.replace("\\x", "").chars().filter(|c| !matches!(c, ' ' | ':' | ',' | '\\')).collect();
    if hex.len() >= TOKEN && hex.len().is_multiple_of(2) && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        let bytes: Option<Vec<u8>> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect();
        if let Some(text) = bytes.and_then(readable) {
            return Some(("hex", text));
        }
    }
    if hex.len() >= 4 * 8 && hex.len().is_multiple_of(8) && hex.bytes().all(|bit| matches!(bit, b'0' | b'1')) {
        let octets: Option<Vec<u8>> =
            (0..hex.len()).step_by(8).map(|at| u8::from_str_radix(&hex[at..at + 8], 2).ok()).collect();
        if let Some(text) = octets.and_then(readable) {
            return Some(("binary", text));
        }
    }
    let piece = piece.trim_start_matches(['-', '_', '=']);
    if let Some(text) = base32(piece).and_then(readable) {
        return Some(("base32", text));
    }
    for engine in [&BASE64, &BASE64_URL] {
        if let Some(text) = engine.decode(piece.trim_end_matches('=')).ok().and_then(readable) {
            return Some(("base64", text));
        }
    }
    None
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
static BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
static BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// RFC 4648 base32, upper case, padding optional.
fn base32(piece: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut out) = (0u32, 0, Vec::with_capacity(piece.len() * 5 / 8));
    for byte in piece.trim_end_matches('=').bytes() {
        let five = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u32::from(five);
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

/// The bytes as text, if they look like something a person could read.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let total = text.chars().count();
    let plain = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace() || c.is_ascii_punctuation()).count();
    let letters = text.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
    (total >= 6 && plain == total && letters * 3 >= total * 2).then_some(text)
}

/// Undoes the disguises of a whole text.
pub(super) fn whole(text: &str, folded: &Mapped, signs: &Signs) -> Vec<(&'static str, Mapped)> {
    let mut views = Vec::new();
    if signs.entities >= 3 {
        views.push(("entities", entities(folded)));
    }
    if signs.is_percent() {
        views.push(("percent", percent(text)));
    }
    if signs.letters_apart >= 4 {
        let joined = spaced(folded);
        if joined.text().len() + 4 < folded.text().len() {
            views.push(("spaced", joined));
        }
    }
    if signs.leet_words >= 2 {
        views.push(("leet", folded.with_same_shape(leet(folded.text()))));
    }
    if folded.text().len() <= 1 << 16 && reads_otherwise(folded.text()) {
        views.push(("rot13", folded.with_same_shape(rot13(folded.text()))));
        let all = folded.original(0..folded.text().len());
        views.push(("reversed", Mapped::whole(folded.text().chars().rev().collect(), all)));
    }
    views
}

/// Words that an attack on an assistant can hardly do without, as they look in rot13 and backwards.
static OTHERWISE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    const TELLING: [&str; 14] = [
        "ignore",
        "instruction",
        "previous",
        "system",
        "prompt",
        "password",
        "reveal",
        "forget",
        "disregard",
        "answer",
        "anweisung",
        "vergiss",
        "respond",
        "write",
    ];
    let rotated = TELLING.iter().map(|word| rot13(word));
    let reversed = TELLING.iter().map(|word| word.chars().rev().collect::<String>());
    AhoCorasick::new(rotated.chain(reversed)).expect("a few short literals always build")
});

/// Whether a folded text holds telling words in rot13 or backwards.
pub(super) fn reads_otherwise(folded: &str) -> bool {
    OTHERWISE.is_match(folded)
}

fn rot13(text: &str) -> String {
    let turn = |c: char| match c {
        'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
        c => c,
    };
    text.chars().map(turn).collect()
}

fn leet(text: &str) -> String {
    let turn = |c: char| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    };
    text.chars().map(turn).collect()
}

/// Decodes `%41` and `+` (as a space) over the whole text.
fn percent(text: &str) -> Mapped {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut spans = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let (byte, length) = match (bytes[at], code) {
            (b'%', Some(byte)) => (byte, 3),
            (b'+', _) => (b' ', 1),
            (byte, _) => (byte, 1),
        };
        decoded.push(byte);
        spans.push(at..at + length);
        at += length;
    }
    let decoded = String::from_utf8_lossy(&decoded);
    if decoded.len() != spans.len() {
        return Mapped::whole(super::fold(&decoded).text().to_string(), 0..text.len());
    }
    let mut out = Mapped::with_capacity(decoded.len());
    for (at, c) in decoded.char_indices() {
        let span = spans[at].start..spans[at + c.len_utf8() - 1].end;
        for c in c.to_lowercase() {
            out.push(c.encode_utf8(&mut [0; 4]), span.clone());
        }
    }
    out
}

/// Decodes numeric entities and the few named ones that spell markup or spaces.
fn entities(folded: &Mapped) -> Mapped {
    let text = folded.text();
    let mut out = Mapped::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices('&') {
        if at < done {
            continue;
        }
        let rest = &text.as_bytes()[at + 1..];
        let Some(length) = rest.iter().take(10).position(|b| *b == b';') else { continue };
        let name = &text[at + 1..at + 1 + length];
        let decoded = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" | "ensp" | "emsp" => Some(' '),
            "newline" => Some('\n'),
            name => match name.strip_prefix('#') {
                Some(code) => match code.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => code.parse().ok(),
                }
                .and_then(char::from_u32),
                None => None,
            },
        };
        if let Some(decoded) = decoded {
            out.copy(folded, done..at);
            for c in super::fold(decoded.encode_utf8(&mut [0; 4])).text().chars() {
                out.push_for(c.encode_utf8(&mut [0; 4]), folded, at..at + length + 2);
            }
            done = at + length + 2;
        }
    }
    out.copy(folded, done..text.len());
    out
}

/// Joins letters that stand apart: `i g n o r e` and `i.g.n.o.r.e` become `ignore`. Only one separator, the same all
/// along, is taken out of a word; a wider gap stays one space.
fn spaced(folded: &Mapped) -> Mapped {
    let text = folded.text();
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let is_letter = |i: usize| letters.get(i).is_some_and(|(_, c)| c.is_alphanumeric());
    let alone = |i: usize| is_letter(i) && !(i > 0 && is_letter(i - 1)) && !is_letter(i + 1);
    let between = |i: usize| {
        let apart = i > 0 && matches!(letters[i].1, ' ' | '.' | '-' | '_' | '*' | '|' | '/' | ',' | '\n');
        (apart && alone(i - 1) && alone(i + 1)).then_some(letters[i].1)
    };
    let mut out = Mapped::with_capacity(text.len());
    let mut last_gone = None;
    for (i, &(at, c)) in letters.iter().enumerate() {
        if let Some(mark) = between(i) {
            let goes_on = match last_gone {
                Some((before, gone)) if before + 2 == i => gone == mark,
                _ => letters.get(i + 2).is_none_or(|next| next.1 == mark || between(i + 2).is_none()),
            };
            if goes_on {
                last_gone = Some((i, mark));
                continue;
            }
        }
        if !(c == ' ' && out.text().ends_with(' ')) {
            out.copy(folded, at..at + c.len_utf8());
        }
    }
    out
}

/// What is spelt in Unicode tag characters, and where.
pub(super) fn tags(text: &str) -> Option<(String, Range<usize>)> {
    if text.is_ascii() {
        return None;
    }
    let mut hidden = String::new();
    let mut span: Option<Range<usize>> = None;
    for (at, c) in text.char_indices() {
        if let Some(byte) = (c as u32).checked_sub(0xe0000).filter(|byte| (0x20..0x7f).contains(byte)) {
            hidden.push(char::from(byte as u8));
            span = Some(span.map_or(at, |span| span.start)..at + c.len_utf8());
        }
    }
    span.map(|span| (hidden, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_readable_tokens_are_decoded() {
        assert_eq!(token("JBSWY3DPEBLW64TMMQ======"), Some(("base32", "Hello World".into()))); // RFC 4648 alphabet
        assert_eq!(token("SGVsbG8gV29ybGQ="), Some(("base64", "Hello World".into())));
        assert_eq!(token("internationalization"), None);
        assert_eq!(token("d41d8cd98f00b204e9800998ecf8427e"), None); // a digest is not text
    }

    #[test]
    fn tokens_are_the_long_runs() {
        let check = |text: &str, found: &[&str]| {
            let seen: Vec<&str> = tokens(text.as_bytes()).into_iter().map(|token| &text[token]).collect();
            assert_eq!(seen, found, "{text}");
        };
        check("short words only, even many of them", &[]);
        check("0123456789abcdef", &["0123456789abcdef"]);
        check("0123456789abcde", &[]);
        for before in 0..40 {
            let text = format!("{}0123456789abcdef {}", " ".repeat(before), "abcdefghijklmnopqrst");
            check(&text, &["0123456789abcdef", "abcdefghijklmnopqrst"]);
        }
    }

    #[test]
    fn ordinary_writing_shows_no_signs() {
        let signs = signs("Section 4a of ISO 9001: 30% of A & B, vitamin C, plan B; see x86_64 and mp3.");
        assert!(signs.tokens.is_empty() && !signs.whole(), "{signs:?}");
    }
}

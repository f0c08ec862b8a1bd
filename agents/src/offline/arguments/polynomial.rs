//! Polynomials as people write them: "x^2 - 4x + 1", "3x³ + 2 x**2".

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A higher power is no objective that anybody types.
const MOST: usize = 20;

static TERM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:(?:([0-9]+(?:\.[0-9]+)?)\s*\*?\s*)?x(?:\s*(?:\^|\*\*)\s*([0-9]+)|([²³]))?|([0-9]+(?:\.[0-9]+)?))")
        .ok()
});

/// The first polynomial in x of a sentence: where it stands, and its coefficients from the constant upwards.
///
/// A lone `x` or a lone number is none.
pub fn find(sentence: &str) -> Option<(Range<usize>, Vec<f64>)> {
    sentence.char_indices().find_map(|(at, _)| {
        let before = sentence[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '^' | '*')) {
            return None;
        }
        polynomial(&sentence[at..]).map(|(length, coefficients)| (at..at + length, coefficients))
    })
}

/// The polynomial that a text begins with, and its length.
fn polynomial(text: &str) -> Option<(usize, Vec<f64>)> {
    let (mut coefficients, mut end, mut terms) = (Vec::new(), 0, 0);
    loop {
        let (sign, skipped) = match sign(&text[end..]) {
            Some(found) => found,
            // Only the first term may go without.
            None if terms == 0 => (1.0, 0),
            None => break,
        };
        let Some((power, factor, length)) = term(&text[end + skipped..]) else { break };
        if coefficients.len() <= power {
            coefficients.resize(power + 1, 0.0);
        }
        coefficients[power] += sign * factor;
        terms += 1;
        end += skipped + length;
    }
    let after = text[end..].chars().next();
    let whole = after.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    (whole && (coefficients.len() > 2 || coefficients.len() == 2 && terms > 1)).then_some((end, coefficients))
}

/// The sign that a text begins with, or the product of several ("- -3"), and how many bytes it takes.
fn sign(text: &str) -> Option<(f64, usize)> {
    let (mut sign, mut rest) = (None, text.trim_start());
    loop {
        let mut characters = rest.chars();
        let one = match characters.next()? {
            '+' => 1.0,
            '-' | '−' | '–' => -1.0,
            _ => break,
        };
        sign = Some(sign.unwrap_or(1.0) * one);
        rest = characters.as_str().trim_start();
    }
    Some((sign?, text.len() - rest.len()))
}

/// The power, the factor and the length of the term that a text begins with.
fn term(text: &str) -> Option<(usize, f64, usize)> {
    let found = TERM.as_ref()?.captures(text)?;
    let length = found.get(0)?.end();
    let number = |group: usize| found.get(group).and_then(|text| text.as_str().parse::<f64>().ok());
    if let Some(constant) = number(4) {
        return Some((0, constant, length));
    }
    let power = match (found.get(2), found.get(3).map(|text| text.as_str())) {
        (Some(power), _) => power.as_str().parse().ok().filter(|power| *power <= MOST)?,
        (None, Some("²")) => 2,
        (None, Some(_)) => 3,
        (None, None) => 1,
    };
    Some((power, number(1).unwrap_or(1.0), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sentence: &str) -> Option<(&str, Vec<f64>)> {
        find(sentence).map(|(range, coefficients)| (&sentence[range], coefficients))
    }

    #[test]
    fn as_people_write_them() {
        assert_eq!(read("Minimise x^2 - 4x + 1 by descent"), Some(("x^2 - 4x + 1", vec![1.0, -4.0, 1.0])));
        assert_eq!(read("f(x) = 3x³ + 2 * x**2, from x = 5"), Some(("3x³ + 2 * x**2", vec![0.0, 0.0, 2.0, 3.0])));
        assert_eq!(read("x^2 - -3x + - 1"), Some(("x^2 - -3x + - 1", vec![-1.0, 3.0, 1.0])));
        assert_eq!(read("lowest point of -x + 0.5x²"), Some(("-x + 0.5x²", vec![0.0, -1.0, 0.5])));
        assert_eq!(
            read("x^4 - 3x^3 + 2 with a rate of 0.01"),
            Some(("x^4 - 3x^3 + 2", vec![2.0, 0.0, 0.0, -3.0, 1.0]))
        );
    }

    #[test]
    fn what_is_none() {
        for sentence in ["from x = 3", "1 + 2", "x", "a 3x3 table", "max^2", "x^99", "f(x) of 12 points", "2x faster"] {
            assert_eq!(read(sentence), None, "{sentence}");
        }
    }
}

//! Whether a quotation stands in its source, word for word.
//!
//! A citation is worth its quote: [`quote_is_verbatim`] holds it against the document. White space may differ (a line
//! break in the source is a space in the answer), nothing else may. Cost: linear in the document.

use std::ops::Range;

/// Whether `quote` stands in `document`, white space aside. An empty quote stands nowhere.
///
/// ```
/// use roundtable_guardrails::rails::grounding::quote_is_verbatim;
///
/// assert!(quote_is_verbatim("a thin wing", "It has a thin\n  wing."));
/// assert!(!quote_is_verbatim("a thick wing", "It has a thin\n  wing."));
/// ```
pub fn quote_is_verbatim(quote: &str, document: &str) -> bool {
    find_quote(quote, document).is_some()
}

/// The bytes of `document` that `quote` stands for, white space aside.
pub fn find_quote(quote: &str, document: &str) -> Option<Range<usize>> {
    let quote = quote.trim();
    if quote.is_empty() {
        return None;
    }
    if let Some(at) = document.find(quote) {
        return Some(at..at + quote.len());
    }
    let (quote, _) = squeezed(quote);
    let (document_text, places) = squeezed(document);
    let at = document_text.find(&quote)?;
    let last = at + quote.len() - 1;
    let end = (places[last] + 1..=document.len()).find(|end| document.is_char_boundary(*end))?;
    Some(places[at]..end)
}

/// The text with each run of white space as one space, and where each byte of it stood.
fn squeezed(text: &str) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if !c.is_whitespace() {
            out.push(c);
            places.extend(at..at + c.len_utf8());
        } else if !out.ends_with(' ') {
            out.push(' ');
            places.push(at);
        }
    }
    (out, places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(quote: &str, document: &str, found: Option<&str>) {
        assert_eq!(find_quote(quote, document).map(|span| &document[span]), found);
    }

    #[test]
    fn only_white_space_may_differ() {
        check("b c", "a b c d", Some("b c"));
        check(" é  f ", "d\té\n\nf.", Some("é\n\nf"));
        check("b C", "a b c d", None);
        check("", "a", None);
        check("bc", "b c", None);
    }

    proptest! {
        #[test]
        fn every_piece_of_a_text_is_verbatim(text in "\\PC{1,40}", from in 0usize..40, length in 1usize..20) {
            let piece: String = text.chars().skip(from).take(length).collect();
            prop_assume!(!piece.trim().is_empty());
            prop_assert!(quote_is_verbatim(&piece, &text));
            prop_assert!(find_quote(&piece, &text).is_some_and(|span| text.get(span).is_some()));
        }
    }
}

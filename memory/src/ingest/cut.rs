//! Cutting a document into chunks.
//!
//! A chunk should be a thing that can be cited: a few sentences about one matter, short enough for the embedding model
//! (256 word pieces, about 1,200 characters). Markdown is cut at its headings first, and each chunk knows its section.
//! What is still too long is cut into parts of about equal size, at paragraphs, lines or sentences if that is possible.

use std::num::NonZeroUsize;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use roundtable_tools::text::recursive_chunk::{self, Args, KeepSeparator};

use crate::document::{Chunk, Document, Trust};

/// The most characters of a chunk, short of a word that is longer.
const SIZE: usize = 1200;

/// The document's chunks, in order; none for an empty one.
pub fn chunks(document: &Document) -> Vec<Chunk> {
    let markdown = document.metadata.get("format").is_some_and(|format| format == "markdown");
    let sections = if markdown { sections(&document.text) } else { vec![(String::new(), 0..document.text.len())] };
    let mut chunks = Vec::new();
    for (section, range) in sections {
        for part in parts(&document.text[range.clone()]) {
            let position = chunks.len() as u32;
            let (start, end) = (range.start + part.start, range.start + part.end);
            let mut metadata = document.metadata.clone();
            if !section.is_empty() {
                metadata.insert("section".into(), section.clone().into());
            }
            chunks.push(Chunk {
                id: Chunk::id_of(&document.id, position),
                doc: document.id.clone(),
                title: document.title.clone(),
                text: document.text[start..end].to_owned(),
                start,
                end,
                position,
                metadata,
                trust: Trust::default(),
            });
        }
    }
    chunks
}

/// The byte ranges of the parts of one section, without white space at their ends.
fn parts(text: &str) -> Vec<Range<usize>> {
    let length = text.trim().chars().count();
    if length <= SIZE {
        let start = text.len() - text.trim_start().len();
        let end = text.trim_end().len();
        return (start < end).then_some(start..end).into_iter().collect();
    }
    // Equal parts, with a tenth of slack to end at a good place: no stump is left over at the end.
    let wanted = length.div_ceil(SIZE);
    let size = (length.div_ceil(wanted) * 11 / 10).min(SIZE);
    let mut args = Args::new(text, NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN), 0);
    args.separators = ["\n\n", "\n", ". ", " ", ""].map(str::to_owned).to_vec();
    args.keep_separator = KeepSeparator::End;
    match recursive_chunk::chunks(&args) {
        Ok(chunks) => chunks.into_iter().map(|chunk| chunk.range).collect(),
        // Without overlap the chunks hold no more than the text, so only a text beyond the tool's limit comes here.
        Err(_) => even(text),
    }
}

/// Cuts every `SIZE` characters, wherever that is.
fn even(text: &str) -> Vec<Range<usize>> {
    let mut cuts: Vec<usize> = text.char_indices().step_by(SIZE).map(|(at, _)| at).collect();
    cuts.push(text.len());
    cuts.windows(2).map(|pair| pair[0]..pair[1]).filter(|range| !text[range.clone()].trim().is_empty()).collect()
}

/// The sections of a Markdown text: the path of headings over each, and its byte range with its own heading. A heading
/// without words of its own below it stays with the section that follows.
fn sections(text: &str) -> Vec<(String, Range<usize>)> {
    let mut headings: Vec<(usize, usize, String)> = Vec::new(); // where, level, words
    let mut inside: Option<(usize, usize, String)> = None;
    for (event, range) in Parser::new_ext(text, Options::empty()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => inside = Some((range.start, level as usize, String::new())),
            Event::End(TagEnd::Heading(_)) => headings.extend(inside.take()),
            Event::Text(words) | Event::Code(words) => {
                if let Some((_, _, heading)) = &mut inside {
                    heading.push_str(&words);
                }
            }
            _ => {}
        }
    }
    let mut sections: Vec<(String, Range<usize>)> = Vec::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let first = headings.first().map_or(text.len(), |heading| heading.0);
    let mut from = 0;
    if !text[..first].trim().is_empty() {
        sections.push((String::new(), 0..first));
        from = first;
    }
    for (place, (start, level, words)) in headings.iter().enumerate() {
        path.retain(|(above, _)| above < level);
        path.push((*level, words.clone()));
        let end = headings.get(place + 1).map_or(text.len(), |next| next.0);
        let below = text[*start..end].split_once('\n').map_or("", |(_, below)| below);
        let bare = below.trim().trim_matches(['=', '-']).is_empty();
        if bare && place + 1 < headings.len() {
            continue;
        }
        let names: Vec<&str> = path.iter().map(|(_, words)| words.as_str()).collect();
        sections.push((names.join(" > "), from..end));
        from = end;
    }
    sections
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::Metadata;

    fn document(text: &str, format: &str) -> Document {
        Document {
            id: "d".into(),
            source: "d".into(),
            title: "d".into(),
            text: text.into(),
            hash: String::new(),
            metadata: Metadata::from([("format".into(), format.into())]),
        }
    }

    #[test]
    fn short_texts_are_one_chunk_and_empty_ones_none() {
        assert_eq!(chunks(&document("  \n ", "text")).len(), 0);
        let one = chunks(&document(" tea \n", "text"));
        assert_eq!((one[0].text.as_str(), one[0].start, one[0].end, one[0].id.as_str()), ("tea", 1, 4, "d#0"));
    }

    #[test]
    fn long_texts_are_cut_into_equal_parts_at_sentences() {
        let text = "The wing is long and the air is thin. ".repeat(40); // 1,520 characters
        let cut = chunks(&document(&text, "text"));
        assert_eq!(cut.len(), 2);
        assert!(cut.iter().all(|chunk| chunk.text.ends_with("thin.") && chunk.text.len() > 600));
    }

    #[test]
    fn markdown_is_cut_at_headings_and_knows_its_sections() {
        let text = "intro\n\n# Tea\n\n## Brewing\n\nBoil it.\n\n```\n# not a heading\n```\n\n## Drinking\nSip.\n";
        let cut = chunks(&document(text, "markdown"));
        let rows: Vec<(&str, Option<&str>)> =
            cut.iter().map(|c| (c.text.as_str(), c.metadata.get("section").and_then(|s| s.as_str()))).collect();
        assert_eq!(rows[0], ("intro", None));
        assert_eq!(rows[1].1, Some("Tea > Brewing"));
        assert!(rows[1].0.starts_with("# Tea") && rows[1].0.contains("# not a heading"));
        assert_eq!(rows[2], ("## Drinking\nSip.", Some("Tea > Drinking")));
    }

    proptest! {
        #[test]
        fn chunks_quote_the_document_and_leave_out_only_white_space(
            words in proptest::collection::vec("[a-zäß.#]{1,12}|\n|\n\n|# ", 0..900),
            format in "text|markdown",
        ) {
            let document = document(&words.join(" "), &format);
            let mut covered = 0;
            for chunk in chunks(&document) {
                prop_assert_eq!(&chunk.text, &document.text[chunk.start..chunk.end]);
                prop_assert!(chunk.text.chars().count() <= SIZE && !chunk.text.trim().is_empty());
                prop_assert!(document.text[covered..chunk.start].trim().is_empty());
                covered = chunk.end;
            }
            prop_assert!(document.text[covered..].trim().is_empty());
        }
    }
}

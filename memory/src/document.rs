//! Documents as they came in, and the chunks that search finds.
//!
//! A chunk is a slice of its document and never a rewrite: `chunk.text == document.text[chunk.start..chunk.end]`, byte
//! for byte. Citations rely on it, because a quote from a chunk is then a verbatim quote from the document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Facts about a document or a chunk that are no text of it: the path, a section, a group.
pub type Metadata = BTreeMap<String, serde_json::Value>;

/// One document, as the loader read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The id that the source gives it (JSONL `id`), or its path.
    pub id: String,
    /// The file that it was read from; what vanishes from a source is removed only within that source.
    pub source: String,
    /// The title, or the file's name where there is none.
    pub title: String,
    /// The whole text.
    pub text: String,
    /// What a later ingest compares to see whether anything changed: [`fingerprint`] over title, text and metadata.
    pub hash: String,
    /// What else the source said.
    #[serde(default)]
    pub metadata: Metadata,
}

/// A slice of a document: what is indexed, embedded, found and cited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// `{document id}#{position}`: the same document gives the same ids, so writing twice changes nothing.
    pub id: String,
    /// The document's id.
    pub doc: String,
    /// The document's title.
    pub title: String,
    /// The slice itself, verbatim.
    pub text: String,
    /// First byte of the slice in the document's text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Place among the chunks of the document, from 0.
    pub position: u32,
    /// The document's metadata and the chunk's own (`section` in Markdown).
    #[serde(default)]
    pub metadata: Metadata,
    /// What the document door said about it.
    #[serde(default)]
    pub trust: Trust,
}

impl Chunk {
    /// The id of the chunk at `position` of document `doc`.
    pub fn id_of(doc: &str, position: u32) -> String {
        format!("{doc}#{position}")
    }

    /// The words under which the chunk is found: title, section and text, each once.
    ///
    /// This is what is indexed and what is embedded. A text that opens with its own title is not given it twice.
    pub fn words(&self) -> String {
        let section = self.metadata.get("section").and_then(serde_json::Value::as_str).unwrap_or_default();
        let mut words = String::with_capacity(self.title.len() + section.len() + self.text.len() + 2);
        for part in [self.title.trim(), section.trim()] {
            if !part.is_empty() && !self.text.trim_start().starts_with(part) && !words.contains(part) {
                words.push_str(part);
                words.push('\n');
            }
        }
        words.push_str(&self.text);
        words
    }

    /// Whether search may return it.
    pub fn retrievable(&self) -> bool {
        self.trust.level != Level::Quarantined
    }
}

/// What the document door said about a chunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// How far it may go.
    pub level: Level,
    /// The door's score, 0 (harmless) to 1.
    #[serde(default)]
    pub score: f64,
    /// The kinds of the door's findings, such as `injection.override`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// How far a chunk may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The door found nothing.
    #[default]
    Clean,
    /// Found by search, and marked: the door has a suspicion.
    Flagged,
    /// Kept so that a person can look at it, and never found by search.
    Quarantined,
}

/// SHA-256 over `parts`, each with its length before it so that ("ab","c") and ("a","bc") differ; 32 hex digits.
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    hasher.finalize().iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(title: &str, section: Option<&str>, text: &str) -> Chunk {
        let metadata = section.map(|section| ("section".to_owned(), section.into())).into_iter().collect();
        Chunk {
            id: "d#0".into(),
            doc: "d".into(),
            title: title.into(),
            text: text.into(),
            start: 0,
            end: text.len(),
            position: 0,
            metadata,
            trust: Trust::default(),
        }
    }

    #[test]
    fn words_carry_title_and_section_once() {
        assert_eq!(chunk("Tea", None, "Boil water.").words(), "Tea\nBoil water.");
        assert_eq!(chunk("Tea", None, "Tea is a drink.").words(), "Tea is a drink.");
        assert_eq!(chunk("Tea", Some("Brewing"), "Boil.").words(), "Tea\nBrewing\nBoil.");
        assert_eq!(chunk("", None, "Boil.").words(), "Boil.");
    }

    #[test]
    fn fingerprints_keep_their_parts_apart() {
        assert_eq!(fingerprint(&["a", "b"]), fingerprint(&["a", "b"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_eq!(fingerprint(&["x"]).len(), 32);
    }
}

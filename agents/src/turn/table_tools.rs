//! The tools that the table itself offers beside those of the catalogue: to search the documents, to remember, to recall, to
//! forget, and to scan a text.

use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ToolOffer;

/// The name of the search in the documents.
pub const SEARCH: &str = "search_documents";
/// The name of the tool that remembers.
pub const REMEMBER: &str = "remember";
/// The name of the tool that recalls.
pub const RECALL: &str = "recall";
/// The name of the tool that forgets.
pub const FORGET: &str = "forget_memory";
/// The name of the tool that scans a text.
pub const SCAN: &str = "guard_scan";

/// Searches the person's documents and gives numbered passages. Use it for every question about facts; cite what you use as `[n]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// What to look for, in the words that the answer would use.
    pub query: String,
}

/// Keeps a fact for later conversations. Use it when the person asks to remember something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remember {
    /// The fact, as a sentence.
    pub text: String,
}

/// Looks up what was remembered or said in earlier turns. Use it when the person asks about themselves or about earlier talk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recall {
    /// What to look up.
    pub query: String,
}

/// Removes what was remembered about something, for good. Use it only when the person asks to forget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forget {
    /// What to forget: words of the fact, or a record's id.
    pub query: String,
}

/// Scans a text for prompt injection, hidden text, secrets and personal data. Use it when the person asks whether a text is safe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// The text to scan.
    pub text: String,
}

fn offer<T: JsonSchema>(name: &str) -> ToolOffer {
    let mut schema = schemars::schema_for!(T).to_value();
    let description = schema
        .as_object_mut()
        .and_then(|object| object.remove("description"))
        .and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default();
    ToolOffer { name: name.into(), description: description.into(), parameters: Arc::new(schema) }
}

static OFFERS: LazyLock<[ToolOffer; 5]> = LazyLock::new(|| {
    [
        offer::<Search>(SEARCH),
        offer::<Remember>(REMEMBER),
        offer::<Recall>(RECALL),
        offer::<Forget>(FORGET),
        offer::<Scan>(SCAN),
    ]
});

/// The table's tools as a model sees them. Without a memory there is only the scan.
pub fn offers(memory: bool) -> &'static [ToolOffer] {
    if memory { &OFFERS[..] } else { &OFFERS[4..] }
}

/// Whether this is a tool of the table.
pub fn is_one(name: &str) -> bool {
    OFFERS.iter().any(|offer| &*offer.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_offer_says_what_it_is_for_and_needs_its_argument() {
        for offer in offers(true) {
            assert!(offer.description.contains("Use it"), "{}", offer.name);
            assert_eq!(offer.parameters["required"].as_array().map(Vec::len), Some(1), "{}", offer.name);
            assert_eq!(offer.parameters["additionalProperties"], false, "{}", offer.name);
        }
        assert_eq!(offers(false).iter().map(|offer| &*offer.name).collect::<Vec<_>>(), [SCAN]);
    }
}

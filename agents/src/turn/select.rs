//! Which tools of the catalogue a model is offered: all while they are few, else those that fit the request by meaning.

use std::sync::OnceLock;

use roundtable_tools::{Catalogue, Spec};

use crate::model::{Message, Speaker, ToolOffer};
use crate::offline::find_tool::Finder;

/// So many tools can be shown at once: more cost tokens, and small models begin to confuse them.
pub const SHOWN: usize = 16;

/// Every tool of a catalogue, ready to be offered.
#[derive(Debug, Default)]
pub struct Shelf {
    catalogue: Catalogue,
    offers: Vec<ToolOffer>,
    /// Built when it is first needed: a small catalogue never asks.
    finder: OnceLock<Finder>,
}

impl Shelf {
    /// The tools of this catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let offers = catalogue.iter().map(|tool| offer(tool.spec())).collect();
        Self { catalogue: catalogue.clone(), offers, finder: OnceLock::new() }
    }

    /// The offers for a request, in the catalogue's order. Tools that were called before in the conversation stay on offer.
    pub fn offers(&self, question: &str, history: &[Message]) -> Vec<ToolOffer> {
        if self.offers.len() <= SHOWN {
            return self.offers.clone();
        }
        let called = history
            .iter()
            .filter(|message| message.speaker == Speaker::Assistant)
            .flat_map(|message| message.tool_calls.iter().map(|call| call.name.as_str()));
        let finder = self.finder.get_or_init(|| Finder::new(&self.catalogue));
        let ranked = finder.rank(&finder.spelled(question));
        let mut chosen: Vec<&str> = Vec::with_capacity(SHOWN);
        for name in called.chain(ranked.iter().map(|fit| fit.tool.name.as_str())) {
            if chosen.len() == SHOWN {
                break;
            }
            if !chosen.contains(&name) {
                chosen.push(name);
            }
        }
        self.offers.iter().filter(|offer| chosen.contains(&&*offer.name)).cloned().collect()
    }
}

fn offer(spec: &Spec) -> ToolOffer {
    ToolOffer {
        name: spec.name.as_str().into(),
        description: spec.description.as_str().into(),
        parameters: std::sync::Arc::new(spec.input_schema.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::ToolCall;
    use roundtable_tools::{Tool, vectors};

    fn names(offers: &[ToolOffer]) -> Vec<&str> {
        offers.iter().map(|offer| &*offer.name).collect()
    }

    #[test]
    fn few_tools_are_all_offered() {
        let few = Catalogue::empty().with(Tool::pure("vector_dot", vectors::vector_dot::run)).unwrap();
        assert_eq!(names(&Shelf::new(&few).offers("anything", &[])), ["vector_dot"]);
    }

    #[test]
    fn of_many_those_that_fit_and_those_in_use() {
        let shelf = Shelf::new(&Catalogue::standard().unwrap());
        let used = Message {
            tool_calls: vec![ToolCall { id: "1".into(), name: "recursive_chunk".into(), arguments: "{}".into() }],
            ..Message::new(Speaker::Assistant, "")
        };
        let offered = shelf.offers("which of my customers belong together?", &[used]);
        let offered = names(&offered);
        assert_eq!(offered.len(), SHOWN);
        assert!(offered.contains(&"kmeans") && offered.contains(&"recursive_chunk"), "{offered:?}");
    }
}

//! Which tools of the catalogue a model is offered: all while they are few, else those whose words fit the request.

use std::collections::BTreeSet;

use roundtable_tools::{Catalogue, Spec};

use crate::model::{Message, Speaker, ToolOffer};

/// So many tools can be shown at once: more cost tokens, and small models begin to confuse them.
pub const SHOWN: usize = 16;

/// An offer with the words that find it.
#[derive(Clone, Debug)]
pub struct Indexed {
    offer: ToolOffer,
    words: BTreeSet<String>,
}

/// Every tool of the catalogue, ready to be offered.
pub fn index(catalogue: &Catalogue) -> Vec<Indexed> {
    catalogue.iter().map(|tool| Indexed { offer: offer(tool.spec()), words: words_of(tool.spec()) }).collect()
}

fn offer(spec: &Spec) -> ToolOffer {
    ToolOffer {
        name: spec.name.as_str().into(),
        description: spec.description.as_str().into(),
        parameters: std::sync::Arc::new(spec.input_schema.clone()),
    }
}

fn words_of(spec: &Spec) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = words(&spec.name.replace('_', " ")).collect();
    found.extend(words(&spec.description));
    found.extend(spec.examples.iter().flat_map(|example| words(example)));
    found
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).map(str::to_lowercase)
}

/// The offers for a request, in the catalogue's order. Tools that were called before in the conversation stay on offer.
pub fn offers(tools: &[Indexed], question: &str, history: &[Message]) -> Vec<ToolOffer> {
    if tools.len() <= SHOWN {
        return tools.iter().map(|tool| tool.offer.clone()).collect();
    }
    let asked: BTreeSet<String> = words(question).collect();
    let called: BTreeSet<&str> = history
        .iter()
        .filter(|message| message.speaker == Speaker::Assistant)
        .flat_map(|message| message.tool_calls.iter().map(|call| call.name.as_str()))
        .collect();
    // A word that many tools know says little about which one is meant.
    let weight = |word: &String| {
        let known = tools.iter().filter(|tool| tool.words.contains(word)).count();
        if known == 0 { 0.0 } else { (1.0 + tools.len() as f64 / known as f64).ln() }
    };
    let weights: Vec<(&String, f64)> = asked.iter().map(|word| (word, weight(word))).collect();
    let mut ranked: Vec<(usize, f64)> = tools
        .iter()
        .enumerate()
        .map(|(place, tool)| {
            let by_words: f64 = weights.iter().filter(|(word, _)| tool.words.contains(*word)).map(|(_, w)| w).sum();
            (place, by_words + if called.contains(&*tool.offer.name) { f64::MAX / 2.0 } else { 0.0 })
        })
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked.truncate(SHOWN);
    ranked.sort_by_key(|(place, _)| *place);
    ranked.into_iter().map(|(place, _)| tools[place].offer.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(name: &str, words: &[&str]) -> Indexed {
        let offer = ToolOffer { name: name.into(), description: "".into(), parameters: Default::default() };
        Indexed { offer, words: words.iter().map(|word| (*word).to_owned()).collect() }
    }

    #[test]
    fn few_tools_are_all_offered_and_of_many_those_that_fit() {
        let few: Vec<Indexed> = (0..SHOWN).map(|n| indexed(&format!("t{n}"), &[])).collect();
        assert_eq!(offers(&few, "anything", &[]).len(), SHOWN);

        let mut many: Vec<Indexed> = (0..40).map(|n| indexed(&format!("t{n}"), &["data"])).collect();
        many.push(indexed("kmeans", &["cluster", "data"]));
        let chosen = offers(&many, "Cluster my data", &[]);
        assert_eq!(chosen.len(), SHOWN);
        assert!(chosen.iter().any(|offer| &*offer.name == "kmeans"));
    }
}

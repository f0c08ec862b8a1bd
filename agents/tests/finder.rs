//! Which tool a sentence asks for, by its meaning: the weights that were learnt belong to these tools and still tell them apart.

use roundtable::offline::find_tool::Finder;
use roundtable::offline::meaning::{Head, Meaning, NONE};
use roundtable_memory::MiniLm;
use roundtable_tools::Catalogue;

const REQUESTS: &str = include_str!("../training/requests.tsv");
const TRAIN: &str = "`cargo run --release -p roundtable --example train_finder` learns them again";

fn catalogue() -> Catalogue {
    let tools = Catalogue::standard().expect("every schema compiles");
    tools.with(roundtable_memory::embed::tool::embed(MiniLm::shared())).expect("a name of its own")
}

#[test]
fn every_class_is_a_tool() {
    let head = Head::read(include_bytes!("../models/finder.safetensors")).expect(TRAIN);
    let catalogue = catalogue();
    for name in head.names().iter().filter(|name| *name != NONE) {
        assert!(catalogue.get(name).is_some(), "there are weights for `{name}`, which is no tool: {TRAIN}");
    }
    let without: Vec<&str> = catalogue
        .iter()
        .map(|tool| tool.spec().name.as_str())
        .filter(|name| !head.names().iter().any(|known| known == name))
        .collect();
    assert!(without.len() < 12, "too many tools have no weights: {without:?}; {TRAIN}");
}

#[test]
fn what_was_learnt_is_known() {
    let catalogue = catalogue();
    let finder = Finder::new(&catalogue);
    let meaning = Meaning::default();
    let (mut asked, mut right, mut none, mut refused) = (0, 0, 0, 0);
    for line in REQUESTS.lines().step_by(12) {
        let (name, text) = line.split_once('\t').expect("a class and a sentence");
        if name == NONE {
            none += 1;
            refused += u32::from(meaning.of(text).expect(TRAIN).none() > 0.5);
        } else {
            asked += 1;
            let ranked = finder.by_meaning(finder.rank(text), text);
            right += u32::from(ranked[0].tool.name == name);
        }
    }
    assert!(asked > 100 && none > 30, "{asked} and {none}");
    assert!(f64::from(right) >= 0.85 * f64::from(asked), "{right} of {asked}: {TRAIN}");
    assert!(f64::from(refused) >= 0.85 * f64::from(none), "{refused} of {none}: {TRAIN}");
}

#[test]
fn a_tool_that_nothing_was_learnt_of_is_found_by_its_words() {
    let finder = Finder::new(&catalogue());
    let offer = roundtable::model::ToolOffer {
        name: "roll_dice".into(),
        description: "Rolls dice and adds up the pips.".into(),
        parameters: std::sync::Arc::new(serde_json::json!({"type": "object", "properties": {}})),
    };
    let finder = finder.with_offers([&offer]).expect("one more tool");
    let wish = "roll the dice for me";
    assert_eq!(finder.by_meaning(finder.rank(wish), wish)[0].tool.name, "roll_dice");
}

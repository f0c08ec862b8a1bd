//! The doors on texts of our own: sixty attacks and sixty-two honest texts that resemble them.

use roundtable_guardrails::{Door, Doors, Verdict};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    id: String,
    text: String,
    label: String,
    kind: String,
}

fn rows() -> Vec<Row> {
    include_str!("data/unseen.jsonl").lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

/// The ids of the texts of a label that the door lets pass (or not, for benign ones) without a block.
fn mistaken(door: Door, label: &str) -> Vec<String> {
    let doors = Doors::standard();
    rows()
        .into_iter()
        .filter(|row| row.label == label)
        .filter(|row| (doors.screen(door, &row.text).verdict == Verdict::Block) != (label == "injection"))
        .map(|row| row.id)
        .collect()
}

#[test]
fn honest_texts_that_resemble_attacks_pass() {
    for door in [Door::User, Door::Document, Door::Tool, Door::Memory, Door::Output] {
        assert_eq!(mistaken(door, "benign"), Vec::<String>::new(), "{door}");
    }
}

#[test]
fn most_attacks_are_stopped() {
    // 60 attacks; what is let through is flagged or left to the approval of effects.
    assert!(mistaken(Door::Document, "injection").len() <= 6, "{:?}", mistaken(Door::Document, "injection"));
    assert!(mistaken(Door::User, "injection").len() <= 16, "{:?}", mistaken(Door::User, "injection"));
}

#[test]
fn no_disguise_hides_an_order() {
    let doors = Doors::standard();
    for row in rows().iter().filter(|row| row.kind == "obfuscated") {
        assert_eq!(doors.screen(Door::User, &row.text).verdict, Verdict::Block, "{}", row.id);
    }
}

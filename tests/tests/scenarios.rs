//! Every story in `scenarios/`, twice with equal logs; those that draw lots, under two hundred seeds.

use std::path::Path;

use roundtable::scenario::faults::Trigger;
use roundtable::scenario::{Report, files, load, run};

fn told(path: &Path, report: &Report) -> String {
    format!("{}\n  {}\n  again: {}", report.name, report.failures.join("\n  "), report.replay(path))
}

#[test]
fn every_story_holds_and_the_same_seed_gives_the_same_log() {
    let mut wrong = Vec::new();
    for path in files(Path::new("scenarios")).expect("stories") {
        let scenario = load(&path).expect("a story");
        let report = run(&scenario, None);
        if !report.passed() {
            wrong.push(told(&path, &report));
        }
        let again = run(&scenario, None);
        if report.log != again.log {
            let place = report.log.iter().zip(&again.log).position(|(a, b)| a != b);
            wrong.push(format!("{}: the second log differs from the first at line {place:?}", report.name));
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn stories_that_draw_lots_hold_under_two_hundred_seeds() {
    let mut played = 0;
    let mut strikes = 0;
    for path in files(Path::new("scenarios")).expect("stories") {
        let scenario = load(&path).expect("a story");
        if !scenario.faults.iter().any(|fault| matches!(fault.when, Trigger::Probability(_))) {
            continue;
        }
        for seed in 0..200 {
            let report = run(&scenario, Some(seed));
            assert!(report.passed(), "{}", told(&path, &report));
            strikes += report.strikes;
            played += 1;
        }
    }
    assert!(played >= 200 && strikes > played, "{played} stories, {strikes} strikes");
}

#[test]
fn the_published_schema_is_the_one_in_use() {
    let published: serde_json::Value =
        serde_json::from_str(include_str!("../scenario.schema.json")).expect("the published schema is JSON");
    assert_eq!(published, roundtable::scenario::schema(), "`roundtable scenario schema > tests/scenario.schema.json`");
}

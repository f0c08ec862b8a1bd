//! `roundtable ingest`, `search` and `memory` as a shell sees them, on a small collection of our own.
#![allow(clippy::unwrap_used, missing_docs)]

mod cli_support;

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use cli_support::{Bench, Ran, check};
use roundtable_guardrails::{Door, Doors, Origin, Untrusted};
use roundtable_memory::{Draft, Memory, MiniLm, Provenance};
use serde_json::Value;

const FERRY: &str = r#"{"id": "ferry", "title": "The ferry", "text": "The ferry to Holm leaves the pier at seven and at noon. In winter it does not sail."}
{"id": "bakery", "title": "The bakery", "text": "Rye bread is baked on Fridays. The oven is heated with birch wood."}
{"id": "lamp", "title": "The lighthouse", "text": "The lamp of the lighthouse turns once in twelve seconds and is seen for eighteen miles."}
"#;

fn island() -> Bench {
    let bench = Bench::new();
    std::fs::create_dir(bench.path().join("notes")).unwrap();
    bench.write("notes/island.jsonl", FERRY);
    bench.write("notes/well.md", "# The well\n\nThe well behind the school is forty metres deep.\n");
    bench.write("notes/photo.png", "\u{0}\u{1}");
    bench
}

#[test]
fn documents_go_in_once_and_are_found_by_words_and_meaning() {
    let bench = island();
    check(bench.run(&["ingest", "notes"], ""), 0, &["documents: 4 new;", "vectors made"], &[]);
    check(bench.run(&["ingest", "notes"], ""), 0, &["nothing changed (4 documents"], &[]);

    let found = bench.run(&["search", "when does the boat sail", "--json", "-k", "2"], "");
    let hits = check(found, 0, &[], &[]).lines();
    assert_eq!(hits.len(), 2);
    assert_eq!((hits[0]["rank"].clone(), hits[0]["doc"].clone()), (1.into(), "ferry".into()));
    assert!(hits[0]["dense"].is_number() && hits[0]["text"].as_str().unwrap().contains("pier"));

    let found = bench.run(&["search", "birch wood", "--mode", "lexical"], "");
    check(found, 0, &["  1. bakery · The bakery", "heated with birch wood"], &[]);
    let reranked = bench.run(&["search", "wood for the oven", "--rerank", "words", "-k", "1", "--json"], "");
    let hits = check(reranked, 0, &[], &[]).lines();
    assert_eq!((hits.len(), &hits[0]["doc"]), (1, &"bakery".into()));
    check(bench.run(&["search", "zzz", "--mode", "lexical"], ""), 0, &["nothing found"], &[]);
    check(bench.run(&["search", "x", "--mode", "psychic"], ""), 2, &[], &["`psychic` is no mode of search"]);

    // What changed is taken in, what vanished goes.
    bench.write("notes/well.md", "# The well\n\nThe well behind the school was filled with sand.\n");
    bench.write("notes/island.jsonl", &FERRY[..FERRY.find("{\"id\": \"lamp\"").unwrap()]);
    check(bench.run(&["ingest", "notes"], ""), 0, &["documents: 0 new, 1 changed, 2 as before, 1 gone;"], &[]);
    check(bench.run(&["search", "sand", "--mode", "lexical"], ""), 0, &["filled with sand"], &[]);
    check(bench.run(&["search", "lighthouse lamp", "--mode", "lexical"], ""), 0, &["nothing found"], &[]);
}

#[test]
fn json_holds_progress_and_a_summary_line_by_line() {
    let bench = island();
    let lines = check(bench.run(&["ingest", "notes", "--json"], ""), 0, &[], &[]).lines();
    let steps: Vec<&str> = lines.iter().filter_map(|line| line["step"].as_str()).collect();
    assert!(steps.contains(&"indexed") && steps.contains(&"embedding"), "{steps:?}");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["type"], &last["added"], &last["nothing_changed"]),
        (&"ingested".into(), &4.into(), &false.into())
    );
    assert_eq!(last["embedded"], last["chunks"]);
    let again = check(bench.run(&["ingest", "notes", "--json"], ""), 0, &[], &[]).lines();
    assert_eq!(again.last().unwrap()["nothing_changed"], true);
}

#[test]
fn what_cannot_be_taken_in_is_said() {
    let bench = island();
    bench.write("notes/broken.jsonl", "{\"id\": \"a\", \"text\": \"one\"}\nnot json\n");
    let ran = check(
        bench.run(&["ingest", "notes", "--words-only"], ""),
        0,
        &["documents: 5 new;", "broken.jsonl, line 2"],
        &[],
    );
    assert!(!ran.stdout.contains("vectors made"));
    check(bench.run(&["ingest", "missing"], ""), 2, &[], &["cannot read `missing`", "next: check the path"]);
    // Without a path it makes the vectors that are missing.
    check(bench.run(&["ingest"], ""), 0, &["5 vectors made"], &[]);
    check(bench.run(&["ingest", "--data-dir", "s3://a/b"], ""), 2, &[], &["give a folder on this machine"]);
    bench.write("file", "");
    check(
        bench.run(&["search", "x", "--data-dir", "file"], ""),
        1,
        &[],
        &["error: the memory cannot be opened", "next: choose another folder"],
    );
}

#[test]
fn a_killed_ingest_goes_on_without_duplicates() {
    let bench = Bench::new();
    let corpus: String = (0..300)
        .map(|n| format!("{{\"id\": \"d{n}\", \"text\": \"Buoy number {n} lies {} fathoms off the cape.\"}}\n", n * 7))
        .collect();
    bench.write("buoys.jsonl", &corpus);
    let mut child = bench.command(&["ingest", "buoys.jsonl", "--json"]).spawn().unwrap();
    let mut seen = BufReader::new(child.stdout.take().unwrap()).lines();
    // Once the first vectors are reported it is in the middle of its work.
    assert!(seen.any(|line| line.unwrap().contains("\"embedding\"")));
    child.kill().unwrap();
    child.wait().unwrap();

    let lines = check(bench.run(&["ingest", "buoys.jsonl", "--json"], ""), 0, &[], &[]).lines();
    let last: &Value = lines.last().unwrap();
    assert_eq!((&last["added"], &last["unchanged"], &last["remaining"]), (&0.into(), &300.into(), &0.into()));
    let hits = bench.run(&["search", "buoy cape", "--mode", "lexical", "-k", "1000", "--json"], "").lines();
    let mut docs: Vec<&str> = hits.iter().map(|hit| hit["doc"].as_str().unwrap()).collect();
    docs.sort_unstable();
    docs.dedup();
    assert_eq!((hits.len(), docs.len()), (300, 300));
    check(bench.run(&["ingest", "buoys.jsonl"], ""), 0, &["nothing changed (300 documents"], &[]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_between_two_batches_and_says_how_to_go_on() {
    let bench = Bench::new();
    let corpus: String =
        (0..400).map(|n| format!("{{\"id\": \"d{n}\", \"text\": \"Stone {n} of the wall.\"}}\n")).collect();
    bench.write("wall.jsonl", &corpus);
    let mut child = bench.command(&["ingest", "wall.jsonl", "--json"]).spawn().unwrap();
    let mut seen = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(seen.any(|line| line.unwrap().contains("\"embedding\"")));
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let rest: Vec<String> = seen.map(|line| line.unwrap()).collect();
    let last: Value = serde_json::from_str(rest.last().unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(last["remaining"].as_u64().unwrap() > 0, "{last}");
    assert!(stderr.contains("`roundtable ingest` goes on"), "{stderr}");
    check(bench.run(&["ingest"], ""), 0, &["vectors made"], &[]);
}

#[test]
fn vectors_of_another_model_are_not_mixed() {
    let bench = island();
    let with = |embedder: &str, args: &[&str]| {
        let mut command = bench.command(args);
        // Port 9 of this machine: nobody answers there.
        command.env("ROUNDTABLE_EMBEDDER", embedder).env("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let status = output.status.code().unwrap_or(-1);
        Ran { status, stdout: text(output.stdout), stderr: text(output.stderr) }
    };
    check(with("oracle", &["ingest", "notes"]), 2, &[], &["no such embedding model", "`openai/NAME` or `ollama/NAME`"]);
    let refused = with("openai/any", &["ingest", "notes"]);
    check(refused, 1, &[], &["the embedding model cannot be used", "next: without `--embedder`"]);
    check(with("", &["ingest", "notes"]), 0, &["documents: 4 new;", "vectors made"], &[]);
}

#[test]
fn with_an_empty_memory_it_knows_its_own_notes() {
    let bench = Bench::new();
    check(bench.run(&["search", "what is roundtable"], ""), 0, &["roundtable"], &[]);
    check(bench.run(&["search", "how do I add my documents"], ""), 0, &["ingest"], &[]);
    bench.write("a.md", "# Apples\n\nApples ripen in autumn.\n");
    check(bench.run(&["ingest", "a.md", "--words-only"], ""), 0, &["documents: 1 new; 1 passage"], &[]);
    check(bench.run(&["search", "roundtable"], ""), 0, &["nothing found"], &[]);
}

/// Remembers as a turn would, in the folder that the binary will use.
fn remember(bench: &Bench, facts: &[(&str, &str, &str)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = bench.path().join("data").join("memory");
        let memory = Memory::open(&folder, Arc::new(MiniLm::new()), Arc::new(jiff::Timestamp::now)).await.unwrap();
        for (turn, subject, text) in facts {
            let provenance = Provenance {
                session: "harbour".to_owned(),
                turn: (*turn).to_owned(),
                speaker: "user".to_owned(),
                said: Some(format!("Remember: {text}")),
            };
            let draft = Draft::Fact { subject: Some((*subject).to_owned()), text: (*text).to_owned(), provenance };
            let cleared = Doors::standard().admit(Door::Memory, Untrusted::new(draft, Origin::User)).unwrap();
            memory.remember(cleared).await.unwrap();
        }
    });
}

#[test]
fn what_is_remembered_can_be_listed_explained_exported_and_forgotten() {
    let bench = Bench::new();
    check(bench.run(&["memory", "list"], ""), 0, &["nothing is remembered"], &[]);
    remember(
        &bench,
        &[
            ("t1", "favourite dataset", "My favourite dataset is iris."),
            ("t2", "favourite dataset", "My favourite dataset is wine."),
            ("t3", "boat", "My boat is called Gull."),
        ],
    );
    let listed = check(bench.run(&["memory", "list"], ""), 0, &["wine", "Gull"], &[]);
    assert!(!listed.stdout.contains("iris"), "{}", listed.stdout);
    check(bench.run(&["memory", "list", "--all"], ""), 0, &["iris. (replaced)"], &[]);
    check(bench.run(&["memory", "search", "what is my boat called", "-k", "1"], ""), 0, &["Gull"], &[]);

    let told = check(bench.run(&["memory", "why", "favourite dataset"], ""), 0, &["wine"], &[]).stdout;
    assert!(told.contains("conversation harbour, turn t2, by user") && told.contains("replaced"), "{told}");
    let id = bench.run(&["memory", "list", "--json"], "").lines()[0]["id"].as_str().unwrap()[..8].to_owned();
    let why = check(bench.run(&["memory", "why", &id, "--json"], ""), 0, &[], &[]).lines();
    assert_eq!(why[0]["record"]["provenance"]["session"], "harbour");

    let exported = check(bench.run(&["memory", "export"], ""), 0, &["Gull"], &["3 records"]);
    assert_eq!(exported.lines().len(), 3);
    check(bench.run(&["memory", "forget", "favourite dataset", "--dry-run"], ""), 0, &["iris", "wine"], &[]);
    check(bench.run(&["memory", "forget", "favourite", "dataset"], ""), 0, &["forgotten: 2 facts, 0 turns"], &[]);
    let rest = check(bench.run(&["memory", "export"], ""), 0, &["Gull"], &["1 record"]);
    assert!(!rest.stdout.contains("dataset"), "{}", rest.stdout);
    check(bench.run(&["memory", "forget", "unicorns"], ""), 1, &[], &["nothing was forgotten", "next: "]);
    check(bench.run(&["memory", "why", "zebra stripes"], ""), 1, &[], &["error: "]);
}

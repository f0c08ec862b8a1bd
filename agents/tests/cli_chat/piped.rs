//! Without a terminal: piped, as JSON lines, over several processes.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use super::cli_support::{Bench, check};

#[test]
fn from_a_pipe_each_line_is_a_turn() {
    let bench = Bench::new();
    let ran = check(bench.run(&[], "what is the mean of 1, 2, 3?\n\nwhat is the mean of 5, 7?\n"), 0, &[], &[]);
    let (first, second) = (ran.stdout.find("mean is 2"), ran.stdout.find("mean is 6"));
    assert!(first.is_some() && first < second, "{}", ran.stdout);
    assert!(!ran.stdout.contains('›') && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn an_unknown_command_is_told_with_the_nearest_and_the_rest_goes_on() {
    let bench = Bench::new();
    let stdin = "/toolz\n/tool vector_dot {\"a\": [1, 2], \"b\": [3, 4]}\n/exit\nnever read\n";
    check(
        bench.run(&["chat"], stdin),
        1,
        &["\"value\": 11.0"],
        &["there is no command `/toolz`", "did you mean `/tools`?"],
    );
    check(bench.run(&["chat"], "/help\n/rag agentic\n/rag\n"), 0, &["/approve", "/forget", "`agentic`"], &[]);
    check(bench.run(&["chat"], "/rag sideways\n/approve\n/trace maybe\n"), 1, &[], &["sideways", "waits", "maybe"]);
}

#[test]
fn with_json_stdout_holds_only_json_lines() {
    let bench = Bench::new();
    let ran = bench.run(&["--json"], "what is the mean of 1, 2, 3?\n/model\n/nothing\n");
    let lines = check(ran, 1, &[], &[]).lines();
    let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["answer", "command", "error"]);
    assert_eq!(lines[0]["tool_calls"][0]["name"], "mean_variance");
    assert_eq!(lines[0]["tool_calls"][0]["ok"], true);
    assert_eq!(lines[2]["error"]["kind"], "misused");

    let ran = check(bench.run(&["ask", "--json", "--trace", "what is the mean of 1, 2, 3?"], ""), 0, &[], &[]);
    let lines = ran.lines();
    let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.first(), Some(&"model"));
    assert!(kinds.contains(&"tool_started") && kinds.contains(&"tool_finished"), "{kinds:?}");
    assert_eq!(kinds.last(), Some(&"answer"));
}

#[test]
fn a_conversation_goes_on_in_another_process() {
    let bench = Bench::new();
    check(bench.run(&["chat"], "what is the mean of 4, 6?\n"), 0, &["mean is 5"], &[]);
    let listed = check(bench.run(&["chat"], "/resume\n"), 0, &[], &[]).stdout;
    let id = listed.split_whitespace().next().unwrap().to_owned();
    assert!(listed.contains("what is the mean of 4, 6?"), "{listed}");
    let stdin = "/save talk.md\n/save talk.jsonl\n/undo\n/undo\n/retry\n";
    let said = ["saved talk.md", "taken back: “what is the mean of 4, 6?”", "no turn to take back"];
    check(bench.run(&["chat", "--resume", &id], stdin), 0, &said, &[]);
    let talk = std::fs::read_to_string(bench.path().join("talk.md")).unwrap();
    assert!(talk.starts_with("**You:** what is the mean of 4, 6?\n\n") && talk.contains("mean is 5"), "{talk}");
    check(bench.run(&["chat", "--resume", "nobody"], ""), 2, &[], &["conversation `nobody` cannot go on", &id]);
    check(bench.run(&["ask", "--resume", "no/body", "hello"], ""), 2, &[], &["cannot go on"]);
}

#[test]
fn facts_told_in_one_process_are_recalled_in_the_next_and_forgotten_for_good() {
    let bench = Bench::new();
    check(bench.run(&["ask", "remember that my favourite dataset is iris"], ""), 0, &["iris"], &[]);
    check(bench.run(&["ask", "what is my favourite dataset?"], ""), 0, &["iris"], &[]);
    let why = check(bench.run(&["memory", "why", "favourite", "dataset"], ""), 0, &["iris", "turn t1"], &[]);
    assert!(!why.stdout.contains("(turn)"), "the fact itself: {}", why.stdout);
    let session = why.stdout.split("conversation ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert!(bench.path().join(format!("data/journal/{session}.jsonl")).is_file(), "{session}");
    check(bench.run(&["chat"], "/why favourite dataset\n/forget iris\n"), 0, &[&session, "forgotten: 1 fact"], &[]);
    let left = check(bench.run(&["memory", "export"], ""), 0, &[], &[]).stdout;
    assert!(!left.contains("iris"), "{left}");
}

#[test]
fn a_picture_is_saved_as_svg_and_png() {
    let bench = Bench::new();
    let call = "/tool plot_cosine_vs_euclidean {\"X\": [[1, 0], [0, 1], [2, 2]]}\n";
    let ran = check(bench.run(&["chat"], call), 0, &["picture: "], &[]);
    let place = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("picture: ")).unwrap();
    let png = std::fs::read(place).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let svg = std::fs::read_to_string(place.replace(".png", ".svg")).unwrap();
    assert!(svg.contains("<svg"));
}

#[test]
fn a_server_that_is_not_there_costs_quality_and_not_the_answer() {
    let bench = Bench::new();
    // Port 9 of this machine: nobody answers there.
    let server = ["--provider", "openai", "--base-url", "http://127.0.0.1:9/v1", "--model", "any"];
    let args = [&["ask", "How do I add my documents?", "--json"][..], &server[..]].concat();
    let lines = check(bench.run(&args, ""), 0, &[], &[]).lines();
    let answer: &Value = lines.last().unwrap();
    assert_eq!(answer["degraded"][0], "model");
    assert!(answer["text"].as_str().unwrap().contains("ingest"), "{answer}");
}

#[test]
fn wrong_use_has_status_2_and_says_what_to_do() {
    let bench = Bench::new();
    check(bench.run(&["ask", " "], ""), 2, &[], &["ask what?", "next: "]);
    check(bench.run(&["ask"], ""), 2, &[], &["Usage"]);
    check(bench.run(&["ask", "hello", "--provider", "oracle"], ""), 2, &[], &["there is no provider `oracle`"]);
    let ran = bench.run(&["ask", "hello", "--provider", "openai"], "");
    check(ran, 1, &[], &["OPENAI_BASE_URL", "next: `--provider offline` needs no server"]);
    check(bench.run(&["ask", "-"], "what is the mean of 2, 4?"), 0, &["mean is 3"], &[]);
}

#[test]
fn the_doctor_checks_every_part() {
    let bench = Bench::new();
    let lines = check(bench.run(&["doctor", "--json"], ""), 0, &[], &[]).lines();
    let state = |part: &str| lines.iter().find(|line| line["part"] == part).map(|line| line["state"].clone());
    for part in ["data folder", "journal", "memory", "vectors", "meaning", "table", "tools", "talks"] {
        assert_eq!(state(part), Some("works".into()), "{part}");
    }
    assert_eq!(state("documents"), Some("absent".into()));
    assert_eq!(state("model"), Some("absent".into()));
    bench.write("file", "");
    let ran = bench.run(&["doctor", "--data-dir", "file"], "");
    check(ran, 1, &["!! data folder", "→ choose another folder", "ok tools"], &[]);
}

#[test]
fn a_newcomers_questions_are_answered_from_the_notes_with_their_source() {
    let bench = Bench::new();
    for (question, wanted) in [
        ("What is roundtable?", "answers questions from your own documents"),
        ("How do I add my documents?", "`roundtable ingest PATH`"),
        ("Where is my data kept?", "one folder on your own machine"),
        ("Is my data private?", "nothing leaves your machine"),
        ("What happens when an actor dies?", "its supervisor starts it again"),
        ("What does the critic do?", "checks every sentence"),
    ] {
        let answer = check(bench.run(&["ask", "--json", question], ""), 0, &[], &[]).lines().pop().unwrap();
        assert!(answer["text"].as_str().unwrap().contains(wanted), "{question}: {answer}");
        assert_eq!(answer["citations"][0]["doc"], "notes/using-roundtable.md", "{question}");
    }
    let answer = check(bench.run(&["ask", "--json", "What is the capital of Mongolia?"], ""), 0, &[], &[])
        .lines()
        .pop()
        .unwrap();
    assert_eq!((&answer["abstained"], answer["citations"].as_array().unwrap().len()), (&true.into(), 0), "{answer}");
}

#[test]
fn quotes_are_verbatim_in_the_documents_that_they_cite() {
    let bench = Bench::new();
    let ferry = "The ferry to Holm leaves the pier at seven and at noon. In winter it does not sail.";
    let bakery = "Rye bread is baked on Fridays. The oven is heated with birch wood.";
    std::fs::create_dir(bench.path().join("docs")).unwrap();
    bench.write("docs/ferry.txt", ferry);
    bench.write("docs/bakery.md", &format!("# The bakery\n\n{bakery}\n"));
    check(bench.run(&["ingest", "docs", "--words-only"], ""), 0, &[], &[]);
    let answer =
        |question: &str| check(bench.run(&["ask", "--json", question], ""), 0, &[], &[]).lines().pop().unwrap();
    let asked = answer("When does the ferry to Holm leave the pier?");
    let citation = &asked["citations"][0];
    assert_eq!(citation["doc"], "docs/ferry.txt", "{asked}");
    assert!(ferry.contains(citation["quote"].as_str().unwrap()), "{asked}");
    let asked = answer("What wood heats the oven of the bakery?");
    assert!(bakery.contains(asked["citations"][0]["quote"].as_str().unwrap()), "{asked}");
    assert_eq!(answer("Who painted the Mona Lisa?")["abstained"], true);
    // An answer that found nothing is not remembered as one.
    assert_eq!(answer("Who painted the Mona Lisa?")["abstained"], true);
}

#[test]
fn a_turn_that_was_killed_goes_on_in_the_next_process() {
    let bench = Bench::new();
    // A server that takes the question and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", silent.local_addr().unwrap());
    let args = ["chat", "--provider", "openai", "--base-url", &url, "--model", "mute"];
    let mut child = bench.command(&args).env("ROUNDTABLE_TOOLS", "native").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"what is the mean of 1, 2, 3?\n").unwrap();
    // Somebody may only look whether the server is there.
    let held = loop {
        let (mut connection, _) = silent.accept().unwrap();
        let mut begun = [0; 4];
        if connection.read(&mut begun).unwrap() > 0 && &begun == b"POST" {
            break connection;
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    drop((held, stdin));
    let journal = std::fs::read_dir(bench.path().join("data/journal")).unwrap().next().unwrap().unwrap().path();
    let id = journal.file_stem().unwrap().to_str().unwrap();
    let said = ["the last turn had no end; it goes on", "mean is 2"];
    check(bench.run(&["chat", "--resume", id], ""), 0, &said, &[]);
    let talk = check(bench.run(&["chat", "--resume", id], "/undo\n/undo\n"), 0, &["taken back", "no turn"], &[]);
    assert!(!talk.stdout.contains("no end"), "{}", talk.stdout);
}

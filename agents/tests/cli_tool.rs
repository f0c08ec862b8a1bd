//! `roundtable tool` and `roundtable guard` as a shell sees them.
#![allow(clippy::unwrap_used, missing_docs)]

mod cli_support;

use std::fs::File;
use std::sync::Arc;

use cli_support::Bench;
use parquet::data_type::{DoubleType, Int32Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;

fn check(args: &[&str], stdin: &str, status: i32, stderr: &[&str]) -> String {
    cli_support::check(Bench::new().run(args, stdin), status, &[], stderr).stdout
}

#[test]
fn a_call_prints_the_output() {
    let wanted = "{\n  \"value\": 32.0\n}\n";
    let args = r#"{"a": [1, 2, 3], "b": [4, 5, 6]}"#;
    assert_eq!(check(&["tool", "call", "vector_dot", "--args", args], "", 0, &[]), wanted);
    assert_eq!(check(&["tool", "call", "vector_dot", "--args", "-"], args, 0, &[]), wanted);
    assert_eq!(check(&["--json", "tool", "call", "vector_dot", "--args", args], "", 0, &[]), "{\"value\":32.0}\n");
}

#[test]
fn wrong_use_names_the_place_and_has_status_2() {
    let call = |args: &str, stderr: &[&str]| {
        assert_eq!(check(&["tool", "call", "vector_dot", "--args", args], "", 2, stderr), "");
    };
    call("{", &["error: the arguments of `vector_dot` are not JSON", "line 1, column 1"]);
    call(r#"{"a": [1, "x"], "b": [1, 2]}"#, &["`/a/1`", "why:"]);
    call(r#"{"a": [1, NaN], "b": [1, 2]}"#, &["line 1"]);
    call(r#"{"a": [], "b": []}"#, &["`/a`"]);
    call(r#"{"a": [1], "b": [1, 2]}"#, &["error: "]);
    call(r#"{"a": [1], "b": [1], "c": 1}"#, &["c"]);
    call("@missing.json", &["cannot read `missing.json`", "next: name a file that exists"]);
    check(&["tool", "call", "vector_dott"], "", 2, &["there is no tool `vector_dott`", "did you mean `vector_dot`?"]);
    check(&["tool", "show", "zzz"], "", 2, &["there is no tool `zzz`", "next: "]);
    check(&["tool", "call"], "", 2, &["Usage"]);
    check(&["fly"], "", 2, &["fly"]);
    check(&["tool", "list", "--deadline", "5 parsecs"], "", 2, &["no unit of time"]);
}

#[test]
fn with_json_an_error_is_a_line_too() {
    let ran = Bench::new().run(&["tool", "call", "vector_dot", "--args", r#"{"a": 1}"#, "--json"], "");
    assert_eq!(ran.status, 2);
    assert_eq!(ran.lines()[0]["error"]["kind"], "invalid_arguments");
}

#[test]
fn a_file_of_calls_comes_back_line_by_line() {
    let calls = concat!(
        "{\"name\": \"one\", \"tool\": \"vector_dot\", \"args\": {\"a\": [1], \"b\": [2]}}\n",
        "not json\n",
        "\n",
        "{\"tool\": \"vector_dot\", \"args\": {\"a\": [1], \"b\": []}, \"topic\": [1, {\"x\": null}]}\r\n",
        "{\"tool\": \"no_such_tool\"}",
    );
    let ran = Bench::new().run(&["tool", "call", "--batch", "-"], calls);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lines = ran.lines();
    assert_eq!(lines.len(), 4);
    assert_eq!((&lines[0]["name"], &lines[0]["output"]["value"]), (&json!("one"), &json!(2.0)));
    assert_eq!(lines[1]["error"]["kind"], "bad_json");
    assert_eq!(lines[2]["topic"], json!([1, {"x": null}]));
    assert!(lines[2]["error"]["path"].as_str().unwrap().starts_with("/b"));
    assert_eq!(lines[3]["error"]["kind"], "unknown_tool");
    assert!(ran.stderr.contains("4 calls, 3 errors"));
}

#[test]
fn bytes_that_are_no_text_are_an_error_in_their_place() {
    let bench = Bench::new();
    std::fs::write(
        bench.path().join("calls"),
        b"{\"tool\": \"\xff\"}\n{\"tool\":\"vector_dot\",\"args\":{\"a\":[1],\"b\":[1]}}\n",
    )
    .unwrap();
    let ran = bench.run(&["tool", "call", "--batch", "calls"], "");
    assert_eq!(ran.lines()[0]["error"]["kind"], "bad_json");
    assert_eq!(ran.lines()[1]["output"]["value"], 1.0);
}

#[test]
fn arguments_come_from_files() {
    let bench = Bench::new();
    bench.write("points.csv", "x,y\n1,4\n2,5\n3,6\n");
    let args = r#"{"a": {"file": "points.csv", "columns": ["x"]}, "b": {"file": "points.csv", "columns": ["y"]}}"#;
    bench.write("args.json", args);
    let ran = bench.run(&["tool", "call", "vector_dot", "--args", "@args.json", "--json"], "");
    assert_eq!(ran.stdout, "{\"value\":32.0}\n", "{}", ran.stderr);
    let ran = bench.run(&["tool", "call", "vector_dot", "--args", &args.replace("\"x\"", "\"z\"")], "");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("at `/a`: `points.csv` has no column `z`"), "{}", ran.stderr);
}

#[test]
fn arguments_come_from_parquet_files() {
    let bench = Bench::new();
    let schema = Arc::new(parse_message_type("message m { required int32 x; optional double y; }").unwrap());
    let file = File::create(bench.path().join("points.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int32Type>().write_batch(&[1, 2, 8, 9], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[4.0, 5.0, 6.0, 7.0], Some(&[1, 1, 1, 1]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let args =
        r#"{"a": {"file": "points.parquet", "columns": ["x"]}, "b": {"file": "points.parquet", "columns": ["y"]}}"#;
    let ran = bench.run(&["tool", "call", "vector_dot", "--args", args, "--json"], "");
    // 1·4 + 2·5 + 8·6 + 9·7
    assert_eq!(ran.stdout, "{\"value\":125.0}\n", "{}", ran.stderr);
    let ran = bench.run(&["tool", "call", "vector_dot", "--args", &args.replace("\"x\"", "\"z\"")], "");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("at `/a`: `points.parquet` has no column `z`"), "{}", ran.stderr);
    let ran = bench.run(&["ask", "cluster points.parquet by x and y into 2 groups"], "");
    assert!(ran.stdout.contains("sizes: (2, 2)"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn every_tool_is_listed_and_explained() {
    let bench = Bench::new();
    let listed = bench.run(&["tool", "list", "--json"], "").lines();
    assert!(
        listed.iter().any(|tool| tool["name"] == "vector_dot" && tool["input_schema"]["properties"]["a"].is_object())
    );
    let people = bench.run(&["tool", "list"], "").stdout;
    for tool in &listed {
        let name = tool["name"].as_str().unwrap();
        assert!(people.contains(name), "{name}");
        let shown = bench.run(&["tool", "show", name], "");
        assert!(shown.status == 0 && shown.stdout.contains("takes"), "{name}: {}", shown.stderr);
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let bench = Bench::new();
    let mut child = bench.command(&["tool", "list", "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn texts_are_scanned_one_or_many() {
    let stdout = check(&["guard", "scan", "-"], "Cluster these points into three groups.", 0, &[]);
    assert!(stdout.starts_with("passes at the user door"), "{stdout}");
    let lines = "{\"id\": 1, \"text\": \"hello\"}\nbad\n{\"id\": \"b\", \"text\": \"hi\", \"door\": \"output\"}\n";
    let ran = Bench::new().run(&["guard", "scan", "--batch", "--door", "document"], lines);
    let answers = ran.lines();
    assert_eq!((&answers[0]["id"], &answers[0]["verdict"]), (&json!(1), &json!("pass")));
    assert!(answers[0]["score"].is_number() && answers[0]["findings"].is_array());
    assert_eq!(answers[1]["error"]["kind"], "bad_line");
    assert_eq!(answers[2]["id"], "b");
    check(&["guard", "scan", "--door", "window"], "", 2, &["unknown door `window`"]);
}

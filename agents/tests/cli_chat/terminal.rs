//! The chat at a terminal: keys, several lines, history, Ctrl-C in mid-turn.

use std::net::TcpListener;

use super::cli_support::Bench;
use super::pty::Terminal;

const ENTER: &str = "\r";
const UP: &str = "\x1b[A";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_U: &str = "\x15";

fn chat(bench: &Bench, args: &[&str]) -> Terminal {
    let mut command = bench.command(args);
    command.env("TERM", "xterm-256color").env("ROUNDTABLE_TOOLS", "native");
    let mut terminal = Terminal::run(command);
    terminal.wait_for("Ctrl-D leaves");
    terminal.wait_for("› ");
    terminal
}

fn say(terminal: &mut Terminal, text: &str, wanted: &str) {
    terminal.press(text);
    terminal.press(ENTER);
    terminal.wait_for(wanted);
    terminal.wait_for("› ");
}

#[test]
fn questions_several_lines_and_history() {
    let bench = Bench::new();
    let mut terminal = chat(&bench, &[]);
    say(&mut terminal, "what is the mean of 1, 2, 3?", "mean is 2");
    // A bracket that is open goes on in the next line.
    terminal.press("what is the mean of [5,\r7]?\r");
    terminal.wait_for("mean is 6");
    terminal.wait_for("› ");
    // Keys in the middle of a line: back two, type, go on.
    say(&mut terminal, "/hep\x1b[Dl", "/approve");
    terminal.press(UP);
    terminal.wait_for("/help");
    terminal.press(CTRL_U);
    terminal.press(CTRL_D);
    let (status, text) = terminal.end();
    assert_eq!(status.code(), Some(0), "{text}");

    // Another process knows what was typed in this one.
    let mut terminal = chat(&bench, &[]);
    terminal.press(UP);
    terminal.press(UP);
    terminal.press(UP);
    terminal.wait_for("mean of 1, 2, 3?");
    terminal.press(ENTER);
    terminal.wait_for("mean is 2");
    terminal.wait_for("› ");
    terminal.press(CTRL_C);
    terminal.wait_for("› ");
    terminal.press(CTRL_C);
    terminal.wait_for("/exit or Ctrl-D leaves");
    say(&mut terminal, "/toolz", "did you mean `/tools`?");
    terminal.press("/exit\r");
    let (status, text) = terminal.end();
    assert_eq!(status.code(), Some(0), "{text}");
}

#[test]
fn ctrl_c_cancels_the_turn_and_the_conversation_goes_on() {
    let bench = Bench::new();
    // A server that takes the question and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", silent.local_addr().unwrap());
    let mut terminal = chat(&bench, &["--provider", "openai", "--base-url", &url, "--model", "mute"]);
    let connected = std::thread::spawn(move || silent.accept());
    terminal.press("what is the mean of 1, 2, 3?\r");
    let held = connected.join().unwrap().unwrap();
    terminal.press(CTRL_C);
    terminal.wait_for("(cancelled)");
    terminal.wait_for("› ");
    drop(held);
    say(&mut terminal, "/model offline", "offline answers from now on");
    say(&mut terminal, "/retry", "mean is 2");
    say(&mut terminal, "/save talk.jsonl", "saved talk.jsonl");
    terminal.press(CTRL_D);
    let (status, text) = terminal.end();
    assert_eq!(status.code(), Some(0), "{text}");
    let history = std::fs::read_to_string(bench.path().join("talk.jsonl")).unwrap();
    let said = history.lines().filter(|line| line.contains("\"speaker\":\"user\"")).count();
    assert_eq!(said, 1, "{history}");
}

//! Panic, hang and crash-loop in each role, at each message that it takes; cancellation at each event of a turn; a stalled role under ten
//! thousand messages.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use roundtable::event::Role;
use roundtable::fault::{Action, Point, Probe};
use roundtable::model::scripted::Scripted;
use roundtable::scenario::invariants::history_is_valid;
use roundtable::scenario::{Scenario, run};
use roundtable::table::{Config, Session, Table};
use roundtable_tools::Catalogue;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Every message that a role takes.
const MESSAGES: &[(&str, &str)] = &[
    ("session", "ask"),
    ("session", "approve"),
    ("session", "deny"),
    ("session", "undo"),
    ("planner", "plan"),
    ("retriever", "search"),
    ("reranker", "rerank"),
    ("executor", "run"),
    ("critic", "judge"),
    ("librarian", "remember"),
    ("librarian", "recall"),
    ("librarian", "forget"),
    ("librarian", "episode"),
    ("gateway", "complete"),
];

/// A story in which every role takes every message, with whatever else it is given.
fn story(mut more: Value) -> Scenario {
    let mut story = json!({
        "name": "every message",
        "about": "A conversation that comes by every role.",
        "settings": {"deadline_ms": 60_000, "handler_timeout_ms": 2_000, "ask_always": true},
        "fixtures": {
            "documents": [
                {"id": "owls", "title": "Owls", "text": "Owls hunt at night. An owl turns its head by 270 degrees."},
                {"id": "bats", "title": "Bats", "text": "Bats are mammals. A bat turns its head to hear the echo."}
            ],
            "facts": ["My favourite dataset is iris."]
        },
        "steps": [
            {"ask": {"text": "By how many degrees can an owl turn its head?"}},
            {"ask": {"text": "What is the dot product of [1, 2, 3] and [4, 5, 6]?"}},
            {"ask": {"text": "Remember that my favourite colour is green."}},
            {"approve": {}},
            {"ask": {"text": "What is my favourite dataset?"}},
            {"ask": {"text": "Forget my favourite dataset."}},
            {"approve": {}},
            {"ask": {"text": "Save a note titled shopping: milk"}},
            {"deny": {}},
            {"undo": {}},
            {"ask": {"text": "What is the dot product of [1, 2] and [3, 4]?"}}
        ]
    });
    if let (Some(story), Some(more)) = (story.as_object_mut(), more.as_object_mut()) {
        story.append(more);
    }
    serde_json::from_value(story).expect("a story")
}

/// The roles that may restart when this one is struck: itself, and for the retriever the reranker after it.
fn restarts(log: &[String]) -> Vec<String> {
    let events = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut roles: Vec<String> = events
        .filter(|event| event["type"] == "restarted")
        .filter_map(|event| event["role"].as_str().map(str::to_owned))
        .collect();
    roles.sort();
    roles.dedup();
    roles
}

#[test]
fn the_story_comes_by_every_message() {
    for (role, message) in MESSAGES {
        let report = run(&story(json!({"faults": [{"fault": {"actor_slow": {"role": role, "ms": 1}}}]})), None);
        assert!(report.passed(), "{role} {message}: {:#?}", report.failures);
    }
}

#[test]
fn a_struck_role_costs_no_other_role_and_no_turn_its_end() {
    for (role, message) in MESSAGES {
        for (kind, when) in [("actor_panic", json!({"nth": 1})), ("actor_hang", json!({"nth": 1}))] {
            let fault = json!({"fault": {kind: {"role": role, "message": message}}, "when": when});
            let report = run(&story(json!({"faults": [fault]})), None);
            assert!(report.passed(), "{kind} in {role} at {message}: {:#?}", report.failures);
            assert_eq!(restarts(&report.log), [*role], "{kind} in {role} at {message}");
        }
        // It never comes back for this message: the turn ends all the same, with what was lost named or a typed error.
        for kind in ["actor_panic", "actor_hang"] {
            let fault = json!({"fault": {kind: {"role": role, "message": message}}, "when": {"from": 1}});
            let report = run(&story(json!({"faults": [fault]})), None);
            assert!(report.passed(), "crash loop ({kind}) in {role} at {message}: {:#?}", report.failures);
            assert_eq!(restarts(&report.log), [*role], "crash loop ({kind}) in {role} at {message}");
        }
    }
}

#[test]
fn a_turn_can_be_cancelled_at_each_of_its_events() {
    let kinds =
        ["turn_started", "working", "tool_started", "retrieved", "tool_finished", "text_delta", "judged", "remembered"];
    for kind in kinds {
        let steps = json!([
            {"ask": {"text": "By how many degrees can an owl turn its head?", "cancel_at": kind,
                     "expect": {"within_ms": 50}}},
            {"ask": {"text": "What is the dot product of [1, 2] and [3, 4]?",
                     "expect": {"answer_contains": ["11"], "degraded": []}}}
        ]);
        let fault = json!([{"fault": {"actor_slow": {"role": "critic", "ms": 1}}, "optional": true}]);
        let report = run(&story(json!({"steps": steps, "faults": fault})), None);
        assert!(report.passed(), "cancelled at {kind}: {:#?}", report.failures);
    }
}

/// Presses Ctrl-C at the n-th point.
#[derive(Debug)]
struct Finger {
    at: usize,
    reached: AtomicUsize,
    session: OnceLock<Weak<Session>>,
}

impl Probe for Finger {
    fn at(&self, _: Point<'_>) -> Action {
        if self.reached.fetch_add(1, Ordering::SeqCst) == self.at
            && let Some(session) = self.session.get().and_then(Weak::upgrade)
        {
            session.cancel();
        }
        Action::Continue
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_can_be_cancelled_wherever_it_is() {
    let script = json!([
        {"when": "\"value\":83", "text": "The dot product is 83.", "always": true},
        {"when": "[5, 6]", "call": {"name": "vector_dot", "args": {"a": [5, 6], "b": [7, 8]}}, "always": true},
        {"when": "\"value\":11", "text": "The dot product is 11.", "always": true},
        {"call": {"name": "vector_dot", "args": {"a": [1, 2], "b": [3, 4]}}, "always": true}
    ]);
    let (mut at, mut cancelled) = (0, 0);
    loop {
        let folder = tempfile::tempdir().expect("a folder");
        let script = serde_json::from_value(script.clone()).expect("a script");
        let finger = Arc::new(Finger { at, reached: AtomicUsize::new(0), session: OnceLock::new() });
        let mut config = Config::new(Arc::new(Scripted::new(script).expect("a script that can be played")));
        config.catalogue = Catalogue::standard().expect("the tools");
        config.journal = Some(folder.path().to_owned());
        config.probe = finger.clone();
        let table = Table::start(config).await.expect("a table");
        let session = Arc::new(table.open(None).await.expect("a session"));
        finger.session.set(Arc::downgrade(&session)).expect("it is set once");
        let begin = Instant::now();
        let turn = session.ask("What is the dot product of [1, 2] and [3, 4]?").await.expect("a turn");
        let ended = turn.answer().await;
        assert!(begin.elapsed() < Duration::from_millis(50), "cancelled at point {at}: {:?}", begin.elapsed());
        let pressed = finger.reached.load(Ordering::SeqCst) > at;
        match ended {
            Err(error) => {
                assert_eq!(error.kind, "cancelled");
                assert!(session.history().is_empty(), "a cancelled turn leaves nothing half: {:?}", session.history());
                cancelled += 1;
            }
            Ok(answer) => assert_eq!(answer.text, "The dot product is 11."),
        }
        let next = session.ask("And what is the dot product of [5, 6] and [7, 8]?").await.expect("a turn");
        assert_eq!(next.answer().await.expect("an answer").text, "The dot product is 83.", "after point {at}");
        let history = session.history();
        assert!(history.len() >= 4, "after point {at}: {history:#?}");
        assert_eq!(history_is_valid(&history), Vec::<String>::new(), "after point {at}");
        drop(session);
        table.stop().await;
        if !pressed {
            break;
        }
        at += 1;
    }
    assert!(cancelled >= 10, "cancelled at {cancelled} points only");
}

/// The planner never comes to an end with anything.
#[derive(Debug)]
struct Stalled;

impl Probe for Stalled {
    fn at(&self, point: Point<'_>) -> Action {
        match point {
            Point::Handle { role: Role::Session, .. } => Action::Hang,
            _ => Action::Continue,
        }
    }
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it tells resident memory");
    line.trim_end_matches("kB").trim().parse().expect("a number")
}

#[tokio::test]
async fn ten_thousand_messages_at_a_stalled_role_are_refused_and_not_kept() {
    let mut config = Config::new(Arc::new(Scripted::saying(["never"])));
    config.probe = Arc::new(Stalled);
    config.limits.handler = Duration::from_secs(600);
    let mailbox = config.limits.mailbox;
    let table = Table::start(config).await.expect("a table");
    let session = Arc::new(table.open(None).await.expect("a session"));
    let before = resident_kb();
    let mut waiting = Vec::new();
    let mut busy = 0;
    for n in 0..10_000 {
        let session = session.clone();
        let mut asked = Box::pin(async move { session.ask(format!("message {n}: {}", "x".repeat(1_000))).await });
        match futures_now(&mut asked).await {
            Some(Err(error)) => {
                assert_eq!(error.kind, "busy");
                busy += 1;
            }
            Some(Ok(turn)) => panic!("the session is stalled, and yet began {}", turn.id()),
            None => waiting.push(asked),
        }
    }
    let grown = resident_kb().saturating_sub(before);
    assert_eq!(waiting.len(), mailbox, "so many find room");
    assert_eq!(busy, 10_000 - mailbox);
    assert!(grown < 20_000, "memory grew by {grown} kB");
}

/// The outcome of a future that needs no more than a few turns of the scheduler.
async fn futures_now<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    for _ in 0..3 {
        let ready = std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(value) => Some(value),
                std::task::Poll::Pending => None,
            })
        });
        if let Some(value) = ready.await {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}

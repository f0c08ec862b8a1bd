//! The gateway against scripted models, under a paused clock.

use tokio::time::timeout;

use super::super::scripted::Scripted;
use super::super::{FinishReason, Message, Speaker};
use super::*;

fn scripted(yaml: &str) -> Scripted {
    Scripted::new(serde_saphyr::from_str(yaml).expect("a script")).expect("a script that can be played")
}

fn limits() -> Limits {
    Limits { idle: Duration::from_secs(5), total: Duration::from_secs(60), ..Limits::default() }
}

fn gateway(model: &Scripted) -> Gateway {
    let prices = Prices::parse("scripted=1/2").expect("a price");
    Gateway::new(Arc::new(model.clone()), limits(), prices, 7)
}

fn ask() -> Ask {
    Ask { role: Role::Planner, deadline: Instant::now() + Duration::from_secs(30), may_withdraw: false }
}

fn question() -> Request {
    Request { messages: vec![Message::new(Speaker::User, "why?")], ..Request::default() }
}

/// What a listener hears, in short words.
async fn hear(gateway: &Gateway, ask: Ask) -> (Result<Reply, ModelError>, Vec<String>) {
    let mut heard = Vec::new();
    let result = gateway
        .complete(ask, &question(), |progress| {
            heard.push(match progress {
                Progress::Delta(Delta::Text(text)) => text.trim().to_owned(),
                Progress::Delta(_) => return,
                Progress::Withdrawn { .. } => "withdrawn".into(),
                Progress::Retrying { attempt, .. } => format!("attempt {attempt}"),
                Progress::Breaker { state, .. } => state.name().into(),
            });
        })
        .await;
    (result, heard)
}

#[tokio::test(start_paused = true)]
async fn passes_the_answer_on_and_books_it() {
    let model = scripted("- {text: because it is, usage: {input: 1000, output: 500}}\n");
    let gateway = gateway(&model);
    let (reply, heard) = hear(&gateway, ask()).await;
    let reply = reply.expect("an answer");
    assert_eq!(heard, ["because", "it", "is"]);
    assert_eq!((reply.text.as_str(), reply.finish), ("because it is", Some(FinishReason::Stop)));
    // By hand: 1000 tokens at 1 $ and 500 at 2 $ a million.
    assert_eq!(reply.usage, Usage { requests: 1, input_tokens: 1000, output_tokens: 500, cost: 0.002 });
    assert_eq!(gateway.accounts().of(Role::Planner), reply.usage);
    assert_eq!(gateway.accounts().total(), reply.usage);
}

#[tokio::test(start_paused = true)]
async fn tries_again_after_as_long_as_the_server_wishes() {
    let model = scripted("- error: {status: 429, retry_after_ms: 3000}\n- text: now\n");
    let start = Instant::now();
    let (reply, heard) = hear(&gateway(&model), ask()).await;
    assert_eq!(reply.map(|reply| (reply.text, reply.usage.requests)), Ok(("now".into(), 2)));
    assert_eq!(heard, ["attempt 2", "now"]);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(3) && waited < Duration::from_millis(3600), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_waits_as_long() {
    let mut waits = Vec::new();
    for seed in [1, 1, 2] {
        let model = scripted("- error: {status: 503}\n- error: {status: 503}\n- text: now\n");
        let gateway = Gateway::new(Arc::new(model), limits(), Prices::default(), seed);
        let start = Instant::now();
        hear(&gateway, ask()).await.0.expect("an answer");
        waits.push(start.elapsed());
    }
    assert_eq!(waits[0], waits[1]);
    assert_ne!(waits[0], waits[2]);
}

#[tokio::test(start_paused = true)]
async fn never_repeats_what_cannot_succeed() {
    for (fault, requests) in [
        ("{status: 401}", 1),
        ("{status: 400, message: bad}", 1),
        ("{status: 500, message: index out of range}", 2),
        ("{status: 503, message: busy}", 4),
        ("{status: 429, retry_after_ms: 90000}", 1),
    ] {
        let model = scripted(&format!("- {{error: {fault}, always: true}}\n"));
        let (reply, _) = hear(&gateway(&model), ask()).await;
        assert!(reply.is_err());
        assert_eq!(model.requests().len(), requests, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn text_that_was_shown_is_not_silently_replaced() {
    let yaml = "- {text: one two three, break_after: 2}\n- text: anew\n";
    let model = scripted(yaml);
    let (reply, heard) = hear(&gateway(&model), ask()).await;
    assert!(matches!(reply, Err(ModelError::BrokenOff { .. })));
    assert_eq!(heard, ["one", "two"]);

    let model = scripted(yaml);
    let (reply, heard) = hear(&gateway(&model), Ask { may_withdraw: true, ..ask() }).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("anew".into()));
    assert_eq!(heard, ["one", "two", "withdrawn", "attempt 2", "anew"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_tool_call_is_tried_again() {
    let model = scripted("- {call: {name: dot, args: {a: 1}}, break_after: 1}\n- call: {name: dot, args: {a: 1}}\n");
    let (reply, heard) = hear(&gateway(&model), ask()).await;
    assert_eq!(reply.map(|reply| reply.tool_calls[0].arguments.clone()), Ok(r#"{"a":1}"#.into()));
    assert_eq!(heard, ["withdrawn", "attempt 2"]);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_an_attempt_before_and_between_the_words() {
    let model = scripted("- hang\n- {text: one two three, hang_after: 1}\n");
    let start = Instant::now();
    let (reply, heard) = hear(&gateway(&model), ask()).await;
    let expected = ModelError::TimedOut { model: "scripted".into(), which: "idle", limit: Duration::from_secs(5) };
    assert_eq!(reply, Err(expected));
    assert_eq!(heard, ["attempt 2", "one"]);
    assert!(start.elapsed() >= Duration::from_secs(10));
    assert_eq!(model.abandoned(), 2);
}

#[tokio::test(start_paused = true)]
async fn slow_but_steady_is_not_silence() {
    let model = scripted("- {text: a b c d e f, pause_ms: 4900}\n");
    let (reply, _) = hear(&gateway(&model), ask()).await;
    assert!(matches!(reply, Err(ModelError::TimedOut { which: "total", .. })), "{reply:?}");
    let model = scripted("- {text: a b c, pause_ms: 4900}\n");
    assert_eq!(hear(&gateway(&model), ask()).await.0.map(|reply| reply.text), Ok("a b c".into()));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_everything_and_says_nothing_about_the_server() {
    let model = scripted("- {hang: true, always: true}\n");
    let gateway = gateway(&model);
    let start = Instant::now();
    for _ in 0..10 {
        let soon = Ask { deadline: Instant::now() + Duration::from_secs(2), ..ask() };
        let (reply, _) = hear(&gateway, soon).await;
        let limit = Duration::from_secs(2);
        assert_eq!(reply, Err(ModelError::TimedOut { model: "scripted".into(), which: "total", limit }));
    }
    // The timer wheel counts whole milliseconds.
    assert!(start.elapsed() < Duration::from_millis(20_020), "{:?}", start.elapsed());
    assert_eq!(gateway.breaker(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_probes_and_closes() {
    let model = scripted(
        "- error: {kind: unreachable}\n- error: {kind: unreachable}\n- error: {kind: unreachable}\n\
         - error: {kind: unreachable}\n- error: {kind: unreachable}\n- text: back\n",
    );
    let gateway = gateway(&model);
    assert!(matches!(hear(&gateway, ask()).await.0, Err(ModelError::Unreachable { .. })));
    let (reply, heard) = hear(&gateway, ask()).await;
    assert!(matches!(reply, Err(ModelError::Unreachable { .. })), "the cause, not the breaker: {reply:?}");
    assert_eq!(heard, ["open", "attempt 2"]);
    assert!(matches!(hear(&gateway, ask()).await.0, Err(ModelError::BreakerOpen { .. })));
    assert_eq!(model.requests().len(), 5, "the open breaker asked nobody");
    tokio::time::advance(Duration::from_secs(10)).await;
    let (reply, heard) = hear(&gateway, ask()).await;
    assert_eq!(reply.map(|reply| reply.text), Ok("back".into()));
    assert_eq!(heard, ["half_open", "back", "closed"]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_completion_cancels_the_request_and_is_booked() {
    let model = scripted("- {text: one two, hang_after: 1, usage: {input: 5, output: 1}}\n- text: free\n");
    let gateway = Gateway::new(Arc::new(model.clone()), Limits { concurrency: 1, ..limits() }, Prices::default(), 7);
    assert!(timeout(Duration::from_secs(1), hear(&gateway, ask())).await.is_err());
    assert_eq!(model.abandoned(), 1);
    assert_eq!(gateway.accounts().of(Role::Planner).requests, 1);
    assert_eq!(hear(&gateway, ask()).await.0.map(|reply| reply.text), Ok("free".into()), "its seat is free again");
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_bounded_and_waiting_counts_against_the_deadline() {
    let model = scripted("- {text: slow, delay_ms: 4000, always: true}\n");
    let gateway = Gateway::new(Arc::new(model.clone()), Limits { concurrency: 2, ..limits() }, Prices::default(), 7);
    let start = Instant::now();
    let in_time = Ask { deadline: start + Duration::from_secs(9), ..ask() };
    let late = Ask { deadline: start + Duration::from_secs(3), ..ask() };
    let ((a, _), (b, _), (c, _), (d, _)) =
        tokio::join!(hear(&gateway, in_time), hear(&gateway, in_time), hear(&gateway, in_time), hear(&gateway, late));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert!(matches!(d, Err(ModelError::TimedOut { which: "total", .. })));
    assert!(start.elapsed() >= Duration::from_secs(8));
    assert_eq!(model.requests().len(), 3, "the late one never reached the model");
}

#[tokio::test(start_paused = true)]
async fn models_can_be_switched_and_have_their_own_breakers() {
    let first = scripted("- {error: {kind: unreachable}, always: true}\n");
    let gateway = gateway(&first);
    for _ in 0..2 {
        assert!(hear(&gateway, ask()).await.0.is_err());
    }
    assert_eq!(gateway.breaker(), State::Open);
    gateway.switch(Arc::new(Scripted::saying(["hello"])));
    // The same id has the same breaker; another model starts afresh.
    assert_eq!(gateway.breaker(), State::Open);
    let lines = serde_saphyr::from_str("- text: hello\n").expect("a script");
    gateway.switch(Arc::new(Scripted::named("other", lines).expect("a script that can be played")));
    assert_eq!(gateway.breaker(), State::Closed);
    assert_eq!(hear(&gateway, ask()).await.0.map(|reply| reply.text), Ok("hello".into()));
}

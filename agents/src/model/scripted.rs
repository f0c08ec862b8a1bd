//! A model that plays a script: for tests and scenarios.
//!
//! A script is a list of steps, one per request, in order. A step says something, calls tools, fails, hangs, or breaks off;
//! it can wait first, and it can ask to be used only for requests that hold certain words. In YAML:
//!
//! ```yaml
//! - call: {name: vector_dot, args: {a: [1, 2], b: [3, 4]}}
//! - text: "The dot product is 11."
//!   delay_ms: 200
//! - error: {status: 429, retry_after_ms: 1500}
//! - hang
//! - text: "This sentence is never finished"
//!   break_after: 3
//! ```
//!
//! Time is tokio's, so a paused clock works. The model keeps the requests that it got, for assertions on them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    Capabilities, ChatModel, Delta, DeltaStream, FinishReason, Message, ModelError, Request, Usage, status_error,
};

/// One line of a script: a step, or the single word `hang`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Line {
    /// A step without any setting.
    Word(Word),
    /// A step.
    Step(Box<Step>),
}

// By hand, because an untagged enum forgets what was wrong with the step.
impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Line;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a step of a model's script, or the word `hang`")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Line, E> {
                Word::deserialize(word.into_deserializer()).map(Line::Word)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Line, A::Error> {
                Step::deserialize(MapAccessDeserializer::new(map)).map(|step| Line::Step(Box::new(step)))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A step that is a single word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Say nothing, for ever.
    Hang,
}

/// What the model does with one request. Text and calls can stand together; `error` and `hang` stand alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Only for a request one of whose messages holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Serve every request that fits, not just the first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
    /// Wait this long before the first delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Wait this long before each further delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<u64>,
    /// Say this, word by word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Call this tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// Call these tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// Fail like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// Say nothing, for ever.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hang: bool,
    /// Break off after this many deltas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_after: Option<usize>,
    /// Fall silent after this many deltas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hang_after: Option<usize>,
    /// Why the model stops; `stop` or `tool_calls` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// Tokens to report; a count of words if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Tokens>,
}

/// A tool call of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The tool's name.
    pub name: String,
    /// Its arguments. A string is sent as it stands, so that a script can hold broken JSON.
    #[serde(default)]
    pub args: Value,
    /// The call's id; made up if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A failure of a script: an HTTP status, or a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A failure that has no status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FaultKind>,
    /// What the server says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it wants to be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// A failure without an HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// No connection.
    Unreachable,
    /// An answer that is not the protocol.
    Protocol,
    /// The connection breaks before the first word.
    BrokenOff,
}

/// Why the model stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It had said everything.
    Stop,
    /// It wants tools to run.
    ToolCalls,
    /// It ran out of tokens.
    Length,
    /// The server withheld the rest.
    Filtered,
}

impl From<Finish> for FinishReason {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Stop => FinishReason::Stop,
            Finish::ToolCalls => FinishReason::ToolCalls,
            Finish::Length => FinishReason::Length,
            Finish::Filtered => FinishReason::Filtered,
        }
    }
}

/// Tokens to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
}

/// A script that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {step} of the model's script {problem}")]
pub struct BadScript {
    /// The step, counted from 1.
    pub step: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A model that plays a script.
#[derive(Clone)]
pub struct Scripted {
    shared: Arc<Shared>,
}

struct Shared {
    id: String,
    capabilities: Capabilities,
    steps: Vec<Step>,
    played: Mutex<Played>,
}

#[derive(Default)]
struct Played {
    used: Vec<usize>,
    requests: Vec<Request>,
    calls: usize,
    abandoned: usize,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("id", &self.shared.id).field("steps", &self.shared.steps.len()).finish()
    }
}

impl Scripted {
    /// A model named `scripted` that plays `lines`.
    pub fn new(lines: Vec<Line>) -> Result<Self, BadScript> {
        Self::named("scripted", lines)
    }

    /// A model with this id that plays `lines`.
    pub fn named(id: impl Into<String>, lines: Vec<Line>) -> Result<Self, BadScript> {
        let steps: Vec<Step> = lines
            .into_iter()
            .map(|line| match line {
                Line::Word(Word::Hang) => Step { hang: true, ..Step::default() },
                Line::Step(step) => *step,
            })
            .collect();
        for (at, step) in steps.iter().enumerate() {
            if let Some(problem) = contradiction(step) {
                return Err(BadScript { step: at + 1, problem });
            }
        }
        let capabilities = Capabilities { native_tools: true, json_schema: true };
        Ok(Self { shared: Arc::new(Shared { id: id.into(), capabilities, steps, played: Mutex::default() }) })
    }

    /// A model that says these texts, one per request.
    pub fn saying<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Self {
        let steps = texts.into_iter().map(|text| Step { text: Some(text.into()), ..Step::default() }).collect();
        let capabilities = Capabilities { native_tools: true, json_schema: true };
        let shared = Shared { id: "scripted".into(), capabilities, steps, played: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.played().requests.clone()
    }

    /// How many answers were dropped before their end.
    pub fn abandoned(&self) -> usize {
        self.played().abandoned
    }

    /// The steps that no request has used, counted from 1.
    pub fn unused(&self) -> Vec<usize> {
        let played = self.played();
        (1..=self.shared.steps.len()).filter(|step| !played.used.contains(&(step - 1))).collect()
    }

    fn played(&self) -> MutexGuard<'_, Played> {
        self.shared.played.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the step for `request`, and the number of calls made before it.
    fn take(&self, request: Request) -> Option<(Step, usize)> {
        let mut played = self.played();
        let steps = self.shared.steps.iter().enumerate();
        let found = steps.into_iter().find(|(at, step)| {
            (step.always || !played.used.contains(at))
                && step.when.as_ref().is_none_or(|words| request.messages.iter().any(|m| m.content.contains(words)))
        });
        let taken = found.map(|(at, step)| (at, step.clone()));
        played.requests.push(request);
        let (at, step) = taken?;
        if !played.used.contains(&at) {
            played.used.push(at);
        }
        let before = played.calls;
        played.calls += step.calls.len() + usize::from(step.call.is_some());
        Some((step, before))
    }
}

fn contradiction(step: &Step) -> Option<&'static str> {
    let speaks = step.text.is_some() || step.call.is_some() || !step.calls.is_empty();
    match (speaks, step.error.as_ref(), step.hang) {
        (false, None, false) => Some("does nothing; give it `text`, `call`, `calls`, `error` or `hang`"),
        (true, Some(_), _) | (true, _, true) | (_, Some(_), true) => {
            Some("mixes an answer with `error` or `hang`; use `break_after` or `hang_after` to fail in mid-answer")
        }
        (_, Some(Fault { status: None, kind: None, .. }), _) => Some("has an `error` without `status` or `kind`"),
        (_, Some(Fault { status: Some(_), kind: Some(_), .. }), _) => {
            Some("has an `error` with both `status` and `kind`")
        }
        (_, Some(Fault { status: Some(..400 | 600..), .. }), _) => {
            Some("has an `error` whose `status` is not 400 to 599")
        }
        _ => None,
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn id(&self) -> &str {
        &self.shared.id
    }

    fn capabilities(&self) -> Capabilities {
        self.shared.capabilities
    }

    async fn stream(&self, request: Request) -> Result<DeltaStream, ModelError> {
        let model = self.shared.id.clone();
        let words = count_words(&request.messages);
        let Some((step, calls)) = self.take(request) else {
            let message = format!("the script of {} steps has none left for this request", self.shared.steps.len());
            return Err(ModelError::Rejected { model, status: 410, message });
        };
        let mut ending = Ending { model: self.clone(), finished: false };
        if let Some(ms) = step.delay_ms {
            sleep(Duration::from_millis(ms)).await;
        }
        if step.hang {
            std::future::pending::<()>().await;
        }
        if let Some(fault) = step.error {
            ending.finished = true;
            return Err(failure(model, fault));
        }
        let mut deltas = deltas(&step, calls, words);
        let breaks = step.break_after.map(|after| {
            deltas.truncate(after);
            ModelError::BrokenOff { model, message: format!("the script breaks off after {after} deltas") }
        });
        let hangs = step.hang_after.inspect(|&after| deltas.truncate(after)).is_some();
        let pause = step.pause_ms.map(Duration::from_millis);
        let said = stream::iter(deltas.into_iter().enumerate()).then(move |(at, delta)| async move {
            if let (Some(pause), true) = (pause, at > 0) {
                sleep(pause).await;
            }
            Ok(delta)
        });
        let end = stream::once(async move {
            let mut ending = ending;
            if hangs {
                std::future::pending::<()>().await;
            }
            ending.finished = true;
            breaks.map(Err)
        });
        Ok(said.chain(end.filter_map(std::future::ready)).boxed())
    }
}

/// Notices an answer that is dropped before its end.
struct Ending {
    model: Scripted,
    finished: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.finished {
            self.model.played().abandoned += 1;
        }
    }
}

fn deltas(step: &Step, calls_before: usize, words_read: u64) -> Vec<Delta> {
    let mut deltas = Vec::new();
    let mut words = 0;
    for word in step.text.iter().flat_map(|text| text.split_inclusive(' ')) {
        words += 1;
        deltas.push(Delta::Text(word.to_owned()));
    }
    for (index, call) in step.call.iter().chain(&step.calls).enumerate() {
        let arguments = match &call.args {
            Value::String(raw) => raw.clone(),
            Value::Null => String::new(),
            args => args.to_string(),
        };
        let id = call.id.clone().unwrap_or_else(|| format!("call_{}", calls_before + index + 1));
        let half = arguments.floor_char_boundary(arguments.len() / 2);
        let (first, second) = arguments.split_at(half);
        let head = (Some(id), Some(call.name.clone()));
        deltas.push(Delta::ToolCall { index, id: head.0, name: head.1, arguments: first.to_owned() });
        deltas.push(Delta::ToolCall { index, id: None, name: None, arguments: second.to_owned() });
        words += 1;
    }
    let calls = step.call.is_some() || !step.calls.is_empty();
    let natural = if calls { Finish::ToolCalls } else { Finish::Stop };
    deltas.push(Delta::Finish(step.finish.unwrap_or(natural).into()));
    let tokens = step.usage.unwrap_or(Tokens { input: words_read, output: words });
    deltas.push(Delta::Usage(Usage { input_tokens: tokens.input, output_tokens: tokens.output, ..Usage::default() }));
    deltas
}

fn count_words(messages: &[Message]) -> u64 {
    messages.iter().map(|message| message.content.split_whitespace().count() as u64).sum()
}

fn failure(model: String, fault: Fault) -> ModelError {
    let message = fault.message;
    match (fault.status, fault.kind) {
        (Some(status), _) => {
            let retry_after = fault.retry_after_ms.map(Duration::from_millis);
            status_error(model, status, message, retry_after)
        }
        (None, Some(FaultKind::Unreachable)) => ModelError::Unreachable { model, message },
        (None, Some(FaultKind::BrokenOff)) => ModelError::BrokenOff { model, message },
        (None, Some(FaultKind::Protocol) | None) => ModelError::Protocol { model, message },
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::Assembly;
    use super::super::{Reply, Speaker};
    use super::*;

    fn script(yaml: &str) -> Scripted {
        Scripted::new(serde_saphyr::from_str(yaml).expect("a script")).expect("a script that can be played")
    }

    fn asking(text: &str) -> Request {
        Request { messages: vec![Message::new(Speaker::User, text)], ..Request::default() }
    }

    async fn answer(model: &Scripted, text: &str) -> Result<Reply, ModelError> {
        let mut stream = model.stream(asking(text)).await?;
        let mut assembly = Assembly::default();
        while let Some(delta) = stream.next().await {
            assembly.push(delta?);
        }
        Ok(assembly.finish(&[]))
    }

    #[tokio::test(start_paused = true)]
    async fn plays_its_lines_in_order_and_keeps_the_requests() {
        let model = script("- call: {name: dot, args: {a: [1]}}\n- text: It is 1.\n  delay_ms: 200\n");
        let first = answer(&model, "dot?").await.expect("a call");
        assert_eq!(first.tool_calls[0].name, "dot");
        assert_eq!(first.tool_calls[0].arguments, r#"{"a":[1]}"#);
        assert_eq!(first.finish, Some(FinishReason::ToolCalls));
        let start = tokio::time::Instant::now();
        assert_eq!(answer(&model, "and?").await.expect("text").text, "It is 1.");
        assert_eq!(start.elapsed(), Duration::from_millis(200));
        let asked: Vec<_> = model.requests().into_iter().map(|r| r.messages[0].content.clone()).collect();
        assert_eq!(asked, ["dot?", "and?"]);
        assert!(matches!(answer(&model, "more?").await, Err(ModelError::Rejected { status: 410, .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn steps_can_wait_for_their_words() {
        let model = script("- {text: about cats, when: cat, always: true}\n- text: anything\n- text: never\n");
        for (question, expected) in [("a cat", "about cats"), ("a dog", "anything"), ("two cats", "about cats")] {
            assert_eq!(answer(&model, question).await.expect("text").text, expected);
        }
        assert_eq!(model.unused(), [3]);
    }

    #[tokio::test(start_paused = true)]
    async fn fails_hangs_and_breaks_off() {
        let model = script(
            "- error: {status: 429, retry_after_ms: 1500}\n- error: {kind: unreachable, message: refused}\n- hang\n\
             - text: one two three\n  break_after: 2\n",
        );
        let limited =
            ModelError::RateLimited { model: "scripted".into(), retry_after: Some(Duration::from_millis(1500)) };
        assert_eq!(answer(&model, "").await, Err(limited));
        assert!(matches!(answer(&model, "").await, Err(ModelError::Unreachable { .. })));
        let hour = Duration::from_secs(3600);
        assert!(tokio::time::timeout(hour, answer(&model, "")).await.is_err());
        assert_eq!(model.abandoned(), 1);
        let mut stream = model.stream(asking("")).await.expect("a stream");
        assert_eq!(stream.next().await, Some(Ok(Delta::Text("one ".into()))));
        assert_eq!(stream.next().await, Some(Ok(Delta::Text("two ".into()))));
        assert!(matches!(stream.next().await, Some(Err(ModelError::BrokenOff { .. }))));
        assert_eq!(stream.next().await, None);
    }

    #[test]
    fn a_contradictory_script_is_refused() {
        let refused = |yaml: &str| {
            let lines = serde_saphyr::from_str(yaml).expect("a script");
            Scripted::new(lines).expect_err("it contradicts itself").step
        };
        assert_eq!(refused("- text: a\n- delay_ms: 5\n"), 2);
        assert_eq!(refused("- text: a\n  hang: true\n"), 1);
        assert_eq!(refused("- error: {message: because}\n"), 1);
        assert_eq!(refused("- error: {status: 200}\n"), 1);
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let error = serde_saphyr::from_str::<Vec<Line>>("- text: a\n- txet: b\n").expect_err("no such setting");
        assert!(error.to_string().contains("txet"), "{error}");
    }
}

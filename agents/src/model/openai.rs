//! Any server that speaks OpenAI's chat completions, by its base URL.
//!
//! async-openai gives the configuration (base URL, key, headers) and the types of the messages. The envelope around them is
//! written by borrowing, with each tool's JSON written once and kept, because its own would copy every schema into every
//! request; deltas are read by types that ignore what they do not know, because servers differ in all that a client could do
//! without. A test holds both to async-openai's types. The transport is ours (`model/http.rs` says why): one pooled client with
//! `TCP_NODELAY`, and each response read to its end, so that the next request finds the connection open.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use async_openai::config::{Config, OpenAIConfig};
use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessage,
    ChatCompletionRequestAssistantMessageContent, ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage,
    ChatCompletionRequestSystemMessageContent, ChatCompletionRequestToolMessage,
    ChatCompletionRequestToolMessageContent, ChatCompletionRequestUserMessage, ChatCompletionRequestUserMessageContent,
    ChatCompletionStreamOptions, FunctionCall,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use tokio::time::timeout;

use super::http::{self, Cut, Lines};
use super::place::{Place, Response};
use super::{
    Capabilities, ChatModel, Delta, DeltaStream, FinishReason, Message, ModelError, Request, Speaker, Usage,
    status_error,
};

mod written;

use written::Written;

/// How long the end of a body may follow its `[DONE]`. A server that keeps it open longer loses the connection.
const GRACE: Duration = Duration::from_millis(20);

/// Where the server is and what it may know.
#[derive(Clone)]
pub struct Settings {
    /// The base URL, as in `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key; empty for servers that want none.
    pub key: String,
    /// The model's name.
    pub model: String,
    /// What the model can do by itself.
    pub capabilities: Capabilities,
}

// By hand: the key is nobody's business.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.key.is_empty() { "none" } else { "set" };
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .field("key", &key)
            .finish()
    }
}

/// Settings that no server can be reached with.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    /// The base URL cannot be read.
    #[error("`{url}` is not a URL that a model can be reached at; it should look like `http://127.0.0.1:8089/v1`")]
    Url {
        /// The URL.
        url: String,
    },
    /// The key cannot stand in a header.
    #[error("the provider's key holds characters that no key has; check OPENAI_API_KEY")]
    Key,
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// A model behind OpenAI's protocol.
pub struct OpenAi {
    id: String,
    model: String,
    key: String,
    place: Place,
    capabilities: Capabilities,
    written: Written,
    /// OpenAI itself refuses `max_tokens` for newer models; many others know nothing else.
    modern_limit: bool,
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("id", &self.id).field("url", &self.place.url().as_str()).finish()
    }
}

/// Reads a base URL: `http` or `https`, with or without a slash at its end.
pub(crate) fn base_url(text: &str) -> Result<Url, BadSettings> {
    let bad = || BadSettings::Url { url: text.to_owned() };
    let url = Url::parse(text.trim().trim_end_matches('/')).map_err(|_| bad())?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
    if usable { Ok(url) } else { Err(bad()) }
}

/// The headers of every request, from async-openai's configuration.
pub(crate) fn headers(config: &OpenAIConfig, key: &str) -> Result<HeaderMap, BadSettings> {
    // async-openai panics on a key that is no header value, so it is tried first.
    if HeaderValue::from_str(key).is_err() {
        return Err(BadSettings::Key);
    }
    let mut headers = config.headers();
    if key.is_empty() {
        headers.remove(reqwest::header::AUTHORIZATION);
    }
    for value in headers.values_mut() {
        value.set_sensitive(true);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(headers)
}

/// The configuration that async-openai builds URLs and headers from. Nothing in it comes from the environment.
pub(crate) fn config(base: &Url, key: &str) -> OpenAIConfig {
    let config = OpenAIConfig::new().with_org_id("").with_project_id("");
    config.with_api_base(base.as_str().trim_end_matches('/')).with_api_key(key)
}

impl OpenAi {
    /// A model at a server. Connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, BadSettings> {
        let base = base_url(&settings.base_url)?;
        let key = settings.key.trim().to_owned();
        let config = config(&base, &key);
        let headers = headers(&config, &key)?;
        let url = base_url(&config.url("/chat/completions"))?;
        let place = Place::new(url, headers).map_err(BadSettings::Client)?;
        let modern_limit = base.host_str().is_some_and(|host| host == "api.openai.com");
        let (model, capabilities) = (settings.model, settings.capabilities);
        Ok(Self {
            id: format!("openai/{model}"),
            model,
            key,
            place,
            capabilities,
            written: Written::default(),
            modern_limit,
        })
    }

    /// The same, by the way that leads to other machines.
    #[cfg(test)]
    pub(crate) fn by_reqwest(mut self) -> Self {
        self.place = self.place.by_reqwest();
        self
    }

    /// The request's body.
    fn body(&self, request: Request) -> Result<Vec<u8>, serde_json::Error> {
        let (max_completion_tokens, max_tokens) =
            if self.modern_limit { (request.max_tokens, None) } else { (None, request.max_tokens) };
        let body = Body {
            model: &self.model,
            messages: request.messages.into_iter().map(message).collect(),
            response_format: request.format.as_ref().map(|format| ResponseFormat {
                kind: "json_schema",
                json_schema: NamedSchema { name: &format.name, schema: &format.schema },
            }),
            max_completion_tokens,
            max_tokens,
            temperature: request.temperature,
            // Servers keep it in 32 bits, signed or not.
            seed: request.seed.map(|seed| seed & 0x7fff_ffff),
            stream: true,
            stream_options: ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None },
        };
        let mut bytes = Vec::with_capacity(4096);
        serde_json::to_writer(&mut bytes, &body)?;
        if !request.tools.is_empty() {
            // Into the object, before its closing brace.
            bytes.pop();
            bytes.extend_from_slice(b",\"tools\":");
            self.written.append(&mut bytes, &request.tools)?;
            bytes.push(b'}');
        }
        Ok(bytes)
    }
}

#[async_trait]
impl ChatModel for OpenAi {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn stream(&self, request: Request) -> Result<DeltaStream, ModelError> {
        let body = self.body(request).map_err(|error| ModelError::Rejected {
            model: self.id.clone(),
            status: 0,
            message: format!("it cannot be written as JSON: {error}"),
        })?;
        let response = self.place.post(&self.id, body).await?;
        if !response.status().is_success() {
            return Err(http::response_error(&self.id, response, &self.key).await);
        }
        let reader = Reader::new(self.id.clone(), self.key.clone());
        let reading = Box::new(Reading { response, reader, state: State::Open });
        Ok(stream::unfold(reading, |mut reading| async move {
            let item = reading.next().await?;
            Some((item, reading))
        })
        .boxed())
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<ChatCompletionRequestMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    stream: bool,
    stream_options: ChatCompletionStreamOptions,
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    json_schema: NamedSchema<'a>,
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'a str,
    schema: &'a Value,
}

/// The same message in async-openai's type. Texts move, none is copied.
fn message(message: Message) -> ChatCompletionRequestMessage {
    let Message { speaker, content, tool_calls, tool_call_id } = message;
    match speaker {
        Speaker::System => ChatCompletionRequestMessage::System(ChatCompletionRequestSystemMessage {
            content: ChatCompletionRequestSystemMessageContent::Text(content),
            ..Default::default()
        }),
        Speaker::User => ChatCompletionRequestMessage::User(ChatCompletionRequestUserMessage {
            content: ChatCompletionRequestUserMessageContent::Text(content),
            ..Default::default()
        }),
        Speaker::Assistant => {
            let calls: Vec<_> = tool_calls
                .into_iter()
                .map(|call| {
                    let function = FunctionCall { name: call.name, arguments: call.arguments };
                    ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall { id: call.id, function })
                })
                .collect();
            // A message without content needs calls, and the other way round.
            let content = (!content.is_empty() || calls.is_empty())
                .then_some(ChatCompletionRequestAssistantMessageContent::Text(content));
            let tool_calls = (!calls.is_empty()).then_some(calls);
            ChatCompletionRequestMessage::Assistant(ChatCompletionRequestAssistantMessage {
                content,
                tool_calls,
                ..Default::default()
            })
        }
        Speaker::Tool => ChatCompletionRequestMessage::Tool(ChatCompletionRequestToolMessage {
            content: ChatCompletionRequestToolMessageContent::Text(content),
            tool_call_id: tool_call_id.unwrap_or_default(),
        }),
    }
}

/// A response under way.
struct Reading {
    response: Response,
    reader: Reader,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Open,
    Closing,
    Closed,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<Delta, ModelError>> {
        loop {
            if let Some(delta) = self.reader.ready.pop_front() {
                return Some(Ok(delta));
            }
            match self.state {
                State::Open => {}
                State::Closing => {
                    self.state = State::Closed;
                    self.drain().await;
                    return None;
                }
                State::Closed => return None,
            }
            let step = match self.response.chunk().await {
                Ok(Some(bytes)) => self.reader.feed(&bytes),
                Ok(None) => {
                    self.state = State::Closed;
                    self.reader.end(self.response.headers())
                }
                Err(error) => Err(http::body_error(&self.reader.model, error.as_ref())),
            };
            match step {
                Err(error) => {
                    self.state = State::Closed;
                    self.reader.ready.clear();
                    return Some(Err(error));
                }
                Ok(()) if self.reader.done && self.state == State::Open => self.state = State::Closing,
                Ok(()) if self.reader.ready.is_empty() && self.state == State::Open => {
                    // Thoughts, comments and empty deltas are signs of life.
                    return Some(Ok(Delta::Text(String::new())));
                }
                Ok(()) => {}
            }
        }
    }

    /// Reads the end of the body, so that the connection can serve the next request.
    async fn drain(&mut self) {
        let rest = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        // If the server keeps the body open, the connection is closed instead; the answer is complete either way.
        timeout(GRACE, rest).await.unwrap_or_default();
    }
}

/// From the bytes of a body to deltas. Knows no network.
struct Reader {
    model: String,
    key: String,
    lines: Lines,
    ready: VecDeque<Delta>,
    /// Whether an event came at all.
    events: bool,
    finished: bool,
    done: bool,
    /// Calls begun, for servers that give no index.
    calls: usize,
}

impl Reader {
    fn new(model: String, key: String) -> Self {
        let (lines, ready) = (Lines::default(), VecDeque::with_capacity(4));
        Self { model, key, lines, ready, events: false, finished: false, done: false, calls: 0 }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let mut lines = std::mem::take(&mut self.lines);
        let result = lines.feed(bytes, |line| self.line(line).map_err(Cut::Failed));
        self.lines = lines;
        result.map_err(|cut| cut.into_error(&self.model))
    }

    /// One line of server-sent events. Every event of this protocol is a single `data` line.
    fn line(&mut self, line: &[u8]) -> Result<(), ModelError> {
        if self.done {
            return Ok(());
        }
        // Older llama.cpp servers put failures into a field of their own.
        let Some(data) = line.strip_prefix(b"data:").or_else(|| line.strip_prefix(b"error:")) else { return Ok(()) };
        let data = data.trim_ascii();
        self.events = true;
        match data {
            b"" => Ok(()),
            b"[DONE]" => {
                self.done = true;
                Ok(())
            }
            data => self.event(data),
        }
    }

    fn event(&mut self, data: &[u8]) -> Result<(), ModelError> {
        let broken = |error: &dyn fmt::Display| ModelError::Protocol {
            model: self.model.clone(),
            message: format!("{error} in `{}`", http::clean(&String::from_utf8_lossy(data), &self.key)),
        };
        // Checked once and as a whole, not text by text.
        let text = std::str::from_utf8(data).map_err(|error| broken(&error))?;
        let chunk: Chunk = serde_json::from_str(text).map_err(|error| broken(&error))?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let told = http::message_in(&error).map_or_else(|| error.to_string(), str::to_owned);
            let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
            let status = code.filter(|code| (400..600).contains(code)).unwrap_or(500);
            return Err(status_error(self.model.clone(), status, http::clean(&told, &self.key), None));
        }
        for choice in chunk.choices {
            if let Some(delta) = choice.delta {
                self.delta(delta);
            }
            if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                self.finished = true;
                self.ready.push_back(Delta::Finish(finish(&reason)));
            }
        }
        if let Some(usage) = chunk.usage {
            let (input_tokens, output_tokens) = (usage.prompt_tokens, usage.completion_tokens);
            self.ready.push_back(Delta::Usage(Usage { input_tokens, output_tokens, ..Usage::default() }));
        }
        Ok(())
    }

    fn delta(&mut self, delta: Said) {
        // A refusal is what the model says, too.
        for text in [delta.content, delta.refusal].into_iter().flatten().filter(|text| !text.is_empty()) {
            match self.ready.back_mut() {
                Some(Delta::Text(before)) => before.push_str(&text),
                _ => self.ready.push_back(Delta::Text(text)),
            }
        }
        for call in delta.tool_calls.into_iter().flatten() {
            let function = call.function.unwrap_or_default();
            let begins = call.id.is_some() || function.name.is_some();
            let index = call.index.unwrap_or(if begins { self.calls } else { self.calls.saturating_sub(1) });
            self.calls = self.calls.max(index + 1);
            let arguments = function.arguments.unwrap_or_default();
            self.ready.push_back(Delta::ToolCall { index, id: call.id, name: function.name, arguments });
        }
    }

    /// The body is over.
    fn end(&mut self, headers: &HeaderMap) -> Result<(), ModelError> {
        let rest = std::mem::take(&mut self.lines);
        if !self.events && rest.rest().trim_ascii().starts_with(b"{") {
            // A server that does not stream answers with one object.
            self.event(rest.rest())?;
        } else {
            self.line(rest.rest())?;
        }
        if self.done || self.finished {
            return Ok(());
        }
        let model = self.model.clone();
        if self.events {
            return Err(ModelError::BrokenOff { model, message: "the stream ended before the answer did".into() });
        }
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("no content type");
        let message = format!("no event came, but `{}`", http::clean(kind, ""));
        Err(ModelError::Protocol { model, message })
    }
}

fn finish(reason: &str) -> FinishReason {
    match reason {
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "length" | "max_tokens" => FinishReason::Length,
        "content_filter" => FinishReason::Filtered,
        // `stop`, and words of which only the end is certain.
        _ => FinishReason::Stop,
    }
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Tokens>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, alias = "message")]
    delta: Option<Said>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Deserialize)]
struct CallPiece {
    #[serde(default)]
    index: Option<usize>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<FunctionPiece>,
}

#[derive(Default, Deserialize)]
struct FunctionPiece {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "text_or_json")]
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// Arguments are JSON within a string; some servers forget the string.
fn text_or_json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Reader;
    impl<'de> de::Visitor<'de> for Reader {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the arguments of a call")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let object = Value::deserialize(de::value::MapAccessDeserializer::new(map))?;
            Ok(Some(object.to_string()))
        }
    }
    deserializer.deserialize_any(Reader)
}

#[cfg(test)]
mod tests;

//! Models that Ollama serves.
//!
//! The protocol is one JSON object a line; ollama-rs gives the types of messages, tools, options and formats. The transport is
//! the one that all remote providers share (`model/http.rs` says why). Which model there is, and whether it knows tools, the
//! server says itself: [`Server::models`] and [`Server::capabilities`].

use std::collections::VecDeque;
use std::fmt;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use ollama_rs::generation::chat::{ChatMessage, MessageRole};
use ollama_rs::generation::parameters::{FormatType, JsonStructure};
use ollama_rs::generation::tools::{ToolCall as TheirCall, ToolCallFunction, ToolFunctionInfo, ToolInfo, ToolType};
use ollama_rs::models::{LocalModel, ModelInfo, ModelOptions};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Url};
use schemars::Schema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::http::{self, Cut, Lines};
use super::openai::{BadSettings, base_url};
use super::place::{Place, Response};
use super::{
    Capabilities, ChatModel, Delta, DeltaStream, FinishReason, Message, ModelError, Request, Speaker, Usage,
    status_error,
};

/// A server that speaks Ollama's protocol.
#[derive(Clone)]
pub struct Server {
    base: Url,
    client: Client,
    chat: Place,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("base", &self.base.as_str()).finish()
    }
}

impl Server {
    /// The server at `host`: a URL, or as `OLLAMA_HOST` has it, a host with or without a port. Connects to nothing yet.
    pub fn new(host: &str) -> Result<Self, BadSettings> {
        let base = host_url(host)?;
        let client = http::client(&base).map_err(BadSettings::Client)?;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let chat = Place::new(at(&base, "/api/chat")?, headers).map_err(BadSettings::Client)?;
        Ok(Self { base, client, chat })
    }

    /// Where it is.
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// The names of the models that it has.
    pub async fn models(&self) -> Result<Vec<String>, ModelError> {
        #[derive(Deserialize)]
        struct Tags {
            models: Vec<LocalModel>,
        }
        let sent = self.client.get(self.at("/api/tags")?).send().await;
        let tags: Tags = self.read("ollama", sent).await?;
        Ok(tags.models.into_iter().map(|model| model.name).collect())
    }

    /// What the server says that `model` is for: `completion`, `tools`, `embedding`, `vision` and the like.
    pub async fn abilities(&self, model: &str) -> Result<Vec<String>, ModelError> {
        let id = format!("ollama/{model}");
        let sent = self.client.post(self.at("/api/show")?).json(&json!({ "model": model })).send().await;
        let info: ModelInfo = self.read(&id, sent).await.map_err(|error| with_advice(error, model))?;
        Ok(info.capabilities)
    }

    /// What `model` can do by itself.
    pub async fn capabilities(&self, model: &str) -> Result<Capabilities, ModelError> {
        let abilities = self.abilities(model).await?;
        // Formats are the server's work, not the model's.
        Ok(Capabilities { native_tools: abilities.iter().any(|ability| ability == "tools"), json_schema: true })
    }

    /// Vectors of these texts by `model`, in their order.
    pub(crate) async fn embed(&self, model: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        #[derive(Deserialize)]
        struct Embedded {
            embeddings: Vec<Vec<f32>>,
        }
        let id = format!("ollama/{model}");
        let body = json!({ "model": model, "input": texts });
        let sent = self.client.post(self.at("/api/embed")?).json(&body).send().await;
        let embedded: Embedded = self.read(&id, sent).await.map_err(|error| with_advice(error, model))?;
        Ok(embedded.embeddings)
    }

    fn at(&self, path: &str) -> Result<Url, ModelError> {
        at(&self.base, path).map_err(|error| ModelError::Rejected {
            model: "ollama".into(),
            status: 0,
            message: error.to_string(),
        })
    }

    async fn read<T: for<'de> Deserialize<'de>>(
        &self,
        model: &str,
        sent: Result<reqwest::Response, reqwest::Error>,
    ) -> Result<T, ModelError> {
        let response = Response::from(sent.map_err(|error| http::send_error(model, &error))?);
        if !response.status().is_success() {
            return Err(http::response_error(model, response, "").await);
        }
        let body = response.bytes(model).await?;
        serde_json::from_slice(&body)
            .map_err(|error| ModelError::Protocol { model: model.to_owned(), message: error.to_string() })
    }
}

/// A path at a server.
fn at(base: &Url, path: &str) -> Result<Url, BadSettings> {
    let text = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Url::parse(&text).map_err(|_| BadSettings::Url { url: text })
}

/// `OLLAMA_HOST` may be `http://host:port`, `host:port`, `host` or `:port`; the port is 11434 unless given.
fn host_url(host: &str) -> Result<Url, BadSettings> {
    let host = host.trim();
    let spelt = if host.contains("://") {
        host.to_owned()
    } else if let Some(port) = host.strip_prefix(':') {
        format!("http://127.0.0.1:{port}")
    } else {
        format!("http://{host}")
    };
    let mut url = base_url(&spelt).map_err(|_| BadSettings::Url { url: host.to_owned() })?;
    // A server binds to 0.0.0.0, but nobody can connect to it.
    if url.host_str() == Some("0.0.0.0") && url.set_host(Some("127.0.0.1")).is_err() {
        return Err(BadSettings::Url { url: host.to_owned() });
    }
    if !host.contains("://") && url.port().is_none() && url.set_port(Some(11434)).is_err() {
        return Err(BadSettings::Url { url: host.to_owned() });
    }
    Ok(url)
}

/// A model that the server does not have can be fetched.
fn with_advice(error: ModelError, name: &str) -> ModelError {
    match error {
        ModelError::Rejected { model, status: 404, message } => {
            ModelError::Rejected { model, status: 404, message: format!("{message}; get it with `ollama pull {name}`") }
        }
        other => other,
    }
}

/// A model behind Ollama's protocol.
#[derive(Debug)]
pub struct Ollama {
    id: String,
    model: String,
    server: Server,
    capabilities: Capabilities,
}

impl Ollama {
    /// The model of this name at `server`. Connects to nothing yet.
    pub fn new(server: Server, model: &str, capabilities: Capabilities) -> Self {
        Self { id: format!("ollama/{model}"), model: model.to_owned(), server, capabilities }
    }
}

#[async_trait]
impl ChatModel for Ollama {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn stream(&self, request: Request) -> Result<DeltaStream, ModelError> {
        let rejected = |message| ModelError::Rejected { model: self.id.clone(), status: 0, message };
        let body = body(&self.model, request).map_err(rejected)?;
        let body = serde_json::to_vec(&body).map_err(|error| rejected(format!("it is not JSON: {error}")))?;
        let response = self.server.chat.post(&self.id, body).await?;
        if !response.status().is_success() {
            let error = http::response_error(&self.id, response, "").await;
            return Err(with_advice(error, &self.model));
        }
        let reading = Box::new(Reading { response, reader: Reader::new(self.id.clone()), closed: false });
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
    messages: Vec<ChatMessage>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<FormatType>,
    options: ModelOptions,
    stream: bool,
}

fn body(model: &str, request: Request) -> Result<Body<'_>, String> {
    let schema = |value: &Value| {
        Schema::try_from(value.clone()).map_err(|error| format!("a schema is neither an object nor a boolean: {error}"))
    };
    let mut tools = Vec::with_capacity(request.tools.len());
    for offer in &request.tools {
        let (name, description) = (offer.name.to_string(), offer.description.to_string());
        let function = ToolFunctionInfo { name, description, parameters: schema(&offer.parameters)? };
        tools.push(ToolInfo { tool_type: ToolType::Function, function });
    }
    let format = match &request.format {
        Some(format) => {
            let structure = JsonStructure::new_for_schema(schema(&format.schema)?);
            Some(FormatType::StructuredJson(Box::new(structure)))
        }
        None => None,
    };
    let mut options = ModelOptions::default();
    if let Some(limit) = request.max_tokens {
        options = options.num_predict(i32::try_from(limit).unwrap_or(i32::MAX));
    }
    if let Some(temperature) = request.temperature {
        options = options.temperature(temperature);
    }
    if let Some(seed) = request.seed {
        // The protocol keeps it in 31 bits.
        options = options.seed((seed & 0x7fff_ffff) as i32);
    }
    let messages = request.messages.into_iter().map(message).collect();
    Ok(Body { model, messages, tools, format, options, stream: true })
}

fn message(message: Message) -> ChatMessage {
    let role = match message.speaker {
        Speaker::System => MessageRole::System,
        Speaker::User => MessageRole::User,
        Speaker::Assistant => MessageRole::Assistant,
        Speaker::Tool => MessageRole::Tool,
    };
    let mut theirs = ChatMessage::new(role, message.content);
    theirs.tool_calls = message
        .tool_calls
        .into_iter()
        .map(|call| {
            // The protocol has no place for arguments that are not an object; the model sees what it wrote all the same.
            let arguments = match serde_json::from_str(&call.arguments) {
                Ok(arguments @ Value::Object(_)) => arguments,
                Ok(_) | Err(_) => json!({ "invalid": call.arguments }),
            };
            TheirCall { function: ToolCallFunction { name: call.name, arguments } }
        })
        .collect();
    theirs
}

/// A response under way.
struct Reading {
    response: Response,
    reader: Reader,
    closed: bool,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<Delta, ModelError>> {
        loop {
            if let Some(delta) = self.reader.ready.pop_front() {
                return Some(Ok(delta));
            }
            if self.closed {
                return None;
            }
            let step = match self.response.chunk().await {
                Ok(Some(bytes)) => self.reader.feed(&bytes),
                Ok(None) => {
                    self.closed = true;
                    self.reader.end()
                }
                // After the last line a broken connection breaks nothing.
                Err(_) if self.reader.done => {
                    self.closed = true;
                    Ok(())
                }
                Err(error) => Err(http::body_error(&self.reader.model, error.as_ref())),
            };
            match step {
                Err(error) => {
                    self.closed = true;
                    self.reader.ready.clear();
                    return Some(Err(error));
                }
                Ok(()) if self.reader.ready.is_empty() && !self.closed => return Some(Ok(Delta::Text(String::new()))),
                Ok(()) => {}
            }
        }
    }
}

/// From the bytes of a body to deltas. Knows no network.
struct Reader {
    model: String,
    lines: Lines,
    ready: VecDeque<Delta>,
    lines_read: usize,
    calls: usize,
    done: bool,
}

/// One line of an answer: what of it matters here.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    message: Option<Said>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<TheirCall>>,
}

impl Reader {
    fn new(model: String) -> Self {
        Self { model, lines: Lines::default(), ready: VecDeque::with_capacity(4), lines_read: 0, calls: 0, done: false }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let mut lines = std::mem::take(&mut self.lines);
        let result = lines.feed(bytes, |line| self.line(line).map_err(Cut::Failed));
        self.lines = lines;
        result.map_err(|cut| cut.into_error(&self.model))
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ModelError> {
        let line = line.trim_ascii();
        if line.is_empty() || self.done {
            return Ok(());
        }
        let read: Line = serde_json::from_slice(line).map_err(|error| {
            self.protocol(format!("{error} in `{}`", http::clean(&String::from_utf8_lossy(line), "")))
        })?;
        self.lines_read += 1;
        if let Some(error) = read.error {
            let told = http::message_in(&error).map_or_else(|| error.to_string(), str::to_owned);
            return Err(status_error(self.model.clone(), 500, http::clean(&told, ""), None));
        }
        if let Some(said) = read.message {
            if let Some(text) = said.content.filter(|text| !text.is_empty()) {
                self.ready.push_back(Delta::Text(text));
            }
            for call in said.tool_calls.into_iter().flatten() {
                let (name, arguments) = (Some(call.function.name), call.function.arguments.to_string());
                self.ready.push_back(Delta::ToolCall { index: self.calls, id: None, name, arguments });
                self.calls += 1;
            }
        }
        if read.done {
            self.done = true;
            let reason = match read.done_reason.as_deref() {
                Some("length") => FinishReason::Length,
                _ if self.calls > 0 => FinishReason::ToolCalls,
                _ => FinishReason::Stop,
            };
            self.ready.push_back(Delta::Finish(reason));
            let (input_tokens, output_tokens) = (read.prompt_eval_count, read.eval_count);
            if input_tokens.is_some() || output_tokens.is_some() {
                let (input_tokens, output_tokens) = (input_tokens.unwrap_or(0), output_tokens.unwrap_or(0));
                self.ready.push_back(Delta::Usage(Usage { input_tokens, output_tokens, ..Usage::default() }));
            }
        }
        Ok(())
    }

    /// The body is over.
    fn end(&mut self) -> Result<(), ModelError> {
        let rest = std::mem::take(&mut self.lines);
        self.line(rest.rest())?;
        match (self.done, self.lines_read) {
            (true, _) => Ok(()),
            (false, 0) => Err(self.protocol("the body is empty".into())),
            (false, _) => Err(ModelError::BrokenOff {
                model: self.model.clone(),
                message: "the stream ended before the answer did".into(),
            }),
        }
    }

    fn protocol(&self, message: String) -> ModelError {
        ModelError::Protocol { model: self.model.clone(), message }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ollama_rs::generation::chat::request::ChatMessageRequest;

    use super::super::{Format, ToolCall, ToolOffer};
    use super::*;

    fn read(body: &str, size: usize) -> Result<Vec<Delta>, ModelError> {
        let mut reader = Reader::new("ollama/m".into());
        for piece in body.as_bytes().chunks(size) {
            reader.feed(piece)?;
        }
        reader.end()?;
        Ok(reader.ready.into_iter().collect())
    }

    #[test]
    fn a_request_is_one_of_ollama_rs() {
        let mut called = Message::new(Speaker::Assistant, "");
        let call = |arguments: &str| ToolCall { id: "c".into(), name: "dot".into(), arguments: arguments.into() };
        called.tool_calls = vec![call(r#"{"a":1}"#), call("{broken")];
        let request = Request {
            messages: vec![Message::new(Speaker::User, "dot?"), called, Message::tool_result("c", "32")],
            tools: vec![ToolOffer {
                name: "dot".into(),
                description: "Dot product.".into(),
                parameters: Arc::new(json!({"type": "object"})),
            }],
            format: Some(Format { name: "plan".into(), schema: Arc::new(json!({"type": "object"})) }),
            max_tokens: Some(9),
            temperature: Some(0.5),
            seed: Some(u64::MAX),
        };
        let ours = serde_json::to_value(body("m", request).expect("a body")).expect("JSON");
        let theirs: ChatMessageRequest = serde_json::from_value(ours.clone()).expect("ollama-rs reads it");
        assert_eq!(serde_json::to_value(theirs).expect("JSON"), ours, "nothing was lost, nothing is unknown to it");
        assert_eq!(ours["stream"], json!(true));
        assert_eq!(ours["options"]["seed"], json!(0x7fff_ffff));
        let calls = &ours["messages"][1]["tool_calls"];
        assert_eq!(calls[0]["function"]["arguments"], json!({"a": 1}));
        assert_eq!(calls[1]["function"]["arguments"], json!({"invalid": "{broken"}));
    }

    #[test]
    fn lines_survive_any_cut() {
        let body = concat!(
            r#"{"message":{"role":"assistant","content":"日"},"done":false}"#,
            "\n",
            r#"{"message":{"content":"","tool_calls":[{"function":{"name":"dot","arguments":{"a":1}}}]},"done":false}"#,
            "\n",
            r#"{"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}"#,
        );
        let expected = vec![
            Delta::Text("日".into()),
            Delta::ToolCall { index: 0, id: None, name: Some("dot".into()), arguments: r#"{"a":1}"#.into() },
            Delta::Finish(FinishReason::ToolCalls),
            Delta::Usage(Usage { input_tokens: 3, output_tokens: 2, ..Usage::default() }),
        ];
        for size in 1..body.len() {
            assert_eq!(read(body, size).as_ref(), Ok(&expected));
        }
    }

    #[test]
    fn failures_within_a_stream() {
        let failure = |body: &str| read(body, 5).expect_err("it fails");
        assert!(matches!(failure("{\"error\":\"out of memory\"}\n"), ModelError::Server { status: 500, .. }));
        assert!(matches!(failure("{\"message\":{\"content\":\"a\"}}\n"), ModelError::BrokenOff { .. }));
        assert!(matches!(failure("<html>\n"), ModelError::Protocol { .. }));
        assert!(matches!(failure(""), ModelError::Protocol { .. }));
    }

    #[test]
    fn hosts_in_all_their_forms() {
        for (host, expected) in [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/"),
            ("box", "http://box:11434/"),
            ("box:1", "http://box:1/"),
            (":1", "http://127.0.0.1:1/"),
            ("0.0.0.0", "http://127.0.0.1:11434/"),
            ("https://box/", "https://box/"),
        ] {
            assert_eq!(host_url(host).map(String::from).ok().as_deref(), Some(expected), "{host}");
        }
        assert!(host_url("").is_err());
        assert!(host_url("ftp://box").is_err());
    }

    #[test]
    fn a_missing_model_comes_with_advice() {
        let missing = ModelError::Rejected { model: "ollama/m".into(), status: 404, message: "not found".into() };
        assert!(with_advice(missing, "m").to_string().ends_with("get it with `ollama pull m`"));
    }
}

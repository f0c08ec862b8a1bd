//! Holds both providers against servers with a real model, and says what it found: one JSON line per check on stdout, exit
//! status 1 if one fails.
//!
//! ```text
//! cargo run --release -p roundtable --example real_servers -- \
//!     --openai http://127.0.0.1:8089/v1 --openai-model smollm2 \
//!     --ollama http://127.0.0.1:11434 --ollama-model local/smollm2 \
//!     --slots http://127.0.0.1:8089/slots
//! ```
//!
//! Every answer goes through a proxy in this program, which can cut the connection in mid-answer and sees who closes it.
//! `--slots` is llama.cpp's list of what its slots do: with it, a cancelled answer must also end *within* the server.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use futures::StreamExt;
use roundtable::event::Role;
use roundtable::model::accounts::Prices;
use roundtable::model::constrained::Constrained;
use roundtable::model::embeddings::{Endpoint, Remote};
use roundtable::model::gateway::{Ask, Gateway, Limits, Progress};
use roundtable::model::ollama::{Ollama, Server};
use roundtable::model::openai::{OpenAi, Settings};
use roundtable::model::{
    Capabilities, ChatModel, Delta, FinishReason, Message, ModelError, Request, Speaker, ToolOffer,
};
use roundtable_memory::embed::Embedder;
use roundtable_tools::Catalogue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant as Moment, sleep, timeout};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Found = Result<Value, Failure>;
type Connect<'a> = Box<dyn Fn(&Proxy) -> Result<Arc<dyn ChatModel>, Failure> + 'a>;

/// A small model on a busy machine takes its time.
const LONG: Duration = Duration::from_secs(120);

/// Checks both providers against real servers
#[derive(Parser)]
struct Options {
    /// Base URL of an OpenAI-compatible server
    #[arg(long, env = "OPENAI_BASE_URL", default_value = "http://127.0.0.1:8089/v1")]
    openai: String,
    /// Its model
    #[arg(long, env = "OPENAI_MODEL", default_value = "smollm2")]
    openai_model: String,
    /// Its key
    #[arg(long, env = "OPENAI_API_KEY", default_value = "", hide_env_values = true)]
    openai_key: String,
    /// Ollama's address
    #[arg(long, env = "OLLAMA_HOST", default_value = "http://127.0.0.1:11434")]
    ollama: String,
    /// Its model
    #[arg(long, env = "OLLAMA_MODEL", default_value = "local/smollm2")]
    ollama_model: String,
    /// An OpenAI-compatible server that gives vectors, if another one
    #[arg(long)]
    openai_vectors: Option<String>,
    /// An Ollama that gives vectors, if another one
    #[arg(long)]
    ollama_vectors: Option<String>,
    /// llama.cpp's list of slots
    #[arg(long)]
    slots: Option<String>,
}

/// One protocol under test.
struct Subject<'a> {
    protocol: &'static str,
    /// A model of it at this proxy.
    model: Connect<'a>,
    upstream: String,
    slots: Option<&'a str>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("real_servers: {error}");
            ExitCode::from(2)
        }
    }
}

/// The number of checks that failed.
async fn run(options: &Options) -> Result<usize, Failure> {
    let openai = reqwest::Url::parse(&options.openai)?;
    let path = openai.path().to_owned();
    let subjects = [
        Subject {
            protocol: "openai",
            upstream: authority(&openai)?,
            model: Box::new(move |proxy| {
                let capabilities = Capabilities { native_tools: false, json_schema: true };
                let (key, model) = (options.openai_key.clone(), options.openai_model.clone());
                let base_url = format!("http://{}{path}", proxy.address);
                Ok(Arc::new(OpenAi::new(Settings { base_url, key, model, capabilities })?))
            }),
            slots: options.slots.as_deref(),
        },
        Subject {
            protocol: "ollama",
            upstream: authority(Server::new(&options.ollama)?.url())?,
            model: Box::new(|proxy| {
                let capabilities = Capabilities { native_tools: false, json_schema: true };
                let server = Server::new(&format!("http://{}", proxy.address))?;
                Ok(Arc::new(Ollama::new(server, &options.ollama_model, capabilities)))
            }),
            slots: options.slots.as_deref(),
        },
    ];
    let mut failed = 0;
    let mut report = |protocol: &str, check: &str, found: Found| {
        let mut line = json!({"check": check, "protocol": protocol, "ok": found.is_ok()});
        match found {
            Ok(numbers) => line["found"] = numbers,
            Err(error) => {
                failed += 1;
                line["error"] = json!(error.to_string());
            }
        }
        println!("{line}");
    };
    for subject in &subjects {
        report(subject.protocol, "chat", chat(subject).await);
        report(subject.protocol, "stream", stream(subject).await);
        report(subject.protocol, "plan", plan(subject).await);
        report(subject.protocol, "cancel", cancel(subject).await);
        report(subject.protocol, "killed", killed(subject).await);
        report(subject.protocol, "killed_once", killed_once(subject).await);
    }
    let (key, model) = (options.openai_key.clone(), options.openai_model.clone());
    let base_url = options.openai_vectors.clone().unwrap_or_else(|| options.openai.clone());
    report("openai", "vectors", vectors(Endpoint::OpenAi { base_url, key, model }).await);
    let host = options.ollama_vectors.clone().unwrap_or_else(|| options.ollama.clone());
    report("ollama", "vectors", vectors(Endpoint::Ollama { host, model: options.ollama_model.clone() }).await);
    Ok(failed)
}

/// Host and port of a plain HTTP server.
fn authority(url: &reqwest::Url) -> Result<String, Failure> {
    let host = url.host_str().filter(|_| url.scheme() == "http").ok_or("the proxy takes http:// only")?;
    Ok(format!("{host}:{}", url.port_or_known_default().unwrap_or(80)))
}

fn request(words: &str, max_tokens: u32) -> Request {
    let messages = vec![Message::new(Speaker::System, "You are brief."), Message::new(Speaker::User, words)];
    Request { messages, max_tokens: Some(max_tokens), temperature: Some(0.0), seed: Some(1), ..Request::default() }
}

fn gateway(model: Arc<dyn ChatModel>) -> Gateway {
    let retry = roundtable::model::retry::Policy { base: Duration::from_millis(20), ..Default::default() };
    Gateway::new(model, Limits { retry, ..Limits::default() }, Prices::default(), 0)
}

fn ask(may_withdraw: bool) -> Ask {
    Ask { role: Role::Planner, deadline: Moment::now() + LONG, may_withdraw }
}

fn ms(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e5).round() / 100.0
}

fn ensure(holds: bool, why: impl Into<String>) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(why.into().into()) }
}

/// A question gets an answer, and its tokens are counted.
async fn chat(subject: &Subject<'_>) -> Found {
    let proxy = Proxy::start(&subject.upstream, None).await?;
    let start = Instant::now();
    let gateway = gateway((subject.model)(&proxy)?);
    let reply = gateway.complete(ask(false), &request("What is the capital of France?", 24), |_| {}).await?;
    ensure(!reply.text.trim().is_empty(), "the answer is empty")?;
    ensure(reply.usage.output_tokens > 0, "the server counts no tokens")?;
    Ok(json!({"ms": ms(start), "chars": reply.text.len(), "output_tokens": reply.usage.output_tokens}))
}

/// It comes in pieces, the first well before the last.
async fn stream(subject: &Subject<'_>) -> Found {
    let proxy = Proxy::start(&subject.upstream, None).await?;
    let start = Instant::now();
    let mut stream = (subject.model)(&proxy)?.stream(request("Count from one to twenty.", 48)).await?;
    let (mut deltas, mut first, mut finish) = (0, None, None);
    while let Some(delta) = timeout(LONG, stream.next()).await? {
        match delta? {
            Delta::Text(text) if !text.is_empty() => {
                first.get_or_insert_with(|| ms(start));
                deltas += 1;
            }
            Delta::Finish(reason) => finish = Some(reason),
            Delta::Text(_) | Delta::ToolCall { .. } | Delta::Usage(_) => {}
        }
    }
    ensure(deltas > 1, format!("{deltas} piece(s) of text"))?;
    ensure(finish.is_some(), "the stream does not say why it ended")?;
    Ok(json!({"ms": ms(start), "first_ms": first, "deltas": deltas}))
}

/// A model without tools calls one all the same, with arguments that fit the tool's schema.
async fn plan(subject: &Subject<'_>) -> Found {
    let proxy = Proxy::start(&subject.upstream, None).await?;
    let catalogue = Catalogue::standard()?;
    let tool = catalogue.get("vector_dot").ok_or("the catalogue has no vector_dot")?;
    let spec = tool.spec();
    let mut request = request("Use the tool: the dot product of [1, 2, 3] and [4, 5, 6].", 128);
    request.tools.push(ToolOffer {
        name: spec.name.as_str().into(),
        description: spec.description.as_str().into(),
        parameters: Arc::new(spec.input_schema.clone()),
    });
    let start = Instant::now();
    let gateway = gateway(Constrained::if_needed((subject.model)(&proxy)?));
    let reply = gateway.complete(ask(true), &request, |_| {}).await?;
    let call = reply.tool_calls.first().ok_or_else(|| format!("no call, but `{}`", reply.text))?;
    ensure(reply.finish == Some(FinishReason::ToolCalls), format!("{:?}", reply.finish))?;
    let arguments: Value = serde_json::from_str(&call.arguments)?;
    tool.check(&arguments).map_err(|error| format!("{arguments}: {}", error.message))?;
    Ok(json!({"ms": ms(start), "tool": call.name, "arguments": arguments}))
}

/// Dropping the answer returns at once, closes the connection, and the server stops writing.
async fn cancel(subject: &Subject<'_>) -> Found {
    let mut proxy = Proxy::start(&subject.upstream, None).await?;
    let gateway = Arc::new(gateway((subject.model)(&proxy)?));
    let (heard, mut hears) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let tell = move |progress: Progress<'_>| {
            if let Progress::Delta(Delta::Text(_)) = progress {
                // Whoever listens has heard enough after the first piece.
                heard.send(()).unwrap_or_default();
            }
        };
        gateway.complete(ask(false), &request("Write a very long story about the sea.", 2000), tell).await
    });
    timeout(LONG, hears.recv()).await?.ok_or("the answer ended before it began")?;
    let busy_before = busy(subject.slots).await?;
    let start = Instant::now();
    task.abort();
    let ended = task.await;
    let returned = ms(start);
    ensure(ended.is_err_and(|error| error.is_cancelled()), "the answer was complete before it could be cancelled")?;
    timeout(LONG, proxy.closed.wait_for(|closed| *closed > 0)).await??;
    let closed = ms(start);
    let mut found = json!({"returned_ms": returned, "closed_ms": closed});
    if let Some(before) = busy_before {
        ensure(before > 0, "no slot was at work before")?;
        while busy(subject.slots).await? != Some(0) {
            ensure(start.elapsed() < Duration::from_secs(20), "the server goes on writing for 20 s")?;
            sleep(Duration::from_millis(2)).await;
        }
        found["server_stopped_ms"] = json!(ms(start));
    }
    ensure(returned < 50.0, format!("{found}"))?;
    Ok(found)
}

/// How many slots of llama.cpp are at work.
async fn busy(slots: Option<&str>) -> Result<Option<usize>, Failure> {
    let Some(url) = slots else { return Ok(None) };
    let slots: Vec<Value> = reqwest::get(url).await?.json().await?;
    Ok(Some(slots.iter().filter(|slot| slot["is_processing"] == json!(true)).count()))
}

/// A server that dies in mid-answer, each time: a typed error at once, and another model takes over.
async fn killed(subject: &Subject<'_>) -> Found {
    let proxy = Proxy::start(&subject.upstream, Some(usize::MAX)).await?;
    let gateway = gateway((subject.model)(&proxy)?);
    let mut text = String::new();
    let mut cut = None;
    let listen = |progress: Progress<'_>| {
        if let Progress::Delta(Delta::Text(piece)) = progress {
            text.push_str(piece);
            if cut.is_none() {
                proxy.cut();
                cut = Some(Instant::now());
            }
        }
    };
    let ended = gateway.complete(ask(false), &request("Count from one to fifty.", 200), listen).await;
    let noticed = cut.map(ms).ok_or("no text came before the end")?;
    let Err(ModelError::BrokenOff { message, .. }) = ended else { return Err(format!("{ended:?}").into()) };
    gateway.switch(Arc::new(roundtable::model::scripted::Scripted::saying(["The model is away."])));
    let reply = gateway.complete(ask(false), &request("Are you there?", 8), |_| {}).await?;
    ensure(reply.text == "The model is away.", reply.text)?;
    Ok(
        json!({"noticed_ms": noticed, "chars_before": text.len(), "message": message, "next": "answered by another model"}),
    )
}

/// A server that dies in mid-answer once, where the text may be withdrawn: asked again, it answers.
async fn killed_once(subject: &Subject<'_>) -> Found {
    let proxy = Proxy::start(&subject.upstream, Some(1)).await?;
    let gateway = gateway((subject.model)(&proxy)?);
    let (mut pieces, mut withdrawn) = (0, 0);
    let listen = |progress: Progress<'_>| match progress {
        Progress::Delta(Delta::Text(_)) => {
            pieces += 1;
            if pieces == 1 {
                proxy.cut();
            }
        }
        Progress::Withdrawn { .. } => withdrawn += 1,
        _ => {}
    };
    let start = Instant::now();
    let reply = gateway.complete(ask(true), &request("Count from one to ten.", 32), listen).await?;
    ensure(withdrawn == 1 && reply.usage.requests == 2, format!("{withdrawn} withdrawn, {:?}", reply.usage))?;
    Ok(json!({"ms": ms(start), "requests": reply.usage.requests, "withdrawn": withdrawn}))
}

/// Texts become vectors of length 1; the same text gives the same vector, and another one another.
async fn vectors(endpoint: Endpoint) -> Found {
    let start = Instant::now();
    let remote = Remote::connect(endpoint).await?;
    let texts = ["the sea is deep", "the ocean is deep", "3 + 4 = 7", "the sea is deep"].map(str::to_owned);
    let vectors = remote.embed(&texts).await?;
    let cosine = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(x, y)| f64::from(x * y)).sum::<f64>();
    ensure(vectors.len() == 4 && vectors.iter().all(|vector| vector.len() == remote.dimension()), "a wrong shape")?;
    ensure((cosine(0, 0) - 1.0).abs() < 1e-4 && (cosine(0, 3) - 1.0).abs() < 1e-3, "lengths are not 1")?;
    ensure(cosine(0, 1) > cosine(0, 2), "an unrelated text is as close as a related one")?;
    Ok(json!({"ms": ms(start), "dimension": remote.dimension(), "related": cosine(0, 1), "unrelated": cosine(0, 2)}))
}

/// A TCP proxy before a server.
struct Proxy {
    address: String,
    /// How many connections the client's side has closed.
    closed: watch::Receiver<usize>,
    cuts: Arc<watch::Sender<usize>>,
}

impl Proxy {
    /// Starts one. It cuts at most `cuts` connections, each at the moment of a [`Proxy::cut`].
    async fn start(upstream: &str, cuts: Option<usize>) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (upstream, left) = (upstream.to_owned(), cuts.unwrap_or(0));
        let (closing, closed) = watch::channel(0);
        let cuts = Arc::new(watch::Sender::new(0));
        let heard = Arc::clone(&cuts);
        tokio::spawn(async move {
            let closing = Arc::new(closing);
            let mut left = left;
            while let Ok((client, _)) = listener.accept().await {
                let cut = (left > 0).then(|| heard.subscribe());
                left = left.saturating_sub(1);
                let (upstream, closing) = (upstream.clone(), Arc::clone(&closing));
                tokio::spawn(async move {
                    match pass(client, &upstream, cut).await {
                        Ok(true) => closing.send_modify(|count| *count += 1),
                        Ok(false) => {}
                        Err(error) => eprintln!("real_servers: proxy: {error}"),
                    }
                });
            }
        });
        Ok(Self { address, closed, cuts })
    }

    /// Cuts the connections that may be cut.
    fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }
}

/// Passes bytes both ways until one side closes, or the cut comes. Whether it was the client that closed.
async fn pass(mut client: TcpStream, upstream: &str, cut: Option<watch::Receiver<usize>>) -> std::io::Result<bool> {
    let mut server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let cut = async move {
        if let Some(mut cut) = cut
            && cut.changed().await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    };
    let mut cut = std::pin::pin!(cut);
    let (mut up, mut down) = ([0; 16384], [0; 16384]);
    loop {
        tokio::select! {
            biased;
            () = &mut cut => return Ok(false),
            // A client that goes away in mid-answer may reset the connection.
            read = client.read(&mut up) => match read {
                Ok(0) | Err(_) => return Ok(true),
                Ok(count) => server.write_all(&up[..count]).await?,
            },
            read = server.read(&mut down) => match read? {
                0 => return Ok(false),
                count => if client.write_all(&down[..count]).await.is_err() { return Ok(true) },
            },
        }
    }
}

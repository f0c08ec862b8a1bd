//! What goes wrong between a provider and its server, for both protocols, against a server that does it on purpose.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use roundtable_memory::embed::{EmbedError, Embedder};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::embeddings::{Endpoint, Remote};
use super::gateway::{Ask, Gateway, Limits, Progress};
use super::ollama::{Ollama, Server};
use super::openai::{OpenAi, Settings};
use super::wire::{Play, Wire};
use super::{Capabilities, ChatModel, Delta, Message, ModelError, Request, Speaker, accounts, retry};
use crate::event::Role;

/// No test waits this long unless it fails.
const LONG: Duration = Duration::from_secs(30);

/// How one protocol says the same things, by one way.
struct Protocol {
    model: fn(&str) -> Arc<dyn ChatModel>,
    /// The key; Ollama has none.
    key: Option<&'static str>,
    /// The answer's first word.
    start: &'static str,
    /// Its last, and the end.
    end: &'static str,
}

/// Servers of this machine are reached without reqwest unless a model says otherwise.
const PROTOCOLS: [Protocol; 3] = [
    OPENAI,
    Protocol { model: |url| Arc::new(openai(url).by_reqwest()), ..OPENAI },
    Protocol {
        model: |url| {
            let capabilities = Capabilities { native_tools: true, json_schema: true };
            Arc::new(Ollama::new(Server::new(url).expect("a URL"), "m", capabilities))
        },
        key: None,
        start: "{\"message\":{\"content\":\"one \"},\"done\":false}\n",
        end: "{\"message\":{\"content\":\"two\"},\"done\":true,\"done_reason\":\"stop\"}\n",
    },
];

const OPENAI: Protocol = Protocol {
    model: |url| Arc::new(openai(url)),
    key: Some("sk-secret"),
    start: "data: {\"choices\":[{\"delta\":{\"content\":\"one \"}}]}\n\n",
    end: "data: {\"choices\":[{\"delta\":{\"content\":\"two\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
};

fn openai(url: &str) -> OpenAi {
    let capabilities = Capabilities { native_tools: true, json_schema: true };
    let (base_url, key, model) = (format!("{url}/v1"), "sk-secret".into(), "m".into());
    OpenAi::new(Settings { base_url, key, model, capabilities }).expect("settings that fit")
}

impl Protocol {
    fn whole(&self) -> Play {
        Play::Whole(200, "", format!("{}{}", self.start, self.end))
    }
}

fn request() -> Request {
    Request { messages: vec![Message::new(Speaker::User, "count")], ..Request::default() }
}

/// The text of an answer, and how it ended.
async fn read(model: &dyn ChatModel) -> (String, Result<(), ModelError>) {
    let mut text = String::new();
    let mut stream = match model.stream(request()).await {
        Ok(stream) => stream,
        Err(error) => return (text, Err(error)),
    };
    while let Some(delta) = stream.next().await {
        match delta {
            Ok(Delta::Text(piece)) => text.push_str(&piece),
            Ok(_) => {}
            Err(error) => return (text, Err(error)),
        }
    }
    (text, Ok(()))
}

#[tokio::test]
async fn answers_one_after_another_share_a_connection() {
    for protocol in PROTOCOLS {
        let wire = Wire::start(vec![protocol.whole(); 3]).await;
        let model = (protocol.model)(&wire.url);
        for _ in 0..3 {
            assert_eq!(read(model.as_ref()).await, ("one two".to_owned(), Ok(())));
        }
        let connections: Vec<usize> = wire.calls().iter().map(|call| call.connection).collect();
        assert_eq!(connections, [0, 0, 0], "{model:?}");
    }
}

#[tokio::test]
async fn a_server_that_dies_in_mid_answer_is_a_typed_error_after_what_it_said() {
    for protocol in PROTOCOLS {
        let wire = Wire::start(vec![Play::Cut(protocol.start.into())]).await;
        let (text, ended) = read((protocol.model)(&wire.url).as_ref()).await;
        assert_eq!(text, "one ");
        assert!(matches!(ended, Err(ModelError::BrokenOff { .. })), "{ended:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_dropped_is_cancelled_at_the_server() {
    for protocol in PROTOCOLS {
        let wire = Wire::start(vec![Play::Hang(protocol.start.into())]).await;
        let mut stream = (protocol.model)(&wire.url).stream(request()).await.expect("it begins");
        assert_eq!(stream.next().await, Some(Ok(Delta::Text("one ".into()))));
        drop(stream);
        timeout(LONG, wire.left()).await.expect("the server sees the connection close");
    }
}

#[tokio::test]
async fn refusals_have_their_own_errors() {
    for protocol in PROTOCOLS {
        let check = async |play: Play, expected: fn(&ModelError) -> bool| {
            let wire = Wire::start(vec![play]).await;
            let error = read((protocol.model)(&wire.url).as_ref()).await.1.expect_err("it refuses");
            assert!(expected(&error), "{error:?}");
            assert!(protocol.key.is_none_or(|key| !format!("{error:?} {error}").contains(key)), "{error}");
            assert_eq!(wire.calls().len(), 1, "one attempt");
        };
        let body = || json!({"error": {"message": format!("no, {}", protocol.key.unwrap_or_default())}}).to_string();
        check(Play::Whole(401, "", body()), |e| matches!(e, ModelError::Unauthorized { status: 401, .. })).await;
        check(
            Play::Whole(429, "retry-after: 7\r\n", body()),
            |e| matches!(e, ModelError::RateLimited { retry_after: Some(wish), .. } if wish.as_secs() == 7),
        )
        .await;
        check(
            Play::Whole(503, "retry-after: 2\r\n", body()),
            |e| matches!(e, ModelError::Server { status: 503, retry_after: Some(wish), .. } if wish.as_secs() == 2),
        )
        .await;
        // In the words of OpenAI, of llama.cpp, and of a proxy that makes a failure of it.
        for (status, message) in [
            (
                400,
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
            ),
            (400, "request (4322 tokens) exceeds the available context size (4096 tokens), try increasing it"),
            (500, "Error code: 400 - {'error': {'type': 'exceed_context_size_error', 'n_ctx': 4096}}"),
        ] {
            let body = json!({"error": {"message": message}}).to_string();
            check(Play::Whole(status, "", body), |e| matches!(e, ModelError::TooLong { .. })).await;
        }
        // Followed, it would carry the key to wherever the server points.
        check(Play::Whole(307, "location: http://127.0.0.1:9/\r\n", String::new()), |e| {
            matches!(e, ModelError::Rejected { status: 307, .. })
        })
        .await;
    }
}

#[tokio::test]
async fn nobody_there() {
    for protocol in PROTOCOLS {
        // Port 9 of this machine: nobody listens there.
        let ended = read((protocol.model)("http://127.0.0.1:9").as_ref()).await.1;
        assert!(matches!(ended, Err(ModelError::Unreachable { .. })), "{ended:?}");
    }
}

#[tokio::test]
async fn the_gateway_withdraws_a_broken_answer_and_asks_again() {
    for protocol in PROTOCOLS {
        let wire = Wire::start(vec![Play::Cut(protocol.start.into()), protocol.whole()]).await;
        let retry = retry::Policy { base: Duration::from_millis(1), ..retry::Policy::default() };
        let limits = Limits { retry, ..Limits::default() };
        let gateway = Gateway::new((protocol.model)(&wire.url), limits, accounts::Prices::default(), 0);
        let ask = Ask { role: Role::Planner, deadline: Instant::now() + LONG, may_withdraw: true };
        let mut seen = String::new();
        let listen = |progress: Progress<'_>| match progress {
            Progress::Delta(Delta::Text(text)) => seen.push_str(text),
            Progress::Withdrawn { .. } => seen.push('|'),
            _ => {}
        };
        let reply = gateway.complete(ask, &request(), listen).await.expect("the second attempt works");
        assert_eq!((reply.text.as_str(), reply.usage.requests), ("one two", 2));
        assert_eq!(seen, "one |one two");
    }
}

async fn vectors(plays: Vec<Play>, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
    let wire = Wire::start(plays).await;
    let (base_url, key, model) = (format!("{}/v1", wire.url), "sk-secret".into(), "m".into());
    let remote = Remote::connect(Endpoint::OpenAi { base_url, key, model }).await.expect("the first vector comes");
    assert_eq!((remote.id(), remote.dimension()), ("openai/m", 2));
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    remote.embed(&texts).await
}

#[tokio::test]
async fn vectors_have_length_one_and_the_order_of_their_texts() {
    let list = |data| Play::Whole(200, "", json!({ "data": data }).to_string());
    let first = || list(json!([{"index": 0, "embedding": [1.0, 0.0]}]));
    let swapped = list(json!([{"index": 1, "embedding": [0.0, 2.0]}, {"index": 0, "embedding": [3.0, 4.0]}]));
    // By hand: 3, 4, 5 is a right triangle.
    let found = vectors(vec![first(), swapped], &["a", "b"]).await.expect("vectors");
    assert_eq!(found, [[0.6, 0.8], [0.0, 1.0]]);
    let longer = list(json!([{"index": 0, "embedding": [1.0, 0.0, 0.0]}]));
    let found = vectors(vec![first(), longer.clone(), longer], &["a"]).await;
    assert!(matches!(found, Err(EmbedError::Run { .. })), "{found:?}");
    let refused = vectors(vec![first(), Play::Whole(401, "", String::new())], &["a"]).await;
    assert!(matches!(refused, Err(EmbedError::Unreachable { .. })), "{refused:?}");
}

#[tokio::test]
async fn ollamas_vectors() {
    let body = |vectors| Play::Whole(200, "", json!({ "embeddings": vectors }).to_string());
    let wire = Wire::start(vec![body(json!([[0.0, 5.0]])), body(json!([[3.0, 4.0], [1.0, 0.0]]))]).await;
    let remote =
        Remote::connect(Endpoint::Ollama { host: wire.url.clone(), model: "m".into() }).await.expect("a vector");
    assert_eq!((remote.id(), remote.dimension()), ("ollama/m", 2));
    let found = remote.embed(&["a".to_owned(), "b".to_owned()]).await.expect("vectors");
    assert_eq!(found, [[0.6, 0.8], [1.0, 0.0]]);
    assert_eq!(wire.calls()[1].body, json!({"model": "m", "input": ["a", "b"]}));
}

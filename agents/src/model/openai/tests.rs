//! Both directions of the protocol, held to async-openai's types.

use std::sync::Arc;

use async_openai::types::chat::{
    CreateChatCompletionRequest, CreateChatCompletionStreamResponse, FinishReason as Theirs,
};
use serde_json::json;

use super::super::{Format, ToolCall, ToolOffer};
use super::*;

const KEY: &str = "sk-secret-1234";

fn model(base_url: &str) -> OpenAi {
    let capabilities = Capabilities { native_tools: true, json_schema: true };
    let (base_url, key) = (base_url.to_owned(), KEY.to_owned());
    OpenAi::new(Settings { base_url, key, model: "m".into(), capabilities }).expect("settings that fit")
}

/// Reads a whole body, cut into pieces of `size` bytes.
fn read(body: &str, size: usize) -> Result<Vec<Delta>, ModelError> {
    let mut reader = Reader::new("openai/m".into(), KEY.into());
    for piece in body.as_bytes().chunks(size) {
        reader.feed(piece)?;
    }
    reader.end(&HeaderMap::new())?;
    Ok(reader.ready.into_iter().collect())
}

fn text(deltas: &[Delta]) -> String {
    deltas.iter().filter_map(|delta| if let Delta::Text(text) = delta { Some(text.as_str()) } else { None }).collect()
}

#[test]
fn a_request_is_one_of_async_openai() {
    let mut called = Message::new(Speaker::Assistant, "");
    called.tool_calls.push(ToolCall { id: "c1".into(), name: "dot".into(), arguments: r#"{"a":1}"#.into() });
    let request = Request {
        messages: vec![
            Message::new(Speaker::System, "rules"),
            Message::new(Speaker::User, "dot?"),
            called,
            Message::tool_result("c1", "32"),
        ],
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
    let body = model("https://api.openai.com/v1/").body(request.clone()).expect("JSON");
    let theirs: CreateChatCompletionRequest = serde_json::from_slice(&body).expect("async-openai reads it");
    assert_eq!(theirs.max_completion_tokens, Some(9));
    // Written again by async-openai it is the same JSON: nothing was lost, nothing is unknown to it.
    let ours: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(serde_json::to_value(&theirs).expect("JSON"), ours);
    assert_eq!(ours["messages"][3], json!({"role": "tool", "tool_call_id": "c1", "content": "32"}));
    assert_eq!(ours["seed"], json!(0x7fff_ffff));

    let elsewhere = model("http://127.0.0.1:1/v1").body(request).expect("JSON");
    let elsewhere: Value = serde_json::from_slice(&elsewhere).expect("JSON");
    assert_eq!((&elsewhere["max_tokens"], &elsewhere["max_completion_tokens"]), (&json!(9), &Value::Null));
}

#[test]
fn a_chunk_of_async_openai_is_read() {
    let mut chunk = CreateChatCompletionStreamResponse::default();
    let mut choice = async_openai::types::chat::ChatChoiceStream::default();
    choice.delta.content = Some("hé".into());
    choice.finish_reason = Some(Theirs::Length);
    chunk.choices.push(choice);
    let body = format!("data: {}\n\ndata: [DONE]\n\n", serde_json::to_string(&chunk).expect("JSON"));
    assert_eq!(read(&body, 7), Ok(vec![Delta::Text("hé".into()), Delta::Finish(FinishReason::Length)]));
}

#[test]
fn events_survive_any_cut() {
    let body = concat!(
        ": a comment\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\r\n\r\n",
        "event: x\ndata:{\"choices\":[{\"delta\":{\"content\":\"naïve \"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"日本\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\nignored",
    );
    for size in 1..body.len() {
        let deltas = read(body, size).expect("a whole stream");
        assert_eq!(text(&deltas), "naïve 日本");
        let usage = Usage { input_tokens: 3, output_tokens: 2, ..Usage::default() };
        assert_eq!(deltas.last(), Some(&Delta::Usage(usage)));
    }
}

#[test]
fn calls_without_index_or_with_bare_arguments() {
    let body = concat!(
        r#"data: {"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"dot","arguments":{"x":1}}}]}}]}"#,
        "\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"sum","arguments":""}}]}}]}"#,
        "\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
        "\n",
    );
    let piece = |index, id: Option<&str>, name: Option<&str>, arguments: &str| Delta::ToolCall {
        index,
        id: id.map(Into::into),
        name: name.map(Into::into),
        arguments: arguments.into(),
    };
    let expected = vec![
        piece(0, Some("a"), Some("dot"), r#"{"x":1}"#),
        piece(1, Some("b"), Some("sum"), ""),
        piece(1, None, None, "{}"),
        Delta::Finish(FinishReason::ToolCalls),
    ];
    assert_eq!(read(body, 11), Ok(expected));
}

#[test]
fn an_answer_that_is_not_streamed_is_read_too() {
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;
    assert_eq!(read(body, 9), Ok(vec![Delta::Text("hi".into()), Delta::Finish(FinishReason::Stop)]));
}

#[test]
fn failures_within_a_stream() {
    let failure = |body: &str| read(body, 5).expect_err("it fails");
    let told = failure("data: {\"error\":{\"code\":503,\"message\":\"slots full, sk-secret-1234\"}}\n\n");
    let ModelError::Server { status: 503, message, .. } = told else { panic!("{told:?}") };
    assert_eq!(message, "slots full, [key]");
    assert!(matches!(failure("error: {\"error\":\"oops\"}\n"), ModelError::Server { status: 500, .. }));
    assert!(matches!(failure("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n"), ModelError::BrokenOff { .. }));
    assert!(matches!(failure("data: {nonsense\n"), ModelError::Protocol { .. }));
    assert!(matches!(failure("<html>hello</html>"), ModelError::Protocol { .. }));
    assert!(matches!(failure(""), ModelError::Protocol { .. }));
}

#[test]
fn keys_never_print() {
    let settings = Settings {
        base_url: "http://127.0.0.1:1/v1".into(),
        key: KEY.into(),
        model: "m".into(),
        capabilities: Capabilities { native_tools: true, json_schema: true },
    };
    assert!(!format!("{settings:?}").contains("secret"));
    assert!(!format!("{:?}", model("http://127.0.0.1:1/v1")).contains("secret"));
    let broken = Settings { key: "sk-secret\n1".into(), ..settings.clone() };
    let error = OpenAi::new(broken).expect_err("no key holds a line end");
    assert!(!format!("{error:?} {error}").contains("secret"));
    for url in ["127.0.0.1:1", "ftp://x/v1", "http://user:pw@x/v1", ""] {
        let refused = OpenAi::new(Settings { base_url: url.into(), ..settings.clone() });
        assert!(matches!(refused, Err(BadSettings::Url { .. })), "{url}");
    }
}

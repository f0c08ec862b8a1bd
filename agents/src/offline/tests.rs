#![allow(clippy::unwrap_used)]
use super::*;
use crate::model::{Message, Speaker, ToolCall, ToolOffer};
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

static OFFLINE: LazyLock<Offline> = LazyLock::new(|| Offline::new(&Catalogue::standard().expect("the standard tools")));

fn offline() -> &'static Offline {
    &OFFLINE
}

fn offers() -> Vec<ToolOffer> {
    let offer = |name: &str, argument: &str| ToolOffer {
        name: name.into(),
        description: "".into(),
        parameters: Arc::new(
            json!({"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]}),
        ),
    };
    vec![
        offer("search_documents", "query"),
        offer("remember", "text"),
        offer("recall", "query"),
        offer("forget_memory", "query"),
        offer("guard_scan", "text"),
    ]
}

fn ask(messages: Vec<Message>) -> Move {
    offline().decide(&Request { messages, tools: offers(), ..Request::default() })
}

fn said(next: Move) -> String {
    match next {
        Move::Say(text) => text,
        Move::Call(calls) => panic!("calls {calls:?}"),
    }
}

/// What was said, called and answered so far.
fn turn(user: &str, tool: &str, arguments: Value, result: Value) -> Vec<Message> {
    let calls = vec![ToolCall { id: "call_1".into(), name: tool.into(), arguments: arguments.to_string() }];
    vec![
        Message::new(Speaker::User, user),
        Message { tool_calls: calls, ..Message::new(Speaker::Assistant, "") },
        Message::tool_result("call_1", result.to_string()),
    ]
}

fn then(mut before: Vec<Message>, user: &str) -> Move {
    before.push(Message::new(Speaker::Assistant, "Done."));
    before.push(Message::new(Speaker::User, user));
    ask(before)
}

fn check(next: Move, tool: &str, arguments: Value) {
    let Move::Call(calls) = next else { panic!("no call: {next:?}") };
    assert_eq!((calls[0].0.as_str(), json!(calls[0].1)), (tool, arguments));
}

#[test]
fn follow_ups_change_the_last_call() {
    let kmeans = || turn("cluster", "kmeans", json!({"X": [[1], [2], [9]], "k": 2}), json!({"labels": [0, 0, 1]}));
    check(then(kmeans(), "and with k = 3?"), "kmeans", json!({"X": [[1], [2], [9]], "k": 3}));
    check(then(kmeans(), "now with seed 5"), "kmeans", json!({"X": [[1], [2], [9]], "k": 2, "seed": 5}));
    check(then(kmeans(), "and with three?"), "kmeans", json!({"X": [[1], [2], [9]], "k": 3}));
    let describe = || turn("describe 1, 2, 3", "describe", json!({"x": [1, 2, 3]}), json!({"mean": 2}));
    check(then(describe(), "the same for [4, 5, 6]"), "describe", json!({"x": [4, 5, 6]}));
    check(then(describe(), "what about its variance?"), "mean_variance", json!({"x": [1, 2, 3]}));
    let found =
        turn("cluster", "kmeans", json!({"X": [[1], [2], [9]], "k": 2}), json!({"labels": [0, 0, 1], "sizes": [2, 1]}));
    check(then(found, "what is the mean of the sizes?"), "mean_variance", json!({"x": [2, 1]}));
    let drawn = turn("draw 3", "gaussian_simulate", json!({"n": 3}), json!({"samples": [0.1, 0.4, -1.0]}));
    check(then(drawn, "what is the mean of those samples?"), "mean_variance", json!({"x": [0.1, 0.4, -1.0]}));
}

#[test]
fn questions_with_numbers_in_them_are_still_questions() {
    for question in ["What does the HTTP status code 404 mean?", "How long did the fighting last in Seven Years War?"] {
        let next = ask(vec![Message::new(Speaker::User, question)]);
        let Move::Call(calls) = next else { panic!("not looked up: {next:?}") };
        assert_eq!(calls[0].0, "search_documents", "{question}");
    }
}

#[test]
fn a_function_is_read_as_it_is_written() {
    let next = ask(vec![Message::new(Speaker::User, "Minimise x^2 - 4x + 1 by gradient descent, starting at 10")]);
    let polynomial = json!({"kind": "polynomial", "coefficients": [1, -4, 1]});
    check(next, "gradient_descent", json!({"objective": polynomial, "x0": [10]}));
}

#[test]
fn what_is_missing_is_asked_for_and_the_answer_completes_it() {
    let asked = said(ask(vec![Message::new(Speaker::User, "compute the dot product of [1, 2]")]));
    assert!(asked.contains("`b` (the second vector") && !asked.contains("`a` ("), "{asked}");
    let next = ask(vec![
        Message::new(Speaker::User, "compute the dot product of [1, 2]"),
        Message::new(Speaker::Assistant, asked),
        Message::new(Speaker::User, "[3, 4]"),
    ]);
    check(next, "vector_dot", json!({"a": [1, 2], "b": [3, 4]}));
}

#[test]
fn results_become_sentences() {
    assert_eq!(said(ask(turn("dot", "vector_dot", json!({}), json!({"value": 32})))), "The dot product is 32.");
    let error =
        roundtable_tools::Error::invalid("/k", "`k` is 5, but there are only 3 rows").with_hint("use `k` from 1 to 3");
    let told = said(ask(turn("cluster", "kmeans", json!({}), error.to_value())));
    assert!(told.contains("Use `k` from 1 to 3."), "{told}");
    let told =
        said(ask(turn("remember that I like tea", "remember", json!({"text": "I like tea"}), json!({"record": "r1"}))));
    assert_eq!(told, "I will remember: I like tea.");
    let records = json!({"records": [{"n": 1, "record": "r1", "text": "My favourite dataset is iris", "session": "s", "turn": "t"}]});
    let told = said(ask(turn("What is my favourite dataset?", "recall", json!({"query": "dataset"}), records)));
    assert_eq!(told, "I remember: My favourite dataset is iris.");
}

#[test]
fn thin_passages_are_searched_once_more_and_then_unknown() {
    let thin = json!({"query": "q", "passages": [{"n": 1, "doc": "d", "chunk": "d#0", "title": "t", "text": "Cats sleep for most of the day and night."}]});
    let mut messages = turn(
        "Why does ice float on water?",
        "search_documents",
        json!({"query": "Why does ice float on water?"}),
        thin.clone(),
    );
    let Move::Call(calls) = ask(messages.clone()) else { panic!("one more search") };
    assert_eq!((calls[0].0.as_str(), &calls[0].1["query"]), ("search_documents", &json!("ice float water")));
    let again = ToolCall {
        id: "call_2".into(),
        name: "search_documents".into(),
        arguments: json!({"query": "ice float water"}).to_string(),
    };
    messages.push(Message { tool_calls: vec![again], ..Message::new(Speaker::Assistant, "") });
    messages.push(Message::tool_result("call_2", thin.to_string()));
    assert!(said(ask(messages)).starts_with("I don't know"));
}

#[test]
fn passages_become_a_cited_answer() {
    let found = json!({"query": "q", "passages": [{"n": 1, "doc": "d", "chunk": "d#0", "title": "t",
        "text": "Ice floats on water because it is less dense. Cats sleep for most of the day."}]});
    let told = said(ask(turn("Why does ice float on water?", "search_documents", json!({"query": "ice"}), found)));
    assert!(told.contains("less dense") && told.contains("[1]") && !told.contains("Cats"), "{told}");
}

#[test]
fn passages_that_nobody_asked_for_do_not_decide() {
    let found = json!({"query": "q", "passages": [{"n": 1, "doc": "d", "chunk": "d#0", "title": "t", "text": "A dot product is a sum of products."}]});
    let unasked = |text: &str| ask(turn(text, "search_documents", json!({"query": text}), found.clone()));
    check(unasked("dot product of [1, 2] and [3, 4]"), "vector_dot", json!({"a": [1, 2], "b": [3, 4]}));
    check(unasked("remember that I like tea"), "remember", json!({"text": "I like tea"}));
    assert!(said(unasked("thanks!")).contains("welcome"));
    let mut done = turn("dot product of [1, 2] and [3, 4]", "search_documents", json!({"query": "dot"}), found.clone());
    let call = ToolCall { id: "call_2".into(), name: "vector_dot".into(), arguments: "{}".into() };
    done.push(Message { tool_calls: vec![call], ..Message::new(Speaker::Assistant, "") });
    done.push(Message::tool_result("call_2", r#"{"value": 11}"#));
    assert_eq!(said(ask(done)), "The dot product is 11.");
}

#[test]
fn what_was_merely_said_is_quoted_without_the_answer() {
    let records = json!({"records": [
        {"n": 1, "record": "e", "kind": "episode", "text": "Asked: our deadline moved to May\nAnswered: I don't know."},
        {"n": 2, "record": "f", "kind": "episode", "text": "Asked: when is our deadline?\nAnswered: I don't know."}]});
    let told = said(ask(turn("What did I say about the deadline?", "recall", json!({"query": "deadline"}), records)));
    assert_eq!(told, "I remember: our deadline moved to May.");
}

#[test]
fn without_documents_or_tools_it_says_so() {
    let offline = offline();
    let request = |text: &str| Request { messages: vec![Message::new(Speaker::User, text)], ..Request::default() };
    assert!(said(offline.decide(&request("Why does ice float?"))).starts_with("I don't know"));
    assert!(said(offline.decide(&request("remember that I like tea"))).contains("no memory"));
    assert!(said(offline.decide(&Request::default())).contains("/help"));
    assert!(said(offline.decide(&request("knit me a jumper in 3 colours"))).contains("no tool"));
}

#[test]
fn nothing_of_a_text_is_lost_in_pieces() {
    let text = "One. Two? Three!\nFour";
    assert_eq!(pieces(text).collect::<Vec<_>>(), ["One. ", "Two? ", "Three!\n", "Four"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_sentence_makes_it_panic(text in any::<String>(), before in any::<String>()) {
        let messages = vec![Message::new(Speaker::User, before), Message::new(Speaker::Assistant, "x"), Message::new(Speaker::User, text)];
        ask(messages);
    }

    #[test]
    fn nor_do_pieces_of_requests(parts in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        let text = parts.concat();
        let before = turn("cluster", "kmeans", json!({"X": [[1], [2]], "k": 2}), json!({"labels": [0, 1]}));
        then(before, &text);
        ask(vec![Message::new(Speaker::User, text)]);
    }
}

const PIECES: &[&str] = &[
    "[",
    "]",
    "(",
    ")",
    "1",
    "2,",
    " 3.5",
    "%",
    " in ",
    "k",
    " = ",
    "mean ",
    "and ",
    "–",
    "“",
    "”",
    "'",
    "\"",
    ": ",
    "\n",
    "é",
    "cluster ",
    "dot product ",
    "of ",
    "half",
    " hundred",
    "e-5",
    "1e309",
    "columns a and b of x.csv ",
    "scan this",
    "forget ",
    "remember ",
    "percentile ",
    "90th ",
    "’",
    "😀",
    "-",
    "chunk ",
    "predict ",
    "from ",
    "minus ",
    ";",
    "into two ",
    "`",
    "{",
    "}",
    "what ",
    "?",
    "99999999999999999999999999999999999999999999",
    "10^",
];

/// Tools that no catalogue has yet: their schema alone must do.
fn strangers() -> Vec<ToolOffer> {
    let offer = |name: &str, what: &str, properties: Value, required: &[&str]| ToolOffer {
        name: name.into(),
        description: what.into(),
        parameters: Arc::new(json!({"type": "object", "properties": properties, "required": required})),
    };
    let table = json!({"type": "array", "items": {"type": "array", "items": {"type": "number"}}, "description": "The points, one a row."});
    let gaps = json!({"type": "array", "items": {"type": "array", "items": {"type": ["number", "null"]}}, "description": "The table with gaps."});
    let count = |what: &str| json!({"type": "integer", "minimum": 1, "description": what});
    vec![
        offer(
            "dbscan",
            "Finds clusters of any shape by density. Use it when the number of clusters is not known.",
            json!({"X": table, "eps": {"type": "number", "minimum": 0, "description": "How near neighbours are."},
                "min_samples": count("How many neighbours make a core point.")}),
            &["X", "eps", "min_samples"],
        ),
        offer(
            "impute_missing",
            "Fills in missing numbers of a table column by column. Use it before tools that take no gaps.",
            json!({"X": gaps, "strategy": {"enum": ["mean", "median", "most_frequent"], "description": "What fills a gap."}}),
            &["X", "strategy"],
        ),
        offer(
            "train_val_test_split",
            "Splits rows into training, validation and test sets. Use it before training a model.",
            json!({"n": count("How many rows there are."), "seed": {"type": "integer", "default": 0, "description": "Where the random sequence starts."},
                "fractions": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "description": "The share of each set."}}),
            &["n", "fractions"],
        ),
        offer(
            "bpe_train",
            "Trains a byte-pair tokenizer on a text. Use it to see how words become tokens.",
            json!({"text": {"type": "string", "description": "The text to learn from."}, "merges": count("How many merges to learn.")}),
            &["text", "merges"],
        ),
        offer(
            "levenshtein",
            "Computes the edit distance between two texts. Use it to compare spellings.",
            json!({"a": {"type": "string", "description": "The one text."}, "b": {"type": "string", "description": "The other text."}}),
            &["a", "b"],
        ),
        offer(
            "positional_encoding",
            "Computes the sinusoidal positional encoding of a transformer. Use it to see how places are told apart.",
            json!({"positions": count("How many positions."), "dimensions": count("How many dimensions.")}),
            &["positions", "dimensions"],
        ),
    ]
}

#[test]
fn a_tool_that_was_never_seen_is_found_and_filled_by_its_schema() {
    // A model of another catalogue: every tool comes with the request.
    let stranger = Offline::new(&Catalogue::empty());
    let check_stranger = |text: &str, tool: &str, arguments: Value| {
        let tools = offers().into_iter().chain(strangers()).collect();
        let messages = vec![Message::new(Speaker::User, text)];
        check(stranger.decide(&Request { messages, tools, ..Request::default() }), tool, arguments);
    };
    check_stranger(
        "DBSCAN with eps 0.4 and min_samples 3 on [[0,0],[0,1],[7,7]]",
        "dbscan",
        json!({"X": [[0, 0], [0, 1], [7, 7]], "eps": 0.4, "min_samples": 3}),
    );
    check_stranger(
        "fill the gaps with the median: [[1, null], [3, 4]]",
        "impute_missing",
        json!({"X": [[1, null], [3, 4]], "strategy": "median"}),
    );
    check_stranger(
        "fill in missing values by the most frequent one in [[1, null], [1, 2]]",
        "impute_missing",
        json!({"X": [[1, null], [1, 2]], "strategy": "most_frequent"}),
    );
    check_stranger(
        "split 200 rows into 60% train, 20% validation and 20% test, seed 4",
        "train_val_test_split",
        json!({"n": 200, "fractions": [0.6, 0.2, 0.2], "seed": 4}),
    );
    check_stranger(
        "train a BPE tokenizer with 30 merges on 'aa ab abc 12'",
        "bpe_train",
        json!({"text": "aa ab abc 12", "merges": 30}),
    );
    check_stranger("edit distance between 'house' and 'mouse'", "levenshtein", json!({"a": "house", "b": "mouse"}));
    check_stranger("edit distance of kitten and sitting", "levenshtein", json!({"a": "kitten", "b": "sitting"}));
    check_stranger(
        "sinusoidal positional encoding for 40 positions and 8 dimensions",
        "positional_encoding",
        json!({"positions": 40, "dimensions": 8}),
    );
}

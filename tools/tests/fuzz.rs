//! Whatever the arguments, a tool answers within its output schema or says what is wrong and where; it never panics.
//!
//! Arguments are made from each tool's own input schema, so a new tool is tested here without a line being added.
//! Some are left as they are, some are damaged: a wrong type, a null, a huge number, an unknown field, deep nesting.

use std::sync::LazyLock;

use proptest::prelude::*;
use roundtable_tools::{Catalogue, Error, ErrorKind, Spec, batch};
use serde_json::{Map, Value, json};

static TOOLS: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::standard().expect("every schema compiles"));

/// A value that fits the schema. All matrices of one call have `rows` rows and `columns` columns, and lists are as long
/// as a matrix is high, so that most calls also fit together.
fn fitting(schema: &Value, rows: usize, columns: usize) -> BoxedStrategy<Value> {
    if let Some(branches) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let branches = branches.iter().map(|branch| fitting(branch, rows, columns));
        return proptest::strategy::Union::new(branches).boxed();
    }
    if let Some(only) = schema.get("const") {
        return Just(only.clone()).boxed();
    }
    if let Some(options) = schema["enum"].as_array() {
        return prop::sample::select(options.clone()).boxed();
    }
    if let Some(kinds) = schema["type"].as_array() {
        let kinds = kinds.clone();
        let schema = schema.clone();
        return prop::sample::select(kinds)
            .prop_flat_map(move |kind| {
                let mut one = schema.clone();
                one["type"] = kind;
                fitting(&one, rows, columns)
            })
            .boxed();
    }
    match schema["type"].as_str() {
        Some("object") => object(schema, rows, columns),
        Some("array") => {
            let items = &schema["items"];
            let inner =
                if items["type"] == "array" { fitting_row(items, columns) } else { fitting(items, rows, columns) };
            prop::collection::vec(inner, length(schema, rows)).prop_map(Value::from).boxed()
        }
        Some("string") => prop_oneof!["[a-z \n.]{0,60}", "\\PC{0,20}"].prop_map(Value::from).boxed(),
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        Some("null") => Just(Value::Null).boxed(),
        Some("integer") => integer(schema),
        Some("number") => number(schema),
        other => panic!("no strategy for a schema of type {other:?}: {schema}"),
    }
}

fn fitting_row(schema: &Value, columns: usize) -> BoxedStrategy<Value> {
    let columns = length(schema, columns);
    prop::collection::vec(fitting(&schema["items"], columns, columns), columns).prop_map(Value::from).boxed()
}

/// The nearest length that a list may have.
fn length(schema: &Value, wanted: usize) -> usize {
    let bound = |key: &str| schema[key].as_u64().map(|bound| bound as usize);
    wanted.max(bound("minItems").unwrap_or(0)).min(bound("maxItems").unwrap_or(usize::MAX))
}

fn object(schema: &Value, rows: usize, columns: usize) -> BoxedStrategy<Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let fields: Vec<(String, bool, BoxedStrategy<Value>)> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, field)| (name.clone(), required.contains(&json!(name)), fitting(field, rows, columns)))
        .collect();
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, required, value)| {
            let there = if required { Just(true).boxed() } else { any::<bool>().boxed() };
            (there, value).prop_map(move |(there, value)| there.then(|| (name.clone(), value)))
        })
        .collect();
    fields.prop_map(|fields| Value::Object(fields.into_iter().flatten().collect())).boxed()
}

fn integer(schema: &Value) -> BoxedStrategy<Value> {
    let least = schema["minimum"].as_i64().unwrap_or(-5);
    let most = schema["maximum"].as_u64().unwrap_or(u64::MAX);
    prop_oneof![
        12 => (least.max(-5)..least.max(-5) + 6).prop_map(Value::from),
        1 => Just(json!(least)),
        1 => Just(json!(most)),
        // A whole number may be written as a float.
        1 => (least.max(1)..least.max(1) + 3).prop_map(|number| json!(number as f64)),
    ]
    .boxed()
}

fn number(schema: &Value) -> BoxedStrategy<Value> {
    let least = schema["minimum"].as_f64().or(schema["exclusiveMinimum"].as_f64().map(|x| x + 1e-9));
    let most = schema["maximum"].as_f64().or(schema["exclusiveMaximum"].as_f64().map(|x| x - 1e-9));
    let (low, high) = (least.unwrap_or(-10.0), most.unwrap_or(least.unwrap_or(-10.0) + 20.0));
    let fits = |x: &f64| least.is_none_or(|least| *x >= least) && most.is_none_or(|most| *x <= most);
    let some_of = |numbers: &[f64]| -> Vec<f64> { numbers.iter().copied().filter(fits).chain([low]).collect() };
    let whole = some_of(&[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    let extreme = some_of(&[0.0, -0.0, 1.0, 1e16, 1e154, 1e300, f64::MAX, -f64::MAX, 1e-160, 1e-300, 5e-324]);
    // Most calls have usual numbers only; small whole ones make ties and repeated rows.
    prop_oneof![
        60 => low..=high,
        30 => prop::sample::select(whole),
        1 => prop::sample::select(extreme)
    ]
    .prop_map(Value::from)
    .boxed()
}

/// What a caller might put where something else belongs.
fn junk() -> BoxedStrategy<Value> {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!("text"),
        json!("NaN"),
        json!(-1),
        json!(0),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1_000_000_000_000_u64),
        json!([]),
        json!([[]]),
        json!([null]),
        json!([[1, 2], [3]]),
        json!([[1, 2], 3]),
        json!({}),
        json!({"a": {"b": []}}),
        nested(60),
    ])
    .boxed()
}

/// What happens to good arguments.
#[derive(Debug, Clone)]
enum Damage {
    None,
    /// The place, counted among all places, gets another value.
    Replace(usize, Value),
    /// A field more.
    Add(String, Value),
    /// A field less.
    Remove(usize),
}

fn damage() -> BoxedStrategy<Damage> {
    prop_oneof![
        3 => Just(Damage::None),
        4 => (any::<usize>(), junk()).prop_map(|(at, value)| Damage::Replace(at, value)),
        1 => ("[a-zA-Z~/_é]{0,9}", junk()).prop_map(|(name, value)| Damage::Add(name, value)),
        1 => any::<usize>().prop_map(Damage::Remove),
    ]
    .boxed()
}

fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{here}/{i}"), found))
        }
        Value::Object(fields) => fields.iter().for_each(|(key, field)| places(field, &format!("{here}/{key}"), found)),
        _ => {}
    }
}

fn apply(damage: &Damage, arguments: &mut Value) {
    match damage {
        Damage::None => {}
        Damage::Replace(at, value) => {
            let mut found = Vec::new();
            places(arguments, "", &mut found);
            if let Some(place) = arguments.pointer_mut(&found[at % found.len()]) {
                *place = value.clone();
            }
        }
        Damage::Add(name, value) => arguments[name] = value.clone(),
        Damage::Remove(at) => {
            if let Some(fields) = arguments.as_object_mut()
                && let Some(name) = fields.keys().nth(at % fields.len().max(1)).cloned()
            {
                fields.remove(&name);
            }
        }
    }
}

/// A place in the arguments, or that of an argument which was left at its default.
fn exists(path: &str, arguments: &Value, spec: &Spec) -> bool {
    let default = path.strip_prefix('/').is_some_and(|name| spec.input_schema["properties"].get(name).is_some());
    arguments.pointer(path).is_some() || default
}

fn check(spec: &Spec, arguments: &Value, result: &Result<Value, Error>) {
    match result {
        Ok(output) => {
            let validator = jsonschema::draft202012::new(&spec.output_schema).expect("a schema");
            assert!(validator.is_valid(output), "{}: {arguments} gave {output}", spec.name);
        }
        Err(error) => {
            let kinds = [ErrorKind::InvalidArguments, ErrorKind::Undefined, ErrorKind::TooLarge];
            assert!(kinds.contains(&error.kind), "{}: {arguments} gave {error:?}", spec.name);
            assert!(exists(&error.path, arguments, spec), "{}: {arguments} gave {error:?}", spec.name);
            assert!(!error.message.is_empty() && !error.message.ends_with('.'), "{error:?}");
            // A message is for reading: it quotes no whole argument.
            assert!(error.to_string().chars().count() < 1500, "{error}");
        }
    }
}

fn calls() -> impl Strategy<Value = (&'static Spec, Value, Damage)> {
    (0..TOOLS.len(), 1_usize..8, 1_usize..5).prop_flat_map(|(tool, rows, columns)| {
        let spec = TOOLS.iter().nth(tool).expect("an index below the length").spec();
        (Just(spec), fitting(&spec.input_schema, rows, columns), damage())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_is_answered((spec, mut arguments, damage) in calls()) {
        let tool = TOOLS.get(&spec.name).expect("it is from there");
        prop_assert!(tool.check(&arguments).is_ok(), "{}: {} should fit", spec.name, arguments);
        apply(&damage, &mut arguments);
        let result = TOOLS.call(&spec.name, &arguments);
        check(spec, &arguments, &result);
        prop_assert_eq!(&result, &TOOLS.call(&spec.name, &arguments), "the same call gave something else");
    }

    #[test]
    fn every_text_is_answered(
        (spec, arguments, _) in calls(),
        at in any::<prop::sample::Index>(),
        put in "[\\[\\]{}\",:.0-9eE+\\-a-z\\\\ ]{0,3}",
        cut in 0_usize..3,
    ) {
        let line = json!({"tool": spec.name, "args": arguments, "id": 1}).to_string();
        let mut letters: Vec<char> = line.chars().collect();
        let at = at.index(letters.len());
        letters.splice(at..(at + cut).min(letters.len()), put.chars());
        let answer = batch::answer(&TOOLS, &letters.into_iter().collect::<String>());
        prop_assert!(answer.contains_key("output") != answer.contains_key("error"), "{:?}", answer);
    }
}

#[test]
fn nothing_at_all_is_answered() {
    for tool in TOOLS.iter() {
        let spec = tool.spec();
        for arguments in [Value::Null, json!([]), json!("x"), json!(3), Value::Object(Map::new())] {
            check(spec, &arguments, &TOOLS.call(&spec.name, &arguments));
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let error = TOOLS.call_json("kmeans", &format!("{{\"X\": {deep}, \"k\": 1}}")).expect_err("too deep");
    assert_eq!(error.kind, ErrorKind::BadJson);
}

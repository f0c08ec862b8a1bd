//! A tool: an algorithm with a name, the schemas of what it takes and gives, and what a scheduler needs to know.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use jsonschema::Validator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    catalogue::BuildError,
    error::{Error, ErrorKind},
    explain::explain,
    finite::first_non_finite,
    schema,
};

/// What a call does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: the output depends on the arguments alone.
    Pure,
    /// It looks at something outside its arguments.
    Reads,
    /// It changes something.
    Writes,
}

/// Everything about a tool but the code.
#[derive(Debug, Clone, Serialize)]
pub struct Spec {
    /// The name that calls it.
    pub name: String,
    /// The family it belongs to, which is also the folder of its file: `vectors`, `cluster`, …
    pub group: String,
    /// What it does and when to reach for it, for people and models: the doc comment of its argument type.
    pub description: String,
    /// JSON Schema (draft 2020-12) of the arguments.
    pub input_schema: Value,
    /// JSON Schema of the output.
    pub output_schema: Value,
    /// What a call does to the world.
    pub effect: Effect,
    /// Whether doing it twice is the same as doing it once.
    pub idempotent: bool,
    /// Whether a call takes about as long as reading its arguments: its work is linear in their size. A scheduler may make a small one
    /// where it is, without a thread of its own.
    pub quick: bool,
    /// How long a call may take.
    #[serde(rename = "timeout_seconds", serialize_with = "seconds")]
    pub timeout: Duration,
    /// Sentences that a person would type to get this tool, to find it by meaning.
    pub examples: &'static [&'static str],
}

fn seconds<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(duration.as_secs_f64())
}

/// What a call brings along besides its arguments. A pure tool has no use for it.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// Equal for two attempts at the same call: an effect happens once for each key.
    pub idempotency_key: String,
    /// Set when nobody waits for the output any more.
    pub cancelled: Arc<AtomicBool>,
}

type Run = dyn Fn(&Value, &CallContext) -> Result<Value, Error> + Send + Sync;

/// A tool ready to be called: its schemas are compiled.
pub struct Tool {
    spec: Spec,
    input: Validator,
    output: Validator,
    run: Box<Run>,
}

impl Tool {
    /// A tool that computes: same arguments, same output, nothing else happens. This is the row of the catalogue:
    ///
    /// ```
    /// use roundtable_tools::{Catalogue, Tool, vectors};
    ///
    /// let tools = Catalogue::empty().with(Tool::pure("vector_dot", vectors::vector_dot::run))?;
    /// assert!(tools.get("vector_dot").is_some());
    /// # Ok::<(), roundtable_tools::BuildError>(())
    /// ```
    pub fn pure<A, O>(name: impl Into<String>, run: fn(&A) -> Result<O, Error>) -> ToolBuilder
    where
        A: DeserializeOwned + JsonSchema + 'static,
        O: Serialize + JsonSchema + 'static,
    {
        Tool::custom(name, Effect::Pure, move |args: &A, _: &CallContext| run(args))
    }

    /// A tool with an effect, or one that needs more than its arguments. It counts as idempotent unless it writes.
    ///
    /// ```
    /// use roundtable_tools::{CallContext, Catalogue, Effect, Tool};
    /// use serde_json::json;
    ///
    /// /// Says hello. Use it to greet somebody.
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// #[serde(deny_unknown_fields)]
    /// struct Args { name: String }
    ///
    /// #[derive(serde::Serialize, schemars::JsonSchema)]
    /// struct Output { text: String }
    ///
    /// let greeting = "good day".to_owned();
    /// let hello = Tool::custom("hello", Effect::Reads, move |args: &Args, _: &CallContext| {
    ///     Ok(Output { text: format!("{greeting}, {}", args.name) })
    /// });
    /// let tools = Catalogue::empty().with(hello.group("manners"))?;
    /// assert_eq!(tools.call("hello", &json!({"name": "Ada"}))?, json!({"text": "good day, Ada"}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn custom<A, O>(
        name: impl Into<String>,
        effect: Effect,
        run: impl Fn(&A, &CallContext) -> Result<O, Error> + Send + Sync + 'static,
    ) -> ToolBuilder
    where
        A: DeserializeOwned + JsonSchema + 'static,
        O: Serialize + JsonSchema + 'static,
    {
        let mut input_schema = schema::of_arguments::<A>();
        let description = input_schema
            .as_object_mut()
            .and_then(|object| object.remove("description"))
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default();
        ToolBuilder {
            spec: Spec {
                name: name.into(),
                group: "other".to_owned(),
                description,
                input_schema,
                output_schema: schema::of_output::<O>(),
                effect,
                idempotent: effect != Effect::Writes,
                quick: false,
                timeout: Duration::from_secs(10),
                examples: &[],
            },
            run: Box::new(move |value, context| {
                let output = run(&read::<A>(value)?, context)?;
                if let Some(place) = first_non_finite(&output) {
                    let what =
                        if place.is_empty() { "the result".to_owned() } else { format!("`{place}` of the result") };
                    return Err(Error::undefined("", format!("{what} is not a finite number"))
                        .with_hint("the arguments are degenerate or too large for floating-point numbers"));
                }
                serde_json::to_value(&output).map_err(|error| {
                    Error::new(ErrorKind::OutputInvalid, "", format!("cannot write the output: {error}"))
                })
            }),
        }
    }

    /// Everything about the tool but the code.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Whether the arguments fit the schema. The tool itself may still refuse what no schema can say.
    ///
    /// # Errors
    /// `invalid_arguments` with the place, what would be right, and near names.
    pub fn check(&self, arguments: &Value) -> Result<(), Error> {
        if self.input.is_valid(arguments) {
            return Ok(());
        }
        Err(explain(self.input.iter_errors(arguments), &self.spec.input_schema))
    }

    /// Checks the arguments, runs the tool, and checks what it gave.
    ///
    /// # Errors
    /// Those of [`Tool::check`] and of the tool itself, and `output_invalid` if the tool broke its own schema.
    pub fn call(&self, arguments: &Value, context: &CallContext) -> Result<Value, Error> {
        self.check(arguments)?;
        let output = (self.run)(arguments, context)?;
        self.check_output(&output)?;
        Ok(output)
    }

    /// Whether a value is one that the tool may give. [`Tool::call`] checks by itself; this is for outputs that come by
    /// another way: recorded, cached, or from a process that runs the tool elsewhere.
    ///
    /// # Errors
    /// `output_invalid` with the place and what would be right.
    pub fn check_output(&self, output: &Value) -> Result<(), Error> {
        if self.output.is_valid(output) {
            return Ok(());
        }
        let cause = explain(self.output.iter_errors(output), &self.spec.output_schema);
        let name = &self.spec.name;
        let message = match cause.path.as_str() {
            "" => format!("`{name}` broke its own output schema: {}", cause.message),
            path => format!("`{name}` broke its own output schema at `{path}`: {}", cause.message),
        };
        Err(Error::new(ErrorKind::OutputInvalid, cause.path, message)
            .with_hint("this is a bug in the tool, not in the call"))
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool").field("name", &self.spec.name).finish_non_exhaustive()
    }
}

fn read<A: DeserializeOwned>(arguments: &Value) -> Result<A, Error> {
    // Most arguments read as they are; whole numbers written as `3.0` need a second look.
    A::deserialize(arguments)
        .or_else(|_| A::deserialize(&schema::whole_numbers(arguments)))
        .map_err(|error| Error::invalid("", error.to_string()))
}

/// A tool on its way into a catalogue, where its schemas are compiled.
pub struct ToolBuilder {
    spec: Spec,
    run: Box<Run>,
}

impl ToolBuilder {
    /// Sets the family.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.spec.group = group.into();
        self
    }

    /// Gives sentences that a person would type to get this tool.
    #[must_use]
    pub fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.spec.examples = examples;
        self
    }

    /// Sets how long a call may take; 10 seconds when not set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.spec.timeout = timeout;
        self
    }

    /// Says whether doing it twice is the same as doing it once.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.spec.idempotent = idempotent;
        self
    }

    /// Says that the work is linear in the size of the arguments, and waits for nothing.
    #[must_use]
    pub fn quick(mut self) -> Self {
        self.spec.quick = true;
        self
    }

    /// Compiles the schemas.
    ///
    /// # Errors
    /// A name that a model could not call, or a schema that does not compile.
    pub fn build(self) -> Result<Tool, BuildError> {
        let ToolBuilder { spec, run } = self;
        let callable = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if spec.name.is_empty() || spec.name.len() > 64 || !spec.name.chars().all(callable) {
            return Err(BuildError::Name { name: spec.name });
        }
        let compile = |part: &'static str, schema: &Value| {
            schema::compile(schema).map_err(|cause| BuildError::Schema { name: spec.name.clone(), part, cause })
        };
        let (input, output) = (compile("input", &spec.input_schema)?, compile("output", &spec.output_schema)?);
        Ok(Tool { spec, input, output, run })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;
    use serde_json::json;

    /// Divides. Use it in tests.
    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Args {
        a: f64,
        b: f64,
        #[serde(default)]
        times: u32,
    }

    #[derive(Serialize, JsonSchema)]
    struct Output {
        value: f64,
        maybe: Option<f64>,
    }

    fn divide(args: &Args) -> Result<Output, Error> {
        Ok(Output { value: args.a / args.b + f64::from(args.times), maybe: Some(args.a / args.b) })
    }

    fn tool() -> Catalogue {
        Catalogue::empty().with(Tool::pure("divide", divide)).expect("a good tool")
    }

    #[test]
    fn the_doc_comment_is_what_a_model_reads() {
        let tools = tool();
        let spec = tools.get("divide").expect("just added").spec();
        assert_eq!(spec.description, "Divides. Use it in tests.");
        assert_eq!(spec.input_schema["required"], json!(["a", "b"]));
        assert_eq!(serde_json::to_value(spec).expect("plain data")["timeout_seconds"], json!(10.0));
    }

    #[test]
    fn infinity_never_becomes_null() {
        let error = tool().call("divide", &json!({"a": 1, "b": 0})).expect_err("1/0");
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::Undefined, "`/value` of the result is not a finite number")
        );
    }

    #[test]
    fn whole_numbers_may_be_written_as_floats() {
        assert_eq!(tool().call("divide", &json!({"a": 1, "b": 2, "times": 3.0})).expect("fits")["value"], json!(3.5));
        let error = tool().call("divide", &json!({"a": 1, "b": 2, "times": 1e300})).expect_err("not 32 bits");
        assert_eq!(error.path, "/times");
    }

    #[test]
    fn an_output_that_breaks_its_schema_is_a_bug() {
        #[derive(Serialize, JsonSchema)]
        struct Liar {
            #[schemars(range(min = 0.0))]
            value: f64,
        }
        let liar = Tool::pure("liar", |args: &Args| Ok(Liar { value: -args.a }));
        let tools = Catalogue::empty().with(liar).expect("a good schema");
        let error = tools.call("liar", &json!({"a": 1, "b": 1})).expect_err("negative");
        assert_eq!(error.kind, ErrorKind::OutputInvalid);
    }

    #[test]
    fn an_output_from_elsewhere_can_be_checked() {
        let tools = tool();
        let divide = tools.get("divide").expect("just added");
        let given = divide.call(&json!({"a": 1, "b": 4}), &CallContext::default()).expect("a quarter");
        assert_eq!(divide.check_output(&given), Ok(()));
        assert_eq!(divide.check_output(&json!({"value": 0.25, "maybe": null})), Ok(()));
        let error = divide.check_output(&json!({"value": "a quarter", "maybe": null})).expect_err("a word");
        assert_eq!((error.kind, error.path.as_str()), (ErrorKind::OutputInvalid, "/value"));
        let error = divide.check_output(&json!([])).expect_err("a list");
        assert_eq!((error.kind, error.path.as_str()), (ErrorKind::OutputInvalid, ""));
    }

    #[test]
    fn a_schema_that_does_not_compile_is_an_error_at_build() {
        struct Broken;
        impl JsonSchema for Broken {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                "Broken".into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "no such type"})
            }
        }
        impl<'de> Deserialize<'de> for Broken {
            fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Ok(Broken)
            }
        }
        let broken = Tool::pure("broken", |_: &Broken| Ok(()));
        assert!(matches!(broken.build(), Err(BuildError::Schema { part: "input", .. })));
        assert!(matches!(Tool::pure("no spaces", divide).build(), Err(BuildError::Name { .. })));
    }
}

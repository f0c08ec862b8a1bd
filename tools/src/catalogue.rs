//! The catalogue: every tool by its name. One row a family here, one row a tool in the `mod.rs` of the family's folder.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use crate::{
    cluster, drift,
    error::{Error, ErrorKind},
    evaluate, fairness, linear, neural, optimize, plot, prepare, probability, reduce, retrieval, similarity, stats,
    suggest, text,
    tool::{CallContext, Tool, ToolBuilder},
    transformer, trees, vectors,
};

/// Why a catalogue could not be built: a bug in a tool, seen at start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A model could not call this name.
    #[error("tool name `{name}` must be 1 to 64 letters, digits, `_` or `-`")]
    Name {
        /// The name.
        name: String,
    },
    /// Two tools have the same name.
    #[error("two tools are called `{name}`")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A schema does not compile.
    #[error("the {part} schema of `{name}` does not compile: {cause}")]
    Schema {
        /// The tool.
        name: String,
        /// `input` or `output`.
        part: &'static str,
        /// What the compiler says.
        cause: String,
    },
}

/// Tools by name. Cheap to clone.
///
/// ```
/// use roundtable_tools::Catalogue;
///
/// let tools = Catalogue::standard()?;
/// let error = tools.call_json("vector_dot", r#"{"a": [1, 2], "b": [3 4]}"#).unwrap_err();
/// assert_eq!(error.to_string(), "bad JSON at line 1, column 23: expected `,` or `]`");
/// # Ok::<(), roundtable_tools::BuildError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    shelf: Arc<Shelf>,
}

#[derive(Debug, Clone, Default)]
struct Shelf {
    tools: Vec<Arc<Tool>>,
    by_name: HashMap<String, usize>,
}

impl Catalogue {
    /// Every tool of this crate.
    ///
    /// # Errors
    /// A tool whose schema does not compile, which is a bug in the tool.
    pub fn standard() -> Result<Self, BuildError> {
        Catalogue::empty()
            .with_group("vectors", vectors::tools())?
            .with_group("stats", stats::tools())?
            .with_group("probability", probability::tools())?
            .with_group("prepare", prepare::tools())?
            .with_group("evaluate", evaluate::tools())?
            .with_group("linear", linear::tools())?
            .with_group("trees", trees::tools())?
            .with_group("cluster", cluster::tools())?
            .with_group("reduce", reduce::tools())?
            .with_group("text", text::tools())?
            .with_group("similarity", similarity::tools())?
            .with_group("optimize", optimize::tools())?
            .with_group("neural", neural::tools())?
            .with_group("transformer", transformer::tools())?
            .with_group("retrieval", retrieval::tools())?
            .with_group("drift", drift::tools())?
            .with_group("fairness", fairness::tools())?
            .with_group("plot", plot::tools())
    }

    /// A catalogue without tools.
    pub fn empty() -> Self {
        Catalogue::default()
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// A name that is taken or cannot be called, or a schema that does not compile.
    pub fn with(mut self, tool: ToolBuilder) -> Result<Self, BuildError> {
        let tool = tool.build()?;
        let name = tool.spec().name.clone();
        let shelf = Arc::make_mut(&mut self.shelf);
        if shelf.by_name.insert(name.clone(), shelf.tools.len()).is_some() {
            return Err(BuildError::Duplicate { name });
        }
        shelf.tools.push(Arc::new(tool));
        Ok(self)
    }

    fn with_group(self, group: &str, tools: Vec<ToolBuilder>) -> Result<Self, BuildError> {
        tools.into_iter().try_fold(self, |catalogue, tool| catalogue.with(tool.group(group)))
    }

    /// The tool of that name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.shelf.by_name.get(name).map(|&i| self.shelf.tools[i].as_ref())
    }

    /// All tools, group by group.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Tool> {
        self.shelf.tools.iter().map(Arc::as_ref)
    }

    /// How many tools there are.
    pub fn len(&self) -> usize {
        self.shelf.tools.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.shelf.tools.is_empty()
    }

    /// Up to three names close to this one, best first.
    pub fn nearest(&self, name: &str) -> Vec<String> {
        suggest::nearest(name, self.shelf.tools.iter().map(|tool| tool.spec().name.as_str()))
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// `unknown_tool` with the nearest names, and everything that [`Tool::call`] says.
    pub fn call(&self, name: &str, arguments: &Value) -> Result<Value, Error> {
        self.call_with(name, arguments, &CallContext::default())
    }

    /// Calls a tool with a context.
    ///
    /// # Errors
    /// As [`Catalogue::call`].
    pub fn call_with(&self, name: &str, arguments: &Value, context: &CallContext) -> Result<Value, Error> {
        self.find(name)?.call(arguments, context)
    }

    /// Calls a tool with arguments as text.
    ///
    /// # Errors
    /// `bad_json` with line and column, and everything that [`Catalogue::call`] says.
    pub fn call_json(&self, name: &str, raw: &str) -> Result<Value, Error> {
        let tool = self.find(name)?;
        tool.call(&parse(raw)?, &CallContext::default())
    }

    fn find(&self, name: &str) -> Result<&Tool, Error> {
        self.get(name).ok_or_else(|| {
            let close = self.nearest(name);
            let shown: String = name.chars().take(64).collect();
            let error = Error::new(ErrorKind::UnknownTool, "", format!("there is no tool `{shown}`"));
            if close.is_empty() {
                error.with_hint("list the tools to see their names")
            } else {
                error.with_nearest(close)
            }
        })
    }
}

/// Reads JSON text.
///
/// # Errors
/// `bad_json` that names the line and the column, both from 1.
pub fn parse(raw: &str) -> Result<Value, Error> {
    serde_json::from_str(raw).map_err(|error| {
        let whole = error.to_string();
        let what = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(what, _)| what);
        let (line, column) = (error.line(), error.column());
        Error::new(ErrorKind::BadJson, "", format!("bad JSON at line {line}, column {column}: {what}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn standard() -> Catalogue {
        Catalogue::standard().expect("every schema compiles")
    }

    #[test]
    fn every_tool_says_what_it_does_and_when() {
        let tools = standard();
        assert!(!tools.is_empty());
        for tool in tools.iter() {
            let spec = tool.spec();
            let description = spec.description.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(description.contains("Use it"), "{}: {description}", spec.name);
            assert!((3..=6).contains(&spec.examples.len()), "{} has {} examples", spec.name, spec.examples.len());
            assert_eq!(spec.input_schema["additionalProperties"], json!(false), "{}", spec.name);
            for (field, schema) in spec.input_schema["properties"].as_object().expect("an object") {
                assert!(schema["description"].is_string(), "{}: argument `{field}` has no doc comment", spec.name);
            }
            for (field, schema) in spec.output_schema["properties"].as_object().expect("an object") {
                assert!(schema["description"].is_string(), "{}: output `{field}` has no doc comment", spec.name);
            }
        }
    }

    #[test]
    fn every_tool_is_in_the_file_of_its_name() {
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for tool in standard().iter() {
            let spec = tool.spec();
            let file = source.join(&spec.group).join(format!("{}.rs", spec.name));
            assert!(file.is_file(), "there is no {}", file.display());
        }
    }

    #[test]
    fn an_unknown_tool_names_the_nearest() {
        let error = standard().call("vector_dto", &json!({})).expect_err("no such tool");
        assert_eq!(
            (error.kind, error.nearest),
            (ErrorKind::UnknownTool, vec!["vector_dot".into(), "vector_norm".into()])
        );
    }

    #[test]
    fn numbers_that_do_not_fit_are_bad_json() {
        let error = standard().call_json("vector_dot", "{\"a\": [1],\n \"b\": [1e999]}").expect_err("not a number");
        assert_eq!((error.kind, error.message.contains("line 2")), (ErrorKind::BadJson, true));
    }

    #[test]
    fn a_name_is_taken_once() {
        let again = standard().with(Tool::pure("vector_dot", vectors::vector_dot::run));
        assert!(matches!(again, Err(BuildError::Duplicate { .. })));
    }
}

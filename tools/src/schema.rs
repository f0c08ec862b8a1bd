//! From a Rust type to a JSON Schema (draft 2020-12) that a model reads well, and from there to a validator.

use jsonschema::{Keyword, ValidationError, Validator};
use schemars::{
    JsonSchema, Schema,
    generate::{Contract, SchemaSettings},
    transform::RecursiveTransform,
};
use serde_json::{Map, Value, json};

use crate::value::{RECTANGULAR, ragged};

/// The schema of what a tool takes.
pub(crate) fn of_arguments<A: JsonSchema>() -> Value {
    of::<A>(Contract::Deserialize)
}

/// The schema of what a tool gives.
pub(crate) fn of_output<O: JsonSchema>() -> Value {
    of::<O>(Contract::Serialize)
}

fn of<T: JsonSchema>(contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        settings.contract = contract;
    });
    let generator = settings.with_transform(RecursiveTransform(plain)).into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    // "Args" and "Output" tell a model nothing.
    schema.remove("title");
    schema.to_value()
}

/// The largest whole number that every JSON reader keeps exact: 2^53 - 1.
const EXACT: u64 = (1 << 53) - 1;

/// Says the same in fewer words: optional values without `anyOf`, whole numbers with a bound instead of a format.
fn plain(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::Array(branches)) = object.get("anyOf")
        && let [Value::Object(inner), null] = branches.as_slice()
        && *null == json!({"type": "null"})
        && let Some(Value::String(kind)) = inner.get("type")
        && !inner.contains_key("enum")
        && !inner.contains_key("const")
    {
        let mut inner = inner.clone();
        inner.insert("type".into(), json!([kind, "null"]));
        object.remove("anyOf");
        for (key, value) in inner {
            // What the field's own comment says is nearer than what its type's says.
            object.entry(key).or_insert(value);
        }
    }
    if let Some(Value::String(format)) = object.remove("format") {
        if format.starts_with("uint") || format.starts_with("int") {
            object.entry("maximum").or_insert(json!(EXACT));
            object.entry("minimum").or_insert(json!(-(EXACT as i64)));
        } else if format != "double" && format != "float" {
            object.insert("format".into(), Value::String(format));
        }
    }
}

/// Compiles a schema, with the keywords of our own.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::options()
        .with_keyword(RECTANGULAR, |_, _, _| Ok(Box::new(Rectangular)))
        .build(schema)
        .map_err(|error| error.to_string())
}

struct Rectangular;

impl<'i> Keyword<'i> for Rectangular {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match first_ragged(instance) {
            Some((_, message)) => Err(ValidationError::custom(message)),
            None => Ok(()),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        first_ragged(instance).is_none()
    }
}

/// The first ragged row of a list of lists; anything else is for the other keywords to refuse.
pub(crate) fn first_ragged(instance: &Value) -> Option<(usize, String)> {
    let rows = instance.as_array()?;
    ragged(rows.iter().map_while(Value::as_array).map(Vec::len))
}

/// Writes whole numbers given as `3.0` or `1e6` in the way that Rust's integers read them. JSON Schema calls those
/// integers too; serde does not.
pub(crate) fn whole_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT as f64 => {
                json!(float as i64)
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(whole_numbers).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), whole_numbers(value))).collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::value::{Fraction, Matrix, Seed};

    #[derive(JsonSchema)]
    #[allow(non_snake_case)]
    #[schemars(deny_unknown_fields)]
    struct Sample {
        /// Rows are samples.
        _X: Option<Matrix>,
        /// How many.
        _k: NonZeroUsize,
        _share: Fraction,
        #[schemars(default)]
        _seed: Seed,
    }

    #[test]
    fn a_schema_reads_plainly() {
        let schema = of_arguments::<Sample>();
        let fields = &schema["properties"];
        assert_eq!(fields["_X"]["type"], json!(["array", "null"]));
        assert_eq!(fields["_X"]["description"], json!("Rows are samples."));
        assert_eq!(
            fields["_k"],
            json!({"description": "How many.", "type": "integer", "minimum": 1, "maximum": 9007199254740991_u64})
        );
        assert_eq!(schema["required"], json!(["_k", "_share"]));
        assert_eq!(schema["additionalProperties"], json!(false));
    }

    #[test]
    fn whole_floats_become_integers() {
        assert_eq!(whole_numbers(&json!({"k": 3.0, "x": [1e3, 0.5, 1e300]})), json!({"k": 3, "x": [1000, 0.5, 1e300]}));
    }

    #[test]
    fn ragged_rows_are_seen_by_the_validator() {
        let schema = of_arguments::<Sample>();
        let validator = compile(&schema).expect("a schema of schemars");
        assert!(validator.is_valid(&json!({"_X": [[1, 2], [3, 4]], "_k": 1, "_share": 0.5})));
        assert!(validator.is_valid(&json!({"_X": null, "_k": 1.0, "_share": 1})));
        assert!(!validator.is_valid(&json!({"_X": [[1, 2], [3]], "_k": 1, "_share": 0.5})));
        assert!(!validator.is_valid(&json!({"_X": [[1, 2], [3, "4"]], "_k": 1, "_share": 0.5})));
    }
}

//! Arguments with parts: `{"kind": "ridge", "alpha": 0.1}`, and lists of such.
//!
//! Which of an argument's variants is meant, the sentence says ("ridge", "a cosine schedule with warm-up"). The variant's
//! parts are then filled like any other argument of the tool, all in one, and put together at the end.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::choice;
use super::field::{Field, kin, stems};
use super::polynomial;
use crate::offline::words::terms;

/// One form of an argument with parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The part that tells it from the others, and what that part holds.
    pub tag: Option<(String, String)>,
    /// The other parts.
    pub parts: Vec<Field>,
}

/// An argument whose parts are filled among the others.
pub struct Opened {
    field: Field,
    variant: Variant,
}

/// The fields with the parts of the variant that the sentence means in the place of each argument with parts.
pub fn open<'f>(fields: &'f [Field], sentence: &str) -> (Cow<'f, [Field]>, Vec<Opened>) {
    if fields.iter().all(|field| field.takes.variants.is_empty()) {
        return (Cow::Borrowed(fields), Vec::new());
    }
    let mut flat: Vec<Field> = fields.iter().filter(|field| field.takes.variants.is_empty()).cloned().collect();
    let mut opened = Vec::new();
    for field in fields.iter().filter(|field| !field.takes.variants.is_empty()) {
        let Some(variant) = meant(&field.takes.variants, sentence) else { continue };
        // A part called like an argument gives way to it.
        let mut variant = variant.clone();
        variant.parts.retain(|part| flat.iter().all(|other| other.name != part.name));
        flat.extend(variant.parts.iter().cloned());
        opened.push(Opened { field: field.clone(), variant });
    }
    (Cow::Owned(flat), opened)
}

/// Puts the parts together. An argument that lacks a part it needs is left out: a required one is then missing.
pub fn close(opened: Vec<Opened>, arguments: &mut Map<String, Value>) {
    for Opened { field, variant } in opened {
        let mut object = Map::new();
        object.extend(variant.tag.clone().map(|(key, value)| (key, Value::String(value))));
        for part in &variant.parts {
            object.extend(arguments.remove(&part.name).map(|value| (part.name.clone(), value)));
        }
        let whole = variant.parts.iter().all(|part| !part.required || object.contains_key(&part.name));
        if whole && !object.is_empty() {
            arguments.insert(field.name, Value::Object(object));
        }
    }
}

/// Lists of objects that an option tells apart: "compare sgd with adam" is one for each.
pub fn lists(fields: &[Field], sentence: &str, arguments: &mut Map<String, Value>) {
    for field in fields {
        let by_tag: Vec<String> =
            field.takes.items.iter().filter_map(|item| item.tag.as_ref().map(|(_, tag)| tag.clone())).collect();
        let [first, ..] = field.takes.items.as_slice() else { continue };
        let by_option = first.parts.iter().find(|part| !part.takes.options.is_empty());
        let (key, options) = match (&first.tag, by_option) {
            (Some((key, _)), _) => (key, &by_tag),
            (None, Some(part)) => (&part.name, &part.takes.options),
            (None, None) => continue,
        };
        let said = choice::every(options, sentence);
        if !said.is_empty() && !arguments.contains_key(&field.name) {
            let object = |option: String| Value::Object(Map::from_iter([(key.clone(), Value::String(option))]));
            arguments.insert(field.name.clone(), said.into_iter().map(object).collect());
        }
    }
}

/// What a polynomial is given by.
pub const COEFFICIENTS: &str = "coefficients";

/// The variant whose name the sentence says, the longest of several; the only one of one.
fn meant<'v>(variants: &'v [Variant], sentence: &str) -> Option<&'v Variant> {
    let mut said = stems(sentence);
    // "Warm-up" is a warmup.
    let joined: Vec<String> = said.windows(2).map(<[String]>::concat).collect();
    said.extend(joined);
    let named = |tag: &str| {
        let name = stems(&tag.replace('_', " "));
        name.iter().all(|part| said.iter().any(|word| kin(word, part))).then_some(name.len())
    };
    let tag = |variant: &Variant| variant.tag.as_ref().map(|(_, tag)| tag.replace('_', " "));
    if let [only] = variants {
        return Some(only);
    }
    let by_name = variants.iter().filter_map(|variant| Some((named(&tag(variant)?)?, variant)));
    // Of two that are named in as many words, the one that is named first: "a cosine decay with linear warm-up".
    let first = |variant: &Variant| {
        let name = stems(&tag(variant).unwrap_or_default());
        said.iter().position(|word| name.iter().any(|part| kin(word, part)))
    };
    if let Some((_, variant)) = by_name.max_by_key(|(length, variant)| (*length, std::cmp::Reverse(first(variant)))) {
        return Some(variant);
    }
    // Written out: "x^2 - 4x + 1".
    let given = |variant: &&Variant| variant.parts.iter().any(|part| part.name == COEFFICIENTS);
    if let Some(variant) = variants.iter().find(given)
        && polynomial::find(sentence).is_some()
    {
        return Some(variant);
    }
    // In other words: "k nearest neighbours" for `knn`.
    let about = terms(sentence);
    variants.iter().find(|variant| {
        tag(variant).is_some_and(|tag| {
            let name = terms(&tag);
            !name.is_empty() && name.iter().all(|term| about.contains(term))
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fill;
    use super::*;

    fn filled(sentence: &str) -> Value {
        let variant = |kind: &str, parts: Value, required: Value| {
            let mut properties = parts;
            properties["kind"] = json!({"type": "string", "const": kind});
            json!({"type": "object", "properties": properties, "required": required})
        };
        let schema = json!({"type": "object", "required": ["schedule"], "properties": {
            "schedule": {"description": "The schedule.", "oneOf": [
                variant("cosine", json!({"lr": {"type": "number", "description": "The learning rate."}}), json!(["kind", "lr"])),
                variant("warmup_cosine", json!({
                    "lr": {"type": "number", "description": "The learning rate."},
                    "warmup_steps": {"type": "integer", "description": "How many steps of warmup."}
                }), json!(["kind", "lr"]))
            ]},
            "optimizers": {"type": "array", "description": "What to compare.", "items": {"type": "object", "properties": {
                "optimizer": {"type": "string", "enum": ["sgd", "momentum", "adam"]}
            }}}
        }});
        let filled = fill(&Field::all(&schema), sentence);
        json!({"args": filled.arguments, "missing": filled.missing})
    }

    #[test]
    fn the_variant_is_named_and_its_parts_are_filled() {
        assert_eq!(
            filled("a cosine schedule with learning rate 0.1"),
            json!({"args": {"schedule": {"kind": "cosine", "lr": 0.1}}, "missing": []})
        );
        assert_eq!(
            filled("cosine with 10 steps of warmup, lr = 0.2"),
            json!({"args": {"schedule": {"kind": "warmup_cosine", "lr": 0.2, "warmup_steps": 10}}, "missing": []})
        );
    }

    #[test]
    fn what_is_not_whole_is_missing() {
        assert_eq!(filled("a cosine schedule"), json!({"args": {}, "missing": ["schedule"]}));
        assert_eq!(filled("a schedule"), json!({"args": {}, "missing": ["schedule"]}));
    }

    #[test]
    fn several_options_make_a_list() {
        let said = filled("compare sgd with adam on a cosine schedule, lr 0.3");
        assert_eq!(said["args"]["optimizers"], json!([{"optimizer": "sgd"}, {"optimizer": "adam"}]));
    }
}

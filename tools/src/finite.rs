//! Finds the first number in a result that JSON cannot write.
//!
//! JSON has no NaN and no infinity, and `serde_json` writes `null` in their place, which a reader would take for
//! "no value". This serializer writes nothing: it walks a value and stops at the first such number with its pointer.

use std::fmt;

use serde::{Serialize, ser};

/// The JSON pointer of the first NaN or infinity in `value`, if there is one.
pub(crate) fn first_non_finite(value: &impl Serialize) -> Option<String> {
    match value.serialize(Walk) {
        Ok(()) => None,
        Err(Found { number: true, path, .. }) => Some(path.iter().rev().map(|step| format!("/{step}")).collect()),
        // A type that cannot be serialised at all says so again, and louder, when it is written.
        Err(_) => None,
    }
}

struct Walk;

/// How the walk ends early. The path grows from the inside out, so that nothing is paid for it on the way down.
#[derive(Debug)]
struct Found {
    number: bool,
    message: String,
    path: Vec<String>,
}

impl Found {
    fn within(mut self, step: impl ToString) -> Self {
        self.path.push(step.to_string());
        self
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Found {}

impl ser::Error for Found {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Found { number: false, message: message.to_string(), path: Vec::new() }
    }
}

/// A list, tuple or object on the way: how many elements were seen, and the key of the next one.
struct Inside {
    seen: usize,
    key: String,
}

const START: Inside = Inside { seen: 0, key: String::new() };

impl Inside {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
        self.seen += 1;
        value.serialize(Walk).map_err(|found| found.within(self.seen - 1))
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Found> {
        value.serialize(Walk).map_err(|found| found.within(key))
    }
}

macro_rules! nothing_to_see {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, _: $type) -> Result<(), Found> { Ok(()) })*
    };
}

impl ser::Serializer for Walk {
    type Ok = ();
    type Error = Found;
    type SerializeSeq = Inside;
    type SerializeTuple = Inside;
    type SerializeTupleStruct = Inside;
    type SerializeTupleVariant = Inside;
    type SerializeMap = Inside;
    type SerializeStruct = Inside;
    type SerializeStructVariant = Inside;

    nothing_to_see!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_char: char,
        serialize_str: &str, serialize_bytes: &[u8], serialize_unit_struct: &'static str
    );

    fn serialize_f32(self, number: f32) -> Result<(), Found> {
        self.serialize_f64(f64::from(number))
    }

    fn serialize_f64(self, number: f64) -> Result<(), Found> {
        if number.is_finite() {
            return Ok(());
        }
        Err(Found { number: true, message: format!("`{number}` is not finite"), path: Vec::new() })
    }

    fn serialize_none(self) -> Result<(), Found> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Found> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Found> {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Found> {
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Found> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Found> {
        value.serialize(self).map_err(|found| found.within(variant))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Inside, Found> {
        Ok(START)
    }
    fn serialize_tuple(self, _: usize) -> Result<Inside, Found> {
        Ok(START)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside, Found> {
        Ok(START)
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Inside, Found> {
        Ok(START)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Inside, Found> {
        Ok(START)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside, Found> {
        Ok(START)
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Inside, Found> {
        Ok(START)
    }
}

macro_rules! list {
    ($($kind:ident $method:ident),*) => {
        $(impl ser::$kind for Inside {
            type Ok = ();
            type Error = Found;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
                self.element(value)
            }
            fn end(self) -> Result<(), Found> {
                Ok(())
            }
        })*
    };
}

list!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! object {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Inside {
            type Ok = ();
            type Error = Found;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Found> {
                self.field(key, value)
            }
            fn end(self) -> Result<(), Found> {
                Ok(())
            }
        })*
    };
}

object!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Inside {
    type Ok = ();
    type Error = Found;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Found> {
        self.key = match serde_json::to_value(key) {
            Ok(serde_json::Value::String(key)) => key,
            Ok(other) => other.to_string(),
            Err(error) => return Err(ser::Error::custom(error)),
        };
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
        let key = std::mem::take(&mut self.key);
        self.field(&key, value)
    }
    fn end(self) -> Result<(), Found> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    struct Nested {
        name: &'static str,
        rows: Vec<(f64, Option<f64>)>,
        named: BTreeMap<u8, f64>,
    }

    fn nested(inner: Option<f64>, named: f64) -> Nested {
        Nested { name: "x", rows: vec![(0.0, None), (1.0, inner)], named: BTreeMap::from([(7, named)]) }
    }

    #[test]
    fn names_the_place() {
        assert_eq!(first_non_finite(&nested(Some(2.0), 3.0)), None);
        assert_eq!(first_non_finite(&nested(None, 3.0)), None);
        assert_eq!(first_non_finite(&nested(Some(f64::NAN), 3.0)).as_deref(), Some("/rows/1/1"));
        assert_eq!(first_non_finite(&nested(None, f64::INFINITY)).as_deref(), Some("/named/7"));
        assert_eq!(first_non_finite(&f64::NEG_INFINITY).as_deref(), Some(""));
    }
}

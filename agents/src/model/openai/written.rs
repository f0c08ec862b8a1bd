//! The tools of a request as JSON, written once.
//!
//! A tool's schema is a kilobyte or more, goes out with every request, and is the same each time. What was written for an offer
//! is kept beside it, and found again by the identity of its parts: as long as an entry holds them, no other offer can have
//! their addresses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use super::super::ToolOffer;

/// A process has a few dozen tools; whoever makes new ones for every request shall not fill the memory.
const MOST: usize = 256;

/// What was written so far.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// By the address of the offer's schema.
    offers: Mutex<HashMap<usize, Entry>>,
}

#[derive(Debug)]
struct Entry {
    offer: ToolOffer,
    json: Vec<u8>,
}

#[derive(Serialize)]
struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl Written {
    /// Appends the offers to `bytes`, as a JSON array.
    pub(super) fn append(&self, bytes: &mut Vec<u8>, offers: &[ToolOffer]) -> Result<(), serde_json::Error> {
        // An entry is inserted whole: a panic elsewhere leaves the map usable.
        let mut written = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        for (n, offer) in offers.iter().enumerate() {
            bytes.push(if n == 0 { b'[' } else { b',' });
            let address = Arc::as_ptr(&offer.parameters).addr();
            match written.get(&address) {
                Some(known) if is_same(&known.offer, offer) => bytes.extend_from_slice(&known.json),
                _ => {
                    let (name, description, parameters) = (&*offer.name, &*offer.description, &*offer.parameters);
                    let function = Function { name, description, parameters };
                    let json = serde_json::to_vec(&Tool { kind: "function", function })?;
                    bytes.extend_from_slice(&json);
                    if written.len() >= MOST {
                        written.clear();
                    }
                    written.insert(address, Entry { offer: offer.clone(), json });
                }
            }
        }
        bytes.extend_from_slice(if offers.is_empty() { b"[]" } else { b"]" });
        Ok(())
    }
}

fn is_same(a: &ToolOffer, b: &ToolOffer) -> bool {
    Arc::ptr_eq(&a.parameters, &b.parameters)
        && Arc::ptr_eq(&a.name, &b.name)
        && Arc::ptr_eq(&a.description, &b.description)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(written: &Written, offers: &[ToolOffer], names: &[&str]) {
        let mut bytes = Vec::new();
        written.append(&mut bytes, offers).expect("JSON");
        let found: Vec<Value> = serde_json::from_slice(&bytes).expect("an array");
        let found: Vec<&str> = found.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
        assert_eq!(found, names);
    }

    #[test]
    fn the_same_offer_is_written_once_and_another_one_anew() {
        let schema = Arc::new(json!({"type": "object"}));
        let offer = |name: &str| ToolOffer { name: name.into(), description: "d".into(), parameters: schema.clone() };
        let (a, b) = (offer("a"), offer("b"));
        let written = Written::default();
        check(&written, &[], &[]);
        check(&written, &[a.clone(), b.clone()], &["a", "b"]);
        check(&written, &[b, a.clone(), a], &["b", "a", "a"]);
        assert_eq!(written.offers.lock().expect("nobody panicked").len(), 1, "both share a schema");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let written = Written::default();
        for n in 0..2 * MOST {
            let (name, parameters) = (n.to_string(), Arc::new(json!({ "n": n })));
            check(&written, &[ToolOffer { name: name.as_str().into(), description: "d".into(), parameters }], &[&name]);
        }
        assert!(written.offers.lock().expect("nobody panicked").len() <= MOST);
    }
}

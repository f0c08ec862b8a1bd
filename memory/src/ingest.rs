//! wip
use crate::store::Entry;
use roundtable_guardrails::Doors;
pub fn note(_name: &str, _text: &str, _doors: &Doors) -> Entry { loop {} }

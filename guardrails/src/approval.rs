//! What a tool call may do once untrusted text has been read.
//!
//! A document can say "now delete the index". Screening catches much of that and can never catch all, so the last line
//! does not depend on recognising an attack: a turn that has read untrusted text is *tainted*, and a tainted turn runs
//! a tool with effects only if policy trusts that tool or a person approved that very call. An approval names the call
//! by its fingerprint (SHA-256 over its canonical JSON), is used once, and fits no other call.

use crate::trust::Origin;
use roundtable_tools::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
};

/// Which untrusted sources a turn has read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    origins: BTreeSet<Origin>,
}

impl Taint {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that text from here has been read. The person's own words and the model's leave no taint.
    pub fn read(&mut self, origin: &Origin) {
        if origin.taints() && !self.origins.contains(origin) {
            self.origins.insert(origin.clone());
        }
    }

    /// Whether any untrusted text has been read.
    pub fn is_tainted(&self) -> bool {
        !self.origins.is_empty()
    }

    /// The sources, in order.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins.iter()
    }
}

/// One call of a tool: what an approval is bound to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallId {
    /// The id that the model gave the call; unique in its session.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// The arguments, as they will be run.
    pub arguments: Value,
}

impl CallId {
    /// Names the call: SHA-256 in hex over its canonical JSON (keys sorted, no spaces). Key order does not matter, and
    /// any other difference does.
    pub fn fingerprint(&self) -> String {
        let mut text = String::from("{\"arguments\":");
        canonical_json(&self.arguments, &mut text);
        text.push_str(",\"id\":");
        canonical_json(&Value::String(self.id.clone()), &mut text);
        text.push_str(",\"tool\":");
        canonical_json(&Value::String(self.tool.clone()), &mut text);
        text.push('}');
        Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
            hex
        })
    }
}

/// Writes JSON with the keys of every object sorted and no spaces.
fn canonical_json(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                canonical_json(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                canonical_json(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

/// What a person said about calls that were put to them. Each answer is used once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {
    answers: HashMap<String, bool>,
}

impl Approvals {
    /// No answers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The person allows the call with this fingerprint, once.
    pub fn grant(&mut self, fingerprint: impl Into<String>) {
        self.answers.insert(fingerprint.into(), true);
    }

    /// The person forbids the call with this fingerprint.
    pub fn deny(&mut self, fingerprint: impl Into<String>) {
        self.answers.insert(fingerprint.into(), false);
    }

    /// Takes the answer for a fingerprint: `Some(true)` granted, `Some(false)` denied, `None` not asked or already used.
    pub fn take(&mut self, fingerprint: &str) -> Option<bool> {
        self.answers.remove(fingerprint)
    }
}

/// Which effects are allowed without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Tools that may write even in a tainted turn.
    pub trusted_tools: BTreeSet<String>,
    /// Tools that never run.
    pub forbidden_tools: BTreeSet<String>,
    /// Ask before any write, tainted or not.
    pub ask_always: bool,
    /// Whether there is a person to ask; without one, what would be asked is denied.
    pub person_present: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            trusted_tools: BTreeSet::new(),
            forbidden_tools: BTreeSet::new(),
            ask_always: false,
            person_present: true,
        }
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum EffectDecision {
    /// Run it.
    Run,
    /// Put it to the person first.
    AskPerson {
        /// What the approval must name.
        fingerprint: String,
        /// A sentence for the person.
        why: String,
    },
    /// Do not run it.
    Deny {
        /// A sentence for the person and the model.
        why: String,
    },
}

/// Decides whether a call may run. What was granted for this very call is used up by asking.
///
/// ```
/// use roundtable_guardrails::{decide_effect, Approvals, CallId, EffectDecision, Origin, Policy, Taint};
/// use roundtable_tools::Effect;
/// use serde_json::json;
///
/// let call = CallId { id: "c1".into(), tool: "register_model".into(), arguments: json!({"name": "iris"}) };
/// let (mut taint, mut approvals, policy) = (Taint::new(), Approvals::new(), Policy::default());
/// taint.read(&Origin::Document { doc: "report".into(), chunk: "report#3".into() });
///
/// let decision = decide_effect(Effect::Writes, &taint, &mut approvals, &call, &policy);
/// let EffectDecision::AskPerson { fingerprint, .. } = decision else { panic!("a tainted write must ask") };
/// approvals.grant(fingerprint);
/// assert_eq!(decide_effect(Effect::Writes, &taint, &mut approvals, &call, &policy), EffectDecision::Run);
/// ```
pub fn decide_effect(
    effect: Effect,
    taint: &Taint,
    approvals: &mut Approvals,
    call: &CallId,
    policy: &Policy,
) -> EffectDecision {
    if policy.forbidden_tools.contains(&call.tool) {
        return EffectDecision::Deny { why: format!("policy forbids `{}`", call.tool) };
    }
    match effect {
        Effect::Pure | Effect::Reads => return EffectDecision::Run,
        Effect::Writes => {}
    }
    let fingerprint = call.fingerprint();
    match approvals.take(&fingerprint) {
        Some(true) => return EffectDecision::Run,
        Some(false) => return EffectDecision::Deny { why: format!("you refused this call of `{}`", call.tool) },
        None => {}
    }
    if policy.trusted_tools.contains(&call.tool) || !(taint.is_tainted() || policy.ask_always) {
        return EffectDecision::Run;
    }
    let why = match taint.origins().next() {
        Some(origin) => format!("`{}` changes something, and this turn has read {origin}", call.tool),
        None => format!("`{}` changes something", call.tool),
    };
    if policy.person_present {
        EffectDecision::AskPerson { fingerprint, why }
    } else {
        EffectDecision::Deny { why: format!("{why}; nobody is here to approve it") }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn call(arguments: Value) -> CallId {
        CallId { id: "c1".into(), tool: "save".into(), arguments }
    }

    fn tainted() -> Taint {
        let mut taint = Taint::new();
        taint.read(&Origin::Web { url: "https://example.org".into() });
        taint
    }

    fn decide(taint: &Taint, approvals: &mut Approvals, policy: &Policy) -> EffectDecision {
        decide_effect(Effect::Writes, taint, approvals, &call(json!({"to": 1})), policy)
    }

    #[test]
    fn the_fingerprint_ignores_key_order_and_nothing_else() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"x":[1,2],"y":"é"}}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":{"y":"é","x":[1,2]},"a":1}"#).unwrap();
        let three: Value = serde_json::from_str(r#"{"b":{"y":"é","x":[2,1]},"a":1}"#).unwrap();
        assert_eq!(call(one.clone()).fingerprint(), call(two).fingerprint());
        assert_ne!(call(one.clone()).fingerprint(), call(three).fingerprint());
        assert_ne!(call(one.clone()).fingerprint(), CallId { id: "c2".into(), ..call(one) }.fingerprint());
        // printf '{"arguments":{},"id":"c1","tool":"save"}' | sha256sum
        let expected = "edc434bd6fd0e71f07457fc3ff0132d9a09b440718954ed32ba6156b4c1579e4";
        assert_eq!(call(json!({})).fingerprint(), expected);
    }

    #[test]
    fn an_approval_fits_one_call_and_once() {
        let (taint, policy, mut approvals) = (tainted(), Policy::default(), Approvals::new());
        approvals.grant(call(json!({"to": 2})).fingerprint());
        assert!(matches!(decide(&taint, &mut approvals, &policy), EffectDecision::AskPerson { .. }));
        approvals.grant(call(json!({"to": 1})).fingerprint());
        assert_eq!(decide(&taint, &mut approvals, &policy), EffectDecision::Run);
        assert!(matches!(decide(&taint, &mut approvals, &policy), EffectDecision::AskPerson { .. }));
        approvals.deny(call(json!({"to": 1})).fingerprint());
        assert!(matches!(decide(&taint, &mut approvals, &policy), EffectDecision::Deny { .. }));
    }

    #[test]
    fn taint_comes_from_documents_not_from_people() {
        let mut taint = Taint::new();
        taint.read(&Origin::User);
        taint.read(&Origin::Model);
        assert!(!taint.is_tainted());
        assert_eq!(decide(&taint, &mut Approvals::new(), &Policy::default()), EffectDecision::Run);
        taint.read(&Origin::Memory { record: "r1".into() });
        assert!(matches!(decide(&taint, &mut Approvals::new(), &Policy::default()), EffectDecision::AskPerson { .. }));
    }

    #[test]
    fn policy_speaks_for_absent_people() {
        let trusted = Policy { trusted_tools: BTreeSet::from(["save".to_string()]), ..Policy::default() };
        assert_eq!(decide(&tainted(), &mut Approvals::new(), &trusted), EffectDecision::Run);
        let alone = Policy { person_present: false, ..Policy::default() };
        assert!(matches!(decide(&tainted(), &mut Approvals::new(), &alone), EffectDecision::Deny { .. }));
        let careful = Policy { ask_always: true, ..Policy::default() };
        assert!(matches!(decide(&Taint::new(), &mut Approvals::new(), &careful), EffectDecision::AskPerson { .. }));
        let forbidden = Policy { forbidden_tools: BTreeSet::from(["save".to_string()]), ..Policy::default() };
        let mut approvals = Approvals::new();
        approvals.grant(call(json!({"to": 1})).fingerprint());
        assert!(matches!(decide(&tainted(), &mut approvals, &forbidden), EffectDecision::Deny { .. }));
    }

    #[test]
    fn reading_needs_no_approval() {
        for effect in [Effect::Pure, Effect::Reads] {
            let decision =
                decide_effect(effect, &tainted(), &mut Approvals::new(), &call(json!({})), &Policy::default());
            assert_eq!(decision, EffectDecision::Run);
        }
    }
}

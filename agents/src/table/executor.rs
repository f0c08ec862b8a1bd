//! The executor: runs tools.
//!
//! Asked by: the turn. Asks: the pool of threads. Lost if it dies: nothing; calls that are running go on as tasks of their own. A
//! call that changes something runs only if policy, or a person for this very call, allows it.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use roundtable_guardrails::{
    Approvals, CallId, Door, Doors, EffectDecision, Origin, Policy, Taint, Untrusted, decide_effect,
};
use roundtable_tools::error::{Error, ErrorKind};
use roundtable_tools::{CallContext, Catalogue, Effect};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::pool::{Job, Pool, Resolve};
use super::seat::{Failure, Reply, answer};
use super::shell::Role;
use crate::answer::Pending;
use crate::event;
use crate::fault::{Point, Probe};
use crate::turn::{Result, Returned, table_tools};

/// A call with everything that decides about it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The call's id, unique in the session.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub args: Value,
    /// Equal for two attempts at the same call.
    pub key: String,
    /// What the turn has read.
    pub taint: Taint,
    /// When nobody waits any more.
    pub deadline: Instant,
    /// What the person has allowed in this conversation.
    pub approvals: Arc<Mutex<Approvals>>,
}

/// What the executor takes.
#[derive(Debug)]
pub(super) enum Message {
    /// Run a tool.
    Run {
        /// The call.
        call: Arc<Call>,
        /// Where the answer goes.
        reply: Reply<Returned>,
    },
}

/// What tools are run with.
#[derive(Clone)]
pub(super) struct Bench {
    pub catalogue: Catalogue,
    pub pool: Arc<Pool>,
    pub doors: Arc<Doors>,
    pub policy: Arc<Policy>,
    pub resolve: Option<Resolve>,
    pub probe: Arc<dyn Probe>,
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bench").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// The role.
#[derive(Debug)]
pub(super) struct Executor(pub Bench);

impl Role for Executor {
    const ROLE: event::Role = event::Role::Executor;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Run { .. } => "run",
        }
    }

    async fn handle(&mut self, message: Message) {
        let Message::Run { call, mut reply } = message;
        let bench = self.0.clone();
        tokio::spawn(async move {
            let done = tokio::select! {
                biased;
                done = AssertUnwindSafe(bench.run(&call)).catch_unwind() => done,
                () = reply.closed() => return,
            };
            let with = done.map_err(|_| Failure::Failed {
                role: event::Role::Executor,
                why: format!("the call of `{}` panicked", call.tool),
            });
            answer(reply, with);
        });
    }
}

impl Bench {
    async fn run(&self, call: &Call) -> Returned {
        let mut returned =
            Returned { call: call.id.clone(), tool: call.tool.clone(), args: call.args.clone(), ..Returned::default() };
        match self.output(call, &mut returned).await {
            Ok(output) => returned.result = Result::Output(output),
            Err(error) => returned.result = Result::Error(error_value(&error)),
        }
        returned
    }

    async fn output(&self, call: &Call, returned: &mut Returned) -> std::result::Result<Value, Error> {
        if call.tool == table_tools::SCAN {
            return self.scan(&call.args);
        }
        let Some(tool) = self.catalogue.get(&call.tool) else {
            return self.catalogue.call(&call.tool, &call.args);
        };
        let spec = tool.spec();
        self.allow(spec.effect, call, returned)?;
        let files = self.resolve.is_some() && crate::edge::files::named(&call.args);
        let job = Job {
            catalogue: self.catalogue.clone(),
            tool: call.tool.clone(),
            arguments: call.args.clone(),
            resolve: if files { self.resolve.clone() } else { None },
            small: spec.quick && !files && is_small(&call.args),
            limit: spec.timeout,
            context: CallContext { idempotency_key: call.key.clone(), ..CallContext::default() },
            action: self.probe.at(Point::Tool { tool: &call.tool }),
        };
        let mut output = self.pool.run(job, call.deadline).await?;
        if spec.effect != Effect::Pure || files {
            returned.read.push(Origin::Tool { name: call.tool.clone() });
        }
        self.screen(&call.tool, &mut output)?;
        Ok(output)
    }

    /// Whether a call with this effect may run now.
    pub fn allow(&self, effect: Effect, call: &Call, returned: &mut Returned) -> std::result::Result<(), Error> {
        let id = CallId { id: call.id.clone(), tool: call.tool.clone(), arguments: call.args.clone() };
        let decision = {
            let mut approvals = call.approvals.lock().unwrap_or_else(PoisonError::into_inner);
            decide_effect(effect, &call.taint, &mut approvals, &id, &self.policy)
        };
        match decision {
            EffectDecision::Run => Ok(()),
            EffectDecision::AskPerson { fingerprint, why } => {
                let (tool, args) = (call.tool.clone(), call.args.clone());
                returned.pending = Some(Pending { fingerprint, tool, args, why: why.clone() });
                Err(Error::new(ErrorKind::Refused, "", format!("{why}; it waits for the person's approval")))
            }
            EffectDecision::Deny { why } => Err(Error::new(ErrorKind::Refused, "", why)),
        }
    }

    fn scan(&self, args: &Value) -> std::result::Result<Value, Error> {
        let scan: table_tools::Scan = serde_json::from_value(args.clone())
            .map_err(|error| Error::new(ErrorKind::InvalidArguments, "", error.to_string()))?;
        let report = self.doors.screen(Door::Document, &scan.text);
        Ok(json!({"verdict": report.verdict, "score": report.score, "findings": report.findings}))
    }

    /// Sends every text of an output through the tool door.
    fn screen(&self, tool: &str, output: &mut Value) -> std::result::Result<(), Error> {
        match output {
            Value::String(text) => {
                let untrusted = Untrusted::new(std::mem::take(text), Origin::Tool { name: tool.to_owned() });
                match self.doors.admit(Door::Tool, untrusted) {
                    Ok(cleared) => *text = cleared.into_inner(),
                    Err(refusal) => return Err(Error::new(ErrorKind::Refused, "", refusal.to_string())),
                }
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.screen(tool, item)),
            // A picture is drawn by the tool itself and shown to the person only.
            Value::Object(fields) => {
                fields.iter_mut().filter(|(name, _)| *name != "svg").try_for_each(|(_, item)| self.screen(tool, item))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }
}

/// So many numbers and bytes of text are read in less time than another thread takes to wake up.
const SMALL: usize = 256;

/// Whether arguments hold no more than a few numbers and words.
fn is_small(arguments: &Value) -> bool {
    fn take(value: &Value, left: usize) -> Option<usize> {
        let left = left.checked_sub(value.as_str().map_or(1, str::len))?;
        match value {
            Value::Array(items) => items.iter().try_fold(left, |left, item| take(item, left)),
            Value::Object(fields) => fields.values().try_fold(left, |left, item| take(item, left)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(left),
        }
    }
    take(arguments, SMALL).is_some()
}

/// An error as the model and the journal see it.
pub(super) fn error_value(error: &Error) -> Value {
    serde_json::to_value(error).unwrap_or_else(|_| json!({"kind": "failed", "message": error.to_string(), "path": ""}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_holds_a_few_numbers_and_words() {
        assert!(is_small(&json!({"a": [1, 2, 3], "b": [4, 5, 6], "how": {"kind": "plain", "rows": [[1], [2]]}})));
        assert!(!is_small(&json!({"a": vec![1; 300]})));
        assert!(!is_small(&json!({"text": "long ".repeat(60)})));
    }
}

//! How a turn makes a call: to the retriever and the reranker, to the librarian, or to the executor.

use std::sync::Arc;

use roundtable_guardrails::{Door, Origin, Untrusted};
use roundtable_tools::Effect;
use roundtable_tools::error::{Error, ErrorKind};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::config::{Rag, Rerank};
use super::driver::{Driver, End};
use super::executor::{self, Call, error_value};
use super::seat::Failure;
use super::{librarian, reranker, retriever};
use crate::event::{Event, Role};
use crate::evidence::{self, Passage};
use crate::journal::Keep;
use crate::turn::{Happened, Planned, Result as Outcome, Returned, table_tools};

/// So many passages are found for the reranker to choose from.
pub(crate) const WIDE: usize = 40;

/// An output, or the error that is told in its place.
type Made = Result<Value, Error>;

impl Driver {
    /// Makes a call: announces it, notes that it begins, makes it, notes what it gave.
    pub async fn call(&mut self, planned: Planned) -> Result<(), End> {
        let turn = self.active.turn.clone();
        let (call, tool) = (planned.call, planned.tool);
        let args = planned.args.as_ref().unwrap_or(&Value::Null).clone();
        self.active.voice.say(Event::ToolStarted {
            turn: turn.clone(),
            call: call.clone(),
            tool: tool.clone(),
            args: args.clone(),
        });
        self.open = Some((call.clone(), tool.clone()));
        let effect = self.effect(&tool);
        let keep = if effect == Effect::Writes { Keep::Disk } else { Keep::Process };
        let mut returned =
            Returned { call: call.clone(), tool: tool.clone(), args: args.clone(), ..Returned::default() };
        returned.result = match planned.args {
            Err(unreadable) => Outcome::Error(unreadable),
            Ok(_) => self.make(call.clone(), &tool, args, effect, keep, &mut returned).await?,
        };
        let finished = Event::ToolFinished {
            turn: turn.clone(),
            call,
            tool: tool.clone(),
            ok: returned.result.is_ok(),
            output: returned.result.value().clone(),
        };
        let pending = returned.pending.clone();
        self.note(Happened::Returned(Box::new(returned)), keep)?;
        self.open = None;
        self.active.voice.say(finished);
        if let Some(pending) = pending {
            let (fingerprint, args) = (pending.fingerprint, pending.args);
            self.active.voice.say(Event::ApprovalNeeded { turn, fingerprint, tool, args });
        }
        Ok(())
    }

    fn effect(&self, tool: &str) -> Effect {
        match tool {
            table_tools::REMEMBER | table_tools::FORGET => Effect::Writes,
            table_tools::SEARCH | table_tools::RECALL => Effect::Reads,
            other => self.desk.shared.config.catalogue.get(other).map_or(Effect::Pure, |tool| tool.spec().effect),
        }
    }

    async fn make(
        &mut self,
        call: String,
        tool: &str,
        args: Value,
        effect: Effect,
        keep: Keep,
        returned: &mut Returned,
    ) -> Result<Outcome, End> {
        let key = self.desk.key(&self.active.turn, &call, tool, &args);
        let again = self.state.begun.as_deref() == Some(&*call);
        let catalogue = &self.desk.shared.config.catalogue;
        if again && effect == Effect::Writes && catalogue.get(tool).is_some_and(|tool| !tool.spec().idempotent) {
            // The process died between the call's beginning and its end: whether it happened cannot be known.
            let why = format!("`{tool}` was interrupted; it may have happened, and is not done again");
            let error = Error::new(ErrorKind::Failed, "", why).with_hint("look whether it happened, then ask again");
            return Ok(outcome(Err(error)));
        }
        if !again {
            let (call, tool, args, key) = (call.clone(), tool.to_owned(), args.clone(), key.clone());
            self.note(Happened::Intended { call, tool, args, key }, keep)?;
        }
        if self.unwritten && effect == Effect::Writes {
            let why = format!("`{tool}` changes something, and the journal that would remember it cannot be written");
            let error = Error::new(ErrorKind::Refused, "", why).with_hint("make room on the disk, then ask again");
            return Ok(outcome(Err(error)));
        }
        let call = Arc::new(Call {
            id: call,
            tool: tool.to_owned(),
            args,
            key,
            taint: self.state.taint.clone(),
            deadline: self.active.deadline,
            approvals: self.desk.approvals.clone(),
        });
        Ok(match tool {
            table_tools::SEARCH => outcome(self.search(&call, returned).await),
            table_tools::REMEMBER | table_tools::RECALL | table_tools::FORGET => {
                outcome(self.consult(&call, returned).await)
            }
            _ => self.run_tool(call, returned).await,
        })
    }

    /// Any tool of the catalogue, by the executor.
    async fn run_tool(&mut self, call: Arc<Call>, returned: &mut Returned) -> Outcome {
        self.work(Role::Executor, || format!("runs {}", call.tool));
        let asked = |reply| executor::Message::Run { call: call.clone(), reply };
        let done = self.tell_dead(self.desk.team.executor.ask(self.active.deadline, "run", asked).await);
        match done {
            Ok(done) => {
                *returned = done;
                std::mem::take(&mut returned.result)
            }
            Err(failure) => outcome(Err(self.lost(Role::Executor, &failure, returned))),
        }
    }

    /// Passages for a query: found, put in order, screened, numbered.
    async fn search(&mut self, call: &Call, returned: &mut Returned) -> Made {
        let table_tools::Search { query } = read(&call.args)?;
        let (rag, rerank) = self.desk.shared.manner();
        let limits = self.desk.shared.config.limits;
        let wide = if rag == Rag::Naive { limits.passages } else { WIDE.max(limits.passages) };
        self.work(Role::Retriever, || format!("searches for \"{query}\""));
        let asked = |reply| retriever::Message::Search { query: query.clone(), k: wide, reply };
        let found = match self.tell_dead(self.desk.team.retriever.ask(self.active.deadline, "search", asked).await) {
            Ok(found) => found,
            Err(failure) => return Err(self.lost(Role::Retriever, &failure, returned)),
        };
        if let Some(why) = found.degraded {
            self.degrade("embeddings", &why);
        }
        let mut passages = found.passages;
        if rag != Rag::Naive && rerank != Rerank::None && passages.len() > 1 {
            passages = self.reorder(&query, passages, returned).await;
        }
        let passages = self.admit(passages, limits.passages, returned);
        self.active.voice.say(Event::Retrieved {
            turn: self.active.turn.clone(),
            query: query.clone(),
            chunks: passages.iter().map(|passage| passage.chunk.clone()).collect(),
        });
        Ok(evidence::output(&query, &passages))
    }

    async fn reorder(
        &mut self,
        query: &str,
        found: Vec<(Passage, f32)>,
        returned: &mut Returned,
    ) -> Vec<(Passage, f32)> {
        self.work(Role::Reranker, || format!("orders {} passages", found.len()));
        let asked = |reply| reranker::Message::Rerank { question: query.to_owned(), passages: found.clone(), reply };
        match self.tell_dead(self.desk.team.reranker.ask(self.active.deadline, "rerank", asked).await) {
            Ok(ordered) => ordered,
            Err(failure) => {
                self.lost(Role::Reranker, &failure, returned);
                found
            }
        }
    }

    /// The first `most` of the passages that the document door lets pass and that were not read yet.
    fn admit(&self, found: Vec<(Passage, f32)>, most: usize, returned: &mut Returned) -> Vec<Passage> {
        let mut admitted: Vec<Passage> = Vec::new();
        for (mut passage, _) in found {
            if admitted.len() == most {
                break;
            }
            if self.state.evidence.iter().any(|read| read.chunk == passage.chunk) {
                continue;
            }
            let origin = Origin::Document { doc: passage.doc.clone(), chunk: passage.chunk.clone() };
            let texts = vec![std::mem::take(&mut passage.title), std::mem::take(&mut passage.text)];
            match self.desk.shared.config.doors.admit(Door::Document, Untrusted::new(texts, origin.clone())) {
                Ok(cleared) => {
                    self.active.voice.guarded(Door::Document, cleared.report());
                    let mut texts = cleared.into_inner().into_iter();
                    passage.title = texts.next().unwrap_or_default();
                    passage.text = texts.next().unwrap_or_default();
                }
                Err(refusal) => {
                    self.active.voice.guarded(Door::Document, &refusal.report);
                    continue;
                }
            }
            passage.n = self.state.next_passage() + admitted.len();
            returned.read.push(origin);
            admitted.push(passage);
        }
        admitted
    }

    /// What concerns records, by the librarian.
    async fn consult(&mut self, call: &Call, returned: &mut Returned) -> Made {
        if call.tool != table_tools::RECALL {
            self.desk.shared.bench.allow(Effect::Writes, call, returned)?;
        }
        let provenance = self.provenance();
        // What the person said themselves is theirs; once foreign text was read, what is kept may come from there.
        let origin = self.state.taint.origins().next().cloned().unwrap_or(Origin::User);
        let args = &call.args;
        let words = match call.tool.as_str() {
            table_tools::REMEMBER => read::<table_tools::Remember>(args)?.text,
            table_tools::RECALL => read::<table_tools::Recall>(args)?.query,
            _ => read::<table_tools::Forget>(args)?.query,
        };
        self.work(Role::Librarian, || format!("{}: {words}", call.tool.replace('_', " ")));
        let tool = call.tool.as_str();
        let asked = |reply| match tool {
            table_tools::REMEMBER => librarian::Message::Remember {
                text: words.clone(),
                origin: origin.clone(),
                provenance: provenance.clone(),
                reply,
            },
            table_tools::RECALL => librarian::Message::Recall { query: words.clone(), reply },
            _ => librarian::Message::Forget { query: words.clone(), reply },
        };
        let name = match tool {
            table_tools::REMEMBER => "remember",
            table_tools::RECALL => "recall",
            _ => "forget",
        };
        let done = self.tell_dead(self.desk.shared.librarian.ask(self.active.deadline, name, asked).await);
        match done {
            Ok(done) => {
                returned.read = done.read;
                if let Some(record) = done.written {
                    self.active.voice.say(Event::Remembered { turn: self.active.turn.clone(), record });
                }
                Ok(done.output)
            }
            Err(failure) => Err(self.lost(Role::Librarian, &failure, returned)),
        }
    }

    /// The error for a call whose role failed. A role that answered "it failed" is there; any other has been lost.
    fn lost(&mut self, role: Role, failure: &Failure, returned: &mut Returned) -> Error {
        self.degrade(role.name(), &failure.to_string());
        returned.degraded.push(role.name().to_owned());
        Error::new(ErrorKind::Failed, "", failure.to_string())
    }
}

fn read<T: DeserializeOwned>(args: &Value) -> Result<T, Error> {
    T::deserialize(args).map_err(|error| {
        Error::new(ErrorKind::InvalidArguments, "", error.to_string()).with_hint("look at the tool's schema")
    })
}

fn outcome(made: Made) -> Outcome {
    match made {
        Ok(output) => Outcome::Output(output),
        Err(error) => Outcome::Error(error_value(&error)),
    }
}

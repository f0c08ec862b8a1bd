//! roundtable: a multi-agent assistant as an actor runtime.
//!
//! A planner, a retriever, a reranker, a tool executor and a critic sit at one [`table`] as supervised actors. What one of
//! them decides is a pure function in [`turn`] and [`evidence`]; what happened is an [`event::Event`]; what is certain to
//! survive is in the [`journal`]. Models are behind one trait in [`model`], the embedded one is [`offline`]. People come in
//! through [`cli`] and [`repl`]; stories with faults through [`scenario`].

pub mod answer;
mod causes;
pub mod cli;
pub mod edge;
pub mod event;
pub mod evidence;
pub mod fault;
pub mod journal;
pub mod model;
pub mod notes;
pub mod offline;
pub mod repl;
pub mod scenario;
pub mod table;
pub mod turn;

//! The table: supervised actors that answer one turn after another.
//!
//! ```text
//! Table ── root supervisor ─┬─ librarian
//!                           ├─ gateway
//!                           └─ a supervisor per Session ─ session, planner, retriever, reranker, executor, critic
//! ```
//!
//! Each role is a file here: what it takes, whom it asks, what is lost if it dies. A [`seat`] is a role's place, which stays when its
//! actor does not; the [`shell`] is what every role sits in; [`strategy`] decides about restarts. A turn is driven from question to
//! answer by `driver`, which asks the planner what comes next (a pure function in [`crate::turn`]) and has it done.
//!
//! ```
//! use std::sync::Arc;
//! use roundtable::model::scripted::Scripted;
//! use roundtable::table::{Config, Table};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
//! let table = Table::start(Config::new(Arc::new(Scripted::saying(["Good day."])))).await?;
//! let session = table.open(None).await?;
//! let answer = session.ask("Hello!").await?.answer().await?;
//! assert_eq!(answer.text, "Good day.");
//! table.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).expect("a turn");
//! ```

mod bus;
mod calls;
pub mod config;
mod crew;
mod critic;
mod desk;
mod driver;
pub mod effects;
mod executor;
mod face;
mod gateway;
mod keep;
mod librarian;
mod planner;
pub mod pool;
mod reranker;
mod retriever;
pub mod seat;
mod session;
pub mod shell;
pub mod strategy;
mod stream;
mod supervisor;
mod turn;

pub(crate) use calls::WIDE;
pub use config::{Clock, Config, Limits, Rag, Rerank};
pub use face::{ActorView, Session, StartError, Table};
pub use turn::{Turn, TurnError};

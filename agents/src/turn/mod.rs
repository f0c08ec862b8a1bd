//! One turn as pure functions: what happened goes into a [`State`], and [`plan`](plan::plan) says what comes next.
//!
//! ```text
//! Happened ──apply──> State ──plan──> Step ──(the table does it)──> Happened ...
//! ```
//!
//! Nothing here waits, sends or looks at a clock, so every decision can be tested without an actor. What happened is also
//! what the [journal](crate::journal) keeps: a turn is resumed by applying its records again.

pub mod happened;
pub mod history;
pub mod plan;
pub mod prompt;
pub mod select;
pub mod shorten;
pub mod state;
pub mod table_tools;

pub use happened::{Happened, Result, Returned};
pub use plan::{Rules, Step, plan};
pub use state::{Planned, State};

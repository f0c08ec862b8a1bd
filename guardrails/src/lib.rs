//! What text may pass which door.
//!
//! Text reaches roundtable from people, documents, tools, models and its own memory. All of it starts as
//! [`Untrusted`], with a note of where it came from, and only a [`door`](doors) turns it into [`Cleared`]: there is no
//! other constructor, so a function that takes `Cleared<Draft>` cannot be given text that nobody screened.
//!
//! ```
//! use roundtable_guardrails::{Door, Doors, Origin, Untrusted, Verdict};
//!
//! let doors = Doors::standard();
//! let passage = Untrusted::new("The wing is 3 m long.".to_string(), Origin::Tool { name: "search".into() });
//! let cleared = doors.admit(Door::Document, passage)?;
//! assert_eq!(cleared.get(), "The wing is 3 m long.");
//! assert_eq!(cleared.report().verdict, Verdict::Pass);
//! # Ok::<(), roundtable_guardrails::Refusal>(())
//! ```
//!
//! A door is a row of [`rails`], each of which looks for one kind of harm, and a policy of what to do about what they
//! find. What a call may *do* is decided beside it, in [`approval`]: a turn that has read untrusted text cannot run a
//! tool with effects unless policy or a person approves that very call.
//!
//! This crate knows no storage, no async runtime and no chat model; it decides from the text alone.

pub mod approval;
pub mod canonical;
pub mod doors;
pub mod rails;
pub mod report;
pub mod scan;
pub mod trust;

pub use approval::{Approvals, CallId, EffectDecision, Policy, Taint, decide_effect};
pub use doors::{Doors, Screen};
pub use report::{Door, Finding, Refusal, Report, Verdict};
pub use trust::{Cleared, Origin, Untrusted};

/// The note on doors and rails, whose code has to keep working.
#[cfg(doctest)]
#[doc = include_str!("../../notes/guardrails.md")]
pub struct GuardrailsNote;

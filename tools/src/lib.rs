//! Machine-learning algorithms written from scratch, as a library and as tools that a model can call.
//!
//! Every tool is one file, named like the tool, in the folder of its family (`kmeans` is `cluster/kmeans.rs`), with the same
//! five paragraphs: a header that teaches, `Args`, `Output`, `run`, and tests.
//! [`Catalogue::standard`] holds them all, each with a JSON Schema made from its argument type, so the library call and
//! the tool call are the same code and give the same answer.
//!
//! ```
//! use roundtable_tools::{Catalogue, vectors::vector_dot};
//! use serde_json::json;
//!
//! // As a library:
//! let args = vector_dot::Args { a: [1.0, 2.0, 3.0].try_into()?, b: [4.0, 5.0, 6.0].try_into()? };
//! assert_eq!(vector_dot::run(&args)?.value, 32.0);
//!
//! // As a tool:
//! let tools = Catalogue::standard()?;
//! assert_eq!(tools.call("vector_dot", &json!({"a": [1, 2, 3], "b": [4, 5, 6]}))?, json!({"value": 32.0}));
//!
//! // A mistake comes back as something that can be repaired:
//! let error = tools.call("vector_dott", &json!({})).unwrap_err();
//! assert_eq!(error.nearest, ["vector_dot", "vector_norm"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate knows no clock, file, network, async runtime or global randomness: what happens depends on the arguments
//! alone, and the same seed gives the same bits.

mod algebra;
pub mod batch;
pub mod catalogue;
pub mod cluster;
pub mod drift;
mod eigen;
pub mod error;
pub mod evaluate;
mod explain;
pub mod fairness;
mod finite;
mod kernel;
pub mod linear;
pub mod neural;
mod normal;
pub mod optimize;
pub mod plot;
mod pool;
pub mod prepare;
pub mod probability;
mod random;
pub mod reduce;
pub mod retrieval;
mod schema;
pub mod similarity;
mod special;
mod special_tails;
pub mod stats;
mod suggest;
pub mod text;
pub mod tool;
pub mod transformer;
pub mod trees;
pub mod value;
pub mod vectors;

pub use catalogue::{BuildError, Catalogue};
pub use error::{Error, ErrorKind};
pub use kernel::Real;
pub use tool::{CallContext, Effect, Spec, Tool};
pub use value::{Fraction, Gappy, Label, Matrix, Seed, Vector};

/// The note for newcomers, whose code has to keep working.
#[cfg(doctest)]
#[doc = include_str!("../../notes/adding-a-tool.md")]
pub struct AddingATool;

//! The edge: what touches files and the terminal, so that tools and turns stay data in, data out.
//!
//! [`files`] turns a file named in a tool's arguments into the data that the tool wants; [`picture`] turns SVG into files
//! and PNG; [`terminal`] knows what the terminal can do; [`plain`] keeps text from driving it.

pub mod files;
mod parquet;
pub mod picture;
pub mod plain;
mod rows;
pub mod sixel;
pub mod terminal;

//! The chat loop: line editing, streaming, slash commands.

pub mod render;

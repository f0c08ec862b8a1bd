//! The chat loop: line editing, streaming, slash commands.

//! The append-only journal of a session, written before each effect.

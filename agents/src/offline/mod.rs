//! The embedded model: no network, no weights to fetch, deterministic and honest.

//! The actors: root supervisor, shared services, sessions and their five roles.

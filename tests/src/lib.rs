//! Scenarios and end-to-end stories of roundtable. The stories are the files in `scenarios/`; the tests that run them, and
//! those that hold the shape of the workspace, are in `tests/`.

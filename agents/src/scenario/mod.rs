//! Stories with faults: a YAML format, a runner, a replayer.

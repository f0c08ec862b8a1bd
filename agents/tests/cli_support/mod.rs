//! Runs the real binary in a folder of its own.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A folder that holds everything a run reads and writes.
pub struct Bench {
    pub folder: tempfile::TempDir,
}

/// What a run left behind.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Stdout as JSON lines.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// The binary with a data folder of its own, offline, and nothing of the tester's environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roundtable"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("TERM", "dumb")
            .env("ROUNDTABLE_DATA_DIR", self.path().join("data"))
            .env("ROUNDTABLE_PROVIDER", "offline")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str], stdin: &str) -> Ran {
        let mut child = self.command(args).spawn().unwrap();
        // A program that does not read its input closes the pipe early, which is its right.
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap_or_default();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let status = output.status.code().unwrap_or(-1);
        Ran { status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// What a run must leave behind: its status, and these parts on stdout and stderr.
pub fn check(ran: Ran, status: i32, stdout: &[&str], stderr: &[&str]) -> Ran {
    assert_eq!(ran.status, status, "{}\n{}", ran.stdout, ran.stderr);
    for part in stdout {
        assert!(ran.stdout.contains(part), "`{part}` is not in\n{}", ran.stdout);
    }
    for part in stderr {
        assert!(ran.stderr.contains(part), "`{part}` is not in\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

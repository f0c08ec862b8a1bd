//! The shape of the house: which crate may know which, and that the README's rows name things that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The arrows of the design: crate, then what it may depend on.
const ARROWS: [(&str, &[&str]); 5] = [
    ("roundtable-tools", &[]),
    ("roundtable-guardrails", &["roundtable-tools"]),
    ("roundtable-memory", &["roundtable-tools", "roundtable-guardrails"]),
    ("roundtable", &["roundtable-tools", "roundtable-guardrails", "roundtable-memory"]),
    ("roundtable-tests", &["roundtable-tools", "roundtable-guardrails", "roundtable-memory", "roundtable"]),
];

/// What a crate must never know, even through others: the reason it can be built in seconds and tested without a world.
const NEVER: [(&str, &[&str]); 3] = [
    ("roundtable-tools", &["tokio", "reqwest", "lancedb", "ractor", "rand", "chrono", "jiff"]),
    ("roundtable-guardrails", &["tokio", "reqwest", "lancedb", "ractor", "async-openai", "ollama-rs"]),
    ("roundtable-memory", &["ractor", "async-openai", "ollama-rs", "reedline"]),
];

/// Normal and build dependencies of every package, by name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo metadata runs in a checkout");
    let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves");
    let names: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in &resolve.nodes {
        let entry = all.entry(names[&node.id].clone()).or_default();
        for dependency in &node.deps {
            if dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development) {
                entry.insert(names[&dependency.pkg].clone());
            }
        }
    }
    all
}

#[test]
fn the_arrows_between_crates_point_one_way() {
    let all = dependencies();
    for (name, allowed) in ARROWS {
        let ours: BTreeSet<_> = all[name].iter().filter(|d| d.starts_with("roundtable")).map(String::as_str).collect();
        let allowed: BTreeSet<_> = allowed.iter().copied().collect();
        assert!(ours.is_subset(&allowed), "`{name}` knows {ours:?} but may only know {allowed:?}");
    }
}

#[test]
fn no_crate_knows_what_it_must_never_know() {
    let all = dependencies();
    for (name, never) in NEVER {
        let mut known = BTreeSet::new();
        let mut open = vec![name];
        while let Some(next) = open.pop() {
            for dependency in all.get(next).into_iter().flatten() {
                if known.insert(dependency.as_str()) {
                    open.push(dependency);
                }
            }
        }
        for banned in never {
            assert!(
                !known.contains(*banned),
                "`{name}` depends on `{banned}`, perhaps through others, which it must never know"
            );
        }
    }
}

/// Packages with their features, one a line, as `cargo tree` resolves them for these packages and kinds of dependency.
fn features(packages: &[&str], kinds: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix", "none", "--format", "{p} {f}", "--edges", kinds])
        .args(packages)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo tree runs in a checkout");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[test]
fn no_crate_is_built_twice_for_the_program_and_its_tests() {
    // A test that asks a shared crate for one more feature makes the next `cargo run` compile the database again.
    let (program, all) = (features(&["-p", "roundtable"], "normal,build"), features(&["--workspace"], "all"));
    let other: Vec<_> = program.difference(&all).collect();
    assert!(!program.is_empty() && other.is_empty(), "with other features in the tests: {other:?}");
}

/// What the README's tables name: in code, and as links.
fn named_in_tables() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let mut named = Vec::new();
    for row in readme.lines().filter(|line| line.starts_with('|')) {
        // Every second piece between backticks is code.
        named.extend(row.split('`').skip(1).step_by(2).map(str::to_owned));
        named.extend(row.split("](").skip(1).filter_map(|link| link.split(')').next()).map(str::to_owned));
    }
    named
}

#[test]
fn every_tool_and_file_in_the_readme_exists() {
    let tools = roundtable::cli::tool::standard().expect("the tools can be loaded");
    let house = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut named, mut files) = (BTreeSet::new(), 0);
    for code in named_in_tables() {
        let file = code.contains('/') && !code.starts_with('/') && !code.contains(' ');
        if file || code.ends_with(".md") || code.ends_with(".ipynb") {
            assert!(house.join(&code).exists(), "the README names the file `{code}`, which does not exist");
            files += 1;
        } else if code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            assert!(tools.get(&code).is_some(), "the README names the tool `{code}`, which does not exist");
            named.insert(code);
        }
    }
    assert!(named.len() > 100 && files > 10, "{} tools and {files} files are named", named.len());
    let unsaid: Vec<&str> =
        tools.iter().map(|tool| tool.spec().name.as_str()).filter(|name| !named.contains(*name)).collect();
    assert!(unsaid.is_empty(), "the README does not say what these tools are for: {unsaid:?}");
}

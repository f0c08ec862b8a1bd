//! Stories with faults: a YAML format, a runner under a paused clock, expectations, invariants.
//!
//! A [`format::Scenario`] says what is in memory, what the scripted model answers, what the person does, which [`faults`] strike
//! when, and what must hold all the same. [`run()`] plays it on a current-thread runtime whose clock is paused: a turn that waits a
//! minute for a dead server takes no time, and one seed drives everything that is random, so that the same seed gives the same
//! log, byte for byte. Whatever a story is about, the [`invariants`] hold in it; a fault that never strikes fails it.

use std::path::{Path, PathBuf};

use serde_json::Value;

pub mod check;
pub mod faults;
pub mod faulty;
pub mod format;
pub mod invariants;
pub mod run;
mod world;

pub use format::Scenario;
pub use run::{Report, run};

/// Why a scenario file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// It is not YAML.
    #[error("`{}` is not YAML: {why}", path.display())]
    NotYaml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
    /// It is not a scenario.
    #[error("`{}` is no scenario: at `{place}`: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The place, as a JSON pointer.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// There is nothing to run.
    #[error("there is no scenario (`.yaml`) in `{}`", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// The JSON Schema of the format, for editors and for [`load`].
pub fn schema() -> Value {
    schemars::schema_for!(Scenario).to_value()
}

/// The scenario files that `path` names: itself, or all in the folder and below, in the order of their names.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() { Err(LoadError::Empty { path: path.to_owned() }) } else { Ok(found) }
}

/// Reads a scenario and checks it against the schema.
pub fn load(path: &Path) -> Result<Scenario, LoadError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })?;
    read(path, &text)
}

/// Reads a scenario from its text; `path` is for the messages.
pub fn read(path: &Path, text: &str) -> Result<Scenario, LoadError> {
    let value: Value = serde_saphyr::from_str(text)
        .map_err(|error| LoadError::NotYaml { path: path.to_owned(), why: error.to_string() })?;
    let invalid = |place: String, why: String| LoadError::Invalid { path: path.to_owned(), place, why };
    let validator = jsonschema::validator_for(&schema()).map_err(|error| invalid(String::new(), error.to_string()))?;
    if let Err(error) = validator.validate(&value) {
        return Err(invalid(error.instance_path().to_string(), error.to_string()));
    }
    serde_json::from_value(value).map_err(|error| invalid(String::new(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_file_is_told_where_it_is_wrong() {
        let wrong = |text: &str| match read(Path::new("x.yaml"), text) {
            Ok(_) => panic!("it is wrong: {text}"),
            Err(error) => error.to_string(),
        };
        assert!(wrong("name: [").contains("not YAML"));
        assert!(wrong("name: a\nabout: b\nsteps: 3\n").contains("/steps"));
        let fault = "name: a\nabout: b\nsteps: []\nfaults:\n- fault: {model_explodes: {}}\n";
        assert!(wrong(fault).contains("/faults/0/fault"), "{}", wrong(fault));
    }
}

//! What a workload is, and the folder that its data lie in.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::{
    measure::{Clock, measure},
    npy,
};

/// What came of something that needs files.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What a workload reports beside its time.
pub type Metrics = Map<String, Value>;

/// One job on fixed data.
pub trait Workload: Sized {
    /// What `--only` calls it.
    const NAME: &'static str;
    /// Its name in manifest.json, which several may share.
    const DATA: &'static str = Self::NAME;
    /// Who did it.
    const LIBRARY: &'static str = "roundtable";
    /// What the timed part leaves.
    type Output;

    /// Reads the data; not timed.
    fn load(folder: &Folder) -> Outcome<Self>;

    /// The timed part.
    fn run(&self) -> Outcome<Self::Output>;

    /// Tells how good the result is, as ml_peers.py does; what is timed in here uses `clock`.
    fn score(&self, output: Self::Output, clock: Clock) -> Outcome<Metrics>;
}

/// The row of a workload.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its name in manifest.json.
    pub data: &'static str,
    /// Who did it.
    pub library: &'static str,
    /// Loads, runs, scores: gives the measured fields of a row.
    pub measure: fn(&Folder, usize, usize) -> Outcome<Metrics>,
}

/// The row of a workload.
pub const fn entry<W: Workload>() -> Entry {
    Entry { name: W::NAME, data: W::DATA, library: W::LIBRARY, measure: measure::<W> }
}

/// Where a workload's data lie, and its parameters.
pub struct Folder {
    path: PathBuf,
    parameters: Value,
}

impl Folder {
    /// Finds a workload in the data that ml_peers.py wrote.
    pub fn open(data: &Path, name: &str) -> Outcome<Self> {
        let manifest = data.join("manifest.json");
        let text = std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
        let mut manifest: Value = serde_json::from_str(&text)?;
        let parameters = manifest[name].take();
        if parameters.is_null() {
            return Err(format!("manifest.json has no workload `{name}`").into());
        }
        Ok(Folder { path: data.join(name), parameters })
    }

    /// A whole number among the parameters.
    pub fn count(&self, key: &str) -> Outcome<usize> {
        let count = self.parameters[key].as_u64().ok_or_else(|| format!("the manifest has no count `{key}`"))?;
        Ok(count as usize)
    }

    /// Any parameter; null when there is none.
    pub fn parameter(&self, key: &str) -> &Value {
        &self.parameters[key]
    }

    /// Where a file is.
    pub fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// An array, from `name.npy`.
    pub fn array<T: npy::Element>(&self, name: &str) -> Outcome<npy::Array<T>> {
        npy::read(&self.path(&format!("{name}.npy")))
    }
}

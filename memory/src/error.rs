//! What can go wrong in memory, a variant per next move.

use std::path::PathBuf;

use crate::embed::EmbedError;

/// The cause underneath: LanceDB's, Arrow's or the system's.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong in memory. `hint()` says what to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder cannot be made, read or written.
    #[error("cannot use `{}` as the data folder", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: std::io::Error,
    },
    /// A table cannot be opened or made.
    #[error("cannot open table `{table}`")]
    Unavailable {
        /// The table's name.
        table: &'static str,
        /// LanceDB's reason.
        #[source]
        cause: BoxError,
    },
    /// A read or a write failed.
    #[error("cannot {action}")]
    Store {
        /// What was being done, as `write the chunks`.
        action: &'static str,
        /// LanceDB's reason.
        #[source]
        cause: BoxError,
    },
    /// What came out of a table is not what goes into it.
    #[error("table `{table}` holds something that this version cannot read: {what}")]
    Corrupt {
        /// The table's name.
        table: &'static str,
        /// What was wrong.
        what: String,
    },
    /// Another process is writing and did not finish in time.
    #[error("another process is writing to `{}`", path.display())]
    Busy {
        /// The data folder.
        path: PathBuf,
    },
    /// The stored vectors are another model's.
    #[error(
        "the stored vectors are of model `{stored}` with {stored_dimension} dimensions, but `{given}` has {given_dimension}"
    )]
    OtherModel {
        /// The model that made the stored vectors.
        stored: String,
        /// Their length.
        stored_dimension: usize,
        /// The model that was given now.
        given: String,
        /// The length of its vectors.
        given_dimension: usize,
    },
    /// A vector has the wrong length or a number that is none.
    #[error("the vector of `{id}` {what}")]
    BadVector {
        /// The chunk or record.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// The embedder failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// A search by meaning, and nothing has a vector yet.
    #[error("the documents have no vectors yet")]
    NoVectors,
    /// A path that was to be ingested cannot be read at all.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: std::io::Error,
    },
    /// The record that was asked for is not there.
    #[error("no record `{id}`")]
    NoRecord {
        /// Its id.
        id: String,
    },
    /// The export's reader went away or its disk is full.
    #[error("cannot write the export")]
    Export(#[source] std::io::Error),
}

impl Error {
    /// What to try next, for a person.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Folder { .. } => {
                Some("choose another folder with `--data-dir`, or check its permissions and free space")
            }
            Error::Unavailable { .. } | Error::Corrupt { .. } => {
                Some("if another version wrote this folder, use that version or ingest into a fresh `--data-dir`")
            }
            Error::Busy { .. } => Some("let the other `roundtable` finish, or give this one its own `--data-dir`"),
            Error::OtherModel { .. } => Some(
                "use the embedding model that made them, or make all vectors anew with `roundtable ingest --reembed`",
            ),
            Error::Embed(error) => error.hint(),
            Error::NoVectors => Some("`roundtable ingest` makes them; `--mode lexical` searches by words"),
            Error::Unreadable { .. } => Some("check the path"),
            Error::NoRecord { .. } => Some("`roundtable memory list` shows what there is"),
            Error::Store { .. } | Error::BadVector { .. } | Error::Export(_) => None,
        }
    }

    pub(crate) fn store(action: &'static str) -> impl FnOnce(lancedb::Error) -> Error {
        move |cause| Error::Store { action, cause: Box::new(cause) }
    }
}

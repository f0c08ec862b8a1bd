//! One writing process at a time.
//!
//! The lock is the system's, on a file in the data folder: it goes with the process that holds it, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::Error;

/// How long a write waits for another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// The right of this process to write; given up when dropped.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock of `folder`, up to ten seconds.
    pub async fn take(folder: &Path) -> Result<Lock, Error> {
        Lock::take_within(folder, PATIENCE).await
    }

    async fn take_within(folder: &Path, patience: Duration) -> Result<Lock, Error> {
        let path = folder.join("writer.lock");
        let unusable = |cause| Error::Folder { path: folder.to_owned(), cause };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
                Err(TryLockError::WouldBlock) if waited >= patience => {
                    return Err(Error::Busy { path: folder.to_owned() });
                }
                Err(TryLockError::WouldBlock) => {
                    tokio::time::sleep(INTERVAL).await;
                    waited += INTERVAL;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_writer_waits_or_is_told() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let first = Lock::take(folder.path()).await.expect("free");
        let refused = Lock::take_within(folder.path(), Duration::ZERO).await.err().expect("taken");
        assert!(matches!(refused, Error::Busy { .. }) && refused.hint().is_some());
        drop(first);
        Lock::take_within(folder.path(), Duration::ZERO).await.expect("free again");
    }
}

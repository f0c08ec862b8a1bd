//! The file behind a journal: locked, appended to, its torn end cut off.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::{Error, Header, Keep, Line, Replayed};

/// An open, locked journal file.
#[derive(Debug)]
pub(super) struct File {
    file: fs::File,
    path: PathBuf,
    /// The length up to which every line is whole: where the next line goes.
    length: u64,
}

impl File {
    pub fn create(path: PathBuf, header: &Header) -> Result<Self, Error> {
        let io = |what, source| Error::Io { what, path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| io("make the folder of", error))?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| io("create", error))?;
        let mut new = Self { file, path, length: 0 };
        new.lock(&header.session)?;
        new.write(header, Keep::Process)?;
        Ok(new)
    }

    pub fn open(path: PathBuf, session: &str) -> Result<(Self, Replayed), Error> {
        let io = |what, source| Error::Io { what, path: path.clone(), source };
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Unknown { session: session.to_owned() });
            }
            Err(error) => return Err(io("open", error)),
        };
        let mut opened = Self { file, path: path.clone(), length: 0 };
        opened.lock(session)?;
        let mut text = Vec::new();
        opened.file.read_to_end(&mut text).map_err(|error| io("read", error))?;
        let (replayed, whole) = Replayed::read(&text, &path)?;
        opened.length = whole as u64;
        opened.cut()?;
        Ok((opened, replayed))
    }

    fn lock(&self, session: &str) -> Result<(), Error> {
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { session: session.to_owned() }),
            Err(TryLockError::Error(error)) => Err(self.io("lock", error)),
        }
    }

    pub fn append(&mut self, line: &Line, keep: Keep) -> Result<(), Error> {
        self.write(line, keep)
    }

    fn write(&mut self, line: &impl Serialize, keep: Keep) -> Result<(), Error> {
        let mut text = serde_json::to_vec(line).map_err(|error| self.io("write", error.into()))?;
        text.push(b'\n');
        if let Err(error) = self.file.write_all(&text) {
            // Half a line may be there (a full disk): what follows must not be glued to it.
            self.cut()?;
            return Err(self.io("write", error));
        }
        self.length += text.len() as u64;
        if keep == Keep::Disk {
            self.file.sync_data().map_err(|error| self.io("sync", error))?;
        }
        Ok(())
    }

    /// Cuts off what lies behind the last whole line.
    fn cut(&mut self) -> Result<(), Error> {
        self.file.set_len(self.length).map_err(|error| self.io("cut", error))?;
        self.file.seek(SeekFrom::Start(self.length)).map_err(|error| self.io("cut", error))?;
        Ok(())
    }

    /// Leaves half a line, as a crash in the middle of a write does.
    pub fn tear(&mut self, line: &Line) -> Result<(), Error> {
        let text = serde_json::to_vec(line).map_err(|error| self.io("write", error.into()))?;
        self.file.write_all(&text[..text.len() / 2]).map_err(|error| self.io("write", error))
    }

    /// The error of a write that failed.
    pub fn failed(&self, source: std::io::Error) -> Error {
        self.io("write", source)
    }

    fn io(&self, what: &'static str, source: std::io::Error) -> Error {
        Error::Io { what, path: self.path.clone(), source }
    }
}

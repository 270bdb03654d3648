//! The log of the service: a service of Windows has neither a terminal nor a journal.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::logging;

/// Weeks of a Linkage, days of a busy update server; with the file before it, what a disk can spare anywhere.
const BYTES_MAX: u64 = 10 << 20;

/// Starts logging into a file.
pub fn start(path: PathBuf) -> io::Result<()> {
    let file = LogFile::open(path, BYTES_MAX)?;
    let filter = logging::filter(logging::ALL);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(Mutex::new(file)).with_ansi(false).init();
    Ok(())
}

/// A file that is put aside when it is full, in place of the one that was put aside before.
struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

impl LogFile {
    fn open(path: PathBuf, bytes_max: u64) -> io::Result<Self> {
        let file = append(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, file, bytes, bytes_max })
    }
}

impl Write for LogFile {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + text.len() as u64 > self.bytes_max {
            std::fs::rename(&self.path, self.path.with_extension("old.log"))?;
            self.file = append(&self.path)?;
            self.bytes = 0;
        }
        let written = self.file.write(text)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_put_aside_and_the_one_before_it_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("linkage.log");
        let mut log = LogFile::open(path.clone(), 8).expect("opens");
        for line in ["first\n", "second\n", "3\n", "4\n"] {
            log.write_all(line.as_bytes()).expect("writes");
        }
        drop(log);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("reads");
        assert_eq!((read("linkage.old.log").as_str(), read("linkage.log").as_str()), ("second\n", "3\n4\n"));

        let mut log = LogFile::open(path, 8).expect("opens again");
        log.write_all(b"fifth\n").expect("writes");
        assert_eq!((read("linkage.old.log").as_str(), read("linkage.log").as_str()), ("3\n4\n", "fifth\n"));
    }
}

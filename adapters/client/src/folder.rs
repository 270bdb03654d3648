//! A folder as a tar, made while it is sent.

use std::fs::{self, File};
use std::io::{self, PipeReader, Read};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use tar::{Builder, EntryType, Header};

use crate::Error;

/// The most files that one folder brings.
pub const FILES_MAX: usize = 100_000;
/// How many folders deep files are looked for: the folder itself, and two beneath, which is where
/// the content of a Microsoft WSUS lies (`Content/A2/….cab`).
pub const DEPTH_MAX: usize = 3;

/// The plain files of a folder: its documents (`.xml`) first, each part in the order of the names.
/// Symbolic links and names that begin with a dot are left out.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    files: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Sorts before the name, and `false` sorts first.
    is_payload: bool,
    /// Below the root, with slashes.
    name: String,
    len: u64,
}

impl Folder {
    /// Lists the files and opens none.
    ///
    /// # Errors
    /// When a folder cannot be listed, holds too much or holds no document.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let mut files = Vec::new();
        list(root, "", 1, &mut files)?;
        files.sort_unstable();
        if files.first().is_none_or(|first| first.is_payload) {
            return Err(refused(root, "it holds no document (.xml)".into()));
        }
        Ok(Self { root: root.to_owned(), files })
    }

    /// The bytes of the tar, but for the few more that names of over 100 characters take.
    pub fn tar_len(&self) -> u64 {
        let entries = self.files.iter().map(|file| 512 + file.len.next_multiple_of(512));
        entries.sum::<u64>() + 1024
    }

    /// Starts to pack. What goes wrong is an error of the last read, so that a cut tar is never
    /// taken for a whole one.
    pub fn pack(self) -> io::Result<impl Read> {
        let (pipe, sink) = io::pipe()?;
        let packer = thread::spawn(move || {
            let mut tar = Builder::new(sink);
            self.files.iter().try_for_each(|file| append(&mut tar, &self.root, file))?;
            tar.finish()
        });
        Ok(Packed { pipe, packer: Some(packer) })
    }
}

fn refused(path: &Path, reason: String) -> Error {
    Error::Folder { path: path.to_owned(), reason }
}

fn list(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<Entry>) -> Result<(), Error> {
    let unreadable = |source| Error::File { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else {
            return Err(refused(&entry.path(), "its name is not Unicode".into()));
        };
        if file_name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{file_name}");
        // The type of a symbolic link is that of the link, which is neither of the two.
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() && depth < DEPTH_MAX {
            list(&entry.path(), &format!("{name}/"), depth + 1, files)?;
        } else if kind.is_file() {
            let len = entry.metadata().map_err(unreadable)?.len();
            files.push(Entry { is_payload: !is_document(&name), name, len });
        }
        if files.len() > FILES_MAX {
            return Err(refused(folder, format!("it holds more than {FILES_MAX} files")));
        }
    }
    Ok(())
}

fn is_document(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"))
}

fn append(tar: &mut Builder<impl io::Write>, root: &Path, entry: &Entry) -> io::Result<()> {
    let path = root.join(&entry.name);
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(entry.len);
    let content = Exactly { file: File::open(&path).map_err(named)?, left: entry.len };
    tar.append_data(&mut header, &entry.name, content).map_err(named)
}

/// So many bytes of a file, as its header promised; a file that shrank meanwhile is an error.
struct Exactly {
    file: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = (&mut self.file).take(self.left).read(buffer)?;
        if len == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::other("it became shorter while it was read"));
        }
        self.left -= len as u64;
        Ok(len)
    }
}

struct Packed {
    pipe: PipeReader,
    packer: Option<JoinHandle<io::Result<()>>>,
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.pipe.read(buffer)?;
        if len == 0
            && !buffer.is_empty()
            && let Some(packer) = self.packer.take()
        {
            packer.join().map_err(|_| io::Error::other("packing stopped"))??;
        }
        Ok(len)
    }
}

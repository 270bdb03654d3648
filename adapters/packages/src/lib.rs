//! Packages: update documents and their files, as an administrator brings them.
//!
//! A package is a `wsusutil export` (a cabinet), a folder of documents with their files beside
//! them, or such a folder as a tar archive. It is read as a stream and never unpacked: nothing is
//! written, and the names within are labels, not paths (threat A9). What a package says of its
//! lengths is checked against what it holds.

mod archive;
mod error;
mod exact;
mod export;
mod folder;
mod listing;
mod member;
pub mod oracle;
mod records;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::Path;

use headwater_model::UpdateIdentity;

pub use error::{PackageError, Reason};
use export::Export;
use folder::Folder;
pub use listing::{FileLocation, Listing};

/// A package that can be read once.
pub struct Package {
    name: String,
    source: Source,
}

enum Source {
    Export(Box<Export<File>>),
    Folder(Folder),
    Archive(Box<dyn Read + Send>),
}

/// One thing of a package.
pub enum Entry<'p> {
    Document(Document),
    File(PackedFile<'p>),
}

/// An update document, as yet unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name within the package; for an export, the update's.
    pub name: String,
    /// The revision that an export says it is.
    pub identity: Option<UpdateIdentity>,
    pub xml: String,
}

/// Something that is no document, and may be a file of an update.
pub struct PackedFile<'p> {
    pub name: String,
    pub size_bytes: u64,
    /// `size_bytes` bytes or an error. What is left unread is passed over.
    pub bytes: &'p mut dyn Read,
}

/// Why reading stopped: of the package, or of whoever takes its entries.
enum Stop<E> {
    Package(Reason),
    Taker(E),
}

impl<E> From<Reason> for Stop<E> {
    fn from(reason: Reason) -> Self {
        Self::Package(reason)
    }
}

impl Package {
    /// Opens an export, an archive or a folder, whichever `path` is by its content.
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        let name = path.display().to_string();
        match open(path) {
            Ok(source) => Ok(Self { name, source }),
            Err(reason) => Err(PackageError { package: name, reason }),
        }
    }

    /// A tar archive that arrives as a stream. `name` is for messages.
    pub fn archive(name: impl Into<String>, stream: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), source: Source::Archive(Box::new(stream)) }
    }

    /// How it is called in messages: its path, or what it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many documents there are, where that is known before they are read.
    pub fn documents_total(&self) -> Option<u64> {
        match &self.source {
            Source::Export(export) => Some(export.listing().updates),
            Source::Folder(folder) => Some(folder.documents_total()),
            Source::Archive(_) => None,
        }
    }

    /// What an export says about itself and where its files are.
    pub fn listing(&self) -> Option<&Listing> {
        match &self.source {
            Source::Export(export) => Some(export.listing()),
            Source::Folder(_) | Source::Archive(_) => None,
        }
    }

    /// Hands every entry to `take`, until one of them fails. Exports hold documents only; folders
    /// give their documents first, archives what comes.
    pub fn read<E: From<PackageError>>(
        self,
        mut take: impl FnMut(Entry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let stopped = match self.source {
            Source::Export(export) => export.read(&mut take),
            Source::Folder(folder) => folder.read(&mut take),
            Source::Archive(stream) => archive::read(stream, &mut take),
        };
        stopped.map_err(|stop| match stop {
            Stop::Package(reason) => PackageError { package: self.name, reason }.into(),
            Stop::Taker(error) => error,
        })
    }
}

fn open(path: &Path) -> Result<Source, Reason> {
    if fs::metadata(path).map_err(Reason::Unreadable)?.is_dir() {
        return Ok(Source::Folder(Folder::open(path)?));
    }
    let mut file = File::open(path).map_err(Reason::Unreadable)?;
    let mut start = Vec::new();
    (&mut file).take(512).read_to_end(&mut start).map_err(Reason::Unreadable)?;
    file.rewind().map_err(Reason::Unreadable)?;
    match start.as_slice() {
        [b'M', b'S', b'C', b'F', ..] => Ok(Source::Export(Box::new(Export::open(file)?))),
        [0x1f, 0x8b, ..] => Err(Reason::Gzip),
        _ if start.get(257..262) == Some(b"ustar") => Ok(Source::Archive(Box::new(io::BufReader::new(file)))),
        _ => Err(Reason::NotAPackage),
    }
}

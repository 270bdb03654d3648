//! What can be wrong with a package.

use std::error::Error;
use std::{fmt, io};

use crate::member::DOCUMENT_BYTES_MAX;

/// A package that cannot be read to its end. What was taken of it before is good.
#[derive(Debug)]
pub struct PackageError {
    /// Its path, or what it was named.
    pub package: String,
    pub reason: Reason,
}

impl fmt::Display for PackageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.package, self.reason)
    }
}

/// The reason is part of the message, so its cause is the next.
impl Error for PackageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.source()
    }
}

/// What is wrong with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    #[error("cannot be read")]
    Unreadable(#[source] io::Error),
    #[error(
        "is no package: expected a wsusutil export (.cab), a folder of update documents or such a folder as .tar"
    )]
    NotAPackage,
    #[error("is compressed with gzip: expected a wsusutil export to a name in .cab, or a .tar as it is")]
    Gzip,
    #[error("the folder has no update document: expected files that end in .xml")]
    NoDocuments,
    #[error("the cabinet is damaged")]
    DamagedCabinet(#[source] io::Error),
    #[error(
        "the cabinet is no wsusutil export, which holds package.xml and metadata.txt, compressed with LZX"
    )]
    NotAnExport,
    #[error("package.xml has {0} bytes, more than can be read")]
    ListingTooLong(u64),
    #[error("package.xml is not valid")]
    Listing(#[source] headwater_xml::Error),
    #[error("package.xml is of the format `{0}`, not 1.0")]
    Format(String),
    #[error("record {number} of metadata.txt is damaged: {what}")]
    Record { number: u64, what: &'static str },
    #[error("metadata.txt ends after {found} of {listed} documents")]
    Incomplete { found: u64, listed: u64 },
    #[error("the archive is damaged")]
    DamagedArchive(#[source] io::Error),
    #[error("the archive is cut off")]
    ArchiveCutOff,
    #[error("`{0}` is a link or a device: only files are taken")]
    NotAFile(String),
    #[error("the archive has a file of 8 GiB or more in the form of pax: pack it with `tar --format=gnu`")]
    PaxSize,
    #[error("an entry has no plain name")]
    NoName,
    #[error("the document `{0}` has more than {DOCUMENT_BYTES_MAX} bytes")]
    DocumentTooLong(String),
    #[error("the document `{0}` is text neither in UTF-8 nor in UTF-16")]
    NotText(String),
    #[error("there are more than {0} files")]
    TooManyFiles(usize),
    #[error("`{name}` cannot be read")]
    Member { name: String, source: io::Error },
}

//! A catalogue on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalogue::{Catalogue, DocumentKind, GeneratedDocument};

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub documents: u64,
    pub categories: u64,
    pub detectoids: u64,
    pub software: u64,
    pub document_bytes: u64,
    /// Files that the documents name.
    pub files: u64,
    /// Files that were written.
    pub content_files: u64,
    pub content_bytes: u64,
}

/// Why a catalogue was not written whole.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("`{0}` is not empty")]
    NotEmpty(PathBuf),
    #[error("cannot write `{path}`")]
    Io { path: PathBuf, source: io::Error },
}

/// Writes each document as `<id>-r<revision>.xml` into `folder`, and files into `content` within it,
/// where the catalogue has content. The folder is made; one that holds something is refused.
pub fn write(catalogue: &Catalogue, folder: &Path) -> Result<Summary, WriteError> {
    make_folder(folder)?;
    let in_use = fs::read_dir(folder).map_err(|source| failed(folder, source))?.next().is_some();
    if in_use {
        return Err(WriteError::NotEmpty(folder.to_owned()));
    }
    let content = folder.join("content");
    let mut summary = Summary::default();
    for document in catalogue.documents() {
        let name = format!("{}-r{}.xml", document.identity.id, document.identity.revision);
        write_file(&folder.join(name), document.xml.as_bytes())?;
        summary.count(&document);
        for file in &document.files {
            if let Some(bytes) = file.content() {
                let path = content.join(file.content_path());
                path.parent().map_or(Ok(()), make_folder)?;
                write_file(&path, &bytes)?;
                summary.content_files += 1;
                summary.content_bytes += file.bytes;
            }
        }
    }
    Ok(summary)
}

impl Summary {
    fn count(&mut self, document: &GeneratedDocument) {
        self.documents += 1;
        self.document_bytes += document.xml.len() as u64;
        self.files += document.files.len() as u64;
        match document.kind {
            DocumentKind::Category => self.categories += 1,
            DocumentKind::Detectoid => self.detectoids += 1,
            DocumentKind::Software => self.software += 1,
        }
    }
}

fn make_folder(path: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(path).map_err(|source| failed(path, source))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    fs::write(path, bytes).map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> WriteError {
    WriteError::Io { path: path.to_owned(), source }
}

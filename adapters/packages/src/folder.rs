//! A folder of documents, and of files beside them or in folders within.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::member::{FILES_MAX, hand_on, is_document, plain_name};
use crate::{Entry, Reason, Stop};

/// Folders within folders. Content lies one deep, by the end of its digest.
const DEPTH_MAX: usize = 8;

pub(crate) struct Folder {
    documents: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, Reason> {
        let mut folder = Self { documents: Vec::new(), files: Vec::new() };
        folder.list(path, DEPTH_MAX)?;
        if folder.documents.is_empty() {
            return Err(Reason::NoDocuments);
        }
        folder.documents.sort_unstable();
        folder.files.sort_unstable();
        Ok(folder)
    }

    /// Notes the files of a folder. Links lead elsewhere and are passed over.
    fn list(&mut self, path: &Path, depth: usize) -> Result<(), Reason> {
        let unreadable = |source| Reason::Member { name: path.display().to_string(), source };
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() && depth > 0 {
                self.list(&entry.path(), depth - 1)?;
            } else if kind.is_file() {
                let of_kind = match is_document(&entry.file_name().to_string_lossy()) {
                    true => &mut self.documents,
                    false => &mut self.files,
                };
                of_kind.push(entry.path());
            }
            if self.documents.len() + self.files.len() > FILES_MAX {
                return Err(Reason::TooManyFiles(FILES_MAX));
            }
        }
        Ok(())
    }

    pub(crate) fn documents_total(&self) -> u64 {
        self.documents.len() as u64
    }

    pub(crate) fn read<E>(self, take: &mut dyn FnMut(Entry<'_>) -> Result<(), E>) -> Result<(), Stop<E>> {
        for path in self.documents.iter().chain(&self.files) {
            let unreadable = |source| Reason::Member { name: path.display().to_string(), source };
            let file = File::open(path).map_err(unreadable)?;
            let size_bytes = file.metadata().map_err(unreadable)?.len();
            let name = plain_name(&path.file_name().unwrap_or_default().to_string_lossy())?;
            hand_on(name, size_bytes, file, take)?;
        }
        Ok(())
    }
}

//! Packages of update documents in and out: wsusutil exports and folders.
use std::path::Path;
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("not yet")]
    NotYet,
    #[error("io")]
    Io(#[from] std::io::Error),
}
pub enum Entry {
    Document { name: String, xml: String },
    File { name: String },
}
pub struct Package {
    names: Vec<std::path::PathBuf>,
}
impl Package {
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        Ok(Self { names: std::fs::read_dir(path)?.filter_map(|e| Some(e.ok()?.path())).collect() })
    }
    pub fn next_entry(&mut self) -> Result<Option<Entry>, PackageError> {
        Ok(match self.names.pop() {
            Some(p) => {
                Some(Entry::Document { name: p.display().to_string(), xml: std::fs::read_to_string(p)? })
            }
            None => None,
        })
    }
    pub fn documents_total(&self) -> Option<u64> {
        None
    }
}

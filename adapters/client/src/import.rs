//! The import: the only operation that streams both ways.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use headwater_api::{ImportEvent, ImportQuery, ImportSummary, path};
use ureq::SendBody;
use ureq::http::header;

use crate::folder::Folder;
use crate::{Client, Error};

const BROKE_OFF: &str = "the connection broke off before the import was done; repeat it, what is here already \
                         is kept";

/// What is imported: a cabinet as it is, or a folder as a tar.
#[derive(Debug)]
pub struct ImportSource {
    path: PathBuf,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Cabinet { file: File, len: u64 },
    Folder(Folder),
}

/// How far an import is.
#[derive(Debug)]
pub enum ImportStep<'a> {
    /// So many bytes of about so many have been sent.
    Sent { bytes: u64, bytes_total: u64 },
    /// The server says something; `line` is its very JSON.
    Told { event: &'a ImportEvent, line: &'a str },
}

impl ImportSource {
    /// # Errors
    /// When there is neither a file nor a folder of documents at that path.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::File { path: path.to_owned(), source };
        let metadata = fs::metadata(path).map_err(unreadable)?;
        let content = if metadata.is_dir() {
            Content::Folder(Folder::open(path)?)
        } else {
            Content::Cabinet { file: File::open(path).map_err(unreadable)?, len: metadata.len() }
        };
        Ok(Self { path: path.to_owned(), content })
    }

    /// The last part of the path, for the history. A path that has none (`..`) stays as it is.
    fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

impl Client {
    /// Sends a source and tells every step. Documents that were kept apart are in the summary, not
    /// errors.
    ///
    /// # Errors
    /// When the source cannot be read, the server cannot be reached or it stops the import.
    pub fn import(
        &self,
        source: ImportSource,
        watch: &mut dyn FnMut(ImportStep<'_>),
    ) -> Result<ImportSummary, Error> {
        let query = ImportQuery { name: source.name() };
        let unreadable = |error| Error::File { path: source.path.clone(), source: error };
        let request = self.agent.post(format!("{}{}", self.url, path::IMPORTS));
        // The server refuses before gigabytes are on their way.
        let request = self.prepared(request, &query).header(header::EXPECT, "100-continue");
        let request = request.config().timeout_global(None).build();
        let (request, mut upload) = match source.content {
            Content::Cabinet { file, len } => (
                request.content_type(ImportQuery::CABINET).header(header::CONTENT_LENGTH, len),
                Upload::new(Box::new(file), len, &mut *watch),
            ),
            Content::Folder(folder) => {
                let len = folder.tar_len();
                let tar = folder.pack().map_err(unreadable)?;
                (request.content_type(ImportQuery::TAR), Upload::new(Box::new(tar), len, &mut *watch))
            }
        };
        let answer = request.send(SendBody::from_reader(&mut upload));
        if let Some(error) = upload.failure {
            return Err(unreadable(error));
        }
        let body = self.accepted(answer)?.into_body();
        self.follow(body, BROKE_OFF, |event: ImportEvent, line| {
            watch(ImportStep::Told { event: &event, line });
            match event {
                ImportEvent::Progress(_) => None,
                ImportEvent::Finished { summary } => Some(Ok(summary)),
                ImportEvent::Failed { problem } => Some(Err(Error::Refused(Box::new(problem)))),
            }
        })
    }
}

/// A reader that tells how much was read, and remembers its error: the exchange that it breaks
/// cannot be told from one that the network broke.
struct Upload<'a> {
    source: Box<dyn Read>,
    bytes: u64,
    bytes_total: u64,
    watch: &'a mut dyn FnMut(ImportStep<'_>),
    failure: Option<io::Error>,
}

impl<'a> Upload<'a> {
    fn new(source: Box<dyn Read>, bytes_total: u64, watch: &'a mut dyn FnMut(ImportStep<'_>)) -> Self {
        Self { source, bytes: 0, bytes_total, watch, failure: None }
    }
}

impl Read for Upload<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.source.read(buffer) {
            Ok(len) => {
                self.bytes += len as u64;
                let bytes_total = self.bytes_total.max(self.bytes);
                (self.watch)(ImportStep::Sent { bytes: self.bytes, bytes_total });
                Ok(len)
            }
            Err(error) => {
                let copy = io::Error::new(error.kind(), "the source cannot be read");
                self.failure = Some(error);
                Err(copy)
            }
        }
    }
}

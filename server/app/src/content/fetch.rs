//! Fetching one file from its source.

use headwater_content::{Expected, FileDigests, Staged};
use headwater_download::{Address, Download, Trust};
use headwater_policy::content::{Attempt, Failure};

use super::wanted::WantedFile;
use super::{expected, on_disk};
use crate::admin::chain;
use crate::error::AppError;
use crate::start::App;
use crate::update_server::FileLocation;

/// What is gathered before the disk is bothered, in bytes.
const WRITE_BYTES: usize = 1 << 20;

/// Why a file did not arrive.
#[derive(Debug)]
struct Failed {
    failure: Failure,
    because: String,
}

impl From<headwater_download::Error> for Failed {
    fn from(error: headwater_download::Error) -> Self {
        use headwater_download::Error::{
            Address, Encoded, Length, NotThere, OutOfReach, Redirected, TooLong, WrongPart,
        };
        let failure = match &error {
            NotThere | Redirected | Address | OutOfReach(_) => Failure::NotThere,
            Length { .. } | TooLong { .. } | Encoded | WrongPart => Failure::WrongBytes,
            _ => Failure::Interrupted,
        };
        Self { failure, because: chain(&error) }
    }
}

impl From<headwater_content::Error> for Failed {
    fn from(error: headwater_content::Error) -> Self {
        use headwater_content::Error::{DiskFull, TooLong, WrongSha1, WrongSha256};
        let failure = match &error {
            DiskFull { .. } => Failure::DiskFull,
            WrongSha1 { .. } | WrongSha256 { .. } | TooLong { .. } => Failure::WrongBytes,
            _ => Failure::Interrupted,
        };
        Self { failure, because: chain(&error) }
    }
}

impl From<headwater_upstream::Error> for Failed {
    fn from(error: headwater_upstream::Error) -> Self {
        Self { failure: Failure::Interrupted, because: chain(&error) }
    }
}

impl From<AppError> for Failed {
    fn from(error: AppError) -> Self {
        Self { failure: Failure::Interrupted, because: chain(&error) }
    }
}

impl App {
    /// Brings a file here, or notes why it did not come.
    pub(super) async fn fetch_content(&self, wanted: &WantedFile) -> Result<(), AppError> {
        let mut gained = false;
        match self.bring_from_anywhere(wanted, &mut gained).await {
            Ok(digests) => {
                self.hold_content(&[digests]).await?;
                metrics::counter!("headwater_content_fetched_bytes_total").increment(digests.size_bytes);
                tracing::info!(file = wanted.file.content_name(), bytes = digests.size_bytes, "fetched");
            }
            Err(Failed { failure, because }) => {
                let before = wanted.known.last.map_or(0, |last| last.failures);
                let failures = if gained { 1 } else { before.saturating_add(1) };
                match failure {
                    Failure::NotYet => {
                        tracing::debug!(file = wanted.file.content_name(), because, "a file waits")
                    }
                    _ => tracing::warn!(file = wanted.file.content_name(), because, "a file did not arrive"),
                }
                let last = Attempt { failure, failures, at: self.clock.now() };
                self.store.fetch_failed(wanted.file.sha1, last, &because).await?;
            }
        }
        Ok(())
    }

    /// The upstream server has what it announces, or is asked to get it; what it does not know comes
    /// from the source that was told with the update ([MS-WSUSSS] 3.2.4.4).
    async fn bring_from_anywhere(
        &self,
        wanted: &WantedFile,
        gained: &mut bool,
    ) -> Result<FileDigests, Failed> {
        let expected = expected(&wanted.file);
        if let Some(link) = &wanted.above {
            let path = FileLocation::of(&wanted.file).path;
            let url = format!("{}/{path}", link.upstream.address().content_root());
            match self.bring(expected, &url, Trust::Configured, gained).await {
                Err(failed) if failed.failure == Failure::NotThere => {}
                brought => return brought,
            }
            let unknown = link.upstream.request_files(&[expected.sha1]).await?;
            if unknown.is_empty() {
                let because = "the upstream server does not have it yet and was asked to get it";
                return Err(Failed { failure: Failure::NotYet, because: because.to_owned() });
            }
        }
        match &wanted.known.source {
            Some(url) => self.bring(expected, url, self.settings.content.sources, gained).await,
            None => Err(Failed {
                failure: Failure::NotThere,
                because: "the upstream server does not know it, and no other source is known".to_owned(),
            }),
        }
    }

    /// Continues a file to its end. `gained` turns true when there is more of it than before.
    async fn bring(
        &self,
        expected: Expected,
        url: &str,
        trust: Trust,
        gained: &mut bool,
    ) -> Result<FileDigests, Failed> {
        let address: Address = url.parse()?;
        let files = self.content.files.clone();
        let mut part = Part(Some(on_disk(move || files.stage(expected)).await??));
        let from = part.len();
        if from < expected.size_bytes {
            let mut download =
                self.content.downloader.get(&address, trust, from, expected.size_bytes).await?;
            if download.start() != from {
                part.restart().await?;
            }
            let filled = part.fill(&mut download).await;
            *gained = part.len() > from;
            filled?;
        }
        match part.finish().await {
            // An earlier source, or an earlier file under the same address, may have given the beginning.
            Err(wrong) if wrong.failure == Failure::WrongBytes && from > 0 => {
                *gained = true;
                let because = format!("{}; it is fetched again from its beginning", wrong.because);
                Err(Failed { failure: Failure::Interrupted, because })
            }
            finished => finished,
        }
    }
}

/// A staged file between the disk's thread and this task.
struct Part(Option<Staged>);

impl Part {
    fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, Staged::len)
    }

    /// Lends the file to a thread that may wait for the disk.
    async fn lend(
        &mut self,
        work: impl FnOnce(&mut Staged) -> headwater_content::Result<()> + Send + 'static,
    ) -> Result<(), Failed> {
        let mut staged = self.take()?;
        let (staged, done) = on_disk(move || {
            let done = work(&mut staged);
            (staged, done)
        })
        .await?;
        self.0 = Some(staged);
        Ok(done?)
    }

    async fn restart(&mut self) -> Result<(), Failed> {
        self.lend(Staged::restart).await
    }

    /// Writes all that comes. What came before an interruption is written too; what comes from a source that
    /// sends too much is not kept.
    async fn fill(&mut self, download: &mut Download) -> Result<(), Failed> {
        let mut gathered = Vec::with_capacity(WRITE_BYTES);
        loop {
            let chunk = download.chunk().await;
            if let Ok(Some(bytes)) = &chunk {
                gathered.extend_from_slice(bytes);
                if gathered.len() < WRITE_BYTES {
                    continue;
                }
            }
            let full = std::mem::replace(&mut gathered, Vec::with_capacity(WRITE_BYTES));
            self.lend(move |staged| staged.write(&full)).await?;
            match chunk {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) => {
                    if matches!(error, headwater_download::Error::TooLong { .. }) {
                        self.restart().await?;
                    }
                    return Err(error.into());
                }
            }
        }
    }

    async fn finish(mut self) -> Result<FileDigests, Failed> {
        let staged = self.take()?;
        Ok(on_disk(move || staged.finish()).await??)
    }

    fn take(&mut self) -> Result<Staged, Failed> {
        Ok(self.0.take().ok_or(AppError::Internal("work on the content folder was stopped"))?)
    }
}

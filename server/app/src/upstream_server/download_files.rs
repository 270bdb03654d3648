//! DownloadFiles ([MS-WSUSSS] 3.1.4.11): a downstream server missed files here.

use headwater_model::Sha1Digest;

use super::{FILES_PER_REQUEST_MAX, ServerSession};
use crate::error::{AppError, ClientFault};
use crate::start::App;

impl App {
    /// Wants the files from now on, whether or not they are approved here. Those that no update names
    /// are told, and the others are fetched all the same.
    pub async fn download_files(&self, _: &ServerSession, digests: &[Sha1Digest]) -> Result<(), ClientFault> {
        if digests.len() > FILES_PER_REQUEST_MAX {
            return Err(ClientFault::InvalidParameters("fileDigestList"));
        }
        let (known, unknown): (Vec<Sha1Digest>, Vec<Sha1Digest>) = {
            let served = self.live.served();
            digests.iter().partition(|digest| served.catalogue.file(**digest).is_some())
        };
        if !known.is_empty() {
            self.store.request_files(&known).await.map_err(AppError::from)?;
            self.content.wake();
        }
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(ClientFault::FileDigestsMissing(unknown)),
        }
    }
}

//! DownloadFiles ([MS-WSUSSS] 3.1.4.11): a downstream server missed files here.

use headwater_model::Sha1Digest;

use super::{FILES_PER_REQUEST_MAX, ServerSession};
use crate::error::{AppError, ClientFault};
use crate::start::App;

impl App {
    /// Notes the files, so that they are fetched whether or not they are approved here.
    pub async fn download_files(&self, _: &ServerSession, digests: &[Sha1Digest]) -> Result<(), ClientFault> {
        if digests.len() > FILES_PER_REQUEST_MAX {
            return Err(ClientFault::InvalidParameters("fileDigestList"));
        }
        let unknown: Vec<Sha1Digest> = {
            let served = self.live.served();
            let unknown = digests.iter().filter(|digest| served.catalogue.file(**digest).is_none());
            unknown.copied().collect()
        };
        if !unknown.is_empty() {
            return Err(ClientFault::FileDigestsMissing(unknown));
        }
        self.store.request_files(digests).await.map_err(AppError::from)?;
        Ok(())
    }
}

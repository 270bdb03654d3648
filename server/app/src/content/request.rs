//! DownloadFiles ([MS-WSUSSS] 3.1.4.11): a lower server wants files that were not here.

use headwater_model::Sha1Digest;

use crate::error::AppError;
use crate::start::App;

impl App {
    /// Wants these files from now on, whatever is approved here. Returns those that no update names.
    pub async fn request_content(&self, digests: &[Sha1Digest]) -> Result<Vec<Sha1Digest>, AppError> {
        let (known, unknown): (Vec<Sha1Digest>, Vec<Sha1Digest>) = {
            let served = self.live.served();
            digests.iter().partition(|digest| served.catalogue.file(**digest).is_some())
        };
        self.store.request_files(&known).await?;
        self.content.wake();
        Ok(unknown)
    }
}

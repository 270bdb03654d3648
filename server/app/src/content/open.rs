//! Opening a file for an agent or a lower server.

use headwater_model::Sha1Digest;

use super::{ContentFile, on_disk};
use crate::error::AppError;
use crate::start::App;

impl App {
    /// The file of this name on the wire. `None` while it is not here, which costs one look into memory:
    /// agents ask for what is announced and on its way (fact 34).
    pub async fn open_content(&self, sha1: Sha1Digest) -> Result<Option<ContentFile>, AppError> {
        let Some(held) = self.content.held().get(&sha1).copied() else { return Ok(None) };
        let files = self.content.files.clone();
        match on_disk(move || files.open_verified(&held.sha256)).await?? {
            Some(file) if file.len() == held.size_bytes => Ok(Some(file)),
            found => {
                let because = match found {
                    None => "it is gone from the content folder",
                    Some(_) => "it has another length than when it arrived",
                };
                self.lose_content(sha1, because).await?;
                Ok(None)
            }
        }
    }
}

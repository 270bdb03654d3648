//! GetUpdateDecryptionData ([MS-WSUSSS] 3.1.4.18): the keys of encrypted files, of which this server
//! has none (fact 63).

use headwater_model::{Sha1Digest, UpdateIdentity};

use super::{ServerSession, UPDATES_PER_REQUEST_MAX};
use crate::error::ClientFault;
use crate::start::App;

impl App {
    /// The files of each revision.
    pub fn get_update_decryption_data(
        &self,
        _: &ServerSession,
        identities: &[UpdateIdentity],
    ) -> Result<Vec<(UpdateIdentity, Vec<Sha1Digest>)>, ClientFault> {
        if identities.len() > UPDATES_PER_REQUEST_MAX {
            return Err(ClientFault::InvalidParameters("updateIds"));
        }
        let served = self.live.served();
        let find = |identity: &UpdateIdentity| {
            let at = served.catalogue.index.by_identity(*identity);
            let at = at.ok_or(ClientFault::UnknownRevision(*identity))?;
            let files = served.catalogue.card(at).files.iter().map(|file| file.sha1);
            Ok((*identity, files.collect()))
        };
        identities.iter().map(find).collect()
    }
}

//! GetFileLocations ([MS-WUSP] 3.1.5.10). Locations are announced whether or not the content is
//! here already: without them an agent finds nothing (fact 34).

use headwater_model::Sha1Digest;

use super::{Session, Token};
use crate::catalogue::CardFile;
use crate::cookie::Purpose;
use crate::error::ClientFault;
use crate::start::App;

/// The most digests of one call.
const DIGESTS_MAX: usize = 10_000;

/// Where a file is, below the server's content address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    pub digest: Sha1Digest,
    /// Such as `A2/86542C97261C46D5B379A43EC895F97EAF409BA2.cab`
    pub path: String,
}

impl FileLocation {
    pub(crate) fn of(file: &CardFile) -> Self {
        let [.., last] = file.sha1.as_bytes();
        let path = format!("{last:02X}/{}", file.content_name());
        Self { digest: file.sha1, path }
    }
}

impl App {
    pub fn get_file_locations(
        &self,
        session: &Session,
        digests: &[Sha1Digest],
    ) -> Result<(Vec<FileLocation>, Token), ClientFault> {
        if digests.len() > DIGESTS_MAX {
            return Err(ClientFault::InvalidParameters("fileDigests"));
        }
        let served = self.live.served();
        let found = digests.iter().filter_map(|digest| served.catalogue.file(*digest)).map(FileLocation::of);
        Ok((found.collect(), self.seal(Purpose::Client, &session.cookie)?))
    }
}

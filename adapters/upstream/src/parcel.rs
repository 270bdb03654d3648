//! A document as it came.

use headwater_encoding::cabinet::{CabinetError, unpack_document};
use headwater_model::UpdateIdentity;

/// Why a document was not in its parcel.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    #[error("the upstream server sent no document")]
    Empty,
    #[error("the upstream server sent a document in a cabinet that cannot be unpacked: {0}")]
    Cabinet(#[from] CabinetError),
}

/// A document that is not unpacked yet.
#[derive(Debug)]
pub struct Parcel {
    /// As the upstream server says; the document says it once more.
    pub identity: UpdateIdentity,
    pub(crate) text: Option<String>,
    pub(crate) cabinet: Option<Vec<u8>>,
}

impl Parcel {
    /// The document, of at most `bytes_max` bytes in UTF-16 where it is in a cabinet. Unpacking
    /// takes processor time.
    pub fn unpack(self, bytes_max: usize) -> Result<String, ParcelError> {
        match (self.cabinet, self.text) {
            (Some(cabinet), _) => Ok(unpack_document(&cabinet, bytes_max)?),
            (None, Some(text)) => Ok(text),
            (None, None) => Err(ParcelError::Empty),
        }
    }
}

//! GetUpdateData ([MS-WSUSSS] 3.1.4.6): whole documents.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use headwater_encoding::cabinet::pack_blob;
use headwater_model::{RevisionId, Sha1Digest, UpdateIdentity};

use super::{ServerSession, UPDATES_PER_REQUEST_MAX};
use crate::catalogue::decompress;
use crate::error::{AppError, ClientFault};
use crate::start::App;

/// A document on its way to a downstream server.
#[derive(Debug, Clone)]
pub enum Blob {
    /// A short one.
    Text(Arc<str>),
    /// In an LZX cabinet.
    Cabinet(Arc<[u8]>),
}

/// A revision's document and the files that it names.
#[derive(Debug)]
pub struct UpdateData {
    pub identity: UpdateIdentity,
    pub blob: Blob,
    pub files: Vec<Sha1Digest>,
}

/// A file and where Microsoft has it, if that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct FileUrl {
    pub digest: Sha1Digest,
    pub url: Option<String>,
}

/// The answer: some of the documents that were asked for, in their order. At least one, and as many
/// as an answer holds.
#[derive(Debug, Default)]
pub struct UpdateDocuments {
    pub updates: Vec<UpdateData>,
    pub files: Vec<FileUrl>,
}

/// How documents are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentForm {
    /// As a WSUS sends them: short ones as text, others in cabinets, two million bytes at most (facts
    /// 48, 61).
    Wsus,
    /// As text, to a caller that has the whole answer compressed better than any cabinet is.
    Text,
}

impl DocumentForm {
    /// An answer ends at so many bytes of the message.
    fn answer_bytes_max(self) -> usize {
        match self {
            Self::Wsus => 2_000_000,
            Self::Text => 16 << 20,
        }
    }
}

/// Documents from this size on, in bytes of UTF-16, come in a cabinet (fact 48).
const CABINET_FROM_BYTES: usize = 5_120;
/// The bytes of the message around a document and around a file, at most about.
const UPDATE_BYTES: usize = 320;
const FILE_BYTES: usize = 420;

impl App {
    /// An unknown revision makes the whole call fail, as a WSUS does (fact 47).
    pub async fn get_update_data(
        &self,
        _: &ServerSession,
        identities: &[UpdateIdentity],
        form: DocumentForm,
    ) -> Result<UpdateDocuments, ClientFault> {
        if identities.len() > UPDATES_PER_REQUEST_MAX {
            return Err(ClientFault::InvalidParameters("updateIds"));
        }
        let wanted = {
            let served = self.live.served();
            let find = |identity: &UpdateIdentity| {
                let at = served.catalogue.index.by_identity(*identity);
                let at = at.ok_or(ClientFault::UnknownRevision(*identity))?;
                let files = served.catalogue.card(at).announced().map(|file| file.sha1).collect();
                Ok((*identity, served.catalogue.index.revision(at).id, files))
            };
            identities.iter().map(find).collect::<Result<Vec<(_, _, Vec<Sha1Digest>)>, ClientFault>>()?
        };
        let mut answer = UpdateDocuments::default();
        let mut bytes = 0;
        for (identity, revision, files) in wanted {
            let blob = self.blob(revision, form).await?;
            bytes += message_bytes(&blob) + UPDATE_BYTES + FILE_BYTES * files.len();
            if bytes > form.answer_bytes_max() && !answer.updates.is_empty() {
                break;
            }
            answer.updates.push(UpdateData { identity, blob, files });
        }
        answer.files = self.file_urls(&answer.updates).await?;
        Ok(answer)
    }

    /// The document of a revision, packed now or a short while ago: after a change all downstream
    /// servers ask for the same ones.
    async fn blob(&self, revision: RevisionId, form: DocumentForm) -> Result<Blob, AppError> {
        if form == DocumentForm::Text {
            return self.text(revision).await;
        }
        if let Some(known) = self.packed.get(revision) {
            return Ok(known);
        }
        let one_of_few = self.packing.acquire().await;
        let stored = self.store.document(revision).await?;
        let (packed, plain_bytes) = stored.ok_or(AppError::Internal("a revision has no document"))?;
        let blob = tokio::task::spawn_blocking(move || pack(&decompress(&packed, plain_bytes)?))
            .await
            .map_err(|_| AppError::Internal("packing a document was stopped"))??;
        drop(one_of_few);
        self.packed.put(revision, blob.clone());
        Ok(blob)
    }

    async fn text(&self, revision: RevisionId) -> Result<Blob, AppError> {
        let stored = self.store.document(revision).await?;
        let (packed, plain_bytes) = stored.ok_or(AppError::Internal("a revision has no document"))?;
        let text = decompress(&packed, plain_bytes)?;
        if text.contains('\r') { pack(&text) } else { Ok(Blob::Text(text.into())) }
    }

    async fn file_urls(&self, updates: &[UpdateData]) -> Result<Vec<FileUrl>, AppError> {
        let mut digests: Vec<Sha1Digest> = updates.iter().flat_map(|update| &update.files).copied().collect();
        digests.sort_unstable();
        digests.dedup();
        let mut known: HashMap<Sha1Digest, String> =
            self.store.sources(&digests).await?.into_iter().collect();
        Ok(digests.into_iter().map(|digest| FileUrl { digest, url: known.remove(&digest) }).collect())
    }
}

/// A short document is text. One with a carriage return is not: readers of XML take it for a line's
/// end and lose it.
fn pack(document: &str) -> Result<Blob, AppError> {
    let mut utf16 = Vec::with_capacity(2 * document.len());
    utf16.extend(document.encode_utf16().flat_map(u16::to_le_bytes));
    if utf16.len() < CABINET_FROM_BYTES && !document.contains('\r') {
        return Ok(Blob::Text(document.into()));
    }
    let cabinet = pack_blob(&utf16).map_err(|_| AppError::Internal("a document fits into no cabinet"))?;
    Ok(Blob::Cabinet(cabinet.into()))
}

/// The length of a blob as it stands in a message, at most about.
fn message_bytes(blob: &Blob) -> usize {
    match blob {
        Blob::Text(text) => text.len() + 4 * text.bytes().filter(|byte| b"<>&".contains(byte)).count(),
        Blob::Cabinet(cabinet) => cabinet.len().div_ceil(3) * 4,
    }
}

/// Documents that were packed lately.
#[derive(Debug, Default)]
pub(crate) struct Packed(std::sync::Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    blobs: HashMap<RevisionId, Blob>,
    /// The oldest first.
    order: VecDeque<RevisionId>,
    bytes: usize,
}

/// The memory of packed documents, in bytes: a few thousand usual ones.
const PACKED_BYTES_MAX: usize = 32 << 20;

impl Packed {
    fn get(&self, revision: RevisionId) -> Option<Blob> {
        self.lock().blobs.get(&revision).cloned()
    }

    fn put(&self, revision: RevisionId, blob: Blob) {
        let mut recent = self.lock();
        let bytes = blob_bytes(&blob);
        if bytes > PACKED_BYTES_MAX / 4 || recent.blobs.contains_key(&revision) {
            return;
        }
        recent.bytes += bytes;
        recent.blobs.insert(revision, blob);
        recent.order.push_back(revision);
        while recent.bytes > PACKED_BYTES_MAX {
            let Some(oldest) = recent.order.pop_front() else { return };
            let gone = recent.blobs.remove(&oldest);
            recent.bytes -= gone.as_ref().map_or(0, blob_bytes);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn blob_bytes(blob: &Blob) -> usize {
    match blob {
        Blob::Text(text) => text.len(),
        Blob::Cabinet(cabinet) => cabinet.len(),
    }
}

#[cfg(test)]
mod tests {
    use headwater_encoding::cabinet::unpack_document;

    use super::*;

    #[test]
    fn short_documents_are_text_and_others_cabinets() {
        let text = |units: usize| "x".repeat(units);
        assert!(matches!(pack(&text(2_559)), Ok(Blob::Text(_))));
        let Ok(Blob::Cabinet(cabinet)) = pack(&text(2_560)) else { panic!("a cabinet is expected") };
        assert_eq!(unpack_document(&cabinet, 1 << 20).expect("unpacks"), text(2_560));
        let Ok(Blob::Cabinet(cabinet)) = pack("<a>\r\n</a>") else { panic!("a cabinet is expected") };
        assert_eq!(unpack_document(&cabinet, 1 << 20).expect("unpacks"), "<a>\r\n</a>");
    }

    #[test]
    fn the_memory_of_packed_documents_has_an_end() {
        let packed = Packed::default();
        let blob = Blob::Cabinet(vec![0; PACKED_BYTES_MAX / 4].into());
        for id in 0..6 {
            packed.put(RevisionId(id), blob.clone());
        }
        let kept: Vec<bool> = (0..6).map(|id| packed.get(RevisionId(id)).is_some()).collect();
        assert_eq!(kept, [false, false, true, true, true, true]);
        packed.put(RevisionId(9), Blob::Cabinet(vec![0; PACKED_BYTES_MAX].into()));
        assert!(packed.get(RevisionId(9)).is_none());
    }
}

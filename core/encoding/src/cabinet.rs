//! The cabinet of an `XmlUpdateBlobCompressed` element ([MS-WSUSSS], facts 48 and 61): one LZX
//! folder, in it one member `blob`, which is an update document in UTF-16LE without a byte order
//! mark.
//!
//! The layout is [MS-CAB] 2. What Microsoft leaves zero in its cabinets is zero in ours: flags, set
//! and cabinet number, date, time and attributes of the member.

use std::io::{self, Cursor, Read as _};

use cab::{Cabinet, CompressionType};

use crate::lzx;

#[cfg(test)]
mod tests;

/// The largest document that a cabinet can hold: as many frames as a folder can count.
pub const DOCUMENT_BYTES_MAX: usize = u16::MAX as usize * lzx::FRAME_BYTES;

/// `typeCompress` of the folder: LZX, and the bits of its window.
const COMPRESSION: u16 = 3 | (lzx::WINDOW_BITS as u16) << 8;
const MEMBER_NAME: &[u8] = b"blob\0";

/// Where the member's entry begins: after the header and the only folder.
const FILES_AT: usize = 36 + 8;
/// Where the data begin: after the member's entry.
const DATA_AT: usize = FILES_AT + 16 + MEMBER_NAME.len();

/// A cabinet that does not unpack, or a document that does not fit into one.
#[derive(Debug, thiserror::Error)]
pub enum CabinetError {
    #[error("the cabinet is damaged")]
    Damaged(#[source] io::Error),
    #[error("the cabinet has {folders} folders with {members} members instead of one with one")]
    NotOneMember { folders: usize, members: usize },
    #[error("the cabinet is not compressed with LZX and a window of at most 2 MiB")]
    OtherCompression,
    #[error("the cabinet's member begins in the middle of its folder")]
    MemberOffset,
    #[error("the document has {bytes} bytes, more than {bytes_max}")]
    DocumentTooLarge { bytes: usize, bytes_max: usize },
    #[error("the cabinet's member has {bytes} bytes instead of {declared_bytes}")]
    SizeMismatch { bytes: usize, declared_bytes: usize },
    #[error("the document is not text in UTF-16")]
    NotUtf16,
}

/// Unpacks the only member of `cabinet`, of at most `bytes_max` bytes.
///
/// Sizes are checked before anything is decompressed, and memory grows with what is really there.
pub fn unpack_blob(cabinet: &[u8], bytes_max: usize) -> Result<Vec<u8>, CabinetError> {
    let mut reader = Cabinet::new(Cursor::new(cabinet)).map_err(CabinetError::Damaged)?;
    let (name, declared_bytes) = only_member(&reader)?;
    if declared_bytes > bytes_max {
        return Err(CabinetError::DocumentTooLarge { bytes: declared_bytes, bytes_max });
    }
    if member_offset(cabinet) != Some(0) {
        return Err(CabinetError::MemberOffset);
    }
    let mut blob = Vec::new();
    let mut member = reader.read_file(&name).map_err(CabinetError::Damaged)?;
    member.read_to_end(&mut blob).map_err(CabinetError::Damaged)?;
    if blob.len() != declared_bytes {
        return Err(CabinetError::SizeMismatch { bytes: blob.len(), declared_bytes });
    }
    Ok(blob)
}

/// Unpacks the update document in `cabinet`, of at most `bytes_max` bytes in UTF-16.
pub fn unpack_document(cabinet: &[u8], bytes_max: usize) -> Result<String, CabinetError> {
    let blob = unpack_blob(cabinet, bytes_max)?;
    let (units, []) = blob.as_chunks::<2>() else {
        return Err(CabinetError::NotUtf16);
    };
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .collect::<Result<_, _>>()
        .map_err(|_| CabinetError::NotUtf16)
}

/// Packs an update document, which is in UTF-16LE without a byte order mark.
///
/// Fails only if it is larger than [`DOCUMENT_BYTES_MAX`].
pub fn pack_blob(document_utf16le: &[u8]) -> Result<Vec<u8>, CabinetError> {
    let bytes = document_utf16le.len();
    if bytes > DOCUMENT_BYTES_MAX {
        return Err(CabinetError::DocumentTooLarge { bytes, bytes_max: DOCUMENT_BYTES_MAX });
    }
    let mut cabinet = vec![0; DATA_AT];
    lzx::compress(document_utf16le, |frame, original_bytes| {
        let sizes = frame.len() as u32 | (original_bytes as u32) << 16;
        cabinet.extend_from_slice(&(checksum(frame) ^ sizes).to_le_bytes());
        cabinet.extend_from_slice(&sizes.to_le_bytes());
        cabinet.extend_from_slice(frame);
    });
    let frames = bytes.div_ceil(lzx::FRAME_BYTES) as u16;
    let mut put = |at: usize, field: &[u8]| cabinet[at..at + field.len()].copy_from_slice(field);
    // CFHEADER: signature, size, where the member is, version 1.3, one folder, one member.
    put(0, b"MSCF");
    put(16, &(FILES_AT as u32).to_le_bytes());
    put(24, &[3, 1, 1, 0, 1, 0]);
    // CFFOLDER.
    put(36, &(DATA_AT as u32).to_le_bytes());
    put(40, &frames.to_le_bytes());
    put(42, &COMPRESSION.to_le_bytes());
    // CFFILE.
    put(FILES_AT, &(bytes as u32).to_le_bytes());
    put(FILES_AT + 16, MEMBER_NAME);
    let size = cabinet.len() as u32;
    cabinet[8..12].copy_from_slice(&size.to_le_bytes());
    Ok(cabinet)
}

/// Name and declared size of the only member of a cabinet that we are willing to decompress.
fn only_member(cabinet: &Cabinet<Cursor<&[u8]>>) -> Result<(String, usize), CabinetError> {
    let folders = cabinet.folder_entries().len();
    let members = cabinet.folder_entries().map(|folder| folder.file_entries().len()).sum();
    let mut entries = cabinet.folder_entries();
    let (1, 1, Some(folder)) = (folders, members, entries.next()) else {
        return Err(CabinetError::NotOneMember { folders, members });
    };
    match folder.compression_type() {
        CompressionType::Lzx(window) if window as u32 <= 1 << lzx::WINDOW_BITS => {}
        _ => return Err(CabinetError::OtherCompression),
    }
    let member = folder.file_entries().next().ok_or(CabinetError::NotOneMember { folders, members })?;
    Ok((member.name().to_owned(), member.uncompressed_size() as usize))
}

/// Where the first member begins in its folder. The reader does not tell, and it panics if that is
/// past the folder's end.
fn member_offset(cabinet: &[u8]) -> Option<u32> {
    let field = |at: usize| cabinet.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    field(field(16)? as usize + 4)
}

/// The checksum of a frame's bytes ([MS-CAB] 3.1); the sizes before them are mixed in by the caller.
fn checksum(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let last = rest.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    words.iter().fold(last, |sum, word| sum ^ u32::from_le_bytes(*word))
}

//! Members of folders and archives: their names, and which of them are documents.

use std::io::Read;

use crate::exact::Exact;
use crate::{Document, Entry, PackedFile, Reason, Stop};

/// Bytes of one document. The largest real one has 47 MB (fact 30); the catalogue refuses what is
/// much longer, here it is not even kept.
pub(crate) const DOCUMENT_BYTES_MAX: u64 = 192 << 20;

/// Files of one package. A whole catalogue with its content has some hundred thousand.
pub(crate) const FILES_MAX: usize = 1_000_000;

/// Bytes of a name, the limit of most file systems.
const NAME_BYTES_MAX: usize = 255;

/// The last part of a path of either system: a label, from which no path is made again.
pub(crate) fn plain_name(path: &str) -> Result<String, Reason> {
    let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let proper = !matches!(name, "" | "." | "..")
        && name.len() <= NAME_BYTES_MAX
        && !name.chars().any(char::is_control);
    if proper { Ok(name.to_owned()) } else { Err(Reason::NoName) }
}

pub(crate) fn is_document(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("xml"))
}

/// Hands on one member, as a document or as a file.
pub(crate) fn hand_on<E>(
    name: String,
    size_bytes: u64,
    bytes: impl Read,
    take: &mut dyn FnMut(Entry<'_>) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    let mut bytes = Exact::new(bytes, size_bytes);
    let entry = if is_document(&name) {
        if size_bytes > DOCUMENT_BYTES_MAX {
            return Err(Reason::DocumentTooLong(name).into());
        }
        let mut text = Vec::new();
        if let Err(source) = bytes.read_to_end(&mut text) {
            return Err(Reason::Member { name, source }.into());
        }
        match decode(text) {
            Some(xml) => Entry::Document(Document { name, identity: None, xml }),
            None => return Err(Reason::NotText(name).into()),
        }
    } else {
        Entry::File(PackedFile { name, size_bytes, bytes: &mut bytes })
    };
    take(entry).map_err(Stop::Taker)
}

/// Text in UTF-8, or with its mark in UTF-16, as some tools of Windows save it.
fn decode(bytes: Vec<u8>) -> Option<String> {
    let Some(utf16) = bytes.strip_prefix(&[0xff, 0xfe]) else {
        return String::from_utf8(bytes).ok();
    };
    let (units, []) = utf16.as_chunks::<2>() else { return None };
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))).collect::<Result<_, _>>().ok()
}

//! The layout of a record, little-endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `HWF1` |
//! | 4 | length of the whole record |
//! | 20 | update id, revision number |
//! | 8 | the beginning of the document's SHA-256 |
//! | 2 | length of the section table in bytes |
//! | 4 | CRC-32 of all above and of the table |
//! | … | the table: kind (1), locale length (1), locale, plain length (4), packed length (4) |
//! | … | the packed sections in the table's order, Core first |

use headwater_encoding::xpress;
use headwater_model::{UpdateId, UpdateIdentity};

use crate::Error;

const MAGIC: &[u8; 4] = b"HWF1";
/// The bytes before the section table.
pub(crate) const HEADER_BYTES: usize = 42;

/// A language tag, as documents have it.
pub type Locale = str;

/// One fragment of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    Core,
    Extended,
    Localized,
    Eula,
}

impl Section {
    fn number(self) -> u8 {
        match self {
            Self::Core => 0,
            Self::Extended => 1,
            Self::Localized => 2,
            Self::Eula => 3,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Self::Core, Self::Extended, Self::Localized, Self::Eula].get(usize::from(number)).copied()
    }
}

/// A fragment as it stands in a message: escaped, then packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedText {
    pub plain_bytes: u32,
    /// xpress blocks.
    pub packed: Vec<u8>,
}

/// A record that is ready to be appended.
#[derive(Debug)]
pub struct Record {
    pub identity: UpdateIdentity,
    pub document_hash: [u8; 8],
    /// The length of the escaped Core fragment.
    pub core_bytes: u32,
    pub(crate) bytes: Vec<u8>,
}

/// One line of the section table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub section: Section,
    /// Empty where the fragment has no language.
    pub locale: String,
    pub plain_bytes: u32,
    pub(crate) packed_bytes: u32,
    /// From the beginning of the record.
    pub(crate) offset: u64,
}

/// Escapes and packs the fragments of a revision. The Core fragment has to come first.
pub fn pack<'a>(
    identity: UpdateIdentity,
    document_hash: [u8; 8],
    sections: impl IntoIterator<Item = (Section, &'a Locale, &'a str)>,
) -> Result<Record, Error> {
    let mut table = Vec::new();
    let mut packed = Vec::new();
    let mut core_bytes = 0;
    for (section, locale, text) in sections {
        let locale = locale.get(..255).unwrap_or(locale);
        let escaped = escape(text);
        let from = packed.len();
        xpress::encode(escaped.as_bytes(), &mut packed);
        let plain_bytes = u32::try_from(escaped.len()).map_err(|_| Error::TooLarge(escaped.len() as u64))?;
        if section == Section::Core {
            core_bytes = plain_bytes;
        }
        table.push(section.number());
        table.push(locale.len() as u8);
        table.extend_from_slice(locale.as_bytes());
        table.extend_from_slice(&plain_bytes.to_le_bytes());
        table.extend_from_slice(&((packed.len() - from) as u32).to_le_bytes());
    }
    let whole = HEADER_BYTES + table.len() + packed.len();
    let record_bytes = u32::try_from(whole).map_err(|_| Error::TooLarge(whole as u64))?;
    let table_bytes = u16::try_from(table.len()).map_err(|_| Error::TooLarge(table.len() as u64))?;

    let mut bytes = Vec::with_capacity(whole);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&record_bytes.to_le_bytes());
    bytes.extend_from_slice(identity.id.as_bytes());
    bytes.extend_from_slice(&identity.revision.to_le_bytes());
    bytes.extend_from_slice(&document_hash);
    bytes.extend_from_slice(&table_bytes.to_le_bytes());
    let crc = checksum(&bytes, &table);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(&table);
    bytes.extend_from_slice(&packed);
    Ok(Record { identity, document_hash, core_bytes, bytes })
}

fn checksum(header: &[u8], table: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(table);
    hasher.finalize()
}

/// Escapes text for element content as Microsoft's servers do: quotation marks stay.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        out.push_str(escaped);
        plain_from = at + 1;
    }
    out.push_str(&text[plain_from..]);
    out
}

/// The fixed part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub record_bytes: u32,
    pub identity: UpdateIdentity,
    pub document_hash: [u8; 8],
    pub table_bytes: u16,
    crc: u32,
}

impl Header {
    /// `None` where no record begins.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let field = |from: usize, len: usize| &bytes[from..from + len];
        let number = |from: usize| Some(u32::from_le_bytes(field(from, 4).try_into().ok()?));
        let header = Self {
            record_bytes: number(4)?,
            identity: UpdateIdentity {
                id: UpdateId::from_bytes(field(8, 16).try_into().ok()?),
                revision: number(24)?,
            },
            document_hash: field(28, 8).try_into().ok()?,
            table_bytes: u16::from_le_bytes(field(36, 2).try_into().ok()?),
            crc: number(38)?,
        };
        let long_enough = header.record_bytes as usize >= HEADER_BYTES + usize::from(header.table_bytes);
        (bytes.starts_with(MAGIC) && long_enough).then_some(header)
    }

    /// Reads the section table; `None` if it is not what was written.
    pub fn table(&self, header: &[u8; HEADER_BYTES], table: &[u8]) -> Option<Vec<Entry>> {
        if checksum(&header[..HEADER_BYTES - 4], table) != self.crc {
            return None;
        }
        let mut entries = Vec::new();
        let mut rest = table;
        let mut offset = (HEADER_BYTES + table.len()) as u64;
        while let [number, locale_bytes, tail @ ..] = rest {
            let (locale, tail) = tail.split_at_checked(usize::from(*locale_bytes))?;
            let (plain, tail) = tail.split_first_chunk::<4>()?;
            let (packed, tail) = tail.split_first_chunk::<4>()?;
            let packed_bytes = u32::from_le_bytes(*packed);
            entries.push(Entry {
                section: Section::from_number(*number)?,
                locale: String::from_utf8(locale.to_vec()).ok()?,
                plain_bytes: u32::from_le_bytes(*plain),
                packed_bytes,
                offset,
            });
            offset += u64::from(packed_bytes);
            rest = tail;
        }
        (offset == u64::from(self.record_bytes)).then_some(entries)
    }
}

//! The file: appended by one, read by position by many.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use headwater_model::UpdateIdentity;

use crate::Error;
use crate::record::{Entry, HEADER_BYTES, Header, PackedText, Record, Section};

/// Where the fragments of a revision are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    record: u64,
    core: u64,
    core_packed_bytes: u32,
    /// The length of the Core fragment as it stands in a message.
    pub core_bytes: u32,
    table_bytes: u16,
    /// Which document it was derived from.
    pub document_hash: [u8; 8],
}

/// The fragment file of a server.
#[derive(Debug)]
pub struct FragmentFile {
    path: PathBuf,
    file: File,
    /// Where the next record goes.
    end: Mutex<u64>,
}

impl FragmentFile {
    /// Opens or creates the file and lists what it holds. A torn end is cut off.
    pub fn open(path: &Path) -> Result<(Self, HashMap<UpdateIdentity, Location>), Error> {
        let io = |source| Error::Io { path: path.display().to_string(), source };
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        let this = Self { path: path.to_owned(), file, end: Mutex::new(0) };
        let mut known = HashMap::new();
        let mut at = 0;
        while let Some((header, location)) = this.location_at(at, len)? {
            known.insert(header.identity, location);
            at += u64::from(header.record_bytes);
        }
        if at < len {
            this.file.set_len(at).map_err(io)?;
        }
        *this.end() = at;
        Ok((this, known))
    }

    /// Appends records and waits until the disk has them.
    pub fn append(&self, records: &[Record]) -> Result<Vec<Location>, Error> {
        let mut end = self.end();
        let from = *end;
        let whole: Vec<u8> = records.iter().flat_map(|record| &record.bytes).copied().collect();
        platform::write_all_at(&self.file, &whole, from).map_err(|e| self.io(e))?;
        self.file.sync_data().map_err(|e| self.io(e))?;
        *end = from + whole.len() as u64;
        let mut at = from;
        records
            .iter()
            .map(|record| {
                let found = self.location_at(at, *end)?;
                at += record.bytes.len() as u64;
                found
                    .map(|(_, location)| location)
                    .ok_or_else(|| self.damaged(at, "a record was not written"))
            })
            .collect()
    }

    /// Appends the packed Core fragment to `out`.
    pub fn core(&self, location: &Location, out: &mut Vec<u8>) -> Result<(), Error> {
        let from = out.len();
        out.resize(from + location.core_packed_bytes as usize, 0);
        platform::read_exact_at(&self.file, &mut out[from..], location.core).map_err(|e| self.io(e))
    }

    /// Reads one of the fragments in a revision's [table](FragmentFile::table).
    pub fn fragment(&self, location: &Location, entry: &Entry) -> Result<PackedText, Error> {
        let mut packed = vec![0; entry.packed_bytes as usize];
        platform::read_exact_at(&self.file, &mut packed, location.record + entry.offset)
            .map_err(|e| self.io(e))?;
        Ok(PackedText { plain_bytes: entry.plain_bytes, packed })
    }

    /// The fragments that a revision has.
    pub fn table(&self, location: &Location) -> Result<Vec<Entry>, Error> {
        let mut bytes = vec![0; HEADER_BYTES + usize::from(location.table_bytes)];
        platform::read_exact_at(&self.file, &mut bytes, location.record).map_err(|e| self.io(e))?;
        let damaged = || self.damaged(location.record, "a record's table does not match its checksum");
        let (header, table) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or_else(damaged)?;
        Header::read(header).and_then(|read| read.table(header, table)).ok_or_else(damaged)
    }

    /// The record that begins at `at`, if a whole one does.
    fn location_at(&self, at: u64, len: u64) -> Result<Option<(Header, Location)>, Error> {
        if at + HEADER_BYTES as u64 > len {
            return Ok(None);
        }
        let mut first = [0; HEADER_BYTES];
        platform::read_exact_at(&self.file, &mut first, at).map_err(|e| self.io(e))?;
        let Some(header) = Header::read(&first) else { return Ok(None) };
        if at + u64::from(header.record_bytes) > len {
            return Ok(None);
        }
        let mut table = vec![0; usize::from(header.table_bytes)];
        platform::read_exact_at(&self.file, &mut table, at + HEADER_BYTES as u64).map_err(|e| self.io(e))?;
        let Some(entries) = header.table(&first, &table) else { return Ok(None) };
        let core = entries.first().filter(|entry| entry.section == Section::Core);
        Ok(core.map(|core| {
            let location = Location {
                record: at,
                core: at + core.offset,
                core_packed_bytes: core.packed_bytes,
                core_bytes: core.plain_bytes,
                table_bytes: header.table_bytes,
                document_hash: header.document_hash,
            };
            (header, location)
        }))
    }

    fn end(&self) -> MutexGuard<'_, u64> {
        self.end.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io { path: self.path.display().to_string(), source }
    }

    fn damaged(&self, offset: u64, reason: &'static str) -> Error {
        Error::Damaged { path: self.path.display().to_string(), offset, reason }
    }
}

/// Positioned reads and writes, which the two platforms name differently.
mod platform {
    use std::fs::File;
    use std::io;

    #[cfg(unix)]
    pub fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
    }

    #[cfg(unix)]
    pub fn write_all_at(file: &File, buffer: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(file, buffer, offset)
    }

    #[cfg(windows)]
    pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            let read = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = &mut buffer[read..];
            offset += read as u64;
        }
        Ok(())
    }

    #[cfg(windows)]
    pub fn write_all_at(file: &File, mut buffer: &[u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(file, buffer, offset)?;
            buffer = &buffer[written..];
            offset += written as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use headwater_encoding::xpress;
    use headwater_model::UpdateId;

    use super::*;
    use crate::pack;

    fn identity(n: u128) -> UpdateIdentity {
        UpdateIdentity { id: UpdateId::from_u128(n), revision: 200 }
    }

    fn record(n: u128, core: &str) -> Record {
        let sections = [
            (Section::Core, "", core),
            (Section::Extended, "", "<ExtendedProperties />"),
            (Section::Localized, "en", "<LocalizedProperties>a & b</LocalizedProperties>"),
            (Section::Localized, "de", "<LocalizedProperties>\"ä\"</LocalizedProperties>"),
        ];
        pack(identity(n), [n as u8; 8], sections).expect("packs")
    }

    fn plain(text: &PackedText) -> String {
        let bytes = xpress::decode(&text.packed, text.plain_bytes as usize).expect("decodes");
        String::from_utf8(bytes).expect("is UTF-8")
    }

    #[test]
    fn what_is_appended_is_read_back_escaped_also_after_opening_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fragments");
        let (file, known) = FragmentFile::open(&path).expect("opens");
        assert!(known.is_empty());
        let long = "<a b=\"c\" />".repeat(20_000);
        let locations = file.append(&[record(1, "<x />"), record(2, &long)]).expect("appends");
        drop(file);

        let (file, known) = FragmentFile::open(&path).expect("opens");
        assert_eq!(known[&identity(2)], locations[1]);
        let mut packed = Vec::new();
        file.core(&locations[1], &mut packed).expect("reads");
        let core = xpress::decode(&packed, locations[1].core_bytes as usize).expect("decodes");
        assert_eq!(String::from_utf8(core).expect("is UTF-8"), "&lt;a b=\"c\" /&gt;".repeat(20_000));
        assert!(packed.len() < core_len(&locations[1]) / 4);
        let table = file.table(&locations[0]).expect("reads");
        let kinds: Vec<(Section, &str)> =
            table.iter().map(|entry| (entry.section, entry.locale.as_str())).collect();
        let expected = [
            (Section::Core, ""),
            (Section::Extended, ""),
            (Section::Localized, "en"),
            (Section::Localized, "de"),
        ];
        assert_eq!(kinds, expected);
        let english = file.fragment(&locations[0], &table[2]).expect("reads");
        assert_eq!(plain(&english), "&lt;LocalizedProperties&gt;a &amp; b&lt;/LocalizedProperties&gt;");
    }

    fn core_len(location: &Location) -> usize {
        location.core_bytes as usize
    }

    #[test]
    fn a_torn_end_is_cut_off_at_every_byte() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fragments");
        let (file, _) = FragmentFile::open(&path).expect("opens");
        file.append(&[record(1, "<x />")]).expect("appends");
        let whole = std::fs::metadata(&path).expect("is there").len();
        file.append(&[record(2, "<y />")]).expect("appends");
        let both = std::fs::read(&path).expect("reads");
        drop(file);
        for cut in whole as usize..both.len() {
            std::fs::write(&path, &both[..cut]).expect("writes");
            let (file, known) = FragmentFile::open(&path).expect("opens");
            assert_eq!(known.len(), 1, "cut at {cut}");
            let locations = file.append(&[record(3, "<z />")]).expect("appends");
            drop(file);
            let (_, known) = FragmentFile::open(&path).expect("opens");
            assert_eq!(known[&identity(3)], locations[0]);
        }
    }

    #[test]
    fn a_changed_table_ends_the_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fragments");
        let (file, _) = FragmentFile::open(&path).expect("opens");
        file.append(&[record(1, "<x />")]).expect("appends");
        drop(file);
        let mut bytes = std::fs::read(&path).expect("reads");
        bytes[HEADER_BYTES + 3] ^= 1;
        std::fs::write(&path, &bytes).expect("writes");
        assert!(FragmentFile::open(&path).expect("opens").1.is_empty());
    }
}

//! A `wsusutil export`: a cabinet with `package.xml` and `metadata.txt` in one LZX folder.

use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};

use cab::{Cabinet, CompressionType};

use crate::exact::Exact;
use crate::listing::Listing;
use crate::records::Records;
use crate::{Entry, Reason, Stop};

const LISTING: &str = "package.xml";
const METADATA: &str = "metadata.txt";

/// Bytes of `package.xml`, which is held in memory while it is read. Real: 130 for each update.
const LISTING_BYTES_MAX: u64 = 512 << 20;

pub(crate) struct Export<R> {
    cabinet: Cabinet<R>,
    metadata_bytes: u64,
    listing: Listing,
}

impl<R: Read + Seek> Export<R> {
    pub(crate) fn open(mut file: R) -> Result<Self, Reason> {
        let layout = Layout::read(&mut file)?;
        file.rewind().map_err(Reason::Unreadable)?;
        let mut cabinet = Cabinet::new(file).map_err(Reason::DamagedCabinet)?;
        let mut folders = cabinet.folder_entries();
        match (folders.next().map(|folder| folder.compression_type()), folders.next()) {
            (Some(CompressionType::Lzx(_)), None) => {}
            _ => return Err(Reason::NotAnExport),
        }
        if layout.metadata_is_first {
            // The `cab` crate panics at a member that begins behind the end of the folder, so
            // one is sought only when all bytes before it are known to be there.
            let mut metadata = member(&mut cabinet, METADATA, layout.metadata_bytes)?;
            io::copy(&mut metadata, &mut io::sink()).map_err(Reason::DamagedCabinet)?;
        }
        let mut text = String::new();
        let read = member(&mut cabinet, LISTING, layout.listing_bytes)?.read_to_string(&mut text);
        read.map_err(Reason::DamagedCabinet)?;
        let listing = Listing::read(&text)?;
        Ok(Self { cabinet, metadata_bytes: layout.metadata_bytes, listing })
    }

    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    pub(crate) fn read<E>(mut self, take: &mut dyn FnMut(Entry<'_>) -> Result<(), E>) -> Result<(), Stop<E>> {
        let metadata = member(&mut self.cabinet, METADATA, self.metadata_bytes)?;
        let mut records = Records::new(BufReader::with_capacity(64 << 10, metadata));
        let mut found = 0;
        while let Some(document) = records.next()? {
            found += 1;
            take(Entry::Document(document)).map_err(Stop::Taker)?;
        }
        if found < self.listing.updates {
            return Err(Reason::Incomplete { found, listed: self.listing.updates }.into());
        }
        Ok(())
    }
}

fn member<'c, R: Read + Seek>(
    cabinet: &'c mut Cabinet<R>,
    name: &str,
    bytes: u64,
) -> Result<Exact<impl Read + use<'c, R>>, Reason> {
    let reader = cabinet.read_file(name).map_err(Reason::DamagedCabinet)?;
    Ok(Exact::new(reader, bytes))
}

/// Where the two members lie in their folder ([MS-CAB] 2.1 and 2.3), which the `cab` crate does
/// not tell.
struct Layout {
    metadata_is_first: bool,
    listing_bytes: u64,
    metadata_bytes: u64,
}

impl Layout {
    fn read(file: &mut (impl Read + Seek)) -> Result<Self, Reason> {
        let mut header = [0; 36];
        file.read_exact(&mut header).map_err(Reason::DamagedCabinet)?;
        let [folders, members] = [26, 28].map(|at| u16::from_le_bytes([header[at], header[at + 1]]));
        if (folders, members) != (1, 2) {
            return Err(Reason::NotAnExport);
        }
        let members_at = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
        file.seek(SeekFrom::Start(members_at.into())).map_err(Reason::DamagedCabinet)?;
        let mut reader = BufReader::new(file.take(1024));
        let (first, second) = (Member::read(&mut reader)?, Member::read(&mut reader)?);
        if first.offset != 0 || second.offset != first.bytes {
            return Err(Reason::NotAnExport);
        }
        let metadata_is_first = first.name == METADATA.as_bytes();
        let (metadata, listing) = if metadata_is_first { (first, second) } else { (second, first) };
        if metadata.name != METADATA.as_bytes() || listing.name != LISTING.as_bytes() {
            return Err(Reason::NotAnExport);
        }
        if listing.bytes > LISTING_BYTES_MAX {
            return Err(Reason::ListingTooLong(listing.bytes));
        }
        Ok(Self { metadata_is_first, listing_bytes: listing.bytes, metadata_bytes: metadata.bytes })
    }
}

struct Member {
    bytes: u64,
    offset: u64,
    name: Vec<u8>,
}

impl Member {
    fn read(reader: &mut impl io::BufRead) -> Result<Self, Reason> {
        let mut entry = [0; 16];
        reader.read_exact(&mut entry).map_err(Reason::DamagedCabinet)?;
        let [bytes, offset] =
            [0, 4].map(|at| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]));
        let mut name = Vec::new();
        reader.take(256).read_until(0, &mut name).map_err(Reason::DamagedCabinet)?;
        name.pop_if(|last| *last == 0);
        Ok(Self { bytes: bytes.into(), offset: offset.into(), name })
    }
}

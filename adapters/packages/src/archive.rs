//! A folder as a tar archive.
//!
//! Extended headers are interpreted here, because the `tar` crate reads them without a limit.

use std::cell::Cell;
use std::io::{self, Read};

use tar::{Entry as Member, EntryType, PaxExtensions};

use crate::exact::Exact;
use crate::member::{FILES_MAX, hand_on, plain_name};
use crate::{Entry, Reason, Stop};

/// Bytes of an extended header, which holds a name and some times.
const EXTENSION_BYTES_MAX: u64 = 64 << 10;

pub(crate) fn read<E>(
    stream: impl Read,
    take: &mut dyn FnMut(Entry<'_>) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    let ended = Cell::new(false);
    let mut archive = tar::Archive::new(Watched { stream, ended: &ended });
    let mut long_name = None;
    for (number, member) in archive.entries().map_err(Reason::DamagedArchive)?.raw(true).enumerate() {
        if number == FILES_MAX {
            return Err(Reason::TooManyFiles(FILES_MAX).into());
        }
        let mut member = member.map_err(Reason::DamagedArchive)?;
        match member.header().entry_type() {
            EntryType::GNULongName => long_name = Some(gnu_name(&mut member)?),
            EntryType::XHeader => long_name = pax_name(&mut member)?.or(long_name),
            EntryType::XGlobalHeader => {}
            EntryType::Directory => long_name = None,
            EntryType::Regular | EntryType::Continuous => {
                let name = match long_name.take() {
                    Some(name) => plain_name(&name)?,
                    None => plain_name(&String::from_utf8_lossy(&member.path_bytes()))?,
                };
                let size_bytes = member.size();
                hand_on(name, size_bytes, member, take)?;
            }
            _ => return Err(Reason::NotAFile(String::from_utf8_lossy(&member.path_bytes()).into()).into()),
        }
    }
    // The end has a mark; without it the stream was cut between two members.
    if ended.get() { Err(Reason::ArchiveCutOff.into()) } else { Ok(()) }
}

/// Notes whether more was asked of a stream than it has.
struct Watched<'w, R> {
    stream: R,
    ended: &'w Cell<bool>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.ended.set(true);
        }
        Ok(read)
    }
}

/// The name of the next member, as GNU tar writes it when it is long.
fn gnu_name(member: &mut Member<'_, impl Read>) -> Result<String, Reason> {
    let bytes = extension(member)?;
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(name).into_owned())
}

/// The name of the next member in a header of POSIX, if it has one.
fn pax_name(member: &mut Member<'_, impl Read>) -> Result<Option<String>, Reason> {
    let bytes = extension(member)?;
    let mut name = None;
    for pair in PaxExtensions::new(&bytes) {
        let pair = pair.map_err(Reason::DamagedArchive)?;
        match pair.key_bytes() {
            b"path" => name = Some(String::from_utf8_lossy(pair.value_bytes()).into_owned()),
            // It would count in place of the length that the member's own header has.
            b"size" => return Err(Reason::PaxSize),
            _ => {}
        }
    }
    Ok(name)
}

fn extension(member: &mut Member<'_, impl Read>) -> Result<Vec<u8>, Reason> {
    let size_bytes = member.size();
    if size_bytes > EXTENSION_BYTES_MAX {
        return Err(Reason::NoName);
    }
    let mut bytes = Vec::new();
    Exact::new(&mut *member, size_bytes).read_to_end(&mut bytes).map_err(Reason::DamagedArchive)?;
    Ok(bytes)
}

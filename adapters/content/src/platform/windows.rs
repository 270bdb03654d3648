use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Opens a symbolic link itself, which is then seen to be no file (threat A9).
pub fn not_through_a_link(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
}

pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let len = file.seek_read(buffer, offset)?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(len..).unwrap_or_default();
        offset += len as u64;
    }
    Ok(())
}

pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let len = file.seek_write(bytes, offset)?;
        if len == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(len..).unwrap_or_default();
        offset += len as u64;
    }
    Ok(())
}

/// Windows has no read that refuses to wait.
pub fn read_cached_at(_file: &File, _buffer: &mut [u8], _offset: u64) -> Option<usize> {
    None
}

/// Not asked for, because the call needs unsafe code; a full disk is seen when a write fails.
pub fn free_bytes(_folder: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}

/// NTFS journals its names; a folder cannot be flushed through `std`.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes `open` fail on a symbolic link, so that a planted one leads nowhere (threat A9).
pub fn not_through_a_link(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
}

pub fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(buffer, offset)
}

pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(bytes, offset)
}

/// Reads what the system has in memory, without waiting for the disk. `None`: read in the ordinary way.
#[cfg(target_os = "linux")]
pub fn read_cached_at(file: &File, buffer: &mut [u8], offset: u64) -> Option<usize> {
    let mut buffers = [io::IoSliceMut::new(buffer)];
    let read = rustix::io::preadv2(file, &mut buffers, offset, rustix::io::ReadWriteFlags::NOWAIT);
    read.ok().filter(|len| *len > 0)
}

#[cfg(not(target_os = "linux"))]
pub fn read_cached_at(_file: &File, _buffer: &mut [u8], _offset: u64) -> Option<usize> {
    None
}

/// Hands bytes of a file to a socket without a copy of them; as many as the socket takes.
#[cfg(target_os = "linux")]
pub fn send(socket: impl std::os::fd::AsFd, file: &File, mut offset: u64, len: usize) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(socket, file, Some(&mut offset), len)?)
}

/// What an unprivileged user may still write.
pub fn free_bytes(folder: &Path) -> io::Result<Option<u64>> {
    let space = rustix::fs::statvfs(folder)?;
    Ok(Some(space.f_bavail.saturating_mul(space.f_frsize)))
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

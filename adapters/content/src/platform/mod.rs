//! What the systems do differently: positioned reads and writes, free space, durability of names.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub use unix::send;
#[cfg(unix)]
pub use unix::{free_bytes, not_through_a_link, read_cached_at, read_exact_at, sync_folder, write_all_at};
#[cfg(windows)]
pub use windows::{free_bytes, not_through_a_link, read_cached_at, read_exact_at, sync_folder, write_all_at};

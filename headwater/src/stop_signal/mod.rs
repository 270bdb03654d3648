//! How the system asks a process in the foreground to end.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::stop_signal;
#[cfg(windows)]
pub use windows::stop_signal;

//! Content from the file to the socket without a copy in this process (Linux, plain HTTP).
//!
//! A body is bytes to the library that speaks HTTP, so what it sends is copied twice. Agents fetch content over
//! connections of its own: as long as requests are plain ones for content they are answered here, by the same router
//! as all others. With the first one that is anything else the connection goes to the library, for good.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{offer, serve};
#[cfg(target_os = "linux")]
pub(crate) use linux::{offer, serve};

/// How a connection goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The other side has closed it, or was silent for long, or everything stops.
    End,
    /// What comes next is for the library; no byte of it was taken.
    Library,
}

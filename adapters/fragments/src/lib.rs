//! The local, rebuildable file of client fragments, read by position.

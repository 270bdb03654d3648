//! Headwater's own API over HTTP, as the commands use it.

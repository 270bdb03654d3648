//! Packages of update documents in and out: wsusutil exports and folders.

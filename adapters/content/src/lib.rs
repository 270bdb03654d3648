//! Content-addressed files: stage, verify, promote, serve ranges.

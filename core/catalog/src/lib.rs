//! Update documents as facts, relationships, files and client fragments; the immutable index.

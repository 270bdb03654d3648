//! What a document may cost. Real numbers are of the export of 2024 and of a Windows 11 catalogue
//! (`Real document facts`, fact 30); each limit leaves room for ten times as much.

/// Bytes of a document. The largest real one is 47 MB, a component manifest for the most part.
pub const DOCUMENT_BYTES_MAX: usize = 192 << 20;

/// Prerequisite or bundle clauses of one update. Real: 18.
pub(crate) const CLAUSES_MAX: usize = 1_000;

/// Updates named by all clauses of one kind together. Real: 124 members of one bundle.
pub(crate) const ALTERNATIVES_MAX: usize = 10_000;

/// Updates superseded by one. Real: some hundreds for a cumulative update.
pub(crate) const SUPERSEDED_MAX: usize = 20_000;

/// Files of one update. Real: a few dozen for an operating system image.
pub(crate) const FILES_MAX: usize = 5_000;

/// Bytes of one file. Real: 4 GB; a false size must not reserve a disk (threat A12).
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 40;

/// Characters of a file name, the limit of Windows.
pub(crate) const FILE_NAME_CHARS_MAX: usize = 260;

/// Languages of one update's texts, licences or payload. Servers announce 39 (fact 44).
pub(crate) const LANGUAGES_MAX: usize = 400;

/// Characters of a language name. Real: `ja-nec`, `zh-cn`.
pub(crate) const LANGUAGE_CHARS_MAX: usize = 32;

/// Characters of a title. Real: 131 in the export; agents cut what is much longer.
pub(crate) const TITLE_CHARS_MAX: usize = 2_000;

/// Characters of a description. Real: 1,375.
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 16_000;

/// Characters of an address, a bulletin number and other short values.
pub(crate) const VALUE_CHARS_MAX: usize = 2_048;

/// Articles, bulletins or vulnerabilities of one update.
pub(crate) const REFERENCES_MAX: usize = 5_000;

/// Hardware ids, feature scores and computer hardware ids of one driver together.
pub(crate) const DRIVER_ENTRIES_MAX: usize = 50_000;

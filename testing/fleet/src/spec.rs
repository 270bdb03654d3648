//! What is asked of the generator.

/// A catalogue to generate. The same specification yields the same documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Documents in all: some updates have two revisions, and each is a document.
    pub updates: u32,
    /// Another seed yields other names, ids and relationships of the same proportions.
    pub seed: u64,
    /// About how many bytes the Core fragments have together, which the embedded manifests of CBS
    /// updates make up. `None` means [`Spec::CORE_BYTES_PER_UPDATE`] for each update. With 1.2 GB
    /// for 5,250 updates their sizes are those of the real catalogue; no manifest grows beyond
    /// the largest real one (47 MB, fact 30).
    pub core_bytes: Option<u64>,
    /// With a limit in bytes, files have true digests, and their bytes can be generated. Once the
    /// limit is reached, files have 1 KiB each. `None` pretends sizes and digests.
    pub content_bytes_max: Option<u64>,
    /// How many bundle members are left out, so that their bundles are incomplete.
    pub incomplete: u32,
}

/// Why a catalogue cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    #[error("a catalogue has {min} to {max} updates, not {0}", min = Spec::UPDATES_MIN, max = Spec::UPDATES_MAX)]
    Updates(u32),
    #[error("{asked} bundle members cannot be left out of {members}")]
    Incomplete { asked: u32, members: u32 },
}

impl Spec {
    /// Fewer have no place for one update of each kind.
    pub const UPDATES_MIN: u32 = 100;
    /// Forty times the largest single product known; a plan of that many takes 200 MB.
    pub const UPDATES_MAX: u32 = 1_000_000;
    /// A twenty-eighth of the real Windows 11 catalogue: 20,000 updates stay below 300 MB.
    pub const CORE_BYTES_PER_UPDATE: u64 = 8_000;

    /// A catalogue of so many documents, with everything else as usual.
    pub fn new(updates: u32) -> Self {
        Self { updates, seed: 1, core_bytes: None, content_bytes_max: None, incomplete: 0 }
    }
}

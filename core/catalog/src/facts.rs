//! What a server decides by: the facts of one revision, packed for the store.

use headwater_model::{
    EulaId, ProtocolVersion, Sha1Digest, Sha256Digest, Timestamp, UpdateId, UpdateIdentity,
};
use serde::{Deserialize, Serialize};

use crate::Kind;

/// Rises with each change of [`Facts`] or of how they are derived. Facts of another version are
/// derived again from the document.
pub const FACTS_VERSION: u32 = 1;

/// What a document says about its revision ([MS-WUSP] 3.1.1.1, [MS-WSUSSS] 3.1.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub identity: UpdateIdentity,
    pub kind: UpdateKind,
    pub explicitly_deployable: bool,
    pub publication: Publication,
    pub created_at: Option<Timestamp>,
    pub legacy_name: Option<String>,
    pub is_beta: bool,
    /// The URI of the handler that installs it.
    pub handler: Option<String>,
    /// Bytes an agent downloads at most and at least.
    pub max_download_bytes: u64,
    pub min_download_bytes: u64,
    /// The protocol of downstream servers and agents that understand it.
    pub compatible_protocol_version: Option<ProtocolVersion>,
    pub severity: Option<Severity>,
    /// Numbers of articles, without `KB`.
    pub kb_articles: Vec<String>,
    pub security_bulletins: Vec<String>,
    pub cves: Vec<String>,
    pub support_url: Option<String>,
    pub more_info_urls: Vec<String>,
    pub installation: Behavior,
    /// How it is removed; `None` if it cannot be.
    pub uninstallation: Option<Behavior>,
    /// The languages its payload is for, in lower case; `all` or none for every language.
    pub languages: Vec<String>,
    pub default_language: String,
    /// At least one.
    pub localized: Vec<Localized>,
    pub eula: Option<Eula>,
    /// An update of each clause must be installed.
    pub prerequisites: Vec<Clause>,
    /// A revision of each clause is installed with it.
    pub bundles: Vec<Vec<UpdateIdentity>>,
    pub supersedes: Vec<UpdateId>,
    pub files: Vec<File>,
    /// The hardware a driver is for.
    pub drivers: Vec<Driver>,
}

/// What an update is ([MS-WUSP] 3.1.1, *UpdateType*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateKind {
    Category(Category),
    Detectoid,
    Software,
    Driver,
}

impl UpdateKind {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Category(_) => Kind::Category,
            Self::Detectoid => Kind::Detectoid,
            Self::Software => Kind::Software,
            Self::Driver => Kind::Driver,
        }
    }
}

/// A node of the tree of products, or a classification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub kind: CategoryKind,
    pub prohibits_subcategories: bool,
    pub prohibits_updates: bool,
    /// New subscriptions leave it out.
    pub excluded_by_default: bool,
    pub display_order: Option<u32>,
}

/// [MS-WSUSSS] 3.2.4.2, *CategoryType*
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CategoryKind {
    Company,
    ProductFamily,
    Product,
    Classification,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Publication {
    Published,
    /// Withdrawn: it is approved no more.
    Expired,
}

/// The rating of the Microsoft Security Response Center.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    Unspecified,
    Low,
    Moderate,
    Important,
    Critical,
}

impl Severity {
    /// Its word in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "Unspecified",
            Self::Low => "Low",
            Self::Moderate => "Moderate",
            Self::Important => "Important",
            Self::Critical => "Critical",
        }
    }
}

/// What happens to a computer while an update is installed or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Behavior {
    pub reboot: Reboot,
    pub impact: Impact,
    pub can_request_user_input: bool,
    pub requires_network: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Reboot {
    #[default]
    Never,
    Always,
    /// Also what we do not know the word for.
    Possible,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Impact {
    /// Also what we do not know the word for.
    #[default]
    Normal,
    Minor,
    /// Nothing else is installed at the same time.
    Exclusive,
}

/// The texts of an update in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Localized {
    /// In lower case, such as `pt-br`; unique within the update.
    pub language: String,
    pub title: String,
    pub description: Option<String>,
}

/// A licence agreement that must be accepted before agents install the update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eula {
    pub id: EulaId,
    pub files: Vec<EulaFile>,
}

/// The text of a licence in one language, for one region or, without it, the rest of the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EulaFile {
    /// In lower case.
    pub language: String,
    pub geo_id: Option<String>,
    pub file: File,
}

/// A disjunction of prerequisites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// At least one.
    pub alternatives: Vec<UpdateId>,
    /// Whether the alternatives are the categories that the update belongs to.
    pub is_category: bool,
}

/// A file of the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub sha1: Sha1Digest,
    pub sha256: Option<Sha256Digest>,
    pub name: String,
    pub size_bytes: u64,
    pub modified: Option<Timestamp>,
    pub patching: Patching,
    pub is_encrypted: bool,
}

impl File {
    /// What its name ends in, without the dot, if that can stand in a content URL (fact 34).
    pub fn extension(&self) -> Option<&str> {
        let (_, extension) = self.name.rsplit_once('.')?;
        let proper = extension.len() <= 16 && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (proper && !extension.is_empty()).then_some(extension)
    }
}

/// How a file takes part in the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Patching {
    /// Nothing is said, or what we do not know the word for.
    #[default]
    Unspecified,
    SelfContained,
    /// Read in ranges; kept only by servers that host express files ([MS-WSUSSS] 3.2.4.4).
    Express,
}

/// One kind of hardware that a driver is for ([MS-WUSP] 3.1.1, the driver tables).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Driver {
    pub hardware_id: String,
    /// `yyyy-mm-dd`
    pub version_date: String,
    /// Four numbers with dots.
    pub version: String,
    pub class: String,
    pub manufacturer: String,
    pub provider: String,
    pub model: String,
    pub whql_driver_id: Option<u32>,
    pub feature_scores: Vec<FeatureScore>,
    pub distribution_computer_hardware_ids: Vec<String>,
    pub target_computer_hardware_ids: Vec<String>,
}

/// How well a driver suits an operating system; less is better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureScore {
    pub operating_system: String,
    pub score: u8,
}

/// Why packed facts cannot be used. Either way they are to be derived again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    #[error("the facts are of version {0}, not of {FACTS_VERSION}")]
    Version(u32),
    #[error("the packed facts are damaged")]
    Damaged,
}

impl Facts {
    /// The packed form, which begins with its version.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Neither memory nor these types fail to be written.
        postcard::to_stdvec(&(FACTS_VERSION, self)).unwrap_or_default()
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FactsError> {
        let (version, facts) = postcard::take_from_bytes::<u32>(bytes).map_err(|_| FactsError::Damaged)?;
        if version != FACTS_VERSION {
            return Err(FactsError::Version(version));
        }
        match postcard::take_from_bytes(facts) {
            Ok((facts, [])) => Ok(facts),
            _ => Err(FactsError::Damaged),
        }
    }

    /// The texts in the first of `languages` there is, else in the update's own language, else
    /// in any. Names such as `de-DE` also find `de`.
    pub fn texts<'l>(&self, languages: impl IntoIterator<Item = &'l str>) -> Option<&Localized> {
        let in_language = |wanted: &str| {
            let exact = |text: &&Localized| text.language.eq_ignore_ascii_case(wanted);
            let base = wanted.split('-').next().unwrap_or_default();
            let broader = |text: &&Localized| text.language.eq_ignore_ascii_case(base);
            self.localized.iter().find(exact).or_else(|| self.localized.iter().find(broader))
        };
        languages
            .into_iter()
            .find_map(in_language)
            .or_else(|| in_language(&self.default_language))
            .or(self.localized.first())
    }
}

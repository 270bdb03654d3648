//! Rules that real agents rely on.

use headwater_model::{Sha1Digest, Timestamp, UpdateId, UpdateIdentity};

/// How an answer breaks what real agents rely on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("revision {0} has no deployment (fact 23)")]
    NoDeployment(i32),
    #[error("new revision {0} has no XML")]
    NoXml(i32),
    #[error("the XML of revision {id} is no Core fragment: {reason}")]
    Core { id: i32, reason: headwater_xml::Error },
    #[error("the answer names revision {0} twice")]
    Twice(i32),
    #[error("revision {0} is new, though the request lists it")]
    NewThoughListed(i32),
    #[error("revision {0} has changed or is out of scope, though the request does not list it")]
    NotListed(i32),
    #[error("{second} is delivered beside {first} (fact 55)")]
    TwoRevisions { first: UpdateIdentity, second: UpdateIdentity },
    #[error("{0} is delivered, though a clause of its prerequisites is not installed (fact 21)")]
    PrerequisitesMissing(UpdateIdentity),
    #[error("{required} is a leaf, though {by} requires it (fact 25)")]
    LeafIsRequired { required: UpdateId, by: UpdateIdentity },
    #[error("{0} is a category or detectoid with another action than Evaluate (fact 24)")]
    NotEvaluated(UpdateIdentity),
    #[error("the answer is truncated and has nothing new: the agent stops and misses the rest")]
    TruncatedWithoutNews,
    #[error("the answer has no new cookie")]
    NoCookie,
    #[error("the new cookie ends at {new}, the one before at {old} (fact 14)")]
    OtherExpiration { old: Timestamp, new: Timestamp },
    #[error("there are {0} authorization plug-ins, not one")]
    PlugIns(usize),
    #[error("category {0} is preferred, though it was not asked for")]
    CategoryNotAsked(UpdateId),
    #[error("RefreshCache knows {0}, which was not asked for")]
    IdentityNotAsked(UpdateIdentity),
    #[error("a fragment of revision {0} came, which was not asked for")]
    FragmentNotAsked(i32),
    #[error("a fragment of revision {id} cannot be read: {reason}")]
    Fragment { id: i32, reason: headwater_xml::Error },
    #[error("revision {0} came without an Extended fragment and is not out of scope")]
    NoExtended(i32),
    #[error("the file {0} has no location (fact 34)")]
    NoLocation(Sha1Digest),
}

//! The XML in the text of parameters that say which updates and which computers are meant.
//!
//! Real servers are known to answer only to these; what else a scope can say is printed somewhere,
//! but in part contradicted by servers.

/// All updates, whatever is decided about them.
pub const ALL_UPDATES: &str = "<UpdateScope ApprovedStates=\"-1\" />";
/// The computers of the server itself.
pub const OWN_COMPUTERS: &str = "<ComputerTargetScope IncludeDownstreamComputerTargets=\"false\" />";
/// Those of the servers below it too. Nobody has told whether a real server takes this.
pub const ALL_COMPUTERS: &str = "<ComputerTargetScope IncludeDownstreamComputerTargets=\"true\" />";

/// The parameter *publicationState* of published updates.
pub const PUBLISHED: i32 = 0;
/// The parameter *publicationState* of expired updates.
pub const EXPIRED: i32 = 1;
/// The parameter *publicationState* of both.
pub const PUBLISHED_OR_EXPIRED: i32 = i32::MAX;

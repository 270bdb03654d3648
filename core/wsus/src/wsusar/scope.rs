//! The XML in the text of parameters that say which updates and which computers are meant.
//!
//! Real servers are known to answer only to the constants here; what else a scope can say is printed
//! somewhere, but in part contradicted by servers. So more than that is not understood here, and a scope
//! is refused rather than taken for a wider one.

use headwater_xml::{Error as XmlError, Limits, Reader, lexical};

/// All updates, whatever is decided about them.
pub const ALL_UPDATES: &str = "<UpdateScope ApprovedStates=\"-1\" />";
/// The declined ones of them. Documented; seen on no server.
pub const DECLINED_UPDATES: &str = "<UpdateScope ApprovedStates=\"8\" />";
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

/// Why it is not known what a scope means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("the scope cannot be read: {0}")]
    Xml(#[from] XmlError),
    #[error("the scope is `{found}`, expected `{expected}`")]
    Other { expected: &'static str, found: String },
    #[error("scopes by `{0}` are not served: leave it out, and choose among what is answered")]
    NotServed(String),
}

/// What is decided about an update, as scopes tell updates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    NewestApproved = 1,
    /// Only an earlier revision is approved.
    EarlierApproved = 2,
    NotApproved = 4,
    Declined = 8,
}

/// A set of [`Decision`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovedStates(i32);

impl ApprovedStates {
    pub const ALL: Self = Self(-1);

    pub fn has(self, decision: Decision) -> bool {
        self.0 & decision as i32 != 0
    }
}

/// The updates that a scope means; without a scope, all.
pub fn approved_states(scope: Option<&str>) -> Result<ApprovedStates, ScopeError> {
    let text = only_attribute(scope, "UpdateScope", "ApprovedStates")?;
    let number =
        |text: String| text.trim().parse().map_err(|error| XmlError::value("ApprovedStates", &text, error));
    Ok(text.map(number).transpose()?.map_or(ApprovedStates::ALL, ApprovedStates))
}

/// Whether a scope means the computers of lower servers too; without a scope it does not.
pub fn with_downstream(scope: Option<&str>) -> Result<bool, ScopeError> {
    const NAME: &str = "IncludeDownstreamComputerTargets";
    let text = only_attribute(scope, "ComputerTargetScope", NAME)?;
    Ok(text.map(|text| lexical::boolean(NAME, &text)).transpose()?.unwrap_or(false))
}

/// The value of the one thing that a scope may say.
fn only_attribute(
    scope: Option<&str>,
    expected: &'static str,
    known: &str,
) -> Result<Option<String>, ScopeError> {
    let Some(scope) = scope.filter(|scope| !scope.trim().is_empty()) else { return Ok(None) };
    let not_served = |name: &str| ScopeError::NotServed(name.chars().take(64).collect());
    let mut reader = Reader::new(scope, Limits::MESSAGE);
    let root = reader.next_child()?.ok_or(XmlError::Missing("scope"))?;
    if root.local_name() != expected {
        return Err(ScopeError::Other { expected, found: root.local_name().chars().take(64).collect() });
    }
    let mut value = None;
    for attribute in root.attributes() {
        let attribute = attribute?;
        match attribute.name {
            name if name == known => value = Some(attribute.value()?.into_owned()),
            name if name == "xmlns" || name.starts_with("xmlns:") => {}
            name => return Err(not_served(name)),
        }
    }
    if let Some(inner) = reader.next_child()? {
        return Err(not_served(inner.local_name()));
    }
    match reader.next_child()? {
        None => Ok(value),
        Some(_) => Err(not_served("a second element")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computers(scope: &str) -> Result<bool, String> {
        with_downstream(Some(scope)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_scopes_that_real_servers_take() {
        use Decision::{Declined, EarlierApproved, NewestApproved, NotApproved};
        let all = approved_states(Some(ALL_UPDATES)).expect("a scope");
        assert!([NewestApproved, EarlierApproved, NotApproved, Declined].iter().all(|one| all.has(*one)));
        assert_eq!((approved_states(None), all), (Ok(ApprovedStates::ALL), ApprovedStates::ALL));
        let two = approved_states(Some("<UpdateScope ApprovedStates='9'></UpdateScope>")).expect("a scope");
        let has = [NewestApproved, EarlierApproved, NotApproved, Declined].map(|one| two.has(one));
        assert_eq!(has, [true, false, false, true]);
        assert_eq!(computers(OWN_COMPUTERS), Ok(false));
        assert_eq!(computers(ALL_COMPUTERS), Ok(true));
        assert_eq!(computers(" "), Ok(false));
    }

    #[test]
    fn a_scope_that_is_not_understood_is_never_taken_for_a_wider_one() {
        let refused = |scope: &str, words: &str| {
            let error = approved_states(Some(scope)).expect_err(scope).to_string();
            assert!(error.contains(words), "{scope}: {error}");
        };
        refused("<UpdateScope ApprovedStates=\"-1\" TextIncludes=\"x\"/>", "scopes by `TextIncludes`");
        refused("<UpdateScope><UpdateApprovalScope/></UpdateScope>", "scopes by `UpdateApprovalScope`");
        refused("<UpdateScope approvedstates=\"1\"/>", "scopes by `approvedstates`");
        refused("<UpdateScope ApprovedStates=\"many\"/>", "`many`");
        refused("<ComputerTargetScope/>", "expected `UpdateScope`");
        refused("<UpdateScope/><UpdateScope/>", "");
        refused("<UpdateScope", "cannot be read");
        refused("<!DOCTYPE a><UpdateScope/>", "cannot be read");
        assert!(computers("<ComputerTargetScope NameIncludes=\"pc\"/>").is_err());
    }
}

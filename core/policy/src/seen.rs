//! A decision is refused when its update is no longer what its operator saw.

use std::collections::{BTreeMap, HashMap};

use headwater_model::{GroupId, Timestamp, UpdateId};

use crate::approval::Action;

/// What is approved, and until when it is done without asking users.
pub type Told = (Action, Option<Timestamp>);

/// The approvals of updates by group, as an operator saw them. An update that is not in it was not
/// looked at, and is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(HashMap<UpdateId, BTreeMap<GroupId, Told>>);

impl FromIterator<(UpdateId, BTreeMap<GroupId, Told>)> for Seen {
    fn from_iter<I: IntoIterator<Item = (UpdateId, BTreeMap<GroupId, Told>)>>(updates: I) -> Self {
        Self(updates.into_iter().collect())
    }
}

impl Seen {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why an approval for a group, or with nothing wanted its withdrawal, must not be written: it would
    /// replace what the operator never saw. What stands already is no surprise.
    pub fn refuses(
        &self,
        update: UpdateId,
        group: GroupId,
        stands: Option<Told>,
        wanted: Option<Told>,
    ) -> Option<String> {
        let seen = self.0.get(&update)?.get(&group).copied();
        if stands == seen || stands == wanted {
            return None;
        }
        Some(match stands {
            None => "its approval was taken back meanwhile: look at it again".to_owned(),
            Some((action, None)) => {
                format!("meanwhile it was {}: look at it again", word(action))
            }
            Some((action, Some(deadline))) => {
                format!("meanwhile it was {} with the deadline {deadline}: look at it again", word(action))
            }
        })
    }

    /// Why an update must not be declined: that would take back an approval that the operator never saw.
    pub fn refuses_decline(
        &self,
        update: UpdateId,
        mut standing: impl Iterator<Item = (GroupId, Told)>,
    ) -> Option<String> {
        let seen = self.0.get(&update)?;
        let (_, (action, _)) = standing.find(|(group, told)| seen.get(group) != Some(told))?;
        Some(format!("meanwhile it was {} for a group: look at it again", word(action)))
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Install => "approved for installation",
        Action::Uninstall => "approved for removal",
        Action::Detect => "approved for detection",
        Action::Block => "blocked",
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;

//! What is installed where.

use std::collections::HashMap;
use std::hash::Hash;

use headwater_model::{ClientId, GroupId, Timestamp, UpdateId};
use headwater_wsus::wsusar::{
    ExecuteSPGetComponentsWithErrors, ExecuteSPGetSummariesPerComputer, ExecuteSPGetSummariesPerUpdate,
    ExecuteSPGetUpdateInstallationInfoForComputer, ExecuteSPGetUpdateInstallationInfoForUpdate,
    GenericReadableRow, InstallationInfoRow, PUBLISHED_OR_EXPIRED, SummaryRow,
};

use crate::rows::{self, client_id, required, wrong};
use crate::updates::{all_updates, any_culture};
use crate::{Action, Operation, Result, Scope, Wsus};

/// The state of an update on a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstallationState {
    Unknown,
    NotApplicable,
    NotInstalled,
    Downloaded,
    Installed,
    Failed,
    PendingRestart,
}

impl InstallationState {
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::NotApplicable,
        Self::NotInstalled,
        Self::Downloaded,
        Self::Installed,
        Self::Failed,
        Self::PendingRestart,
    ];

    fn read<O: Operation>(number: i32) -> Result<Self> {
        let known = usize::try_from(number).ok().and_then(|index| Self::ALL.get(index));
        known.copied().ok_or_else(|| wrong::<O>("state", number))
    }
}

/// How many are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    counts: [u64; InstallationState::ALL.len()],
    pub last_changed: Option<Timestamp>,
}

impl Counts {
    pub fn of(&self, state: InstallationState) -> u64 {
        self.counts[state as usize]
    }

    /// Neither installed nor failed, but applicable.
    pub fn needed(&self) -> u64 {
        self.of(InstallationState::NotInstalled) + self.of(InstallationState::Downloaded)
    }
}

/// On how many computers an update is in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateSummary {
    pub update: UpdateId,
    pub counts: Counts,
}

/// How many updates are in which state on a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerSummary {
    pub computer: ClientId,
    pub counts: Counts,
}

/// An update on a computer, and the approval that counts there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    pub update: UpdateId,
    pub computer: ClientId,
    pub state: InstallationState,
    pub action: Option<Action>,
    pub group: Option<GroupId>,
}

impl Wsus {
    /// Sums over computers, for each update of which there is anything to count.
    pub async fn update_summaries(&self, scope: Scope) -> Result<Vec<UpdateSummary>> {
        type O = ExecuteSPGetSummariesPerUpdate;
        let operation = O {
            update_scope_xml: all_updates(),
            computer_target_scope_xml: scope.xml(),
            preferred_culture: any_culture(),
            publication_state: PUBLISHED_OR_EXPIRED,
        };
        let rows = self.call(&operation).await?.result;
        let sums = sums::<O, _>(&rows, |row| required::<O, _>("update", row.update_id))?;
        Ok(sums.into_iter().map(|(update, counts)| UpdateSummary { update, counts }).collect())
    }

    /// Sums over updates, for each computer.
    pub async fn computer_summaries(&self, scope: Scope) -> Result<Vec<ComputerSummary>> {
        type O = ExecuteSPGetSummariesPerComputer;
        let operation = O {
            update_scope_xml: all_updates(),
            computer_target_scope_xml: scope.xml(),
            preferred_culture: any_culture(),
            publication_state: PUBLISHED_OR_EXPIRED,
        };
        let rows = self.call(&operation).await?.result;
        let key = |row: &SummaryRow| client_id::<O>(row.computer_id.as_deref().unwrap_or_default());
        let sums = sums::<O, _>(&rows, key)?;
        Ok(sums.into_iter().map(|(computer, counts)| ComputerSummary { computer, counts }).collect())
    }

    /// The state of each update on a computer.
    pub async fn installations_on(&self, computer: &ClientId) -> Result<Vec<Installation>> {
        type O = ExecuteSPGetUpdateInstallationInfoForComputer;
        let operation = O {
            computer_id: Some(computer.to_string()),
            update_scope_xml: all_updates(),
            preferred_culture: any_culture(),
            publication_state: PUBLISHED_OR_EXPIRED,
        };
        installations::<O>(&self.call(&operation).await?.result)
    }

    /// The state of an update on each computer.
    pub async fn installations_of(&self, update: UpdateId, scope: Scope) -> Result<Vec<Installation>> {
        type O = ExecuteSPGetUpdateInstallationInfoForUpdate;
        let operation = O { update_id: update, computer_target_scope_xml: scope.xml() };
        installations::<O>(&self.call(&operation).await?.result)
    }

    /// The names of the server's components that report errors, as it names them.
    pub async fn failing_components(&self) -> Result<Vec<String>> {
        Ok(self.call(&ExecuteSPGetComponentsWithErrors {}).await?.result)
    }
}

/// Rows, one for each key and state that occurs, as one value for each key, in the order in which keys come.
fn sums<O: Operation, K: Eq + Hash + Clone>(
    rows: &[GenericReadableRow],
    key: impl Fn(&SummaryRow) -> Result<K>,
) -> Result<Vec<(K, Counts)>> {
    let mut sums: Vec<(K, Counts)> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for row in rows::read::<O, SummaryRow>(rows)? {
        let key = key(&row)?;
        let place = *places.entry(key.clone()).or_insert_with(|| {
            sums.push((key, Counts::default()));
            sums.len() - 1
        });
        let counts = &mut sums[place].1;
        let state = InstallationState::read::<O>(row.state)?;
        counts.counts[state as usize] +=
            u64::try_from(row.count).map_err(|_| wrong::<O>("count", row.count))?;
        counts.last_changed = counts.last_changed.max(row.last_updated.0);
    }
    Ok(sums)
}

fn installations<O: Operation>(rows: &[GenericReadableRow]) -> Result<Vec<Installation>> {
    let rows = rows::read::<O, InstallationInfoRow>(rows)?;
    let installations = rows.into_iter().map(|row| {
        Ok(Installation {
            update: row.update_id,
            computer: client_id::<O>(&row.computer_id)?,
            state: InstallationState::read::<O>(row.state)?,
            action: row.effective_action.map(Action::from),
            group: row.effective_group_id.filter(|id| !id.is_nil()),
        })
    });
    installations.collect()
}

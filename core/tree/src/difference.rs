//! What a server has otherwise than it is to have, why, and what helps; and how that is said.

use std::collections::BTreeMap;
use std::fmt;

use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};

/// How many differences of one kind are listed. All are counted.
pub const LISTED_PER_KIND_MAX: usize = 200;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Updates,
    Groups,
    Approvals,
    Declines,
    Members,
}

/// What an approval does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    Install,
    Uninstall,
    /// Only report whether it is needed.
    Detect,
    Block,
}

/// One approval, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Approval {
    pub update: UpdateId,
    pub revision: u32,
    pub group: GroupId,
    pub action: Action,
    pub deadline: Option<Timestamp>,
}

/// A group with its name, or with its id where no name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGroup {
    pub id: GroupId,
    pub name: String,
}

/// A computer with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedComputer {
    pub client: ClientId,
    pub name: String,
}

/// What is different. *Extra* is what the server has and is not to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    UpdateMissing {
        update: UpdateId,
        revision: u32,
    },
    UpdateExtra {
        update: UpdateId,
        revision: u32,
    },
    Revision {
        update: UpdateId,
        top: u32,
        here: u32,
    },
    GroupMissing(NamedGroup),
    GroupExtra(NamedGroup),
    GroupName {
        top: NamedGroup,
        here: String,
    },
    GroupParent(NamedGroup),
    /// It was made from a host group.
    GroupGone(String),
    ApprovalMissing {
        approval: Approval,
        group: NamedGroup,
    },
    ApprovalExtra {
        approval: Approval,
        group: NamedGroup,
    },
    ApprovalDiffers {
        top: Approval,
        here: Approval,
        group: NamedGroup,
    },
    DeclineMissing(UpdateId),
    DeclineExtra(UpdateId),
    MemberMissing {
        computer: NamedComputer,
        group: NamedGroup,
    },
    MemberExtra {
        computer: NamedComputer,
        group: NamedGroup,
    },
}

/// Why it is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    NeverSynchronised,
    Synchronising,
    SynchronisationFailed(Timestamp),
    /// It came after the last synchronisation, or the server above did not have it then.
    SinceSynchronisation(Timestamp),
    /// The approval waits for its update.
    UpdateNotHere,
    /// The approval waits for its group.
    GroupNotHere,
    /// The top has no such update, or no longer; a synchronisation deletes none.
    NotAtTop,
    /// What the managing server itself writes there is not written.
    NotWritten,
    /// The policy of the computer decides.
    Policy,
    /// Somebody deleted the group in the WSUS.
    Deleted,
    /// The members of the group wait for an operator, for this reason.
    Held(String),
    /// The server did not take what was written, for this reason.
    Refused(String),
    /// A group of the server's own has the name.
    NameTaken,
}

/// What helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Synchronise,
    Wait,
    RepairSynchronisation,
    CleanUp,
    /// Run the command for this server.
    Write,
    /// The same, once the server takes it.
    WriteAgain,
    SetPolicy {
        value: String,
    },
    /// The command makes the group again.
    MakeAgain,
    /// There is another group of this name.
    Adopt {
        name: String,
    },
    /// Only an operator lets the members of this group be written again.
    ApplyPlan {
        name: String,
    },
    /// The server's own group or the host group has to be called otherwise.
    FreeName,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub what: What,
    pub cause: Cause,
    pub next: Next,
}

/// What was found on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub server: ServerId,
    pub name: String,
    /// All differences.
    pub counts: BTreeMap<Kind, usize>,
    /// The first of each kind.
    pub differences: Vec<Difference>,
    /// All that is the server's own, and no difference.
    pub local_counts: BTreeMap<Kind, usize>,
    /// The first of each kind.
    pub local: Vec<What>,
    listed_per_kind_max: usize,
}

impl Comparison {
    pub fn new(server: ServerId, name: &str, listed_per_kind_max: usize) -> Self {
        Self {
            server,
            name: name.to_owned(),
            counts: BTreeMap::new(),
            differences: Vec::new(),
            local_counts: BTreeMap::new(),
            local: Vec::new(),
            listed_per_kind_max,
        }
    }

    pub fn is_in_step(&self) -> bool {
        self.counts.is_empty()
    }

    /// How much is the server's own, such as `2 groups, 1 approval`, or left out by it.
    pub fn own(&self) -> Option<String> {
        let mut own = self.local_counts.clone();
        let left_out = own.remove(&Kind::Updates).map(|count| {
            let updates = listed(&[(Kind::Updates, count)].into());
            format!("{updates} that its subscription, or one above it, leaves out")
        });
        let own = Some(listed(&own)).filter(|own| !own.is_empty());
        let said: Vec<String> = own.into_iter().chain(left_out).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Counts a difference, and lists it when there is room.
    pub fn differs(&mut self, difference: Difference) {
        if counted(&mut self.counts, difference.what.kind()) <= self.listed_per_kind_max {
            self.differences.push(difference);
        }
    }

    /// Counts what is the server's own, and lists it when there is room.
    pub fn is_local(&mut self, what: What) {
        if counted(&mut self.local_counts, what.kind()) <= self.listed_per_kind_max {
            self.local.push(what);
        }
    }
}

fn counted(counts: &mut BTreeMap<Kind, usize>, kind: Kind) -> usize {
    let count = counts.entry(kind).or_default();
    *count += 1;
    *count
}

impl What {
    pub fn kind(&self) -> Kind {
        match self {
            Self::UpdateMissing { .. } | Self::UpdateExtra { .. } | Self::Revision { .. } => Kind::Updates,
            Self::GroupMissing(_) | Self::GroupExtra(_) => Kind::Groups,
            Self::GroupName { .. } | Self::GroupParent(_) | Self::GroupGone(_) => Kind::Groups,
            Self::ApprovalMissing { .. } | Self::ApprovalExtra { .. } => Kind::Approvals,
            Self::ApprovalDiffers { .. } => Kind::Approvals,
            Self::DeclineMissing(_) | Self::DeclineExtra(_) => Kind::Declines,
            Self::MemberMissing { .. } | Self::MemberExtra { .. } => Kind::Members,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_in_step() {
            writeln!(f, "`{}` is in step.", self.name)?;
        } else {
            writeln!(f, "`{}` is not in step: {} differ.", self.name, listed(&self.counts))?;
        }
        for difference in &self.differences {
            writeln!(f, "- {difference}")?;
        }
        let hidden = hidden(&self.counts, self.listed_per_kind_max);
        if !hidden.is_empty() {
            writeln!(f, "Not listed: {} more.", listed(&hidden))?;
        }
        if !self.local_counts.is_empty() {
            writeln!(f, "Its own, and no difference: {}.", listed(&self.local_counts))?;
        }
        Ok(())
    }
}

fn hidden(counts: &BTreeMap<Kind, usize>, listed_max: usize) -> BTreeMap<Kind, usize> {
    let beyond = counts.iter().map(|(kind, count)| (*kind, count.saturating_sub(listed_max)));
    beyond.filter(|(_, count)| *count > 0).collect()
}

/// `2 groups, 1 approval`
fn listed(counts: &BTreeMap<Kind, usize>) -> String {
    let one = |(kind, count): (&Kind, &usize)| {
        let noun = match kind {
            Kind::Updates => "update",
            Kind::Groups => "group",
            Kind::Approvals => "approval",
            Kind::Declines => "decline",
            Kind::Members => "membership",
        };
        format!("{count} {noun}{}", if *count == 1 { "" } else { "s" })
    };
    counts.iter().map(one).collect::<Vec<String>>().join(", ")
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.what, self.cause, self.next)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpdateMissing { update, revision } => write!(f, "Update {update}/{revision} is missing."),
            Self::UpdateExtra { update, revision } => write!(f, "Update {update}/{revision} is only here."),
            Self::Revision { update, top, here } => {
                write!(f, "Update {update} has revision {here}, the top {top}.")
            }
            Self::GroupMissing(group) => write!(f, "Group {group} is missing."),
            Self::GroupExtra(group) => write!(f, "Group {group} is only here."),
            Self::GroupName { top, here } => write!(f, "Group {top} is named `{here}` here."),
            Self::GroupParent(group) => write!(f, "Group {group} is beneath another group than at the top."),
            Self::GroupGone(name) => write!(f, "Group `{name}`, which a host group is made into, is gone."),
            Self::ApprovalMissing { approval, group } => write!(f, "{approval} for {group} is missing."),
            Self::ApprovalExtra { approval, group } => write!(f, "{approval} for {group} is only here."),
            Self::ApprovalDiffers { top, here, group } => {
                write!(f, "{here} for {group} is at the top: {}/{}, ", top.update, top.revision)?;
                write!(f, "{}.", Terms(top))
            }
            Self::DeclineMissing(update) => write!(f, "Update {update} is not declined."),
            Self::DeclineExtra(update) => write!(f, "Update {update} is declined only here."),
            Self::MemberMissing { computer, group } => write!(f, "{computer} is not in {group}."),
            Self::MemberExtra { computer, group } => write!(f, "{computer} is in {group} and is not to be."),
        }
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Approval of {}/{}, {},", self.update, self.revision, Terms(self))
    }
}

impl Approval {
    /// Action and deadline, in words.
    pub fn terms(&self) -> String {
        Terms(self).to_string()
    }
}

/// Action and deadline of an approval.
struct Terms<'a>(&'a Approval);

impl fmt::Display for Terms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.action {
            Action::Install => "install",
            Action::Uninstall => "uninstall",
            Action::Detect => "detect only",
            Action::Block => "block",
        })?;
        self.0.deadline.map_or(Ok(()), |deadline| write!(f, " by {deadline}"))
    }
}

impl fmt::Display for NamedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name)
    }
}

impl fmt::Display for NamedComputer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Computer `{}`", self.name)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSynchronised => write!(f, "The server never synchronised."),
            Self::Synchronising => write!(f, "The server is synchronising."),
            Self::SynchronisationFailed(at) => write!(f, "Its synchronisation failed at {at}."),
            Self::SinceSynchronisation(at) => write!(f, "It last synchronised at {at}."),
            Self::UpdateNotHere => write!(f, "The update has not arrived yet."),
            Self::GroupNotHere => write!(f, "The group has not arrived yet."),
            Self::NotAtTop => write!(f, "The top does not have it, and a synchronisation deletes no update."),
            Self::NotWritten => write!(f, "It was not written yet, or changed since."),
            Self::Policy => write!(f, "The policy of the computer decides its groups."),
            Self::Deleted => write!(f, "It was deleted in the WSUS, and its approvals with it."),
            Self::NameTaken => write!(f, "The server has a group of its own with that name."),
            Self::Held(reason) => write!(f, "Its members are held: {reason}."),
            Self::Refused(reason) => write!(f, "The server refused it: {reason}."),
        }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Synchronise => write!(f, "Synchronise the server."),
            Self::Wait => write!(f, "Compare again when it is done."),
            Self::RepairSynchronisation => write!(f, "See why its synchronisation failed."),
            Self::CleanUp => write!(f, "Clean up the server."),
            Self::Write => write!(f, "Run `headwater wsus sync` for the server."),
            Self::WriteAgain => {
                write!(f, "Put right what it names there, then run `headwater wsus sync` for the server.")
            }
            Self::SetPolicy { value } => write!(f, "Set the policy to `{value}`."),
            Self::FreeName => write!(f, "Delete that group there, or give the host group another one."),
            Self::MakeAgain => write!(f, "`headwater wsus sync` makes it again, without approvals."),
            Self::Adopt { name } => {
                write!(
                    f,
                    "Another group has the name: take it over with `headwater wsus group apply --adopt"
                )?;
                write!(f, " --group \"{name}\"`, or delete it.")
            }
            Self::ApplyPlan { name } => {
                write!(
                    f,
                    "Look at it with `headwater wsus group preview \"{name}\"`, and apply it or change "
                )?;
                write!(f, "the host group.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval(revision: u32, action: Action, deadline: Option<Timestamp>) -> Approval {
        Approval { update: UpdateId::from_u128(1), revision, group: GroupId::from_u128(2), action, deadline }
    }

    fn berlin() -> NamedGroup {
        NamedGroup { id: GroupId::from_u128(2), name: "Berlin".into() }
    }

    #[test]
    fn differences_are_plain_sentences() {
        let top = approval(3, Action::Install, Some(Timestamp::EPOCH));
        let here = approval(2, Action::Detect, None);
        let difference = Difference {
            what: What::ApprovalDiffers { top: top.clone(), here, group: berlin() },
            cause: Cause::SinceSynchronisation(Timestamp::EPOCH),
            next: Next::Synchronise,
        };
        let update = UpdateId::from_u128(1);
        assert_eq!(
            difference.to_string(),
            format!(
                "Approval of {update}/2, detect only, for `Berlin` is at the top: {update}/3, install by \
                 1970-01-01T00:00:00Z. It last synchronised at 1970-01-01T00:00:00Z. Synchronise the server."
            )
        );
        let missing = What::ApprovalMissing { approval: top, group: berlin() };
        let missing = missing.to_string();
        assert!(
            missing.ends_with("/3, install by 1970-01-01T00:00:00Z, for `Berlin` is missing."),
            "{missing}"
        );
    }

    #[test]
    fn the_list_has_a_cap_for_each_kind_and_the_counts_are_whole() {
        let mut comparison = Comparison::new(ServerId::from_u128(1), "Osaka", 2);
        assert_eq!(comparison.to_string(), "`Osaka` is in step.\n");
        for _ in 0..3 {
            let what = What::DeclineMissing(UpdateId::from_u128(1));
            comparison.differs(Difference { what, cause: Cause::Synchronising, next: Next::Wait });
            comparison.is_local(What::GroupExtra(berlin()));
        }
        let what = What::GroupMissing(berlin());
        comparison.differs(Difference { what, cause: Cause::NeverSynchronised, next: Next::Synchronise });
        assert!(!comparison.is_in_step());
        assert_eq!((comparison.differences.len(), comparison.local.len()), (3, 2));
        assert_eq!(
            comparison.to_string(),
            "`Osaka` is not in step: 1 group, 3 declines differ.\n\
             - Update 00000000-0000-0000-0000-000000000001 is not declined. The server is synchronising. \
             Compare again when it is done.\n\
             - Update 00000000-0000-0000-0000-000000000001 is not declined. The server is synchronising. \
             Compare again when it is done.\n\
             - Group `Berlin` is missing. The server never synchronised. Synchronise the server.\n\
             Not listed: 1 decline more.\n\
             Its own, and no difference: 3 groups.\n"
        );
    }
}

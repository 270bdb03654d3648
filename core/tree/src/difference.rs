//! What a server has otherwise than it is to have, why, and what helps; and how that is said.

use std::collections::BTreeMap;
use std::fmt;

use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};
use headwater_words::moment::minute;

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

    /// Counts what is the server's own.
    pub fn is_local(&mut self, what: &What) {
        counted(&mut self.local_counts, what.kind());
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

/// What updates are called, where that is known.
pub type Titles<'a> = &'a dyn Fn(UpdateId) -> Option<String>;

/// An update as it is called, with what tells it exactly: `“2026-11 Cumulative Update (KB5000038)” (6f…/2)`.
pub(crate) fn named(titles: Titles<'_>, update: UpdateId, exactly: impl fmt::Display) -> String {
    match titles(update) {
        Some(title) => format!("“{title}” ({exactly})"),
        None => exactly.to_string(),
    }
}

impl Difference {
    /// What, why and what helps, in plain sentences.
    pub fn said(&self, titles: Titles<'_>) -> String {
        format!("{} {} {}", self.what.said(titles), self.cause, self.next)
    }
}

impl What {
    fn said(&self, titles: Titles<'_>) -> String {
        let id = |update: &UpdateId| named(titles, *update, update);
        let revised =
            |update: &UpdateId, revision: &u32| named(titles, *update, format!("{update}/{revision}"));
        let approval =
            |one: &Approval| format!("Approval of {}, {},", revised(&one.update, &one.revision), one.terms());
        match self {
            Self::UpdateMissing { update, revision } => {
                format!("Update {} is missing.", revised(update, revision))
            }
            Self::UpdateExtra { update, revision } => {
                format!("Update {} is only here.", revised(update, revision))
            }
            Self::Revision { update, top, here } => {
                format!("Update {} has revision {here}, the top {top}.", id(update))
            }
            Self::GroupMissing(group) => format!("Group {group} is missing."),
            Self::GroupExtra(group) => format!("Group {group} is only here."),
            Self::GroupName { top, here } => format!("Group {top} is named `{here}` here."),
            Self::GroupParent(group) => format!("Group {group} is beneath another group than at the top."),
            Self::GroupGone(name) => format!("Group `{name}`, which a host group is made into, is gone."),
            Self::ApprovalMissing { approval: one, group } => {
                format!("{} for {group} is missing.", approval(one))
            }
            Self::ApprovalExtra { approval: one, group } => {
                format!("{} for {group} is only here.", approval(one))
            }
            Self::ApprovalDiffers { top, here, group } => format!(
                "{} for {group} is at the top: {}, of revision {}.",
                approval(here),
                top.terms(),
                top.revision
            ),
            Self::DeclineMissing(update) => format!("Update {} is not declined.", id(update)),
            Self::DeclineExtra(update) => format!("Update {} is declined only here.", id(update)),
            Self::MemberMissing { computer, group } => format!("{computer} is not in {group}."),
            Self::MemberExtra { computer, group } => format!("{computer} is in {group} and is not to be."),
        }
    }
}

impl Approval {
    /// Action and deadline, in words.
    pub fn terms(&self) -> String {
        let action = match self.action {
            Action::Install => "install",
            Action::Uninstall => "uninstall",
            Action::Detect => "detect only",
            Action::Block => "block",
        };
        self.deadline.map_or_else(|| action.to_owned(), |at| format!("{action} by {}", minute(at)))
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
            Self::SynchronisationFailed(at) => write!(f, "Its synchronisation failed at {}.", minute(*at)),
            Self::SinceSynchronisation(at) => write!(f, "It last synchronised at {}.", minute(*at)),
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
        let unknown = |_| None;
        assert_eq!(
            difference.said(&unknown),
            format!(
                "Approval of {update}/2, detect only, for `Berlin` is at the top: install by 1970-01-01 00:00 UTC, of \
                 revision 3. It last synchronised at 1970-01-01 00:00 UTC. Synchronise the server."
            )
        );
        let missing = What::ApprovalMissing { approval: top, group: berlin() };
        let title = |id| (id == update).then(|| "Servicing (KB7)".to_owned());
        assert_eq!(
            missing.said(&title),
            format!(
                "Approval of “Servicing (KB7)” ({update}/3), install by 1970-01-01 00:00 UTC, for `Berlin` is missing."
            )
        );
        let declined = What::DeclineExtra(update);
        assert_eq!(
            declined.said(&title),
            format!("Update “Servicing (KB7)” ({update}) is declined only here.")
        );
    }

    #[test]
    fn the_list_has_a_cap_for_each_kind_and_the_counts_are_whole() {
        let mut comparison = Comparison::new(ServerId::from_u128(1), "Osaka", 2);
        assert!(comparison.is_in_step());
        for _ in 0..3 {
            let what = What::DeclineMissing(UpdateId::from_u128(1));
            comparison.differs(Difference { what, cause: Cause::Synchronising, next: Next::Wait });
            comparison.is_local(&What::GroupExtra(berlin()));
        }
        let what = What::GroupMissing(berlin());
        comparison.differs(Difference { what, cause: Cause::NeverSynchronised, next: Next::Synchronise });
        assert!(!comparison.is_in_step());
        assert_eq!(comparison.differences.len(), 3);
        assert_eq!(comparison.counts, [(Kind::Groups, 1), (Kind::Declines, 3)].into());
        assert_eq!(comparison.own().as_deref(), Some("3 groups"));
    }
}

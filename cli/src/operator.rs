//! `headwater operator`: who may administer a server, and how far.

use clap::{Args, Subcommand, ValueEnum};
use headwater_api::{NewOperator, NewPassword, OperatorAccount, OperatorChange, Role};
use headwater_words::moment::{age, minute};
use headwater_words::operator::{role, scope, state};

use crate::Options;
use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::secret::PasswordSource;
use crate::session::{Reader, Session};
use crate::table::{Column, Table};
use crate::terminal::harmless;

#[derive(Debug, Args)]
pub struct OperatorArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: OperatorCommand,
}

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// List all operators
    #[command(after_help = examples!("headwater operator list"))]
    List,
    /// Make an account for somebody
    #[command(after_help = examples!(
        "headwater operator create anna --role operator --group Berlin --group Pilot",
        "headwater operator create report --role auditor --password-file password.txt"
    ))]
    Create {
        /// The name that they sign in with
        #[arg(value_name = "NAME")]
        name: String,
        /// What they may do
        #[arg(long, value_name = "ROLE")]
        role: RoleName,
        /// A group of their scope, by name or id, with all that is below it; can be given several times [default:
        /// all groups]
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Give an operator another role or scope
    #[command(after_help = examples!(
        "headwater operator set anna --group Berlin",
        "headwater operator set anna --all-groups",
        "headwater operator set anna --role administrator"
    ))]
    Set {
        /// The operator
        #[arg(value_name = "NAME")]
        name: String,
        /// What they may do from now on
        #[arg(long, value_name = "ROLE", required_unless_present_any = ["groups", "all_groups"])]
        role: Option<RoleName>,
        /// A group of their scope, in place of those before; can be given several times
        #[arg(long = "group", value_name = "GROUP", conflicts_with = "all_groups")]
        groups: Vec<String>,
        /// Take their scope away: they decide for all groups
        #[arg(long)]
        all_groups: bool,
    },
    /// Let an operator in no more, and end their sessions
    #[command(after_help = examples!("headwater operator disable anna"))]
    Disable {
        /// The operator
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Let an operator in again
    #[command(after_help = examples!("headwater operator enable anna"))]
    Enable {
        /// The operator
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Delete an operator with their tokens
    #[command(after_help = examples!("headwater operator delete anna"))]
    Delete {
        /// The operator
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take passwords again for an operator who is locked after too many wrong ones
    #[command(after_help = examples!("headwater operator unlock anna"))]
    Unlock {
        /// The operator
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give an operator another password, and end their sessions
    #[command(after_help = examples!("headwater operator password anna"))]
    Password {
        /// The operator
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Read everything, change nothing
    Auditor,
    /// Decide for groups
    Operator,
    /// Everything
    Administrator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Auditor => Self::Auditor,
            RoleName::Operator => Self::Operator,
            RoleName::Administrator => Self::Administrator,
        }
    }
}

pub(crate) fn run(command: &OperatorCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        OperatorCommand::List => {
            let answer = session.client.operators()?;
            session.show(&answer, |page, reader| list(&page.items, reader))
        }
        OperatorCommand::Create { name, role, groups, password } => {
            let (name, role, groups) = (name.clone(), (*role).into(), groups.clone());
            let new = NewOperator { password: password.read(&name)?, name, role, groups };
            let answer = session.client.create_operator(&new)?;
            session.show(&answer, |made, _| told("Made", made))
        }
        OperatorCommand::Set { name, role, groups, all_groups } => {
            let groups = (*all_groups || !groups.is_empty()).then(|| groups.clone());
            let change = OperatorChange { role: role.map(Role::from), groups, disabled: None };
            changed(name, &change, session)
        }
        OperatorCommand::Disable { name } => {
            changed(name, &OperatorChange { disabled: Some(true), ..OperatorChange::default() }, session)
        }
        OperatorCommand::Enable { name } => {
            changed(name, &OperatorChange { disabled: Some(false), ..OperatorChange::default() }, session)
        }
        OperatorCommand::Delete { name } => {
            session.client.delete_operator(name)?;
            session.say(&format!("Deleted the operator {name}"))
        }
        OperatorCommand::Unlock { name } => {
            let answer = session.client.unlock_operator(name)?;
            session.show(&answer, |account, _| told("Unlocked", account))
        }
        OperatorCommand::Password { name, password } => {
            let new = NewPassword { password: password.read(name)?, current: None };
            session.client.set_password(name, &new)?;
            session.say(&format!("{name} has another password, and no session any more"))
        }
    }
}

fn changed(name: &str, change: &OperatorChange, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.change_operator(name, change)?;
    session.show(&answer, |account, _| told("Changed", account))
}

fn told(verb: &str, account: &OperatorAccount) -> String {
    let disabled = if account.disabled { ", disabled" } else { "" };
    let scope = scope(account.role, &account.groups);
    harmless(&format!("{verb} {}: {}, {scope}{disabled}", account.name, role(account.role)))
}

fn list(accounts: &[OperatorAccount], reader: Reader) -> String {
    let columns = [
        Column::Long("NAME"),
        Column::Text("ROLE"),
        Column::Long("SCOPE"),
        Column::Text("STATE"),
        Column::Text("CREATED"),
    ];
    let mut table = Table::new(&columns);
    for account in accounts {
        let locked = account.locked_until.map(|until| format!("locked until {}", minute(until)));
        table.row([
            account.name.clone(),
            role(account.role).to_owned(),
            scope(account.role, &account.groups),
            locked.unwrap_or_else(|| state(account.disabled).to_owned()),
            age(account.created_at, reader.now),
        ]);
    }
    table.text(reader.width)
}

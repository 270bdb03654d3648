//! `headwater update`: find updates and see what they are. What changes them is in `approval.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use headwater_api::{
    ApprovalFilter, HaltOrder, HaltsQuery, Page, UpdateKind, UpdateOrder, UpdateQuery, UpdateState,
    UpdateSummary,
};

use crate::approval::{self, ApproveArguments, DeclineArguments, WithdrawArguments};
use crate::arguments::{Part, examples};
use crate::failure::{Exit, Failure};
use crate::moment::Deadline;
use crate::names::UpdateName;
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::states::{self, ComputerOrderChoice, StateChoice};
use crate::table::{Column, Table};
use crate::{Options, import, licence, update_sheet};
use headwater_words::quantity::{counted, grouped};

/// From how many columns on a list of updates has room for more than the necessary.
const WIDE_FROM: u16 = 120;

#[derive(Debug, Args)]
pub struct UpdateArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: UpdateCommand,
}

#[derive(Debug, Subcommand)]
pub enum UpdateCommand {
    /// Bring documents and files to the server
    ///
    /// PATH is the .cab of a wsusutil export, or a folder with update documents (.xml) and the files
    /// that belong to them, in it or up to two folders deep. Documents that cannot be understood are
    /// kept apart and named, the rest is taken; the exit code is then 1. To repeat an import does no
    /// harm.
    #[command(after_help = examples!("headwater update import export.cab", "headwater update import ./updates"))]
    Import {
        /// A cabinet, or a folder
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// List updates
    ///
    /// STATE is approved (for some group), not approved, superseded (another replaces it), incomplete (it
    /// names updates that are not here), implicit (a part of a bundle, a category or a detectoid, which
    /// needs no approval), declined or expired (withdrawn by its publisher).
    #[command(after_help = examples!(
        "headwater update list --search \"Windows 11\" --approval unapproved",
        "headwater update list --severity critical --since 2026-11-01T00:00",
        "headwater update list --superseded=false --output json"
    ))]
    List(ListArguments),
    /// Show all about an update
    #[command(after_help = examples!("headwater update show KB5044284"))]
    Show {
        /// Its id, the first eight digits of it, or KB and a number
        #[arg(value_name = "UPDATE")]
        update: UpdateName,
    },
    /// Have the computers of a group install updates, or do something else with them
    ///
    /// An approval that the group has for an update is replaced.
    #[command(after_help = examples!(
        "headwater update approve KB5044284 --group Pilot --deadline 2026-12-24T03:00"
    ))]
    Approve(ApproveArguments),
    /// Show the licence terms of an update
    ///
    /// In the language that is asked for, or in the update's own where there are none in that one. Where they
    /// cannot be read now the reason is told; the exit code is then 1.
    #[command(after_help = examples!("headwater update licence KB5044284 --language de"))]
    Licence {
        /// Its id, the first eight digits of it, or KB and a number
        #[arg(value_name = "UPDATE")]
        update: UpdateName,
        /// Such as de or pt-br [default: the update's own]
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
    },
    /// Accept the licence of an update, and with it of all updates that have the same
    ///
    /// Before that, none of them can be approved for installation. Who accepted it and when is recorded.
    #[command(after_help = examples!("headwater update accept-licence KB5044284"))]
    AcceptLicence {
        /// Its id, the first eight digits of it, or KB and a number
        #[arg(value_name = "UPDATE")]
        update: UpdateName,
    },
    /// List the computers on which an update is in a state, with the reason where it failed
    ///
    /// Without --state those on which something is left to do.
    #[command(after_help = examples!(
        "headwater update computers KB5044284",
        "headwater update computers KB5044284 --state unknown"
    ))]
    Computers {
        /// Its id, the first eight digits of it, or KB and a number
        #[arg(value_name = "UPDATE")]
        update: UpdateName,
        /// Only those on which it is in this state
        #[arg(long, value_name = "STATE")]
        state: Option<StateChoice>,
        /// In this order, of a managing server [default: name]
        #[arg(long, value_name = "ORDER")]
        sort: Option<ComputerOrderChoice>,
        /// The other way round
        #[arg(long)]
        reverse: bool,
        #[command(flatten)]
        part: Part,
    },
    /// Take back the approvals that a group has for updates
    #[command(alias = "unapprove", after_help = examples!("headwater update withdraw KB5044284 --group Pilot"))]
    Withdraw(WithdrawArguments),
    /// Offer updates to no computer, and take back all their approvals
    #[command(after_help = examples!("headwater update decline KB5044284"))]
    Decline(DeclineArguments),
    /// Undo a decline; approvals do not come back
    #[command(after_help = examples!("headwater update undecline KB5044284"))]
    Undecline(DeclineArguments),
    /// Stop an update: take back all its approvals, and let every server below synchronise
    ///
    /// Only a managing server does this. While the linked WSUS is not reached the halt waits, and is done
    /// first. An approval ends it.
    #[command(after_help = examples!("headwater update halt KB5044284"))]
    Halt {
        /// The id of each, the first eight digits of it, or KB and a number
        #[arg(value_name = "UPDATE", required = true)]
        updates: Vec<UpdateName>,
    },
    /// List the updates that were halted, the newest first
    #[command(after_help = examples!("headwater update halts", "headwater update halts --sort state"))]
    Halts {
        /// In this order [default: asked]
        #[arg(long, value_name = "ORDER")]
        sort: Option<HaltOrderChoice>,
        /// The other way round
        #[arg(long)]
        reverse: bool,
        #[command(flatten)]
        part: Part,
    },
}

/// Filters; an update is listed when all of them let it pass.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Words of the title, KB and a number, CVE and its number, or an id
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only these [default: software and drivers]
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// Only of this product, by title or id
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
    /// Only of this classification, by title or id
    #[arg(long, value_name = "CLASSIFICATION")]
    classification: Option<String>,
    /// Only those to which their publisher gave this severity
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<Severity>,
    /// Only those that came then or later, as 2026-12-24T03:00 in local time or with a Z
    #[arg(long, value_name = "TIME")]
    since: Option<Deadline>,
    /// Only those that came before
    #[arg(long, value_name = "TIME")]
    before: Option<Deadline>,
    /// Only those that some group, or none, has an approval for
    #[arg(long, value_name = "WHICH")]
    approval: Option<ApprovalChoice>,
    /// Only declined updates, or with =false none of them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    declined: Option<bool>,
    /// Only updates that name others which are not here, or with =false none of them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    incomplete: Option<bool>,
    /// Only updates that another replaces, or with =false none of them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    superseded: Option<bool>,
    /// Only parts of bundles, categories and detectoids, or with =false none of them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    implicit: Option<bool>,
    /// Only updates that their publisher has withdrawn, or with =false none of them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    expired: Option<bool>,
    /// Only updates that some computer needs, or with =false none of them; of a managing server
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    needed: Option<bool>,
    /// Only updates that failed on some computer, or with =false none of them; of a managing server
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    failed: Option<bool>,
    /// In this order, of a managing server [default: arrival]
    #[arg(long, value_name = "ORDER")]
    sort: Option<OrderChoice>,
    /// The other way round
    #[arg(long)]
    reverse: bool,
    #[command(flatten)]
    part: Part,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    Software,
    Driver,
    Category,
    Detectoid,
}

/// The publisher's, from the most severe one.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Severity {
    Critical,
    Important,
    Moderate,
    Low,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OrderChoice {
    /// The newest first
    Arrival,
    Title,
    /// Those that wait for a decision first
    State,
    /// Those that the most computers need first
    Needed,
    /// Those that the most computers have first
    Installed,
    /// Those that failed on the most computers first
    Failed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum HaltOrderChoice {
    /// The latest first
    Asked,
    /// By the title of the update
    Title,
    /// Those that wait first
    State,
    By,
    /// The latest first, those that wait last
    Done,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ApprovalChoice {
    Approved,
    Unapproved,
}

pub(crate) fn run(command: &UpdateCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        UpdateCommand::Import { path } => import::run(path, session),
        UpdateCommand::List(arguments) => list(arguments, session),
        UpdateCommand::Show { update } => {
            let answer = session.client.update(session.update(update)?)?;
            session.show(&answer, update_sheet::text)
        }
        UpdateCommand::Approve(arguments) => approval::approve(arguments, session),
        UpdateCommand::Licence { update, language } => licence::show(update, language.clone(), session),
        UpdateCommand::AcceptLicence { update } => licence::accept(update, session),
        UpdateCommand::Computers { update, state, sort, reverse, part } => {
            states::computers(update, *state, (*sort, *reverse), part, session)
        }
        UpdateCommand::Withdraw(arguments) => approval::withdraw(arguments, session),
        UpdateCommand::Decline(arguments) => approval::decline(arguments, session),
        UpdateCommand::Undecline(arguments) => approval::undecline(arguments, session),
        UpdateCommand::Halt { updates } => approval::halt(updates, session),
        UpdateCommand::Halts { sort, reverse, part } => {
            let query = HaltsQuery {
                sort: sort.map(|order| match order {
                    HaltOrderChoice::Asked => HaltOrder::Asked,
                    HaltOrderChoice::Title => HaltOrder::Title,
                    HaltOrderChoice::State => HaltOrder::State,
                    HaltOrderChoice::By => HaltOrder::By,
                    HaltOrderChoice::Done => HaltOrder::Done,
                }),
                reverse: *reverse,
                limit: Some(part.limit),
                after: part.after.clone(),
            };
            let answer = session.client.halts(&query)?;
            session.show(&answer, approval::halts)
        }
    }
}

fn list(arguments: &ListArguments, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let query = query(arguments, session)?;
    let answer = session.client.updates(&query)?;
    let everything = UpdateQuery { limit: query.limit, ..UpdateQuery::default() };
    session.show(&answer, |page, reader| page_text(page, query != everything, reader))
}

fn query(arguments: &ListArguments, session: &Session<'_, '_>) -> Result<UpdateQuery, Failure> {
    let moment = |typed: Option<Deadline>| {
        typed.map(|typed| typed.in_zone(&session.terminal.zone)).transpose().map_err(Failure::Argument)
    };
    Ok(UpdateQuery {
        search: arguments.search.clone(),
        kind: arguments.kind.map(|kind| match kind {
            Kind::Software => UpdateKind::Software,
            Kind::Driver => UpdateKind::Driver,
            Kind::Category => UpdateKind::Category,
            Kind::Detectoid => UpdateKind::Detectoid,
        }),
        product: arguments.product.clone(),
        classification: arguments.classification.clone(),
        severity: arguments.severity.map(|severity| format!("{severity:?}")),
        arrived_since: moment(arguments.since)?,
        arrived_before: moment(arguments.before)?,
        approval: arguments.approval.map(|choice| match choice {
            ApprovalChoice::Approved => ApprovalFilter::Approved,
            ApprovalChoice::Unapproved => ApprovalFilter::Unapproved,
        }),
        declined: arguments.declined,
        incomplete: arguments.incomplete,
        superseded: arguments.superseded,
        implicit: arguments.implicit,
        expired: arguments.expired,
        needed: arguments.needed,
        failed: arguments.failed,
        sort: arguments.sort.map(|order| match order {
            OrderChoice::Arrival => UpdateOrder::Arrival,
            OrderChoice::Title => UpdateOrder::Title,
            OrderChoice::State => UpdateOrder::State,
            OrderChoice::Needed => UpdateOrder::Needed,
            OrderChoice::Installed => UpdateOrder::Installed,
            OrderChoice::Failed => UpdateOrder::Failed,
        }),
        reverse: arguments.reverse,
        limit: Some(arguments.part.limit),
        after: arguments.part.after.clone(),
    })
}

fn page_text(page: &Page<UpdateSummary>, is_filtered: bool, reader: Reader) -> String {
    if page.items.is_empty() {
        let advice = if is_filtered {
            "No update matches. See all of them with `headwater update list`."
        } else {
            "There are no software updates and no drivers here yet. Import some with `headwater update import`, \
             or take them from another server with `headwater upstream set`."
        };
        return paragraph(advice, reader.width);
    }
    let is_wide = reader.width.is_none_or(|width| width >= WIDE_FROM);
    let mut columns = vec![Column::Text("ID"), Column::Text("ARTICLE"), Column::Long("TITLE")];
    if is_wide {
        columns.extend([Column::Text("CLASSIFICATION"), Column::Text("ARRIVED")]);
    }
    columns.extend([Column::Text("STATE"), Column::Number("NEEDED"), Column::Number("FAILED")]);
    let mut table = Table::new(&columns);
    for update in &page.items {
        let mut cells = vec![short_id(update), articles(&update.kb), update.title.clone()];
        if is_wide {
            cells.extend([
                update.classification.clone().unwrap_or_default(),
                update.arrived_at.date().to_string(),
            ]);
        }
        cells.extend([state(update).into(), grouped(update.needed), grouped(update.failed)]);
        table.row(cells);
    }
    table.text(reader.width) + &rest(page, "update")
}

/// What follows a table that is not the whole list.
pub(crate) fn rest<T>(page: &Page<T>, noun: &str) -> String {
    let Some(next) = &page.next else {
        return String::new();
    };
    let shown = grouped(page.items.len() as u64);
    let of = page.total.map_or_else(String::new, |total| format!(" of {}", counted(total, noun)));
    format!("\n{shown}{of} shown. Go on with --after {next}\n")
}

/// The first eight digits, which name an update as well as all of them do.
fn short_id(update: &UpdateSummary) -> String {
    update.id.to_string().chars().take(8).collect()
}

pub(crate) fn articles(numbers: &[String]) -> String {
    numbers.iter().map(|number| format!("KB{number}")).collect::<Vec<_>>().join(", ")
}

/// The one word that matters most to someone who decides about updates.
pub(crate) fn state(update: &UpdateSummary) -> &'static str {
    match update.state {
        UpdateState::Declined => "declined",
        UpdateState::Expired => "expired",
        UpdateState::Incomplete => "incomplete",
        UpdateState::Implicit => "implicit",
        UpdateState::Approvable if update.approved_groups > 0 => "approved",
        UpdateState::Approvable if update.superseded => "superseded",
        UpdateState::Approvable => "not approved",
    }
}

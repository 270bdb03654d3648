//! `headwater wsus`: the WSUS that a managing server is linked with, and the tree below it.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use headwater_api::linkage::{Joining, RunWanted, WsusKind};
use headwater_api::{
    Finding, FindingLevel, LinkRequest, OutsideServer, PairRequest, Problem, RevokeRequest, Revoked,
    SyncEvent, SyncPart, SyncReport, SyncRequest, TreeServer, WsusLink,
};
use headwater_client::Error;
use headwater_words::moment::age;
use headwater_words::quantity::{counted, grouped};
use headwater_words::synchronisation::{read_only, standing};

use crate::arguments::{Output, examples};
use crate::connection::{DATA_FOLDER, LINKAGE_URL_FILE};
use crate::failure::{Exit, Failure, ended};
use crate::session::{Reader, Session};
use crate::sheet::Sheet;
use crate::synchronise::RunsArguments;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::{Options, clean_up, schedule, synchronise, tree, wsus_group, wsus_relink, wsus_server};

#[derive(Debug, Args)]
pub struct WsusArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: WsusCommand,
}

#[derive(Debug, Subcommand)]
pub enum WsusCommand {
    /// Link the top WSUS of a tree; this changes nothing in it
    #[command(after_help = examples!("headwater wsus link https://wsus.example:8532/linkage --code 1234-5678"))]
    Link {
        /// The address of its WSUS Linkage, as `headwater linkage install` prints it
        #[arg(value_name = "URL")]
        url: String,
        /// The code that the Linkage shows on its machine
        #[arg(long, value_name = "CODE", value_parser = code)]
        code: String,
    },
    /// Take a rebuilt or promoted WSUS in the place of the linked one
    ///
    /// Shows what it lacks of what the linked one had when it was last read: groups, approvals, declines and
    /// members. This pairs with its Linkage and writes nothing to the WSUS. With `--apply` it is written, and the
    /// WSUS is the linked one from then on. An apply that was cut off is completed by the same command.
    #[command(after_help = examples!(
        "headwater wsus relink https://wsus.example:8532/linkage --code 1234-5678 --save relink.json",
        "headwater wsus relink --apply relink.json"
    ))]
    Relink(wsus_relink::RelinkArguments),
    /// Link the WSUS no longer; this changes nothing in it
    #[command(after_help = examples!("headwater wsus unlink"))]
    Unlink,
    /// Show the linked WSUS, the tree below it and who waits to be paired
    #[command(after_help = examples!("headwater wsus show"))]
    Show,
    /// Pair with a WSUS Linkage of a lower server
    #[command(after_help = examples!("headwater wsus pair wsus-berlin --code 1234-5678"))]
    Pair {
        /// The Linkage, by name or id
        #[arg(value_name = "LINKAGE")]
        linkage: String,
        /// The code that it shows on its machine
        #[arg(long, value_name = "CODE", value_parser = code)]
        code: String,
    },
    /// Trust the Linkage of a lower server no more, such as one that was stolen
    ///
    /// It is refused everywhere from now on, and the servers below it are not reached through it. Its WSUS
    /// is left as it is. It can be paired anew, with another key.
    #[command(after_help = examples!("headwater wsus revoke wsus-berlin"))]
    Revoke {
        /// The server, by name, or its Linkage by id
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Examine every server of the tree; ends with 1 when there is a problem
    #[command(after_help = examples!("headwater wsus doctor"))]
    Doctor,
    /// Bring the servers of the tree in step
    ///
    /// Ends with 0 when all of them are in step, with 1 when differences or failures remain, with 5
    /// when a server has no WSUS Linkage.
    ///
    /// Where a run goes on already, it is that one which is watched. A run goes on when the command is
    /// interrupted; `headwater wsus sync stop` ends it.
    ///
    /// On the machine of a lower server, with the folder of its WSUS Linkage in --data, it is for that server
    /// alone: the Linkage asks the managing server, through the ones above it. Only --dry-run, --only and
    /// --keep-windows are known there, and members are held as with --hold-removals.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = examples!("headwater wsus sync", "headwater wsus sync --dry-run --below wsus-berlin", "headwater wsus sync --at wsus-berlin")
    )]
    Sync {
        #[command(flatten)]
        options: SyncOptions,
        #[command(subcommand)]
        command: Option<SyncCommand>,
    },
    /// Set what is wanted of one server of the tree, or delete the record of one that is gone
    #[command(after_help = examples!("headwater wsus server set wsus-berlin --window 22:00-05:00"))]
    Server {
        #[command(subcommand)]
        command: wsus_server::WsusServerCommand,
    },
    /// Synchronise the tree at set times
    #[command(after_help = examples!("headwater wsus schedule set 03:00"))]
    Schedule {
        #[command(subcommand)]
        command: schedule::ScheduleCommand,
    },
    /// Let the linked WSUS be written to again after a restore, once you have seen what differs
    #[command(after_help = examples!("headwater wsus confirm"))]
    Confirm,
    /// List the last synchronisations of the tree, the newest first, or show one of them
    ///
    /// With a number: what a run changed, what remained, and what to do, as `wsus sync` said it. Any run that is
    /// kept can be shown.
    #[command(alias = "history", after_help = examples!("headwater wsus runs", "headwater wsus runs 12"))]
    Runs {
        /// The number of a run
        #[arg(value_name = "NUMBER")]
        number: Option<u64>,
        #[command(flatten)]
        list: RunsArguments,
    },
    /// Decline what is obsolete, and delete what was declined long ago, in the whole tree
    #[command(after_help = examples!("headwater wsus cleanup preview"))]
    Cleanup {
        #[command(subcommand)]
        command: clean_up::CleanUpCommand,
    },
    /// Make WSUS groups from host groups
    #[command(after_help = examples!("headwater wsus group preview Pilot"))]
    Group {
        #[command(subcommand)]
        command: wsus_group::WsusGroupCommand,
    },
}

#[derive(Debug, Subcommand)]
pub enum SyncCommand {
    /// End the run that goes on, after what it is doing
    #[command(after_help = examples!("headwater wsus sync stop"))]
    Stop,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PartChoice {
    Groups,
    Approvals,
    Clients,
}

/// Asks the WSUS Linkage that runs with a folder for a run for its server alone, and tells what is said until
/// it ends.
pub type OwnLinkage = fn(&Path, &RunWanted, &mut dyn FnMut(&SyncEvent)) -> Result<SyncReport, Problem>;

/// `wsus sync` where a Linkage runs and its managing server does not: on the machine of a lower server.
pub(crate) fn run_here(
    WsusArguments { options, command }: &WsusArguments,
    linkage: OwnLinkage,
    terminal: &mut Terminal<'_>,
) -> Option<Result<Exit, Failure>> {
    let WsusCommand::Sync { options: asked, command: None } = command else { return None };
    let folder = options.data.clone().unwrap_or_else(|| DATA_FOLDER.into());
    if options.server.is_some() || !folder.join(LINKAGE_URL_FILE).exists() {
        return None;
    }
    if asked.is_beyond_a_linkage() {
        let why = "a WSUS Linkage asks for its own server alone and removes no more members than a scheduled run: \
                   leave out --below, --at, --with-upstream, --max-removals, --server-limit and --no-wait, or name the managing server with \
                   --server and --token-file";
        return Some(Err(Failure::Argument(why.to_owned())));
    }
    let SyncRequest { dry_run, only, keep_windows, .. } = asked.request();
    let wanted = RunWanted { dry_run, only, keep_windows };
    let is_json = options.output == Output::Json;
    Some(synchronise::watched(is_json, terminal, |watch| {
        let report = linkage(&folder, &wanted, &mut |event| {
            watch(event, &serde_json::to_string(event).unwrap_or_default());
        });
        report.map_err(|problem| Failure::Client(Error::Refused(Box::new(problem))))
    }))
}

/// What a run of `wsus sync` is asked for.
#[derive(Debug, Args)]
pub struct SyncOptions {
    /// Only list what differs
    #[arg(long)]
    dry_run: bool,
    /// Only this server and those below it, by name or id
    #[arg(long, value_name = "NAME")]
    below: Option<String>,
    /// Only this server, by name or id
    #[arg(long, value_name = "NAME", conflicts_with = "below")]
    at: Option<String>,
    /// Only one part; a replica takes groups and approvals together
    #[arg(long, value_name = "PART")]
    only: Option<PartChoice>,
    /// Let the top synchronise with Microsoft Update first
    #[arg(long)]
    with_upstream: bool,
    /// Write no members where more than so many would be removed from groups
    #[arg(long, value_name = "N")]
    max_removals: Option<u64>,
    /// Write no members of groups that would lose over a tenth of theirs
    #[arg(long, conflicts_with = "max_removals")]
    hold_removals: bool,
    /// Leave servers for later whose time window is closed, as a scheduled run does
    #[arg(long)]
    keep_windows: bool,
    /// Leave a server to synchronise by itself after so long, in seconds; 3600 unless given
    #[arg(long, value_name = "SECONDS")]
    server_limit: Option<u64>,
    /// Watch the run to its end, as without this
    #[arg(long, overrides_with = "no_wait")]
    wait: bool,
    /// Only begin the run, and say its number
    #[arg(long, overrides_with = "wait", conflicts_with = "dry_run")]
    no_wait: bool,
}

impl SyncOptions {
    fn request(&self) -> SyncRequest {
        SyncRequest {
            dry_run: self.dry_run,
            below: self.below.clone(),
            at: self.at.clone(),
            only: self.only.map(SyncPart::from),
            with_upstream: self.with_upstream,
            max_removals: self.max_removals,
            hold_removals: self.hold_removals,
            keep_windows: self.keep_windows,
            server_limit_seconds: self.server_limit,
        }
    }

    /// Whether it is more than a Linkage may ask for.
    fn is_beyond_a_linkage(&self) -> bool {
        self.below.is_some()
            || self.at.is_some()
            || self.with_upstream
            || self.max_removals.is_some()
            || self.server_limit.is_some()
            || self.no_wait
    }
}

impl From<PartChoice> for SyncPart {
    fn from(choice: PartChoice) -> Self {
        match choice {
            PartChoice::Groups => Self::Groups,
            PartChoice::Approvals => Self::Approvals,
            PartChoice::Clients => Self::Clients,
        }
    }
}

pub(crate) fn code(text: &str) -> Result<String, String> {
    let digits = || text.chars().filter(|c| *c != '-');
    if digits().count() == 8 && digits().all(|c| c.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("a code has eight digits, such as 1234-5678".into())
    }
}

pub(crate) fn run(command: &WsusCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        WsusCommand::Link { url, code } => {
            let answer = session.client.link_wsus(&LinkRequest { url: url.clone(), code: code.clone() })?;
            session.show(&answer, link_text)
        }
        WsusCommand::Relink(arguments) => wsus_relink::run(arguments, session),
        WsusCommand::Unlink => {
            session.client.unlink_wsus()?;
            session.say("No WSUS is linked any more; nothing in it was changed")
        }
        WsusCommand::Show => {
            let answer = session.client.wsus()?;
            session.show(&answer, link_text)
        }
        WsusCommand::Pair { linkage, code } => {
            let request = PairRequest { linkage: linkage.clone(), code: code.clone() };
            let answer = session.client.pair_wsus(&request)?;
            session.show(&answer, link_text)
        }
        WsusCommand::Revoke { name } => {
            let answer = session.client.revoke_linkage(&RevokeRequest { linkage: name.clone() })?;
            session.show(&answer, |revoked, _| revoked_text(revoked))
        }
        WsusCommand::Doctor => {
            let answer = session.client.wsus_doctor()?;
            let has_problem = answer.value.iter().any(|finding| finding.level == FindingLevel::Problem);
            let shown = session.show(&answer, |findings, reader| findings_text(findings, reader));
            ended(shown, if has_problem { Exit::Refused } else { Exit::Done })
        }
        WsusCommand::Sync { command: Some(SyncCommand::Stop), .. } => synchronise::stop(session),
        WsusCommand::Sync { options, command: None } if options.no_wait => {
            synchronise::begin(&options.request(), session)
        }
        WsusCommand::Sync { options, command: None } => synchronise::run(&options.request(), session),
        WsusCommand::Server { command } => wsus_server::run(command, session),
        WsusCommand::Schedule { command } => schedule::run(command, session),
        WsusCommand::Confirm => {
            session.client.confirm_wsus()?;
            session.say("Confirmed: the linked WSUS is written to again.")
        }
        WsusCommand::Runs { number: Some(number), .. } => {
            let answer = session.client.sync_run(*number)?;
            session.show(&answer, synchronise::one)
        }
        WsusCommand::Runs { number: None, list } => {
            let answer = session.client.sync_runs(&list.query())?;
            let is_filtered = list.is_filtered();
            session.show(&answer, |page, reader| synchronise::history(page, is_filtered, reader))
        }
        WsusCommand::Cleanup { command } => clean_up::run(command, session),
        WsusCommand::Group { command } => wsus_group::run(command, session),
    }
}

fn link_text(link: &WsusLink, reader: Reader) -> String {
    let mut sheet = Sheet::default();
    sheet
        .fact("Linkage", link.url.as_str())
        .fact("Id", link.linkage.to_string())
        .fact("Problem", link.problem.clone().unwrap_or_default())
        .fact(
            "Review",
            link.review.as_ref().map_or_else(String::new, |reason| {
                format!("{reason}: nothing is written until `headwater wsus confirm`")
            }),
        )
        .fact("Suspended", link.suspended.clone().unwrap_or_default());
    for server in link.servers.iter().filter(|server| server.read_only) {
        sheet.fact("Read-only", read_only(&server.name));
    }
    for problem in link.servers.iter().filter_map(|server| server.problem.as_deref()) {
        sheet.fact("Not read", problem);
    }
    let mut text = sheet.text(reader.width);
    if !link.servers.is_empty() {
        text.push('\n');
        text += &servers(&link.servers, reader);
    }
    if !link.outside.is_empty() {
        text.push('\n');
        text += &outside(&link.outside, reader);
    }
    if !link.joining.is_empty() {
        text.push('\n');
        text += &joining(&link.joining, reader);
    }
    text
}

fn servers(servers: &[TreeServer], reader: Reader) -> String {
    let mut table = Table::new(&[
        Column::Long("NAME"),
        Column::Text("KIND"),
        Column::Text("MODE"),
        Column::Text("LINKAGE"),
        Column::Text("LAST CONTACT"),
        Column::Text("LAST SYNC"),
        Column::Number("COMPUTERS"),
    ]);
    let when = |at: Option<_>| at.map_or_else(String::new, |at| age(at, reader.now));
    let all: Vec<&TreeServer> = servers.iter().collect();
    for (depth, server) in tree::ordered(&all, |server| server.id, |server| server.parent) {
        let linkage = match server.linkage {
            None => "none",
            Some(_) if server.reached => "connected",
            Some(_) if server.problem.is_some() => "not read",
            Some(_) => "not reached",
        };
        table.row([
            format!("{}{}", "  ".repeat(depth), server.name),
            server.kind.map_or("", kind).into(),
            standing(server),
            linkage.into(),
            when(server.last_contact_at),
            when(server.last_sync_at),
            grouped(server.computers),
        ]);
    }
    table.text(reader.width)
}

fn outside(all: &[OutsideServer], reader: Reader) -> String {
    let mut table =
        Table::new(&[Column::Long("OUTSIDE THE LINK"), Column::Long("WHY, AND WHAT TO DO")]).wrapping();
    for one in all {
        table.row([one.name.clone(), one.why.clone()]);
    }
    table.text(reader.width)
}

fn kind(kind: WsusKind) -> &'static str {
    match kind {
        WsusKind::Headwater => "Headwater",
        WsusKind::Microsoft => "Microsoft",
    }
}

/// Those that wait, each with the command that pairs it. Names are what they say themselves, so only a
/// plain one that no other says stands in a command that will be copied; else it is the id.
fn joining(all: &[Joining], reader: Reader) -> String {
    let mut table = Table::new(&[
        Column::Long("WAITS TO BE PAIRED"),
        Column::Text("SINCE"),
        Column::Long("PAIR IT WITH THE CODE THAT IT SHOWS"),
    ])
    .wrapping();
    for one in all {
        let is_only = all.iter().filter(|other| other.name.eq_ignore_ascii_case(&one.name)).count() == 1;
        let is_plain = one.name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && one.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let name = if is_only && is_plain { one.name.clone() } else { one.linkage.to_string() };
        table.row([
            one.name.clone(),
            age(one.since, reader.now),
            format!("headwater wsus pair {name} --code CODE"),
        ]);
    }
    table.text(reader.width)
}

fn revoked_text(revoked: &Revoked) -> String {
    let name = &revoked.name;
    let mut text = format!(
        "The Linkage of {name} is trusted no more. To use the server again, run `headwater linkage unpair` on its \
         machine unless its Linkage says that it was revoked, and pair it anew\n"
    );
    if !revoked.below.is_empty() {
        text += &format!(
            "Not reached any more, for they are below it: {}. Pair {name} anew, or give their Linkages another one \
             above\n",
            revoked.below.join(", ")
        );
    }
    if !revoked.not_told.is_empty() {
        text += &format!(
            "Could not be told yet, and are when they are reached: {}\n",
            revoked.not_told.join(", ")
        );
    }
    text
}

fn findings_text(findings: &[Finding], reader: Reader) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count() as u64;
    let mut verdict = match count(FindingLevel::Problem) {
        0 => "No problem was found".to_owned(),
        problems => format!("{} found", counted(problems, "problem")),
    };
    let warnings = count(FindingLevel::Warning);
    if warnings > 0 {
        verdict += &format!(", {}", counted(warnings, "warning"));
    }
    let mut sheet = Sheet::default();
    for finding in findings {
        let word = match finding.level {
            FindingLevel::Good => "ok",
            FindingLevel::Warning => "warning",
            FindingLevel::Problem => "problem",
        };
        sheet.fact(word, format!("{}\n{}", finding.what, finding.advice).trim_end());
    }
    format!("{verdict}.\n\n{}", sheet.text(reader.width))
}

//! A run of the synchronisation command, in words.

use headwater_api::linkage::WsusMode;
use headwater_api::{ServerFollow, SyncPhase, SyncReport, SyncServer, SyncServerState as State, TreeServer};

use crate::quantity::{counted, grouped};

/// How many changes of a server are named; the others are counted.
const CHANGES_NAMED_MAX: usize = 10;

pub fn phase(phase: SyncPhase) -> &'static str {
    match phase {
        SyncPhase::Updates => "updates",
        SyncPhase::Groups => "groups",
        SyncPhase::Approvals => "approvals",
        SyncPhase::Clients => "clients",
        SyncPhase::Compare => "compare",
        SyncPhase::Done => "done",
    }
}

/// `updates, 120 of 340`: what a server is at in a run, and how far.
pub fn progress(at: SyncPhase, done: u64, total: Option<u64>) -> String {
    let phase = phase(at);
    match (done, total) {
        (done, Some(total)) => format!("{phase}, {} of {}", grouped(done), grouped(total)),
        (0, None) => phase.to_owned(),
        (done, None) => format!("{phase}, {}", grouped(done)),
    }
}

pub fn mode(mode: WsusMode) -> &'static str {
    match mode {
        WsusMode::Top => "top",
        WsusMode::Replica => "replica",
        WsusMode::Autonomous => "autonomous",
    }
}

/// `autonomous, follows, 22:00-05:00`: what a server is and what is wanted of it.
pub fn standing(server: &TreeServer) -> String {
    let follows = match server.follow {
        ServerFollow::Nothing => None,
        ServerFollow::GroupsAndApprovals => Some("follows"),
    };
    let policy = server.client_targeting.then_some("groups by policy");
    let only = server.read_only.then_some("read-only");
    let words = [server.mode.map(mode), only, follows, server.window.as_deref(), policy];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What is said of a link whose account may only read, and what to do.
pub const READ_ONLY: &str =
    "Its Linkage may only read: nothing is written to it. Give it an account of WSUS Administrators";

/// `in step`, `3 differences`, `not reached`.
pub fn state(server: &SyncServer) -> String {
    match server.state {
        State::InStep => "in step".into(),
        State::Differs => counted(server.differences_total, "difference"),
        State::Failed => "failed".into(),
        State::StillRunning => "still running".into(),
        State::NotReached => "not reached".into(),
        State::NoLinkage => "no Linkage".into(),
    }
}

/// How many servers are in step.
pub fn in_step(servers: &[SyncServer]) -> u64 {
    servers.iter().filter(|server| server.state == State::InStep).count() as u64
}

/// `3 of 4 servers are in step`, without a full stop.
pub fn step(servers: &[SyncServer]) -> String {
    let (all, in_step) = (servers.len() as u64, in_step(servers));
    match (in_step, all) {
        (0, 0) => "No server was looked at".to_owned(),
        (1, 1) => "The server is in step".to_owned(),
        (0, 1) => "The server is not in step".to_owned(),
        _ if in_step == all => format!("All {} servers are in step", grouped(all)),
        (1, _) => format!("1 of {} servers is in step", grouped(all)),
        _ => format!("{} of {} servers are in step", grouped(in_step), grouped(all)),
    }
}

/// How a run ended, in a sentence or two.
pub fn verdict(report: &SyncReport) -> String {
    let step = step(&report.servers);
    let changed = report.servers.iter().any(|server| !server.changed.is_empty());
    match (report.dry_run, changed) {
        (true, _) => format!("{step}. This was a dry run: nothing was changed."),
        (false, false) => format!("{step}. Nothing was changed."),
        (false, true) => format!("{step}."),
    }
}

/// What is to be said of a server: why it failed, what was changed, and each difference that remains.
pub fn sentences(server: &SyncServer) -> Vec<String> {
    told(server, CHANGES_NAMED_MAX)
}

/// The same with all that was changed.
pub fn all_sentences(server: &SyncServer) -> Vec<String> {
    told(server, usize::MAX)
}

fn told(server: &SyncServer, changes_max: usize) -> Vec<String> {
    let name = &server.name;
    let mut all: Vec<String> = server.problem.iter().map(|problem| format!("{name}: {problem}")).collect();
    all.extend(server.changed.iter().take(changes_max).map(|change| format!("{name}: {change}")));
    all.extend(server.local.iter().map(|local| format!("{name}: its own, and no difference: {local}")));
    let more = server.changed.len().saturating_sub(changes_max) as u64;
    if more > 0 {
        all.push(format!("{name}: {}", counted(more, "more change")));
    }
    all.extend(server.differences.iter().map(|difference| format!("{name}: {}", difference.text)));
    let more = server.differences_total.saturating_sub(server.differences.len() as u64);
    if more > 0 {
        all.push(format!("{name}: {}", counted(more, "more difference")));
    }
    all
}

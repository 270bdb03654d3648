//! A run of the synchronisation command, in words.

use headwater_api::linkage::WsusMode;
use headwater_api::{
    DifferenceKind, ServerFollow, SyncEvent, SyncPhase, SyncReport, SyncServer, SyncServerState as State,
    TreeServer,
};

use crate::quantity::{counted, duration, grouped, seconds_passed};

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

/// What is said of a server whose Linkage may only read, and what to do; without a full stop.
pub fn read_only(server: &str) -> String {
    format!(
        "The Linkage of {server} may only read: nothing is written there. Give it an account of WSUS Administrators"
    )
}

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

/// `Berlin differs in 3 approvals and 1 member`, `Munich is not reached`.
pub fn stands(server: &SyncServer) -> String {
    let name = &server.name;
    match server.state {
        State::InStep => format!("{name} is in step"),
        State::Differs => format!("{name} differs in {}", kinds(server)),
        State::Failed => format!("{name} has failed"),
        State::StillRunning => format!("{name} is still running"),
        State::NotReached => format!("{name} is not reached"),
        State::NoLinkage => format!("{name} has no Linkage"),
    }
}

/// `3 approvals and 1 member`; only their number where not all differences are told.
fn kinds(server: &SyncServer) -> String {
    const KINDS: [(DifferenceKind, &str); 5] = [
        (DifferenceKind::Update, "update"),
        (DifferenceKind::Group, "group"),
        (DifferenceKind::Approval, "approval"),
        (DifferenceKind::Decline, "decline"),
        (DifferenceKind::Member, "member"),
    ];
    if server.differences.len() as u64 != server.differences_total || server.differences.is_empty() {
        return counted(server.differences_total, "thing");
    }
    let count = |kind| server.differences.iter().filter(|one| one.kind == kind).count() as u64;
    let parts = KINDS.map(|(kind, noun)| (count(kind), noun));
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = parts.map(|(count, noun)| counted(*count, noun)).collect();
    match (parts.pop(), parts.join(", ")) {
        (last, before) if before.is_empty() => last.unwrap_or_default(),
        (last, before) => format!("{before} and {}", last.unwrap_or_default()),
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

/// `Berlin: clients, 2 of 5: memberships to write (12 s)`, while a run goes on; nothing of its end.
pub fn line(event: &SyncEvent) -> Option<String> {
    match event {
        SyncEvent::Server { name, phase, line, done, total, seconds } => {
            let at = progress(*phase, *done, *total);
            Some(format!("{name}: {at}: {line} ({})", seconds_passed(*seconds)))
        }
        SyncEvent::Attached { line } => Some(line.clone()),
        SyncEvent::Finished { .. } | SyncEvent::Failed { .. } => None,
    }
}

/// The heads of the table of a run's servers.
pub const HEADS: [&str; 6] = ["SERVER", "MODE", "STATE", "CHANGED", "FILES", "TIME"];
/// Those whose cells are numbers.
const NUMBERS: [bool; 6] = [false, false, false, true, false, true];

/// What stands beneath [`HEADS`] of one server; what is not known is empty.
pub fn cells(server: &SyncServer) -> [String; 6] {
    let was_reached = !matches!(server.state, State::NotReached | State::NoLinkage);
    let where_reached = |text: String| if was_reached { text } else { String::new() };
    [
        server.name.clone(),
        server.mode.map_or("", mode).to_owned(),
        state(server),
        where_reached(grouped(server.changed.len() as u64)),
        files(server).unwrap_or_default(),
        where_reached(duration(server.ms)),
    ]
}

/// `212 of 340`, while some are missing.
pub fn files(server: &SyncServer) -> Option<String> {
    let (held, wanted) = (server.files_held, server.files_wanted);
    (held < wanted).then(|| format!("{} of {}", grouped(held), grouped(wanted)))
}

/// How a run ended, as the command prints it where no line has an end, and as a page has it to copy.
pub fn text(report: &SyncReport) -> String {
    let mut text = verdict(report) + "\n\n" + &table(&report.servers);
    let sentences: String = report.servers.iter().flat_map(sentences).map(|one| one + "\n").collect();
    if !sentences.is_empty() {
        text.push('\n');
        text += &sentences;
    }
    text
}

fn table(servers: &[SyncServer]) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(servers.iter().map(|server| {
        cells(server).map(|cell| if cell.is_empty() { "–".to_owned() } else { cell.replace('\n', " ") })
    }));
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).zip(NUMBERS).map(|((cell, width), is_number)| match is_number {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
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

#[cfg(test)]
mod tests {
    use headwater_api::SyncDifference;
    use headwater_model::ServerId;

    use super::*;

    #[test]
    fn a_server_differs_in_things_of_a_kind() {
        let difference = |kind| SyncDifference { kind, text: String::new() };
        let mut server = SyncServer {
            id: ServerId::from_u128(1),
            name: "Berlin".to_owned(),
            mode: None,
            state: State::Differs,
            changed: Vec::new(),
            differences: vec![difference(DifferenceKind::Approval); 3],
            differences_total: 3,
            files_held: 212,
            files_wanted: 340,
            ms: 35,
            local: None,
            problem: None,
        };
        assert_eq!(stands(&server), "Berlin differs in 3 approvals");
        server.differences.push(difference(DifferenceKind::Member));
        server.differences.insert(0, difference(DifferenceKind::Group));
        server.differences_total = 5;
        assert_eq!(stands(&server), "Berlin differs in 1 group, 3 approvals and 1 member");
        server.differences_total = 1_204;
        assert_eq!(stands(&server), "Berlin differs in 1,204 things");
        assert_eq!(cells(&server)[4], "212 of 340");
        server.state = State::NotReached;
        assert_eq!(stands(&server), "Berlin is not reached");
        assert_eq!(cells(&server)[3..], ["", "212 of 340", ""]);
    }
}

//! What needs attention: a few lines, the most harmful first, each with its one button.

use std::collections::{BTreeMap, HashMap};

use headwater_api::{ComputerSummary, Finding, FindingLevel, Halt, SyncServerState};
use headwater_manager::{LostRun, Mirror, has_duplicate_name, has_shared_id};
use headwater_model::ServerId;
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};
use headwater_words::synchronisation;

use crate::failure::sentence;
use crate::fields::encoded;
use crate::look::{Look, State as Shown};
use crate::overview::is_waiting;

/// What needs attention is at most this.
const NEEDS_MAX: usize = 7;
/// Of needs that look alike, such as servers that are not reached, so many have a line; the others share one.
const ALIKE_MAX: u64 = 3;
/// Computers that a line names.
const NAMED_MAX: usize = 3;
/// Where a Linkage is paired that waits; its number follows.
const JOINING: &str = "/link?linkage=";

/// Something that needs attention, with its one button.
pub(crate) struct Need {
    pub state: Shown,
    pub text: String,
    pub button: String,
    /// Where the button leads; what it posts, where it changes something.
    pub href: String,
    pub below: Option<String>,
    /// Where those are listed that look alike.
    list: &'static str,
}

/// What is known of the tree when the page is made; nobody is asked.
pub(crate) struct Seen<'a> {
    pub mirror: &'a Mirror,
    /// Why nothing is written until somebody has seen what differs.
    pub review: Option<String>,
    pub halts: Vec<Halt>,
    /// The scheduled run that came to nothing.
    pub lost_run: Option<LostRun>,
    /// Of certificates and clocks.
    pub findings: Vec<Finding>,
}

/// The lines, the most harmful first, and how many more there would be.
pub(crate) fn needs(seen: &Seen<'_>) -> (Vec<Need>, usize) {
    let mut all = Needs::default();
    all.link(seen);
    all.halts(seen);
    all.servers(seen.mirror);
    all.findings(seen, FindingLevel::Problem);
    all.lost_run(seen);
    all.clones(seen.mirror);
    all.waiting(seen.mirror);
    all.updates(seen.mirror);
    all.findings(seen, FindingLevel::Warning);
    all.namesakes(seen.mirror);
    all.silent(seen.mirror);
    let mut needs = folded(all.0);
    let more = needs.len().saturating_sub(NEEDS_MAX);
    needs.truncate(NEEDS_MAX);
    (needs, more)
}

#[derive(Default)]
struct Needs(Vec<Need>);

impl Needs {
    fn add(&mut self, state: (Look, &str), text: String, button: impl Into<String>, href: impl Into<String>) {
        self.alike("#servers", state, text, button, href);
    }

    /// One of many that may look alike, and are listed somewhere.
    fn alike(
        &mut self,
        list: &'static str,
        (look, word): (Look, &str),
        text: String,
        button: impl Into<String>,
        href: impl Into<String>,
    ) {
        let (button, href) = (button.into(), href.into());
        self.0.push(Need { state: Shown::new(look, word), text, button, href, below: None, list });
    }

    /// What keeps everything from being read or written.
    fn link(&mut self, seen: &Seen<'_>) {
        if let Some(problem) = &seen.mirror.problem {
            self.add((Look::Failed, "not reached"), problem.what.clone(), "Examine", "/link");
        }
        if let Some(reason) = &seen.mirror.tree.suspended {
            self.add((Look::Failed, "suspended"), format!("{}.", sentence(reason)), "Examine", "/link");
        }
        if let Some(reason) = &seen.review {
            let text = format!("Nothing is written: {reason}, and nobody has confirmed what differs.");
            self.add((Look::Differs, "review"), text, "Review", "/link");
        }
    }

    /// Computers are offered still what somebody halted.
    fn halts(&mut self, seen: &Seen<'_>) {
        for halt in seen.halts.iter().filter(|halt| halt.done_at.is_none()) {
            let title = seen.mirror.updates.title(halt.update);
            let text = match &halt.waits {
                Some(waits) => format!("The halt of {title} is pending: {waits}."),
                None => format!("The halt of {title} is pending."),
            };
            self.alike("/halts", (Look::Working, "pending"), text, "Look at it", "/halts");
        }
    }

    fn servers(&mut self, mirror: &Mirror) {
        for one in &mirror.tree.servers {
            let standing = &one.standing;
            let problem = standing.problem.clone().unwrap_or_default();
            let text = format!("{}: {problem}.", standing.name);
            match standing.state {
                SyncServerState::NoLinkage => {
                    let text = format!("{} has no WSUS Linkage: {problem}.", standing.name);
                    self.add((Look::Silent, "no Linkage"), text, "Pair it", "/link#pair");
                }
                SyncServerState::NotReached | SyncServerState::Failed => {
                    let word = synchronisation::state(standing);
                    self.add((Look::Failed, &word), text, "Examine", "/link");
                }
                SyncServerState::StillRunning => {
                    self.add((Look::Working, "still running"), text, "Look at it", "/runs");
                }
                SyncServerState::InStep | SyncServerState::Differs => {}
            }
        }
    }

    fn findings(&mut self, seen: &Seen<'_>, level: FindingLevel) {
        for one in seen.findings.iter().filter(|one| one.level == level) {
            let state = match level {
                FindingLevel::Problem => (Look::Failed, "problem"),
                _ => (Look::Differs, "warning"),
            };
            self.alike("/link", state, format!("{}.", sentence(&one.what)), "Examine", "/link#found");
        }
    }

    fn lost_run(&mut self, seen: &Seen<'_>) {
        let run = match &seen.lost_run {
            None => return,
            Some(LostRun::NotBegun(due)) => {
                let text = format!("The scheduled run that was due at {} has not begun.", minute(*due));
                return self.add((Look::Failed, "missed"), text, "Look at it", "/runs");
            }
            Some(LostRun::Failed(run)) => run,
        };
        let (number, at) = (run.run, minute(run.started_at));
        let (word, what) = match (&run.finished_at, &run.failed) {
            (Some(_), Some(why)) => ("failed", format!("failed: {why}")),
            (Some(_), None) => ("failed", "failed".to_owned()),
            (None, _) => ("did not end", "did not end".to_owned()),
        };
        let text = format!("The scheduled run {number}, of {at}, {what}.");
        self.add((Look::Failed, word), text, "Look at it", format!("/runs/{number}"));
    }

    /// Of clones only the one that spoke last is known, and none is counted rightly.
    fn clones(&mut self, mirror: &Mirror) {
        let clones: Vec<&ComputerSummary> =
            mirror.computers.all().iter().filter(|one| has_shared_id(one)).collect();
        let Some(first) = clones.first() else { return };
        let names = named(clones.iter().map(|one| one.name.as_str()));
        let text = match clones.len() {
            1 => format!("Several machines have the id of {names}: they are clones."),
            ids => {
                format!("{ids} ids are of several machines each, such as those of {names}: they are clones.")
            }
        };
        self.add((Look::Failed, "shared id"), text, "Look at it", format!("/computers/{}", first.id));
    }

    /// Linkages and servers that somebody has to see to, and servers that differ.
    fn waiting(&mut self, mirror: &Mirror) {
        for one in &mirror.tree.joining {
            let text = format!("The Linkage of {} waits to be paired.", one.name);
            let href = format!("{JOINING}{}#pair", encoded(&one.linkage.to_string()));
            let state = (Look::Working, "waits");
            self.alike("/link#pair", state, text, format!("Pair {}", one.name), href);
        }
        for one in &mirror.tree.outside {
            let text = format!("{} is outside the link: {}.", one.name, one.why);
            self.add((Look::Silent, "outside"), text, "Examine", "/link");
        }
        for one in mirror.tree.servers.iter().filter(|one| one.server.read_only) {
            let text = synchronisation::read_only(&one.server.name) + ".";
            self.add((Look::Differs, "read-only"), text, "Examine", "/link");
        }
        let differs = |state| state == SyncServerState::Differs;
        for one in mirror.tree.servers.iter().filter(|one| differs(one.standing.state)) {
            let first = one.standing.differences.first().map_or("", |difference| &difference.text);
            self.0.push(Need {
                state: Shown::of(&one.standing),
                text: format!("{}: {first}", one.standing.name),
                button: match below(mirror, one.server.id) {
                    0 => format!("Synchronise {}", one.standing.name),
                    more => format!("Synchronise {} and {more} below", one.standing.name),
                },
                href: "/runs".to_owned(),
                below: Some(one.server.id.to_string()),
                list: "#servers",
            });
        }
    }

    fn updates(&mut self, mirror: &Mirror) {
        let worst = mirror.updates.all().iter().filter(|update| update.failed > 0);
        if let Some(update) = worst.max_by_key(|update| update.failed) {
            let text = format!("{} failed on {}.", update.title, counted(update.failed, "computer"));
            self.add((Look::Failed, "failed"), text, "Look at it", format!("/updates/{}", update.id));
        }
        let waiting = mirror.updates.all().iter().filter(|update| is_waiting(update)).count() as u64;
        if waiting > 0 {
            let text = format!("{} needed and approved for no group.", are(waiting, "update"));
            let href = "/updates?approval=unapproved&sort=needed";
            self.add((Look::Differs, "to decide"), text, "Review", href);
        }
    }

    fn namesakes(&mut self, mirror: &Mirror) {
        let mut names: BTreeMap<&str, u64> = BTreeMap::new();
        for one in mirror.computers.all().iter().filter(|one| has_duplicate_name(one)) {
            *names.entry(one.name.as_str()).or_default() += 1;
        }
        let Some((first, of_first)) = names.iter().next() else { return };
        let text = match names.len() as u64 {
            1 => format!("{} in contact are called {first}.", counted(*of_first, "computer")),
            all => {
                format!(
                    "{} are of several computers each: {}.",
                    counted(all, "name"),
                    named(names.keys().copied())
                )
            }
        };
        let href = format!("/computers?search={}", encoded(first));
        self.add((Look::Differs, "duplicate name"), text, "List them", href);
    }

    fn silent(&mut self, mirror: &Mirror) {
        let silent = mirror.computers.all().iter().filter(|computer| computer.silent).count() as u64;
        if silent > 0 {
            let text = format!("{} had no contact for 30 days.", counted(silent, "computer"));
            let href = "/computers?state=silent&sort=contact&order=reversed";
            self.add((Look::Silent, "silent"), text, "List them", href);
        }
    }
}

/// `pc1, pc2, pc3 and 4 more`
fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    let shown: Vec<&str> = names.take(NAMED_MAX).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), grouped(more as u64)),
    }
}

/// Many that look alike share a line, so that they do not push the others out.
fn folded(needs: Vec<Need>) -> Vec<Need> {
    let likeness = |need: &Need| {
        let path = need.href.split_once('?').map_or(need.href.as_str(), |(path, _)| path);
        (need.state.look.class(), path.to_owned())
    };
    let mut counts = HashMap::new();
    needs.iter().for_each(|need| *counts.entry(likeness(need)).or_insert(0_u64) += 1);
    let mut shown = HashMap::new();
    let mut lines = Vec::new();
    for need in needs {
        let (all, nth) = (counts[&likeness(&need)], shown.entry(likeness(&need)).or_insert(0_u64));
        *nth += 1;
        if all <= ALIKE_MAX || *nth < ALIKE_MAX {
            lines.push(need);
        } else if *nth == ALIKE_MAX {
            let text = format!("{} more like this.", grouped(all - ALIKE_MAX + 1));
            let (button, href) = ("List them".to_owned(), need.list.to_owned());
            lines.push(Need { text, button, href, below: None, ..need });
        }
    }
    lines
}

/// How many servers are below another.
fn below(mirror: &Mirror, id: ServerId) -> usize {
    let mut all = vec![id];
    // Each after the one above it.
    for one in &mirror.tree.servers {
        if one.server.parent.is_some_and(|parent| all.contains(&parent)) {
            all.push(one.server.id);
        }
    }
    all.len() - 1
}

/// `1 update is`, `3 updates are`.
fn are(count: u64, noun: &str) -> String {
    format!("{} {}", counted(count, noun), if count == 1 { "is" } else { "are" })
}

#[cfg(test)]
#[path = "needs_tests.rs"]
mod tests;

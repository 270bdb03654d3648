use std::sync::Arc;

use headwater_api::{SyncReport, SyncRun};
use headwater_manager::{Problem, SCHEDULE};
use headwater_model::Timestamp;

use super::*;

fn need(look: Look, text: &str, href: &str) -> Need {
    let (text, href) = (text.to_owned(), href.to_owned());
    let list = if href.starts_with(JOINING) { "/link#pair" } else { "#servers" };
    Need { state: Shown::new(look, "word"), text, button: "Examine".to_owned(), href, below: None, list }
}

#[test]
fn many_servers_that_are_not_reached_leave_room_for_a_decision() {
    let lost = (1..=10).map(|number| need(Look::Failed, &format!("Branch {number}"), "/link"));
    let waiting = need(Look::Differs, "To decide", "/updates?approval=unapproved");
    let lines = folded(lost.chain([waiting]).collect());
    let texts: Vec<&str> = lines.iter().map(|line| &*line.text).collect();
    assert_eq!(texts, ["Branch 1", "Branch 2", "8 more like this.", "To decide"]);
    assert_eq!(lines[2].href, "#servers");
}

#[test]
fn many_linkages_that_wait_are_listed_where_they_are_paired() {
    let joining = |number| need(Look::Working, "A branch", &format!("{JOINING}{number}#pair"));
    let lines = folded((1..=5).map(joining).collect());
    assert_eq!((lines.len(), &*lines[2].href), (3, "/link#pair"));
}

#[test]
fn few_that_look_alike_have_a_line_each() {
    let lines = folded((1..=3).map(|_| need(Look::Failed, "Branch", "/link")).collect());
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.text == "Branch"));
}

fn computer(id: &str, name: &str, note: &str) -> ComputerSummary {
    let computer = serde_json::json!({
        "id": id, "name": name, "groups": [], "last_contact_at": Timestamp::EPOCH.to_string(), "silent": false,
        "status": headwater_api::UpdateCounts::default(), "note": note,
    });
    serde_json::from_value(computer).expect("a computer")
}

fn run(number: u64, by: &str, report: Option<SyncReport>) -> SyncRun {
    SyncRun {
        run: number,
        started_by: by.to_owned(),
        started_at: Timestamp::EPOCH,
        finished_at: Some(Timestamp::EPOCH),
        report,
        failed: None,
    }
}

#[test]
fn the_most_harmful_comes_first_and_each_has_its_button() {
    let halt = |id: u128, waits: Option<&str>| Halt {
        update: headwater_model::UpdateId::from_u128(id),
        asked_by: "ada".to_owned(),
        asked_at: Timestamp::EPOCH,
        done_at: waits.is_none().then_some(Timestamp::EPOCH),
        waits: waits.map(str::to_owned),
    };
    let finding = |level, what: &str| Finding { level, what: what.to_owned(), advice: "do it".to_owned() };
    let duplicate = "duplicate name: other on top is in contact under it too; rename one of them";
    let computers = [
        computer("a", "pc1", "shared id: several machines have it"),
        computer("b", "pc2", duplicate),
        computer("c", "pc2", duplicate),
        computer("d", "pc3", "moved: it reports to berlin now"),
    ];
    let mut mirror = Mirror::default();
    mirror.problem = Some(Problem { what: "hq is not reached".to_owned(), since: Timestamp::EPOCH });
    mirror.computers = Arc::new(computers.into_iter().collect());
    let (lines, more) = needs(&Seen {
        mirror: &mirror,
        review: None,
        halts: vec![halt(1, None), halt(2, Some("hq is not reached"))],
        lost_run: Some(LostRun::Failed(run(7, SCHEDULE, None))),
        findings: vec![
            finding(FindingLevel::Warning, "the clock of berlin is 2 h 0 min behind the managing server's"),
            finding(FindingLevel::Problem, "the certificate of the Linkage of berlin ran out on 2026-01-01"),
        ],
    });
    let said: Vec<(&str, &str)> = lines.iter().map(|line| (&*line.text, &*line.href)).collect();
    let halted = "The halt of 00000000-0000-0000-0000-000000000002 is pending: hq is not reached.";
    let expected = [
        ("hq is not reached", "/link"),
        (halted, "/halts"),
        ("The certificate of the Linkage of berlin ran out on 2026-01-01.", "/link#found"),
        ("The scheduled run 7, of 1970-01-01 00:00 UTC, failed.", "/runs/7"),
        ("Several machines have the id of pc1: they are clones.", "/computers/a"),
        ("The clock of berlin is 2 h 0 min behind the managing server's.", "/link#found"),
        ("2 computers in contact are called pc2.", "/computers?search=pc2"),
    ];
    assert_eq!((said, more), (expected.to_vec(), 0));
}

#[test]
fn a_run_that_was_missed_says_when_it_was_due() {
    let mirror = Mirror::default();
    let lost_run = Some(LostRun::NotBegun(Timestamp::EPOCH));
    let (lines, _) =
        needs(&Seen { mirror: &mirror, review: None, halts: vec![], lost_run, findings: vec![] });
    let said: Vec<(&str, &str)> = lines.iter().map(|line| (&*line.text, &*line.href)).collect();
    assert_eq!(said, [("The scheduled run that was due at 1970-01-01 00:00 UTC has not begun.", "/runs")]);
}

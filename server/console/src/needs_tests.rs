use std::sync::Arc;

use headwater_api::SyncReport;
use headwater_manager::Problem;
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
        lost_run: Some(run(7, SCHEDULE, None)),
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
fn a_scheduled_run_is_lost_until_one_has_ended() {
    let ended = |servers: usize| {
        let mut report = SyncReport::default();
        let server = serde_json::json!({
            "id": ServerId::from_u128(1).to_string(), "name": "hq", "state": "in_step", "changed": [], "differences": [],
            "differences_total": 0, "files_held": 0, "files_wanted": 0, "ms": 0,
        });
        let server = || serde_json::from_value(server.clone()).expect("a server");
        report.servers = (0..servers).map(|_| server()).collect();
        Some(report)
    };
    let dry = || ended(2).map(|report| SyncReport { dry_run: true, ..report });
    let lost = |runs: Vec<SyncRun>, going_on| lost_run(runs, going_on).map(|run| run.run);
    let failed = || run(3, SCHEDULE, None);
    let open = || SyncRun { finished_at: None, ..failed() };
    assert_eq!((lost(vec![failed()], None), lost(vec![failed()], Some(3))), (Some(3), Some(3)));
    assert_eq!(lost(vec![open()], Some(3)), None, "it goes on");
    assert_eq!(lost(vec![open()], None), Some(3), "this process began none");
    assert_eq!(lost(vec![run(4, "ada", dry()), failed()], None), Some(3), "that only compared");
    assert_eq!(lost(vec![run(4, "ada", ended(1)), failed()], None), None, "she saw how that ended");
    assert_eq!(lost(vec![run(4, "ada", None), failed()], None), Some(3), "that failed too");
    assert_eq!(lost(vec![run(4, SCHEDULE, ended(1)), failed()], None), None);
    assert_eq!(lost(vec![run(4, "ada", None)], None), None, "nobody scheduled it, and who did knows");
}

//! Each type against JSON written by hand, so that a renamed field is seen here first.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::*;

const UPDATE: &str = "56309036-4c77-4dd9-951a-99ee9c246a94";
const ALL_COMPUTERS: &str = "a0a08746-4dbe-4a37-9adf-9e7652c0b421";

/// Reads the JSON, writes it again and compares: no field is lost, none is added.
#[track_caller]
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: Value) -> T {
    let value: T = serde_json::from_value(json.clone()).expect("a value of this type");
    assert_eq!(serde_json::to_value(&value).expect("JSON"), json);
    let text = serde_json::to_string(&value).expect("JSON");
    assert_eq!(serde_json::from_str::<T>(&text).expect("the same value"), value);
    value
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(json: Value, reason: &str) {
    let error = serde_json::from_value::<T>(json).expect_err("not a value of this type").to_string();
    assert!(error.contains(reason), "{error}");
}

fn summary() -> Value {
    json!({
        "id": UPDATE, "revision": 200, "title": "Update for Windows 11 (KB5044284)", "kind": "software",
        "classification": "Security Updates", "products": ["Windows 11"], "kb": ["5044284"],
        "severity": "Critical", "state": "approvable", "approved_groups": 1, "superseded": false,
        "arrived_at": "2026-10-04T15:03:36.5Z", "needed": 3, "installed": 2, "failed": 1
    })
}

fn with(mut base: Value, fields: Value) -> Value {
    let (Value::Object(base_fields), Value::Object(fields)) = (&mut base, fields) else {
        panic!("two objects");
    };
    base_fields.extend(fields);
    base
}

fn counts() -> Value {
    json!({
        "installed": 2, "pending_restart": 0, "needed": 2, "downloaded": 1, "failed": 1,
        "not_applicable": 4, "unknown": 0
    })
}

fn upstream() -> Value {
    json!({
        "url": "https://wsus.example:8531", "mode": "replica",
        "filter": {"products": [], "classifications": [], "languages": ["en"]},
        "running": 8,
        "last_run": {
            "number": 7, "state": "partial", "step": "reports", "by": "admin",
            "started_at": "2026-10-04T15:00:00Z", "finished_at": "2026-10-04T15:03:00Z",
            "documents": 4125, "documents_total": 4125, "added": 12, "approvals_changed": 3,
            "quarantined": [{"name": UPDATE, "update_id": UPDATE, "reason": "the document has no title"}],
            "problem": "1 document was kept apart"
        }
    })
}

fn computer() -> Value {
    json!({
        "id": "0f3b8a10-7c1e-4a51-9c55-000000000001", "name": "pc-17.example", "address": "192.0.2.17",
        "groups": [{"id": ALL_COMPUTERS, "name": "All Computers"}],
        "os": "Windows 11 Pro", "os_version": "10.0.26200.6584",
        "last_contact_at": "2026-10-04T15:03:36Z", "last_report_at": "2026-10-04T15:04:00Z",
        "silent": false, "status": counts()
    })
}

#[test]
fn the_server() {
    check::<ServerStatus>(json!({
        "version": "0.1.0", "server_id": UPDATE, "epoch": ALL_COMPUTERS,
        "started_at": "2026-10-04T15:00:00Z", "data_folder": "/srv/headwater",
        "urls": {"updates": "https://wsus.example:8531", "console": "https://wsus.example:8443"},
        "catalogue": {
            "updates": 0, "revisions": 4125, "categories": 451, "detectoids": 3638, "incomplete": 0,
            "declined": 0, "quarantined": 0, "approvals": 0
        },
        "computers": {"total": 4, "silent": 1, "silent_after_days": 30},
        "content": {
            "files_held": 1, "files_wanted": 2, "bytes_held": 3, "bytes_wanted": 4, "state": "disk_full",
            "problem": "86.cab: there is no room"
        },
        "upstream": upstream(),
        "downstream": [
            {
                "id": UPDATE, "name": "osaka.example", "kind": "autonomous", "version": "10.0.26100.1",
                "last_contact_at": "2026-10-04T15:03:36Z", "last_sync_at": "2026-10-04T15:00:00Z",
                "last_rollup_at": "2026-10-04T15:01:00Z", "computers": 7
            },
            {
                "id": ALL_COMPUTERS, "name": "kobe.example", "parent": {"id": UPDATE, "name": "osaka.example"},
                "last_contact_at": "2026-10-04T15:03:36Z", "computers": 0
            }
        ]
    }));
}

#[test]
fn updates() {
    check::<Page<UpdateSummary>>(json!({"items": [summary()], "next": "k2", "total": 2}));
    let states = json!({"states": {"said": counts(), "silent": counts()}});
    check::<Page<UpdateSummary>>(json!({"items": [with(summary(), states)]}));
    check::<UpdateDetail>(with(
        summary(),
        json!({
            "description": "Install this update to resolve issues.", "languages": ["en", "ja"],
            "files": [
                {
                    "name": "windows11.0-kb5044284-x64.cab", "size_bytes": 4294967296u64,
                    "sha1": "86542c97261c46d5b379a43ec895f97eaf409ba2", "sha256": "0f".repeat(32),
                    "held": true
                },
                {
                    "name": "old.exe", "size_bytes": 0, "sha1": "00".repeat(20), "held": false,
                    "problem": "the source does not have it"
                }
            ],
            "prerequisites": [[{"id": UPDATE, "title": "Windows 11"}, {"id": ALL_COMPUTERS}]],
            "bundles": [], "bundled_by": [], "supersedes": [], "superseded_by": [],
            "approvals": [{
                "group": ALL_COMPUTERS, "group_name": "All Computers", "action": "uninstall",
                "deadline": "2026-12-24T02:00:00Z", "by": "admin", "at": "2026-10-04T15:03:36Z",
                "revision": 199
            }],
            "revisions": [{"revision": 200, "arrived_at": "2026-10-04T15:03:36Z"}],
            "history": [], "incomplete": ["it names an update that is not here"], "status": counts(),
            "silent": 12, "here": counts()
        }),
    ));
}

#[test]
fn requests_about_updates() {
    let request: ApprovalRequest = check(json!({
        "updates": [UPDATE], "group": ALL_COMPUTERS, "action": "block", "deadline": "2026-12-24T02:00:00Z",
        "new_revisions": "wait"
    }));
    assert_eq!(request.action, ApprovalAction::Block);
    // Older callers do not say it.
    let silent = json!({"updates": [], "group": ALL_COMPUTERS, "action": "detect"});
    let silent: ApprovalRequest = serde_json::from_value(silent).expect("is understood");
    assert_eq!(silent.new_revisions, NewRevisions::Follow);
    check::<ApprovalWithdrawal>(json!({"updates": [UPDATE], "group": ALL_COMPUTERS}));
    check::<DeclineRequest>(json!({"updates": [UPDATE]}));
    check::<UpdatesOutcome>(json!({
        "applied": [{"id": UPDATE, "title": "x"}], "unchanged": [],
        "refused": [{"update": {"id": UPDATE}, "reason": "the catalogue does not have it"}]
    }));
}

#[test]
fn imports() {
    check::<ImportEvent>(json!({"event": "progress", "documents": 5, "documents_total": 9, "files": 0}));
    check::<ImportEvent>(json!({
        "event": "finished",
        "summary": {
            "documents": 9, "added": 5, "unchanged": 3, "categories": 2, "detectoids": 1, "software": 2,
            "drivers": 0, "incomplete": 1,
            "quarantined": [{"name": "a.xml", "reason": "the document has no title"}],
            "files_added": 1, "files_unknown": 1,
            "files_refused": [{"name": "a.cab", "reason": "no update names it"}], "duration_ms": 1500
        }
    }));
    check::<ImportEvent>(json!({
        "event": "failed",
        "problem": {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "not a cabinet"}
    }));
}

#[test]
fn groups_and_computers() {
    check::<Page<Group>>(json!({"items": [
        {"id": ALL_COMPUTERS, "name": "All Computers", "built_in": true, "computers": 4, "approvals": 0},
        {
            "id": UPDATE, "name": "Pilot", "parent": ALL_COMPUTERS, "built_in": false, "computers": 0,
            "approvals": 2
        }
    ]}));
    check::<NewGroup>(json!({"name": "Pilot", "parent": ALL_COMPUTERS}));
    check::<MoveRequest>(json!({"groups": [ALL_COMPUTERS]}));
    let below = with(computer(), json!({"server": {"id": UPDATE, "name": "osaka.example"}}));
    check::<Page<ComputerSummary>>(json!({"items": [computer(), below], "total": 2}));
    check::<ComputerDetail>(with(
        computer(),
        json!({
            "registered_at": "2026-10-01T00:00:00Z", "agent_version": "1507.2601.30012.0",
            "architecture": "AMD64", "manufacturer": "Example", "model": "17", "requested_group": "Pilot",
            "products": ["Office 2016", "Windows 11"],
            "updates": [{
                "id": UPDATE, "title": "x", "state": "pending_restart", "since": "2026-10-04T15:03:36Z",
                "error": "0x80240022"
            }]
        }),
    ));
}

#[test]
fn upstream_history_status_and_sessions() {
    check::<Upstream>(upstream());
    check::<UpstreamRequest>(json!({"url": "https://wsus.example:8531", "mode": "autonomous"}));
    check::<StartedRun>(json!({"run": 8, "joined": true}));
    check::<Change>(json!({
        "at": "2026-10-04T15:03:36Z", "by": "admin", "what": "approved", "update": {"id": UPDATE},
        "group": {"id": ALL_COMPUTERS, "name": "All Computers"}, "from": "detect", "to": "install"
    }));
    check::<StatusSummary>(json!({
        "group": {"id": ALL_COMPUTERS, "name": "All Computers"},
        "computers": {"failed": 1, "needing": 2, "unknown": 3, "up_to_date": 4, "silent": 5},
        "updates": {"approved": 1, "needed": 2, "needed_unapproved": 3, "failed": 4}
    }));
    check::<Session>(json!({"token": "secret", "expires_at": "2026-10-04T23:03:36Z"}));
}

#[test]
fn a_filter_may_leave_lists_out() {
    let filter: UpstreamFilter =
        serde_json::from_value(json!({"products": ["Windows 11"]})).expect("a filter");
    assert_eq!(filter.products, ["Windows 11"]);
    assert!(filter.classifications.is_empty());
}

#[test]
fn a_problem_without_a_type_or_detail_is_read() {
    let problem: Problem =
        serde_json::from_value(json!({"title": "Not Found", "status": 404})).expect("a problem");
    assert_eq!((problem.kind.as_str(), problem.detail.as_str()), ("about:blank", ""));
}

#[test]
fn queries_are_flat_and_leave_out_what_is_not_asked() {
    check::<UpdateQuery>(json!({}));
    check::<UpdateQuery>(json!({
        "search": "Windows 11", "kind": "detectoid", "product": "Windows 11", "classification": "Updates",
        "approval": "unapproved", "declined": false, "incomplete": true, "superseded": false,
        "limit": 100, "after": "k2"
    }));
    check::<ComputerQuery>(json!({"search": "pc-", "group": ALL_COMPUTERS, "limit": 1, "after": "k2"}));
    check::<ComputerQuery>(json!({"silent_days": 30, "contact_days": 60}));
    check::<MembersQuery>(json!({"limit": 1, "after": "k2"}));
    check::<MembersQuery>(json!({"sort": "last_contact", "reverse": true}));
    check::<HostGroupMembersQuery>(json!({"sort": "host_group", "reverse": true, "limit": 1, "after": "k2"}));
    check::<UpdateComputersQuery>(json!({"state": "pending_restart", "all": true, "sort": "since"}));
    check::<FailuresQuery>(json!({"sort": "failed", "reverse": true}));
    check::<HaltsQuery>(json!({"sort": "done", "limit": 1, "after": "k2"}));
    check::<SyncRunsQuery>(json!({"result": "in_step", "by": "ada", "kind": "dry", "sort": "took"}));
    check::<AuditQuery>(json!({"by": "ada", "reverse": true}));
    check::<HistoryQuery>(json!({"update": UPDATE, "group": ALL_COMPUTERS, "limit": 1, "after": "k2"}));
    check::<StatusQuery>(json!({"group": ALL_COMPUTERS}));
    check::<PolicyQuery>(json!({"format": "powershell"}));
    check::<ImportQuery>(json!({"name": "export.cab"}));
}

#[test]
fn mistakes_in_requests_are_named() {
    refused::<UpdateQuery>(json!({"serach": "x"}), "unknown field `serach`");
    refused::<ApprovalRequest>(
        json!({"updates": ["KB1"], "group": ALL_COMPUTERS, "action": "install"}),
        "`KB1` is not a GUID",
    );
    refused::<ApprovalRequest>(
        json!({"updates": [], "group": ALL_COMPUTERS, "action": "remove"}),
        "unknown variant `remove`",
    );
    refused::<ApprovalRequest>(
        json!({"updates": [], "group": ALL_COMPUTERS, "action": "install", "deadline": "tomorrow"}),
        "`tomorrow` is not a date and time",
    );
    refused::<NewGroup>(json!({"name": "Pilot", "parent": "All Computers"}), "is not a GUID");
}

#[test]
fn secrets_stay_out_of_debug_texts() {
    let credentials = Credentials { user: "admin".into(), password: "hunter2".into() };
    assert!(!format!("{credentials:?}").contains("hunter2"));
    let session = Session { token: "hunter2".into(), expires_at: headwater_model::Timestamp::EPOCH };
    assert!(!format!("{session:?}").contains("hunter2"));
}

/// A path is spelled once in [`path`]; what stands there begins as all do.
#[test]
fn every_path_is_below_the_base() {
    for path in [path::SERVER, path::IMPORTS, path::UPDATE, path::COMPUTER_GROUPS, path::UPSTREAM_RUN] {
        assert!(path.starts_with(&format!("{}/", path::BASE)), "{path}");
    }
}

#[test]
fn another_version_of_the_link_is_refused_with_both_named() {
    use crate::linkage::LinkVersion;
    let own = LinkVersion::own();
    let refusal = |one: &LinkVersion| one.refusal("the Linkage of berlin", "this managing server");
    assert_eq!(refusal(&own), None);
    // Of the same messages, whatever the software is.
    assert_eq!(refusal(&LinkVersion { software: "9.9.9".to_owned(), ..own.clone() }), None);
    let newer = LinkVersion { protocol: own.protocol + 1, software: "9.9.9".to_owned() };
    let expected = format!(
        "the Linkage of berlin is of version 9.9.9 (messages {}) and this managing server of version {} (messages {}): \
         bring both to the same one",
        newer.protocol, own.software, own.protocol
    );
    assert_eq!(refusal(&newer), Some(expected));
    // What says nothing is older than saying it.
    let said = refusal(&LinkVersion::default()).expect("is refused");
    assert!(said.starts_with("the Linkage of berlin is of an earlier version and"), "{said}");
}

#[test]
fn counts_of_linkages_are_short_and_earlier_ones_tell_no_states() {
    let told = |states: Option<Value>| {
        let count = json!({"update": UPDATE, "needed": 4, "installed": 3, "failed": 1});
        check::<linkage::UpdateCount>(match states {
            Some(states) => with(count, json!({"states": states})),
            None => count,
        })
    };
    assert_eq!(told(None).states, None);
    let said = UpdateCounts {
        failed: 1,
        needed: 2,
        downloaded: 3,
        pending_restart: 4,
        unknown: 5,
        installed: 6,
        not_applicable: 7,
    };
    let short = told(Some(json!({"said": [1, 2, 3, 4, 5, 6, 7]})));
    assert_eq!(short.states, Some(UpdateStates { said, silent: None }));
    let silent = UpdateCounts { needed: 1, unknown: 5, ..UpdateCounts::default() };
    let short = told(Some(json!({"said": [1, 2, 3, 4, 5, 6, 7], "silent": [0, 1, 0, 0, 5, 0, 0]})));
    assert_eq!(short.states, Some(UpdateStates { said, silent: Some(silent) }));
}

#[test]
fn who_is_silent_is_told_apart_where_it_is_told_everywhere() {
    let said = UpdateCounts { needed: 5, installed: 3, unknown: 4, ..UpdateCounts::default() };
    let silent = UpdateCounts { needed: 2, installed: 1, unknown: 3, ..UpdateCounts::default() };
    let told = UpdateStates::new(said, Some(silent));
    assert_eq!(told.silent, Some(UpdateCounts { installed: 0, ..silent }), "they have it, whatever they say");
    let apart = UpdateCounts { needed: 3, installed: 3, unknown: 1, ..UpdateCounts::default() };
    assert_eq!(told.told_apart(), (apart, Some(5)));
    let (mut both, mut one) = (told, told);
    both += told;
    assert_eq!(both.told_apart().1, Some(10));
    one += UpdateStates::new(said, None);
    let sum = UpdateCounts { needed: 10, installed: 6, unknown: 8, ..UpdateCounts::default() };
    assert_eq!(one.told_apart(), (sum, None));
}

#[test]
fn who_a_wsus_is_is_understood_from_another_version() {
    // As version 5 told it: a subscription was a list of ids.
    let told = r#"{"server":"050cee4a-aaff-470c-8fc3-7a94cb3a4293","name":"berlin","kind":"headwater","version":"0.1.0",
        "mode":"autonomous","targeting":"server","read_only":false,"computers":3,"at":"2026-11-28T12:00:00Z",
        "subscription":{"categories":["4b62aa32-52f6-4c15-b739-1c8e696eb33e"],"classifications":[]},
        "speaks":{"protocol":5,"software":"0.1.0"}}"#;
    let identity: crate::linkage::WsusIdentity = serde_json::from_str(told).expect("an identity");
    assert_eq!((identity.speaks.protocol, identity.subscription), (5, None));
}

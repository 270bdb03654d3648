//! What the fake server answers.

use serde_json::{Value, json};

use super::fake::Reply;

pub const CUMULATIVE: &str = "56309036-4c77-4dd9-951a-99ee9c246a94";
pub const DRIVER: &str = "8c3fcc84-7410-4a95-8b89-a166a0190486";
pub const OFFICE: &str = "e0789628-ce08-4437-be74-2495b842f43b";
pub const ALL_COMPUTERS: &str = "a0a08746-4dbe-4a37-9adf-9e7652c0b421";
pub const UNASSIGNED: &str = "b73ca6ed-5727-47f3-84de-015e03f6a88a";
pub const PILOT: &str = "11111111-2222-4333-8444-555555555555";
pub const TOKYO: &str = "99999999-2222-4333-8444-555555555555";
pub const PC_17: &str = "0f3b8a10-7c1e-4a51-9c55-000000000017";

pub fn page(items: Value) -> Reply {
    Reply::Json(json!({"items": items}))
}

pub fn groups() -> Reply {
    page(json!([
        {"id": UNASSIGNED, "name": "Unassigned Computers", "parent": ALL_COMPUTERS, "built_in": true,
         "computers": 1_204, "approvals": 0},
        {"id": TOKYO, "name": "Tokyo", "parent": PILOT, "built_in": false, "computers": 2, "approvals": 0},
        {"id": PILOT, "name": "Pilot", "parent": ALL_COMPUTERS, "built_in": false, "computers": 3,
         "approvals": 17},
        {"id": ALL_COMPUTERS, "name": "All Computers", "built_in": true, "computers": 0, "approvals": 1}
    ]))
}

pub fn cumulative() -> Value {
    json!({
        "id": CUMULATIVE, "revision": 200,
        "title": "2026-10 Cumulative Update for Windows 11, version 25H2 for x64-based Systems (KB5044284)",
        "kind": "software", "classification": "Security Updates", "products": ["Windows 11"],
        "kb": ["5044284"], "severity": "Critical", "state": "approvable", "approved_groups": 1,
        "superseded": false, "arrived_at": "2026-10-03T15:03:36Z", "needed": 1_204, "installed": 2, "failed": 1
    })
}

pub fn driver() -> Value {
    json!({
        "id": DRIVER, "revision": 1, "title": "Example - Net - 1.2.3", "kind": "driver", "products": [],
        "kb": [], "state": "approvable", "approved_groups": 0, "superseded": true,
        "arrived_at": "2026-09-30T15:03:36Z", "needed": 0, "installed": 0, "failed": 0
    })
}

pub fn office() -> Value {
    json!({
        "id": OFFICE, "revision": 103, "title": "Security Update for Microsoft Office 2016 (KB5002138) 64-Bit Edition",
        "kind": "software", "classification": "Security Updates", "products": ["Office 2016"],
        "kb": ["5002138"], "state": "incomplete", "approved_groups": 0, "superseded": false,
        "arrived_at": "2026-10-04T15:03:36Z", "needed": 12, "installed": 0, "failed": 0
    })
}

pub fn computer() -> Value {
    json!({
        "id": PC_17, "name": "pc-17.example", "address": "192.0.2.17",
        "groups": [{"id": PILOT, "name": "Pilot"}, {"id": TOKYO, "name": "Tokyo"}],
        "os": "Windows 11 Pro", "os_version": "10.0.26200.6584",
        "last_contact_at": "2026-10-04T15:03:36Z", "last_report_at": "2026-10-04T15:04:00Z",
        "silent": false,
        "status": {"installed": 12, "pending_restart": 1, "needed": 2, "downloaded": 1, "failed": 1,
                   "not_applicable": 4, "unknown": 0}
    })
}

pub fn silent_computer() -> Value {
    json!({
        "id": "lab", "name": "a-machine-with-a-very-long-name.branch-office-osaka.corp.example",
        "groups": [{"id": UNASSIGNED, "name": "Unassigned Computers"}],
        "last_contact_at": "2026-08-20T15:03:36Z", "silent": true,
        "status": {"installed": 0, "pending_restart": 0, "needed": 0, "downloaded": 0, "failed": 0,
                   "not_applicable": 0, "unknown": 0}
    })
}

pub fn upstream() -> Value {
    json!({
        "url": "https://up.example:8531", "mode": "autonomous",
        "filter": {"products": ["Windows 11"], "classifications": [], "languages": ["en", "ja"]},
        "last_run": run_done()
    })
}

pub fn run_done() -> Value {
    json!({
        "number": 7, "state": "done", "step": "reports", "by": "admin", "started_at": "2026-10-04T15:00:00Z",
        "finished_at": "2026-10-04T15:03:00Z", "documents": 4_125, "added": 12, "approvals_changed": 0,
        "quarantined": []
    })
}

pub fn server() -> Value {
    json!({
        "version": "0.1.0", "server_id": OFFICE, "epoch": DRIVER, "started_at": "2026-10-04T15:00:00Z",
        "data_folder": "/srv/headwater",
        "urls": {"updates": "https://wsus.example:8531", "console": "https://wsus.example:8443"},
        "catalogue": {
            "updates": 12, "revisions": 4_125, "categories": 451, "detectoids": 3_638, "incomplete": 3,
            "declined": 1, "quarantined": 0, "approvals": 17
        },
        "computers": {"total": 1_207, "silent": 4, "silent_after_days": 30},
        "content": {"files_held": 10, "files_wanted": 2, "bytes_held": 9_600_000_000u64, "bytes_wanted": 5_000, "state": "missing"},
        "upstream": upstream()
    })
}

pub fn outcome(applied: &[&str], unchanged: &[&str], refused: &[(&str, &str)]) -> Reply {
    let named = |id: &&str| {
        let known = [cumulative(), driver(), office()];
        let title = known.iter().find(|update| update["id"] == **id).map(|update| update["title"].clone());
        json!({"id": id, "title": title})
    };
    let refusal = |(id, reason): &(&str, &str)| json!({"update": named(id), "reason": reason});
    Reply::Json(json!({
        "applied": applied.iter().map(named).collect::<Vec<_>>(),
        "unchanged": unchanged.iter().map(named).collect::<Vec<_>>(),
        "refused": refused.iter().map(refusal).collect::<Vec<_>>(),
    }))
}

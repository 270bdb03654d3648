//! `headwater server`, `headwater upstream` and `headwater client`.

use serde_json::{Value, json};

use super::answers::*;
use super::fake::{Reply, run, run_in};
use super::lines;
use crate::Exit;

#[test]
fn a_server_lists_those_below_it() {
    let mut server = server();
    server["downstream"] = json!([
        {"id": DRIVER, "name": "osaka.example", "kind": "replica", "last_contact_at": "2026-10-04T15:03:36Z",
         "last_sync_at": "2026-10-04T15:00:00Z", "last_rollup_at": "2026-10-04T15:03:00Z", "computers": 1_204},
        {"id": PILOT, "name": "kobe.example", "parent": {"id": DRIVER, "name": "osaka.example"},
         "last_contact_at": "2026-10-04T15:03:36Z", "computers": 0}
    ]);
    let done = run_in("server status", &[("GET /api/v1/server", Reply::Json(server))], Some(140));
    let table = lines(&[
        "DOWNSTREAM SERVER  ID        KIND     TAKES FROM     LAST CONTACT  LAST SYNC  LAST ROLLUP  COMPUTERS",
        "osaka.example      8c3fcc84  replica  this server    2 h ago       3 h ago    2 h ago          1,204",
        "kobe.example       11111111  –        osaka.example  2 h ago       –          –                    0",
    ]);
    assert!(done.out.contains(&format!("\n\n{table}\n")), "{}", done.out);
}

#[test]
fn a_downstream_server_is_named_by_its_name_or_the_beginning_of_its_id() {
    let server = |id: &str, name: &str| json!({"id": id, "name": name, "last_contact_at": "2026-10-04T15:03:36Z", "computers": 3});
    let list = || json!({"items": [server(DRIVER, "osaka.example"), server(PILOT, "osaka.example")]});
    let deleted = json!({"name": "osaka.example", "below": ["kobe.example"], "computers": 3});
    let delete = "DELETE /api/v1/downstream/8c3fcc84-7410-4a95-8b89-a166a0190486";
    let replies =
        || [("GET /api/v1/downstream", Reply::Json(list())), (delete, Reply::Json(deleted.clone()))];
    let done = run("downstream delete 8c3fcc84", &replies());
    assert_eq!(
        (done.exit, done.out.split_whitespace().collect::<Vec<_>>().join(" ").as_str()),
        (
            Exit::Done,
            "Deleted the record of osaka.example, of what is below it (kobe.example), and of 3 computers. One that is \
             alive makes itself known again."
        )
    );
    for (name, said) in [("Osaka.example", "several downstream servers"), ("kobe", "no downstream server")] {
        let done = run(&format!("downstream delete {name}"), &replies()[..1]);
        assert!(done.exit == Exit::Refused && done.err.contains(said), "{}", done.err);
    }
    let done = run("downstream list", &[("GET /api/v1/downstream", Reply::Json(json!({"items": []})))]);
    assert_eq!(done.out, "No server takes updates from this one.\n");
}

#[test]
fn a_server_says_what_it_waits_for() {
    let status = "GET /api/v1/server";
    assert_eq!(
        run("server status", &[(status, Reply::Json(server()))]).out,
        lines(&[
            "Version     0.1.0",
            "Started     2026-10-04 15:00 UTC, 3 h ago",
            "Updates at  https://wsus.example:8531",
            "Console at  https://wsus.example:8443",
            "Data        /srv/headwater",
            "Server id   e0789628-ce08-4437-be74-2495b842f43b",
            "Catalogue   12 updates, 4,125 revisions, 17 approvals, 1 declined, 3 incomplete",
            "Computers   1,207, 4 silent for 30 days",
            "Content     10 files, 9.6 GB; 2 missing",
            "Upstream    https://up.example:8531 (autonomous), last run done 2 h ago",
            "",
            "Files are missing that approved updates need. Bring them with",
            "`headwater update import`.",
        ])
    );
    let mut fresh = server();
    fresh["catalogue"]["revisions"] = json!(0);
    fresh["content"] = json!({
        "files_held": 0, "files_wanted": 0, "bytes_held": 0, "bytes_wanted": 0, "state": "complete"
    });
    fresh.as_object_mut().expect("fields").remove("upstream");
    let done = run("server status", &[(status, Reply::Json(fresh))]);
    let end = lines(&[
        "Content     0 files, 0 bytes",
        "Upstream    none",
        "",
        "The catalogue is empty. Import an export with `headwater update import`, or name",
        "a server to take updates from with `headwater upstream set`.",
    ]);
    assert!(done.out.ends_with(&end), "{}", done.out);
    let mut full = server();
    full["content"] = json!({
        "files_held": 1, "files_wanted": 2, "bytes_held": 5, "bytes_wanted": 9_600_000_000u64,
        "state": "disk_full", "problem": "86.cab: the disk is full"
    });
    let done = run("server status", &[(status, Reply::Json(full))]);
    let content = lines(&[
        "Content     1 file, 5 bytes; no room for 2, 9.6 GB",
        "Problem     86.cab: the disk is full",
    ]);
    assert!(done.out.contains(&content) && done.out.contains("Make room"), "{}", done.out);
    let done = run("server status --output json", &[(status, Reply::Json(server()))]);
    assert_eq!(done.out, format!("{}\n", server()));
}

const UPSTREAM: &str = "GET /api/v1/upstream";

#[test]
fn an_upstream_server_is_set_shown_and_cleared() {
    let done = run(
        "upstream set https://up.example:8531 --autonomous",
        &[("PUT /api/v1/upstream", Reply::Json(upstream()))],
    );
    assert_eq!(done.body(), json!({"url": "https://up.example:8531", "mode": "autonomous"}));
    assert_eq!(
        done.out,
        lines(&[
            "Server           https://up.example:8531 (autonomous), last run done 2 h ago",
            "Products         Windows 11",
            "Classifications  all",
            "Languages        en, ja",
            "",
            "Updates are taken from now on; `headwater upstream sync --wait` shows how far it is.",
        ])
    );
    let mut replica = upstream();
    replica["mode"] = json!("replica");
    replica["running"] = json!(8);
    let done = run(
        "upstream set https://up.example:8531 --replica",
        &[("PUT /api/v1/upstream", Reply::Json(replica.clone()))],
    );
    assert_eq!(done.body()["mode"], "replica");
    assert_eq!(
        run("upstream show", &[(UPSTREAM, Reply::Json(replica))]).out,
        lines(&["Server     https://up.example:8531 (replica), run 8 is going", "Languages  en, ja"])
    );
    let none = Reply::Problem(404, "no upstream server is set; set one with headwater upstream set");
    let done = run("upstream show", &[(UPSTREAM, none)]);
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(done.err, "error: no upstream server is set; set one with headwater upstream set\n");
    let done = run("upstream clear", &[("DELETE /api/v1/upstream", Reply::Nothing)]);
    assert_eq!(done.out, "No updates are taken from another server any more; what is here stays\n");
}

#[test]
fn a_filter_keeps_what_is_not_named() {
    let put = ("PUT /api/v1/upstream/filter", Reply::Json(upstream()));
    let line = "upstream filter --classification Security_Updates --language de --language fr";
    let done = run(line, &[(UPSTREAM, Reply::Json(upstream())), put.clone()]);
    assert_eq!(
        done.body(),
        json!({"products": ["Windows 11"], "classifications": ["Security Updates"], "languages": ["de", "fr"]})
    );
    let done = run("upstream filter --all --language ja", &[put]);
    assert_eq!(done.body(), json!({"products": [], "classifications": [], "languages": ["ja"]}));
}

fn run_with(fields: Value) -> Value {
    let mut run = run_done();
    run.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
    run
}

fn running(step: &str, documents: u64) -> Reply {
    Reply::Json(run_with(json!({"state": "running", "step": step, "documents": documents,
                                "documents_total": 4_125, "finished_at": null})))
}

const SYNC: &str = "POST /api/v1/upstream/sync";
const RUN: &str = "GET /api/v1/upstream/runs/7";

#[test]
fn a_run_is_begun() {
    let done = run("upstream sync", &[(SYNC, Reply::Json(json!({"run": 7, "joined": false})))]);
    assert_eq!(done.out, "Run 7 has begun. See how far it is with `headwater upstream runs`.\n");
    let done = run("upstream sync", &[(SYNC, Reply::Json(json!({"run": 7, "joined": true})))]);
    assert!(done.out.starts_with("Run 7 is going already."), "{}", done.out);
}

#[test]
fn a_run_is_waited_for() {
    let started = (SYNC, Reply::Json(json!({"run": 7, "joined": false})));
    let steps = [
        started.clone(),
        (RUN, running("connecting", 0)),
        (RUN, running("updates", 100)),
        (RUN, running("updates", 100)),
        (RUN, running("reports", 4_125)),
        (RUN, Reply::Json(run_done())),
    ];
    let done = run("upstream sync --wait", &steps);
    assert_eq!(done.exit, Exit::Done);
    assert_eq!(done.err, lines(&["Connecting", "Updates: 100 of 4,125", "Reports"]));
    assert_eq!(done.out, lines(&["Run      7, done after 3 min 0 s", "Updates  4,125 documents, 12 new",]));

    let partial = run_with(json!({
        "state": "partial", "problem": "1 document was kept apart",
        "quarantined": [{"name": OFFICE, "reason": "the document has no title and so nobody could know which \
                         update it is"}]
    }));
    let done = run("upstream sync --wait", &[started.clone(), (RUN, Reply::Json(partial))]);
    assert_eq!(done.exit, Exit::Refused);
    let end = lines(&[
        "Problem  1 document was kept apart",
        "",
        "KEPT APART                            WHY",
        "e0789628-ce08-4437-be74-2495b842f43b  the document has no title and so nobody",
        "                                      could know which update it is",
    ]);
    assert!(done.out.ends_with(&end), "{}", done.out);

    let failed = Reply::Json(run_with(json!({"state": "failed", "problem": "up.example cannot be reached"})));
    let done = run("upstream sync --wait -o json", &[started, (RUN, failed)]);
    assert_eq!(done.exit, Exit::Refused);
    assert!(done.out.starts_with('{') && done.out.contains("cannot be reached"), "{}", done.out);
}

#[test]
fn runs_are_listed() {
    let runs = "GET /api/v1/upstream/runs";
    let mut current = run_with(json!({"number": 8, "state": "running", "added": 0}));
    current.as_object_mut().expect("fields").remove("finished_at");
    current.as_object_mut().expect("fields").remove("by");
    let failed = run_with(json!({
        "number": 6, "state": "failed", "problem": "https://up.example:8531 cannot be reached: nothing listens there"
    }));
    assert_eq!(
        run("upstream runs", &[(runs, page(json!([current, run_done(), failed])))]).out,
        lines(&[
            "RUN  STATE    STARTED           TOOK       NEW  BY        PROBLEM",
            "  8  running  2026-10-04 15:00  –            0  schedule  –",
            "  7  done     2026-10-04 15:00  3 min 0 s   12  admin     –",
            "  6  failed   2026-10-04 15:00  3 min 0 s   12  admin     https://up.example:85…",
        ])
    );
    let done = run("upstream runs", &[(runs, page(json!([])))]);
    assert_eq!(done.out, "There was no run yet. Begin one with `headwater upstream sync`.\n");
}

#[test]
fn the_policy_is_printed_as_it_is() {
    let text = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE]\r\n";
    let reg = "GET /api/v1/policy?format=reg";
    assert_eq!(run("client policy", &[(reg, Reply::Text(text))]).out, text);
    assert_eq!(run("client policy --format reg -o json", &[(reg, Reply::Text(text))]).out, text);
    let shell = "GET /api/v1/policy?format=powershell";
    let done = run("client policy --format powershell", &[(shell, Reply::Text("New-Item"))]);
    assert_eq!(done.out, "New-Item");
}

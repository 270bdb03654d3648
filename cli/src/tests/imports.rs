//! `headwater update import`.

use std::path::Path;

use serde_json::json;

use super::fake::{Done, Reply, Step, run};
use super::lines;
use crate::Exit;

const PROGRESS: &str = r#"{"event":"progress","documents":2000,"documents_total":4125,"files":1}"#;
const WHOLE: &str = r#"{"event":"finished","summary":{"documents":4125,"added":4120,"unchanged":5,"categories":451,"detectoids":3669,"software":0,"drivers":0,"incomplete":0,"quarantined":[],"files_added":0,"files_unknown":0,"duration_ms":3210}}"#;
const IN_PART: &str = r#"{"event":"finished","summary":{"documents":9,"added":6,"unchanged":1,"categories":1,"detectoids":0,"software":4,"drivers":1,"incomplete":1,"quarantined":[{"name":"a.xml","reason":"the document has no title"},{"name":"kit/b.xml","update_id":"56309036-4c77-4dd9-951a-99ee9c246a94","reason":"element `Files` stands inside itself, which is deeper than any document goes"}],"files_added":1,"files_unknown":2,"files_refused":[{"name":"a.cab","reason":"no update of the catalogue names its SHA-1"}],"duration_ms":35}}"#;

/// Imports this path below a folder of its own; `{}` stands for that folder.
#[track_caller]
fn import(path: &str, options: &str, answer: String, request: &'static str) -> Done {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = folder.path().join("kit");
    std::fs::create_dir(&kit).expect("a folder");
    std::fs::write(kit.join("a.xml"), "<Update/>").expect("a file");
    std::fs::write(folder.path().join("export.cab"), vec![0; 400_000]).expect("a file");
    let path = folder.path().join(path);
    let step: Step = (request, Reply::Text(answer.leak()));
    let mut done = run(&format!("update import {}{options}", path.display()), &[step]);
    let name = |text: &str| text.replace(&*folder.path().to_string_lossy(), "…");
    (done.out, done.err) = (name(&done.out), name(&done.err));
    done
}

const CABINET: &str = "POST /api/v1/imports?name=export.cab";

#[test]
fn a_cabinet_is_imported() {
    let done = import("export.cab", "", format!("{PROGRESS}\n{WHOLE}\n"), CABINET);
    assert_eq!(done.exit, Exit::Done);
    assert_eq!(done.bodies, [String::from_utf8_lossy(&vec![0; 400_000]).into_owned()]);
    assert_eq!(
        done.out,
        lines(&[
            "Imported …/export.cab in 3.2 s",
            "",
            "Documents  4,125 read, 4,120 new, 5 here already",
            "New        0 software, 0 drivers, 451 categories, 3,669 detectoids",
            "Files      0 new files",
        ])
    );
    let progress: Vec<_> = done.err.lines().collect();
    assert!((3..=12).contains(&progress.len()), "{progress:?}");
    assert_eq!(progress.last(), Some(&"Read 2,000 of 4,125 documents, 1 file"));
    assert!(progress.contains(&"Sent 400.0 kB of 400.0 kB"), "{progress:?}");
}

#[test]
fn documents_that_were_kept_apart_are_named() {
    let done = import("kit", "", format!("{IN_PART}\n"), "POST /api/v1/imports?name=kit");
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.out,
        lines(&[
            "Imported …/kit in 35 ms",
            "",
            "Documents   9 read, 6 new, 1 here already, 2 kept apart",
            "New         4 software, 1 driver, 1 category, 0 detectoids",
            "Incomplete  1 of the new names updates that are not here",
            "Files       1 new file, 2 that no update names",
            "",
            "KEPT APART  WHY",
            "a.xml       the document has no title",
            "kit/b.xml   element `Files` stands inside itself, which is deeper than any",
            "            document goes",
            "",
            "NOT KEPT  WHY",
            "a.cab     no update of the catalogue names its SHA-1",
            "",
            "See what came with `headwater update list`.",
        ])
    );
}

#[test]
fn programs_get_every_event() {
    let done = import("export.cab", " --output json", format!("{PROGRESS}\n{IN_PART}\n"), CABINET);
    assert_eq!(done.out, lines(&[PROGRESS, IN_PART]));
    assert_eq!(done.exit, Exit::Refused);
}

#[test]
fn an_import_that_fails_says_why() {
    let failed =
        json!({"event": "failed", "problem": {"title": "No", "status": 400, "detail": "not a cabinet"}});
    let done = import("export.cab", "", failed.to_string(), CABINET);
    assert_eq!((done.exit, done.err.lines().last()), (Exit::WrongArguments, Some("error: not a cabinet")));

    let done = import("export.cab", "", format!("{PROGRESS}\n"), CABINET);
    assert_eq!(done.exit, Exit::Unreachable);
    assert!(done.err.contains("the connection broke off before the import was done"), "{}", done.err);
}

#[test]
fn what_cannot_be_imported_is_a_wrong_argument() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |path: &Path| run(&format!("update import {}", path.display()), &[]);
    let done = refused(folder.path());
    assert_eq!(done.exit, Exit::WrongArguments);
    assert!(done.err.ends_with("cannot be imported: it holds no document (.xml)\n"), "{}", done.err);
    let done = refused(&folder.path().join("absent.cab"));
    assert_eq!(done.exit, Exit::WrongArguments);
    assert!(done.err.contains("absent.cab cannot be read: "), "{}", done.err);
}

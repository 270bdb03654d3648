//! Imports: what is sent, and how an answer is followed.

use std::fs;
use std::io::Read;
use std::path::Path;

use headwater_api::{ImportEvent, ImportSummary};

use super::client;
use super::fake::{Fake, Request, json};
use crate::folder::Folder;
use crate::{Error, ImportSource, ImportStep};

const SUMMARY: &str = r#"{"documents":2,"added":2,"unchanged":0,"categories":0,"detectoids":0,"software":2,
    "drivers":0,"incomplete":0,"quarantined":[],"files_added":1,"files_unknown":0,"duration_ms":5}"#;

fn finished() -> String {
    format!("{{\"event\":\"finished\",\"summary\":{}}}", SUMMARY.replace("\n    ", ""))
}

/// Imports and returns the result, the events' lines, the last number of bytes sent, the request.
fn import(path: &Path, answer: String) -> (Result<ImportSummary, Error>, Vec<String>, u64, Request) {
    let fake = Fake::answering(&[answer]);
    let (mut lines, mut sent) = (Vec::new(), 0);
    let source = ImportSource::open(path).expect("a source");
    let result = client(&fake.url).import(source, &mut |step| match step {
        ImportStep::Sent { bytes, bytes_total } => {
            assert!(bytes <= bytes_total, "{bytes} of {bytes_total}");
            sent = bytes;
        }
        ImportStep::Told { line, .. } => lines.push(line.to_owned()),
    });
    (result, lines, sent, fake.requests().remove(0))
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, content).expect("a file");
}

#[test]
fn a_cabinet_is_sent_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("export 1.cab");
    write(&path, &b"MSCF".repeat(100_000));
    let progress = r#"{"event":"progress","documents":1,"documents_total":2,"files":0}"#;
    let body = format!("{progress}\n{}\n", finished());
    let (result, lines, sent, request) = import(&path, json("200 OK", &body));
    assert_eq!(result.expect("a summary").software, 2);
    assert_eq!(lines, [progress.to_owned(), finished()]);
    assert_eq!(sent, 400_000);
    assert_eq!(request.line, "POST /api/v1/imports?name=export%201.cab");
    assert_eq!(request.header("content-type"), "application/vnd.ms-cab-compressed");
    assert_eq!(request.header("content-length"), "400000");
    assert_eq!(request.body, b"MSCF".repeat(100_000));
}

#[test]
fn a_folder_is_sent_as_a_tar_with_the_documents_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("kit");
    let long = format!("{}.XML", "n".repeat(150));
    for (name, content) in [
        ("a.cab", &b"payload a"[..]),
        ("z.xml", b"<Update/>"),
        (&long, b"<Update long=''/>"),
        ("Content/A2/86542C97.cab", &[7; 70_000]),
        ("Content/A2/deeper/x.xml", b"too deep"),
        (".hidden.xml", b"hidden"),
    ] {
        write(&root.join(name), content);
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", root.join("link.xml")).expect("a link");

    let (result, _, sent, request) = import(&root, json("200 OK", &finished()));
    result.expect("a summary");
    assert_eq!(request.line, "POST /api/v1/imports?name=kit");
    assert_eq!(request.header("content-type"), "application/x-tar");
    assert_eq!(request.header("transfer-encoding"), "chunked");
    assert_eq!(sent, request.body.len() as u64);
    let mut tar = tar::Archive::new(&request.body[..]);
    let entries = tar.entries().expect("a tar").map(|entry| {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        (name, content)
    });
    assert_eq!(
        entries.collect::<Vec<_>>(),
        [
            (long, b"<Update long=''/>".to_vec()),
            ("z.xml".into(), b"<Update/>".to_vec()),
            ("Content/A2/86542C97.cab".into(), vec![7; 70_000]),
            ("a.cab".into(), b"payload a".to_vec()),
        ]
    );
}

#[test]
fn what_cannot_be_imported_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |path: &Path| ImportSource::open(path).expect_err("not a source").to_string();
    assert!(refused(folder.path()).ends_with("cannot be imported: it holds no document (.xml)"));
    write(&folder.path().join("a.cab"), b"MSCF");
    assert!(refused(folder.path()).ends_with("it holds no document (.xml)"));
    assert!(refused(&folder.path().join("absent.cab")).contains("absent.cab cannot be read: "));
}

#[test]
fn a_file_that_shrinks_breaks_the_tar() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("a.xml"), &[b'x'; 2000]);
    let source = Folder::open(folder.path()).expect("a folder");
    write(&folder.path().join("a.xml"), b"x");
    let error = source.pack().expect("a pipe").read_to_end(&mut Vec::new()).expect_err("a cut tar");
    assert!(error.to_string().contains("a.xml: it became shorter"), "{error}");

    let fake = Fake::answering(&[json("200 OK", &finished())]);
    write(&folder.path().join("a.xml"), &[b'x'; 2000]);
    let source = ImportSource::open(folder.path()).expect("a source");
    fs::remove_file(folder.path().join("a.xml")).expect("gone");
    let error = client(&fake.url).import(source, &mut |_| {}).expect_err("no source");
    assert!(matches!(error, Error::File { .. }), "{error:?}");
}

#[test]
fn a_refusal_comes_before_the_body_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("a.cab"), &[0; 100_000]);
    let problem =
        json("403 Forbidden", r#"{"title":"Forbidden","status":403,"detail":"no right to import"}"#);
    let (result, _, sent, request) = import(&folder.path().join("a.cab"), problem);
    assert_eq!(result.expect_err("a refusal").to_string(), "no right to import");
    assert_eq!((sent, request.body.len()), (0, 0));
}

#[test]
fn an_import_that_fails_or_breaks_off_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.cab");
    write(&path, b"MSCF");
    let failed =
        r#"{"event":"failed","problem":{"title":"Bad Request","status":400,"detail":"not a cabinet"}}"#;
    let (result, lines, ..) = import(&path, json("200 OK", failed));
    assert_eq!(result.expect_err("a failure").to_string(), "not a cabinet");
    assert_eq!(lines, [failed]);

    let progress = "{\"event\":\"progress\",\"documents\":1,\"files\":0}\n";
    let (result, lines, ..) = import(&path, json("200 OK", progress));
    let error = result.expect_err("a broken import");
    assert!(error.to_string().contains("broke off before the import was done"), "{error}");
    assert_eq!(lines.len(), 1);

    let (result, ..) = import(&path, json("200 OK", "{\"event\":\"tea\"}\n"));
    assert!(matches!(result, Err(Error::Foreign { .. })), "{result:?}");
}

#[test]
fn events_are_read_from_lines() {
    let event: ImportEvent = serde_json::from_str(&finished()).expect("an event");
    assert!(matches!(event, ImportEvent::Finished { summary } if summary.files_added == 1));
}

//! The generator's load against a real server: what it measures are good answers.

use std::time::Duration;

use headwater_fleet::scan::{Kind, Load, Report, run};
use headwater_fleet::{Catalogue, Spec, content, events};
use headwater_testkit::TestServer;
use headwater_testkit::builders::Update;

async fn server() -> TestServer {
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let documents = folder.path().join("documents");
    headwater_fleet::write(&Catalogue::new(Spec::new(500)).expect("a catalogue"), &documents)
        .expect("is written");
    server.admin.import_path(&documents).await.expect("imports");
    server
}

fn load(server: &TestServer, rate: Option<u32>, kind: Kind) -> Load {
    Load {
        url: server.updates_url.clone(),
        accept_xpress: true,
        clients: 12,
        in_flight: 4,
        rate,
        duration: Duration::from_millis(500),
        kind,
        templates: 2,
    }
}

async fn check(server: &TestServer, rate: Option<u32>, kind: Kind) -> Report {
    let report = run(&load(server, rate, kind)).await.expect("a report");
    assert!(report.figures.requests >= 12 && report.figures.errors == 0, "{report}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_scan_again_and_nothing_is_new() {
    let server = server().await;
    let closed = check(&server, None, Kind::NothingChanged).await;
    assert!((200..=500).contains(&closed.cached), "{closed}");
    let open = check(&server, Some(50), Kind::NothingChanged).await;
    assert!((20..=30).contains(&open.figures.requests), "{open}");
    let first = check(&server, None, Kind::FirstPage).await;
    assert!(first.request_bytes < closed.request_bytes, "{first}");
    let bytes_each = |report: &Report| report.figures.bytes_per_s / report.figures.requests_per_s;
    assert!(bytes_each(&first) > 10.0 * bytes_each(&closed), "{first}, {closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_updates_is_an_error() {
    let server = TestServer::start().await;
    let report = run(&load(&server, None, Kind::FirstPage)).await.expect("a report");
    assert!(report.figures.errors == report.figures.requests && report.figures.errors > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_files_are_fetched_whole() {
    const FILE_BYTES: usize = (3 << 20) + 77;
    let server = TestServer::start().await;
    let file = vec![7; FILE_BYTES];
    let folder = tempfile::tempdir().expect("a folder");
    let updates =
        [Update::product(2, "All"), Update::software(10, "One").in_category(2).file("a.cab", &file)];
    for document in updates.iter().map(Update::document) {
        std::fs::write(folder.path().join(document.file_name()), document.xml).expect("writes");
    }
    std::fs::write(folder.path().join("a.cab"), &file).expect("writes");
    server.admin.import_path(folder.path()).await.expect("imports");
    let sha1 = headwater_model::Sha1Digest(<sha1::Sha1 as sha1::Digest>::digest(&file).into());
    let fetch = async |name: String| {
        let load = content::Load {
            files: vec![format!("{}/Content/00/{name}.cab", server.updates_url)],
            connections: 3,
            duration: Duration::from_millis(300),
        };
        content::run(&load).await
    };
    let figures = fetch(sha1.to_string()).await.expect("figures");
    assert!(figures.requests > 0 && figures.errors == 0, "{figures}");
    // Each connection fetches all four ranges before it begins again.
    let range_bytes = figures.bytes_per_s / figures.requests_per_s;
    assert!((range_bytes / (FILE_BYTES as f64 / 4.0) - 1.0).abs() < 0.4, "{range_bytes}");
    let error = fetch("0".repeat(40)).await.expect_err("is not there");
    assert!(std::error::Error::source(&error).expect("a cause").to_string().contains("404"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_computer_reports_once() {
    let server = server().await;
    let load = events::Load { url: server.updates_url.clone(), clients: 12, in_flight: 4 };
    let report = events::run(&load).await.expect("a report");
    assert_eq!((report.figures.requests, report.figures.errors), (12, 0), "{report}");
    assert!((10..200).contains(&report.inventory), "{report}");
    let computers = server.admin.computers().await.expect("lists");
    let reported: Vec<_> = computers.iter().filter(|computer| computer.last_report_at.is_some()).collect();
    assert_eq!(reported.len(), 12);
    assert!(reported.iter().all(|computer| computer.status.installed > 0));
}

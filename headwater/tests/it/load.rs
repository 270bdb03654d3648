//! The generator's load against a real server: what it measures are good answers.

use std::time::Duration;

use headwater_fleet::scan::{Kind, Load, Report, run};
use headwater_fleet::{Catalogue, Spec};
use headwater_testkit::TestServer;

async fn server() -> TestServer {
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let documents = folder.path().join("documents");
    headwater_fleet::write(&Catalogue::new(Spec::new(1_500)).expect("a catalogue"), &documents)
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
    assert!((500..1_500).contains(&closed.cached), "{closed}");
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

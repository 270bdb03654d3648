//! An update's whole way: from a package to an installed update that administrators see; and a
//! catalogue as large as real ones.

use headwater_api::{ApprovalAction, UpdateCounts};
use headwater_fleet::{Catalogue, Profile, Spec};
use headwater_model::UpdateIdentity;
use headwater_policy::group::ALL_COMPUTERS;
use headwater_simulated_agent::{Agent, DetectoidsInstalled, Event, StopRule};
use headwater_testkit::builders::{Update, id};
use headwater_testkit::{TestServer, client_id};

/// What an agent does after a scan: it tells what it found.
async fn report_scan(agent: &mut Agent) {
    let events = [Event::detected(agent.to_install().len()), Event::status(agent.walk.cache())];
    assert!(agent.report(&events).await.expect("reports"), "the server has them");
}

async fn counts(server: &TestServer, update: u32) -> UpdateCounts {
    server.admin.update(id(update)).await.expect("is known").status
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_package_to_an_installed_update() {
    let server = TestServer::start().await;
    let payload: Vec<u8> = (0..(2_u32 << 20) + 77).map(|at| (at % 251) as u8).collect();
    let documents = [
        Update::product(2, "Product").document(),
        Update::software(10, "Needed").in_category(2).file("needed.exe", &payload).document(),
        Update::software(11, "Not approved").in_category(2).document(),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for document in &documents {
        std::fs::write(folder.path().join(document.file_name()), &document.xml).expect("writes");
    }
    std::fs::write(folder.path().join("needed.exe"), &payload).expect("writes");
    let imported = server.admin.import_path(folder.path()).await.expect("imports");
    assert_eq!((imported.added, imported.files_added), (3, 1));

    let (mut first, mut second) =
        (server.agent(1, DetectoidsInstalled), server.agent(2, DetectoidsInstalled));
    for agent in [&mut first, &mut second] {
        agent.scan().await.expect("scans");
        report_scan(agent).await;
    }
    assert_eq!(counts(&server, 10).await, UpdateCounts { needed: 2, ..UpdateCounts::default() });

    server.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    first.scan().await.expect("scans");
    assert_eq!(first.to_install(), [id(10)]);
    let downloads = first.download(id(10)).await.expect("downloads");
    assert_eq!((downloads.len(), downloads[0].requests), (1, 3));
    assert!(downloads[0].content == payload);

    // The order of a good installation (fact 40).
    let identity = first.cached(id(10)).expect("is offered").identity;
    first.installed(id(10));
    let events = [
        Event::detected(1),
        Event::status(first.walk.cache()),
        Event::download_started(identity),
        Event::download_succeeded(identity),
        Event::installation_started(identity, "Needed"),
    ];
    assert!(first.report(&events).await.expect("reports"));
    assert!(first.report(&[Event::installation_succeeded(identity, "Needed")]).await.expect("reports"));
    let expected = UpdateCounts { installed: 1, needed: 1, ..UpdateCounts::default() };
    assert_eq!(counts(&server, 10).await, expected);
    assert_eq!(counts(&server, 11).await, UpdateCounts { needed: 2, ..UpdateCounts::default() });

    second.scan().await.expect("scans");
    let failed = Event::installation_failed(identity, "Needed", 0x8024_0022_u32 as i32);
    assert!(second.report(&[failed]).await.expect("reports"));
    let expected = UpdateCounts { installed: 1, failed: 1, ..UpdateCounts::default() };
    assert_eq!(counts(&server, 10).await, expected);

    let server = server.restart().await;
    assert_eq!(counts(&server, 10).await, expected, "what is acknowledged is kept");
    let computers = server.admin.computers().await.expect("lists");
    let of = |number| computers.iter().find(|computer| computer.id.as_str() == client_id(number));
    assert_eq!(of(1).expect("is known").status.installed, 1);
    assert_eq!(of(2).expect("is known").status.failed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_updates_take_at_most_150_calls() {
    let server = TestServer::start().await;
    let spec = Spec { core_bytes: Some(40 << 20), ..Spec::new(20_000) };
    let folder = tempfile::tempdir().expect("a folder");
    let documents = folder.path().join("documents");
    headwater_fleet::write(&Catalogue::new(spec).expect("a catalogue"), &documents).expect("is written");
    let imported = server.admin.import_path(&documents).await.expect("imports");
    assert_eq!((imported.added, imported.quarantined.len()), (20_000, 0));
    let mut cached = Vec::new();
    for number in 1..=3 {
        for stop in [StopRule::NothingNew, StopRule::OnlyLeaves] {
            let mut agent = server.agent(number, Profile::new(u64::from(number)));
            agent.walk.stop = stop;
            let scan = agent.scan().await.expect("keeps to the rules");
            assert!((500..5_000).contains(&scan.new.len()), "{}", scan.new.len());
            assert!(scan.sync_calls <= 150, "{}", scan.sync_calls);
            let later = agent.scan().await.expect("keeps to the rules");
            assert_eq!((later.new.len(), later.changed.len(), later.out_of_scope.len()), (0, 0, 0));
            let ids: Vec<UpdateIdentity> =
                agent.walk.cache().iter().map(|(_, cached)| cached.identity).collect();
            cached.push((number, ids));
        }
    }
    assert!(cached.chunks(2).all(|both| both[0] == both[1]), "both rules end with the same cache");
}

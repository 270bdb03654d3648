//! Against a program that is not ours and plays a Microsoft WSUS: logins are verified there, requests held
//! to the description of the service, and answers written by another library. Not verified on a live WSUS.

// Wine, which runs the tests for Windows, starts no program of Linux with pipes to it.
#![cfg(not(windows))]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use headwater_microsoft_wsus::{ACCOUNT, LICENCE, MicrosoftWsus, PASSWORD};
use headwater_model::{ClientId, GroupId, Timestamp};
use headwater_wsus_admin::*;

/// Groups and approvals are known by their ids; names of built-in groups are in the server's language.
const ALL_COMPUTERS: GroupId = GroupId::from_u128(0xa0a08746_4dbe_4a37_9adf_9e7652c0b421);
const UNASSIGNED: GroupId = GroupId::from_u128(0xb73ca6ed_5727_47f3_84de_015e03f6a88a);

fn access(address: String, password: &str) -> Access {
    Access {
        address: address.parse().unwrap(),
        credentials: Credentials::Ntlm(Account::new(ACCOUNT, Password::new(password)).unwrap()),
        ca_pem: None,
        plain_http: PlainHttp::OnLoopback,
        patience: Patience::default(),
    }
}

fn client_of(program: &MicrosoftWsus) -> Wsus {
    Wsus::new(access(format!("http://127.0.0.1:{}", program.port()), PASSWORD)).unwrap()
}

/// The program with these options, and a client of it.
fn start(options: &[&str]) -> Option<(MicrosoftWsus, Wsus)> {
    let program = MicrosoftWsus::start(options)?;
    let wsus = client_of(&program);
    Some((program, wsus))
}

fn computer(number: u8) -> ClientId {
    format!("00000000-0000-0000-0000-00000000000{number}").parse().unwrap()
}

async fn groups_of(wsus: &Wsus, id: &ClientId) -> Vec<GroupId> {
    let computers = wsus.computers(Scope::Own).await.unwrap();
    computers.into_iter().find(|computer| computer.id == *id).unwrap().groups
}

#[tokio::test]
async fn a_top_server() {
    let Some((_program, wsus)) = start(&["--below", "lower.example"]) else { return };
    let identity = wsus.connect().await.unwrap();
    assert_eq!((identity.role, identity.mode), (Role::Administrator, Mode::Autonomous));
    assert_eq!((identity.targeting, identity.source), (Targeting::Server, Source::MicrosoftUpdate));
    assert_eq!((identity.version.as_str(), identity.protocol_version.as_str()), ("10.0.20348.1", "1.20"));
    assert_eq!(wsus.database().await.unwrap().name.as_deref(), Some("SUSDB"));
    assert_eq!(wsus.failing_components().await.unwrap(), ["Content"]);

    let servers = wsus.downstream_servers().await.unwrap();
    assert_eq!(servers.len(), 1);
    assert_eq!((servers[0].parent, servers[0].mode), (Some(identity.id), Mode::Replica));
    assert_eq!(servers[0].last_rollup, None);
}

#[tokio::test]
async fn groups_and_members() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let made = wsus.create_group("Berlin - Été", None).await.unwrap();
    assert_eq!((made.name.as_str(), made.parent), ("Berlin - Été", Some(ALL_COMPUTERS)));
    assert_eq!(wsus.groups().await.unwrap().len(), 5);
    assert_eq!(wsus.group(made.id).await.unwrap(), Some(made.clone()));
    let error = wsus.create_group("BERLIN - Été", None).await.unwrap_err().to_string();
    let expected = "it refused ExecuteSPCreateTargetGroup1: System.InvalidOperationException: \
                    A group with this name already exists.";
    assert_eq!(error, expected);
    let error = wsus.create_group("a/b", None).await.unwrap_err().to_string();
    assert!(error.ends_with("The group name is not valid."), "{error}");

    let id = computer(2);
    assert_eq!(wsus.computer_count(Scope::Own).await.unwrap(), 3);
    assert_eq!(groups_of(&wsus, &id).await, [ALL_COMPUTERS, UNASSIGNED]);
    wsus.add_to_group(made.id, &id).await.unwrap();
    assert_eq!(groups_of(&wsus, &id).await, [ALL_COMPUTERS, made.id]);
    wsus.remove_from_group(made.id, &id).await.unwrap();
    assert_eq!(groups_of(&wsus, &id).await, [ALL_COMPUTERS, UNASSIGNED]);
    let error = wsus.add_to_group(ALL_COMPUTERS, &id).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");

    wsus.delete_group(made.id, "anna").await.unwrap();
    assert_eq!(wsus.groups().await.unwrap().len(), 4);
}

#[tokio::test]
async fn updates_are_approved_and_declined() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let updates = wsus.updates("en").await.unwrap();
    assert_eq!(wsus.update_count().await.unwrap(), 3);
    let [plain, licensed, _] = updates.as_slice() else { panic!("{updates:?}") };
    assert_eq!(plain.title.as_deref(), Some("Security Update <1>"));
    assert_eq!((plain.kb_articles[0].as_str(), plain.products[0].as_str()), ("5001", "Windows 11"));
    assert_eq!(wsus.search_updates("licence", "en").await.unwrap(), std::slice::from_ref(licensed));
    assert_eq!(wsus.update(licensed.identity, "en").await.unwrap().as_ref(), Some(licensed));

    let group = wsus.groups().await.unwrap().into_iter().find(|group| group.kind == GroupKind::Made).unwrap();
    let approving = |update, deadline: Option<Timestamp>| Approving {
        update,
        group: group.id,
        action: ApprovalAction::Install,
        deadline,
        who: r"EXAMPLE\anna",
    };
    let deadline: Timestamp = "2026-12-24T03:00:00Z".parse().unwrap();
    let approval = wsus.approve(approving(plain.identity, Some(deadline))).await.unwrap();
    assert_eq!(wsus.approvals().await.unwrap(), std::slice::from_ref(&approval));
    assert_eq!((approval.update, approval.group), (plain.identity, group.id));
    assert_eq!((approval.action, approval.deadline), (Action::Install, Some(deadline)));
    assert_eq!((approval.who.as_deref(), approval.is_pending), (Some(r"EXAMPLE\anna"), false));
    wsus.add_to_group(group.id, &computer(1)).await.unwrap();
    let installations = wsus.installations_of(plain.identity.id, Scope::Own).await.unwrap();
    assert_eq!((installations[0].action, installations[0].group), (Some(Action::Install), Some(group.id)));
    assert_eq!((installations[1].action, installations[1].group), (None, None));
    wsus.withdraw(plain.identity, group.id, "anna").await.unwrap();
    assert_eq!(wsus.approvals().await.unwrap(), []);

    let error = wsus.approve(approving(licensed.identity, None)).await.unwrap_err().to_string();
    assert!(error.ends_with("The license agreement has not been accepted."), "{error}");
    assert!(licensed.licence_must_be_accepted);
    let licence = LICENCE.parse().unwrap();
    let file = wsus.licence_file(licence, licensed.identity, "de").await.unwrap().unwrap();
    assert_eq!(file[..4], *b"\xff\xfeL\0");
    let error = wsus.licence_file(licence, licensed.identity, "ja").await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    wsus.accept_licence(LICENCE.parse().unwrap(), licensed.identity, "anna").await.unwrap();
    assert_eq!(wsus.approve(approving(licensed.identity, None)).await.unwrap().deadline, None);

    wsus.decline(plain.identity.id, "anna").await.unwrap();
    assert!(wsus.updates("en").await.unwrap()[0].is_declined);
    wsus.undo_decline(plain.identity, "anna").await.unwrap();
    assert!(!wsus.updates("en").await.unwrap()[0].is_declined);
}

#[tokio::test]
async fn a_synchronisation_and_what_it_brings() {
    let Some((_program, wsus)) = start(&[]) else { return };
    assert!(!wsus.sync_progress().await.unwrap().is_running);
    assert_eq!(wsus.taken().await.unwrap().last_sync, None);
    wsus.start_sync().await.unwrap();
    let mut phases = Vec::new();
    loop {
        let progress = wsus.sync_progress().await.unwrap();
        if !progress.is_running {
            break;
        }
        phases.push(progress.phase);
    }
    assert_eq!(phases, [SyncPhase::Categories, SyncPhase::Updates, SyncPhase::Approvals]);
    let since: Timestamp = "2026-10-31T00:00:00Z".parse().unwrap();
    let events = wsus.sync_events(since).await.unwrap();
    let end = outcome(&events).unwrap();
    assert_eq!((events.len(), &end.kind), (2, &SyncEventKind::Succeeded));
    assert_eq!(wsus.taken().await.unwrap().last_sync, Some(end.time));
    assert_eq!(wsus.updates("en").await.unwrap().len(), 4);

    wsus.start_sync().await.unwrap();
    wsus.stop_sync().await.unwrap();
    let events = wsus.sync_events(end.time.plus_seconds(1)).await.unwrap();
    assert_eq!((events.len(), &outcome(&events).unwrap().kind), (2, &SyncEventKind::Cancelled));
}

/// Until it does not synchronise any more; the event that says how it ended.
async fn synchronised(wsus: &Wsus) -> SyncEventKind {
    let since = wsus.taken().await.unwrap().last_sync.unwrap_or(Timestamp::EPOCH);
    wsus.start_sync().await.unwrap();
    while wsus.sync_progress().await.unwrap().is_running {}
    outcome(&wsus.sync_events(since).await.unwrap()).unwrap().kind.clone()
}

/// What both decide: groups that were made, approvals with their revisions, declined updates.
async fn decided(wsus: &Wsus) -> (BTreeSet<String>, BTreeSet<String>, Vec<bool>) {
    let groups = wsus.groups().await.unwrap().into_iter().filter(|group| group.kind == GroupKind::Made);
    let approvals = wsus.approvals().await.unwrap().into_iter();
    let updates = wsus.updates("en").await.unwrap().into_iter();
    (
        groups.map(|group| format!("{} {} {:?}", group.id, group.name, group.parent)).collect(),
        approvals
            .map(|one| format!("{} {} {:?} {:?}", one.update, one.group, one.action, one.deadline))
            .collect(),
        updates.map(|update| update.is_declined).collect(),
    )
}

#[tokio::test]
async fn a_server_below_another_takes_what_that_one_decides() {
    const BELOW: &str = "150cee4a-aaff-470c-8fc3-7a94cb3a4293";
    const LOWEST: &str = "250cee4a-aaff-470c-8fc3-7a94cb3a4293";
    let Some((above, top)) = start(&[]) else { return };
    let url = format!("http://127.0.0.1:{}", above.port());
    let below = |url: &str, id: &str, more: &[&str]| {
        let given = ["--upstream", url, "--replica", "--id", id, "--name", "below.example", "--computers"];
        start(&[&given[..], more].concat())
    };
    let Some((program, middle)) = below(&url, BELOW, &["4"]) else { return };
    let Some((_lowest, lowest)) = below(&format!("http://127.0.0.1:{}", program.port()), LOWEST, &["5", "6"])
    else {
        return;
    };
    let group = top.create_group("Berlin", None).await.unwrap().id;
    let updates = top.updates("en").await.unwrap();
    let approving = Approving {
        update: updates[0].identity,
        group,
        action: ApprovalAction::Install,
        deadline: Some("2026-12-24T03:00:00Z".parse().unwrap()),
        who: "anna",
    };
    top.approve(approving).await.unwrap();
    top.decline(updates[2].identity.id, "anna").await.unwrap();
    for wsus in [&middle, &lowest, &middle] {
        assert_eq!(synchronised(wsus).await, SyncEventKind::Succeeded);
        assert_eq!(decided(wsus).await, decided(&top).await);
    }
    let told = top.downstream_servers().await.unwrap();
    let told: Vec<_> = told.iter().map(|one| (one.id.to_string(), one.parent, one.mode)).collect();
    let parents = [Some(top.identity().await.unwrap().id), BELOW.parse().ok()];
    assert_eq!(
        told,
        [(BELOW, parents[0]), (LOWEST, parents[1])].map(|(id, parent)| (
            id.to_owned(),
            parent,
            Mode::Replica
        ))
    );

    // Members are its own, and stay in a group for as long as the one above has it.
    middle.add_to_group(group, &computer(4)).await.unwrap();
    top.withdraw(approving.update, group, "anna").await.unwrap();
    top.undo_decline(updates[2].identity, "anna").await.unwrap();
    assert_eq!(synchronised(&middle).await, SyncEventKind::Succeeded);
    assert_eq!(decided(&middle).await, decided(&top).await);
    assert_eq!(groups_of(&middle, &computer(4)).await, [ALL_COMPUTERS, group]);
    top.delete_group(group, "anna").await.unwrap();
    // It comes to the top as from Microsoft, and only then to those below.
    assert_eq!(synchronised(&top).await, SyncEventKind::Succeeded);
    assert_eq!(middle.update_count().await.unwrap(), 3);
    assert_eq!(synchronised(&middle).await, SyncEventKind::Succeeded);
    assert_eq!((decided(&middle).await, middle.update_count().await.unwrap()), (decided(&top).await, 4));
    assert_eq!(groups_of(&middle, &computer(4)).await, [ALL_COMPUTERS, UNASSIGNED]);

    // Without the one above it fails, and says so.
    drop(program);
    assert!(matches!(synchronised(&lowest).await, SyncEventKind::Failed { hresult: -2_147_012_867, .. }));
}

#[tokio::test]
async fn sums() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let updates = wsus.update_summaries(Scope::Own).await.unwrap();
    assert_eq!((updates.len(), updates[0].counts.needed()), (3, 2));
    assert_eq!(updates[0].counts.of(InstallationState::Failed), 1);
    let computers = wsus.computer_summaries(Scope::Own).await.unwrap();
    assert_eq!((computers.len(), computers[0].counts.needed()), (3, 3));
    assert_eq!(wsus.installations_on(&computer(1)).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_replica_refuses_what_its_upstream_server_decides() {
    let Some((_program, wsus)) = start(&["--replica"]) else { return };
    let identity = wsus.connect().await.unwrap();
    assert_eq!(identity.mode, Mode::Replica);
    assert_eq!(identity.source, Source::Upstream { name: "top.example".to_owned(), tls: true });
    let update = wsus.updates("en").await.unwrap()[0].identity;
    let group = wsus.groups().await.unwrap().into_iter().find(|group| group.kind == GroupKind::Made).unwrap();
    for refused in [
        wsus.create_group("New", None).await.map(drop),
        wsus.delete_group(group.id, "anna").await,
        wsus.decline(update.id, "anna").await,
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.ends_with("This operation is not allowed on a replica server."), "{error}");
    }
    let error = wsus.withdraw(update, group.id, "anna").await.unwrap_err();
    assert!(matches!(error, Error::Replica { .. }), "{error}");
    // Members are its own.
    wsus.add_to_group(group.id, &computer(1)).await.unwrap();
    assert_eq!(groups_of(&wsus, &computer(1)).await, [ALL_COMPUTERS, group.id]);
}

#[tokio::test]
async fn members_say_themselves_where_they_are() {
    let Some((_program, wsus)) = start(&["--client-targeting"]) else { return };
    assert_eq!(wsus.connect().await.unwrap().targeting, Targeting::Client);
    let group = wsus.groups().await.unwrap().into_iter().find(|group| group.kind == GroupKind::Made).unwrap();
    wsus.add_to_group(group.id, &computer(1)).await.unwrap();
    assert_eq!(groups_of(&wsus, &computer(1)).await, [ALL_COMPUTERS, UNASSIGNED]);
}

#[tokio::test]
async fn rows_of_other_lengths() {
    let Some((_program, wsus)) = start(&["--columns", "33"]) else { return };
    let updates = wsus.updates("en").await.unwrap();
    assert_eq!((updates[0].title.as_deref(), updates[0].is_superseded), (None, Some(false)));
    assert_eq!(updates[1].licence, LICENCE.parse().ok());
    let Some((_program, wsus)) = start(&["--columns", "41"]) else { return };
    let error = wsus.updates("en").await.unwrap_err().to_string();
    assert!(error.ends_with("a row of an update has 41 columns, expected 37 or 33"), "{error}");
}

#[tokio::test]
async fn accounts_without_a_right() {
    let Some((program, wsus)) = start(&["--role", "1"]) else { return };
    assert_eq!(wsus.connect().await.unwrap().role, Role::Reader);
    assert!(matches!(wsus.start_sync().await, Err(Error::ReadOnly { .. })));
    let address = format!("http://127.0.0.1:{}", program.port());
    let wsus = Wsus::new(access(address, "Passw0rd")).unwrap();
    assert!(matches!(wsus.connect().await, Err(Error::AccountRefused { .. })));
    let Some((_program, wsus)) = start(&["--role", "0"]) else { return };
    assert!(matches!(wsus.connect().await, Err(Error::NoRole { .. })));
}

/// The server ends each connection after two answers, so that every second call logs in again.
#[tokio::test]
async fn connections_that_end() {
    let Some((_program, wsus)) = start(&["--close-after", "2"]) else { return };
    for _ in 0..5 {
        wsus.connect().await.unwrap();
        wsus.groups().await.unwrap();
    }
}

/// A certificate of its own for 127.0.0.1, as two files.
fn certificate(folder: &Path, algorithm: &'static rcgen::SignatureAlgorithm) -> [String; 2] {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let files = [(certificate.pem(), "certificate.pem"), (key.serialize_pem(), "key.pem")];
    files.map(|(text, name)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

/// The program requires what binds a login to its TLS channel, as Extended Protection does.
#[tokio::test]
async fn a_login_is_bound_to_its_channel() {
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = certificate(folder.path(), algorithm);
        let options = ["--certificate", &certificate, "--key", &key];
        let Some(program) = MicrosoftWsus::start(&options) else { return };
        let address = format!("https://127.0.0.1:{}", program.port());
        let trusting = Access {
            ca_pem: Some(std::fs::read(&certificate).unwrap()),
            ..access(address.clone(), PASSWORD)
        };
        Wsus::new(trusting).unwrap().connect().await.unwrap();
        let error = Wsus::new(access(address, PASSWORD)).unwrap().connect().await.unwrap_err();
        assert!(matches!(error, Error::Tls(_)), "{error}");
    }
}

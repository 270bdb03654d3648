//! Against a program that is not ours and plays a Microsoft WSUS. Not verified on a live WSUS.

use std::sync::Arc;

use headwater_api::linkage::{
    DeleteComputers, DeleteUpdates, LinkVersion, MembershipChange, SilentComputer, SyncState,
};
use headwater_api::{ObsoleteBecause, SeenUpdate};
use headwater_microsoft_wsus::{ACCOUNT, MicrosoftWsus, PASSWORD};
use headwater_model::ServerId;
use headwater_policy::group::{BUILT_IN, UNASSIGNED_COMPUTERS};
use headwater_wsus_admin::{Access, Account, Credentials, Password, Patience, PlainHttp};

use super::*;
use crate::wsus;

const MADE: GroupId = GroupId::from_u128(0x059ab167_8a19_4bab_befc_daaab5b1d82b);
const NOBODYS: GroupId = GroupId::from_u128(7);
const SERVER: ServerId = ServerId::from_u128(0x050cee4a_aaff_470c_8fc3_7a94cb3a4293);
/// The two that need no licence, and one that needs it.
const PLAIN: UpdateId = UpdateId::from_u128(0x5EED0001);
const LICENSED: UpdateId = UpdateId::from_u128(0x5EED0002);
/// From when on its computers are in contact, some minutes later each.
const CONTACT: &str = "2026-11-01T08:00:00";
/// Those that report to the program itself.
const COMPUTERS: u64 = 3;
const OTHER: UpdateId = UpdateId::from_u128(0x5EED0003);
const UNKNOWN: UpdateId = UpdateId::from_u128(9);

fn now() -> Timestamp {
    Timestamp::EPOCH.plus_seconds(1_000)
}

fn wsus_at(port: u16, password: &str) -> wsus::Wsus {
    let access = Access {
        address: format!("http://127.0.0.1:{port}").parse().unwrap(),
        credentials: Credentials::Ntlm(Account::new(ACCOUNT, Password::new(password)).unwrap()),
        ca_pem: None,
        plain_http: PlainHttp::OnLoopback,
        patience: Patience::default(),
    };
    let wsus = Wsus::new(access).unwrap();
    wsus::Wsus::Microsoft(Arc::new(Microsoft::new(wsus, "berlin.example".to_owned(), now())))
}

/// The program with these options, and the WSUS that a Linkage speaks for.
fn start(options: &[&str]) -> Option<(MicrosoftWsus, wsus::Wsus)> {
    let program = MicrosoftWsus::start(options)?;
    let wsus = wsus_at(program.port(), PASSWORD);
    Some((program, wsus))
}

fn client(number: u8) -> ClientId {
    format!("00000000-0000-0000-0000-00000000000{number}").parse().unwrap()
}

fn change(number: u8, group: GroupId) -> MembershipChange {
    MembershipChange { client: client(number), group }
}

fn memberships(add: Vec<MembershipChange>, remove: Vec<MembershipChange>) -> Memberships {
    Memberships { by: "anna".to_owned(), add, remove }
}

fn approve(updates: &[UpdateId], group: GroupId, action: Option<ApprovalAction>) -> Approve {
    Approve {
        by: "anna".to_owned(),
        updates: updates.to_vec(),
        group,
        action,
        deadline: None,
        new_revisions: headwater_api::NewRevisions::default(),
        seen: Vec::new(),
    }
}

fn decline(updates: &[UpdateId], decline: bool) -> Decline {
    Decline { by: "anna".to_owned(), updates: updates.to_vec(), decline, seen: Vec::new() }
}

/// How many were applied and how many were so already; none was refused.
fn counted(decided: Decided) -> (usize, usize) {
    assert_eq!(decided.refused, []);
    (decided.applied.len(), decided.unchanged.len())
}

fn refused<T: std::fmt::Debug>(answer: Answer<T>, words: &str) {
    let failure = answer.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{}", failure.detail);
    assert!(failure.detail.contains(words), "{}", failure.detail);
}

async fn groups_of(wsus: &wsus::Wsus, number: u8) -> Vec<GroupId> {
    let computers = wsus.computers(None).await.unwrap().items;
    computers.into_iter().find(|computer| computer.client == client(number)).unwrap().groups
}

#[tokio::test]
async fn who_it_is() {
    let cases: [(&[&str], _, _, _, _); 4] = [
        (&[], WsusMode::Top, None, WsusTargeting::Server, false),
        (&["--role", "1"], WsusMode::Top, None, WsusTargeting::Server, true),
        (&["--replica"], WsusMode::Replica, Some("top.example"), WsusTargeting::Server, false),
        (&["--client-targeting"], WsusMode::Top, None, WsusTargeting::Client, false),
    ];
    for (options, mode, upstream, targeting, read_only) in cases {
        let Some((_program, wsus)) = start(options) else { return };
        let found = wsus.identity(now()).await.unwrap();
        assert!(found.at > now(), "it is told by its own clock: {}", found.at);
        let expected = WsusIdentity {
            server: SERVER,
            name: "berlin.example".to_owned(),
            kind: WsusKind::Microsoft,
            version: "10.0.20348.1".to_owned(),
            mode,
            upstream: upstream.map(str::to_owned),
            upstream_id: None,
            targeting,
            subscription: None,
            read_only,
            computers: COMPUTERS,
            at: found.at,
            speaks: LinkVersion::own(),
        };
        assert_eq!(found, expected, "{options:?}");
    }
}

#[test]
fn autonomous_below_another() {
    let identity = Identity {
        id: SERVER,
        version: String::new(),
        protocol_version: String::new(),
        role: Role::Administrator,
        mode: Mode::Autonomous,
        targeting: Targeting::Server,
        source: Source::Upstream { name: String::new(), tls: false },
    };
    assert_eq!(mode(&identity), WsusMode::Autonomous);
}

#[tokio::test]
async fn who_may_not_ask() {
    let Some((program, _)) = start(&[]) else { return };
    refused(wsus_at(program.port(), "Passw0rd").identity(now()).await, r"it does not accept EXAMPLE\wsus; ");
    let port = program.port();
    drop(program);
    let failure = wsus_at(port, PASSWORD).identity(now()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Wsus);
    assert!(failure.detail.starts_with("it cannot be reached: "), "{}", failure.detail);
    assert!(failure.detail.ends_with("and that IIS runs there"), "{}", failure.detail);
}

#[tokio::test]
async fn groups_and_what_it_holds() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let made = wsus.create_group("Berlin - Été", None, None, "anna").await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.parent, made.built_in),
        ("Berlin - Été", Some(ALL_COMPUTERS), false)
    );
    refused(
        wsus.create_group("BERLIN - Été", None, None, "anna").await,
        "A group with this name already exists",
    );
    let groups = wsus.groups().await.unwrap();
    let built_in: Vec<GroupId> = groups.iter().filter(|group| group.built_in).map(|group| group.id).collect();
    assert_eq!(built_in, BUILT_IN.map(|(id, ..)| id));
    let contents = wsus.contents().await.unwrap();
    assert_eq!(contents.groups, groups);
    let updates =
        [(PLAIN, 201), (LICENSED, 202), (OTHER, 203)].map(|(id, revision)| format!("{id}/{revision}"));
    assert_eq!(contents.updates, updates);
    assert_eq!((contents.approvals, contents.declined), (vec![], vec![]));

    wsus.delete_group(made.id, "anna").await.unwrap();
    assert_eq!(wsus.groups().await.unwrap().len(), 4);
    refused(wsus.delete_group(ALL_COMPUTERS, "anna").await, "A built-in group cannot be deleted");
    let failure = wsus.delete_group(made.id, "anna").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound, "{}", failure.detail);
}

#[tokio::test]
async fn members_come_and_go() {
    let Some((_program, wsus)) = start(&["--contact", CONTACT]) else { return };
    let page = wsus.computers(None).await.unwrap();
    assert_eq!((page.items.len(), page.next), (3, None));
    let expected = WsusComputer {
        client: client(1),
        name: "pc1.example".to_owned(),
        address: "192.0.2.1".to_owned(),
        os: "Windows 11".to_owned(),
        first_contact_at: None,
        last_contact_at: "2026-11-01T08:01:00.5Z".parse().unwrap(),
        os_version: "10.0.26100".to_owned(),
        architecture: String::new(),
        product_set: None,
        agent_version: "10.0.26100.1".to_owned(),
        manufacturer: "Contoso".to_owned(),
        model: "C7".to_owned(),
        requested_group: String::new(),
        groups: vec![UNASSIGNED_COMPUTERS],
    };
    assert_eq!(page.items[0], expected);

    let other = wsus.create_group("Other", None, None, "anna").await.unwrap().id;
    let add = || memberships(vec![change(1, MADE), change(2, MADE)], vec![]);
    assert_eq!(counted(wsus.change_memberships(add()).await.unwrap()), (2, 0));
    assert_eq!(groups_of(&wsus, 2).await, [MADE]);
    assert_eq!(counted(wsus.change_memberships(add()).await.unwrap()), (0, 2));
    let moved = memberships(vec![change(2, other)], vec![change(2, MADE), change(1, MADE)]);
    assert_eq!(counted(wsus.change_memberships(moved).await.unwrap()), (2, 0));
    assert_eq!(
        (groups_of(&wsus, 1).await, groups_of(&wsus, 2).await),
        (vec![UNASSIGNED_COMPUTERS], vec![other])
    );

    let some = memberships(vec![change(1, NOBODYS), change(2, MADE), change(9, MADE)], vec![]);
    let done = wsus.change_memberships(some).await.unwrap();
    assert_eq!((done.applied.len(), done.refused.len()), (1, 2));
    assert_eq!(done.refused[0].0, client(1).to_string());
    assert!(done.refused[0].1.ends_with("There is no such group."), "{done:?}");
    assert_eq!(done.refused[1], (client(9).to_string(), "it does not report to this server".to_owned()));
}

#[tokio::test]
async fn members_are_refused_whole() {
    let cases: [(&[&str], &str); 2] =
        [(&["--client-targeting"], "get their groups by policy"), (&["--role", "1"], "may only read")];
    for (options, words) in cases {
        let Some((_program, wsus)) = start(options) else { return };
        refused(wsus.change_memberships(memberships(vec![change(1, MADE)], vec![])).await, words);
    }
}

#[tokio::test]
async fn an_approval_with_a_deadline() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let deadline: Timestamp = "2026-12-24T03:00:00Z".parse().unwrap();
    let wanted = Approve {
        deadline: Some(deadline),
        ..approve(&[PLAIN, LICENSED, UNKNOWN], MADE, Some(ApprovalAction::Install))
    };
    let done = wsus.approve(wanted.clone()).await.unwrap();
    assert_eq!((done.applied.len(), done.refused.len()), (1, 2));
    assert_eq!(done.refused[0].0, LICENSED.to_string());
    assert!(done.refused[0].1.ends_with("The license agreement has not been accepted."), "{done:?}");
    assert_eq!(done.refused[1], (UNKNOWN.to_string(), NO_UPDATE.to_owned()));
    let approval = WsusApproval {
        update: PLAIN,
        revision: 201,
        group: MADE,
        action: ApprovalAction::Install,
        deadline: Some(deadline),
    };
    assert_eq!(wsus.contents().await.unwrap().approvals, std::slice::from_ref(&approval));

    let again = Approve { updates: vec![PLAIN], ..wanted };
    assert_eq!(counted(wsus.approve(again).await.unwrap()), (0, 1));
    let without = approve(&[PLAIN], MADE, Some(ApprovalAction::Block));
    assert_eq!(counted(wsus.approve(without).await.unwrap()), (1, 0));
    let blocked = WsusApproval { action: ApprovalAction::Block, deadline: None, ..approval };
    assert_eq!(wsus.contents().await.unwrap().approvals, [blocked]);
    let withdrawn = || approve(&[PLAIN, OTHER], MADE, None);
    assert_eq!(counted(wsus.approve(withdrawn()).await.unwrap()), (1, 1));
    assert_eq!(counted(wsus.approve(withdrawn()).await.unwrap()), (0, 2));
    assert_eq!(wsus.contents().await.unwrap().approvals, []);

    let detect = approve(&[PLAIN], MADE, Some(ApprovalAction::Detect));
    refused(wsus.approve(detect).await, "detects whatever is not approved");
    let nowhere = approve(&[PLAIN], NOBODYS, Some(ApprovalAction::Install));
    let failure = wsus.approve(nowhere).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound, "{}", failure.detail);
}

#[tokio::test]
async fn a_decline_and_its_undo() {
    let Some((_program, wsus)) = start(&[]) else { return };
    assert_eq!(counted(wsus.decline(decline(&[PLAIN, OTHER], true)).await.unwrap()), (2, 0));
    assert_eq!(counted(wsus.decline(decline(&[PLAIN], true)).await.unwrap()), (0, 1));
    assert_eq!(wsus.contents().await.unwrap().declined, [PLAIN, OTHER]);
    assert_eq!(counted(wsus.decline(decline(&[PLAIN, LICENSED], false)).await.unwrap()), (1, 1));
    assert_eq!(wsus.contents().await.unwrap().declined, [OTHER]);
    // What somebody approved meanwhile is not declined over their head.
    wsus.approve(approve(&[PLAIN], MADE, Some(ApprovalAction::Install))).await.unwrap();
    let seen = [PLAIN, OTHER].map(|update| SeenUpdate { update, approvals: Vec::new() }).to_vec();
    let careful = Decline { seen, ..decline(&[PLAIN, OTHER], true) };
    let done = wsus.decline(careful).await.unwrap();
    let told = "meanwhile it was approved for installation for a group: look at it again";
    assert_eq!(done.refused, [(PLAIN.to_string(), told.to_owned())]);
    assert_eq!(wsus.contents().await.unwrap().declined, [OTHER]);
    let done = wsus.decline(decline(&[UNKNOWN], true)).await.unwrap();
    assert_eq!(done.refused, [(UNKNOWN.to_string(), NO_UPDATE.to_owned())]);
}

#[tokio::test]
async fn what_is_declined_is_deleted_but_not_while_it_synchronises() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let delete = |updates: &[UpdateId]| DeleteUpdates { by: "anna".to_owned(), updates: updates.to_vec() };
    wsus.decline(decline(&[PLAIN, LICENSED], true)).await.unwrap();
    let obsolete = wsus.obsolete().await.unwrap();
    let listed: Vec<_> = obsolete.iter().map(|one| (one.update, one.because, one.since)).collect();
    assert_eq!(listed, [PLAIN, LICENSED].map(|id| (id, ObsoleteBecause::Declined, None)));
    let done = wsus.delete_updates(delete(&[PLAIN, OTHER, UNKNOWN])).await.unwrap();
    assert_eq!((done.applied, done.unchanged), (vec![PLAIN.to_string()], vec![UNKNOWN.to_string()]));
    assert_eq!(done.refused, [(OTHER.to_string(), "it is not declined".to_owned())]);
    assert_eq!(wsus.contents().await.unwrap().declined, [LICENSED]);

    let run = wsus.synchronise("anna").await.unwrap().run;
    let busy = wsus.delete_updates(delete(&[LICENSED])).await.unwrap_err();
    assert_eq!(busy.kind, FailureKind::Busy, "{}", busy.detail);
    ended(&wsus, run).await;
    assert_eq!(counted(wsus.delete_updates(delete(&[LICENSED])).await.unwrap()), (1, 0));
}

#[tokio::test]
async fn a_silent_computer_is_deleted_unless_it_made_contact_meanwhile() {
    let Some((_program, wsus)) = start(&["--contact", CONTACT]) else { return };
    let found = wsus.computers(None).await.unwrap().items;
    let mut computers: Vec<SilentComputer> = found
        .into_iter()
        .map(|one| SilentComputer { client: one.client, last_contact_at: one.last_contact_at })
        .collect();
    computers[1].last_contact_at = computers[1].last_contact_at.plus_seconds(-1);
    computers[2].client = client(9);
    let delete = DeleteComputers { by: "anna".to_owned(), computers };
    let done = wsus.delete_computers(delete).await.unwrap();
    assert_eq!((done.applied, done.unchanged), (vec![client(1).to_string()], vec![client(9).to_string()]));
    let refused = (client(2).to_string(), "it made contact on 2026-11-01T08:02:00.5Z".to_owned());
    assert_eq!(done.refused, [refused]);
    let left = wsus.computers(None).await.unwrap().items.into_iter().map(|one| one.client);
    assert_eq!(left.collect::<Vec<_>>(), [client(2), client(3)]);
}

#[tokio::test]
async fn a_licence_is_accepted_before_its_update_is_approved() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let accepted = async |id| wsus.update(id, now()).await.unwrap().licence.map(|licence| licence.accepted);
    assert_eq!((accepted(PLAIN).await, accepted(LICENSED).await), (None, Some(false)));
    let install = || approve(&[LICENSED], MADE, Some(ApprovalAction::Install));
    let refusals = wsus.approve(install()).await.unwrap().refused;
    assert!(refusals[0].1.ends_with("The license agreement has not been accepted."), "{refusals:?}");
    refused(wsus.accept_licence(PLAIN, "anna").await, "it needs no licence");
    wsus.accept_licence(LICENSED, "anna").await.unwrap();
    assert_eq!(accepted(LICENSED).await, Some(true));
    assert_eq!(counted(wsus.approve(install()).await.unwrap()), (1, 0));
}

#[tokio::test]
async fn licence_terms_are_read_in_whatever_way_they_were_written() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let terms = wsus.licence(LICENSED, None).await.unwrap();
    assert_eq!(terms.text.as_deref(), Some("Licence terms \u{2013} please read.\n"));
    assert_eq!((terms.accepted, terms.language, terms.languages), (false, None, Vec::new()));
    let polish = wsus.licence(LICENSED, Some("pl")).await.unwrap().text;
    assert_eq!(polish.as_deref(), Some("Postanowienia licencyjne\nProsz\u{119} przeczyta\u{107}.\n"));
    let lost = wsus.licence(LICENSED, Some("ja")).await.unwrap();
    let missing = lost.missing.unwrap();
    assert!(lost.text.is_none() && missing.contains("file does not exist"), "{missing}");
    assert!(missing.contains("`wsusutil reset`"), "{missing}");
    assert_eq!(wsus.licence(PLAIN, None).await.unwrap_err().kind, FailureKind::NotFound);
    wsus.accept_licence(LICENSED, "anna").await.unwrap();
    assert!(wsus.licence(LICENSED, None).await.unwrap().accepted);
}

/// Looks until it has ended; the program goes on by one phase whenever it is asked.
async fn ended(wsus: &wsus::Wsus, run: u64) -> (u64, SyncState, Option<String>) {
    for _ in 0..10 {
        let progress = wsus.sync_progress(run).await.unwrap();
        if progress.state != SyncState::Running {
            return (progress.documents, progress.state, progress.problem);
        }
    }
    panic!("it does not end");
}

#[tokio::test]
async fn the_list_of_updates_is_read_again_when_it_is_another_one() {
    let Some((program, wsus)) = start(&[]) else { return };
    let other = wsus_at(program.port(), PASSWORD);
    let wsus::Wsus::Microsoft(microsoft) = &wsus else { panic!("it plays a Microsoft WSUS") };
    let list = async || microsoft.catalogue.updates(&microsoft.wsus).await.unwrap();
    let mut before = list().await;
    assert!(Arc::ptr_eq(&before, &list().await), "nothing changed");
    // Approvals stand in no row of it.
    counted(other.approve(approve(&[PLAIN], MADE, Some(ApprovalAction::Install))).await.unwrap());
    assert!(Arc::ptr_eq(&before, &list().await));
    for step in 0..4 {
        match step {
            0 => drop(counted(other.decline(decline(&[PLAIN], true)).await.unwrap())),
            1 => drop(counted(other.decline(decline(&[PLAIN], false)).await.unwrap())),
            2 => microsoft.accept_licence(LICENSED, "anna").await.unwrap(),
            _ => {
                let run = other.synchronise("bob").await.unwrap().run;
                assert_eq!(ended(&other, run).await.1, SyncState::Done);
            }
        }
        let now = list().await;
        assert!(!Arc::ptr_eq(&before, &now), "step {step}");
        before = now;
    }
    assert_eq!(before.len(), 4);
}

#[tokio::test]
async fn a_synchronisation_ends_well() {
    let Some((_program, wsus)) = start(&[]) else { return };
    let first = wsus.synchronise("anna").await.unwrap();
    assert!(!first.joined && first.run > 1_000, "{first:?}");
    let joined = wsus.synchronise("bob").await.unwrap();
    assert_eq!((joined.run, joined.joined), (first.run, true));
    let end = (7, SyncState::Done, None);
    assert_eq!(ended(&wsus, first.run).await, end);
    assert_eq!(wsus.contents().await.unwrap().updates.len(), 4);

    // The end of the first is not that of the second, and stays its own.
    let second = wsus.synchronise("anna").await.unwrap();
    assert_eq!((second.run, second.joined), (first.run + 1, false));
    assert_eq!(ended(&wsus, first.run).await, end);
    // Categories are counted first, and are no documents.
    for counted in [(0, 0), (7, 40)] {
        let progress = wsus.sync_progress(second.run).await.unwrap();
        assert_eq!((progress.documents, progress.documents_total), counted);
        assert_eq!(progress.state, SyncState::Running);
    }
    assert_eq!(ended(&wsus, second.run).await, end);
    let failure = wsus.sync_progress(1).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound, "{}", failure.detail);
}

#[tokio::test]
async fn a_synchronisation_that_another_has_started() {
    let Some((program, wsus)) = start(&[]) else { return };
    let other = wsus_at(program.port(), PASSWORD);
    other.synchronise("bob").await.unwrap();
    let joined = wsus.synchronise("anna").await.unwrap();
    assert!(joined.joined);
    assert_eq!(ended(&wsus, joined.run).await.1, SyncState::Done);
}

#[tokio::test]
async fn a_synchronisation_that_fails() {
    let Some((_program, wsus)) = start(&["--fail-sync=-2147012866"]) else { return };
    for _ in 0..2 {
        let started = wsus.synchronise("anna").await.unwrap();
        let (_, state, problem) = ended(&wsus, started.run).await;
        assert_eq!(state, SyncState::Failed);
        assert_eq!(problem.unwrap(), "the server ended it with 0x80072EFE");
    }
}

#[tokio::test]
async fn a_replica_leaves_it_to_the_server_above() {
    let Some((_program, wsus)) = start(&["--replica"]) else { return };
    let words = "it is a replica, whose upstream server would undo it, so ";
    refused(wsus.create_group("New", None, None, "anna").await, words);
    refused(wsus.delete_group(MADE, "anna").await, words);
    refused(wsus.approve(approve(&[PLAIN], MADE, Some(ApprovalAction::Install))).await, words);
    refused(wsus.approve(approve(&[PLAIN], MADE, None)).await, words);
    refused(wsus.decline(decline(&[PLAIN], true)).await, words);
    refused(wsus.decline(decline(&[PLAIN], false)).await, "do it on its upstream server, and synchronise");
    // Members are its own, and so is its synchronisation.
    let add = memberships(vec![change(1, MADE)], vec![]);
    assert_eq!(counted(wsus.change_memberships(add).await.unwrap()), (1, 0));
    let started = wsus.synchronise("anna").await.unwrap();
    assert_eq!(ended(&wsus, started.run).await.1, SyncState::Done);
}

#[tokio::test]
async fn a_reporter_reads() {
    let Some((_program, wsus)) = start(&["--role", "1"]) else { return };
    assert_eq!(wsus.contents().await.unwrap().updates.len(), 3);
    refused(wsus.create_group("New", None, None, "anna").await, "may only read");
    refused(wsus.approve(approve(&[PLAIN], MADE, None)).await, "may only read");
    refused(wsus.synchronise("anna").await, "may only read");
}

#[tokio::test]
async fn the_servers_below() {
    let Some((_program, wsus)) = start(&["--below", "lower.example"]) else { return };
    let time: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
    let expected = WsusLower {
        server: ServerId::from_u128(0x11111111_aaff_470c_8fc3_7a94cb3a4293),
        name: "lower.example".to_owned(),
        parent: None,
        mode: Some(WsusMode::Replica),
        first_contact_at: None,
        last_contact_at: time,
        last_sync_at: Some(time),
        computers: 0,
    };
    let lower = expected.server;
    assert_eq!(wsus.lower().await.unwrap(), [expected]);
    let unknown = wsus.delete_lower(SERVER, &[], "anna").await.unwrap_err();
    assert_eq!(unknown.kind, FailureKind::NotFound, "{}", unknown.detail);
    wsus.delete_lower(lower, &[], "anna").await.unwrap();
    assert_eq!(wsus.lower().await.unwrap(), []);
}

#[test]
fn what_is_below_a_server_is_deleted_before_it() {
    let id = ServerId::from_u128;
    let server = |number, parent| DownstreamServer {
        id: id(number),
        name: None,
        parent: Some(id(parent)),
        version: None,
        mode: Mode::Replica,
        last_sync: None,
        last_rollup: None,
    };
    let all = [server(4, 3), server(2, 1), server(3, 2), server(5, 1), server(6, 2)];
    assert_eq!(branch(&all, id(2)), [4, 6, 3, 2].map(id));
    assert_eq!(branch(&all, id(5)), [id(5)]);
    let refused = |seen: &[u128]| {
        let seen: Vec<ServerId> = seen.iter().copied().map(id).collect();
        others(&all, &branch(&all, id(2)), id(2), &seen)
    };
    assert_eq!(refused(&[3, 4, 6, 9]), None);
    let unseen = refused(&[3, 6]).unwrap();
    assert!(unseen.contains(&id(4).to_string()) && !unseen.contains(&id(3).to_string()), "{unseen}");
    // Rows that say of each other that they are above end all the same.
    assert_eq!(branch(&[server(2, 3), server(3, 2)], id(2)), [3, 2].map(id));
}

/// Of many updates by update, and of few computers by computer: both tell the same.
#[tokio::test]
async fn states_of_many_updates_are_told_by_update_or_by_computer_and_files_are_not() {
    use headwater_api::ComputerUpdateState;
    use headwater_api::linkage::{Clients, StatesOfUpdates};
    let Some((_program, wsus)) = start(&[]) else { return };
    let updates = vec![PLAIN, UNKNOWN, LICENSED, OTHER];
    let states = ComputerUpdateState::ALL.to_vec();
    let question = |clients: Option<Vec<ClientId>>| StatesOfUpdates {
        updates: updates.clone(),
        states: states.clone(),
        clients: clients.map(Clients),
        after: None,
    };
    let mut told = Vec::new();
    for clients in [None, Some((1..=3).map(client).collect())] {
        let part = wsus.states_of_updates(&question(clients)).await.unwrap();
        assert_eq!((part.next, part.lacking), (None, vec![1]));
        let mut all: Vec<(ClientId, usize, u16)> = Vec::new();
        for one in part.computers {
            let in_state = one.in_state.iter().enumerate();
            all.extend(in_state.flat_map(|(slot, places)| {
                places.iter().map(|place| (one.client.clone(), slot, *place)).collect::<Vec<_>>()
            }));
        }
        all.sort();
        told.push(all);
    }
    assert!(!told[0].is_empty(), "somebody has said something");
    assert_eq!(told[0], told[1]);
    for (place, update) in (0..).zip(&updates).filter(|(place, _)| *place != 1) {
        let alone = wsus.states_of_update(*update, &states, None).await.unwrap().items;
        let mut alone: Vec<(ClientId, usize, u16)> = alone
            .into_iter()
            .map(|one| (one.client, states.iter().position(|state| *state == one.state).unwrap(), place))
            .collect();
        alone.sort();
        let of_it: Vec<_> = told[0].iter().filter(|(.., at)| *at == place).cloned().collect();
        assert_eq!(of_it, alone);
    }
    let files = wsus.files_of_updates(&updates).await.unwrap();
    let known: Vec<_> = files.updates.iter().map(|one| one.as_ref().map(|one| one.files.is_some())).collect();
    assert_eq!(known, [Some(false), None, Some(false), Some(false)]);
}

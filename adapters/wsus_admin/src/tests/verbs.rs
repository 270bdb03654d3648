//! What the verbs ask for, and what they make of answers.

use headwater_model::{ClientId, GroupId, Timestamp, UpdateIdentity};

use super::answers::*;
use super::server::{Reaction, Server};
use crate::*;
use Reaction::Answer;

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn group_id(text: &str) -> GroupId {
    text.parse().expect("an id")
}

fn computer_id() -> ClientId {
    COMPUTER.parse().expect("an id")
}

fn identity() -> UpdateIdentity {
    UpdateIdentity { id: UPDATE.parse().expect("an id"), revision: 201 }
}

/// A server that answers to one operation with a result of this content.
async fn server(operation: &'static str, content: String) -> Server {
    Server::start(one(operation, move |_| Answer(result(operation, &content)))).await
}

/// Expects the last request to have had these parameters.
#[track_caller]
fn sent(server: &Server, parameters: &str) {
    let body = server.asked().pop().expect("a request").body;
    let (_, rest) = body.split_once("ApiRemotingWebService\">").expect("a message");
    let (found, _) = rest.rsplit_once("</soap:Body>").expect("a body");
    let found = found.rsplit_once("</").expect("an end").0;
    assert_eq!(found, parameters);
}

const SCOPE: &str = "<updateScopeXml>&lt;UpdateScope ApprovedStates=\"-1\" /&gt;</updateScopeXml>";
const CULTURE: &str = "<preferredCulture>en</preferredCulture>";
const STATE: &str = "<publicationState>2147483647</publicationState>";
const OWN: &str = "<computerTargetScopeXml>&lt;ComputerTargetScope IncludeDownstreamComputerTargets=\"false\" \
                   /&gt;</computerTargetScopeXml>";

#[tokio::test]
async fn who_a_server_is() {
    let top =
        Server::start(one("", |_| unreachable!())).await.by_token().connect().await.expect("an identity");
    let expected = Identity {
        id: SERVER.parse().expect("an id"),
        version: "10.0.26100.1".to_owned(),
        protocol_version: "1.20".to_owned(),
        role: Role::Administrator,
        mode: Mode::Autonomous,
        targeting: Targeting::Server,
        source: Source::MicrosoftUpdate,
    };
    assert_eq!(top, expected);
    let lower = [
        ("SyncToMU", "0"),
        ("UpstreamServerName", "top.example"),
        ("UpstreamServerUseSsl", "true"),
        ("ReplicaMode", "1"),
        ("ServerTargeting", "false"),
    ];
    let lower = server("ExecuteSPGetConfiguration", settings(&lower)).await.by_token();
    let lower = lower.connect().await.expect("an identity");
    assert_eq!((lower.mode, lower.targeting), (Mode::Replica, Targeting::Client));
    assert_eq!(lower.source, Source::Upstream { name: "top.example".to_owned(), tls: true });
}

#[tokio::test]
async fn groups() {
    let rows = [row(&ALL_CELLS), row(&GROUP_CELLS)].concat();
    let server_of_groups = server("ExecuteSPGetAllTargetGroups", rows).await;
    let groups = server_of_groups.by_token().groups().await.expect("groups");
    let made = Group {
        id: group_id(GROUP),
        name: "Servers & more".to_owned(),
        parent: Some(group_id(ALL)),
        kind: GroupKind::Made,
    };
    assert_eq!(groups[1], made);
    assert_eq!((groups[0].kind, groups[0].parent), (GroupKind::AllComputers, None));

    let server_of_groups = server("ExecuteSPCreateTargetGroup1", single(&GROUP_CELLS)).await;
    let group = server_of_groups.by_token().create_group("Servers & more", None).await.expect("a group");
    assert_eq!(group, made);
    sent(&server_of_groups, &format!("<name>Servers &amp; more</name><parentGroupId>{ALL}</parentGroupId>"));

    let absent =
        Server::start(one("ExecuteSPGetTargetGroupById", |asked| Answer(answer(&asked.operation, "")))).await;
    assert_eq!(absent.by_token().group(group_id(GROUP)).await.expect("an answer"), None);
}

#[tokio::test]
async fn members_are_put_in_and_taken_out() {
    let server =
        Server::start(|asked| Answer(good(&asked.operation).unwrap_or_else(|| answer(&asked.operation, ""))))
            .await;
    let wsus = server.by_token();
    wsus.add_to_group(group_id(GROUP), &computer_id()).await.expect("it is added");
    let parameters = format!("<targetGroupId>{GROUP}</targetGroupId><computerId>{COMPUTER}</computerId>");
    sent(&server, &parameters);
    wsus.remove_from_group(group_id(GROUP), &computer_id()).await.expect("it is removed");
    sent(&server, &parameters);
    wsus.delete_group(group_id(GROUP), "anna").await.expect("it is deleted");
    sent(&server, &format!("<id>{GROUP}</id><adminName>anna</adminName><failIfReplica>true</failIfReplica>"));
    wsus.decline(identity().id, "anna").await.expect("it is declined");
    let parameters = "<adminName>anna</adminName><failIfReplica>true</failIfReplica>";
    sent(&server, &format!("<updateId>{UPDATE}</updateId>{parameters}"));
    wsus.accept_licence(LICENCE.parse().expect("an id"), identity(), "anna").await.expect("it is accepted");
    let update = format!("<UpdateId>{UPDATE}</UpdateId><RevisionNumber>201</RevisionNumber>");
    sent(
        &server,
        &format!("<eulaId>{LICENCE}</eulaId><adminName>anna</adminName><updateId>{update}</updateId>"),
    );
}

#[tokio::test]
async fn computers_with_their_groups() {
    let text = |text: &'static str| ("string", text);
    let mut second = COMPUTER_CELLS;
    (second[0], second[17], second[19]) = (text("other"), ("string", "A; B;"), ("guid", SERVER));
    let content = sets(&[
        &[row(&COMPUTER_CELLS), row(&second)],
        &[row(&[text(COMPUTER), text("Berlin")]), row(&[text(COMPUTER), text("Servers")])],
        &[row(&[text(COMPUTER), ("guid", ALL)]), row(&[text(COMPUTER), ("guid", GROUP)])],
    ]);
    let server = server("ExecuteSPSearchComputers", content).await;
    let computers = server.by_token().computers(Scope::Own).await.expect("computers");
    sent(&server, OWN);
    let first = Computer {
        id: computer_id(),
        name: Some("pc.example".to_owned()),
        ip_address: Some("192.0.2.7".to_owned()),
        make: Some("Contoso".to_owned()),
        model: Some("C7".to_owned()),
        os: Some("Windows 11".to_owned()),
        os_version: Some(OsVersion { major: 10, minor: 0, build: 26100 }),
        client_version: Some("10.0.26100.1".to_owned()),
        last_contact: Some(time("2026-10-04T15:03:36.1Z")),
        last_report: None,
        requested_groups: vec!["Berlin".to_owned(), "Servers".to_owned()],
        groups: vec![group_id(ALL), group_id(GROUP)],
        home: Home::This,
    };
    assert_eq!(computers[0], first);
    assert_eq!(computers[1].home, Home::Downstream(SERVER.parse().ok()));
    assert_eq!((computers[1].requested_groups.len(), computers[1].groups.len()), (2, 0));
}

#[tokio::test]
async fn sets_and_rows_that_are_not_known_are_refused_with_the_numbers() {
    let check = async |operation: &'static str, content: String, expected: &str| {
        let wsus = server(operation, content).await.by_token();
        let error = match operation {
            "ExecuteSPSearchComputers" => wsus.computers(Scope::Own).await.map(drop),
            "ExecuteSPGetAllTargetGroups" => wsus.groups().await.map(drop),
            "GetServerSyncProgress" => wsus.sync_progress().await.map(drop),
            "ExecuteSPGetSummariesPerUpdate" => wsus.update_summaries(Scope::Own).await.map(drop),
            _ => wsus.updates("en").await.map(drop),
        };
        let error = error.expect_err(expected);
        assert_eq!(error.to_string(), format!("its answer to {operation} {expected}"));
    };
    let two = sets(&[&[], &[]]);
    check("ExecuteSPSearchComputers", two, "has 2 sets of rows, expected 3").await;
    check("GetServerSyncProgress", String::new(), "has 0 rows, expected 1").await;
    let five = "cannot be understood: a row of a group has 5 columns, expected 6";
    check("ExecuteSPGetAllTargetGroups", row(&GROUP_CELLS[..5]), five).await;
    for columns in [32, 34, 36] {
        let expected =
            format!("cannot be understood: a row of an update has {columns} columns, expected 37 or 33");
        let content = format!("<minimalProperties>{}</minimalProperties>", row(&UPDATE_CELLS[..columns]));
        check("ExecuteSPSearchUpdates", content, &expected).await;
    }
    let state = row(&[("guid", UPDATE), ("nil", ""), ("nil", ""), ("int", "7"), ("int", "1"), ("nil", "")]);
    check("ExecuteSPGetSummariesPerUpdate", state, "has no state that can be: 7").await;
    let mut cells = UPDATE_CELLS;
    cells[22] = ("nil", "");
    let content = format!("<minimalProperties>{}</minimalProperties>", row(&cells));
    check("ExecuteSPSearchUpdates", content, "has no decline that can be: nothing").await;
}

fn updates_content(cells: Cells<'_>) -> String {
    let texts = |text: &str| row(&[("int", "5021"), ("string", text)]);
    let category = |kind, title| row(&[("int", "5021"), ("string", kind), ("string", title)]);
    format!(
        "<minimalProperties>{}</minimalProperties><localizedCategoryTitleRows>{}{}{}\
         </localizedCategoryTitleRows><kbArticles>{}{}</kbArticles><bulletins i:nil=\"true\"/>\
         <infoUrls>{}</infoUrls>",
        row(cells),
        category("UpdateClassification", "Security Updates"),
        category("Product", "Windows 11"),
        category("ProductFamily", "Windows"),
        texts("5034441"),
        row(&[("int", "1"), ("string", "of another update")]),
        texts("https://support.example/"),
    )
}

fn update() -> Update {
    Update {
        identity: identity(),
        number: Some(4711),
        title: Some("A <cumulative> update".to_owned()),
        description: Some("It repairs.".to_owned()),
        update_type: Some("Software".to_owned()),
        kb_articles: vec!["5034441".to_owned()],
        bulletins: vec![],
        info_urls: vec!["https://support.example/".to_owned()],
        severity: Some("Critical".to_owned()),
        classifications: vec!["Security Updates".to_owned()],
        products: vec!["Windows 11".to_owned()],
        families: vec!["Windows".to_owned()],
        created: Some(time("2026-09-08T17:00:00Z")),
        arrived: Some(time("2026-09-08T18:03:11.596666Z")),
        is_expired: false,
        is_approved: false,
        is_declined: true,
        is_latest_revision: true,
        is_superseded: Some(false),
        has_stale_approvals: Some(false),
        is_infrastructure: Some(false),
        licence: LICENCE.parse().ok(),
        licence_must_be_accepted: true,
        state: Some(UpdateState::NotReady),
    }
}

#[tokio::test]
async fn what_a_server_takes_by_products_and_by_classifications() {
    let server = server("GetSubscriptionCategories", row(&CATEGORY_CELLS)).await;
    let found = server.by_token().subscription("en").await.expect("a subscription");
    let family =
        Category { id: UPDATE.parse().expect("an id"), title: Some("Windows".to_owned()), is_product: false };
    assert_eq!(found, Subscription { products: vec![family.clone()], classifications: vec![family] });
    let asked = |classifications| {
        format!(
            "<preferredCulture>en</preferredCulture>\
             <retrieveUpdateClassifications>{classifications}</retrieveUpdateClassifications>"
        )
    };
    sent(&server, &asked(true));

    let mut cells = CATEGORY_CELLS;
    cells[2] = ("string", "Product");
    let server = self::server("GetSubscriptionCategories", row(&cells)).await;
    assert!(server.by_token().subscription("en").await.expect("a subscription").products[0].is_product);
}

#[tokio::test]
async fn updates_of_37_and_of_33_columns() {
    let wide = server("ExecuteSPSearchUpdates", updates_content(&UPDATE_CELLS)).await;
    assert_eq!(wide.by_token().updates("de").await.expect("updates"), [update()]);
    sent(&wide, &format!("{SCOPE}<preferredCulture>de</preferredCulture>{STATE}"));

    let kept = |index: &usize| !matches!(index, 3 | 29..=31);
    let cells: Vec<_> = (0..37).filter(kept).map(|index| UPDATE_CELLS[index]).collect();
    let narrow = server("ExecuteSPSearchUpdates", updates_content(&cells)).await;
    let untold = Update { number: None, title: None, description: None, ..update() };
    assert_eq!(narrow.by_token().updates("de").await.expect("updates"), [untold]);

    let single = server("ExecuteSPGetUpdateById", updates_content(&UPDATE_CELLS)).await;
    assert_eq!(single.by_token().update(identity(), "en").await.expect("an update"), Some(update()));
    let other = UpdateIdentity { revision: 200, ..identity() };
    assert_eq!(single.by_token().update(other, "en").await.expect("an update"), None);
}

/// Large answers are read on a thread of their own.
#[tokio::test]
async fn many_updates_at_once() {
    let content = format!("<minimalProperties>{}</minimalProperties>", row(&UPDATE_CELLS).repeat(300));
    assert!(content.len() > 512 << 10, "{}", content.len());
    let server = server("ExecuteSPSearchUpdates", content).await;
    assert_eq!(server.by_token().updates("en").await.expect("updates").len(), 300);
}

/// Whether a row comes back is not known.
#[tokio::test]
async fn a_withdrawal_needs_no_row() {
    let script = one("ExecuteSPDeployUpdate1", |asked| Answer(answer(&asked.operation, "")));
    let wsus = Server::start(script).await.by_token();
    wsus.withdraw(identity(), group_id(GROUP), "anna").await.expect("it is withdrawn");
    let (group, action) = (group_id(GROUP), ApprovalAction::Install);
    let approving = Approving { update: identity(), group, action, deadline: None, who: "anna" };
    let error = wsus.approve(approving).await.expect_err("no row").to_string();
    assert_eq!(error, "its answer to ExecuteSPDeployUpdate1 has no approval that can be: nothing");
}

#[tokio::test]
async fn counts() {
    let server = server("ExecuteSPGetUpdateCount", "2203".to_owned()).await;
    assert_eq!(server.by_token().update_count().await.expect("a count"), 2203);
    sent(&server, &format!("{SCOPE}{CULTURE}{STATE}"));
    let row = |state, count, time| {
        row(&[("guid", UPDATE), ("nil", ""), ("nil", ""), ("int", state), ("int", count), ("dateTime", time)])
    };
    let rows = [
        row("2", "400", "2026-10-04T15:37:08"),
        row("3", "12", "2026-10-05T15:37:08"),
        row("5", "9", "0001-01-01T00:00:00"),
    ];
    let server = self::server("ExecuteSPGetSummariesPerUpdate", rows.concat()).await;
    let summaries = server.by_token().update_summaries(Scope::Own).await.expect("summaries");
    sent(&server, &format!("{SCOPE}{OWN}{CULTURE}{STATE}"));
    let [UpdateSummary { update, counts }] = summaries.as_slice() else { panic!("{summaries:?}") };
    assert_eq!(*update, identity().id);
    let found = InstallationState::ALL.map(|state| counts.of(state));
    assert_eq!((found, counts.needed()), ([0, 0, 400, 12, 0, 9, 0], 412));
    assert_eq!(counts.last_changed, Some(time("2026-10-05T15:37:08Z")));
}

#[tokio::test]
async fn an_update_on_a_computer() {
    let cells =
        [("guid", UPDATE), ("string", COMPUTER), ("unsignedByte", "6"), ("int", "0"), ("guid", GROUP)];
    let server = server("ExecuteSPGetUpdateInstallationInfoForComputer", row(&cells)).await;
    let found = server.by_token().installations_on(&computer_id()).await.expect("installations");
    let expected = Installation {
        update: identity().id,
        computer: computer_id(),
        state: InstallationState::PendingRestart,
        action: Some(Action::Install),
        group: Some(group_id(GROUP)),
    };
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn approvals_and_their_withdrawal() {
    let server = server("ExecuteSPDeployUpdate1", single(&DEPLOYMENT_CELLS)).await;
    let wsus = server.by_token();
    let parameters = |action, group, deadline| {
        format!(
            "<updateId><UpdateId>{UPDATE}</UpdateId><RevisionNumber>201</RevisionNumber></updateId>\
             <deploymentAction>{action}</deploymentAction><targetGroupId>{group}</targetGroupId>\
             <deadline>{deadline}</deadline><adminName>anna</adminName><isAssigned>true</isAssigned>"
        )
    };
    let never = "9999-12-31T23:59:59.997";
    let deadline = Some(time("2026-12-24T03:00:00Z"));
    for (action, number, deadline, text) in [
        (ApprovalAction::Install, 0, None, never),
        (ApprovalAction::Uninstall, 1, deadline, "2026-12-24T03:00:00Z"),
        (ApprovalAction::Block, 3, None, never),
    ] {
        let approving =
            Approving { update: identity(), group: group_id(GROUP), action, deadline, who: "anna" };
        let approval = wsus.approve(approving).await.expect("an approval");
        assert_eq!((approval.update, approval.group), (identity(), group_id(GROUP)));
        assert_eq!((approval.action, approval.deadline), (Action::Install, None));
        assert_eq!(approval.who.as_deref(), Some("EXAMPLE\\anna"));
        sent(&server, &parameters(number, GROUP, text));
    }
    wsus.withdraw(identity(), group_id(GROUP), "anna").await.expect("it is withdrawn");
    sent(&server, &parameters(2, GROUP, never));
    wsus.undo_decline(identity(), "anna").await.expect("it is no longer declined");
    sent(&server, &parameters(2, ALL, never));
}

#[tokio::test]
async fn nothing_is_approved_on_a_replica() {
    let server = server("ExecuteSPGetConfiguration", settings(&[("ReplicaMode", "true")])).await;
    let error = server.by_token().withdraw(identity(), group_id(GROUP), "anna").await.expect_err("a replica");
    assert!(matches!(error, Error::Replica { .. }), "{error}");
    assert!(!server.operations().contains(&"ExecuteSPDeployUpdate1".to_owned()));
}

#[tokio::test]
async fn whether_a_server_synchronises() {
    for (phase, state, expected) in [("0", "1", false), ("0", "2", true), ("0", "3", true), ("1", "1", true)]
    {
        let server = Server::start(move |asked| {
            Answer(match asked.operation.as_str() {
                "GetSubscriptionState" => result("GetSubscriptionState", state),
                "GetServerSyncProgress" => {
                    let cells = [("int", phase), ("int", "300"), ("long", "7")];
                    result("GetServerSyncProgress", &row(&cells))
                }
                other => good(other).expect("an answer"),
            })
        })
        .await;
        let progress = server.by_token().sync_progress().await.expect("progress");
        assert_eq!((progress.is_running, progress.total, progress.processed), (expected, 300, 7));
    }
}

fn event_row(id: &str, number: u32, time: &str) -> String {
    format!(
        "<EventHistoryTableRow><EventInstanceId>{id}</EventInstanceId><EventId>{number}</EventId>\
         <NamespaceId>2</NamespaceId><SourceId>1</SourceId><TimeAtTarget>{time}</TimeAtTarget>\
         <TimeAtServer>{time}</TimeAtServer><StateId>0</StateId><SeverityId>4</SeverityId>\
         <Win32HResult>-2146232062</Win32HResult><MessageTemplate>It failed.</MessageTemplate>\
         <ComputerId i:nil=\"true\"/><UpdateId>00000000-0000-0000-0000-000000000000</UpdateId>\
         <RevisionNumber>0</RevisionNumber></EventHistoryTableRow>"
    )
}

#[tokio::test]
async fn how_a_synchronisation_ended() {
    let rows = [
        event_row(UPDATE, 386, "2026-10-04T15:00:00"),
        event_row(GROUP, 382, "2026-10-04T15:00:00"),
        event_row(ALL, 387, "2026-10-04T15:00:01"),
        event_row(SERVER, 381, "2026-10-04T14:00:00"),
    ];
    let server = server("ExecuteSPSearchEventHistory", rows.concat()).await;
    let events = server.by_token().sync_events(time("2026-10-01T00:00:00Z")).await.expect("events");
    let body = server.asked().pop().expect("a request").body;
    for number in [381, 382, 384, 385, 386] {
        let filter = format!("<NamespaceId>2</NamespaceId><EventId>{number}</EventId>");
        assert!(body.contains(&filter), "{body}");
    }
    assert!(body.contains("<fromTimeAtServer>2026-10-01T00:00:00Z</fromTimeAtServer>"), "{body}");
    assert!(body.contains("<toTimeAtServer>2100-01-01T00:00:00Z</toTimeAtServer>"), "{body}");
    let kinds: Vec<_> = events.iter().map(|event| event.kind.clone()).collect();
    let failed = SyncEventKind::Failed { hresult: -2146232062, message: Some("It failed.".to_owned()) };
    let expected = [
        SyncEventKind::Started(SyncStart::Schedule),
        SyncEventKind::Started(SyncStart::Hand),
        failed.clone(),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(outcome(&events).map(|event| &event.kind), Some(&failed));
    assert_eq!(outcome(&events[..2]), None);
    assert_eq!(outcome(&[]), None);
}

#[tokio::test]
async fn servers_below() {
    let cells = [
        ("string", "lower.example"),
        ("guid", SERVER),
        ("dateTime", "2026-10-04T15:37:08"),
        ("nil", ""),
        ("dateTime", "1753-01-01T00:00:00"),
        ("string", "10.0.26100.1"),
        ("boolean", "true"),
    ];
    let server = server("ExecuteSPGetAllDownstreamServers", row(&cells)).await;
    let found = server.by_token().downstream_servers().await.expect("servers");
    sent(
        &server,
        "<parentServerId>00000000-0000-0000-0000-000000000000</parentServerId>\
         <includeNestedChildren>true</includeNestedChildren>",
    );
    let expected = DownstreamServer {
        id: SERVER.parse().expect("an id"),
        name: Some("lower.example".to_owned()),
        parent: None,
        version: Some("10.0.26100.1".to_owned()),
        mode: Mode::Replica,
        last_sync: Some(time("2026-10-04T15:37:08Z")),
        last_rollup: None,
    };
    assert_eq!(found, [expected]);
}

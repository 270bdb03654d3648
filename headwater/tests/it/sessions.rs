//! Cookies and what outlives them: restarts, crashes, other servers.

use headwater_api::ApprovalAction;
use headwater_model::{GroupId, Timestamp};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_simulated_agent::{Agent, DetectoidsInstalled, Stage};
use headwater_testkit::builders::{Document, Update, id};
use headwater_testkit::{ServerOptions, TestClock, TestServer, client_id};
use headwater_wsus::simple_auth::GetAuthorizationCookie;
use headwater_wsus::soap::{ErrorCode, Request, decode_response, encode_request};
use headwater_wsus::wusp::{
    AuthorizationCookie, Cookie, DeploymentAction, GetConfig, GetCookie, SyncUpdateParameters, SyncUpdates,
};

use crate::wire::{SIMPLE_AUTH, post};

fn documents() -> Vec<Document> {
    let documents = [
        Update::product(2, "Product"),
        Update::software(10, "First").in_category(2),
        Update::software(11, "Second").in_category(2),
    ];
    documents.iter().map(Update::document).collect()
}

async fn with_clock() -> (TestServer, TestClock) {
    let clock = TestClock::of_the_captures();
    let options = ServerOptions { clock: Some(clock.clone()), ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    server.admin.import(&documents()).await.expect("imports");
    (server, clock)
}

/// What the server says to a cookie.
async fn judge(agent: &mut Agent, cookie: Cookie) -> Option<ErrorCode> {
    let request = SyncUpdates { cookie, parameters: SyncUpdateParameters::default() };
    match agent.call(&request).await.expect("answers") {
        Ok(_) => None,
        Err(fault) => Some(fault.code.expect("a code")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_cookie_has_its_fault() {
    let (server, clock) = with_clock().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    let good = agent.walk.cookie().expect("has one").clone();
    assert_eq!(judge(&mut agent, good.clone()).await, None);
    let with = |data: Vec<u8>| Cookie { encrypted_data: data, ..good.clone() };

    let mut forged = good.encrypted_data.clone();
    *forged.last_mut().expect("has bytes") ^= 1;
    let cut = good.encrypted_data[1..].to_vec();
    for data in [forged, cut, Vec::new(), vec![0; 200], vec![0xff; 16_000]] {
        assert_eq!(judge(&mut agent, with(data)).await, Some(ErrorCode::InvalidCookie));
    }

    // The copy that the agent can read is not believed.
    let prolonged = Cookie { expiration: Timestamp::MAX, ..good.clone() };
    clock.advance(3599);
    assert_eq!(judge(&mut agent, prolonged.clone()).await, None);
    clock.advance(1);
    assert_eq!(judge(&mut agent, prolonged).await, Some(ErrorCode::CookieExpired));

    let (other, _) = with_clock().await;
    let mut stranger = other.agent(1, DetectoidsInstalled);
    let foreign = judge(&mut stranger, good).await;
    assert!(matches!(foreign, Some(ErrorCode::InvalidCookie | ErrorCode::ServerChanged)), "{foreign:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_one_kind_is_none_of_another() {
    let (server, clock) = with_clock().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    let request = GetAuthorizationCookie {
        client_id: client_id(1),
        target_group_name: None,
        dns_name: "pc1.test.example".to_owned(),
    };
    let answer = post(&server, SIMPLE_AUTH, "", encode_request(&request).as_bytes()).await;
    let authorization =
        decode_response::<GetAuthorizationCookie>(&answer.text()).expect("a message").expect("no fault");
    let authorization = authorization.result;
    let expiration = clock.now().plus_seconds(3600);
    let taken = Cookie { expiration, encrypted_data: authorization.cookie_data.clone() };
    assert_eq!(judge(&mut agent, taken).await, Some(ErrorCode::InvalidCookie));

    let config = agent.call(&GetConfig { protocol_version: "2.90".to_owned() }).await.expect("answers");
    let last_change = config.expect("no fault").result.last_change;
    let get_cookie = |authorization: AuthorizationCookie, last_change| GetCookie {
        auth_cookies: vec![authorization],
        old_cookie: None,
        last_change,
        current_time: clock.now(),
        protocol_version: "2.90".to_owned(),
    };
    let cookie = agent.call(&get_cookie(authorization.clone(), last_change)).await.expect("answers");
    let cookie = cookie.expect("no fault").result;
    assert_eq!(cookie.expiration, expiration, "an hour (fact 14)");
    assert_eq!(judge(&mut agent, cookie.clone()).await, Some(ErrorCode::RegistrationRequired));

    let taken = AuthorizationCookie { cookie_data: cookie.encrypted_data, ..authorization.clone() };
    let fault = agent.call(&get_cookie(taken, last_change)).await.expect("answers").expect_err("a fault");
    assert_eq!(fault.code, Some(ErrorCode::InvalidAuthorizationCookie));
    assert_eq!(fault.method, GetCookie::action());
    let fault = agent.call(&get_cookie(authorization.clone(), Timestamp::EPOCH)).await.expect("answers");
    assert_eq!(fault.expect_err("a fault").code, Some(ErrorCode::ConfigChanged));
    clock.advance(3600);
    let fault = agent.call(&get_cookie(authorization, last_change)).await.expect("answers");
    assert_eq!(fault.expect_err("a fault").code, Some(ErrorCode::InvalidAuthorizationCookie));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_returns_after_a_day_is_told_what_changed_and_nothing_else() {
    let (server, clock) = with_clock().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    server.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    clock.advance(22 * 3600);
    // It does not look at its clock, and so learns from the server that its cookie is over.
    let mut late = agent.with_clock(TestClock::of_the_captures().for_agent());
    let scan = late.scan().await.expect("scans");
    assert_eq!(scan.faults, [ErrorCode::CookieExpired]);
    assert_eq!((scan.new.len(), scan.changed.len(), scan.out_of_scope.len()), (0, 1, 0));
    assert_eq!(late.action(id(10)), Some(DeploymentAction::Install));
}

/// All that a server knows, as agents and administrators see it.
async fn seen(server: &TestServer, pilot: GroupId) -> (usize, usize, u64, Vec<String>) {
    let computers = server.admin.computers().await.expect("lists");
    let status = server.admin.server().await.expect("answers");
    let approvals = server.admin.update(id(10)).await.expect("is known").approvals;
    assert_eq!(approvals[0].group, pilot);
    let groups = computers[0].groups.iter().map(|group| group.name.clone()).collect();
    (computers.len(), approvals.len(), status.catalogue.revisions, groups)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_and_agents_do_not_notice() {
    let server = TestServer::start().await;
    server.admin.import(&documents()).await.expect("imports");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    let pilot = server.admin.create_group("Pilot", None).await.expect("is made");
    server.admin.move_computer(&client_id(1), &[pilot]).await.expect("moves");
    server.admin.approve(id(10), pilot, ApprovalAction::Install).await.expect("approves");
    server.admin.decline(id(11)).await.expect("declines");
    let before = seen(&server, pilot).await;
    assert_eq!(before, (1, 1, 3, vec!["Pilot".to_owned()]));

    let server = server.restart().await;
    assert_eq!(seen(&server, pilot).await, before);
    agent.move_to(&server.updates_url).expect("an address");
    let scan = agent.scan().await.expect("scans");
    assert_eq!(scan.faults, [], "the cookie is still good, and the configuration has not changed");
    assert_eq!((scan.new.len(), scan.changed.len(), scan.out_of_scope.len()), (0, 1, 1));
    assert_eq!(agent.action(id(10)), Some(DeploymentAction::Install));
    assert_eq!(agent.action(id(11)), None);

    let server = server.crash().await;
    assert_eq!(seen(&server, pilot).await, before);
    agent.move_to(&server.updates_url).expect("an address");
    let scan = agent.scan().await.expect("scans");
    assert_eq!((scan.faults.len(), scan.new.len(), scan.changed.len()), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_survives_a_crash_at_once() {
    let mut server = TestServer::start().await;
    server.admin.import(&documents()).await.expect("imports");
    let pilot = server.admin.create_group("Pilot", None).await.expect("is made");
    server.admin.approve(id(10), pilot, ApprovalAction::Install).await.expect("approves");
    for number in 1..=3 {
        let mut agent = server.agent(number, DetectoidsInstalled);
        agent.run([Stage::RegisterComputer]).await.expect("registers");
        server.admin.move_computer(&client_id(number), &[pilot]).await.expect("moves");
        server = server.crash().await;
        agent.move_to(&server.updates_url).expect("an address");
        let scan = agent.scan().await.expect("scans");
        assert_eq!(scan.faults, []);
        assert_eq!(agent.action(id(10)), Some(DeploymentAction::Install));
    }
    assert_eq!(server.admin.computers().await.expect("lists").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_serves_one_server_at_a_time() {
    let server = TestServer::start().await;
    let Err(refused) = server.start_twice().await else { panic!("two servers on one folder") };
    assert!(refused.to_string().contains("another headwater works on"), "{refused}");
    assert_eq!(server.restart().await.admin.computers().await.expect("lists").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_with_the_same_catalogue_in_another_order_exchange_an_agent() {
    let (first, second) = (TestServer::start().await, TestServer::start().await);
    let mut documents: Vec<Document> = vec![Update::product(2, "Product").document()];
    let parts = (1000..1250).map(|number| Update::member(number, "Part").document());
    let wholes = (100..350)
        .map(|number| Update::software(number, "Whole").in_category(2).bundles(&[number + 900]).document());
    documents.extend(parts.chain(wholes));
    first.admin.import(&documents).await.expect("imports");
    for half in [&documents[251..], &documents[..251]] {
        second.admin.import(half).await.expect("imports");
    }
    let mut agent = first.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    assert_eq!(agent.walk.cache().len(), 501);
    let action = |agent: &Agent, update| agent.action(id(update)).expect("is known");
    agent.move_to(&second.updates_url).expect("an address");
    let scan = agent.scan().await.expect("scans");
    assert_eq!(agent.walk.cache().len(), 501);
    assert_eq!(scan.new.len(), 250, "parts are not refreshed (fact 29)");
    assert_eq!(action(&agent, 100), DeploymentAction::PreDeploymentCheck);
    assert_eq!(action(&agent, 1000), DeploymentAction::Bundle);
    let later = agent.scan().await.expect("scans");
    assert_eq!((later.faults.len(), later.new.len(), later.out_of_scope.len()), (0, 0, 0));
}

//! What a downstream server asks and is answered, over real sockets.

use headwater_api::ApprovalAction;
use headwater_encoding::cabinet::unpack_document;
use headwater_model::{GroupId, Guid, Sha1Digest, UpdateIdentity};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_testkit::builders::{Document, Update, id};
use headwater_testkit::{ServerOptions, TestClock, TestServer, shared};
use headwater_wsus::soap::{ErrorCode, Fault, Request, decode_response, encode_request};
use headwater_wsus::wsusss::*;

use crate::wire::{Answer, capture, post, raw, skeleton};

const SYNC: &str = "/ServerSyncWebService/ServerSyncWebService.asmx";
const AUTH: &str = "/dssauthwebservice/DSSAUTHWEBSERVICE.asmx";

/// A downstream server by hand.
struct Downstream<'a> {
    server: &'a TestServer,
    cookie: Cookie,
}

pub async fn call<R: Request>(server: &TestServer, path: &str, request: &R) -> Result<R::Response, Fault> {
    let answer = post(server, path, "Accept-Encoding: xpress\r\n", encode_request(request).as_bytes()).await;
    let text = answer.text();
    let response = decode_response::<R>(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(answer.status(), if response.is_ok() { 200 } else { 500 });
    response
}

fn account(name: &str, guid: &str) -> GetAuthorizationCookie {
    GetAuthorizationCookie { account_name: name.into(), account_guid: guid.into(), program_keys: Vec::new() }
}

const GUID: &str = "6f1c2f6e-3f0b-4d3a-9b1e-0d2f6a1c5e12";

impl<'a> Downstream<'a> {
    async fn of(server: &'a TestServer) -> Self {
        let config = call(server, SYNC, &GetAuthConfig {}).await.expect("a configuration");
        assert_eq!(config.result.auth_info[0].service_url, "DssAuthWebService/DssAuthWebService.asmx");
        let authorization = call(server, AUTH, &account("probe.lab.invalid", GUID)).await.expect("a cookie");
        let request = GetCookie {
            auth_cookies: vec![authorization.result],
            old_cookie: None,
            protocol_version: "1.20".into(),
        };
        let cookie = call(server, SYNC, &request).await.expect("a cookie").result;
        Self { server, cookie }
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response, Fault> {
        call(self.server, SYNC, request).await
    }

    async fn revisions(&self, filter: ServerSyncFilter) -> RevisionIdList {
        let request = GetRevisionIdList { cookie: self.cookie.clone(), filter };
        self.ask(&request).await.expect("a list").result
    }

    async fn documents(&self, ids: &[UpdateIdentity]) -> Result<ServerUpdateData, Fault> {
        let request = GetUpdateData { cookie: self.cookie.clone(), update_ids: ids.to_vec() };
        Ok(self.ask(&request).await?.result)
    }

    async fn deployments(&self, after: Option<&str>, until: &str) -> ServerSyncDeploymentResult {
        let request = GetDeployments {
            cookie: self.cookie.clone(),
            deployment_anchor: after.map(str::to_owned),
            sync_anchor: Some(until.to_owned()),
        };
        self.ask(&request).await.expect("deployments").result
    }
}

fn document(update: &ServerSyncUpdateData) -> String {
    match (&update.xml_update_blob, &update.xml_update_blob_compressed) {
        (Some(text), None) => text.clone(),
        (None, Some(cabinet)) => unpack_document(cabinet, 256 << 20).expect("unpacks"),
        other => panic!("one blob is expected, not {other:?}"),
    }
}

/// The same message with the cookie of a real handshake.
fn with_cookie(request: &str, cookie: &Cookie) -> String {
    let text = encode_request(&GetConfigData { cookie: cookie.clone(), config_anchor: None });
    let between = |text: &str| {
        let from = text.find("<EncryptedData>").expect("a cookie");
        text[from..text.find("</EncryptedData>").expect("its end")].to_owned()
    };
    request.replace(&between(request), &between(&text))
}

/// The structure of a message: of entries of a list, one.
fn structure(xml: &str) -> Vec<(usize, &str)> {
    let mut names = skeleton(xml);
    names.dedup();
    let mut at = 0;
    while at < names.len() {
        for len in 1..=12.min((names.len() - at) / 2) {
            while names.len() >= at + 2 * len && names[at..at + len] == names[at + len..at + 2 * len] {
                names.drain(at + len..at + 2 * len);
            }
        }
        at += 1;
    }
    names
}

async fn with_real_documents() -> Option<TestServer> {
    let server = TestServer::start().await;
    server.admin.import_path(&shared("wsus-data/export/wsus-export-2024-07.cab")?).await.expect("imports");
    let folder = tempfile::tempdir().expect("a folder");
    for file in std::fs::read_dir(shared("wsus-data/documents")?).expect("reads") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            std::fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("copies");
        }
    }
    server.admin.import_path(folder.path()).await.expect("imports");
    Some(server)
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_requests_get_answers_of_the_captured_structure() {
    let Some(server) = with_real_documents().await else { return };
    let capture = |name: &str| capture(&format!("server-sync/{name}")).expect("is there");
    let same = |answer: &Answer, name: &str| {
        assert!(answer.head.contains("content-type: text/xml; charset=utf-8\r\n"), "{}", answer.head);
        assert_eq!(structure(&answer.text()), structure(&capture(name)), "{name}");
    };
    let body = encode_request(&GetAuthConfig {});
    same(&post(&server, SYNC, "", body.as_bytes()).await, "001-GetAuthConfig.response.xml");
    let request = capture("002-GetAuthorizationCookie.request.xml");
    assert_eq!(post(&server, AUTH, "", request.as_bytes()).await.status(), 200);
    let refused = post(&server, SYNC, "", capture("003-GetCookie.request.xml").as_bytes()).await;
    assert!(refused.text().contains("<ErrorCode>InvalidAuthorizationCookie</ErrorCode>"));

    let downstream = Downstream::of(&server).await;
    let cookie = &downstream.cookie;
    let config = encode_request(&GetConfigData { cookie: cookie.clone(), config_anchor: None });
    same(&post(&server, SYNC, "", config.as_bytes()).await, "005-GetConfigData.response.xml");

    let request = with_cookie(&capture("009-GetRevisionIdList.request.xml"), cookie);
    let answer = post(&server, SYNC, "", request.as_bytes()).await;
    same(&answer, "009-GetRevisionIdList.response.xml");
    let list =
        decode_response::<GetRevisionIdList>(&answer.text()).expect("a list").expect("no fault").result;
    assert!(list.new_revisions.iter().any(|one| one.id.to_string().starts_with("266f6222")), "{list:?}");

    let request = with_cookie(&capture("014-GetUpdateData.request.xml"), cookie);
    let without_url = |xml| {
        structure(xml)
            .into_iter()
            .filter(|(_, name)| *name != "MUUrl")
            .map(|(depth, name)| (depth, name.to_owned()))
            .collect::<Vec<_>>()
    };
    let answer = post(&server, SYNC, "", request.as_bytes()).await;
    assert_eq!(without_url(&answer.text()), without_url(&capture("014-GetUpdateData.response.xml")));

    // Each real answer's document comes back as it was, in the same kind of blob.
    for name in ["013", "014", "015", "016"] {
        let real = decode_response::<GetUpdateData>(&capture(&format!("{name}-GetUpdateData.response.xml")));
        let real = real.expect("a message").expect("no fault").result;
        let ours = downstream.documents(&[real.updates[0].id]).await.expect("documents");
        assert_eq!(document(&ours.updates[0]), document(&real.updates[0]), "{name}");
        assert_eq!(ours.updates[0].xml_update_blob.is_some(), real.updates[0].xml_update_blob.is_some());
        assert_eq!(ours.updates[0].file_digest_list, real.updates[0].file_digest_list);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_those_of_a_real_server() {
    let server = TestServer::start().await;
    server.admin.import(&[Update::product(1, "P").document()]).await.expect("imports");
    let downstream = Downstream::of(&server).await;
    let known = UpdateIdentity { id: id(1), revision: 200 };
    let fault =
        downstream.documents(&[known, UpdateIdentity { id: id(1), revision: 7 }]).await.expect_err("a fault");
    assert_eq!((fault.code, &*fault.message), (Some(ErrorCode::InternalServerError), ""));
    assert_eq!(fault.actor.as_deref(), Some(&*format!("http://wsus.example:8530{SYNC}")));
    assert_eq!(fault.method, "http://www.microsoft.com/SoftwareDistribution/GetUpdateData");
    assert!(downstream.documents(&[known; 100]).await.is_ok());
    let fault = downstream.documents(&[known; 101]).await.expect_err("a fault");
    assert_eq!((fault.code, &*fault.message), (Some(ErrorCode::InvalidParameters), "updateIds"));

    let filter = ServerSyncFilter { anchor: Some("not-an-anchor".into()), ..Default::default() };
    let list = GetRevisionIdList { cookie: downstream.cookie.clone(), filter };
    let body = encode_request(&list);
    let answer = post(&server, SYNC, "", body.as_bytes()).await;
    assert!(answer.text().contains("<Message>filter</Message>"), "{}", answer.text());
    if let Some(real) = capture("server-sync/018-Fault.response.xml") {
        assert_eq!(skeleton(&answer.text()), skeleton(&real));
    }
    // An anchor from before a restore lies ahead of us.
    let filter =
        ServerSyncFilter { anchor: Some("999999,2026-10-04 16:33:26.670".into()), ..Default::default() };
    let list = GetRevisionIdList { cookie: downstream.cookie.clone(), filter };
    assert_eq!(downstream.ask(&list).await.expect_err("a fault").code, Some(ErrorCode::ServerChanged));

    let deployments = |after: Option<&str>, until: Option<&str>| GetDeployments {
        cookie: downstream.cookie.clone(),
        deployment_anchor: after.map(str::to_owned),
        sync_anchor: until.map(str::to_owned),
    };
    for (request, parameter) in [
        (deployments(Some("x"), Some("1,2026-10-04 16:33:26.670")), "deploymentAnchor"),
        (deployments(None, Some("x")), "syncAnchor"),
        (deployments(None, Some("")), "syncAnchor"),
        (deployments(None, None), "syncAnchor"),
    ] {
        let fault = downstream.ask(&request).await.expect_err("a fault");
        assert_eq!((fault.code, &*fault.message), (Some(ErrorCode::InvalidParameters), parameter));
    }
    let missing = Sha1Digest([7; 20]);
    let request = DownloadFiles { cookie: downstream.cookie.clone(), file_digest_list: vec![missing; 2] };
    let fault = downstream.ask(&request).await.expect_err("a fault");
    let listed = format!("{0}|{0}", missing.to_base64());
    assert_eq!((fault.code, fault.message), (Some(ErrorCode::FileDigestsMissing), listed));
    let request = DownloadFiles { cookie: downstream.cookie.clone(), file_digest_list: vec![missing; 101] };
    assert_eq!(downstream.ask(&request).await.expect_err("a fault").message, "fileDigestList");
    let ping = call(&server, SYNC, &Ping { ping_level: 0 }).await.expect_err("a fault");
    assert_eq!(ping.code, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_went_through_the_handshake_is_answered() {
    let clock = TestClock::of_the_captures();
    let options = ServerOptions { clock: Some(clock.clone()), ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    for (request, parameter) in [
        (account("", GUID), "accountName"),
        (account("a b", GUID), "accountName"),
        (account("probe", ""), "accountGuid"),
        (account("probe", "6f1c2f6e"), "accountGuid"),
    ] {
        let fault = call(&server, AUTH, &request).await.expect_err("a fault");
        assert_eq!((fault.code, &*fault.message), (Some(ErrorCode::InvalidParameters), parameter));
    }
    let authorization = call(&server, AUTH, &account("probe", GUID)).await.expect("a cookie").result;
    let get_cookie = |authorizations: Vec<AuthorizationCookie>, version: &str| GetCookie {
        auth_cookies: authorizations,
        old_cookie: None,
        protocol_version: version.into(),
    };
    let forged = AuthorizationCookie { cookie_data: vec![0; 512], ..authorization.clone() };
    for (request, code, message) in [
        (get_cookie(Vec::new(), "1.20"), ErrorCode::InvalidParameters, "authCookies"),
        (get_cookie(vec![authorization.clone(); 2], "1.20"), ErrorCode::InvalidParameters, "authCookies"),
        (get_cookie(vec![forged], "1.20"), ErrorCode::InvalidAuthorizationCookie, ""),
        (get_cookie(vec![authorization.clone()], "1"), ErrorCode::InvalidParameters, "protocolVersion"),
        (get_cookie(vec![authorization], "2.0"), ErrorCode::IncompatibleProtocolVersion, ""),
    ] {
        let fault = call(&server, SYNC, &request).await.expect_err("a fault");
        assert_eq!((fault.code, &*fault.message), (Some(code), message));
    }

    let downstream = Downstream::of(&server).await;
    let config = |cookie: Cookie| GetConfigData { cookie, config_anchor: None };
    let minutes = downstream.cookie.expiration.as_micros() - clock.now().as_micros();
    assert_eq!(minutes / 60_000_000, 240);
    assert!(downstream.ask(&config(downstream.cookie.clone())).await.is_ok());
    let empty = Cookie { encrypted_data: Vec::new(), ..downstream.cookie.clone() };
    let agents = Cookie { encrypted_data: vec![1; 215], ..downstream.cookie.clone() };
    for cookie in [empty, agents] {
        let fault = downstream.ask(&config(cookie)).await.expect_err("a fault");
        assert_eq!(fault.code, Some(ErrorCode::InvalidCookie));
    }
    let bare = encode_request(&config(downstream.cookie.clone()));
    let (from, to) = (bare.find("<cookie>").expect("one"), bare.find("</cookie>").expect("its end"));
    let bare = [&bare[..from], &bare[to + "</cookie>".len()..]].concat();
    assert!(post(&server, SYNC, "", bare.as_bytes()).await.text().contains("<ErrorCode>InvalidCookie<"));
    clock.advance(240 * 60);
    let fault = downstream.ask(&config(downstream.cookie.clone())).await.expect_err("a fault");
    assert_eq!(fault.code, Some(ErrorCode::InvalidCookie));
}

/// Text that no compressor makes much shorter.
fn noise(characters: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ characters as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[(state % 64) as usize] as char
    };
    (0..characters).map(|_| next()).collect()
}

fn noisy(number: u32, characters: usize) -> Document {
    let mut document = Update::software(number, "noise").padded(characters).document();
    document.xml = document.xml.replace(&"x".repeat(characters), &noise(characters));
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_at_two_million_bytes_and_holds_one_document_at_least() {
    let server = TestServer::start().await;
    let mut documents: Vec<Document> = (1..20).map(|number| noisy(number, 150_000)).collect();
    documents.push(noisy(20, 3_000_000));
    server.admin.import(&documents).await.expect("imports");
    let downstream = Downstream::of(&server).await;
    let mut wanted: Vec<UpdateIdentity> = documents.iter().map(|document| document.identity).collect();
    let mut answers = Vec::new();
    while !wanted.is_empty() {
        let answer = downstream.documents(&wanted).await.expect("documents");
        let ids: Vec<UpdateIdentity> = answer.updates.iter().map(|update| update.id).collect();
        assert_eq!(ids, wanted[..ids.len()], "in the order in which they were asked for");
        wanted.drain(..ids.len());
        for update in &answer.updates {
            let known = documents.iter().find(|document| document.identity == update.id).expect("known");
            assert!(document(update) == known.xml);
        }
        let request = GetUpdateData { cookie: downstream.cookie.clone(), update_ids: ids.clone() };
        let plain = post(&server, SYNC, "", encode_request(&request).as_bytes()).await;
        answers.push((ids.len(), plain.text().len()));
    }
    assert!(answers.len() >= 3, "{answers:?}");
    let (last, others) = answers.split_last().expect("answers");
    assert!(others.iter().all(|(_, bytes)| *bytes <= 2_000_000), "{answers:?}");
    assert!(last.0 == 1 && last.1 > 2_000_000, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments_are_told_between_two_anchors() {
    let server = TestServer::start().await;
    let documents = [Update::software(1, "one").document(), Update::software(2, "two").document()];
    server.admin.import(&documents).await.expect("imports");
    let downstream = Downstream::of(&server).await;
    let anchor = async || downstream.revisions(ServerSyncFilter::default()).await.anchor;
    let berlin = server.admin.create_group("Berlin", None).await.expect("a group");
    let approve = async |number: u32, group: GroupId| {
        server.admin.approve(id(number), group, ApprovalAction::Install).await.expect("approves");
    };
    approve(1, berlin).await;
    let first = anchor().await;
    approve(2, ALL_COMPUTERS).await;
    let second = anchor().await;

    let deployed = |result: &ServerSyncDeploymentResult| -> Vec<(u128, GroupId)> {
        let number =
            |deployment: &ServerSyncDeployment| u128::from_be_bytes(*deployment.update_id.as_bytes()) & 0xff;
        result.deployments.iter().map(|one| (number(one), one.target_group_id)).collect()
    };
    let early = downstream.deployments(None, &first).await;
    assert_eq!(deployed(&early), [(1, berlin)]);
    assert_eq!((early.dead_deployments.len(), early.groups.len()), (0, 4));
    let group = early.groups.iter().find(|group| group.target_group_id == berlin).expect("the group");
    assert_eq!((&*group.name, group.is_builtin, group.parent_group_id), ("Berlin", false, ALL_COMPUTERS));
    let deployment = &early.deployments[0];
    assert_eq!(
        (deployment.action, deployment.revision_number, deployment.deadline),
        (0, 200, Deadline(None))
    );
    assert_eq!((deployment.is_assigned, deployment.download_priority), (true, 1));
    assert_eq!(deployment.admin_name.as_deref(), Some("admin"));

    let later = downstream.deployments(Some(&early.anchor), &second).await;
    assert_eq!(deployed(&later), [(2, ALL_COMPUTERS)]);
    let nothing = downstream.deployments(Some(&later.anchor), &second).await;
    assert!(nothing.deployments.is_empty() && nothing.dead_deployments.is_empty());

    server.admin.withdraw(id(1), berlin).await.expect("withdraws");
    server.admin.decline(id(2)).await.expect("declines");
    let gone = downstream.deployments(Some(&nothing.anchor), &anchor().await).await;
    let ended: Vec<Guid> = vec![early.deployments[0].deployment_guid, later.deployments[0].deployment_guid];
    assert_eq!((deployed(&gone), gone.hidden_updates), (vec![], vec![id(2)]));
    assert_eq!(
        gone.dead_deployments.iter().collect::<std::collections::HashSet<_>>(),
        ended.iter().collect()
    );
    server.admin.undecline(id(2)).await.expect("undeclines");
    approve(2, ALL_COMPUTERS).await;
    let again = downstream.deployments(Some(&gone.anchor), &anchor().await).await;
    assert_eq!((deployed(&again), again.hidden_updates.len()), (vec![(2, ALL_COMPUTERS)], 0));

    // A new revision is a new deployment of the approval that follows it.
    let newer = Update::software(2, "two").revision(201).document();
    server.admin.import(&[newer]).await.expect("imports");
    let renewed = downstream.deployments(Some(&again.anchor), &anchor().await).await;
    assert_eq!(renewed.deployments[0].revision_number, 201);
    assert_eq!(renewed.dead_deployments, [again.deployments[0].deployment_guid]);
}

async fn changes(server: &TestServer, authorization: &str, after: u64) -> Answer {
    let request = format!(
        "GET /HEADWATER/v1/changes?after={after} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}\r\n"
    );
    raw(server, request.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_answers_those_who_wait_for_it() {
    let server = TestServer::start().await;
    assert_eq!(changes(&server, "", 0).await.status(), 401);
    let downstream = Downstream::of(&server).await;
    let cookie = encode_request(&GetConfigData { cookie: downstream.cookie.clone(), config_anchor: None });
    let cookie = cookie.split("<EncryptedData>").nth(1).and_then(|rest| rest.split('<').next()).expect("one");
    let authorization = format!("Authorization: Headwater {cookie}\r\n");
    let stamp = |answer: &Answer| {
        let text = answer.text();
        text.trim_start_matches("{\"stamp\":").trim_end_matches('}').parse::<u64>().expect("a stamp")
    };
    let now = stamp(&changes(&server, &authorization, 0).await);
    let waiting = changes(&server, &authorization, now);
    let began = std::time::Instant::now();
    let (answer, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        server.admin.create_group("Berlin", None).await.expect("a group");
    });
    assert!(stamp(&answer) > now);
    assert!((300..5_000).contains(&began.elapsed().as_millis()));
}

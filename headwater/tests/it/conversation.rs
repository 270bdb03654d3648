//! The captured conversations between an unmodified agent and a real WSUS, held with our server: the
//! agent's very requests, and answers that equal the real server's but for what each server gives
//! itself (numbers, cookies, times).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use headwater_catalog::UpdateKind;
use headwater_model::{UpdateId, UpdateIdentity};
use headwater_simulated_agent::{Core, DetectoidsInstalled, Evaluator as _};
use headwater_testkit::builders::{Document, REVISION, Update};
use headwater_testkit::{ServerOptions, TestClock, TestServer, shared};
use headwater_wsus::reporting::ReportEventBatch;
use headwater_wsus::soap::{decode, decode_response};
use headwater_wsus::wusp::GetExtendedUpdateInfo;

use crate::wire::{Answer, CLIENT, REPORTING, SIMPLE_AUTH, capture, fault, post, skeleton, texts, with};

/// The computer of the captures.
const CAPTURED: &str = "e1da06a3-5601-43c9-bac3-52d5db701494";

/// Shortly after the captured report was sent.
const REPORTED_AT: &str = "2026-10-04T15:20:48Z";

/// A server with the real catalogue, and an agent as far as it has come.
struct Conversation {
    server: TestServer,
    cookie: String,
}

impl Conversation {
    /// With the 4,125 documents of the export, and the nine.
    async fn start() -> Option<Self> {
        let export = shared("wsus-data/export/wsus-export-2024-07.cab")?;
        let documents = shared("wsus-data/documents")?;
        let clock = Some(TestClock::at(REPORTED_AT.parse().unwrap()));
        let server = TestServer::start_with(ServerOptions { clock, ..ServerOptions::default() }).await;
        let imported = server.admin.import_path(&export).await.expect("imports");
        assert_eq!((imported.documents, imported.quarantined.len()), (4_125, 0));
        server.admin.import_path(&documents).await.expect("imports");
        Some(Self { server, cookie: String::new() })
    }

    /// Does the captured handshake.
    async fn introduce(&mut self) {
        let config = self.client(&capture("client-scan/001-GetConfig.request.xml").unwrap()).await.text();
        let last_change = texts(&config, "LastChange")[0].to_owned();
        let request = capture("client-probe/002-GetAuthorizationCookie.request.xml").unwrap();
        let request = with(&request, "clientId", CAPTURED);
        let answer = post(&self.server, SIMPLE_AUTH, "", request.as_bytes()).await.text();
        let authorization = texts(&answer, "CookieData")[0].to_owned();

        let request = capture("client-scan/003-GetCookie.request.xml").unwrap();
        let request = with(&with(&request, "CookieData", &authorization), "lastChange", &last_change);
        let answer = self.client(&request).await.text();
        let expected = capture("client-scan/003-GetCookie.response.xml").unwrap();
        assert_eq!(masked(&answer), masked(&expected));
        self.cookie = texts(&answer, "EncryptedData")[0].to_owned();

        let answer = self.captured("client-scan/004-RegisterComputer.request.xml").await;
        assert_eq!(Some(answer.text()), capture("client-probe/004-RegisterComputer.response.xml"));
    }

    async fn client(&self, request: &str) -> Answer {
        post(&self.server, CLIENT, "Accept-Encoding: xpress\r\n", request.as_bytes()).await
    }

    /// Sends a request with the newest cookie, and keeps the one of the answer.
    async fn ask(&mut self, request: &str) -> Answer {
        let answer = self.client(&with(request, "EncryptedData", &self.cookie)).await;
        if let Some(cookie) = texts(&answer.text(), "EncryptedData").last() {
            self.cookie = (*cookie).to_owned();
        }
        answer
    }

    async fn captured(&mut self, name: &str) -> Answer {
        self.ask(&capture(name).unwrap()).await
    }
}

/// A message without what each server gives itself.
fn masked(xml: &str) -> String {
    let own = ["ID", "LastChangeTime", "Expiration", "EncryptedData"];
    own.into_iter().fold(xml.to_owned(), |xml, element| with(&xml, element, "…"))
}

/// A call of SyncUpdates that lists these as installed.
fn listing(request: &str, installed: &[&str]) -> String {
    let list: String = installed.iter().map(|id| format!("<int>{id}</int>")).collect();
    let after = "<ExpressQuery>false</ExpressQuery>";
    request.replace(after, &format!("{after}<InstalledNonLeafUpdateIDs>{list}</InstalledNonLeafUpdateIDs>"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_captured_category_scan_is_answered_as_it_was() {
    let Some(mut talk) = Conversation::start().await else { return };
    talk.introduce().await;
    let answer = talk.captured("client-scan/005-StartCategoryScan.request.xml").await;
    assert_eq!(Some(answer.text()), capture("client-scan/005-StartCategoryScan.response.xml"));

    let request = capture("client-scan/006-SyncUpdates.request.xml").unwrap();
    let answer = talk.ask(&request).await;
    let expected = capture("client-scan/006-SyncUpdates.response.xml").unwrap();
    assert_eq!(masked(&answer.text()), masked(&expected));
    let headers =
        ["cache-control: private", "content-type: text/xml; charset=utf-8", "vary: accept-encoding"];
    for header in headers {
        assert!(answer.head.contains(&format!("{header}\r\n")), "{header} in {}", answer.head);
    }
    assert!(answer.head.contains("content-length: ") && !answer.head.contains("transfer-encoding"));
    let text = answer.text();
    let company = texts(&text, "ID")[0];

    let answer = talk.ask(&listing(&request, &[company])).await.text();
    let family = texts(&answer, "ID")[0];
    assert!(answer.contains("6964AAB4-C5B5-43BD-A17D-FFB4346A8E1D"), "{answer}");

    let answer = talk.ask(&listing(&request, &[company, family])).await.text();
    let expected = capture("client-scan/008-SyncUpdates.response.xml").unwrap();
    assert_eq!(masked(&answer), masked(&expected));
    let product = texts(&answer, "ID")[0];

    let request = capture("client-scan/010-GetExtendedUpdateInfo.request.xml").unwrap();
    let mut asked = request;
    for (theirs, ours) in [("72571", product), ("108226", company), ("108231", family)] {
        asked = asked.replace(&format!("<int>{theirs}</int>"), &format!("<int>{ours}</int>"));
    }
    let answer = talk.ask(&asked).await.text();
    let expected = capture("client-scan/010-GetExtendedUpdateInfo.response.xml").unwrap();
    assert_eq!(skeleton(&answer), skeleton(&expected));
    let (found, expected) = (texts(&answer, "Xml"), texts(&expected, "Xml"));
    let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(set(&found[..3]), set(&expected[..3]), "first all Extended fragments (fact 33)");
    assert_eq!(set(&found[3..]), set(&expected[3..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_captured_report_is_taken_in() {
    let Some(mut talk) = Conversation::start().await else { return };
    talk.introduce().await;
    let request = capture("client-install/016-ReportEventBatch.request.xml").unwrap();
    let request = with(&request, "EncryptedData", &talk.cookie);
    let answer = post(&talk.server, REPORTING, "", request.as_bytes()).await;
    assert_eq!(Some(answer.text()), capture("client-install/016-ReportEventBatch.response.xml"));

    let store = &talk.server.app().store;
    let computer = store.computer(&CAPTURED.parse().unwrap()).await.unwrap().unwrap();
    let log = store.event_log(computer.computer).await.unwrap();
    // Of the three 148 the latest stays, or one of those at the same moment (fact 43).
    let kept: Vec<(u16, i32)> = log.entries().iter().map(|entry| (entry.event, entry.hresult)).collect();
    assert_eq!(kept, [(147, 0), (148, -2_145_123_272)]);
    let sent: ReportEventBatch = decode(&request).unwrap();
    assert_eq!(log.entries()[0].at, sent.event_batch[0].basic_data.time_at_target);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_of_anything_is_refused_with_the_name_of_the_parameter() {
    let Some(mut talk) = Conversation::start().await else { return };
    talk.introduce().await;
    let request = capture("client-scan/006-SyncUpdates.request.xml").unwrap();
    let ids = |count: i32| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>();
    let list = |ids: &[String]| listing(&request, &ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(talk.ask(&list(&ids(400))).await.status(), 200);
    let refused = talk.ask(&list(&ids(401))).await;
    let expected = capture("client-probe/141-Fault.response.xml").unwrap();
    assert_eq!((refused.status(), masked(&refused.text())), (500, masked(&expected)));
    assert!(refused.head.contains("connection: close"), "{}", refused.head);
    let repeated = talk.ask(&list(&vec!["1".to_owned(); 401])).await;
    assert_eq!(fault(&repeated).2, "parameters.InstalledNonLeafUpdateIDs", "entries count (fact 20)");

    let spec = request.replace("<SkipSoftwareSync>", "<SystemSpec/><SkipSoftwareSync>");
    assert_eq!(fault(&talk.ask(&spec).await).2, "parameters.SystemSpec");

    let request = capture("client-scan/010-GetExtendedUpdateInfo.request.xml").unwrap();
    let revisions = |count| ids(count).iter().map(|id| format!("<int>{id}</int>")).collect::<String>();
    assert_eq!(talk.ask(&with(&request, "revisionIDs", &revisions(50))).await.status(), 200);
    assert_eq!(fault(&talk.ask(&with(&request, "revisionIDs", &revisions(51))).await).2, "revisionIDs");
    assert_eq!(fault(&talk.ask(&with(&request, "infoTypes", "")).await).2, "infoTypes");
    assert_eq!(fault(&talk.ask(&with(&request, "locales", "")).await).2, "locales");

    let request = capture("client-scan/005-StartCategoryScan.request.xml").unwrap();
    let one = texts(&request, "requestedCategories")[0];
    let categories = |count| with(&request, "requestedCategories", &one.repeat(count));
    assert_eq!(talk.ask(&categories(199)).await.status(), 200);
    assert_eq!(fault(&talk.ask(&categories(200)).await).2, "requestedCategories");
}

/// Imports the documents with stand-ins for all that they name and that is not there; yields the
/// software among them.
async fn completed(server: &TestServer) -> Option<Vec<UpdateId>> {
    let folder = shared("wsus-data/documents")?;
    let mut known = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("reads") {
        let path = entry.expect("reads").path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let xml = std::fs::read_to_string(path).expect("reads");
            known.push(headwater_catalog::read(&xml).expect("a document").facts);
        }
    }
    server.admin.import_path(&folder).await.expect("imports");
    let software = known.iter().filter(|facts| facts.kind == UpdateKind::Software);
    let software: Vec<UpdateIdentity> = software.map(|facts| facts.identity).collect();
    // Some of it is offered as a part of bundles only, which are not all there.
    let whole = Update::software(1, "Whole").bundles_revisions(software.clone());
    let gates = known.iter().flat_map(|facts| &facts.prerequisites).flat_map(|clause| &clause.alternatives);
    let gates =
        gates.map(|id| Update::detectoid(0, "Gate").of(UpdateIdentity { id: *id, revision: REVISION }));
    let parts = known.iter().flat_map(|facts| facts.bundles.iter().flatten());
    let parts = parts.map(|part| Update::member(0, "Part").of(*part));
    let here: BTreeSet<UpdateId> = known.iter().map(|facts| facts.identity.id).collect();
    let stand_ins = gates.chain(parts).filter(|update| !here.contains(&update.identity().id));
    let stand_ins: Vec<Document> = stand_ins.chain([whole]).map(|update| update.document()).collect();
    server.admin.import(&stand_ins).await.expect("imports");
    Some(software.iter().map(|identity| identity.id).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn real_software_is_told_as_a_real_server_tells_it() {
    let server = TestServer::start().await;
    let Some(software) = completed(&server).await else { return };
    let cores = Arc::new(Mutex::new(HashMap::new()));
    let kept = cores.clone();
    let mut agent = server.agent(1, move |core: &Core<'_>| {
        kept.lock().unwrap().insert(core.identity.id, core.xml.to_owned());
        DetectoidsInstalled.evaluate(core)
    });
    agent.scan().await.expect("scans");
    for name in ["266f6222-c89d-43f2-9f8a-69340271e677", "a2fef9b0-7951-4c2c-a42b-9e351dd1c1fe"] {
        let path = shared(&format!("wsus-data/fragments/{name}-r200.core.xml")).unwrap();
        let core = cores.lock().unwrap().get(&name.parse().expect("an id")).cloned();
        assert_eq!(core, std::fs::read_to_string(path).ok(), "{name}");
    }
    let mut ids = Vec::new();
    for update in &software {
        let (id, _) = agent.walk.cache().of_update(*update).expect("is offered");
        ids.push(id);
    }
    let captured = capture("client-install/015-GetExtendedUpdateInfo.response.xml").unwrap();
    let captured = decode_response::<GetExtendedUpdateInfo>(&captured).expect("a message").expect("no fault");
    let request = capture("client-scan/010-GetExtendedUpdateInfo.request.xml").unwrap();
    let mut request: GetExtendedUpdateInfo = decode(&request).expect("a message");
    request.revision_ids = ids;
    request.cookie = agent.walk.cookie().expect("has one").clone();
    let answer = agent.call(&request).await.expect("answers").expect("no fault").result;
    assert_eq!(answer.updates.len(), 12, "two fragments each");
    for update in &answer.updates {
        // This number was taken out of the captured texts, and left in the properties.
        let cleaned = update.xml.replace("?LinkId=52661", "?LinkId=REDACTED");
        let mut theirs = captured.result.updates.iter().map(|update| &update.xml);
        assert!(theirs.any(|xml| *xml == update.xml || *xml == cleaned), "only ours: {}", update.xml);
    }
    for location in &answer.file_locations {
        let theirs = captured.result.file_locations.iter();
        let theirs = theirs.filter(|theirs| theirs.file_digest == location.file_digest).collect::<Vec<_>>();
        let path = |url: &str| url.splitn(4, '/').nth(3).map(str::to_owned);
        assert!(theirs.iter().all(|theirs| path(&theirs.url) == path(&location.url)), "{location:?}");
        assert!(location.url.starts_with(&format!("{}/Content/", server.updates_url)), "{location:?}");
    }
    assert!(answer.file_locations.len() >= 3);
    assert!(answer.out_of_scope_revision_ids.is_empty());
}

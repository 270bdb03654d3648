//! The operations beside the scan, and values that no honest agent sends.

use headwater_model::Sha1Digest;
use headwater_simulated_agent::{Agent, DetectoidsInstalled};
use headwater_testkit::builders::{Document, Update, id};
use headwater_testkit::{TestServer, client_id};
use headwater_wsus::simple_auth::GetAuthorizationCookie;
use headwater_wsus::soap::{ErrorCode, Request, encode_request};
use headwater_wsus::wusp::{
    CategoryRelationship, ComputerInfo, GetExtendedUpdateInfo, GetExtendedUpdateInfo2, GetFileLocations,
    RefreshCache, RegisterComputer, StartCategoryScan, SyncPrinterCatalog, XmlUpdateFragmentType,
};

use crate::wire::{CLIENT, REPORTING, SIMPLE_AUTH, fault, post};

fn documents() -> Vec<Document> {
    let documents = [
        Update::product(2, "Product"),
        Update::classification(3, "Classification"),
        Update::member(9, "Part").file("part.exe", b"part"),
        Update::software(10, "First").in_category(2).in_category(3).file("first.exe", b"first"),
        Update::software(11, "Whole").in_category(2).bundles(&[9]),
        Update::software(12, "Incomplete").requires(99),
    ];
    documents.iter().map(Update::document).collect()
}

async fn scanned() -> (TestServer, Agent) {
    let server = TestServer::start().await;
    server.admin.import(&documents()).await.expect("imports");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    (server, agent)
}

async fn call<R: Request>(agent: &mut Agent, request: &R) -> R::Response {
    agent.call(request).await.expect("answers").expect("no fault")
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_located_by_their_digests_and_unknown_ones_left_out() {
    let (server, mut agent) = scanned().await;
    let known = agent.cached(id(10)).and_then(|cached| cached.extended.clone()).expect("is known").files;
    let known = known[0].sha1;
    let cookie = agent.walk.cookie().expect("has one").clone();
    let file_digests = vec![Sha1Digest([7; 20]), known, known];
    let answer = call(&mut agent, &GetFileLocations { cookie: cookie.clone(), file_digests }).await.result;
    let digests: Vec<Sha1Digest> =
        answer.file_locations.iter().map(|location| location.file_digest).collect();
    assert!(!digests.is_empty() && digests.iter().all(|digest| *digest == known), "{digests:?}");
    let hex = format!("{known:X}");
    let expected = format!("{}/Content/{}/{hex}.exe", server.updates_url, &hex[38..]);
    assert_eq!(answer.file_locations[0].url, expected);
    let new = answer.new_cookie.expect("a cookie");
    assert_eq!(new.expiration, cookie.expiration);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_is_told_of_what_is_offered_only() {
    let (_server, mut agent) = scanned().await;
    let (number, cached) = agent.walk.cache().of_update(id(10)).expect("is offered");
    let identity = cached.identity;
    let cookie = agent.walk.cookie().expect("has one").clone();
    let types = vec![XmlUpdateFragmentType::Extended, XmlUpdateFragmentType::LocalizedProperties];
    let request = |revision_ids, locales: &[&str]| GetExtendedUpdateInfo {
        cookie: cookie.clone(),
        revision_ids,
        info_types: types.clone(),
        locales: locales.iter().map(|locale| (*locale).to_owned()).collect(),
        geo_id: None,
        caller_attributes: None,
    };
    let answer = call(&mut agent, &request(vec![number, number, -5, 4_000], &["de-AT", "en"])).await.result;
    assert_eq!(answer.updates.len(), 2, "what is asked twice comes once");
    assert!(answer.updates[1].xml.contains("<Title>First (de)</Title>"), "{}", answer.updates[1].xml);
    assert_eq!(answer.out_of_scope_revision_ids, [-5, 4_000]);
    let answer = call(&mut agent, &request(vec![number], &["xx"])).await.result;
    assert!(answer.updates[1].xml.contains("<Title>First</Title>"), "English where nothing fits");

    let by_identity = GetExtendedUpdateInfo2 {
        cookie,
        update_ids: vec![identity],
        info_types: types.clone(),
        locales: vec!["en".to_owned()],
        caller_attributes: None,
    };
    let answer = call(&mut agent, &by_identity).await.result;
    assert_eq!((answer.updates.len(), answer.file_locations.len()), (2, 1));
    assert!(answer.updates[0].xml.contains("first.exe"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_cache_has_what_is_offered_but_for_parts() {
    let (_server, mut agent) = scanned().await;
    let cookie = agent.walk.cookie().expect("has one").clone();
    let mut identities: Vec<_> = documents().iter().map(|document| document.identity).collect();
    identities.push(headwater_model::UpdateIdentity { revision: 9, ..identities[3] });
    let answer = call(&mut agent, &RefreshCache { cookie, global_ids: identities.clone() }).await.results;
    let mut known: Vec<_> = answer.iter().map(|refreshed| refreshed.global_id).collect();
    known.sort_unstable();
    let mut expected = vec![identities[0], identities[1], identities[3], identities[4]];
    expected.sort_unstable();
    assert_eq!(known, expected, "neither the part, nor what is incomplete, nor another revision");
    for refreshed in answer {
        let (number, cached) = agent.walk.cache().of_update(refreshed.global_id.id).expect("is offered");
        assert_eq!((refreshed.revision_id, refreshed.is_leaf), (number, cached.is_leaf));
        assert_eq!(refreshed.deployment, cached.deployment);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_categories_are_named() {
    let (_server, mut agent) = scanned().await;
    let asked = |group, number| CategoryRelationship { index_of_and_group: group, category_id: id(number) };
    let request = StartCategoryScan {
        requested_categories: vec![asked(0, 2), asked(0, 3), asked(1, 77), asked(2, 10)],
    };
    let answer = call(&mut agent, &request).await;
    assert_eq!(answer.preferred_category_ids, [id(2)]);
    assert_eq!(answer.requested_category_ids_in_error, [id(77), id(10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn printers_have_no_drivers_here() {
    let (_server, mut agent) = scanned().await;
    let cookie = agent.walk.cookie().expect("has one").clone();
    let request = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><SyncPrinterCatalog \
         xmlns=\"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService\"><cookie><Expiration>{}\
         </Expiration><EncryptedData>{}</EncryptedData></cookie><InstalledNonLeafUpdateIDs/>\
         <PrinterUpdateIDs/></SyncPrinterCatalog></s:Body></s:Envelope>",
        cookie.expiration,
        headwater_xml::lexical::to_base64(&cookie.encrypted_data)
    );
    let request: SyncPrinterCatalog = headwater_wsus::soap::decode(&request).expect("a message");
    let written = format!("{:?}", call(&mut agent, &request).await);
    assert!(written.contains("truncated: false"), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_known_by_its_own_service_only() {
    let (server, _agent) = scanned().await;
    let authorize = |client_id: &str, dns_name: &str, group: Option<String>| {
        encode_request(&GetAuthorizationCookie {
            client_id: client_id.to_owned(),
            target_group_name: group,
            dns_name: dns_name.to_owned(),
        })
    };
    let good = authorize(&client_id(1), "pc1", None);
    for path in [CLIENT, REPORTING] {
        let answer = post(&server, path, "", good.as_bytes()).await;
        let (status, code, message) = fault(&answer);
        assert_eq!((status, code), (500, None));
        assert!(message.contains("GetAuthorizationCookie"), "{message}");
    }
    let other = good.replace("/SimpleAuthWebService\"", "/Other\"");
    assert_eq!(post(&server, SIMPLE_AUTH, "", other.as_bytes()).await.status(), 500);
    // The header names another operation; the body counts (fact 52).
    let header = "SOAPAction: \"http://www.microsoft.com/SoftwareDistribution/Nonsense\"\r\n";
    assert_eq!(post(&server, SIMPLE_AUTH, header, good.as_bytes()).await.status(), 200);

    for (request, parameter) in [
        (authorize("", "pc1", None), "clientId"),
        (authorize(&"x".repeat(129), "pc1", None), "clientId"),
        (authorize("a\tb", "pc1", None), "clientId"),
        (authorize(&client_id(1), " ", None), "dnsName"),
        (authorize(&client_id(1), &"x".repeat(600), None), "dnsName"),
        (authorize(&client_id(1), "pc1", Some("x;".repeat(300))), "targetGroupName"),
    ] {
        let answer = fault(&post(&server, SIMPLE_AUTH, "", request.as_bytes()).await);
        assert_eq!(answer, (500, Some(ErrorCode::InvalidParameters), parameter.to_owned()));
    }
    let upper = authorize(&client_id(1).to_uppercase(), "PC1.Test.Example", None);
    assert_eq!(post(&server, SIMPLE_AUTH, "", upper.as_bytes()).await.status(), 200);
    let computers = server.admin.computers().await.expect("lists");
    assert_eq!((computers.len(), computers[0].name.as_str()), (1, "pc1.test.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_computer_says_of_itself_has_limits() {
    let (server, mut agent) = scanned().await;
    let cookie = agent.walk.cookie().expect("has one").clone();
    let long = "x".repeat(100_000);
    let info = agent.walk.computer.info.clone();
    for (computer_info, parameter) in [
        (ComputerInfo { dns_name: long.clone(), ..info.clone() }, "computerInfo.DnsName"),
        (ComputerInfo { os_description: Some(long.clone()), ..info.clone() }, "computerInfo.OSDescription"),
        (ComputerInfo { mobile_operator: Some(long), ..info.clone() }, "computerInfo.MobileOperator"),
    ] {
        let request = RegisterComputer { cookie: cookie.clone(), computer_info };
        let fault = agent.call(&request).await.expect("answers").expect_err("a fault");
        assert_eq!((fault.code, fault.message.as_str()), (Some(ErrorCode::InvalidParameters), parameter));
    }
    let strange = ComputerInfo { dns_name: "<script>\u{202e}&amp;".to_owned(), ..info };
    let registered = agent.call(&RegisterComputer { cookie, computer_info: strange }).await;
    assert!(registered.expect("answers").is_ok());
    assert_eq!(server.admin.computers().await.expect("lists")[0].name, "<script>\u{202e}&amp;");
}

//! Single requests, good and bad, as bytes on a socket.

use headwater_testkit::TestServer;
use headwater_wsus::soap::ErrorCode;

use crate::wire::{Answer, CLIENT, REPORTING, SIMPLE_AUTH, capture, fault, post, raw, skeleton};

const GET_CONFIG: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><GetConfig \
    xmlns=\"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService\"><protocolVersion>2.90\
    </protocolVersion></GetConfig></s:Body></s:Envelope>";

#[tokio::test(flavor = "multi_thread")]
async fn captured_requests_get_answers_of_the_captured_structure() {
    let server = TestServer::start().await;
    let Some(request) = capture("client-scan/001-GetConfig.request.xml") else { return };
    let expected = capture("client-probe/001-GetConfig.response.xml").expect("is there");
    let answer = post(&server, CLIENT, "", request.as_bytes()).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.head.contains("content-type: text/xml; charset=utf-8\r\n"), "{}", answer.head);
    assert!(answer.head.contains("cache-control: private"), "{}", answer.head);
    assert!(!answer.head.contains("chunked"), "{}", answer.head);
    assert_eq!(skeleton(&answer.text()), skeleton(&expected));

    let request = capture("client-probe/002-GetAuthorizationCookie.request.xml").expect("is there");
    let expected = capture("client-probe/002-GetAuthorizationCookie.response.xml").expect("is there");
    let answer = post(&server, SIMPLE_AUTH, "", request.as_bytes()).await;
    assert_eq!(skeleton(&answer.text()), skeleton(&expected));

    // Captured cookies are zeros: no server knows them.
    for name in ["004-RegisterComputer", "006-SyncUpdates", "010-GetExtendedUpdateInfo"] {
        let request = capture(&format!("client-scan/{name}.request.xml")).expect("is there");
        let answer = post(&server, CLIENT, "", request.as_bytes()).await;
        assert_eq!(fault(&answer), (500, Some(ErrorCode::InvalidCookie), String::new()), "{name}");
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
    }
    let request = capture("client-scan/003-GetCookie.request.xml").expect("is there");
    let answer = post(&server, CLIENT, "", request.as_bytes()).await;
    assert_eq!(fault(&answer).1, Some(ErrorCode::InvalidAuthorizationCookie));
    let expected = capture("client-probe/141-Fault.response.xml").expect("is there");
    assert_eq!(skeleton(&answer.text()), skeleton(&expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_in_any_letter_case_and_bodies_in_any_form() {
    let server = TestServer::start().await;
    let good = |answer: &Answer| {
        assert_eq!(answer.status(), 200, "{}", answer.head);
        assert!(answer.text().contains("<GetConfigResult>"));
    };
    good(&post(&server, "/CLIENTwebservice/Client.ASMX", "", GET_CONFIG.as_bytes()).await);
    good(&post(&server, CLIENT, "", format!("\u{feff}{GET_CONFIG}").as_bytes()).await);
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(GET_CONFIG.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    good(&post(&server, CLIENT, "Content-Type: text/xml; charset=utf-16\r\n", &utf16).await);
    good(&post(&server, CLIENT, "Expect: 100-continue\r\n", GET_CONFIG.as_bytes()).await);
    let chunked = format!(
        "POST {CLIENT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        10,
        &GET_CONFIG[..10],
        GET_CONFIG.len() - 10,
        &GET_CONFIG[10..]
    );
    good(&raw(&server, chunked.as_bytes()).await);
    let soap12 = GET_CONFIG
        .replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope");
    let answer = post(&server, CLIENT, "", soap12.as_bytes()).await;
    good(&answer);
    assert!(answer.head.contains("application/soap+xml") && answer.text().contains("2003/05/soap-envelope"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_has_one_clear_answer() {
    let server = TestServer::start().await;
    assert_eq!(post(&server, "/ClientWebService/other.asmx", "", GET_CONFIG.as_bytes()).await.status(), 404);
    let get = format!("GET {CLIENT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(raw(&server, get.as_bytes()).await.status(), 405);
    assert_eq!(post(&server, CLIENT, "", b"\xff\xfe\x00").await.status(), 400);
    for (path, bytes) in [
        (CLIENT, 999_999_999_999_u64),
        (CLIENT, (4 << 20) + 1),
        (SIMPLE_AUTH, (64 << 10) + 1),
        (REPORTING, (64 << 20) + 1),
    ] {
        let huge = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {bytes}\r\n\r\n"
        );
        assert_eq!(raw(&server, huge.as_bytes()).await.status(), 413, "{path}");
    }

    let refused = [
        GET_CONFIG.replace("GetConfig", "GetNothing"),
        GET_CONFIG.replace("</s:Body>", ""),
        String::new(),
        "no xml".to_owned(),
        format!("<!DOCTYPE s [<!ENTITY a \"b\">]>{GET_CONFIG}"),
        GET_CONFIG.replace("2.90", &"<a>".repeat(100)),
    ];
    for body in &refused {
        let answer = post(&server, CLIENT, "", body.as_bytes()).await;
        let (status, code, message) = fault(&answer);
        assert_eq!(status, 500, "{body}");
        assert!(code.is_none() || code == Some(ErrorCode::InvalidParameters), "{body}: {code:?}");
        assert!(!message.is_empty() || code.is_none(), "{body}");
    }
    assert_eq!(post(&server, CLIENT, "", GET_CONFIG.as_bytes()).await.status(), 200, "the server lives");
}

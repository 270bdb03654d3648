//! Upstream servers that behave, and those that do not.

use std::sync::{Arc, Mutex};

use headwater_encoding::xpress;
use headwater_model::{Guid, Timestamp};
use headwater_wsus::soap::{ErrorCode, Fault, Message, SoapVersion, encode_response};
use headwater_wsus::wsusss::*;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;

/// What a server does with a request.
enum Reaction {
    Answer(Vec<u8>),
    /// Answers and closes.
    AnswerAndClose(Vec<u8>),
    /// Writes this again and again.
    Endless(Vec<u8>, Vec<u8>),
    Close,
}

use Reaction::{Answer, AnswerAndClose, Close, Endless};

type Script = Arc<dyn Fn(&str, usize) -> Reaction + Send + Sync>;

/// A server that reacts as the script says, to the operation and the number of the request, and
/// writes down which operations it was asked.
struct Server {
    upstream: Upstream,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(script: impl Fn(&str, usize) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, script): (_, Script) = (asked.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, seen.clone(), script.clone()));
            }
        });
        let access = Access {
            address: address.parse().expect("an address"),
            ca_pem: None,
            account_name: "below.example".into(),
            account_id: ServerId::from_u128(7),
        };
        Self { upstream: Upstream::new(access).expect("an upstream server"), asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("a list"))
    }
}

async fn serve(stream: tokio::net::TcpStream, seen: Arc<Mutex<Vec<String>>>, script: Script) {
    let mut stream = BufReader::new(stream);
    while let Some(operation) = request(&mut stream).await {
        let number = {
            let mut seen = seen.lock().expect("a list");
            seen.push(operation.clone());
            seen.len()
        };
        match script(&operation, number) {
            Answer(bytes) => stream.write_all(&bytes).await.expect("writes"),
            AnswerAndClose(bytes) => {
                stream.write_all(&bytes).await.expect("writes");
                return;
            }
            Endless(head, piece) => {
                stream.write_all(&head).await.expect("writes");
                while stream.write_all(&piece).await.is_ok() {}
                return;
            }
            Close => return,
        }
    }
}

/// Reads one request; its operation is the name of the message, or the path.
async fn request(stream: &mut BufReader<tokio::net::TcpStream>) -> Option<String> {
    let (mut first, mut length, mut action) = (String::new(), 0, None);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if lower.starts_with("soapaction:") {
            action = line.trim().trim_end_matches('"').rsplit('/').next().map(str::to_owned);
        }
        if first.is_empty() {
            first.clone_from(&line);
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    action.or_else(|| first.split(' ').nth(1).map(str::to_owned))
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok<M: Message>(message: &M) -> Vec<u8> {
    http(
        "200 OK",
        "Content-Type: text/xml; charset=utf-8\r\n",
        encode_response(message, SoapVersion::V11).as_bytes(),
    )
}

fn fault(code: ErrorCode) -> Vec<u8> {
    let fault = Fault {
        code: Some(code),
        message: "filter".into(),
        id: Some(Guid::from_u128(1)),
        method: String::new(),
        actor: None,
    };
    let body = fault.encode(SERVER_SYNC.answers, SoapVersion::V11);
    http("500 Internal Server Error", "", body.as_bytes())
}

fn config() -> GetConfigDataResponse {
    GetConfigDataResponse {
        result: ServerSyncConfigData {
            catalog_only_sync: false,
            lazy_sync: true,
            server_hosts_psf_files: false,
            max_number_of_computer_ids_in_request: 0,
            max_number_of_driver_sets_per_request: 0,
            max_number_of_pnp_hardware_ids_in_request: 0,
            max_number_of_updates_per_request: 100,
            new_config_anchor: String::new(),
            protocol_version: Some("1.20".into()),
            language_update_list: Vec::new(),
            max_updates_per_request_in_get_update_decryption_data: None,
        },
    }
}

/// A good answer to the operations of the handshake and to GetConfigData.
fn good(operation: &str) -> Vec<u8> {
    let authorization = || AuthorizationCookie { plug_in_id: "DssTargeting".into(), cookie_data: vec![1] };
    match operation {
        "GetAuthConfig" => ok(&auth_config("DssAuthWebService/DssAuthWebService.asmx")),
        "GetAuthorizationCookie" => ok(&GetAuthorizationCookieResponse { result: authorization() }),
        "GetCookie" => {
            ok(&GetCookieResponse { result: Cookie { expiration: Timestamp::MAX, encrypted_data: vec![2] } })
        }
        "GetConfigData" => ok(&config()),
        other => panic!("{other} was asked"),
    }
}

fn auth_config(service_url: &str) -> GetAuthConfigResponse {
    let plug_in = AuthPlugInInfo {
        plug_in_id: "DssTargeting".into(),
        service_url: service_url.into(),
        parameter: String::new(),
    };
    GetAuthConfigResponse {
        result: ServerAuthConfig {
            last_change: Timestamp::EPOCH,
            auth_info: vec![plug_in],
            allowed_event_ids: Vec::new(),
        },
    }
}

const HANDSHAKE: [&str; 3] = ["GetAuthConfig", "GetAuthorizationCookie", "GetCookie"];

#[tokio::test]
async fn one_handshake_serves_many_calls() {
    let server = Server::start(|operation, _| Answer(good(operation))).await;
    for _ in 0..2 {
        let config = server.upstream.config().await.expect("a configuration");
        assert_eq!((config.updates_per_request_max, config.catalog_only), (100, false));
    }
    assert_eq!(server.asked(), [&HANDSHAKE[..], &["GetConfigData"; 2]].concat());
}

#[tokio::test]
async fn a_connection_that_was_closed_is_opened_again() {
    let server = Server::start(|operation, _| AnswerAndClose(good(operation))).await;
    server.upstream.config().await.expect("a configuration");
    server.upstream.config().await.expect("a configuration");
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn a_cookie_that_is_refused_is_replaced_once() {
    let server = Server::start(|operation, number| match (operation, number) {
        ("GetConfigData", 5) => Answer(fault(ErrorCode::InvalidCookie)),
        _ => Answer(good(operation)),
    })
    .await;
    server.upstream.config().await.expect("a configuration");
    server.upstream.config().await.expect("a configuration");
    let expected = [&HANDSHAKE[..], &["GetConfigData"; 2], &HANDSHAKE[..], &["GetConfigData"]].concat();
    assert_eq!(server.asked(), expected);

    let stubborn = Server::start(|operation, _| match operation {
        "GetConfigData" => Answer(fault(ErrorCode::InvalidCookie)),
        _ => Answer(good(operation)),
    })
    .await;
    let error = stubborn.upstream.config().await.expect_err("it is refused");
    assert_eq!(error.to_string(), "it refused GetConfigData: InvalidCookie, filter");
    assert_eq!(stubborn.asked().len(), 4);
}

#[tokio::test]
async fn a_server_that_is_another_one_is_told_apart() {
    let server = Server::start(|operation, _| match operation {
        "GetConfigData" => Answer(fault(ErrorCode::ServerChanged)),
        _ => Answer(good(operation)),
    })
    .await;
    assert!(matches!(server.upstream.config().await, Err(Error::ServerChanged)));
}

/// Lets a server react badly to GetConfigData and expects this error.
async fn check(reaction: impl Fn() -> Reaction + Send + Sync + 'static, expected: &str) {
    let server = Server::start(move |operation, _| match operation {
        "GetConfigData" => reaction(),
        _ => Answer(good(operation)),
    })
    .await;
    let error = server.upstream.config().await.expect_err(expected).to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[tokio::test]
async fn bad_answers_are_told_for_what_they_are() {
    check(|| Close, "the connection broke").await;
    let cut = || AnswerAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<a".to_vec());
    check(cut, "the connection broke").await;
    check(|| Answer(http("503 Busy", "", b"")), "it answered GetConfigData with HTTP status 503").await;
    let elsewhere = || Answer(http("302 Found", "Location: http://evil.example/\r\n", b""));
    check(elsewhere, "it answered GetConfigData with HTTP status 302").await;
    check(|| Answer(http("500 Oops", "", b"<html>")), "it answered GetConfigData with HTTP status 500").await;
    let understood = "its answer to GetConfigData cannot be understood: ";
    check(|| Answer(http("200 OK", "", b"<html>hello</html>")), understood).await;
    check(|| Answer(good("GetCookie")), understood).await;
    let gzip = || Answer(http("200 OK", "Content-Encoding: gzip\r\n", b"x"));
    check(gzip, "its answer to GetConfigData is encoded").await;
    let damaged = || Answer(http("200 OK", "Content-Encoding: xpress\r\n", b"damaged"));
    check(damaged, "its answer to GetConfigData is encoded").await;
    let damaged = || Answer(http("200 OK", "Content-Encoding: zstd\r\n", b"damaged"));
    check(damaged, "its answer to GetConfigData is encoded").await;
    check(|| Answer(fault(ErrorCode::ServerBusy)), "it refused GetConfigData: ServerBusy").await;
}

#[tokio::test]
async fn endless_answers_end() {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let piece = [&b"1000\r\n"[..], &[b' '; 4096], b"\r\n"].concat();
    let too_long = "its answer to GetConfigData has more than 1048576 bytes";
    check(move || Endless(head.clone(), piece.clone()), too_long).await;
    // A megabyte of zeros is a kilobyte on the wire.
    let mut bomb = Vec::new();
    xpress::encode(&vec![b' '; 2 << 20], &mut bomb);
    assert!(bomb.len() < 1 << 16);
    check(move || Answer(http("200 OK", "Content-Encoding: xpress\r\n", &bomb)), too_long).await;
    let bomb = zstd::bulk::compress(&vec![b' '; 64 << 20], 1).expect("compresses");
    assert!(bomb.len() < 1 << 16);
    check(move || Answer(http("200 OK", "Content-Encoding: zstd\r\n", &bomb)), too_long).await;
}

#[tokio::test]
async fn compressed_answers_are_understood() {
    for coding in ["xpress", "zstd"] {
        let server = Server::start(move |operation, _| match operation {
            "GetConfigData" => {
                let text = encode_response(&config(), SoapVersion::V11);
                let mut body = Vec::new();
                match coding {
                    "zstd" => body = zstd::bulk::compress(text.as_bytes(), 1).expect("compresses"),
                    _ => xpress::encode(text.as_bytes(), &mut body),
                }
                Answer(http("200 OK", &format!("Content-Encoding: {coding}\r\n"), &body))
            }
            _ => Answer(good(operation)),
        })
        .await;
        server.upstream.config().await.expect("a configuration");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_another_server_for_the_authorization() {
    for url in ["http://evil.example/auth.asmx", "//evil.example/auth.asmx", "a?b", "a b", "/"] {
        let server = Server::start(move |operation, _| match operation {
            "GetAuthConfig" => Answer(ok(&auth_config(url))),
            other => panic!("{other} was asked"),
        })
        .await;
        assert!(matches!(server.upstream.config().await, Err(Error::Unsuitable(_))), "{url}");
    }
}

#[tokio::test]
async fn only_a_headwater_knows_of_changes() {
    let server = Server::start(|operation, number| match (operation, number) {
        ("/headwater/v1/changes?after=5", _) => Answer(http("200 OK", "", b"{\"stamp\":9}")),
        ("/headwater/v1/changes?after=9", 5) => Answer(http("401 No", "", b"")),
        ("/headwater/v1/changes?after=9", _) => Answer(http("200 OK", "", b"{\"stamp\":10}")),
        (other, _) if other.starts_with('/') => Answer(http("404 Not Found", "", b"<html>")),
        _ => Answer(good(operation)),
    })
    .await;
    assert_eq!(server.upstream.changes(5).await.expect("a hint"), Hint::Stamp(9));
    assert_eq!(server.upstream.changes(9).await.expect("a hint"), Hint::Stamp(10));
    assert_eq!(server.upstream.changes(0).await.expect("a hint"), Hint::Unknown);
}

#[tokio::test]
async fn an_authority_must_be_one() {
    let access = |ca: &str| Access {
        address: "https://wsus.example".parse().expect("an address"),
        ca_pem: Some(ca.into()),
        account_name: "below.example".into(),
        account_id: ServerId::from_u128(7),
    };
    assert!(matches!(Upstream::new(access("")), Err(Error::Trust(_))));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(Upstream::new(access(broken)), Err(Error::Trust(_))));
}

/// Limits of a server that announces none that can be.
fn rollup_configuration() -> GetRollupConfigurationResponse {
    GetRollupConfigurationResponse {
        result: RollupConfiguration {
            do_detailed_rollup: true,
            rollup_reset_guid: Guid::from_u128(1),
            server_id: ServerId::from_u128(2),
            rollup_downstream_servers_max_batch_size: 0,
            rollup_computers_max_batch_size: -1,
            get_out_of_sync_computers_max_batch_size: 20_000,
            rollup_computer_status_max_batch_size: 500,
        },
    }
}

#[tokio::test]
async fn a_server_that_fails_at_a_rollup_is_introduced_to_us_again() {
    let script = |operation: &str, _| match operation {
        "GetRollupConfiguration" => Answer(ok(&rollup_configuration())),
        "RollupDownstreamServers" => Answer(fault(ErrorCode::InternalServerError)),
        other => Answer(good(other)),
    };
    let server = Server::start(script).await;
    let limits = server.upstream.rollup_configuration().await.expect("a configuration").limits;
    assert_eq!((limits.servers_max, limits.computers_max, limits.numbers_max), (1, 1, 20_000));
    assert!(server.upstream.rollup_servers(&[], Timestamp::EPOCH).await.is_err());
    server.upstream.rollup_configuration().await.expect("a configuration");
    let once = [&HANDSHAKE[..], &["GetRollupConfiguration"]].concat();
    assert_eq!(server.asked(), [&once[..], &["RollupDownstreamServers"], &once[..]].concat());
}

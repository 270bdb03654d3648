//! Files of updates: brought by an import, served to agents and to anybody who asks, over real sockets.

use std::collections::HashMap;
use std::path::Path;

use headwater_api::{ApprovalAction, ContentState, ContentStatus};
use headwater_app::content::{ContentMode, ContentSettings};
use headwater_model::{Sha1Digest, Sha256Digest};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_simulated_agent::{Agent, DetectoidsInstalled, RANGE_BYTES};
use headwater_testkit::builders::{Document, Update, id};
use headwater_testkit::{ServerOptions, TestServer};
use sha1::Digest as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A file of three ranges and a bit, no two of whose parts are alike.
fn large() -> Vec<u8> {
    (0..3 * RANGE_BYTES as u32 + 77).map(|n| ((n / 7) ^ (n >> 13)) as u8).collect()
}

fn sha1(content: &[u8]) -> Sha1Digest {
    Sha1Digest(sha1::Sha1::digest(content).into())
}

fn sha256(content: &[u8]) -> Sha256Digest {
    Sha256Digest(sha2::Sha256::digest(content).into())
}

/// Software 10 with a large and a small file, and bundle 11 of 12, which has one.
fn documents() -> Vec<Document> {
    [
        Update::company(1, "Company"),
        Update::product(2, "Product").in_category(1),
        Update::software(10, "Large").in_category(2).file("large.cab", &large()).file("small.exe", b"small"),
        Update::member(12, "Part").file("part.psf", b"part"),
        Update::software(11, "Bundle").in_category(2).bundles(&[12]),
    ]
    .iter()
    .map(Update::document)
    .collect()
}

/// A folder as an administrator brings it: documents, and files under these names.
fn folder(documents: &[Document], files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for document in documents {
        std::fs::write(folder.path().join(document.file_name()), &document.xml).expect("writes");
    }
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("writes");
    }
    folder
}

/// A server with the documents and their files.
async fn with_files(options: ServerOptions) -> TestServer {
    let server = TestServer::start_with(options).await;
    let small = format!("{:X}.exe", sha1(b"small"));
    let large = large();
    let files: [(&str, &[u8]); 3] = [("large.cab", &large), (&small, b"small"), ("12/part.psf", b"part")];
    let folder = folder(&documents(), &files);
    let summary = server.admin.import_path(folder.path()).await.expect("imports");
    assert_eq!((summary.added, summary.files_added, summary.files_unknown), (5, 3, 0));
    server
}

async fn approve(server: &TestServer, update: u32) {
    let approved = server.admin.approve(id(update), ALL_COMPUTERS, ApprovalAction::Install).await;
    assert_eq!(approved.expect("approves").applied.len(), 1);
}

async fn status(server: &TestServer) -> ContentStatus {
    server.admin.server().await.expect("answers").content
}

/// An answer to one request: its status, its fields in lower case, its body.
struct Answer {
    status: u16,
    fields: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Sends one request on a connection of its own, with the path as it stands. A connection that stays open is
/// answered by other code (from the file to the socket), which has to say the same.
async fn ask(server: &TestServer, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut closed = send(server, method, path, &[fields, &[("Connection", "close")]].concat()).await;
    let kept = send(server, method, path, fields).await;
    assert_eq!(closed.fields.remove("connection").as_deref(), Some("close"));
    for (name, value) in &kept.fields {
        assert!(name == "date" || closed.field(name) == value, "{method} {path}: {name}: {value}");
    }
    assert_eq!((kept.status, kept.fields.len()), (closed.status, closed.fields.len()), "{method} {path}");
    assert!(kept.body == closed.body, "{method} {path}");
    kept
}

/// One request and its answer, read as far as its length says.
async fn send(server: &TestServer, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let address = server.updates_url.trim_start_matches("http://");
    let mut stream = BufReader::new(TcpStream::connect(address).await.expect("connects"));
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: wsus.example:8530\r\n");
    for (name, value) in fields {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).await.expect("writes");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.expect("a header"), 0, "{method} {path}: {head}");
    }
    let head = head.to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut answer = Answer { status, fields, body: Vec::new() };
    if method != "HEAD" {
        answer.body = vec![0; answer.field("content-length").parse().expect("a length")];
        stream.read_exact(&mut answer.body).await.expect("reads");
    }
    answer
}

async fn scanned(server: &TestServer) -> Agent {
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    agent
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_downloads_what_was_approved_in_shuffled_ranges() {
    let server = with_files(ServerOptions::default()).await;
    approve(&server, 10).await;
    approve(&server, 11).await;
    let mut agent = scanned(&server).await;
    let downloads = agent.download(id(10)).await.expect("downloads");
    let found: Vec<(usize, usize)> = downloads.iter().map(|one| (one.content.len(), one.requests)).collect();
    assert_eq!(found, [(large().len(), 4), (5, 1)]);
    assert_eq!(downloads[0].content, large());
    assert_eq!(agent.download(id(12)).await.expect("downloads")[0].content, b"part");

    let detail = server.admin.update(id(10)).await.expect("is there");
    assert!(detail.files.iter().all(|file| file.held));
    let content = status(&server).await;
    assert_eq!((content.files_held, content.files_wanted, content.state), (3, 0, ContentState::Complete));
    assert_eq!(content.bytes_held, large().len() as u64 + 9);

    let server = server.crash().await;
    let mut agent = scanned(&server).await;
    assert_eq!(agent.download(id(10)).await.expect("downloads").len(), 2, "what is held stays held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_answered_as_rfc_9110_wants() {
    let server = with_files(ServerOptions::default()).await;
    let (path, large) = (format!("/Content/AB/{:X}.cab", sha1(&large())), large());
    let (len, etag) = (large.len(), format!("\"{}\"", sha256(&large)));

    let whole = ask(&server, "GET", &path, &[]).await;
    assert_eq!((whole.status, whole.body == large), (200, true));
    for (name, value) in [
        ("content-length", len.to_string().as_str()),
        ("etag", &etag),
        ("accept-ranges", "bytes"),
        ("content-type", "application/octet-stream"),
        ("content-encoding", ""),
        ("transfer-encoding", ""),
        ("content-range", ""),
    ] {
        assert_eq!(whole.field(name), value, "{name}");
    }
    let head = ask(&server, "HEAD", &path, &[("Range", "bytes=0-1")]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!((head.field("content-length"), head.field("etag")), (len.to_string().as_str(), etag.as_str()));

    let part = async |range: &str, if_range: &str| {
        let mut fields = vec![("Range", range), ("Accept-Encoding", "gzip, xpress")];
        fields.extend((!if_range.is_empty()).then_some(("If-Range", if_range)));
        ask(&server, "GET", &path, &fields).await
    };
    let middle = part("bytes=1048570-1048579", "").await;
    assert_eq!((middle.status, &middle.body[..]), (206, &large[1_048_570..1_048_580]));
    assert_eq!(middle.field("content-range"), format!("bytes 1048570-1048579/{len}"));
    assert_eq!((middle.field("content-length"), middle.field("etag")), ("10", etag.as_str()));
    assert_eq!(part("bytes=-7", &etag).await.body, large[len - 7..]);
    let other = part("bytes=0-9", "\"another\"").await;
    assert_eq!((other.status, other.body.len()), (200, len));
    let beyond = part(&format!("bytes={len}-"), "").await;
    assert_eq!((beyond.status, beyond.body.len()), (416, 0));
    assert_eq!(beyond.field("content-range"), format!("bytes */{len}"));
    assert_eq!(ask(&server, "PUT", &path, &[]).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_sha1_is_ever_found() {
    let server = with_files(ServerOptions::default()).await;
    let digest = format!("{:X}", sha1(b"small"));
    for path in [
        format!("/Content/B5/{digest}.exe"),
        format!("/content/b5/{}.EXE", digest.to_lowercase()),
        format!("/CONTENT/00/{digest}.cab"),
        format!("/Content/B5/{digest}"),
    ] {
        assert_eq!(ask(&server, "GET", &path, &[]).await.body, b"small", "{path}");
    }
    for path in [
        "/Content".to_owned(),
        "/Content/".to_owned(),
        format!("/Content/{digest}.exe"),
        format!("/Content/B5/B5/{digest}.exe"),
        format!("/Content/B5/{digest}0.exe"),
        format!("/Content/B5/{}.exe", "0".repeat(40)),
        format!("/Content/../Content/B5/{digest}.exe"),
        format!("/Content/%42%35/%2e%2e/{digest}.exe"),
        "/Content/../headwater.sqlite".to_owned(),
        "/Content/%2e%2e/admin.token".to_owned(),
        "/Content/B5/..%5c..%5cadmin.token".to_owned(),
        "/Content/B5//etc/passwd".to_owned(),
    ] {
        let answer = ask(&server, "GET", &path, &[]).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_and_not_here_is_not_found_until_it_comes() {
    let server = TestServer::start().await;
    server.admin.import(&documents()).await.expect("imports");
    assert_eq!(status(&server).await.state, ContentState::Complete, "nothing is approved");
    approve(&server, 10).await;
    let content = status(&server).await;
    assert_eq!((content.files_wanted, content.state), (2, ContentState::Missing));
    assert_eq!(content.bytes_wanted, large().len() as u64 + 5);
    assert!(content.problem.expect("a problem").contains("no source is known"));

    let mut agent = scanned(&server).await;
    let error = agent.download(id(10)).await.expect_err("is not here").to_string();
    assert!(error.contains("404"), "the location was announced, and: {error}");
    let path = format!("/Content/B5/{:X}.exe", sha1(b"small"));
    assert_eq!(ask(&server, "GET", &path, &[]).await.field("cache-control"), "no-store");

    let large = large();
    let folder = folder(&documents()[..1], &[("a", &large), ("b", b"small")]);
    assert_eq!(server.admin.import_path(folder.path()).await.expect("imports").files_added, 2);
    assert_eq!(status(&server).await.state, ContentState::Complete);
    agent.download(id(10)).await.expect("downloads");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_once_wants_the_files_of_all_that_is_offered() {
    let content = ContentSettings { mode: ContentMode::AtOnce, ..ContentSettings::default() };
    let server = TestServer::start_with(ServerOptions { content, ..ServerOptions::default() }).await;
    let mut documents = documents();
    let express = r#"FileName="small.exe" PatchingType="Express""#;
    documents[2].xml = documents[2].xml.replace(r#"FileName="small.exe""#, express);
    server.admin.import(&documents).await.expect("imports");
    let wanted = status(&server).await;
    assert_eq!((wanted.files_wanted, wanted.bytes_wanted), (2, large().len() as u64 + 4), "no express file");
    server.admin.decline(id(11)).await.expect("declines");
    assert_eq!(status(&server).await.files_wanted, 1, "nor the members of a declined bundle");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_none_of_an_update_are_refused_with_their_reason() {
    let server = TestServer::start().await;
    let mut documents = documents();
    // Its SHA-1 is announced, but with the SHA-256 of another file (threat A13).
    documents[3].xml = documents[3].xml.replace(&sha256(b"part").to_base64(), &sha256(b"trap").to_base64());
    let (part, small) = (format!("{:X}.psf", sha1(b"part")), format!("{:X}.exe", sha1(b"small")));
    let files: [(&str, &[u8]); 5] = [
        (&part, b"part"),
        (&small, b"Small"),
        ("large_of_another.cab", b"smalk"),
        ("readme.txt", b"a stranger"),
        ("small.exe", b"small"),
    ];
    let folder = folder(&documents, &files);
    let summary = server.admin.import_path(folder.path()).await.expect("imports");
    assert_eq!((summary.files_added, summary.files_unknown), (1, 4));
    let refused: HashMap<&str, &str> =
        summary.files_refused.iter().map(|file| (file.name.as_str(), file.reason.as_str())).collect();
    let found = |content: &[u8]| sha1(content).to_string();
    let reasons = [
        (part.as_str(), format!("the file {} has the SHA-256 {}", found(b"part"), sha256(b"part"))),
        (&small, format!("it is named after a file of an update, but its SHA-1 is {}", found(b"Small"))),
        ("large_of_another.cab", format!("no update of the catalogue names its SHA-1 {}", found(b"smalk"))),
        ("readme.txt", "no update of the catalogue has a file of 10 bytes".to_owned()),
    ];
    for (name, reason) in &reasons {
        assert!(refused[name].starts_with(reason), "{name}: {}", refused[name]);
    }
    assert_eq!(ask(&server, "GET", &format!("/Content/0/{part}"), &[]).await.status, 404);
    assert_eq!(stored(server.data()), 1, "nothing else was kept");

    let again = server.admin.import_path(folder.path()).await.expect("imports");
    assert_eq!((again.files_added, again.files_unknown), (0, 3), "what is held is not new, nor read again");
}

/// The files in the content folder, with those on their way.
fn stored(data: &Path) -> usize {
    let count = |folder: &Path| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let files = data.join("data/content/files");
    let folders = std::fs::read_dir(files).expect("a folder").map(|folder| folder.expect("a folder").path());
    folders.map(|folder| count(&folder)).sum::<usize>() + count(&data.join("data/content/staging"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_from_the_folder_is_missing_again() {
    let server = with_files(ServerOptions::default()).await;
    approve(&server, 10).await;
    let path = format!("/Content/B5/{:X}.exe", sha1(b"small"));
    assert_eq!(ask(&server, "GET", &path, &[]).await.status, 200);
    let name = sha256(b"small").to_string();
    std::fs::remove_file(server.data().join("data/content/files").join(&name[..2]).join(&name))
        .expect("removes");
    assert_eq!(ask(&server, "GET", &path, &[]).await.status, 404);
    let content = status(&server).await;
    assert_eq!((content.files_held, content.files_wanted, content.state), (2, 1, ContentState::Missing));
    assert!(content.problem.expect("a problem").ends_with("it is gone from the content folder"));
}

//! Upstream servers that misbehave: a real one behind something that changes its answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use headwater_api::{Run, RunState, UpstreamMode};
use headwater_testkit::builders::{Document, Update};
use headwater_testkit::{TestServer, eventually};
use headwater_wsus::soap::{ErrorCode, Fault, Message as _, SoapVersion, decode_response, encode_response};
use headwater_wsus::wsusss::{GetUpdateData, GetUpdateDataResponse, SERVER_SYNC};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of an answer to GetUpdateData.
enum Fate {
    Becomes(GetUpdateDataResponse),
    Fault(ErrorCode),
    /// The connection ends in its middle.
    Cut,
}

type Change = Arc<dyn Fn(GetUpdateDataResponse, usize) -> Fate + Send + Sync>;

/// Stands before a server and changes its answers to GetUpdateData.
struct Mischief {
    url: String,
    asked: Arc<AtomicUsize>,
    change: Arc<Mutex<Change>>,
}

impl Mischief {
    /// `change` is given each answer and the number of the call, from 1.
    async fn before(
        server: &TestServer,
        change: impl Fn(GetUpdateDataResponse, usize) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let behind = server.updates_url.trim_start_matches("http://").to_owned();
        let mischief =
            Self { url, asked: Arc::default(), change: Arc::new(Mutex::new(Arc::new(change) as Change)) };
        let (asked, change) = (mischief.asked.clone(), mischief.change.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (behind, asked) = (behind.clone(), asked.clone());
                let change = change.lock().expect("a change").clone();
                // A connection that ends early is what some tests are about.
                tokio::spawn(async move { relay(stream, &behind, &asked, &*change).await.ok() });
            }
        });
        mischief
    }

    fn becomes_honest(&self) {
        *self.change.lock().expect("a change") = Arc::new(|answer, _| Fate::Becomes(answer));
    }
}

/// Relays one exchange of a connection, so that each goes through a change of its own.
async fn relay(
    mut stream: TcpStream,
    behind: &str,
    asked: &AtomicUsize,
    change: &(dyn Fn(GetUpdateDataResponse, usize) -> Fate + Send + Sync),
) -> std::io::Result<()> {
    let (head, body) = read(&mut stream).await?;
    let is_data = head.contains("/GetUpdateData\"");
    let kept = head.lines().filter(|line| {
        let line = line.to_lowercase();
        !line.starts_with("accept-encoding:") && !line.starts_with("connection:")
    });
    let head = kept.collect::<Vec<_>>().join("\r\n") + "\r\nConnection: close\r\n\r\n";
    let mut server = TcpStream::connect(behind).await?;
    server.write_all(&[head.as_bytes(), &body].concat()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    if !is_data {
        return stream.write_all(&answer).await;
    }
    let text = String::from_utf8_lossy(&answer);
    let text = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let Ok(Ok(response)) = decode_response::<GetUpdateData>(text) else {
        return stream.write_all(&answer).await;
    };
    let (status, text) = match change(response, asked.fetch_add(1, Ordering::SeqCst) + 1) {
        Fate::Becomes(response) => ("200 OK", encode_response(&response, SoapVersion::V11)),
        Fate::Fault(code) => ("500 Internal Server Error", fault(code)),
        Fate::Cut => return stream.write_all(&answer[..answer.len() / 2]).await,
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/xml; charset=utf-8\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    stream.write_all(&[head.as_bytes(), text.as_bytes()].concat()).await
}

fn fault(code: ErrorCode) -> String {
    let method = SERVER_SYNC.action(GetUpdateData::NAME);
    let fault = Fault { code: Some(code), message: String::new(), id: None, method, actor: None };
    fault.encode(SERVER_SYNC.answers, SoapVersion::V11)
}

/// A request's head, without the empty line, and its body.
async fn read(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).trim_end().to_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok((head, body))
}

/// Two products' worth of updates.
fn documents() -> Vec<Document> {
    let software = (10..260).map(|number| Update::software(number, "Software").in_category(1).document());
    std::iter::once(Update::product(1, "Product").document()).chain(software).collect()
}

struct Pair {
    top: TestServer,
    below: TestServer,
    mischief: Mischief,
}

impl Pair {
    async fn with(change: impl Fn(GetUpdateDataResponse, usize) -> Fate + Send + Sync + 'static) -> Self {
        let (top, below) = (TestServer::start().await, TestServer::start().await);
        top.admin.import(&documents()).await.expect("imports");
        let mischief = Mischief::before(&top, change).await;
        below.admin.follow(&mischief.url, UpstreamMode::Replica).await.expect("is set");
        Self { top, below, mischief }
    }

    async fn run(&self) -> Run {
        self.below.admin.synchronise().await.expect("a run")
    }

    async fn revisions(&self) -> u64 {
        self.below.admin.server().await.expect("a status").catalogue.revisions
    }

    /// The next run with an honest server takes everything.
    async fn recovers(&self) {
        self.mischief.becomes_honest();
        // A run that began before may be joined first.
        let whole = async || Some(self.run().await).filter(|run| run.state == RunState::Done);
        assert_eq!(eventually("a whole run", whole).await.0.problem, None);
        assert_eq!(self.revisions().await, documents().len() as u64);
        let (top, below) = (self.top.admin.server().await, self.below.admin.server().await);
        assert_eq!(top.expect("a status").catalogue, below.expect("a status").catalogue);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn short_batches_are_asked_for_again() {
    let pair = Pair::with(|mut answer, _| {
        answer.result.updates.truncate(80);
        Fate::Becomes(answer)
    })
    .await;
    assert_eq!(pair.run().await.state, RunState::Done);
    assert_eq!(pair.revisions().await, documents().len() as u64);
    assert_eq!(
        pair.mischief.asked.load(Ordering::SeqCst),
        1 + 2 + 2 + 1,
        "100, 100 and 50, at most 80 of which come"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_documents_than_those_asked_for_are_not_taken() {
    let strange = Update::software(9_000, "Strange").document();
    let xml = strange.xml.clone();
    let pair = Pair::with(move |mut answer, _| {
        for update in &mut answer.result.updates {
            update.id = strange.identity;
            update.xml_update_blob = Some(xml.clone());
            update.xml_update_blob_compressed = None;
        }
        Fate::Becomes(answer)
    })
    .await;
    let run = pair.run().await;
    assert_eq!(run.state, RunState::Failed);
    let problem = run.problem.expect("a problem");
    assert!(problem.contains("it sent none of the 1 documents that were asked for"), "{problem}");
    assert_eq!(pair.revisions().await, 0);
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_says_to_be_another_is_kept_apart() {
    let strange = Update::software(9_000, "Strange").document();
    let pair = Pair::with(move |mut answer, call| {
        if call == 2 {
            answer.result.updates[7].xml_update_blob = Some(strange.xml.clone());
            answer.result.updates[7].xml_update_blob_compressed = None;
            answer.result.updates[8].xml_update_blob = None;
            answer.result.updates[8].xml_update_blob_compressed = Some(b"MSCF and no cabinet".to_vec());
            answer.result.updates[9].xml_update_blob = Some("<Update".to_owned());
            answer.result.updates[9].xml_update_blob_compressed = None;
        }
        Fate::Becomes(answer)
    })
    .await;
    let run = pair.run().await;
    assert_eq!((run.state, run.quarantined.len()), (RunState::Partial, 3));
    assert_eq!(run.problem.as_deref(), Some("3 documents kept apart because they cannot be understood"));
    let reasons: Vec<&str> = run.quarantined.iter().map(|one| one.reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("was announced as")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("cannot be unpacked")), "{reasons:?}");
    assert_eq!(pair.revisions().await, documents().len() as u64 - 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_document_that_is_refused_does_not_stop_the_others() {
    let pair = Pair::with(|answer, _| {
        let is_refused =
            answer.result.updates.iter().any(|update| update.id.id == Update::software(77, "").identity().id);
        if is_refused { Fate::Fault(ErrorCode::InternalServerError) } else { Fate::Becomes(answer) }
    })
    .await;
    let run = pair.run().await;
    assert_eq!(run.state, RunState::Partial);
    let problem = run.problem.expect("a problem");
    assert!(problem.contains("announces 1 document and does not give them"), "{problem}");
    assert_eq!(pair.revisions().await, documents().len() as u64 - 1);
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_in_the_middle_is_continued_where_it_stopped() {
    let pair = Pair::with(|answer, call| if call >= 3 { Fate::Cut } else { Fate::Becomes(answer) }).await;
    let run = pair.run().await;
    assert_eq!(run.state, RunState::Failed);
    let problem = run.problem.expect("a problem");
    assert!(problem.contains("the connection broke"), "{problem}");
    let before = pair.mischief.asked.load(Ordering::SeqCst);
    pair.recovers().await;
    let asked = pair.mischief.asked.load(Ordering::SeqCst) - before;
    assert_eq!(asked, 2, "what had come is not asked for again");
}

//! Files of updates fetched from sources, good ones and others.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater_app::content::{ContentReport, ContentSettings, ContentState, Patience, Trust, keep_content};
use headwater_app::downstream_server::DownstreamSettings;
use headwater_app::upstream_server::ServerSession;
use headwater_app::{App, AppError, ClientFault, DATABASE, Operator, Settings, Targeting};
use headwater_model::{GroupId, ServerId, Sha1Digest};
use headwater_policy::approval::Action;
use headwater_policy::group::ALL_COMPUTERS;
use headwater_policy::offer::PageLimits;
use headwater_policy::seen::Seen;
use headwater_store::Place;
use headwater_testkit::TestClock;
use headwater_testkit::builders::{Update, id};
use sha1::Digest as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Half a second is long on one machine.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    answer: Duration::from_millis(500),
    span: Duration::from_millis(500),
};

/// What a source does with a request for a file.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Whole, or from where it is asked.
    Honest,
    /// The same, but the connection ends after so many bytes.
    CutAfter(usize),
    /// The same, but nothing comes after so many bytes.
    SilentAfter(usize),
    /// Always whole, whatever is asked.
    WithoutRanges,
    /// Other bytes of the same length.
    OtherBytes,
    /// The file, and bytes without end.
    Endless,
    NotFound,
}

/// A source of one file, whose manners a test changes.
#[derive(Clone)]
struct Source {
    url: String,
    content: Arc<[u8]>,
    manner: Arc<Mutex<Manner>>,
    /// The value of Range of each request.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Source {
    async fn start(content: &[u8], manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let source = Self {
            url: format!("http://{}/c/msdownload/update.cab", listener.local_addr().expect("an address")),
            content: content.into(),
            manner: Arc::new(Mutex::new(manner)),
            asked: Arc::default(),
        };
        let answering = source.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answering.clone().answer(stream));
            }
        });
        source
    }

    fn turn(&self, manner: Manner) {
        *self.manner.lock().expect("a manner") = manner;
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("requests"))
    }

    async fn answer(self, mut stream: TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            request.push(byte);
        }
        let request = String::from_utf8_lossy(&request).to_lowercase();
        let range =
            request.lines().find_map(|line| line.strip_prefix("range: ")).unwrap_or_default().to_owned();
        let from = range.strip_prefix("bytes=").and_then(|range| range.trim_end_matches('-').parse().ok());
        self.asked.lock().expect("requests").push(range);
        let manner = *self.manner.lock().expect("a manner");
        // A client that has seen enough hangs up, which is what some tests are about.
        let _ = self.speak(&mut stream, manner, from.unwrap_or(0)).await;
    }

    async fn speak(&self, stream: &mut TcpStream, manner: Manner, from: usize) -> std::io::Result<()> {
        let len = self.content.len();
        let rest = &self.content[from..];
        let part = match from {
            0 => format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n"),
            _ => format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{}/{len}\r\n\r\n",
                len - from,
                len - 1
            ),
        };
        let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
        let (head, body) = match manner {
            Manner::Honest => (part, rest.to_vec()),
            Manner::CutAfter(bytes) | Manner::SilentAfter(bytes) => (part, rest[..bytes].to_vec()),
            Manner::WithoutRanges => (whole, self.content.to_vec()),
            Manner::OtherBytes => (part, rest.iter().map(|byte| !byte).collect()),
            Manner::Endless => ("HTTP/1.1 200 OK\r\n\r\n".to_owned(), self.content.to_vec()),
            Manner::NotFound => {
                ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(), Vec::new())
            }
        };
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        match manner {
            Manner::SilentAfter(_) => stream.read_u8().await.map(drop),
            Manner::Endless => loop {
                stream.write_all(&[0; 64 << 10]).await?;
            },
            _ => stream.shutdown().await,
        }
    }
}

/// A server without listeners, which has software 10 with one file, approved.
struct Fixture {
    folder: tempfile::TempDir,
    clock: TestClock,
    app: Arc<App>,
    file: Sha1Digest,
}

async fn operator(app: &App) -> Operator {
    let token = app.operators.local_token(app.clock.now()).await.expect("a token");
    app.operators.operator(&token, app.clock.now()).await.expect("an answer").expect("an operator")
}

/// The sources of these tests are on this machine.
async fn start(folder: &tempfile::TempDir, clock: &TestClock, sources: Trust) -> Arc<App> {
    let settings = Settings {
        data: folder.path().join("data"),
        database: Place::file(folder.path().join("data").join(DATABASE)),
        page: PageLimits { updates_max: 200, bytes_max: 5 << 20 },
        targeting: Targeting::ServerSide,
        content: ContentSettings { patience: PATIENCE, sources, ..ContentSettings::default() },
        downstream: DownstreamSettings::default(),
    };
    App::start(settings, clock.clock()).await.expect("starts")
}

impl Fixture {
    /// `announced` changes the document.
    async fn with(content: &[u8], announced: impl Fn(String) -> String) -> Self {
        let (folder, clock) = (tempfile::tempdir().expect("a folder"), TestClock::of_the_captures());
        let app = start(&folder, &clock, Trust::Configured).await;
        let package = folder.path().join("package");
        std::fs::create_dir_all(&package).expect("a folder");
        let document = Update::software(10, "Software").file("update.cab", content).document();
        std::fs::write(package.join("10.xml"), announced(document.xml)).expect("writes");
        let operator = operator(&app).await;
        app.import(&operator, "package", package, |_| {}).await.expect("imports");
        approve(&app, ALL_COMPUTERS).await;
        Self { folder, clock, app, file: Sha1Digest(sha1::Sha1::digest(content).into()) }
    }

    /// A server, and a source of its file.
    async fn new(content: &[u8], manner: Manner) -> (Self, Source) {
        let (fixture, source) = (Self::with(content, |xml| xml).await, Source::start(content, manner).await);
        fixture.comes_from(&source.url).await;
        (fixture, source)
    }

    async fn comes_from(&self, url: &str) {
        self.app.store.add_sources(&[(self.file, url.to_owned())]).await.expect("notes");
    }

    /// One run of the reconciler; when it wants to run again, in seconds.
    async fn reconcile(&self) -> Option<i64> {
        let due = self.app.reconcile_content().await.expect("runs");
        due.map(|due| (due.as_micros() - self.clock.now().as_micros()) / 1_000_000)
    }

    async fn report(&self) -> ContentReport {
        self.app.content_report().await.expect("answers")
    }

    async fn held(&self) -> Option<u64> {
        self.app.open_content(self.file).await.expect("opens").map(|file| file.len())
    }

    /// The same data in another process, as far as the server can tell.
    async fn restart(self) -> Self {
        self.restart_with(Trust::Configured).await
    }

    async fn restart_with(mut self, sources: Trust) -> Self {
        self.app.stop().await;
        let Self { folder, clock, app, .. } = self;
        drop(app);
        self = Self { app: start(&folder, &clock, sources).await, folder, clock, file: self.file };
        self
    }

    #[track_caller]
    fn is(&self, report: &ContentReport, state: ContentState, problem: &str) {
        assert_eq!((report.files_held, report.files_wanted, report.state), (0, 1, state));
        let found = report.problem.as_deref().unwrap_or_default();
        assert!(found.starts_with(&format!("{:X}.cab: {problem}", self.file)), "{found}");
    }
}

async fn approve(app: &App, group: GroupId) {
    let operator = operator(app).await;
    let approved =
        app.approve(&operator, &[id(10)], group, Some(Action::Install.into()), &Seen::default()).await;
    assert_eq!(approved.expect("approves").applied.len(), 1);
}

fn content() -> Vec<u8> {
    (0..2_500_000_u32).map(|n| ((n / 3) ^ (n >> 11)) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wanted_file_is_fetched_and_verified() {
    let (fixture, source) = Fixture::new(&content(), Manner::Honest).await;
    assert_eq!(fixture.report().await.state, ContentState::Working);
    assert_eq!(fixture.held().await, None);
    assert_eq!(fixture.reconcile().await, None);
    assert_eq!(fixture.held().await, Some(2_500_000));
    let report = fixture.report().await;
    assert_eq!((report.files_held, report.bytes_held, report.state), (1, 2_500_000, ContentState::Complete));
    assert_eq!(source.asked(), [""]);
    assert_eq!(fixture.reconcile().await, None);
    assert_eq!(source.asked().len(), 0, "what is here is not asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_download_continues_where_it_ended_after_a_restart_too() {
    let (fixture, source) = Fixture::new(&content(), Manner::CutAfter(1_000_000)).await;
    assert_eq!(fixture.reconcile().await, Some(15));
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Working, "the source stopped after 1000000 of 2500000 bytes");
    assert_eq!((source.asked(), fixture.staged_bytes()), (vec![String::new()], 1_000_000));
    assert_eq!(fixture.reconcile().await, Some(15), "it is left in peace");
    assert_eq!(source.asked().len(), 0);

    source.turn(Manner::SilentAfter(500_000));
    fixture.clock.advance(15);
    assert_eq!(fixture.reconcile().await, Some(15), "it made progress, so the pause is short");
    assert_eq!(source.asked(), ["bytes=1000000-"]);
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Working, "the source said nothing");

    let fixture = fixture.restart().await;
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Working, "the source said nothing");
    source.turn(Manner::Honest);
    fixture.clock.advance(15);
    assert_eq!(fixture.reconcile().await, None);
    assert_eq!(source.asked(), ["bytes=1500000-"]);
    assert_eq!(fixture.held().await, Some(2_500_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_ranges_begins_again() {
    let (fixture, source) = Fixture::new(&content(), Manner::CutAfter(1_000_000)).await;
    fixture.reconcile().await;
    source.turn(Manner::WithoutRanges);
    fixture.clock.advance(15);
    assert_eq!(fixture.reconcile().await, None);
    assert_eq!(source.asked(), ["", "bytes=1000000-"]);
    assert_eq!(fixture.held().await, Some(2_500_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_there_is_asked_less_and_less() {
    let (fixture, source) = Fixture::new(&content(), Manner::SilentAfter(0)).await;
    for pause in [15, 30, 60, 120] {
        assert_eq!(fixture.reconcile().await, Some(pause));
        fixture.clock.advance(pause);
    }
    assert_eq!(source.asked().len(), 4);
    fixture.comes_from("http://127.0.0.1:1/update.cab").await;
    assert_eq!(fixture.reconcile().await, Some(15), "another source is asked at once");
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Working, "the source cannot be reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bytes_are_never_kept_nor_served() {
    let (fixture, source) = Fixture::new(&content(), Manner::OtherBytes).await;
    assert_eq!(fixture.reconcile().await, Some(3_600));
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Missing, &format!("the file {} has the SHA-1", fixture.file));
    assert_eq!(fixture.held().await, None);
    assert_eq!(fixture.staged_bytes(), 0);

    source.turn(Manner::Endless);
    fixture.clock.advance(3_600);
    assert_eq!(fixture.reconcile().await, Some(7_200));
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Missing, "the source sends more than the 2500000 bytes announced");
    assert_eq!(fixture.staged_bytes(), 0);

    source.turn(Manner::NotFound);
    fixture.clock.advance(7_200);
    fixture.reconcile().await;
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Missing, "the source does not have it");

    source.turn(Manner::Honest);
    fixture.clock.advance(86_400);
    assert_eq!(fixture.reconcile().await, None, "it learnt");
    assert_eq!(fixture.held().await, Some(2_500_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_of_other_bytes_costs_one_more_download() {
    let (fixture, source) = Fixture::new(&content(), Manner::OtherBytes).await;
    let beginning: Vec<u8> = content()[..700_000].iter().map(|byte| !byte).collect();
    std::fs::write(fixture.staging().join(format!("{}.part", fixture.file)), beginning).expect("writes");
    source.turn(Manner::Honest);
    assert_eq!(fixture.reconcile().await, Some(15));
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Working, &format!("the file {} has the SHA-1", fixture.file));
    fixture.clock.advance(15);
    assert_eq!(fixture.reconcile().await, None);
    assert_eq!(source.asked(), ["bytes=700000-", ""]);
    assert_eq!(fixture.held().await, Some(2_500_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sha256_of_the_document_counts() {
    let content = content();
    let (right, wrong) = (sha2::Sha256::digest(&content), sha2::Sha256::digest(b"another"));
    let base64 = |digest: [u8; 32]| headwater_model::Sha256Digest(digest).to_base64();
    let fixture =
        Fixture::with(&content, |xml| xml.replace(&base64(right.into()), &base64(wrong.into()))).await;
    let source = Source::start(&content, Manner::Honest).await;
    fixture.comes_from(&source.url).await;
    assert_eq!(fixture.reconcile().await, Some(3_600));
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Missing, &format!("the file {} has the SHA-256", fixture.file));
    assert_eq!(fixture.held().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_are_none_are_not_asked() {
    let (fixture, _source) = Fixture::new(&content(), Manner::Honest).await;
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/update.cab", "http://admin:word@127.0.0.1/update.cab"]
    {
        fixture.comes_from(url).await;
        fixture.reconcile().await;
        let report = fixture.report().await;
        fixture.is(&report, ContentState::Missing, "its address is none of `http` or `https`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_does_not_send_the_server_to_itself() {
    let (fixture, source) = Fixture::new(&content(), Manner::Honest).await;
    let fixture = fixture.restart_with(Trust::Announced).await;
    fixture.reconcile().await;
    let report = fixture.report().await;
    fixture.is(&report, ContentState::Missing, "the source would be 127.0.0.1");
    assert_eq!(source.asked(), [""; 0]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_a_state_of_its_own_and_ends_by_itself() {
    let bytes = 1_u64 << 40;
    let sized = |xml: String| xml.replace(r#"Size="2500000""#, &format!(r#"Size="{bytes}""#));
    let fixture = Fixture::with(&content(), sized).await;
    let source = Source::start(&content(), Manner::Honest).await;
    fixture.comes_from(&source.url).await;
    assert_eq!(fixture.reconcile().await, Some(60));
    let report = fixture.report().await;
    fixture.is(&report, ContentState::DiskFull, "the disk of ");
    assert_eq!((report.bytes_wanted, source.asked().len()), (bytes, 0), "nothing is asked for in vain");
    fixture.clock.advance(60);
    assert_eq!(fixture.reconcile().await, Some(120), "but it is tried again");

    // The same with a file that an administrator brings; this one is all holes.
    let package = fixture.folder.path().join("package");
    let huge = std::fs::File::create(package.join("update.cab")).expect("a file");
    huge.set_len(bytes).expect("a sparse file");
    let imported = fixture.app.import(&operator(&fixture.app).await, "package", package, |_| {}).await;
    let error = imported.expect_err("does not fit");
    assert!(matches!(error, AppError::Content(_)), "{error}");
    assert!(headwater_app::admin::chain(&error).contains("is full"), "{error}");
    assert_eq!(fixture.staged_bytes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_arrived_before_a_crash_is_not_fetched_again() {
    let (fixture, source) = Fixture::new(&content(), Manner::Honest).await;
    fixture.reconcile().await;
    assert_eq!(source.asked().len(), 1);
    // As if the crash came between the file and its row.
    fixture.app.store.lose_file(fixture.file, "a crash").await.expect("notes");
    let fixture = fixture.restart().await;
    assert_eq!(fixture.held().await, None);
    let (stop, stopped) = watch::channel(false);
    let keeping = tokio::spawn(keep_content(fixture.app.clone(), stopped));
    fixture.becomes(ContentState::Complete).await;
    stop.send(true).expect("listens");
    keeping.await.expect("ends");
    assert_eq!(fixture.held().await, Some(2_500_000));
    assert_eq!(source.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_a_request_from_below_start_a_download() {
    let (fixture, source) = Fixture::new(&content(), Manner::Honest).await;
    let operator = operator(&fixture.app).await;
    let withdrawn = fixture.app.approve(&operator, &[id(10)], ALL_COMPUTERS, None, &Seen::default()).await;
    assert_eq!(withdrawn.expect("withdraws").applied.len(), 1);
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(keep_content(fixture.app.clone(), stopped));
    assert_eq!(fixture.report().await.files_wanted, 0);
    let stranger = Sha1Digest([7; 20]);
    let below = ServerSession { server: ServerId::from_u128(9) };
    let refused = fixture.app.download_files(&below, &[stranger, fixture.file]).await;
    assert!(matches!(refused, Err(ClientFault::FileDigestsMissing(unknown)) if unknown == [stranger]));
    fixture.becomes_held().await;
    assert_eq!(source.asked().len(), 1);

    let (fixture, source) = Fixture::new(&content()[1..], Manner::Honest).await;
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(keep_content(fixture.app.clone(), stopped));
    fixture.becomes_held().await;
    assert_eq!(source.asked().len(), 1);
}

impl Fixture {
    fn staging(&self) -> std::path::PathBuf {
        self.folder.path().join("data/content/staging")
    }

    /// What is kept of files on their way.
    fn staged_bytes(&self) -> u64 {
        let parts = std::fs::read_dir(self.staging()).expect("a folder");
        parts.map(|part| part.expect("a part").metadata().expect("a file").len()).sum()
    }

    async fn becomes(&self, state: ContentState) {
        let waiting = async {
            while self.report().await.state != state {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("in time");
    }

    async fn becomes_held(&self) {
        let waiting = async {
            while self.held().await.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("in time");
    }
}

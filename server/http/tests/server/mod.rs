//! A server with a small generated catalogue on two sockets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use headwater_app::content::ContentSettings;
use headwater_app::update_server::PROTOCOL_VERSION;
use headwater_app::{App, Clock, Settings, Targeting};
use headwater_catalog::Kind;
use headwater_fleet::{Catalogue, Spec};
use headwater_http::console::{self, Console};
use headwater_http::updates::{self, ContentUrls, Updates};
use headwater_http::{Limits, Listener};
use headwater_model::{Timestamp, UpdateId};
use headwater_policy::offer::PageLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Shortly after the captured report was sent. The catalogue arrives a day earlier.
pub fn now() -> Timestamp {
    "2026-10-04T15:20:48Z".parse().expect("a time")
}

pub struct Server {
    pub app: Arc<App>,
    folder: tempfile::TempDir,
    updates: SocketAddr,
    console: SocketAddr,
    token: String,
    stop: watch::Sender<bool>,
}

/// The text of a file of the shared data, or `None` where that is missing.
#[allow(clippy::print_stdout, reason = "a skipped test says so aloud")]
pub fn shared(name: &str) -> Option<String> {
    let folder = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Some(text),
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => panic!("{name}: {error}"),
        Err(_) => {
            println!("skipped: {name} is missing");
            None
        }
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::with_documents(Spec::UPDATES_MIN).await
    }

    pub async fn with_documents(documents: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let package = folder.path().join("package");
        std::fs::create_dir_all(&package).expect("a folder");
        let catalogue = Catalogue::new(Spec::new(documents)).expect("a catalogue");
        for (number, document) in catalogue.documents().enumerate() {
            std::fs::write(package.join(format!("{number}.xml")), document.xml).expect("a document");
        }
        let yesterday = Clock::from_fn(|| now().plus_seconds(-86_400));
        let app = App::start(settings(&folder), yesterday).await.expect("a server");
        let operator = operator(&app).await;
        app.import(&operator, "generated", package, |_| {}).await.expect("imported");
        app.stop().await;
        drop(app);
        Self::open(folder).await
    }

    async fn open(folder: tempfile::TempDir) -> Self {
        let app = App::start(settings(&folder), Clock::from_fn(now)).await.expect("a server");
        let (stop, stopped) = watch::channel(false);
        let content = ContentUrls { scheme: "http", port: 8530 };
        let router = updates::router(Arc::new(Updates { app: app.clone(), content }));
        let updates = serve(router, stopped.clone()).await;
        let console = Console {
            app: app.clone(),
            updates_url: String::new(),
            console_url: String::new(),
            metrics: Arc::new(String::new),
        };
        let console = serve(console::router(console), stopped).await;
        let token = app.local_token().await.expect("a token");
        Self { app, folder, updates, console, token, stop }
    }

    /// The same data in a new process, as far as the server can tell.
    pub async fn restart(self) -> Self {
        Self::open(self.end().await).await
    }

    pub async fn stop(self) {
        self.end().await;
    }

    async fn end(self) -> tempfile::TempDir {
        self.stop.send_replace(true);
        self.app.stop().await;
        // The lists that are served hold the data folder until their last task is gone.
        while Arc::strong_count(&self.app) > 1 {
            tokio::task::yield_now().await;
        }
        self.folder
    }

    /// Makes a computer known.
    pub async fn enroll(&self, client: &str) {
        self.cookie(client).await;
    }

    /// The cookie of a computer, as it comes out of the handshake.
    pub async fn cookie(&self, client: &str) -> Vec<u8> {
        let dns_name = format!("{client}.example");
        let authorized = self.app.get_authorization_cookie(client, &dns_name, "").await.expect("known");
        self.app
            .get_cookie(&authorized.data, None, self.app.get_config().last_change, PROTOCOL_VERSION)
            .expect("a cookie")
            .data
    }

    /// The leaf software that can stand alone.
    pub fn leaves(&self) -> Vec<UpdateId> {
        let served = self.app.live.served_full();
        let index = &served.catalogue.index;
        let is_leaf = |update: &&headwater_catalog::Update| {
            let newest = index.revision(update.revisions[0]);
            newest.kind == Kind::Software && newest.explicitly_deployable && update.is_leaf
        };
        index.updates().iter().filter(is_leaf).map(|update| update.id).collect()
    }

    pub async fn post(&self, path: &str, body: &str) -> (u16, String) {
        exchange(self.updates, "POST", path, &[("Content-Type", "text/xml; charset=utf-8")], body).await
    }

    pub async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let (status, body) = self.ask("GET", path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }

    pub async fn delete(&self, path: &str) {
        assert_eq!(self.ask("DELETE", path).await.0, 204);
    }

    async fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let authorization = format!("Bearer {}", self.token);
        exchange(self.console, method, path, &[("Authorization", &authorization)], "").await
    }
}

fn settings(folder: &tempfile::TempDir) -> Settings {
    Settings {
        data: folder.path().join("data"),
        page: PageLimits { updates_max: 200, bytes_max: 5 << 20 },
        targeting: Targeting::ServerSide,
        content: ContentSettings::default(),
    }
}

async fn operator(app: &App) -> headwater_app::Operator {
    let token = app.local_token().await.expect("a token");
    app.operator(&token).await.expect("an answer").expect("an operator")
}

async fn serve(router: axum::Router, stopped: watch::Receiver<bool>) -> SocketAddr {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, Limits::default()).await.expect("a port");
    let address = listener.address().expect("an address");
    tokio::spawn(listener.serve(router, stopped));
    address
}

/// One request on a connection of its own.
async fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: wsus.example:8530\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

//! Starting a server: opening its data and bringing up the snapshots.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use headwater_fragments::{FragmentFile, Location};
use headwater_model::{ServerId, Timestamp, UpdateIdentity};
use headwater_operators::Operators;
use headwater_policy::compliance::{ComputerStatus, StatusIndex};
use headwater_policy::offer::PageLimits;
use headwater_policy::snapshot::Offers;
use headwater_store::{Place, Server, Store};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::groups::random_guid;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::content::{Content, ContentSettings};
use crate::cookie::{CookieJar, KEY_BYTES};
use crate::downstream_server::{Downstream, DownstreamSettings};
use crate::error::AppError;
use crate::live::{self, Live, Served};
use crate::private_folder::make_private;
use crate::upstream_server::{self, ENROLLING_MAX, Packed};
use crate::writer::Writer;

/// Who puts computers into groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targeting {
    /// Administrators do, on this server.
    ServerSide,
    /// The computers ask for their groups by policy.
    ClientSide,
}

/// What a server is told when it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of everything that the server keeps.
    pub data: PathBuf,
    /// The database; [`DATABASE`] in the folder unless it is a PostgreSQL server's.
    pub database: Place,
    pub page: PageLimits,
    pub targeting: Targeting,
    pub content: ContentSettings,
    pub downstream: DownstreamSettings,
}

/// The name of a SQLite database within the data folder.
pub const DATABASE: &str = "headwater.sqlite";
/// How long a cookie lives, in seconds; fixed when GetCookie gives it (fact 14).
pub(crate) const COOKIE_SECONDS: i64 = 3600;
/// A new key seals cookies after so many days.
const KEY_DAYS: i64 = 7;
/// Older keys than this no longer open cookies (fact 53).
const KEY_KEEP_DAYS: i64 = 90;
const DAY_SECONDS: i64 = 86_400;
/// Tasks that pack documents for downstream servers.
const PACKERS: usize = 2;

/// What those who wait for changes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    /// The stamp of the snapshot.
    pub stamp: u64,
    pub is_closing: bool,
}

/// A running server without its listeners.
#[derive(Debug)]
pub struct App {
    pub store: Store,
    pub operators: Operators,
    pub live: Arc<Live>,
    pub settings: Settings,
    pub server: Server,
    pub clock: Clock,
    pub started_at: Timestamp,
    pub(crate) content: Arc<Content>,
    pub(crate) downstream: Downstream,
    pub(crate) fragments: Arc<FragmentFile>,
    pub(crate) locations: Mutex<HashMap<UpdateIdentity, Location>>,
    pub(crate) writer: Writer,
    pub(crate) jar: ArcSwap<CookieJar>,
    /// Serialises whatever publishes a snapshot.
    pub(crate) publishing: tokio::sync::Mutex<()>,
    pub(crate) importing: tokio::sync::Mutex<()>,
    /// Between what an operator saw and what is written comes nobody else.
    pub(crate) deciding: tokio::sync::Mutex<()>,
    /// Downstream servers that are being made known.
    pub(crate) enrolling: tokio::sync::Semaphore,
    pub(crate) news: watch::Sender<News>,
    pub(crate) packed: Packed,
    /// Documents that are packed at the same time: each may take a hundred megabytes.
    pub(crate) packing: tokio::sync::Semaphore,
    /// Rollups that are taken in at the same time.
    pub(crate) rollups: tokio::sync::Semaphore,
    /// One rollup is told at a time.
    pub(crate) rolling_up: tokio::sync::Mutex<()>,
    writer_task: Mutex<Option<JoinHandle<()>>>,
    _lock: File,
}

impl App {
    /// Opens the data folder, which no other process may have open, and loads the snapshots.
    pub async fn start(settings: Settings, clock: Clock) -> Result<Arc<Self>, AppError> {
        let lock = lock(&settings.data)?;
        let now = clock.now();
        let store = Store::open(&settings.database).await?;
        // Whole seconds: agents repeat the time of the configuration, some with fewer digits.
        let second = Timestamp::from_micros(now.as_micros() / 1_000_000 * 1_000_000);
        let server = store.server(ServerId::from_bytes(random_guid()?), second).await?;
        let content =
            Content::open(&settings.data.join("content"), settings.content.patience, &store).await?;
        let (fragments, mut locations) = FragmentFile::open(&settings.data.join("fragments"))?;
        let downstream = Downstream::open(&store, &settings.downstream.name, server.id).await?;
        let jar = jar(&store, &server, now).await?;

        let catalogue = Arc::new(Catalogue::publish(&store, &fragments, &mut locations).await?);
        let offers = Offers::new(catalogue.index.clone(), store.decisions().await?);
        let (news, _) = watch::channel(News { stamp: offers.stamp, is_closing: false });
        let status = load_status(&store).await?;
        let live = Arc::new(Live::new(Served { catalogue, offers }, store.roster().await?, status));
        let (writer, writer_task) = Writer::start(store.clone(), live.clone());
        Ok(Arc::new(Self {
            operators: Operators::new(store.operators()),
            store,
            live,
            settings,
            server,
            started_at: now,
            clock,
            content: Arc::new(content),
            downstream,
            fragments: Arc::new(fragments),
            locations: Mutex::new(locations),
            writer,
            jar: ArcSwap::from_pointee(jar),
            publishing: tokio::sync::Mutex::new(()),
            importing: tokio::sync::Mutex::new(()),
            deciding: tokio::sync::Mutex::new(()),
            enrolling: tokio::sync::Semaphore::new(ENROLLING_MAX),
            news,
            packed: Packed::default(),
            packing: tokio::sync::Semaphore::new(PACKERS),
            rollups: tokio::sync::Semaphore::new(upstream_server::ROLLUPS),
            rolling_up: tokio::sync::Mutex::new(()),
            writer_task: Mutex::new(Some(writer_task)),
            _lock: lock,
        }))
    }

    /// Reads all decisions again and answers agents by them from now on.
    pub(crate) async fn publish_decisions(&self) -> Result<(), AppError> {
        let _one_at_a_time = self.publishing.lock().await;
        let catalogue = self.live.served_full().catalogue.clone();
        let offers = Offers::new(catalogue.index.clone(), self.store.decisions().await?);
        self.publish(Served { catalogue, offers });
        Ok(())
    }

    /// Reads the catalogue and all decisions again, and answers by them from now on.
    pub(crate) async fn publish_catalogue(&self) -> Result<(), AppError> {
        let _one_at_a_time = self.publishing.lock().await;
        let mut known = self.locations.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let catalogue = Catalogue::publish(&self.store, &self.fragments, &mut known).await?;
        self.locations.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(known);
        let catalogue = Arc::new(catalogue);
        let offers = Offers::new(catalogue.index.clone(), self.store.decisions().await?);
        self.publish(Served { catalogue, offers });
        Ok(())
    }

    /// Everything up to the snapshot's stamp is in the snapshot: whoever publishes holds the lock,
    /// and under it revisions get their stamps.
    fn publish(&self, served: Served) {
        let stamp = served.offers.stamp;
        self.live.publish(served);
        self.content.wake();
        self.news.send_modify(|news| news.stamp = stamp);
    }

    /// Makes a new cookie key when the newest is a week old.
    pub async fn rotate_cookie_keys(&self) -> Result<(), AppError> {
        self.jar.store(Arc::new(jar(&self.store, &self.server, self.clock.now()).await?));
        Ok(())
    }

    /// Answers the servers that wait for news, for no more is to come. Call it when a stop begins.
    pub fn hang_up(&self) {
        self.news.send_modify(|news| news.is_closing = true);
    }

    /// Ends when everything that was accepted is written.
    pub async fn stop(&self) {
        self.writer.close();
        let task = self.writer_task.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(task) = task {
            // The task's own failures are logged where they happen.
            let _ = task.await;
        }
        self.store.close().await;
    }
}

/// Arranges the rows of all computers by update.
async fn load_status(store: &Store) -> Result<StatusIndex, AppError> {
    let mut index = StatusIndex::default();
    let take = |computer, status: ComputerStatus| {
        if let Some(computer) = live::number(computer) {
            index.replace(computer, &ComputerStatus::default(), &status);
        }
    };
    store.each_status(take).await?;
    Ok(index)
}

/// Keeps other processes off the folder for as long as the file is open.
pub fn lock(data: &Path) -> Result<File, AppError> {
    let io = |source| AppError::Io { path: data.display().to_string(), source };
    make_private(data).map_err(io)?;
    let file = File::create(data.join("lock")).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(AppError::Refused(format!(
            "another headwater works on `{}`; stop it, or choose another folder with --data",
            data.display()
        ))),
        Err(std::fs::TryLockError::Error(source)) => Err(io(source)),
    }
}

async fn jar(store: &Store, server: &Server, now: Timestamp) -> Result<CookieJar, AppError> {
    let mut keys = store.cookie_keys().await?;
    let fresh =
        keys.first().is_some_and(|newest| newest.created_at > now.plus_seconds(-KEY_DAYS * DAY_SECONDS));
    if !fresh {
        let secret: [u8; KEY_BYTES] = random()?;
        store.add_cookie_key(&secret, now, now.plus_seconds(-KEY_KEEP_DAYS * DAY_SECONDS)).await?;
        keys = store.cookie_keys().await?;
    }
    Ok(CookieJar::new(server.id, server.epoch, &keys))
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], AppError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AppError::Internal("the system has no randomness"))?;
    Ok(bytes)
}

//! `backup`, `restore` and `migrate`: what is done to a data folder from outside the server.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use headwater_app::{Clock, DATABASE, admin, lock};
use headwater_store::{ManagerStore, Place, Store};

use crate::config::{Config, ConfigError, MANAGER_DATABASE};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  headwater backup /backup/2026-12-24 --data /var/lib/headwater")]
pub struct BackupArguments {
    /// A folder that does not exist yet.
    target: PathBuf,
    /// The folder of the server [default: headwater-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration of the server, which says where its database is.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  headwater restore /backup/2026-12-24 --data /var/lib/headwater")]
pub struct RestoreArguments {
    /// A folder that `headwater backup` wrote.
    backup: PathBuf,
    /// A folder that does not exist yet or is empty [default: headwater-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration of the server, which says where its database is.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  headwater migrate --data /var/lib/headwater")]
pub struct MigrateArguments {
    /// The folder of a server that does not run [default: headwater-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration of the server, which says where its database is.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The databases came from a backup of yours: to agents the update server is a new one, and the managing
    /// server writes nothing until somebody has confirmed it.
    #[arg(long)]
    restored: bool,
}

/// Why a data folder was left as it was.
#[derive(Debug, thiserror::Error)]
enum MaintainError {
    #[error("`{path}` cannot be read or written")]
    Io { path: PathBuf, source: io::Error },
    #[error("`{0}` exists already; name a new folder")]
    Exists(PathBuf),
    #[error("`{0}` holds no database; name the folder of a server or of a backup")]
    NoDatabase(PathBuf),
    #[error(
        "{0} is backed up with pg_dump; copy `content`, `ca.pem`, `ca-key.pem`, `linkage.json` and `manager-record.json` \
         of the data folder after it, as far as they are there"
    )]
    BackUpPostgres(Place),
    #[error(
        "{0} is restored with pg_restore, then `headwater migrate --restored`; copy the files of the data folder back"
    )]
    RestorePostgres(Place),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] headwater_store::Error),
    #[error(transparent)]
    App(#[from] headwater_app::AppError),
}

/// What a backup holds beside the databases. Fragments are derived again at the first start.
const FILES: [&str; 3] = ["ca.pem", "ca-key.pem", LINKAGE];
const CONTENT: &str = "content";
/// The key of a Linkage and what its managing server gave it.
const LINKAGE: &str = "linkage.json";
/// While a restore goes on the databases have other names, so that one that was interrupted is not taken for
/// a whole one.
const ARRIVING: &str = "restoring-";

pub fn backup(arguments: &BackupArguments) -> ExitCode {
    finish(run(async {
        let BackupArguments { target, data, config } = arguments;
        let servers = servers(data, config)?;
        servers.refuse_postgres(MaintainError::BackUpPostgres)?;
        let data = servers.data;
        is_backed_up(&data)?;
        if target.exists() {
            return Err(MaintainError::Exists(target.clone()));
        }
        headwater_app::make_private(target).map_err(at(target))?;
        if data.join(DATABASE).is_file() {
            Store::back_up(&servers.update_server, &target.join(DATABASE)).await?;
        }
        if data.join(MANAGER_DATABASE).is_file() {
            ManagerStore::back_up(&servers.manager, &target.join(MANAGER_DATABASE)).await?;
        }
        // The databases first: content that they know is complete, and stays where it is.
        copy_rest(&data, target)?;
        Ok(format!("Backed up {} to {}", data.display(), target.display()))
    }))
}

pub fn restore(arguments: &RestoreArguments) -> ExitCode {
    finish(run(async {
        let RestoreArguments { backup, data, config } = arguments;
        let servers = servers(data, config)?;
        servers.refuse_postgres(MaintainError::RestorePostgres)?;
        let data = servers.data;
        is_backed_up(backup)?;
        if std::fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(MaintainError::Exists(data.clone()));
        }
        headwater_app::make_private(&data).map_err(at(&data))?;
        copy_rest(backup, &data)?;
        let now = Clock::system().now();
        let mut done = format!("Restored {} from {}", data.display(), backup.display());
        if let Some(arriving) = arrive(backup, &data, DATABASE)? {
            let store = Store::open(&Place::file(&arriving)).await?;
            done += &format!(": epoch {}", store.begin_epoch(now).await?);
            store.close().await;
        }
        if let Some(arriving) = arrive(backup, &data, MANAGER_DATABASE)? {
            let store = ManagerStore::open(&Place::file(&arriving)).await?;
            store.begin_review(&format!("the managing server was restored at {now}")).await?;
            store.close().await;
            done += "\nThe managing server writes nothing until `headwater wsus confirm`";
        }
        for name in [DATABASE, MANAGER_DATABASE] {
            let arriving = data.join(format!("{ARRIVING}{name}"));
            if arriving.is_file() {
                std::fs::rename(&arriving, data.join(name)).map_err(at(&data))?;
            }
        }
        Ok(done)
    }))
}

/// Copies a database of a backup, if it is there, under the name that it has meanwhile.
fn arrive(backup: &Path, data: &Path, name: &str) -> Result<Option<PathBuf>, MaintainError> {
    let source = backup.join(name);
    if !source.is_file() {
        return Ok(None);
    }
    let arriving = data.join(format!("{ARRIVING}{name}"));
    std::fs::copy(&source, &arriving).map_err(at(&arriving))?;
    Ok(Some(arriving))
}

pub fn migrate(arguments: &MigrateArguments) -> ExitCode {
    finish(run(async {
        let Servers { data, update_server, manager } = servers(&arguments.data, &arguments.config)?;
        let is_there = |place: &Place| match place {
            Place::File(path) => path.is_file(),
            Place::Postgres(_) => true,
        };
        if !is_there(&update_server) && !is_there(&manager) {
            return Err(MaintainError::NoDatabase(data));
        }
        let _lock = lock(&data)?;
        let now = Clock::system().now();
        let mut done = Vec::new();
        if is_there(&update_server) {
            let store = Store::open(&update_server).await?;
            let epoch = match arguments.restored {
                true => format!(", epoch {}", store.begin_epoch(now).await?),
                false => String::new(),
            };
            store.close().await;
            done.push(format!("The database of the update server is up to date: {update_server}{epoch}"));
        }
        if is_there(&manager) {
            let store = ManagerStore::open(&manager).await?;
            let review = match arguments.restored {
                true => {
                    store.begin_review(&format!("the managing server was restored at {now}")).await?;
                    ", and nothing is written until `headwater wsus confirm`"
                }
                false => "",
            };
            store.close().await;
            done.push(format!("The database of the managing server is up to date: {manager}{review}"));
        }
        Ok(done.join("\n"))
    }))
}

/// A data folder and the places of the databases of its roles.
struct Servers {
    data: PathBuf,
    update_server: Place,
    manager: Place,
}

impl Servers {
    fn refuse_postgres(&self, refused: impl Fn(Place) -> MaintainError) -> Result<(), MaintainError> {
        let mut places = [&self.update_server, &self.manager].into_iter();
        match places.find(|place| matches!(place, Place::Postgres(_))) {
            Some(place) => Err(refused(place.clone())),
            None => Ok(()),
        }
    }
}

fn servers(data: &Option<PathBuf>, config: &Option<PathBuf>) -> Result<Servers, ConfigError> {
    let mut config = config.as_ref().map_or_else(|| Ok(Config::default()), Config::read)?;
    config.data = data.clone().unwrap_or(config.data);
    let (update_server, manager) = (config.place()?, config.manager_place()?);
    Ok(Servers { data: config.data, update_server, manager })
}

/// Refuses a folder without anything that a backup is made of.
fn is_backed_up(folder: &Path) -> Result<(), MaintainError> {
    let there = [DATABASE, MANAGER_DATABASE, LINKAGE].iter().any(|name| folder.join(name).is_file());
    if there { Ok(()) } else { Err(MaintainError::NoDatabase(folder.to_owned())) }
}

fn at(path: &Path) -> impl Fn(io::Error) -> MaintainError {
    let path = path.to_owned();
    move |source| MaintainError::Io { path: path.clone(), source }
}

fn copy_rest(from: &Path, to: &Path) -> Result<(), MaintainError> {
    for name in FILES {
        if from.join(name).is_file() {
            std::fs::copy(from.join(name), to.join(name)).map_err(at(&to.join(name)))?;
        }
    }
    match from.join(CONTENT).is_dir() {
        true => copy_folder(&from.join(CONTENT), &to.join(CONTENT)),
        false => Ok(()),
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), MaintainError> {
    headwater_app::make_private(to).map_err(at(to))?;
    for entry in std::fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(at(&source))?.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            std::fs::copy(&source, &target).map_err(at(&source))?;
        }
    }
    Ok(())
}

fn run(work: impl Future<Output = Result<String, MaintainError>>) -> Result<String, MaintainError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(at(Path::new(".")))?;
    runtime.block_on(work)
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn finish(result: Result<String, MaintainError>) -> ExitCode {
    match result {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}", admin::chain(&error));
            ExitCode::from(1)
        }
    }
}

//! Makes the service, its rights and its start, by the service manager of Windows.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl, ServiceFailureActions,
    ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use super::access::{self, Change};
use crate::config::is_secret;
use crate::service::install::Installation;

const ERROR_ACCESS_DENIED: i32 = 5;
const ERROR_INVALID_LEVEL: i32 = 124;
const ERROR_SERVICE_DOES_NOT_EXIST: i32 = 1060;

/// A service that answers what is open ends within that.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);
/// It starts again after so many seconds, the last of them from then on.
const RESTARTS_SECONDS: [u64; 3] = [5, 30, 60];
/// After a day without a failure they are counted anew.
const FORGET: Duration = Duration::from_secs(24 * 60 * 60);

/// Why there is no service, or why it was not started.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    #[error("`{0}` is no full path: name one that begins with a drive, such as C:\\ProgramData\\Headwater")]
    Path(PathBuf),
    #[error(
        "only an administrator installs a service: run this in a command prompt that was opened as administrator; \
         `--dry-run` shows what it would do"
    )]
    NotAdministrator,
    #[error("the service manager did not {what} the service")]
    Manager { what: &'static str, source: windows_service::Error },
    #[error("the service does not stop; stop it in `services.msc`, then install again")]
    Running,
    #[error("`{path}` cannot be made private")]
    Private { path: PathBuf, source: io::Error },
}

/// The service and the calls, with which nothing was done.
pub fn preview(installation: &Installation) -> Result<String, PlatformError> {
    let info = info(installation)?;
    let quoted = |text: &OsString| format!(" \"{}\"", text.display());
    let arguments: String = info.launch_arguments.iter().map(quoted).collect();
    let name = installation.service.windows;
    let calls: String = changes(installation).iter().map(|change| format!("#   {change}\n")).collect();
    Ok(format!(
        "# The service {name}, which starts with the machine, somewhat later, and again when it failed\n\
         account   {}\ncommand   \"{}\"{arguments}\n\n# Then:\n{calls}#   sc start {name}\n",
        account(installation),
        info.executable_path.display(),
    ))
}

/// Says what was installed, which begins to run.
pub fn install(installation: &Installation) -> Result<String, PlatformError> {
    let service = create(installation.service.windows, &info(installation)?)?;
    let unknown = configure(&service, installation.service.description)?;
    let private = |path: &Path| {
        let path = path.to_owned();
        |source| PlatformError::Private { path, source }
    };
    headwater_app::make_private(&installation.data).map_err(private(&installation.data))?;
    for change in changes(installation) {
        change.make().map_err(private(&change.path))?;
    }
    installation.forget_last_run();
    service.start::<&str>(&[]).map_err(refused("start"))?;
    let warnings = unknown.iter().map(|what| format!("\nwarning   this service manager knows no {}", what));
    Ok(format!(
        "service   {}, as {}{}",
        installation.service.windows,
        account(installation),
        warnings.collect::<String>()
    ))
}

/// Without a name one that Windows makes for the service alone, and that has no password.
fn account(installation: &Installation) -> String {
    let own = || format!(r"NT SERVICE\{}", installation.service.windows);
    installation.user.map_or_else(own, str::to_owned)
}

/// The folder is the account's; what holds secrets beside it is read by it and no other.
fn changes(installation: &Installation) -> Vec<Change> {
    let account = account(installation);
    let mut changes = Vec::from(access::folder(&installation.data, &account));
    changes.extend(access::file(installation.config_file, &account));
    changes.extend(installation.files.iter().flat_map(|(name, file)| match is_secret(name) {
        true => Vec::from(access::file(file, &account)),
        // Other programs may read it too.
        false => vec![access::readable(file, &account)],
    }));
    changes
}

/// A service begins in the folder of Windows: all paths are whole.
fn info(installation: &Installation) -> Result<ServiceInfo, PlatformError> {
    let files = installation.files.iter().map(|(_, file)| file.as_path());
    let paths = [installation.config_file, &installation.data].into_iter().chain(files);
    for path in paths {
        if !path.is_absolute() {
            return Err(PlatformError::Path(path.to_owned()));
        }
    }
    let command = installation.service.command.iter().map(OsStr::new);
    let arguments = command.chain([
        OsStr::new("--service"),
        OsStr::new("--config"),
        installation.config_file.as_os_str(),
        OsStr::new("--data"),
        installation.data.as_os_str(),
    ]);
    Ok(ServiceInfo {
        name: installation.service.windows.into(),
        display_name: installation.service.title.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: installation.program.clone(),
        launch_arguments: arguments.map(Into::into).collect(),
        dependencies: Vec::new(),
        account_name: Some(account(installation).into()),
        account_password: None,
    })
}

/// A new service, or the one that is there with what is wanted now; it does not run.
fn create(name: &str, info: &ServiceInfo) -> Result<Service, PlatformError> {
    let manager = ServiceManager::local_computer(
        None::<&str>,
        ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE,
    );
    let manager = manager.map_err(refused("open"))?;
    // Whoever lets a service start again must be allowed to start it.
    let access = ServiceAccess::CHANGE_CONFIG
        | ServiceAccess::QUERY_STATUS
        | ServiceAccess::START
        | ServiceAccess::STOP;
    match manager.open_service(name, access) {
        Ok(service) => {
            stop(&service)?;
            service.change_config(info).map_err(refused("change"))?;
            Ok(service)
        }
        Err(error) if is_code(&error, ERROR_SERVICE_DOES_NOT_EXIST) => {
            manager.create_service(info, access).map_err(refused("create"))
        }
        Err(error) => Err(refused("open")(error)),
    }
}

/// Answers what this service manager does not know, such as the one of Wine.
fn configure(service: &Service, description: &str) -> Result<Vec<&'static str>, PlatformError> {
    let restart = |seconds| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_secs(seconds),
    };
    let restarts = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGET),
        reboot_msg: None,
        command: None,
        actions: Some(RESTARTS_SECONDS.map(restart).into()),
    };
    let done = [
        ("description", service.set_description(description)),
        ("delayed start", service.set_delayed_auto_start(true)),
        ("restart after a failure", service.update_failure_actions(restarts)),
        // One that ends with an exit code has failed too.
        ("restart after an exit code", service.set_failure_actions_on_non_crash_failures(true)),
    ];
    let mut unknown = Vec::new();
    for (what, done) in done {
        match done {
            Err(error) if is_code(&error, ERROR_INVALID_LEVEL) => unknown.push(what),
            done => done.map_err(refused("configure"))?,
        }
    }
    Ok(unknown)
}

/// Waits until it has ended in order.
fn stop(service: &Service) -> Result<(), PlatformError> {
    let state = || service.query_status().map(|status| status.current_state).map_err(refused("query"));
    let begun = Instant::now();
    let mut is_asked = false;
    while begun.elapsed() < PATIENCE {
        match state()? {
            ServiceState::Stopped => return Ok(()),
            ServiceState::Running if !is_asked => {
                service.stop().map_err(refused("stop"))?;
                is_asked = true;
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(PlatformError::Running)
}

fn refused(what: &'static str) -> impl FnOnce(windows_service::Error) -> PlatformError {
    move |source| match is_code(&source, ERROR_ACCESS_DENIED) {
        true => PlatformError::NotAdministrator,
        false => PlatformError::Manager { what, source },
    }
}

fn is_code(error: &windows_service::Error, code: i32) -> bool {
    matches!(error, windows_service::Error::Winapi(error) if error.raw_os_error() == Some(code))
}

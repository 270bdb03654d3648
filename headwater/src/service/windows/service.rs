//! `--service`: what the service manager of Windows starts, watches and stops.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use headwater_app::admin;
use tokio::sync::watch;
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::{define_windows_service, service_dispatcher};

use super::log_file;
use crate::config::{Config, ConfigError};
use crate::serve::{self, Linking};
use crate::service::Service;
use crate::up;

/// Opening a large catalogue, or answering what is open, takes so long at most; then Windows calls it hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// The service manager calls a function that is given nothing of ours.
static STARTED: OnceLock<Started> = OnceLock::new();

/// What is to run.
struct Started {
    service: &'static Service,
    log: PathBuf,
    configure: Box<dyn Fn() -> Result<Config, ConfigError> + Send + Sync>,
}

// The entry point, in the form that Windows calls; its unsafe code is the crate's.
define_windows_service!(service_main, serve_until_stopped);

/// Ends when the service has stopped.
pub fn run(
    service: &'static Service,
    folder: &Path,
    configure: impl Fn() -> Result<Config, ConfigError> + Send + Sync + 'static,
) -> Result<String, String> {
    STARTED.get_or_init(|| Started {
        service,
        log: folder.join(service.log),
        configure: Box::new(configure),
    });
    match service_dispatcher::start(service.windows, service_main) {
        Ok(()) => Ok(String::new()),
        Err(error) => Err(format!(
            "the service manager did not start this: {}; leave out --service to run in the foreground",
            admin::chain(&error)
        )),
    }
}

fn serve_until_stopped(_arguments: Vec<OsString>) {
    let Some(started) = STARTED.get() else { return };
    // Without a log there is still a service, whose exit code says that it failed.
    let _ = log_file::start(started.log.clone());
    let (stop, stopped) = watch::channel(false);
    let handler = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            stop.send_replace(true);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    match service_control_handler::register(started.service.windows, handler) {
        Ok(manager) => tell(manager, ServiceState::Stopped, serve(manager, started, stopped)),
        Err(error) => tracing::error!(error = admin::chain(&error), "the service manager does not listen"),
    }
}

fn serve(
    manager: ServiceStatusHandle,
    started: &Started,
    mut stopped: watch::Receiver<bool>,
) -> ServiceExitCode {
    tell(manager, ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    let ready = |announcement: &str| {
        announcement.lines().for_each(|line| tracing::info!("{line}"));
        tell(manager, ServiceState::Running, ServiceExitCode::NO_ERROR);
    };
    let stop = async move {
        // Who would send is kept by the service manager until the process ends.
        let _ = stopped.wait_for(|stop| *stop).await;
        tell(manager, ServiceState::StopPending, ServiceExitCode::NO_ERROR);
    };
    let served = up::run_to_the_end((started.configure)(), |config| {
        serve::run_until(config, Linking::ByHand, ready, stop)
    });
    match served {
        Ok(()) => ServiceExitCode::NO_ERROR,
        Err(error) => {
            tracing::error!(error = admin::chain(&error), "the service does not run");
            ServiceExitCode::ServiceSpecific(1)
        }
    }
}

fn tell(manager: ServiceStatusHandle, state: ServiceState, exit_code: ServiceExitCode) {
    let told = manager.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: match state {
            ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
            _ => ServiceControlAccept::empty(),
        },
        exit_code,
        checkpoint: 0,
        wait_hint: match state {
            ServiceState::StartPending | ServiceState::StopPending => PATIENCE,
            _ => Duration::ZERO,
        },
        process_id: None,
    });
    if let Err(error) = told {
        tracing::warn!(error = admin::chain(&error), "the service manager was not told of {state:?}");
    }
}

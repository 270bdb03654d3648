//! The log: one line for each thing that matters, to standard error.

use tracing_subscriber::EnvFilter;

/// What is logged, unless `HEADWATER_LOG` chooses.
pub const ALL: &str = "info,sqlx=warn";
/// Five servers and sixty computers have too much to say; one that has no time is asked again.
pub const DEMO: &str = "warn,headwater_app::downstream_server=error,sqlx=error";

/// Starts logging. `HEADWATER_LOG` chooses what is logged, such as `debug` or
/// `info,headwater_http=debug`.
pub fn start(what: &str) {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter(what))
        .with_writer(std::io::stderr)
        .with_ansi(terminal)
        .init();
}

/// What `HEADWATER_LOG` chooses, or else this.
pub fn filter(what: &str) -> EnvFilter {
    EnvFilter::try_from_env("HEADWATER_LOG").unwrap_or_else(|_| EnvFilter::new(what))
}

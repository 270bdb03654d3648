//! The log: one line for each thing that matters, to standard error.

use tracing_subscriber::EnvFilter;

/// Starts logging. `HEADWATER_LOG` chooses what is logged, such as `debug` or
/// `info,headwater_http=debug`.
pub fn start() {
    let filter =
        EnvFilter::try_from_env("HEADWATER_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal).init();
}

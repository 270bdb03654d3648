use tokio::signal::unix::{SignalKind, signal};

/// SIGTERM, or SIGINT from a terminal.
pub async fn stop_signal() {
    if let Ok(mut terminate) = signal(SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        return;
    }
    // Without that signal the process is stopped from outside.
    let _ = tokio::signal::ctrl_c().await;
}

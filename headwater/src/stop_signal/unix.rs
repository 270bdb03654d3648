use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// SIGTERM, or SIGINT from a terminal. Heard from this call on, whenever the answer is awaited.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

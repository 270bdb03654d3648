use std::io;

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

/// Ctrl+C and Ctrl+Break of the console, its window being closed, and the machine being shut down.
pub async fn stop_signal() {
    // Without them the process is stopped from outside.
    if signalled().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn signalled() -> io::Result<()> {
    let (mut interrupt, mut end) = (ctrl_c()?, ctrl_break()?);
    let (mut close, mut shutdown) = (ctrl_close()?, ctrl_shutdown()?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = end.recv() => {}
        _ = close.recv() => {}
        _ = shutdown.recv() => {}
    }
    Ok(())
}

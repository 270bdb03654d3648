use std::io;

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

/// Ctrl+C and Ctrl+Break of the console, its window being closed, and the machine being shut down. Heard from this call
/// on, whenever the answer is awaited.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut end) = (ctrl_c()?, ctrl_break()?);
    let (mut close, mut shutdown) = (ctrl_close()?, ctrl_shutdown()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = end.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}

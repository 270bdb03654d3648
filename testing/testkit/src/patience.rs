//! Waiting for what another server does by itself.

use std::time::{Duration, Instant};

/// The longest time that anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the answer is `Some`, and returns it with the time that it took.
///
/// # Panics
/// If it does not come within twenty seconds.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> (T, Duration) {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return (found, begun.elapsed());
        }
        assert!(begun.elapsed() < DEADLINE, "{what} did not come about in {DEADLINE:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

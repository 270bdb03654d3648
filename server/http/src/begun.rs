//! What was begun goes on to its end.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::watch;

/// The requests that write, as long as they go on.
#[derive(Debug, Clone, Default)]
pub struct Begun(watch::Sender<usize>);

/// One of them, until this is dropped.
struct One(Begun);

impl Begun {
    /// Ends when none goes on.
    pub async fn ended(&self) {
        // The sender is here, so there is an end to wait for.
        let _ = self.0.subscribe().wait_for(|going| *going == 0).await;
    }

    fn one(&self) -> One {
        self.0.send_modify(|going| *going += 1);
        One(self.clone())
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.send_modify(|going| *going -= 1);
    }
}

/// Carries a request that writes out to its end even if the client hangs up, for a plan that is half written and in
/// no record is worse than one whose answer nobody hears.
pub async fn to_its_end(State(begun): State<Begun>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let one = begun.one();
    let carried = async move {
        let _one = one;
        next.run(request).await
    };
    match tokio::spawn(carried).await {
        Ok(response) => response,
        // As it would be without a task of its own.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => unreachable!("nobody cancels it: {error}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::http::Method;
    use axum::middleware::from_fn_with_state;
    use axum::routing::any;
    use tokio::sync::mpsc;
    use tokio::time::timeout;
    use tower::Service as _;

    use super::*;

    /// Whether a handler that was begun comes to its end though whoever asked hangs up.
    async fn comes_to_its_end(method: Method) -> bool {
        let (told, mut steps) = mpsc::unbounded_channel();
        let release = Arc::new(tokio::sync::Notify::new());
        let handler = {
            let release = release.clone();
            async move || {
                told.send("begun").expect("is heard");
                release.notified().await;
                told.send("ended").expect("is heard");
            }
        };
        let begun = Begun::default();
        let carried = from_fn_with_state(begun.clone(), to_its_end);
        let mut app: Router = Router::new().route("/", any(handler)).layer(carried);
        let request = Request::builder().method(method).uri("/").body(Body::empty()).expect("a request");
        let mut asked = Box::pin(app.call(request));
        tokio::select! {
            _ = &mut asked => panic!("nobody released it"),
            step = steps.recv() => assert_eq!(step, Some("begun")),
        }
        drop(asked);
        let stopping = tokio::spawn(async move { begun.ended().await });
        tokio::task::yield_now().await;
        let is_awaited = !stopping.is_finished();
        release.notify_one();
        // Whoever lets go of it drops the sender at once.
        drop(app);
        let patience = Duration::from_secs(30);
        let ends = timeout(patience, steps.recv()).await.expect("one or the other") == Some("ended");
        timeout(patience, stopping).await.expect("none goes on").expect("no panic");
        assert_eq!(is_awaited, ends, "a stop waits for what comes to its end, and for nothing else");
        ends
    }

    #[tokio::test]
    async fn who_hangs_up_ends_what_is_read_and_not_what_is_written() {
        assert!(comes_to_its_end(Method::POST).await);
        assert!(comes_to_its_end(Method::DELETE).await);
        assert!(!comes_to_its_end(Method::GET).await);
    }
}

//! What was begun goes on to its end.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// Carries a request that writes out to its end even if the client hangs up, for a plan that is half written and in
/// no record is worse than one whose answer nobody hears.
pub async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
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
    use axum::middleware::from_fn;
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
        let mut app: Router = Router::new().route("/", any(handler)).layer(from_fn(to_its_end));
        let request = Request::builder().method(method).uri("/").body(Body::empty()).expect("a request");
        let mut asked = Box::pin(app.call(request));
        tokio::select! {
            _ = &mut asked => panic!("nobody released it"),
            step = steps.recv() => assert_eq!(step, Some("begun")),
        }
        drop(asked);
        release.notify_one();
        // Whoever lets go of it drops the sender at once.
        drop(app);
        timeout(Duration::from_secs(30), steps.recv()).await.expect("one or the other") == Some("ended")
    }

    #[tokio::test]
    async fn who_hangs_up_ends_what_is_read_and_not_what_is_written() {
        assert!(comes_to_its_end(Method::POST).await);
        assert!(comes_to_its_end(Method::DELETE).await);
        assert!(!comes_to_its_end(Method::GET).await);
    }
}

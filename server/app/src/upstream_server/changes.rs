//! Waiting for a change, which no operation of MS-WSUSSS can: our own extension.

use std::time::Duration;

use super::ServerSession;
use crate::start::{App, News};

/// How long a downstream server is kept waiting. Proxies give up on a silent connection after a
/// minute or two.
const WAIT_MAX: Duration = Duration::from_secs(50);

impl App {
    /// Answers with the point of what is served as soon as it is another than `after`, or after a
    /// while. It is a hint: what changed is asked for with the operations of the protocol.
    pub async fn changes(&self, _: &ServerSession, after: u64) -> u64 {
        let stamp = |news: &News| self.point(news.stamp);
        let mut news = self.news.subscribe();
        // The sender lives as long as the server; when time is up, the stamp is as good as ever.
        let _ = tokio::time::timeout(WAIT_MAX, news.wait_for(|news| stamp(news) != after || news.is_closing))
            .await;
        stamp(&self.news.borrow())
    }
}

//! The synchronisation of a tree of WSUS servers, which is told as it goes.

use headwater_api::{StartedRun, SyncEvent, SyncReport, SyncRequest, path};

use crate::{Answer, Client, Error};

const BROKE_OFF: &str = "the connection broke off before the run was done; `headwater wsus runs` shows \
                         whether it went on";

impl Client {
    /// Begins to bring the tree in step, or joins the run that goes on, and does not wait for it.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the run.
    pub fn begin_sync_wsus(&self, request: &SyncRequest) -> Result<Answer<StartedRun>, Error> {
        self.post(&format!("{}?no_wait=true", path::WSUS_SYNC), request)
    }

    /// Brings the tree in step, and tells every event with its very JSON. It lasts as long as it lasts.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the run or fails in it. Servers that are not in step
    /// are in the report, not errors.
    pub fn sync_wsus(
        &self,
        request: &SyncRequest,
        watch: &mut dyn FnMut(&SyncEvent, &str),
    ) -> Result<SyncReport, Error> {
        let post = self.agent.post(format!("{}{}", self.url, path::WSUS_SYNC));
        let post = self.prepared(post, &()).config().timeout_global(None).build();
        let body = self.accepted(post.send_json(request))?.into_body();
        self.follow(body, BROKE_OFF, |event: SyncEvent, line| {
            watch(&event, line);
            match event {
                SyncEvent::Server { .. } | SyncEvent::Attached { .. } => None,
                SyncEvent::Finished { report } => Some(Ok(report)),
                SyncEvent::Failed { problem } => Some(Err(Error::Refused(Box::new(problem)))),
            }
        })
    }
}

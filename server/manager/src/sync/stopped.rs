//! Runs that somebody stops, and those that begin after one.

use std::sync::Arc;

use headwater_api::{SyncPhase, SyncRequest};
use headwater_store::{AuditRow, RunKind};
use headwater_words::quantity::seconds_passed;

use super::{Run, Selected};
use crate::ask::PATIENCE;
use crate::running::{LAST_CALL, LastLine, Running, Said};
use crate::writers::Writable;
use crate::{Manager, ManagerError, tree::Tree};

/// The run that somebody stopped and that has not ended.
pub(super) fn stopping(current: &Option<Arc<Running>>) -> Option<Arc<Running>> {
    current.clone().filter(|one| one.stopped_by().is_some() && !one.has_ended())
}

impl Manager {
    /// Ends the run that goes on, after what it is doing.
    pub async fn stop_synchronising(&self, by: &str) -> Result<(), ManagerError> {
        let current = self.running.lock().await;
        let Some(running) = current.as_ref().filter(|running| !running.has_ended()) else {
            return Err(ManagerError::Refused("no synchronisation is running".to_owned()));
        };
        running.stop(by);
        let detail = format!("run {}", running.number);
        Ok(self.store.audit(&AuditRow::of(self.now(), by, "stop synchronisation", &detail)).await?)
    }

    /// Begins a run that waits for the end of a stopped one, and says so at once. What keeps it from writing is how
    /// it ends then.
    pub(super) async fn begin_after(
        self: &Arc<Self>,
        stopping: Arc<Running>,
        request: &SyncRequest,
        by: &str,
    ) -> Result<Arc<Running>, ManagerError> {
        let top = self.way().await?.top;
        let mut current = self.running.lock().await;
        if let Some(running) = super::going_on(&current, request)? {
            return Ok(running);
        }
        // Another one may have begun and been stopped meanwhile.
        let stopping = self::stopping(&current).unwrap_or(stopping);
        let running = self.note_run(&mut current, request, by).await?;
        let by_whom = stopping.stopped_by().unwrap_or_default();
        let first = format!("run {}, which {by_whom} stopped", stopping.number);
        let mut at_work = stopping.at_work();
        at_work.retain(|one| running.is_about(one.server));
        for LastLine { server, name, .. } in at_work {
            let line = format!("waits for {first}: {LAST_CALL}");
            running.tell(server, &name, Said::new(SyncPhase::Updates, line));
        }
        if running.last_lines().is_empty() {
            let line = format!("waits for {first}: what it was last doing has two minutes at most");
            running.tell(top.server, &top.name, Said::new(SyncPhase::Updates, line));
        }
        tokio::spawn(self.clone().carry_through_after(stopping, running.clone()));
        Ok(running)
    }

    async fn carry_through_after(self: Arc<Self>, stopping: Arc<Running>, running: Arc<Running>) {
        let begin = async {
            stopping.ended().await;
            if let Some(by) = running.stopped_by() {
                return Err(ManagerError::Refused(format!("{by} stopped the run")));
            }
            let (way, tree): (Writable, Tree) = self.writable_tree().await?;
            let selected = Selected::of(&tree, &running.request)?;
            Ok((way, tree, selected))
        };
        match running.until_given_up("the reading of the tree", begin).await {
            Ok((way, tree, selected)) => {
                self.carry_through((*way).clone(), tree, selected, running, Some(way)).await;
            }
            Err(error) => {
                let ended = Err(error);
                self.keep_end(running.number, &ended).await;
                running.end(ended);
            }
        }
    }

    /// Keeps that a run begins, with who began it.
    pub(super) async fn note_run(
        &self,
        current: &mut Option<Arc<Running>>,
        request: &SyncRequest,
        by: &str,
    ) -> Result<Arc<Running>, ManagerError> {
        let number = self.store.begin_sync_run(RunKind::Writes, by, self.now()).await?;
        let detail = format!("run {number}");
        let after = Some(match (&request.at, &request.below) {
            (Some(at), _) => format!("{at} alone"),
            (None, Some(below)) => format!("{below} and what is below it"),
            (None, None) => "all servers".to_owned(),
        });
        let row = AuditRow { after, ..AuditRow::of(self.now(), by, "synchronise", &detail) };
        self.store.audit(&row).await?;
        let running = Running::new(number, request.clone(), by, self.now(), self.changed.clone());
        let running = Arc::new(running);
        *current = Some(running.clone());
        Ok(running)
    }
}

impl Run<'_> {
    /// Gives up what it does once somebody stopped it and its last calls have had their time.
    pub(super) async fn until_given_up<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, ManagerError>>,
    ) -> Result<T, ManagerError> {
        match self.watched {
            Some(watched) => watched.until_given_up(what, work).await,
            None => work.await,
        }
    }
}

impl Running {
    /// Of several calls one after the other, or of a server that answers each at the last moment, nobody knows the
    /// end: after a stop all of them have the time that one has.
    async fn until_given_up<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, ManagerError>>,
    ) -> Result<T, ManagerError> {
        tokio::select! {
            done = work => done,
            by = self.given_up() => Err(ManagerError::Refused(format!(
                "{by} stopped the run, and {what} was given up after {}: what was last asked there may still be done",
                seconds_passed(PATIENCE.as_secs())
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use headwater_api::{SyncEvent, SyncReport};
    use headwater_model::{ServerId, Timestamp};
    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::*;
    use crate::runs::Looking;
    use crate::sample;

    const BERLIN: ServerId = ServerId::from_u128(7);

    /// One that is at Berlin, and done with Munich.
    fn at_berlin(changed: watch::Sender<crate::Changed>) -> Running {
        let running = Running::new(12, SyncRequest::default(), "ben", Timestamp::EPOCH, changed);
        running.tell(BERLIN, "berlin", Said::new(SyncPhase::Clients, "3 memberships to write"));
        running.tell(ServerId::from_u128(8), "munich", Said::new(SyncPhase::Done, "in step"));
        running
    }

    fn last_line(running: &Running) -> String {
        let Some(SyncEvent::Server { name, line, .. }) = running.last_events(1).pop() else {
            panic!("nothing is said")
        };
        format!("{name}: {line}")
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_stopped_run_waits_for_is_said_and_has_an_end() {
        let running = at_berlin(watch::Sender::default());
        let begun = Instant::now();
        let stops = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            running.stop("anna");
            running.stop("ben");
            last_line(&running)
        };
        let never = pending::<Result<(), ManagerError>>();
        let (ended, said) = tokio::join!(running.until_given_up("berlin", never), stops);
        assert_eq!(said, format!("berlin: anna stopped the run: {LAST_CALL}"));
        assert_eq!(begun.elapsed(), Duration::from_secs(60) + PATIENCE);
        let ended = ended.expect_err("it never ends").to_string();
        assert!(ended.starts_with("anna stopped the run, and berlin was given up after"), "{ended}");
        let in_time = async {
            tokio::time::sleep(PATIENCE - Duration::from_secs(1)).await;
            Ok(())
        };
        running.until_given_up("berlin", in_time).await.expect("a call has its time");
    }

    #[tokio::test]
    async fn who_asks_for_a_run_after_a_stop_hears_at_once_what_is_waited_for() {
        let (_folder, manager, silent) = sample::linked_with_a_silent_server(|| Timestamp::EPOCH).await;
        let (first, request) = (Arc::new(at_berlin(manager.changed.clone())), SyncRequest::default());
        *manager.running.lock().await = Some(first.clone());
        first.stop("anna");
        let next = manager.synchronise(&request, "ben", Looking::Writer).await.expect("it begins");
        assert!(!Arc::ptr_eq(&next, &first) && !first.has_ended());
        let said = format!("berlin: waits for run 12, which anna stopped: {LAST_CALL}");
        assert_eq!(last_line(&next), said);
        let joined = manager.synchronise(&request, "ada", Looking::Writer).await.expect("it goes on");
        assert!(Arc::ptr_eq(&joined, &next));
        // Nothing is asked before the end of the first one.
        first.end(Ok(SyncReport::default()));
        let _asked = silent.accept().await.expect("it is asked");
        assert!(!next.has_ended());
    }
}

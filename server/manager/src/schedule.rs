//! The synchronisation of the tree at set times.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_api::{NewSchedule, Schedule, SyncRequest, Weekday};
use headwater_model::{ServerId, Timestamp, chain};
use headwater_store::AuditRow;
use headwater_tree::window::minute_of_day;
use jiff::civil::{Time, Weekday as Day};
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::pause::doubled;
use crate::runs::Looking;
use crate::{Manager, ManagerError, Running};

/// By whom the record says that a run was begun that nobody asked for.
pub const BY: &str = "schedule";
/// How often it is looked whether one is due: a clock may be set, and a machine may sleep.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Before a run that is due and did not begin, or failed as a whole, is tried again: at first, and at most.
const AGAIN_MIN: Duration = Duration::from_secs(30);
const AGAIN_MAX: Duration = Duration::from_secs(900);

/// Begins the runs that are due, until it is stopped. Those that fell into a time when the managing server did
/// not run are left out: the next one does the same.
pub async fn keep_schedule(manager: Arc<Manager>, stopped: watch::Receiver<bool>) {
    let kept = Kept { seen: manager.now(), tries: Tries::default(), begun: None };
    keep(manager, kept, TimeZone::system(), stopped).await;
}

async fn keep(manager: Arc<Manager>, mut kept: Kept, zone: TimeZone, mut stopped: watch::Receiver<bool>) {
    loop {
        let look = async {
            manager.look_at_schedule(&mut kept, &zone).await;
            tokio::time::sleep(LOOK_EVERY).await;
        };
        // A top that is silent keeps no process from ending.
        tokio::select! {
            () = look => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// How far the schedule is kept.
struct Kept {
    /// What fell due until then has begun, or is not to begin any more.
    seen: Timestamp,
    tries: Tries,
    begun: Option<Begun>,
}

/// A run that has begun. Where it fails as a whole it is due still, with the servers that it took up.
struct Begun {
    running: Arc<Running>,
    seen: Timestamp,
    due: Vec<ServerId>,
}

/// Tries of a run that is due and come to nothing.
#[derive(Default)]
struct Tries {
    count: u32,
    /// When the last one was, and before when there is no other one.
    last: Option<(Timestamp, Instant)>,
}

impl Tries {
    /// Notes one; whether it was the first one, which the record is to say.
    fn note(&mut self, at: Timestamp, now: Instant) -> bool {
        let pause = doubled(self.count, AGAIN_MIN, AGAIN_MAX);
        (self.count, self.last) = (self.count + 1, Some((at, now + pause)));
        self.count == 1
    }

    fn is_too_soon(&self, now: Instant) -> bool {
        self.last.is_some_and(|(_, again)| now < again)
    }
}

impl Manager {
    /// The schedule, with its next run.
    pub async fn schedule(&self) -> Result<Option<Schedule>, ManagerError> {
        let Some(when) = self.kept_schedule().await? else { return Ok(None) };
        Ok(next(&when, self.now(), &TimeZone::system()).map(|next_at| Schedule { when, next_at }))
    }

    /// Synchronises the tree at these times from now on.
    pub async fn set_schedule(&self, when: &NewSchedule, by: &str) -> Result<Option<Schedule>, ManagerError> {
        if time(&when.at).is_none() {
            return Err(ManagerError::Invalid(format!(
                "`{}` is no time of a day: write it as 03:00",
                when.at
            )));
        }
        let body = serde_json::to_string(when).unwrap_or_default();
        self.store.set_schedule(Some(&body), by, self.now()).await?;
        self.schedule().await
    }

    pub async fn clear_schedule(&self, by: &str) -> Result<(), ManagerError> {
        if self.kept_schedule().await?.is_none() {
            return Err(ManagerError::Refused("there is no schedule".to_owned()));
        }
        Ok(self.store.set_schedule(None, by, self.now()).await?)
    }

    pub(crate) async fn kept_schedule(&self) -> Result<Option<NewSchedule>, ManagerError> {
        let kept = self.store.schedule().await?;
        Ok(kept.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// Begins what is due, or tries it again.
    async fn look_at_schedule(self: &Arc<Self>, kept: &mut Kept, zone: &TimeZone) {
        let now = self.now();
        let tried = match self.look_for_runs(kept, now, zone).await {
            // It is due until the one that goes on has ended.
            Ok(()) | Err(ManagerError::Busy(_)) => Ok(()),
            Err(error) => self.not_begun(kept, now, &error).await,
        };
        if let Err(error) = tried {
            tracing::warn!(error = chain(&error), "the record of the schedule cannot be written");
        }
    }

    async fn look_for_runs(
        self: &Arc<Self>,
        kept: &mut Kept,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), ManagerError> {
        if let Some(begun) = kept.begun.take_if(|begun| begun.running.has_ended()) {
            match begun.running.result() {
                Some(Err(error)) if begun.running.stopped_by().is_none() => {
                    kept.seen = begun.seen;
                    for server in begun.due {
                        self.store.leave_server(server).await?;
                    }
                    return self.not_begun(kept, now, error).await;
                }
                _ => kept.tries = Tries::default(),
            }
        }
        // Once the next one is due nobody tries the one before any more.
        if let Some((last, _)) = kept.tries.last
            && self.kept_schedule().await?.is_some_and(|when| falls_due(&when, last, now, zone))
        {
            (kept.tries, kept.seen) = (Tries::default(), last);
        }
        if kept.tries.is_too_soon(Instant::now()) {
            return Ok(());
        }
        match self.begin_if_due(kept.seen, now, zone).await {
            Ok(Some(begun)) => kept.begun = Some(begun),
            // Of a run that goes on it is not known yet whether it is to be tried again.
            Ok(None) if kept.begun.is_some() => {}
            Ok(None) | Err(ManagerError::NotLinked) => kept.tries = Tries::default(),
            Err(error) => return Err(error),
        }
        kept.seen = now;
        Ok(())
    }

    /// A try came to nothing: the first one is put on the record, and more would only fill it.
    async fn not_begun(
        &self,
        kept: &mut Kept,
        now: Timestamp,
        error: &ManagerError,
    ) -> Result<(), ManagerError> {
        if !kept.tries.note(now, Instant::now()) {
            tracing::debug!(error = chain(error), "a scheduled synchronisation came to nothing again");
            return Ok(());
        }
        let reason = error.with_advice();
        tracing::warn!(reason, "a scheduled synchronisation came to nothing and is tried again");
        let after = format!("did not begin: {reason}; it is tried again until the next one is due");
        let row =
            AuditRow { after: Some(after), ..AuditRow::of(now, BY, "synchronise", "the scheduled run") };
        Ok(self.store.audit(&row).await?)
    }

    /// Begins a run if one fell due between two moments, or the window of a server opened that the last one left
    /// for later.
    async fn begin_if_due(
        self: &Arc<Self>,
        seen: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Option<Begun>, ManagerError> {
        let Some(when) = self.kept_schedule().await? else { return Ok(None) };
        let is_next = falls_due(&when, seen, now, zone);
        let due = self.due(now, zone).await?;
        if !is_next && due.is_empty() {
            return Ok(None);
        }
        // Who watches another run has not begun this one, and servers that it left are not taken up by it.
        if self.running().await.is_some_and(|running| !running.has_ended()) {
            return Err(ManagerError::Busy("another synchronisation goes on".to_owned()));
        }
        let request = SyncRequest {
            hold_removals: when.max_removals.is_none(),
            max_removals: when.max_removals,
            keep_windows: true,
            ..SyncRequest::default()
        };
        let running = self.synchronise(&request, BY, Looking::Writer).await?;
        self.store.take_up_servers(&due).await?;
        Ok(Some(Begun { running, seen, due }))
    }
}

/// Whether a run falls due between two moments.
fn falls_due(when: &NewSchedule, seen: Timestamp, now: Timestamp, zone: &TimeZone) -> bool {
    next(when, seen, zone).is_some_and(|at| at <= now)
}

/// The first moment after another at which a run begins. A time that the clocks skip is the one after the gap,
/// and of one that they show twice the first counts.
pub(crate) fn next(when: &NewSchedule, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let time = time(&when.at)?;
    let now = jiff::Timestamp::from_microsecond(after.as_micros()).ok()?;
    let today = zone.to_datetime(now).date();
    let moment = |days: i64| {
        let date = today.checked_add(jiff::Span::new().days(days)).ok()?;
        let is_day = when.days.is_empty() || when.days.contains(&weekday(date.weekday()));
        let at = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?;
        Some(Timestamp::from_micros(at.as_microsecond())).filter(|at| is_day && *at > after)
    };
    (0..=7).find_map(moment)
}

/// `03:00`
fn time(text: &str) -> Option<Time> {
    let minute = minute_of_day(text)?;
    Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Monday => Weekday::Mon,
        Day::Tuesday => Weekday::Tue,
        Day::Wednesday => Weekday::Wed,
        Day::Thursday => Weekday::Thu,
        Day::Friday => Weekday::Fri,
        Day::Saturday => Weekday::Sat,
        Day::Sunday => Weekday::Sun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuditFilter, sample};

    const AT_NIGHT: fn() -> Timestamp = || Timestamp::from_micros(1_795_748_405_000_000);

    /// Central European time: the clocks skip two to three on 29 March 2026, and show it twice on 25 October.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
    }

    #[track_caller]
    fn check(at: &str, days: &[Weekday], after: &str, expected: Option<&str>) {
        let when = NewSchedule { at: at.to_owned(), days: days.to_vec(), max_removals: None };
        let found = next(&when, after.parse().expect("a time"), &berlin());
        assert_eq!(found.map(|at| at.to_string()).as_deref(), expected, "{at} after {after}");
    }

    #[test]
    fn the_next_run_is_by_the_clocks_of_the_server() {
        check("03:00", &[], "2026-11-27T01:59:59Z", Some("2026-11-27T02:00:00Z"));
        check("03:00", &[], "2026-11-27T02:00:00Z", Some("2026-11-28T02:00:00Z"));
        // In summer two hours ahead.
        check("03:00", &[], "2026-07-01T12:00:00Z", Some("2026-07-02T01:00:00Z"));
        // 27 November 2026 is a Friday.
        check("22:30", &[Weekday::Fri], "2026-11-27T12:00:00Z", Some("2026-11-27T21:30:00Z"));
        check("22:30", &[Weekday::Fri], "2026-11-27T22:00:00Z", Some("2026-12-04T21:30:00Z"));
        check("03:00", &[Weekday::Sat, Weekday::Sun], "2026-11-27T12:00:00Z", Some("2026-11-28T02:00:00Z"));
        // The gap and the hour that comes twice.
        check("02:30", &[], "2026-03-28T12:00:00Z", Some("2026-03-29T01:30:00Z"));
        check("02:30", &[], "2026-10-24T12:00:00Z", Some("2026-10-25T00:30:00Z"));
    }

    #[tokio::test]
    async fn a_run_begins_when_its_time_has_come_and_not_twice() {
        let (_folder, manager) = sample::manager(|| Timestamp::EPOCH).await;
        let manager = Arc::new(manager);
        let begins = async |seen: &str, now: &str| {
            let (seen, now) = (seen.parse().expect("a time"), now.parse().expect("a time"));
            // Nothing is linked, so a run that is due is refused.
            match manager.begin_if_due(seen, now, &berlin()).await {
                Err(ManagerError::NotLinked) => true,
                Ok(begun) => begun.is_some(),
                Err(error) => panic!("{error}"),
            }
        };
        let (before, at, after) = ("2026-11-27T01:59:50Z", "2026-11-27T02:00:00Z", "2026-11-27T02:00:05Z");
        assert!(!begins(before, after).await, "there is no schedule");
        let when = |at: &str| NewSchedule { at: at.to_owned(), days: vec![], max_removals: None };
        manager.set_schedule(&when("3:00"), "ada").await.expect_err("is no time");
        manager.set_schedule(&when("03:00"), "ada").await.expect("is set");
        assert!(begins(before, after).await && begins(before, at).await);
        assert!(!begins(before, "2026-11-27T01:59:59Z").await && !begins(at, after).await);
        manager.clear_schedule("ada").await.expect("is taken away");
        assert!(!begins(before, after).await);
    }

    #[test]
    fn tries_become_fewer_and_the_first_one_is_said() {
        let (mut tries, mut now, mut pauses) = (Tries::default(), Instant::now(), Vec::new());
        assert!(!tries.is_too_soon(now));
        for round in 0..7 {
            assert_eq!(tries.note(Timestamp::EPOCH, now), round == 0);
            let (_, again) = tries.last.expect("a time");
            assert!(tries.is_too_soon(now) && !tries.is_too_soon(again));
            pauses.push((again - now).as_secs());
            now = again;
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900]);
    }

    /// What is kept of a schedule of every day at three, on the fourth day.
    async fn due(manager: &Manager) -> Kept {
        let when = NewSchedule { at: "03:00".to_owned(), days: vec![], max_removals: None };
        manager.set_schedule(&when, "ada").await.expect("is set");
        let seen = "2026-11-27T02:59:00Z".parse().expect("a time");
        Kept { seen, tries: Tries::default(), begun: None }
    }

    #[tokio::test]
    async fn a_stop_waits_for_no_silent_top() {
        let (_folder, manager, silent) = sample::linked_with_a_silent_server(AT_NIGHT).await;
        let kept = due(&manager).await;
        let stop = watch::Sender::new(false);
        let keeping = keep(manager.clone(), kept, TimeZone::UTC, stop.subscribe());
        let is_asked = async {
            let asked = silent.accept().await.expect("it is asked");
            stop.send_replace(true);
            asked
        };
        // It is still not answered.
        let ((), _asked) = tokio::join!(keeping, is_asked);
    }

    #[tokio::test]
    async fn a_run_that_did_not_begin_is_due_still_and_on_the_record_once() {
        let (_folder, manager, silent) = sample::linked_with_a_silent_server(AT_NIGHT).await;
        // It is not reached any more.
        drop(silent);
        let mut kept = due(&manager).await;
        let seen = kept.seen;
        for tries in 1..4 {
            manager.look_at_schedule(&mut kept, &TimeZone::UTC).await;
            assert_eq!((kept.tries.count, kept.seen), (tries, seen));
            // Not before its time.
            manager.look_at_schedule(&mut kept, &TimeZone::UTC).await;
            assert_eq!(kept.tries.count, tries);
            kept.tries.last = Some((manager.now(), Instant::now()));
        }
        let audited = async || {
            manager.audited(&AuditFilter { limit: 100, ..AuditFilter::default() }).await.expect("reads")
        };
        let told = async || audited().await.iter().filter(|(_, row)| row.operator == BY).count();
        assert_eq!(told().await, 1);
        // The next one that is due is told again.
        kept.tries.last = Some(("2026-11-27T02:59:30Z".parse().expect("a time"), Instant::now()));
        manager.look_at_schedule(&mut kept, &TimeZone::UTC).await;
        assert_eq!((kept.tries.count, told().await), (1, 2));
    }

    #[test]
    fn what_is_no_time_of_a_day() {
        for wrong in ["", "3:00", "24:00", "12:60", "12.30", "+1:00", "12:30:00"] {
            check(wrong, &[], "2026-11-27T12:00:00Z", None);
        }
    }
}

//! The synchronisation of the tree at set times.

use std::sync::Arc;
use std::time::Duration;

use headwater_api::{NewSchedule, Schedule, SyncRequest, Weekday};
use headwater_model::{Timestamp, chain};
use headwater_tree::window::minute_of_day;
use jiff::civil::{Time, Weekday as Day};
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::runs::Looking;
use crate::{Manager, ManagerError};

/// By whom the record says that a run was begun.
const BY: &str = "schedule";
/// How often it is looked whether one is due: a clock may be set, and a machine may sleep.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Begins the runs that are due, until it is stopped. Those that fell into a time when the managing server did
/// not run are left out: the next one does the same.
pub async fn keep_schedule(manager: Arc<Manager>, mut stopped: watch::Receiver<bool>) {
    let zone = TimeZone::system();
    let mut seen = manager.now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let now = manager.now();
        match manager.begin_if_due(seen, now, &zone).await {
            Ok(_) | Err(ManagerError::NotLinked) => {}
            // It is due until the one that goes on has ended.
            Err(ManagerError::Busy(_)) => continue,
            Err(error) => tracing::warn!(error = chain(&error), "a scheduled synchronisation did not begin"),
        }
        seen = now;
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

    async fn kept_schedule(&self) -> Result<Option<NewSchedule>, ManagerError> {
        let kept = self.store.schedule().await?;
        Ok(kept.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// Begins a run if one fell due between two moments, or the window of a server opened that the last one left
    /// for later; says whether it did.
    pub(crate) async fn begin_if_due(
        self: &Arc<Self>,
        seen: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<bool, ManagerError> {
        let Some(when) = self.kept_schedule().await? else { return Ok(false) };
        let is_next = next(&when, seen, zone).is_some_and(|at| at <= now);
        let due = self.due(now, zone).await?;
        if !is_next && due.is_empty() {
            return Ok(false);
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
        self.synchronise(&request, BY, Looking::Writer).await?;
        self.store.take_up_servers(&due).await?;
        Ok(true)
    }
}

/// The first moment after another at which a run begins. A time that the clocks skip is the one after the gap,
/// and of one that they show twice the first counts.
fn next(when: &NewSchedule, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
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
    use crate::sample;

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
                Ok(begun) => begun,
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
    fn what_is_no_time_of_a_day() {
        for wrong in ["", "3:00", "24:00", "12:60", "12.30", "+1:00", "12:30:00"] {
            check(wrong, &[], "2026-11-27T12:00:00Z", None);
        }
    }
}

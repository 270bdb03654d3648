//! `headwater wsus schedule`: when the tree is synchronised by itself.

use clap::{Subcommand, ValueEnum};
use headwater_api::{NewSchedule, Schedule, Weekday};
use headwater_words::moment::minute;

use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::paragraph;

#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Show the schedule
    #[command(after_help = examples!("headwater wsus schedule show"))]
    Show,
    /// Synchronise the tree at a time of the day, by the managing server's clocks
    #[command(after_help = examples!("headwater wsus schedule set 03:00 --day mon --day thu"))]
    Set {
        /// Such as 03:00
        #[arg(value_name = "TIME")]
        at: String,
        /// Only on this day; can be given several times
        #[arg(long = "day", value_name = "DAY")]
        days: Vec<DayChoice>,
        /// How many members a run may remove from groups [default: none of a group that would lose over a tenth]
        #[arg(long, value_name = "N")]
        max_removals: Option<u64>,
    },
    /// Synchronise the tree by command only
    #[command(after_help = examples!("headwater wsus schedule off"))]
    Off,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DayChoice {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<DayChoice> for Weekday {
    fn from(day: DayChoice) -> Self {
        match day {
            DayChoice::Mon => Self::Mon,
            DayChoice::Tue => Self::Tue,
            DayChoice::Wed => Self::Wed,
            DayChoice::Thu => Self::Thu,
            DayChoice::Fri => Self::Fri,
            DayChoice::Sat => Self::Sat,
            DayChoice::Sun => Self::Sun,
        }
    }
}

pub(crate) fn run(command: &ScheduleCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        ScheduleCommand::Show => {
            let answer = session.client.schedule()?;
            session.show(&answer, |schedule, reader| shown(schedule.as_ref(), reader))
        }
        ScheduleCommand::Set { at, days, max_removals } => {
            let days = days.iter().map(|day| Weekday::from(*day)).collect();
            let new = NewSchedule { at: at.clone(), days, max_removals: *max_removals };
            let answer = session.client.set_schedule(&new)?;
            session.show(&answer, |schedule, reader| shown(schedule.as_ref(), reader))
        }
        ScheduleCommand::Off => {
            session.client.clear_schedule()?;
            session.say("The tree is synchronised by command only.")
        }
    }
}

fn shown(schedule: Option<&Schedule>, reader: Reader) -> String {
    let Some(schedule) = schedule else {
        return "There is no schedule. Make one with `headwater wsus schedule set TIME`.".into();
    };
    let text =
        format!("{} Next: {}.", headwater_words::schedule::when(&schedule.when), minute(schedule.next_at));
    paragraph(&text, reader.width)
}

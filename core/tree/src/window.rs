//! The part of a day in which scheduled runs may work on a server.

use std::fmt;
use std::str::FromStr;

/// From one minute of the day to another, over midnight where the second is the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: u16,
    until: u16,
}

/// A text that is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part of a day: write it as 22:00-05:00")]
pub struct WindowError(String);

impl Window {
    /// Whether it is open in this minute of the day, which begins with 0.
    pub fn is_open(self, minute: u16) -> bool {
        match self.from < self.until {
            true => (self.from..self.until).contains(&minute),
            false => minute >= self.from || minute < self.until,
        }
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let read = || {
            let (from, until) = text.trim().split_once('-')?;
            let (from, until) = (minute_of_day(from.trim())?, minute_of_day(until.trim())?);
            (from != until).then_some(Self { from, until })
        };
        read().ok_or_else(|| WindowError(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

/// The minute of a day that a time such as `03:00` is.
pub fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: u16| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|number| is_number && *number < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_go_over_midnight() {
        let check = |window: &str, open: &[&str], closed: &[&str]| {
            let read: Window = window.parse().expect("a window");
            assert_eq!(read.to_string(), window);
            let is_open = |time: &&str| read.is_open(minute_of_day(time).expect("a time"));
            assert!(open.iter().all(is_open) && !closed.iter().any(is_open), "{window}");
        };
        check("22:00-05:00", &["22:00", "23:59", "00:00", "04:59"], &["05:00", "12:00", "21:59"]);
        check("09:30-17:00", &["09:30", "16:59"], &["09:29", "17:00", "00:00"]);
        check("00:00-23:59", &["00:00", "23:58"], &["23:59"]);
    }

    #[test]
    fn what_is_no_window() {
        for wrong in
            ["", "22:00", "22-05", "22:00-22:00", "24:00-05:00", "2:00-05:00", "22:00-05:60", "+2:00-05:00"]
        {
            assert!(wrong.parse::<Window>().is_err(), "{wrong}");
        }
        assert_eq!(" 22:00 - 05:00 ".parse::<Window>().expect("a window").to_string(), "22:00-05:00");
    }
}

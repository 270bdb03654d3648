//! Compliance over time: one line, with a labelled end.

use std::fmt::Write as _;

use headwater_api::Compliance;
use headwater_model::Timestamp;
use headwater_words::quantity::{counted, grouped};

/// Sizes, in the units of the drawing.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 176;
const LEFT: i64 = 76;
/// Room for the label at the end.
const RIGHT: i64 = 104;
const TOP: i64 = 12;
const BOTTOM: i64 = 28;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A day and how many of its computers had all they needed.
struct Point<'a> {
    day: i64,
    date: &'a str,
    complete: u64,
    computers: u64,
}

impl Point<'_> {
    fn of(row: &Compliance) -> Option<Point<'_>> {
        let midnight: Timestamp = format!("{}T00:00:00Z", row.id).parse().ok()?;
        Some(Point {
            day: midnight.as_micros() / MICROS_PER_DAY,
            date: &row.id,
            complete: row.complete,
            computers: row.computers,
        })
        .filter(|point| point.computers > 0)
    }

    fn percent(&self) -> u64 {
        self.complete * 100 / self.computers
    }

    /// How far down its share is drawn.
    fn y(&self) -> i64 {
        let incomplete = (self.computers - self.complete.min(self.computers)) as f64 / self.computers as f64;
        TOP + (incomplete * (HEIGHT - TOP - BOTTOM) as f64).round() as i64
    }
}

/// The share of computers that have all they need, by day; nothing where no day has a computer. The rows are in their
/// order; where days are missing the line is broken.
pub(crate) fn over_time(days: &[Compliance]) -> String {
    let points: Vec<Point<'_>> = days.iter().filter_map(Point::of).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let span = (last.day - first.day).max(1);
    let end = WIDTH - RIGHT;
    // One day alone stands where today does.
    let x = |point: &Point<'_>| end - (last.day - point.day) * (end - LEFT) / span;

    let mut drawn = String::new();
    for (percent, y) in [(100, TOP), (50, (TOP + HEIGHT - BOTTOM) / 2), (0, HEIGHT - BOTTOM)] {
        let _ = write!(drawn, "<path class=\"grid\" d=\"M{LEFT} {y}H{end}\"/>");
        let _ =
            write!(drawn, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{percent} %</text>", LEFT - 8, y + 4);
    }
    let mut line = String::new();
    let mut before: Option<i64> = None;
    for point in &points {
        let step = if before == Some(point.day - 1) { 'L' } else { 'M' };
        let _ = write!(line, "{step}{} {}", x(point), point.y());
        before = Some(point.day);
    }
    let _ = write!(drawn, "<path class=\"line\" d=\"{line}\"/>");
    let (x, y) = (x(last), last.y());
    let _ = write!(drawn, "<circle class=\"end\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
    let _ = write!(drawn, "<text class=\"end\" x=\"{}\" y=\"{}\">{} %</text>", x + 10, y + 5, last.percent());
    let base = HEIGHT - 8;
    if first.day < last.day {
        let _ = write!(drawn, "<text x=\"{LEFT}\" y=\"{base}\">{}</text>", first.date);
    }
    let _ = write!(drawn, "<text x=\"{end}\" y=\"{base}\" text-anchor=\"end\">{}</text>", last.date);
    let said = format!(
        "{} of {} had all they need on {}",
        grouped(last.complete),
        counted(last.computers, "computer"),
        last.date
    );
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{said}\">{drawn}</svg>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, complete: u64, computers: u64) -> Compliance {
        Compliance {
            id: date.to_owned(),
            name: date.to_owned(),
            computers,
            complete,
            ..Compliance::default()
        }
    }

    /// The line and the label of its end.
    fn drawn(days: &[Compliance]) -> (String, String) {
        let svg = over_time(days);
        let part = |from: &str, to: &str| {
            let rest = svg.split_once(from).unwrap_or_default().1;
            rest.split_once(to).unwrap_or_default().0.to_owned()
        };
        (
            part("class=\"line\" d=\"", "\""),
            part("<text class=\"end\" ", "<").split_once('>').unwrap_or_default().1.to_owned(),
        )
    }

    #[test]
    fn the_line_goes_from_the_first_day_to_the_last() {
        let days = [day("2026-02-27", 0, 4), day("2026-02-28", 2, 4), day("2026-03-01", 4, 4)];
        assert_eq!(drawn(&days), ("M76 148L346 80L616 12".to_owned(), "100 %".to_owned()));
    }

    #[test]
    fn missing_days_break_it() {
        let days = [day("2026-02-27", 4, 4), day("2026-03-01", 3, 4)];
        assert_eq!(drawn(&days), ("M76 12M616 46".to_owned(), "75 %".to_owned()));
        let days = [day("2026-02-27", 4, 4), day("2026-02-28", 0, 0), day("2026-03-01", 3, 4)];
        assert_eq!(drawn(&days).0, "M76 12M616 46", "no computer is no share");
    }

    #[test]
    fn one_day_is_a_point_and_none_is_nothing() {
        let svg = over_time(&[day("2026-03-01", 999, 1_000)]);
        assert!(svg.contains("cx=\"616\"") && svg.contains(">99 %<"), "{svg}");
        assert!(svg.contains("999 of 1,000 computers had all they need on 2026-03-01"), "{svg}");
        assert_eq!(svg.matches("2026-03-01").count(), 2, "{svg}");
        assert_eq!(over_time(&[day("2026-03-01", 0, 0)]), "");
    }
}

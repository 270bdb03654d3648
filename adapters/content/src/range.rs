//! Which bytes a GET asks for: the fields Range and If-Range (RFC 9110, sections 13.1.5 and 14).
//!
//! A download client asks for closed ranges of 1 MiB in shuffled order (fact 38); each is one part. Range is
//! defined for GET only, so a HEAD is answered as if it had none.

use std::ops::Range;

/// What to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200 with all bytes.
    Whole,
    /// 206 with these bytes, at least one; `start` is the first and `end` is one past the last.
    Part(Range<u64>),
    /// 416 without content.
    Unsatisfiable,
}

impl Answer {
    /// The value of Content-Range for a file of `len` bytes, where the answer has one.
    pub fn content_range(&self, len: u64) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Part(part) => Some(format!("bytes {}-{}/{len}", part.start, part.end.saturating_sub(1))),
            Self::Unsatisfiable => Some(format!("bytes */{len}")),
        }
    }
}

/// Decides from the values of the two fields, the entity tag with its quotes and the length of the file.
///
/// Everything that need not be honoured is answered with the whole file, which is always right (14.2): another
/// unit, an invalid range, a file that is no longer the one begun, and *several* ranges. Those would need
/// `multipart/byteranges`; no update agent asks for them, and sets of many small ranges are an attack (17.15).
/// An empty file has no part to point at, so it is whole whatever is asked.
pub fn decide(range: Option<&str>, if_range: Option<&str>, etag: &str, len: u64) -> Answer {
    let is_same_file = if_range.is_none_or(|tag| is_strong_match(tag.trim_matches(WHITE), etag));
    match range.and_then(only_range) {
        Some(wanted) if is_same_file && len > 0 => wanted.within(len),
        _ => Answer::Whole,
    }
}

/// Optional white space between elements (5.6.3).
const WHITE: [char; 2] = [' ', '\t'];

/// Strong comparison (8.8.3.2). A date in If-Range matches nothing, because no Last-Modified is ever sent.
fn is_strong_match(tag: &str, etag: &str) -> bool {
    tag.starts_with('"') && tag == etag
}

/// A valid range-spec (14.1.1).
enum Wanted {
    /// From the first position to the last one, both included, or to the end of the file.
    From(u64, Option<u64>),
    /// That many bytes from the end.
    Last(u64),
}

impl Wanted {
    /// Cuts the range to a file of `len` bytes, at least one (14.1.2).
    fn within(self, len: u64) -> Answer {
        match self {
            Self::From(first, last) if first < len => {
                Answer::Part(first..last.map_or(len, |last| last.saturating_add(1).min(len)))
            }
            Self::Last(count) if count > 0 => Answer::Part(len.saturating_sub(count)..len),
            _ => Answer::Unsatisfiable,
        }
    }
}

/// The one range of the field, if it is valid and has no other. Empty list elements do not count (5.6.1.2).
fn only_range(field: &str) -> Option<Wanted> {
    let (unit, ranges) = field.trim_matches(WHITE).split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut specs = ranges.split(',').map(|spec| spec.trim_matches(WHITE)).filter(|spec| !spec.is_empty());
    match (specs.next(), specs.next()) {
        (Some(spec), None) => parse(spec),
        _ => None,
    }
}

fn parse(spec: &str) -> Option<Wanted> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        return number(last).map(Wanted::Last);
    }
    let first = number(first)?;
    if last.is_empty() {
        return Some(Wanted::From(first, None));
    }
    number(last).filter(|last| first <= *last).map(|last| Wanted::From(first, Some(last)))
}

/// Digits only. A number too large for us is beyond the end of every file all the same.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;

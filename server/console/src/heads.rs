//! The heads of tables, by which their rows are sorted.

use headwater_manager::Direction;

use crate::fields::Fields;

/// The head of a column, which sorts by it.
pub(crate) struct Head {
    pub name: &'static str,
    pub href: String,
    /// `ascending` or `descending` where it sorts now.
    pub sorted: &'static str,
    pub is_number: bool,
}

pub(crate) fn direction(fields: &Fields) -> Direction {
    if fields.get("order") == "reversed" { Direction::Reversed } else { Direction::Usual }
}

/// The heads of a table; those with a key sort by it. A key that ends in `*` is what it is sorted by unasked, and one
/// in `-` begins with the newest, as numbers begin with the highest.
pub(crate) fn heads(path: &str, fields: &Fields, columns: &[(&'static str, &str, bool)]) -> Vec<Head> {
    let unasked = columns.iter().map(|(_, key, _)| *key).find(|key| key.ends_with('*')).unwrap_or_default();
    let now = Some(fields.get("sort")).filter(|sort| !sort.is_empty());
    let head = |(name, key, is_number): &(&'static str, &str, bool)| {
        let descends = *is_number || key.contains('-');
        let is_here = now.map_or(*key == unasked && !key.is_empty(), |now| now == named(key));
        let key = named(key);
        let is_reversed = fields.get("order") == "reversed";
        let turned = if is_here && !is_reversed { "reversed" } else { "" };
        let sorted = match (is_here, is_reversed == descends) {
            (false, _) => "",
            (true, true) => "ascending",
            (true, false) => "descending",
        };
        let query = Fields::parse(fields.with("after", "").as_bytes()).with("order", turned);
        let query = Fields::parse(query.as_bytes()).with("sort", key);
        let href = if key.is_empty() { String::new() } else { format!("{path}?{query}") };
        Head { name, href, sorted, is_number: *is_number }
    };
    columns.iter().map(head).collect()
}

fn named(key: &str) -> &str {
    key.trim_end_matches(['-', '*'])
}

/// Puts rows in order that are all there; a list of pages is sorted where it is read.
pub(crate) fn sort_by<T, K: Ord>(rows: &mut [T], fields: &Fields, key: impl FnMut(&T) -> K) {
    rows.sort_by_cached_key(key);
    direction(fields).turn(rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_turns_the_order_of_what_it_sorts() {
        let mut rows = ["b", "c", "a"];
        let fields = Fields::parse(b"sort=name");
        sort_by(&mut rows, &fields, |row| *row);
        assert_eq!(rows, ["a", "b", "c"]);
        let found = heads("/operators", &fields, &[("Name", "name*", false), ("Scope", "", false)]);
        assert_eq!((&*found[0].href, found[0].sorted), ("/operators?order=reversed&sort=name", "ascending"));
        assert_eq!((&*found[1].href, found[1].sorted), ("", ""));
        let newest_first = heads("/history", &Fields::parse(b""), &[("When", "when-*", false)]);
        assert_eq!(
            (&*newest_first[0].href, newest_first[0].sorted),
            ("/history?order=reversed&sort=when", "descending")
        );
        sort_by(&mut rows, &Fields::parse(b"sort=name&order=reversed"), |row| *row);
        assert_eq!(rows, ["c", "b", "a"]);
    }
}

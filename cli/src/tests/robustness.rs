//! Texts that nobody expects.

use headwater_model::is_unprintable;
use proptest::prelude::*;

use crate::moment::Deadline;
use crate::names::UpdateName;
use crate::sheet::{Sheet, paragraph};
use crate::table::{Column, Table};

proptest! {
    #[test]
    fn no_argument_makes_a_command_panic(text in "(KB|kb)?[0-9a-f:TZ+. -]{0,40}|\\PC{0,20}") {
        let _ = text.parse::<UpdateName>();
        let _ = text.parse::<Deadline>();
    }

    /// What servers and computers call themselves fits every window.
    #[test]
    fn no_text_makes_a_view_panic(cells in prop::array::uniform3(any::<String>()), width in 1..200u16) {
        let columns = [Column::Text("ID"), Column::Long("TITLE"), Column::Number("NEEDED")];
        for mut table in [Table::new(&columns), Table::new(&columns).wrapping()] {
            table.row(cells.clone());
            let text = table.text(Some(width));
            prop_assert!(!text.chars().any(|c| is_unprintable(c) && c != '\n'), "{:?}", text);
        }
        let mut sheet = Sheet::default();
        sheet.fact("Id", cells[0].as_str()).fact("Title", cells[1].as_str());
        sheet.text(Some(width));
        paragraph(&cells[2], Some(width));
    }
}

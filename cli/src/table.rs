//! Tables without lines, as calm as `ls`: heads in capitals, numbers to the right, two spaces between.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, presets};

use crate::terminal::harmless;

/// What an empty cell shows.
pub const EMPTY: &str = "–";

/// One column: its head, which says the unit, and the side that its cells keep to.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    Text(&'static str),
    Number(&'static str),
    /// A text that gives way to the others where the width is short.
    Long(&'static str),
}

pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    wraps: bool,
}

impl Table {
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), wraps: false }
    }

    /// Breaks long cells into lines instead of cutting them off.
    pub fn wrapping(mut self) -> Self {
        self.wraps = true;
        self
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines of the table, which keep to the width where there is one.
    pub fn text(self, width: Option<u16>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING).set_truncation_indicator("…");
        if let Some(width) = width {
            // The last column's gap needs no room.
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width + 2);
        }
        table.set_header(self.columns.iter().map(|column| match column {
            Column::Text(head) | Column::Number(head) | Column::Long(head) => Cell::new(head),
        }));
        for cells in self.rows {
            let cells = cells.iter().map(|cell| match cell.as_str() {
                "" => EMPTY.to_owned(),
                text => harmless(text).replace('\n', " "),
            });
            let mut row = Row::from(cells);
            if !self.wraps {
                row.max_height(1);
            }
            table.add_row(row);
        }
        for (column, kind) in table.column_iter_mut().zip(&self.columns) {
            column.set_padding((0, 2));
            if matches!(kind, Column::Number(_)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if !matches!(kind, Column::Long(_)) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        lines_of(&table)
    }
}

/// Without the spaces at the ends of lines. Spaces that did not break a line are plain ones now.
pub fn lines_of(table: &comfy_table::Table) -> String {
    table.lines().map(|line| format!("{}\n", line.replace('\u{a0}', " ").trim_end())).collect()
}

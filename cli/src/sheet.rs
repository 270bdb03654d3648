//! One thing and its facts: a name to the left, what it is to the right.

use comfy_table::{ContentArrangement, presets};

use crate::table::lines_of;
use crate::terminal::harmless;

#[derive(Default)]
pub struct Sheet {
    facts: Vec<(&'static str, String)>,
}

impl Sheet {
    /// Adds a fact; one without a value is left out.
    pub fn fact(&mut self, name: &'static str, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        if !value.is_empty() {
            self.facts.push((name, harmless(&value)));
        }
        self
    }

    /// The lines of the sheet, which keep to the width where there is one.
    pub fn text(self, width: Option<u16>) -> String {
        let mut table = grid(width);
        for (name, value) in self.facts {
            table.add_row([name, &value]);
        }
        if let Some(names) = table.column_mut(0) {
            names.set_padding((0, 2));
        }
        if let Some(values) = table.column_mut(1) {
            values.set_padding((0, 0));
        }
        lines_of(&table)
    }
}

/// A text broken into lines that keep to the width; what stands in backticks, a command, is not
/// broken.
pub fn paragraph(text: &str, width: Option<u16>) -> String {
    let parts = text.split('`').enumerate();
    let whole = |(index, part): (usize, &str)| {
        if index % 2 == 1 { part.replace(' ', "\u{a0}") } else { part.to_owned() }
    };
    let mut table = grid(width);
    table.add_row([harmless(&parts.map(whole).collect::<Vec<_>>().join("`"))]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    lines_of(&table)
}

fn grid(width: Option<u16>) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(presets::NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}

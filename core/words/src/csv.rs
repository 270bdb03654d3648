//! Lists as CSV (RFC 4180).

/// One line. What a spreadsheet would take for a formula is marked as text.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cell = |cell: &str| {
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    };
    cells.into_iter().map(cell).collect::<Vec<String>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(line(["=1+1", "a \"b\"", ""]), "\"'=1+1\",\"a \"\"b\"\"\",\"\"\r\n");
    }
}

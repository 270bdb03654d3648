//! Lists as CSV (RFC 4180).

use axum::http::header;
use axum::response::{IntoResponse, Response};

pub(crate) fn csv(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    (
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        text,
    )
        .into_response()
}

/// One line of RFC 4180. What a spreadsheet would take for a formula is marked as text.
pub(crate) fn csv_line<const N: usize>(cells: [&str; N]) -> String {
    let cell = |cell: &str| {
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    };
    cells.map(cell).join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(csv_line(["=1+1", "a \"b\"", ""]), "\"'=1+1\",\"a \"\"b\"\"\",\"\"\r\n");
    }
}

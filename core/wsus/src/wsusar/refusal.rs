//! Why a call was refused.

use crate::soap::Fault;

/// Bytes of a reason. What follows in longer ones are statements of a database.
const REASON_BYTES_MAX: usize = 1_024;

/// The reason in a fault of the administration service, which knows no codes: the innermost of the
/// exceptions that its text strings together, without the places in the program.
pub fn reason(fault: &Fault) -> &str {
    let innermost = fault.message.rsplit("--->").next().unwrap_or_default();
    let line = innermost.trim().lines().next().unwrap_or_default().trim_end();
    &line[..line.floor_char_boundary(REASON_BYTES_MAX)]
}

//! Which of the runs that are kept a page lists.

use headwater_manager::Manager;

use super::{Past, ROWS, past};
use crate::failure::Failure;
use crate::fields::Fields;
use crate::look::Look;

/// What is looked for among the runs.
#[derive(Default)]
pub(super) struct Filter {
    /// `in_step`, `differs`, `failed`, or any.
    pub(super) result: String,
    pub(super) by: String,
    /// `dry` for dry runs alone, `run` for those that may write, or any.
    pub(super) kind: String,
}

/// The fields of an address that say it.
pub(super) const FIELDS: [&str; 3] = ["result", "by", "kind"];

impl Filter {
    pub(super) fn of(fields: &Fields) -> Self {
        // A form of this page that is refused has other fields.
        let get = |name| fields.get(name).trim().to_owned();
        Self { result: get("result"), by: get("by"), kind: get("kind") }
    }

    pub(super) fn is_set(&self) -> bool {
        [&self.result, &self.by, &self.kind].iter().any(|field| !field.is_empty())
    }

    fn accepts(&self, run: &Past) -> bool {
        let result = match run.state.look {
            Look::InStep => "in_step",
            Look::Differs => "differs",
            Look::Failed => "failed",
            _ => "",
        };
        (self.result.is_empty() || self.result == result)
            && (self.by.is_empty() || run.by.to_lowercase().contains(&self.by.to_lowercase()))
            && (self.kind.is_empty() || run.is_dry == (self.kind == "dry"))
    }
}

/// A page of the runs that match, the newest first, and the number that earlier ones are before.
pub(super) async fn filtered(
    manager: &Manager,
    filter: &Filter,
    mut before: Option<u64>,
) -> Result<(Vec<Past>, Option<u64>), Failure> {
    let mut rows = Vec::new();
    loop {
        let read = past(manager, manager.sync_runs_before(before, ROWS).await?, None).await;
        let is_last = read.len() < ROWS as usize;
        for run in read {
            before = Some(run.number);
            if filter.accepts(&run) {
                rows.push(run);
                if rows.len() == ROWS as usize {
                    return Ok((rows, before.filter(|number| *number > 1)));
                }
            }
        }
        if is_last {
            return Ok((rows, None));
        }
    }
}

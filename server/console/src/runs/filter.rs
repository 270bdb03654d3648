//! Which of the runs that are kept a page lists, and in which order.

use headwater_api::{RunKind, RunOrder, RunResult, SyncRunsQuery};
use headwater_manager::Direction;

use super::ROWS;
use crate::fields::Fields;
use crate::heads::direction;

/// What is looked for among the runs.
#[derive(Default)]
pub(super) struct Filter {
    /// `in_step`, `differs`, `failed`, or any.
    pub(super) result: String,
    pub(super) by: String,
    /// `dry` for dry runs alone, `run` for those that may write, or any.
    pub(super) kind: String,
}

/// The fields of an address that say it, and the order and place of the page.
pub(super) const FIELDS: [&str; 6] = ["result", "by", "kind", "sort", "order", "after"];

impl Filter {
    pub(super) fn of(fields: &Fields) -> Self {
        let get = |name| fields.get(name).trim().to_owned();
        Self { result: get("result"), by: get("by"), kind: get("kind") }
    }

    pub(super) fn is_set(&self) -> bool {
        [&self.result, &self.by, &self.kind].iter().any(|field| !field.is_empty())
    }

    /// What the page at this address lists.
    pub(super) fn query(&self, fields: &Fields) -> SyncRunsQuery {
        SyncRunsQuery {
            result: match self.result.as_str() {
                "in_step" => Some(RunResult::InStep),
                "differs" => Some(RunResult::Differs),
                "failed" => Some(RunResult::Failed),
                _ => None,
            },
            by: Some(self.by.clone()).filter(|by| !by.is_empty()),
            kind: match self.kind.as_str() {
                "run" => Some(RunKind::Run),
                "dry" => Some(RunKind::Dry),
                _ => None,
            },
            sort: match fields.get("sort") {
                "result" => Some(RunOrder::Result),
                "took" => Some(RunOrder::Took),
                "changes" => Some(RunOrder::Changes),
                "by" => Some(RunOrder::By),
                _ => None,
            },
            reverse: direction(fields) == Direction::Reversed,
            limit: Some(ROWS),
            after: fields.text("after"),
        }
    }
}

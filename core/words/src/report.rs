//! Reports as rows of cells, for tables and for CSV alike.

use headwater_api::{Compliance, ComplianceBy, ComputerSummary, Standing, UpdateFailure};

use crate::csv;
use crate::error::meaning;
use crate::moment::minute;

/// A report: its columns, in capitals as tables have them, and its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub head: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// The whole report as CSV.
    pub fn csv(&self) -> String {
        let rows = self.rows.iter().map(|row| csv::line(row.iter().map(String::as_str)));
        let head: Vec<String> = self.head.iter().map(|head| head.to_lowercase()).collect();
        std::iter::once(csv::line(head.iter().map(String::as_str))).chain(rows).collect()
    }
}

/// How a computer stands.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Silent => "silent",
        Standing::Unreported => "unreported",
        Standing::Failing => "failing",
        Standing::Needing => "needing",
        Standing::PendingRestart => "pending restart",
        Standing::Complete => "complete",
    }
}

/// Where a server does not tell it: 0 would be another answer.
pub const NOT_TOLD: &str = "not told";

/// A number, where it is told.
pub fn told(count: Option<u64>) -> String {
    count.map_or_else(|| NOT_TOLD.to_owned(), |count| count.to_string())
}

pub fn compliance(by: ComplianceBy, rows: &[Compliance]) -> Sheet {
    let is_of_updates = by == ComplianceBy::Update;
    let row = |one: &Compliance| {
        let counts = [
            Some(one.computers),
            Some(one.complete),
            Some(one.needing),
            Some(one.failing),
            one.pending_restart,
            one.unreported,
            one.silent,
        ];
        let last = is_of_updates.then_some(one.not_applicable);
        std::iter::once(one.name.clone()).chain(counts.into_iter().chain(last).map(told)).collect()
    };
    let head = match is_of_updates {
        true => COMPLIANCE_OF_UPDATES,
        false => &COMPLIANCE_OF_UPDATES[..COMPLIANCE_OF_UPDATES.len() - 1],
    };
    Sheet { head, rows: rows.iter().map(row).collect() }
}

/// The last one of updates alone.
const COMPLIANCE_OF_UPDATES: &[&str] = &[
    "NAME",
    "COMPUTERS",
    "COMPLETE",
    "NEEDING",
    "FAILING",
    "PENDING RESTART",
    "UNREPORTED",
    "SILENT",
    "NOT APPLICABLE",
];

pub fn computers<'a>(rows: impl IntoIterator<Item = &'a ComputerSummary>) -> Sheet {
    let row = |one: &ComputerSummary| {
        vec![
            one.name.clone(),
            one.server.as_ref().map_or_else(String::new, |server| server.name.clone()),
            one.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join("; "),
            minute(one.last_contact_at),
            (one.status.needed + one.status.downloaded).to_string(),
            one.status.failed.to_string(),
            one.status.pending_restart.to_string(),
        ]
    };
    Sheet {
        head: &["COMPUTER", "SERVER", "GROUPS", "LAST CONTACT", "NEEDED", "FAILED", "PENDING RESTART"],
        rows: rows.into_iter().map(row).collect(),
    }
}

/// With a row for each server that could not be asked, so that nobody takes what is missing for none.
pub fn failures(rows: &[UpdateFailure], without: &[String]) -> Sheet {
    let row = |one: &UpdateFailure| {
        let error = one.error.clone().unwrap_or_default();
        vec![
            one.computer_name.clone(),
            one.server.clone().unwrap_or_default(),
            one.title.clone(),
            meaning(&error).unwrap_or_default().to_owned(),
            error,
            minute(one.since),
        ]
    };
    let missing = without.iter().map(|server| {
        let cells = ["", server, "", "not known: the server could not be asked", "", ""];
        cells.map(str::to_owned).to_vec()
    });
    Sheet {
        head: &["COMPUTER", "SERVER", "UPDATE", "MEANING", "ERROR", "SINCE"],
        rows: rows.iter().map(row).chain(missing).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_its_meaning_beside_its_code() {
        let failure = UpdateFailure {
            computer: "c1".parse().expect("an id"),
            computer_name: "PC1".to_owned(),
            server: None,
            update: headwater_model::UpdateId::from_u128(1),
            title: "An update".to_owned(),
            error: Some("0x80070070".to_owned()),
            since: headwater_model::Timestamp::EPOCH,
        };
        let sheet = failures(&[failure], &["Munich".to_owned()]);
        assert_eq!(sheet.rows[0][3..5], ["the disk is full", "0x80070070"]);
        assert_eq!(sheet.rows[1][1..4], ["Munich", "", "not known: the server could not be asked"]);
        assert_eq!(sheet.csv().lines().count(), 3);
    }

    #[test]
    fn counts_stand_under_their_heads() {
        let row = Compliance {
            name: "Pilot".to_owned(),
            computers: 28,
            complete: 1,
            needing: 2,
            failing: 3,
            pending_restart: Some(4),
            unreported: Some(5),
            silent: Some(13),
            not_applicable: None,
            ..Compliance::default()
        };
        let said = |by, row: Compliance| {
            let sheet = compliance(by, &[row]);
            let cells = sheet.head.iter().zip(&sheet.rows[0]).map(|(head, cell)| format!("{head} {cell}"));
            assert_eq!(sheet.head.len(), sheet.rows[0].len());
            cells.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            said(ComplianceBy::Group, row.clone()),
            "NAME Pilot, COMPUTERS 28, COMPLETE 1, NEEDING 2, FAILING 3, PENDING RESTART 4, UNREPORTED 5, SILENT 13"
        );
        let of_update = Compliance { silent: None, not_applicable: Some(7), ..row };
        let words = said(ComplianceBy::Update, of_update);
        assert!(words.ends_with("UNREPORTED 5, SILENT not told, NOT APPLICABLE 7"), "{words}");
    }
}

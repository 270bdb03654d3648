//! What `wsus doctor` says of certificates and of Linkages that were revoked.

use headwater_api::linkage::Refused;
use headwater_api::{Finding, FindingLevel};
use headwater_link::Term;
use headwater_model::{Timestamp, chain};
use headwater_store::{LinkageRow, RevocationRow};

use crate::ask::Way;
use crate::clocks::differs;
use crate::{Manager, ManagerError, ServerView};

/// A certificate is renewed a month before its end. What has only so long is worth a warning.
const SOON_SECONDS: i64 = 14 * 86_400;

/// What is known of one certificate.
struct Certificate<'a> {
    /// Of the server.
    name: &'a str,
    until: Option<Timestamp>,
    /// Why it could not be renewed.
    failed: Option<String>,
}

impl Manager {
    /// The Linkage answers orders: what it says of its certificate, and of those that it refused.
    pub(crate) async fn trust_findings(
        &self,
        way: &Way,
        row: &LinkageRow,
    ) -> Result<Vec<Finding>, ManagerError> {
        let (mut until, mut failed) = (row.certificate_until, self.failed_trust_of(row.linkage));
        let mut findings = Vec::new();
        match self.trust_of(way, row).await {
            Ok(trust) => {
                until = Some(trust.until);
                let revoked = self.store.revocations().await?;
                findings.extend(trust.refused.iter().map(|one| still_tries(one, &row.name, &revoked)));
            }
            Err(error) => failed = failed.or_else(|| Some(chain(&error))),
        }
        findings.extend(judged(Certificate { name: &row.name, until, failed }, self.now()));
        Ok(findings)
    }

    /// What is wrong with certificates and clocks, as far as it is known without asking anybody.
    pub async fn known_findings(&self) -> Result<Vec<Finding>, ManagerError> {
        let certificate = |row: &LinkageRow| {
            let failed = self.failed_trust_of(row.linkage);
            judged(Certificate { name: &row.name, until: row.certificate_until, failed }, self.now())
        };
        let mut findings: Vec<Finding> =
            self.store.linkages().await?.iter().filter_map(certificate).collect();
        let mirror = self.mirror();
        let clock = |one: &ServerView| differs(&one.server.name, one.ahead_seconds?);
        findings.extend(mirror.tree.servers.iter().filter_map(clock));
        Ok(findings)
    }

    /// The Linkage does not answer: what was last known.
    pub(crate) fn trust_remembered(&self, row: &LinkageRow) -> Option<Finding> {
        let certificate = Certificate { name: &row.name, until: row.certificate_until, failed: None };
        judged(certificate, self.now())
    }
}

fn finding(level: FindingLevel, what: String, advice: impl Into<String>) -> Finding {
    Finding { level, what, advice: advice.into() }
}

fn judged(certificate: Certificate<'_>, now: Timestamp) -> Option<Finding> {
    let Certificate { name, until, failed } = certificate;
    let taken_until = |until| Term { from: until, until }.taken_until();
    let runs_out = until.filter(|until| *until <= now.plus_seconds(SOON_SECONDS));
    if let Some(until) = runs_out.filter(|until| taken_until(*until) < now) {
        let what = format!("the certificate of the Linkage of {name} ran out on {}", until.date());
        let advice = "nobody takes it any more: run `headwater linkage unpair` on its machine, then pair it with \
                      `headwater wsus pair` and the code that it shows";
        return Some(finding(FindingLevel::Problem, what, advice));
    }
    let term = match runs_out {
        None => String::new(),
        Some(until) if until < now => format!(" ran out on {}", until.date()),
        Some(until) => format!(" runs out on {}", until.date()),
    };
    match (failed, runs_out) {
        (Some(failed), _) => {
            let and = if term.is_empty() { "" } else { " and" };
            let what =
                format!("the certificate of the Linkage of {name}{term}{and} could not be seen to: {failed}");
            let advice =
                "it is tried again every hour; bring the Linkage to this version, and set its clock right";
            Some(finding(FindingLevel::Warning, what, advice))
        }
        (None, Some(until)) => {
            let what = format!("the certificate of the Linkage of {name}{term}");
            let advice = format!(
                "it is renewed by itself as soon as it is reached; from {} on it has to be paired anew",
                taken_until(until).date()
            );
            Some(finding(FindingLevel::Warning, what, advice))
        }
        (None, None) => None,
    }
}

fn still_tries(refused: &Refused, at: &str, revoked: &[RevocationRow]) -> Finding {
    let known = revoked.iter().find(|one| one.linkage == refused.linkage && !one.name.is_empty());
    let whose = known.map_or_else(|| refused.linkage.to_string(), |one| format!("of {}", one.name));
    let what = format!(
        "the Linkage {whose}, which was revoked, still tries to connect at {at}, last at {}",
        refused.at
    );
    let advice = "it gets nothing; find the machine, and if it is in good hands run `headwater linkage unpair` there \
                  and pair it anew";
    finding(FindingLevel::Warning, what, advice)
}

#[cfg(test)]
mod tests {
    use headwater_model::{LinkageId, ServerId};

    use super::*;

    const DAY: i64 = 86_400;

    fn check(days_left: Option<i64>, failed: Option<&str>, wanted: Option<(FindingLevel, &[&str])>) {
        let now = Timestamp::EPOCH.plus_seconds(20_000 * DAY);
        let until = days_left.map(|days| now.plus_seconds(days * DAY));
        let certificate = Certificate { name: "berlin", until, failed: failed.map(str::to_owned) };
        let found = judged(certificate, now);
        let Some((level, words)) = wanted else { return assert_eq!(found, None) };
        let found = found.expect("a finding");
        assert_eq!(found.level, level, "{found:?}");
        let text = format!("{} {}", found.what, found.advice);
        for word in words {
            assert!(text.contains(word), "no `{word}` in `{text}`");
        }
    }

    #[test]
    fn a_certificate_that_runs_out_is_worth_a_warning() {
        use FindingLevel::{Problem, Warning};
        check(None, None, None);
        check(Some(15), None, None);
        check(Some(14), None, Some((Warning, &["berlin runs out on 2024-10-18", "from 2025-01-16 on"])));
        check(Some(-1), None, Some((Warning, &["berlin ran out on 2024-10-03", "from 2025-01-01 on"])));
        check(Some(-91), None, Some((Problem, &["ran out on 2024-07-05", "`headwater linkage unpair`"])));
        check(
            Some(60),
            Some("it is of another version"),
            Some((Warning, &["could not be seen to: it is of"])),
        );
        check(Some(3), Some("no"), Some((Warning, &["runs out on 2024-10-07 and could not be seen to: no"])));
    }

    #[test]
    fn who_was_revoked_and_still_tries_is_named() {
        let linkage = LinkageId::from_u128(7);
        let refused = Refused { linkage, at: Timestamp::EPOCH };
        let row = RevocationRow {
            linkage,
            server: Some(ServerId::from_u128(7)),
            name: "berlin".to_owned(),
            revoked_by: "ada".to_owned(),
            revoked_at: Timestamp::EPOCH,
        };
        let named = still_tries(&refused, "top", std::slice::from_ref(&row)).what;
        assert!(named.starts_with("the Linkage of berlin, which was revoked, still tries"), "{named}");
        let nameless = still_tries(&refused, "top", &[RevocationRow { name: String::new(), ..row }]).what;
        assert!(nameless.contains(&linkage.to_string()), "{nameless}");
    }
}

use std::path::Path;

use sqlx::Executor as _;

use super::*;
use crate::place::Purpose;
use crate::test_database::{TestDatabase, on_both_engines};
use crate::{AuditFilter, AuditOrder, ManagerStore};

on_both_engines!(
    accounts_that_there_were_may_do_everything,
    the_last_administrator_stays,
    what_an_account_loses_with_its_password,
    tokens_of_programs_have_names,
    wrong_passwords_are_counted_by_name,
    every_change_is_on_the_record_of_either_role,
);

const NOW: Timestamp = Timestamp::EPOCH;

fn row(name: &str, role: &str) -> AccountRow {
    AccountRow {
        name: name.to_owned(),
        grant: Grant { role: role.to_owned(), scope: None },
        disabled: false,
        created_at: NOW,
        password_hash: "hash".to_owned(),
    }
}

fn change(what: &'static str) -> AccountChange {
    let (before, after) = (Some("one".to_owned()), Some("other".to_owned()));
    AccountChange { at: NOW, by: "ada".to_owned(), what, detail: "anna".to_owned(), before, after }
}

fn token(kind: TokenKind, name: &str, operator: &str) -> TokenRow {
    TokenRow {
        kind,
        name: name.to_owned(),
        operator: operator.to_owned(),
        grant: Grant { role: "auditor".to_owned(), scope: Some("Berlin\nPilot".to_owned()) },
        description: "for the report".to_owned(),
        created_at: NOW,
        expires_at: Some(NOW.plus_seconds(60)),
        last_used_at: None,
    }
}

async fn accounts_that_there_were_may_do_everything(on: TestDatabase) {
    let store = ManagerStore::open(on.place()).await.expect("opens");
    store.close().await;
    // As the version before left it.
    let mut before = on.place().connect(Purpose::Write).await.expect("connects");
    for sql in [
        "DELETE FROM schema_versions WHERE version > 5",
        "DROP TABLE operators",
        "DROP TABLE tokens",
        "DROP TABLE sign_in_failures",
        "DROP TABLE compliance",
        "DROP TABLE clean_up",
        "DROP TABLE update_standings",
        "DROP TABLE schedule",
        "DROP TABLE relink",
        "DROP TABLE data_folder",
        "ALTER TABLE host_groups DROP COLUMN recreating",
        "ALTER TABLE host_groups DROP COLUMN replaced",
        "DROP TABLE sightings",
        "DROP TABLE server_settings",
        "DROP TABLE left_servers",
        "DROP TABLE appearances",
        "ALTER TABLE sync_runs DROP COLUMN dry_run",
        "DROP TABLE audit",
        "CREATE TABLE audit (audit_id BIGINT)",
        "CREATE TABLE operators (name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_at BIGINT NOT NULL)",
        "CREATE TABLE tokens (name TEXT NOT NULL, operator TEXT NOT NULL, created_at BIGINT, expires_at BIGINT)",
        "INSERT INTO operators (name, password_hash, created_at) VALUES ('admin', 'hash', 0)",
        "INSERT INTO tokens (name, operator) VALUES ('local commands', 'admin')",
        "INSERT INTO tokens (name, operator) VALUES ('session abc', 'admin')",
    ] {
        before.execute(sql).await.expect("writes");
    }
    sqlx::Connection::close(before).await.expect("closes");
    let store = ManagerStore::open(on.place()).await.expect("migrates").operators();
    assert_eq!(store.accounts().await.expect("reads"), [row("admin", "administrator")]);
    let sql = "SELECT kind FROM tokens ORDER BY name";
    let kinds = sqlx::query(sql).fetch_all(&store.read).await.expect("reads");
    let kinds: Vec<i64> = kinds.iter().map(|row| row.try_get(0).expect("a number")).collect();
    assert_eq!(kinds, [TokenKind::Local.number(), TokenKind::Session.number()]);
}

async fn the_last_administrator_stays(on: TestDatabase) {
    let store = on.open().await.operators();
    assert!(
        store.add_account(&row("ada", "administrator"), change("create operator")).await.expect("writes")
    );
    assert!(!store.add_account(&row("ada", "auditor"), change("create operator")).await.expect("answers"));
    let auditor = Grant { role: "auditor".to_owned(), scope: None };
    let full = row("ada", "administrator").grant;
    let last = AccountOutcome::LastAdministrator;
    assert_eq!(store.change_account("ada", &auditor, false, change("set")).await.expect("answers"), last);
    assert_eq!(store.change_account("ada", &full, true, change("disable")).await.expect("answers"), last);
    assert_eq!(store.remove_account("ada", change("delete")).await.expect("answers"), last);
    assert_eq!(store.accounts().await.expect("reads"), [row("ada", "administrator")]);
    // One who is disabled does not count.
    let disabled = AccountRow { disabled: true, ..row("bob", "administrator") };
    store.add_account(&disabled, change("create operator")).await.expect("writes");
    assert_eq!(store.remove_account("ada", change("delete")).await.expect("answers"), last);
    store.change_account("bob", &full, false, change("enable")).await.expect("writes");
    assert_eq!(store.remove_account("ada", change("delete")).await.expect("writes"), AccountOutcome::Done);
    assert_eq!(
        store.remove_account("ada", change("delete")).await.expect("answers"),
        AccountOutcome::Unknown
    );
}

async fn what_an_account_loses_with_its_password(on: TestDatabase) {
    let store = on.open().await.operators();
    store.add_account(&row("ada", "administrator"), change("create operator")).await.expect("writes");
    let kinds = [TokenKind::Session, TokenKind::Program, TokenKind::Local];
    let put = async || {
        for (number, kind) in (0..).zip(kinds) {
            store.add_token(&[number; 32], &token(kind, "a token", "ada")).await.expect("writes");
        }
    };
    let left = async || {
        let mut left = Vec::new();
        for number in 0..3 {
            left.extend(store.token(&[number; 32]).await.expect("reads").map(|token| token.kind));
        }
        left
    };
    put().await;
    assert_eq!(left().await, kinds);
    assert_eq!(
        store.set_password("ada", "new", change("password")).await.expect("writes"),
        AccountOutcome::Done
    );
    assert_eq!(store.account("ada").await.expect("reads").expect("is there").password_hash, "new");
    assert_eq!(left().await, [TokenKind::Program, TokenKind::Local]);
    store.add_account(&row("bob", "administrator"), change("create operator")).await.expect("writes");
    store.remove_account("ada", change("delete")).await.expect("writes");
    assert_eq!(left().await, [TokenKind::Local]);
}

async fn tokens_of_programs_have_names(on: TestDatabase) {
    let store = on.open().await.operators();
    let report = token(TokenKind::Program, "report", "ada");
    assert!(store.add_program(&[1; 32], &report, change("create token")).await.expect("writes"));
    assert!(!store.add_program(&[2; 32], &report, change("create token")).await.expect("answers"));
    store.used_token(&[1; 32], NOW.plus_seconds(5)).await.expect("writes");
    let used = TokenRow { last_used_at: Some(NOW.plus_seconds(5)), ..report.clone() };
    assert_eq!(store.programs().await.expect("reads"), std::slice::from_ref(&used));
    assert_eq!(store.token(&[1; 32]).await.expect("reads"), Some(used));
    // One that has expired stays on the list; a session does not.
    let session = token(TokenKind::Session, "session 1", "ada");
    store.add_token(&[3; 32], &session).await.expect("writes");
    let later =
        TokenRow { created_at: NOW.plus_seconds(100), ..token(TokenKind::Session, "session 2", "ada") };
    store.add_token(&[4; 32], &later).await.expect("writes");
    assert_eq!(store.token(&[3; 32]).await.expect("reads"), None);
    assert_eq!(store.programs().await.expect("reads").len(), 1);
    assert!(store.remove_program("report", change("revoke token")).await.expect("writes"));
    assert!(!store.remove_program("report", change("revoke token")).await.expect("answers"));
}

async fn wrong_passwords_are_counted_by_name(on: TestDatabase) {
    let store = on.open().await.operators();
    let more = |known: Option<Failures>| {
        let count = known.map_or(0, |known| known.count) + 1;
        Failures { count, since: known.map_or(NOW, |known| known.since), locked_until: None }
    };
    for _ in 0..2 {
        store.record_failure("nobody", NOW, more).await.expect("writes");
    }
    let twice = Failures { count: 2, since: NOW, locked_until: None };
    assert_eq!(store.failures("nobody").await.expect("reads"), Some(twice));
    // Another name, later: the first is forgotten, unless it is locked for longer.
    let locked = Failures { locked_until: Some(NOW.plus_seconds(90)), ..twice };
    store.record_failure("locked", NOW, |_| locked).await.expect("writes");
    let since = |_| Failures { count: 1, since: NOW.plus_seconds(60), locked_until: None };
    store.record_failure("other", NOW.plus_seconds(60), since).await.expect("writes");
    assert_eq!(store.failures("nobody").await.expect("reads"), None);
    assert_eq!(store.failures("locked").await.expect("reads"), Some(locked));
    store.unlock("locked", change("unlock operator")).await.expect("writes");
    let names = store.all_failures().await.expect("reads").into_iter().map(|(name, _)| name);
    assert_eq!(names.collect::<Vec<_>>(), ["other"]);
}

async fn every_change_is_on_the_record_of_either_role(on: TestDatabase) {
    let store = on.open().await;
    store.operators().unlock("anna", change("unlock operator")).await.expect("writes");
    let told = store.changes(None, None, 10).await.expect("reads").remove(0);
    assert_eq!((&*told.by, &*told.what, &*told.detail), ("ada", "unlock operator", "anna"));
    assert_eq!((told.before.as_deref(), told.after.as_deref()), (Some("one"), Some("other")));
    let of = async |by: &str, seconds: i64| {
        let since = Some(NOW.plus_seconds(seconds));
        let filter = AuditFilter { by: Some(by), since, limit: 10, ..AuditFilter::default() };
        store.audited(&filter).await.expect("reads").len()
    };
    assert_eq!((of("ada", 0).await, of("ada", 1).await, of("bob", 0).await), (1, 0, 0));

    // The record is read to its beginning, part by part.
    for what in ["disable operator", "enable operator"] {
        store.operators().unlock("anna", change(what)).await.expect("writes");
    }
    let (mut told, mut below) = (Vec::new(), None);
    for _ in 0..4 {
        let filter = AuditFilter { below, limit: 1, ..AuditFilter::default() };
        let found = store.audited(&filter).await.expect("reads");
        told.extend(found.iter().map(|(_, change)| change.what.clone()));
        below = found.last().map(|(number, _)| *number).or(below);
    }
    assert_eq!(told, ["enable operator", "disable operator", "unlock operator"]);
    let order = AuditOrder::OldestFirst;
    let from_its_beginning = AuditFilter { order, limit: 9, ..AuditFilter::default() };
    let found = store.audited(&from_its_beginning).await.expect("reads");
    told.reverse();
    assert_eq!(found.iter().map(|(_, change)| change.what.as_str()).collect::<Vec<_>>(), told);
    let first = found.first().map(|(number, _)| *number);
    let after = AuditFilter { above: first, ..from_its_beginning };
    assert_eq!(store.audited(&after).await.expect("reads"), found[1..]);
    let earlier = AuditFilter { before: Some(NOW), limit: 9, ..AuditFilter::default() };
    assert_eq!(store.audited(&earlier).await.expect("reads"), []);
}

/// The record is only added to. Neither engine's way to forbid it otherwise is known to the other, so the
/// statements themselves are looked at.
#[test]
fn no_statement_changes_the_record() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![sources];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("operators_tests.rs") {
                continue;
            }
            read += 1;
            let text = std::fs::read_to_string(&path).expect("a file").to_lowercase();
            for table in ["audit", "changes"] {
                for verb in ["update", "delete from", "drop table", "alter table"] {
                    let found = text.contains(&format!("{verb} {table} "))
                        || text.contains(&format!("{verb} {table}\""));
                    assert!(!found, "{}: {verb} {table}", path.display());
                }
            }
        }
    }
    assert!(read > 20, "{read} files");
}

use headwater_api::{NewOperator, NewToken, OperatorChange};
use headwater_store::{ManagerStore, Place};
use tempfile::TempDir;

use super::*;

const PASSWORD: &str = "correct horse battery";
const NOW: Timestamp = Timestamp::EPOCH;

async fn operators() -> (Operators, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = ManagerStore::open(&Place::file(folder.path().join("m.sqlite"))).await.expect("opens");
    let operators = Operators::new(store.operators());
    operators.first_administrator(Some(PASSWORD.to_owned()), NOW).await.expect("makes one");
    (operators, folder)
}

fn new(name: &str, role: Role, groups: &[&str]) -> NewOperator {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    NewOperator { name: name.to_owned(), role, groups, password: PASSWORD.to_owned() }
}

fn address(number: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, number])
}

#[tokio::test]
async fn whoever_guesses_locks_a_name_whether_or_not_it_has_an_account() {
    let (operators, _folder) = operators().await;
    let mut answers = Vec::new();
    for name in ["admin", "nobody"] {
        let mut told = Vec::new();
        // From many addresses, so that none of them has to wait.
        for number in 0..11 {
            told.push(operators.sign_in(name, "wrong", address(number), NOW).await.expect("answers").err());
        }
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][9..], [Some(NotLetIn::Wrong), Some(NotLetIn::Locked(900))]);
    // Neither the right password, nor one that comes with each request; the local token does.
    let right = operators.sign_in("admin", PASSWORD, address(99), NOW).await.expect("answers");
    assert_eq!(right.err(), Some(NotLetIn::Locked(900)));
    let each = operators.check_password("admin", PASSWORD, address(99), NOW).await.expect("answers");
    assert_eq!(each, Err(NotLetIn::Locked(900)));
    let local = operators.local_token(NOW).await.expect("a token");
    let operator = operators.operator(&local, NOW).await.expect("answers").expect("somebody");
    assert_eq!(operator, Operator::administrator("admin"));
    let account = operators.account("admin", NOW).await.expect("is there");
    assert_eq!(account.locked_until, Some(NOW.plus_seconds(900)));

    let unlocked = operators.unlock("admin", "ada", NOW).await.expect("is there");
    assert_eq!(unlocked.locked_until, None);
    assert!(operators.sign_in("admin", PASSWORD, address(99), NOW).await.expect("answers").is_ok());
    // The other is free again by itself.
    let later = operators.sign_in("nobody", "wrong", address(99), NOW.plus_seconds(900)).await;
    assert_eq!(later.expect("answers").err(), Some(NotLetIn::Wrong));
}

#[tokio::test]
async fn a_right_password_forgets_wrong_ones() {
    let (operators, _folder) = operators().await;
    for round in 0..2 {
        for number in 0..9 {
            let from = address(10 * round + number);
            let told = operators.sign_in("admin", "wrong", from, NOW).await.expect("answers");
            assert_eq!(told.err(), Some(NotLetIn::Wrong));
        }
        assert!(operators.sign_in("admin", PASSWORD, address(99), NOW).await.expect("answers").is_ok());
    }
}

#[tokio::test]
async fn sessions_end_with_the_password_and_with_the_account() {
    let (operators, _folder) = operators().await;
    operators.create(&new("anna", Role::Operator, &["Berlin"]), "admin", NOW).await.expect("is made");
    let session = async |password: &str| {
        let signed_in = operators.sign_in("anna", password, address(1), NOW).await.expect("answers");
        signed_in.map(|signed_in| signed_in.token)
    };
    let knows = async |token: &str| operators.operator(token, NOW).await.expect("answers");
    let first = session(PASSWORD).await.expect("is let in");
    let anna = knows(&first).await.expect("somebody");
    assert_eq!((&*anna.name, anna.role, &*anna.scope.to_string()), ("anna", Role::Operator, "berlin"));

    operators.set_password("anna", "another password", "admin", NOW).await.expect("is set");
    assert_eq!(knows(&first).await, None);
    assert_eq!(session(PASSWORD).await, Err(NotLetIn::Wrong));
    let second = session("another password").await.expect("is let in");
    let disabled = |disabled| OperatorChange { disabled: Some(disabled), ..OperatorChange::default() };
    operators.change("anna", &disabled(true), "admin", NOW).await.expect("is disabled");
    assert_eq!(knows(&second).await, None);
    assert_eq!(session("another password").await, Err(NotLetIn::Wrong));
    operators.change("anna", &disabled(false), "admin", NOW).await.expect("is enabled");
    assert_eq!(knows(&second).await, None, "it has ended for good");
    assert!(session("another password").await.is_ok());
    for refused in [
        operators.change("admin", &disabled(true), "admin", NOW).await.map(drop),
        operators.delete("admin", "admin", NOW).await,
    ] {
        let said = refused.expect_err("the last one").to_string();
        assert!(said.contains("last administrator"), "{said}");
    }
}

#[tokio::test]
async fn a_token_may_do_no_more_than_its_operator() {
    let (operators, _folder) = operators().await;
    operators
        .create(&new("anna", Role::Operator, &["Berlin", "Pilot"]), "admin", NOW)
        .await
        .expect("is made");
    let token = |name: &str, role, groups: &[&str]| NewToken {
        name: name.to_owned(),
        role,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        description: String::new(),
        operator: Some("anna".to_owned()),
        expires_at: Some(NOW.plus_seconds(60)),
    };
    let made =
        operators.create_token(&token("all", Role::Administrator, &[]), "admin", NOW).await.expect("is made");
    assert!(!format!("{made:?}").contains(&made.secret));
    let may = operators.operator(&made.secret, NOW).await.expect("answers").expect("somebody");
    assert_eq!((may.role, &*may.scope.to_string()), (Role::Operator, "berlin, pilot"));
    assert_eq!(operators.operator(&made.secret, NOW.plus_seconds(60)).await.expect("answers"), None);
    assert_eq!(operators.tokens().await.expect("lists")[0].last_used_at, Some(NOW));

    let made = operators
        .create_token(&token("one", Role::Operator, &["Pilot"]), "admin", NOW)
        .await
        .expect("is made");
    let may = operators.operator(&made.secret, NOW).await.expect("answers").expect("somebody");
    let within = |group: &str| decide(&may, Action::ForGroups(&[GroupPath::named(group)])).is_ok();
    assert_eq!((within("Pilot"), within("Berlin")), (true, false));
    operators.revoke_token("one", "admin", NOW).await.expect("is revoked");
    assert_eq!(operators.operator(&made.secret, NOW).await.expect("answers"), None);
    operators.revoke_token("one", "admin", NOW).await.expect_err("is no more");
}

#[tokio::test]
async fn what_is_not_in_order_is_refused() {
    let (operators, _folder) = operators().await;
    let short = NewOperator { password: "elevenchars".to_owned(), ..new("anna", Role::Auditor, &[]) };
    for (asked, words) in [
        (new("", Role::Auditor, &[]), "1 to 64 characters"),
        (new("a:b", Role::Auditor, &[]), "colon"),
        (new("a/b", Role::Auditor, &[]), "no slash"),
        (new("anna", Role::Auditor, &["Berlin"]), "has no scope"),
        (new("anna", Role::Operator, &["Ber\nlin"]), "no name of a group"),
        (new("admin", Role::Auditor, &[]), "already"),
        (short, "fewer than 12"),
    ] {
        let said = operators.create(&asked, "admin", NOW).await.expect_err(words).to_string();
        assert!(said.contains(words), "{said}");
    }
    // Another role takes the scope away.
    operators.create(&new("anna", Role::Operator, &["Berlin"]), "admin", NOW).await.expect("is made");
    let auditor = OperatorChange { role: Some(Role::Auditor), ..OperatorChange::default() };
    let changed = operators.change("anna", &auditor, "admin", NOW).await.expect("is changed");
    assert_eq!((changed.role, changed.groups.len()), (Role::Auditor, 0));
}

#[tokio::test]
async fn whoever_gave_the_password_is_present_for_a_while_and_a_program_never() {
    let (operators, _folder) = operators().await;
    let session = operators.sign_in("admin", PASSWORD, address(1), NOW).await.expect("answers");
    let session = session.expect("is let in").token;
    let program = NewToken {
        name: "report".to_owned(),
        role: Role::Administrator,
        groups: Vec::new(),
        description: String::new(),
        operator: None,
        expires_at: None,
    };
    let program = operators.create_token(&program, "admin", NOW).await.expect("is made").secret;
    let local = operators.local_token(NOW).await.expect("a token");
    let present = async |token: &str, seconds| {
        operators.is_present(token, NOW.plus_seconds(seconds)).await.expect("answers")
    };
    assert!(present(&session, 299).await && !present(&session, 300).await);
    assert!(present(&local, 86_400).await);
    assert!(!present(&program, 0).await && !present("nobody's", 0).await);
}

use super::*;

const UPDATE: UpdateId = UpdateId::from_u128(1);
const OTHER: UpdateId = UpdateId::from_u128(2);
const BERLIN: GroupId = GroupId::from_u128(10);
const MUNICH: GroupId = GroupId::from_u128(11);
const INSTALL: Told = (Action::Install, None);
const BLOCK: Told = (Action::Block, None);

fn seen(approvals: &[(GroupId, Told)]) -> Seen {
    [(UPDATE, approvals.iter().copied().collect())].into_iter().collect()
}

fn later() -> Told {
    (Action::Install, Some(Timestamp::EPOCH))
}

#[test]
fn what_is_as_it_was_seen_may_be_replaced() {
    assert_eq!(seen(&[]).refuses(UPDATE, BERLIN, None, Some(INSTALL)), None);
    assert_eq!(seen(&[(BERLIN, INSTALL)]).refuses(UPDATE, BERLIN, Some(INSTALL), Some(BLOCK)), None);
    assert_eq!(seen(&[(BERLIN, INSTALL)]).refuses(UPDATE, BERLIN, Some(INSTALL), None), None);
}

#[test]
fn what_became_something_else_is_refused_with_what_it_became() {
    let told = |seen: Seen, stands, wanted| seen.refuses(UPDATE, BERLIN, stands, wanted).expect("refuses");
    assert_eq!(told(seen(&[]), Some(BLOCK), Some(INSTALL)), "meanwhile it was blocked: look at it again");
    assert_eq!(
        told(seen(&[(BERLIN, INSTALL)]), None, Some(BLOCK)),
        "its approval was taken back meanwhile: look at it again"
    );
    assert_eq!(
        told(seen(&[(BERLIN, INSTALL)]), Some(later()), None),
        "meanwhile it was approved for installation with the deadline 1970-01-01T00:00:00Z: look at it again"
    );
}

#[test]
fn what_somebody_else_did_already_is_no_reason() {
    assert_eq!(seen(&[]).refuses(UPDATE, BERLIN, Some(INSTALL), Some(INSTALL)), None);
    assert_eq!(seen(&[(BERLIN, INSTALL)]).refuses(UPDATE, BERLIN, None, None), None);
}

#[test]
fn another_group_says_nothing_about_this_one() {
    assert_eq!(seen(&[(MUNICH, BLOCK)]).refuses(UPDATE, BERLIN, None, Some(INSTALL)), None);
}

#[test]
fn an_update_that_was_not_looked_at_is_not_compared() {
    assert_eq!(seen(&[]).refuses(OTHER, BERLIN, Some(BLOCK), Some(INSTALL)), None);
    assert_eq!(seen(&[]).refuses_decline(OTHER, [(BERLIN, INSTALL)].into_iter()), None);
}

#[test]
fn a_decline_takes_back_only_approvals_that_were_seen() {
    let both = seen(&[(BERLIN, INSTALL), (MUNICH, BLOCK)]);
    assert_eq!(both.refuses_decline(UPDATE, [(BERLIN, INSTALL)].into_iter()), None);
    assert_eq!(
        both.refuses_decline(UPDATE, [(BERLIN, later())].into_iter()).as_deref(),
        Some("meanwhile it was approved for installation for a group: look at it again")
    );
    assert!(seen(&[]).refuses_decline(UPDATE, [(MUNICH, BLOCK)].into_iter()).is_some());
}

//! Which names are refused, and what is proposed.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::host::{HostGroup, Reach};

const ALL_COMPUTERS: GroupId = GroupId::from_u128(1);
const BERLIN: GroupId = GroupId::from_u128(2);
const MUNICH: GroupId = GroupId::from_u128(3);

fn wanted(names: &[&str]) -> Vec<Wanted> {
    let group = |at: usize| HostGroupId::from_u128(at as u128);
    names.iter().enumerate().map(|(at, name)| Wanted { group: group(at), name: (*name).into() }).collect()
}

fn existing() -> Vec<WsusGroup> {
    let group = |id, name: &str, owner| WsusGroup { id, name: name.into(), owner };
    vec![
        group(ALL_COMPUTERS, "Alle Computer", Owner::BuiltIn),
        group(BERLIN, "Berlin", Owner::Foreign),
        group(MUNICH, "Munich", Owner::Ours(HostGroupId::from_u128(0))),
    ]
}

/// `expected` are a word of the problem and the proposal of each refused name.
#[track_caller]
fn check(names: &[&str], adopt: &[GroupId], expected: &[(&str, &str)]) {
    let adopt = adopt.iter().copied().collect();
    let refused = refusals(&wanted(names), &existing(), &adopt);
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    for (refusal, (problem, proposal)) in refused.iter().zip(expected) {
        assert!(refusal.problem.to_string().contains(problem), "{refusal}");
        assert_eq!(refusal.proposal, *proposal, "{refusal}");
    }
}

#[test]
fn names_are_flattened() {
    let group = |id, name: &str, parent: Option<u128>| HostGroup {
        id: HostGroupId::from_u128(id),
        name: name.into(),
        parent: parent.map(HostGroupId::from_u128),
        reach: Reach::default(),
        hosts: BTreeSet::new(),
    };
    let groups = HostGroups::new([
        group(1, "Berlin", None),
        group(2, "Pilot ", Some(1)),
        group(3, "Servers", Some(2)),
    ])
    .expect("a tree");
    assert_eq!(flattened(&groups, HostGroupId::from_u128(3)), "Berlin - Pilot - Servers");
    assert_eq!(flattened(&groups, HostGroupId::from_u128(1)), "Berlin");
}

#[test]
fn every_forbidden_character_is_refused() {
    for forbidden in FORBIDDEN.chars().chain(['\u{7}', '\n', '\u{202e}']) {
        assert_eq!(check_form(&format!("a{forbidden}b")), Err(Problem::Forbidden(forbidden)));
    }
    for name in ["Berlin - Pilot", "Büro 東京", "a_b-c", "משרד", "-1", "👩\u{200d}👧", &"x".repeat(255)]
    {
        assert_eq!(check_form(name), Ok(()), "{name}");
    }
}

#[test]
fn a_form_that_no_server_takes() {
    check(&["Sales/EU", "R&D"], &[], &[("'/'", "Sales-EU"), ("'&'", "R-D")]);
    check(&["", " ", " a"], &[], &[("not empty", "Group"), ("not empty", "Group 2"), ("its ends", "a 2")]);
    let long = "x".repeat(256);
    check(&[&long], &[], &[("256 characters", &"x".repeat(255))]);
    // Each is two UTF-16 units.
    let wide = "𠮷".repeat(128);
    check(&[&wide], &[], &[("256 characters", &"𠮷".repeat(127))]);
    check(&["a\tb"], &[], &[("cannot contain '\\t'", "a b")]);
}

#[test]
fn a_name_is_given_once() {
    check(&["Köln", "KÖLN", "Köln 2"], &[], &[("another chosen", "KÖLN 3")]);
    check(&["A.B", "A/B", "A-B"], &[], &[("'.'", "A-B 2"), ("'/'", "A-B 3")]);
}

#[test]
fn a_name_that_exists_is_refused_to_others() {
    check(&["munich"], &[], &[]);
    check(&["other", "munich"], &[], &[("made from another host group", "munich 2")]);
    check(&["BERLIN"], &[], &[("can be adopted", "BERLIN 2")]);
    check(&["BERLIN"], &[BERLIN], &[]);
    check(&["alle computer"], &[ALL_COMPUTERS], &[("built into", "alle computer 2")]);
}

#[test]
fn thousands_of_equal_names_are_quick() {
    let long = "x".repeat(300);
    let names = vec![long.as_str(); 4_000];
    let refused = refusals(&wanted(&names), &existing(), &HashSet::new());
    let proposals: HashSet<&str> = refused.iter().map(|refusal| refusal.proposal.as_str()).collect();
    assert_eq!(proposals.len(), 4_000);
}

proptest! {
    #[test]
    fn proposals_are_valid_and_unique(
        names in prop::collection::vec("[aAbB/. 2𠮷ß]{0,4}", 0..40),
        pad in prop::sample::select(vec![0_usize, 254]),
    ) {
        let pad = "x".repeat(pad);
        let names: Vec<String> = names.iter().map(|name| format!("{pad}{name}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut asked = wanted(&names);
        for refusal in refusals(&asked, &existing(), &HashSet::new()) {
            for wanted in asked.iter_mut().filter(|wanted| wanted.group == refusal.group) {
                wanted.name = refusal.proposal.clone();
            }
        }
        prop_assert_eq!(refusals(&asked, &existing(), &HashSet::new()), vec![]);
    }
}

//! What a server would deliver to a computer, by the rule that real servers follow.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Facts, Publication, read};
use headwater_fleet::{Catalogue, Profile, Spec, evaluate};
use headwater_model::UpdateId;

/// A catalogue as a server offers it: the newest revision of each update that is not expired.
struct Offer {
    revisions: HashMap<UpdateId, (Facts, String)>,
    non_leaf: HashSet<UpdateId>,
}

/// What a computer has when a scan from an empty cache is over.
#[derive(Debug)]
struct Scan {
    cached: usize,
    installed_non_leaf: usize,
    /// Answers that held something.
    levels: usize,
    needed: usize,
}

impl Offer {
    /// Manifests decide nothing here.
    fn new(updates: u32, seed: u64) -> Self {
        let catalogue = Catalogue::new(Spec { core_bytes: Some(0), seed, ..Spec::new(updates) }).unwrap();
        let mut revisions: HashMap<UpdateId, (Facts, String)> = HashMap::new();
        for document in catalogue.documents() {
            let read = read(&document.xml).unwrap();
            let identity = read.facts.identity;
            let newest = revisions.get(&identity.id).is_none_or(|(known, _)| known.identity < identity);
            if newest && read.facts.publication == Publication::Published {
                revisions.insert(identity.id, (read.facts, read.fragments.core));
            }
        }
        let clauses = revisions.values().flat_map(|(facts, _)| &facts.prerequisites);
        let non_leaf = clauses.flat_map(|clause| &clause.alternatives).copied().collect();
        Self { revisions, non_leaf }
    }

    /// A revision is delivered when each clause has an alternative among the installed non-leaf
    /// updates that the computer has named (fact 21).
    fn scan(&self, profile: Profile) -> Scan {
        let mut waiting: Vec<&(Facts, String)> = self.revisions.values().collect();
        let mut installed = HashSet::new();
        let mut scan = Scan { cached: 0, installed_non_leaf: 0, levels: 0, needed: 0 };
        loop {
            let (delivered, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(facts, _)| {
                facts.prerequisites.iter().all(|c| c.alternatives.iter().any(|id| installed.contains(id)))
            });
            waiting = rest;
            if delivered.is_empty() {
                scan.installed_non_leaf = installed.len();
                return scan;
            }
            scan.levels += 1;
            scan.cached += delivered.len();
            for (facts, core) in delivered {
                let evaluation = evaluate(core, &profile);
                scan.needed += usize::from(evaluation.installable);
                if evaluation.installed && self.non_leaf.contains(&facts.identity.id) {
                    installed.insert(facts.identity.id);
                }
            }
        }
    }
}

#[track_caller]
fn check(offer: &Offer, profiles: std::ops::Range<u64>, cached: std::ops::RangeInclusive<usize>) {
    for number in profiles {
        let scan = offer.scan(Profile::new(number));
        println!("computer {number}: {scan:?}");
        assert!(cached.contains(&scan.cached), "computer {number}: {scan:?}");
        // Real agents name 87 to 94, and servers take 400 at most (fact 20).
        assert!((75..=130).contains(&scan.installed_non_leaf), "computer {number}: {scan:?}");
        assert!((6..=8).contains(&scan.levels), "computer {number}: {scan:?}");
        assert!((1..=60).contains(&scan.needed), "computer {number}: {scan:?}");
    }
}

#[test]
fn a_computer_caches_about_1_100_of_20_000_revisions() {
    check(&Offer::new(20_000, 1), 0..10, 900..=1_400);
}

#[test]
fn it_caches_as_many_of_a_catalogue_as_large_as_the_real_one() {
    for seed in [1, 2] {
        check(&Offer::new(5_250, seed), 0..20, 900..=1_400);
    }
}

#[test]
fn most_of_a_small_catalogue_is_for_every_computer() {
    let scan = Offer::new(300, 1).scan(Profile::new(7));
    assert!(scan.cached > 200, "{scan:?}");
}

#[test]
fn computers_differ() {
    let offer = Offer::new(5_250, 1);
    let scans = (0..50).map(|number| offer.scan(Profile::new(number)));
    let outcomes: HashSet<_> = scans.map(|scan| (scan.cached, scan.needed)).collect();
    assert!(outcomes.len() > 25, "{outcomes:?}");
}

#[test]
fn a_fragment_is_evaluated_as_its_document() {
    let catalogue = Catalogue::new(Spec::new(1_000)).unwrap();
    for document in catalogue.documents() {
        let core = read(&document.xml).unwrap().fragments.core;
        for number in 0..5 {
            let profile = Profile::new(number);
            assert_eq!(evaluate(&core, &profile), evaluate(&document.xml, &profile), "{}", document.identity);
        }
    }
}

//! What a server would deliver to a computer, by the rule that real servers follow.

use std::collections::{HashMap, HashSet};

use headwater_fleet::{Catalogue, Profile, Spec, evaluate};
use headwater_model::UpdateId;

use crate::document::Document;

/// The newest revision of an update, as much as an offer looks at.
struct Revision {
    id: UpdateId,
    number: u32,
    clauses: Vec<Vec<UpdateId>>,
    /// The document from its identity on without what the evaluation does not read.
    rules: String,
}

/// The rules of a catalogue, and who is a prerequisite of whom.
struct Offer {
    revisions: Vec<Revision>,
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
    /// Expired updates are not offered.
    fn new(catalogue: &Catalogue) -> Self {
        let mut newest: HashMap<UpdateId, Revision> = HashMap::new();
        for document in catalogue.documents() {
            let read = Document::read(&document.xml).unwrap();
            let older = newest.get(&read.id()).is_some_and(|known| known.number > read.revision);
            if older || read.expired {
                continue;
            }
            let clauses = read.prerequisites.into_iter().map(|clause| clause.alternatives).collect();
            let (id, number) = (document.identity.id, read.revision);
            let cut = document.xml.find("<upd:Files>").unwrap_or(document.xml.len());
            newest.insert(id, Revision { id, number, clauses, rules: document.xml[..cut].to_owned() });
        }
        let revisions: Vec<_> = newest.into_values().collect();
        let non_leaf =
            revisions.iter().flat_map(|revision| revision.clauses.iter().flatten()).copied().collect();
        Self { revisions, non_leaf }
    }

    /// A revision is delivered when each clause has an alternative among the installed non-leaf
    /// updates that the computer has named (fact 21).
    fn scan(&self, profile: Profile) -> Scan {
        let mut waiting: Vec<&Revision> = self.revisions.iter().collect();
        let mut installed = HashSet::new();
        let mut scan = Scan { cached: 0, installed_non_leaf: 0, levels: 0, needed: 0 };
        loop {
            let satisfied = |revision: &Revision| {
                revision.clauses.iter().all(|c| c.iter().any(|id| installed.contains(id)))
            };
            let (delivered, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|r| satisfied(r));
            waiting = rest;
            if delivered.is_empty() {
                scan.installed_non_leaf = installed.len();
                return scan;
            }
            scan.levels += 1;
            scan.cached += delivered.len();
            for revision in delivered {
                let evaluation = evaluate(&revision.rules, &profile);
                scan.needed += usize::from(evaluation.installable);
                if evaluation.installed && self.non_leaf.contains(&revision.id) {
                    installed.insert(revision.id);
                }
            }
        }
    }
}

/// Manifests decide nothing here.
fn offer(updates: u32, seed: u64) -> Offer {
    Offer::new(&Catalogue::new(Spec { core_bytes: Some(0), seed, ..Spec::new(updates) }).unwrap())
}

#[track_caller]
fn check(offer: &Offer, profiles: std::ops::Range<u64>, cached: std::ops::RangeInclusive<usize>) {
    for number in profiles {
        let scan = offer.scan(Profile::new(number));
        println!("computer {number}: {scan:?}");
        assert!(cached.contains(&scan.cached), "computer {number}: {scan:?}");
        assert!((60..=130).contains(&scan.installed_non_leaf), "computer {number}: {scan:?}");
        assert!((6..=9).contains(&scan.levels), "computer {number}: {scan:?}");
        assert!((1..=60).contains(&scan.needed), "computer {number}: {scan:?}");
    }
}

#[test]
fn a_computer_caches_about_1_100_of_20_000_revisions() {
    check(&offer(20_000, 1), 0..10, 900..=1_400);
}

#[test]
fn it_caches_as_many_of_a_catalogue_as_large_as_the_real_one() {
    for seed in [1, 2] {
        check(&offer(5_250, seed), 0..20, 900..=1_400);
    }
}

#[test]
fn most_of_a_small_catalogue_is_for_every_computer() {
    let offer = offer(300, 1);
    let scan = offer.scan(Profile::new(7));
    assert!(scan.cached > 200, "{scan:?}");
}

#[test]
fn computers_differ() {
    let offer = offer(5_250, 1);
    let outcomes: HashSet<_> =
        (0..50).map(|number| offer.scan(Profile::new(number))).map(|s| (s.cached, s.needed)).collect();
    assert!(outcomes.len() > 25, "{outcomes:?}");
}

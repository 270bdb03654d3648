//! Deciding one call of a later scan in which nothing changed, over a generated catalogue of
//! 20,000 updates: an agent with about 1,100 cached revisions. Goal: 50 µs.

use std::sync::Arc;

use headwater_catalog::{Entry, Index};
use headwater_fleet::{Catalogue, Profile, Spec, evaluate};
use headwater_model::{RevisionId, Timestamp};
use headwater_policy::group::{ALL_COMPUTERS, Group, GroupTree, UNASSIGNED_COMPUTERS};
use headwater_policy::offer::{PageLimits, Scan, decide};
use headwater_policy::snapshot::{Decisions, Offers};

const LIMITS: PageLimits = PageLimits { updates_max: 200, bytes_max: 5 << 20 };

fn main() {
    divan::main();
}

struct Agent {
    offers: Offers,
    installed: Vec<i32>,
    other: Vec<i32>,
}

/// Walks a computer through its first scan, in process.
fn agent() -> Agent {
    let mut entries = Vec::new();
    let mut cores = Vec::new();
    for (number, document) in (1..).zip(Catalogue::new(Spec::new(20_000)).expect("a catalogue").documents()) {
        let read = headwater_catalog::read(&document.xml).expect("a document");
        let core_bytes = read.fragments.core.len() as u32;
        entries.push(Entry::new(RevisionId(number), &read.facts, core_bytes, Timestamp::EPOCH));
        cores.push(evaluate(&read.fragments.core, &Profile::new(7)));
    }
    let group = |id, parent| Group { id, name: format!("{id}"), parent };
    let groups =
        GroupTree::new([group(ALL_COMPUTERS, None), group(UNASSIGNED_COMPUTERS, Some(ALL_COMPUTERS))]);
    let offers =
        Offers::new(Arc::new(Index::build(entries)), Decisions { stamp: 9, groups, ..Decisions::default() });
    let (mut installed, mut other) = (Vec::new(), Vec::new());
    loop {
        let answer = one_call(&offers, &installed, &other);
        if answer.new.is_empty() {
            return Agent { offers, installed, other };
        }
        for offer in &answer.new {
            let state = cores[offer.id.0 as usize - 1];
            let list = if state.installed && !offer.is_leaf { &mut installed } else { &mut other };
            list.push(offer.id.0);
        }
    }
}

fn one_call(offers: &Offers, installed: &[i32], other: &[i32]) -> headwater_policy::offer::Answer {
    let scan = Scan {
        installed_non_leaf: installed,
        other_cached: other,
        filter: &[],
        two_groups: false,
        watermark: 9,
        membership: 1,
        membership_stamp: 1,
    };
    decide(offers, &offers.view(&Arc::from([UNASSIGNED_COMPUTERS])), &scan, LIMITS)
}

#[divan::bench]
fn later_scan_nothing_changed(bencher: divan::Bencher<'_, '_>) {
    let agent = agent();
    bencher.bench_local(|| one_call(&agent.offers, &agent.installed, &agent.other));
}

#[divan::bench]
fn first_page(bencher: divan::Bencher<'_, '_>) {
    let agent = agent();
    bencher.bench_local(|| one_call(&agent.offers, &[], &[]));
}

//! The form of documents, and that a catalogue is closed.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Facts, Kind, Publication, read};
use headwater_fleet::{Catalogue, DocumentKind, GeneratedDocument, Spec, SpecError};
use headwater_model::{UpdateId, UpdateIdentity};
use proptest::prelude::*;

/// The order of real documents (protocol-facts.md, "Real document facts").
const SECTIONS: [&str; 7] = [
    "<upd:UpdateIdentity ",
    "<upd:Properties ",
    "<upd:LocalizedPropertiesCollection>",
    "<upd:Relationships>",
    "<upd:ApplicabilityRules>",
    "<upd:Files>",
    "<upd:HandlerSpecificData ",
];

/// Reading refuses what is malformed, out of order or without what every document has.
fn documents(spec: Spec) -> Vec<(GeneratedDocument, Facts)> {
    let catalogue = Catalogue::new(spec).unwrap();
    catalogue
        .documents()
        .map(|document| (read(&document.xml).unwrap().facts, document))
        .map(|(f, d)| (d, f))
        .collect()
}

#[track_caller]
fn check_form(document: &GeneratedDocument, facts: &Facts) {
    let found: Vec<usize> = SECTIONS.iter().filter_map(|section| document.xml.find(section)).collect();
    assert!(found.is_sorted(), "{}: {found:?}", document.identity);
    assert_eq!(document.identity, facts.identity);
    let kind = match document.kind {
        DocumentKind::Category => Kind::Category,
        DocumentKind::Detectoid => Kind::Detectoid,
        DocumentKind::Software => Kind::Software,
    };
    assert_eq!(kind, facts.kind.kind());
    assert!(facts.localized.iter().any(|localized| localized.language == "en"));

    let has = |section: usize| document.xml.contains(SECTIONS[section]);
    // Bundles have no rules of their own, as the nine real documents show.
    assert_eq!(has(4), facts.bundles.is_empty());
    assert_eq!(has(5), !document.files.is_empty());
    assert_eq!(has(6), facts.handler.is_some());
    let written: Vec<_> = document.files.iter().map(|f| (&f.name, f.bytes, f.sha1, Some(f.sha256))).collect();
    let read: Vec<_> = facts.files.iter().map(|f| (&f.name, f.size_bytes, f.sha1, f.sha256)).collect();
    assert_eq!(written, read);
    assert_eq!(facts.max_download_bytes, document.files.iter().map(|file| file.bytes).sum::<u64>());
}

/// What is referred to stands before, but for so many members.
#[track_caller]
fn check_closed(documents: &[(GeneratedDocument, Facts)], members_left_out: usize) {
    let mut before: HashSet<UpdateId> = HashSet::new();
    let mut revisions: HashSet<UpdateIdentity> = HashSet::new();
    let mut missing: HashSet<UpdateIdentity> = HashSet::new();
    for (_, facts) in documents {
        let needed = facts.prerequisites.iter().flat_map(|clause| &clause.alternatives);
        for target in needed.chain(&facts.supersedes) {
            assert!(before.contains(target), "{} refers to {target}", facts.identity);
        }
        missing.extend(facts.bundles.iter().flatten().filter(|member| !revisions.contains(member)));
        assert!(revisions.insert(facts.identity), "{} twice", facts.identity);
        before.insert(facts.identity.id);
    }
    assert_eq!(missing.len(), members_left_out);
}

#[test]
fn documents_have_the_form_of_real_ones_and_refer_to_each_other() {
    for updates in [100, 333, 3_000] {
        let documents = documents(Spec::new(updates));
        assert_eq!(documents.len(), updates as usize);
        documents.iter().for_each(|(document, facts)| check_form(document, facts));
        check_closed(&documents, 0);
    }
}

#[test]
fn members_can_be_left_out() {
    let documents = documents(Spec { incomplete: 7, ..Spec::new(1_000) });
    assert_eq!(documents.len(), 993);
    check_closed(&documents, 7);
    let too_many = Catalogue::new(Spec { incomplete: 1_000, ..Spec::new(1_000) });
    assert!(matches!(too_many, Err(SpecError::Incomplete { asked: 1_000, .. })));
}

#[test]
fn only_what_an_administrator_approves_is_explicitly_deployable() {
    let documents = documents(Spec::new(3_000));
    let bundles = documents.iter().flat_map(|(_, facts)| facts.bundles.iter().flatten());
    let members: HashSet<UpdateId> = bundles.map(|member| member.id).collect();
    for (_, facts) in &documents {
        let approvable = facts.kind.kind() == Kind::Software && !members.contains(&facts.identity.id);
        assert_eq!(facts.explicitly_deployable, approvable, "{}", facts.identity);
    }
    let nested = |facts: &Facts| !facts.bundles.is_empty() && members.contains(&facts.identity.id);
    assert!(documents.iter().any(|(_, facts)| nested(facts)));
}

#[test]
fn a_catalogue_has_the_oddities_of_real_ones() {
    let documents = documents(Spec::new(5_250));
    let count = |is: fn(&(GeneratedDocument, Facts)) -> bool| documents.iter().filter(|d| is(d)).count();
    let upper_case = |(document, _): &(GeneratedDocument, Facts)| {
        document.xml.contains(&format!("\"{}\"", document.identity.id.to_string().to_uppercase()))
    };
    assert!(count(upper_case) > 500);
    assert!(count(|(_, facts)| facts.publication == Publication::Expired) >= 3);
    assert!(count(|(_, facts)| facts.localized.len() > 30) > 200);
    assert!(count(|(_, facts)| facts.severity.is_some()) > 100);
    let mut revisions: HashMap<UpdateId, u32> = HashMap::new();
    documents.iter().for_each(|(_, facts)| *revisions.entry(facts.identity.id).or_default() += 1);
    assert_eq!(revisions.values().filter(|revisions| **revisions == 2).count(), 46);
}

#[test]
fn the_same_specification_yields_the_same_bytes() {
    let documents = |seed| {
        let catalogue = Catalogue::new(Spec { seed, ..Spec::new(400) }).unwrap();
        catalogue.documents().collect::<Vec<_>>()
    };
    assert_eq!(documents(1), documents(1));
    let ids = |documents: Vec<GeneratedDocument>| -> HashSet<_> {
        documents.into_iter().map(|d| d.identity.id).collect()
    };
    // The ten classifications are the same everywhere.
    assert_eq!(ids(documents(1)).intersection(&ids(documents(2))).count(), 10);
}

#[test]
fn a_catalogue_has_limits() {
    for updates in [0, 99, 1_000_001] {
        assert_eq!(Catalogue::new(Spec::new(updates)).unwrap_err(), SpecError::Updates(updates));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_size_and_seed_give_a_closed_catalogue(updates in 100_u32..1_200, seed: u64, bytes in 0_u64..2_000_000) {
        let spec = Spec { updates, seed, core_bytes: Some(bytes), content_bytes_max: None, incomplete: 0 };
        let documents = documents(spec);
        prop_assert_eq!(documents.len(), updates as usize);
        documents.iter().for_each(|(document, facts)| check_form(document, facts));
        check_closed(&documents, 0);
    }
}

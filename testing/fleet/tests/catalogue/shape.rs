//! The form of documents, and that a catalogue is closed.

use std::collections::{HashMap, HashSet};

use headwater_fleet::{Catalogue, DocumentKind, GeneratedDocument, Spec, SpecError};
use headwater_model::UpdateId;
use proptest::prelude::*;

use crate::document::{Clause, Document};

/// The order of real documents (protocol-facts.md, "Real document facts").
const SECTIONS: [&str; 7] = [
    "UpdateIdentity",
    "Properties",
    "LocalizedPropertiesCollection",
    "Relationships",
    "ApplicabilityRules",
    "Files",
    "HandlerSpecificData",
];

fn documents(spec: Spec) -> Vec<(GeneratedDocument, Document)> {
    let catalogue = Catalogue::new(spec).unwrap();
    catalogue.documents().map(|d| (Document::read(&d.xml).unwrap(), d)).map(|(read, d)| (d, read)).collect()
}

#[track_caller]
fn check_form(generated: &GeneratedDocument, read: &Document) {
    let mut expected = SECTIONS.iter();
    for section in &read.sections {
        assert!(expected.any(|known| known == section), "{section} in {:?}", read.sections);
    }
    assert_eq!(read.sections[..3], SECTIONS[..3]);
    assert_eq!(generated.identity.id, read.id());
    assert_eq!(generated.identity.revision, read.revision);
    let kind = match generated.kind {
        DocumentKind::Category => "Category",
        DocumentKind::Detectoid => "Detectoid",
        DocumentKind::Software => "Software",
    };
    assert_eq!(kind, read.update_type);
    assert!(read.languages.iter().collect::<HashSet<_>>().len() == read.languages.len());
    assert!(read.languages.contains(&"en".to_owned()));

    let has = |section: &str| read.sections.iter().any(|s| s == section);
    assert_eq!(has("Files"), !generated.files.is_empty());
    assert_eq!(has("HandlerSpecificData"), read.handler.is_some());
    // Bundles have no rules of their own, as the nine real documents show.
    assert_eq!(has("ApplicabilityRules"), read.bundled.is_empty());
    for (generated, read) in generated.files.iter().zip(&read.files) {
        assert_eq!((&generated.name, generated.bytes), (&read.name, read.bytes));
        assert_eq!(
            (generated.sha1.to_base64(), generated.sha256.to_base64()),
            (read.sha1.clone(), read.sha256.clone())
        );
    }
}

#[track_caller]
fn check_closed(documents: &[(GeneratedDocument, Document)], missing_members: usize) {
    let mut order: HashMap<UpdateId, usize> = HashMap::new();
    let mut revisions = HashSet::new();
    for (position, (_, read)) in documents.iter().enumerate() {
        assert!(revisions.insert((read.id(), read.revision)), "{} twice", read.id());
        order.entry(read.id()).or_insert(position);
    }
    let mut missing = HashSet::new();
    for (position, (_, read)) in documents.iter().enumerate() {
        let targets = read.prerequisites.iter().flat_map(|clause: &Clause| &clause.alternatives);
        for target in targets.chain(&read.superseded) {
            assert!(order[target] < position, "{} needs {target}", read.id());
        }
        for (member, revision) in read.bundled.iter().flatten() {
            match revisions.contains(&(*member, *revision)) {
                true => assert!(order[member] < position),
                false => assert!(missing.insert(*member) || missing_members > 0),
            }
        }
    }
    assert_eq!(missing.len(), missing_members);
}

#[test]
fn documents_have_the_form_of_real_ones_and_refer_to_each_other() {
    for updates in [100, 333, 3_000] {
        let documents = documents(Spec::new(updates));
        assert_eq!(documents.len(), updates as usize);
        documents.iter().for_each(|(generated, read)| check_form(generated, read));
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
    let members: HashSet<UpdateId> =
        documents.iter().flat_map(|(_, read)| read.bundled.iter().flatten()).map(|(id, _)| *id).collect();
    for (_, read) in &documents {
        let approvable = read.update_type == "Software" && !members.contains(&read.id());
        assert_eq!(read.explicitly_deployable, approvable, "{}", read.id());
    }
    assert!(documents.iter().any(|(_, read)| !read.bundled.is_empty() && members.contains(&read.id())));
}

#[test]
fn a_catalogue_has_the_oddities_of_real_ones() {
    let documents = documents(Spec::new(5_250));
    let count = |is: fn(&Document) -> bool| documents.iter().filter(|(_, read)| is(read)).count();
    assert!(count(|read| read.id_text.contains(|c: char| c.is_ascii_uppercase())) > 500);
    assert!(count(|read| read.expired) >= 3);
    assert!(count(|read| read.languages.len() > 30) > 200);
    let distinct: HashSet<UpdateId> = documents.iter().map(|(_, read)| read.id()).collect();
    assert_eq!(documents.len() - distinct.len(), 46);
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
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_size_and_seed_give_a_closed_catalogue(updates in 100_u32..1_200, seed: u64, bytes in 0_u64..2_000_000) {
        let spec = Spec { updates, seed, core_bytes: Some(bytes), content_bytes_max: None, incomplete: 0 };
        let documents = documents(spec);
        prop_assert_eq!(documents.len(), updates as usize);
        documents.iter().for_each(|(generated, read)| check_form(generated, read));
        check_closed(&documents, 0);
    }
}

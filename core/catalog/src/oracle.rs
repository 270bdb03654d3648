//! What must hold for every input; run by the fuzzer and, shortly, by the tests.

use headwater_xml::{Event, Limits, Reader};

use crate::{Facts, read};

/// A document, however broken, gives an error or facts that pack and fragments that an agent's
/// reader takes.
pub fn fuzz_document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(document) = read(text) else { return };
    let facts = document.facts;
    assert_eq!(Facts::from_bytes(&facts.to_bytes()), Ok(facts));
    let fragments = document.fragments;
    let localized = fragments.localized.iter().map(|fragment| &fragment.xml);
    let eulas = fragments.eulas.iter().map(|fragment| &fragment.xml);
    for xml in [&fragments.core, &fragments.extended].into_iter().chain(localized).chain(eulas) {
        check_fragment(xml);
    }
}

/// Packed facts, however damaged, give an error or facts.
pub fn fuzz_facts(data: &[u8]) {
    if let Ok(facts) = Facts::from_bytes(data) {
        assert_eq!(Facts::from_bytes(&facts.to_bytes()), Ok(facts));
    }
}

fn check_fragment(xml: &str) {
    let mut reader = Reader::new(xml, Limits::DOCUMENT);
    loop {
        match reader.next() {
            Ok(Event::Start(element)) => {
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap_or_else(|error| panic!("{error} in {xml}"));
                    assert!(attribute.value().is_ok(), "{} in {xml}", attribute.name);
                }
            }
            Ok(Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{error} in {xml}"),
        }
    }
}

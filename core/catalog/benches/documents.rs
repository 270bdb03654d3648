//! `cargo bench -p headwater-catalog --bench documents`

#[path = "../tests/wsus_data/mod.rs"]
mod wsus_data;

use divan::Bencher;
use divan::counter::BytesCount;
use headwater_catalog::{Facts, read};

fn main() {
    divan::main();
}

/// All documents of the real export.
#[divan::bench(sample_count = 10)]
fn export(bencher: Bencher<'_, '_>) {
    let Some(documents) = wsus_data::export() else { return };
    let bytes: usize = documents.iter().map(|(_, _, document)| document.len()).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench(|| documents.iter().filter(|(_, _, document)| read(document).is_ok()).count());
}

/// Packing and unpacking of the facts of the real export.
#[divan::bench(sample_count = 10)]
fn facts(bencher: Bencher<'_, '_>) {
    let Some(documents) = wsus_data::export() else { return };
    let facts: Vec<Facts> = documents.iter().flat_map(|(_, _, text)| read(text)).map(|d| d.facts).collect();
    bencher.bench(|| {
        let unpacked = facts.iter().map(|facts| Facts::from_bytes(&facts.to_bytes()));
        unpacked.filter(Result::is_ok).count()
    });
}

/// An update with the manifest of a large package (fact 30).
#[divan::bench(sample_count = 5)]
fn manifest(bencher: Bencher<'_, '_>) {
    let assembly = "<assemblyIdentity name=\"Package_for_KB1\" version=\"10.0.1.1\" language=\"neutral\" />\
                    <update name=\"a\"><component hash=\"0123456789abcdef\"></component></update>";
    let document = format!(
        "<upd:Update xmlns:upd=\"http://schemas.microsoft.com/msus/2002/12/Update\"><upd:UpdateIdentity \
         UpdateID=\"00000000-0000-0000-0000-000000000001\" RevisionNumber=\"1\" /><upd:Properties \
         UpdateType=\"Software\" DefaultPropertiesLanguage=\"en\" /><upd:LocalizedPropertiesCollection>\
         <upd:LocalizedProperties><upd:Language>en</upd:Language><upd:Title>t</upd:Title>\
         </upd:LocalizedProperties></upd:LocalizedPropertiesCollection><upd:ApplicabilityRules><upd:Metadata>\
         <assembly xmlns=\"urn:schemas-microsoft-com:asm.v3\">{}</assembly></upd:Metadata>\
         </upd:ApplicabilityRules></upd:Update>",
        assembly.repeat(300_000)
    );
    bencher.counter(BytesCount::new(document.len())).bench(|| read(&document).is_ok());
}

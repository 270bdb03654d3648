//! Real documents give the facts that they are known to hold, and the fragments that a real
//! server sent to a real agent.

#![allow(clippy::unwrap_used)]

mod wsus_data;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use headwater_catalog::{
    CategoryKind, Document, Facts, Impact, Kind, Patching, Publication, Reboot, UpdateKind, read,
};
use headwater_model::{UpdateId, UpdateIdentity};
use headwater_xml::{Limits, Reader};

fn document(name: &str) -> Option<Document> {
    let text = wsus_data::text(&format!("documents/{name}.xml"))?;
    Some(read(&text).unwrap_or_else(|error| panic!("{error}")))
}

const DELTA: &str = "266f6222-c89d-43f2-9f8a-69340271e677-r200";
const BUNDLE: &str = "a2fef9b0-7951-4c2c-a42b-9e351dd1c1fe-r200";

#[test]
fn fragments_are_those_of_a_real_server() {
    for name in [DELTA, BUNDLE] {
        let Some(document) = document(name) else { return };
        let expected = wsus_data::text(&format!("fragments/{name}.core.xml"));
        assert_eq!(Some(document.fragments.core), expected);
        if name == DELTA {
            assert_eq!(
                Some(document.fragments.extended),
                wsus_data::text(&format!("fragments/{name}.extended.xml"))
            );
        }
    }
}

/// The texts of the `Xml` elements of a response.
fn sent(capture: &str) -> Option<Vec<String>> {
    let text = wsus_data::text(capture)?;
    let mut reader = Reader::new(&text, Limits::MESSAGE);
    let mut fragments = Vec::new();
    loop {
        match reader.next().unwrap() {
            headwater_xml::Event::Start(element) if element.local_name() == "Xml" => {
                fragments.push(reader.text().unwrap().into_owned());
            }
            headwater_xml::Event::Eof => return Some(fragments),
            _ => {}
        }
    }
}

/// The captures have this number struck out here and there.
fn redact(xml: &str) -> String {
    xml.replace("LinkId=52661", "LinkId=REDACTED")
}

/// Every fragment that these documents give was sent as it is. Of some updates that were sent
/// too we hold no document.
#[track_caller]
fn check_sent(capture: &str, count: usize, names: &[&str], wanted: fn(Document) -> Vec<String>) {
    let Some(sent) = sent(capture) else { return };
    assert_eq!(sent.len(), count);
    let sent: Vec<String> = sent.iter().map(|xml| redact(xml)).collect();
    for name in names {
        for xml in wanted(document(name).unwrap()) {
            assert!(sent.contains(&redact(&xml)), "{name}: {xml}\n{sent:#?}");
        }
    }
}

fn core(document: Document) -> Vec<String> {
    vec![document.fragments.core]
}

fn extended_and_english(document: Document) -> Vec<String> {
    let fragments = document.fragments;
    let english = fragments.localized.into_iter().find(|fragment| fragment.language == "en").unwrap();
    vec![fragments.extended, english.xml]
}

#[test]
fn fragments_are_those_of_the_captures() {
    const COMPANY: &str = "56309036-4c77-4dd9-951a-99ee9c246a94-r101";
    const FAMILY: &str = "6964aab4-c5b5-43bd-a17d-ffb4346a8e1d-r100";
    const PRODUCT: &str = "dd78b8a1-0b20-45c1-add6-4da72e9364cf-r202";
    check_sent("captures/client-scan/006-SyncUpdates.response.xml", 1, &[COMPANY], core);
    check_sent("captures/client-scan/008-SyncUpdates.response.xml", 1, &[PRODUCT], core);
    let categories = [COMPANY, FAMILY, PRODUCT];
    let capture = "captures/client-scan/010-GetExtendedUpdateInfo.response.xml";
    check_sent(capture, 6, &categories, extended_and_english);
    let software = [
        DELTA,
        BUNDLE,
        "7366a74a-ef29-44e1-b738-570b516aca1f-r200",
        "1f9bd9bb-7390-4aa3-bbdb-ded99fac2583-r200",
        "ccb78947-6453-4ecc-9de8-bc0305c98f2d-r200",
        "ff36f0b5-dded-4780-8664-cd78af8b62c1-r200",
    ];
    let capture = "captures/client-install/015-GetExtendedUpdateInfo.response.xml";
    check_sent(capture, 36, &software, extended_and_english);
}

/// The export has newer and older revisions of the same categories, alike but for their numbers.
#[test]
fn documents_of_the_export_are_those_of_the_wire() {
    let (Some(export), Some(documents)) = (wsus_data::export(), wsus_data::documents()) else { return };
    let mut found = 0;
    for text in documents {
        let wire = read(&text).unwrap();
        let same = |record: &&(String, u32, String)| {
            let identity = wire.facts.identity;
            record.0 == identity.id.to_string() && record.1 == identity.revision
        };
        if let Some((_, _, text)) = export.iter().find(same) {
            assert_eq!(read(text).unwrap(), wire);
            found += 1;
        }
    }
    assert_eq!(found, 3);
}

#[test]
fn a_delta_of_definitions() {
    let Some(Document { facts, .. }) = document(DELTA) else { return };
    assert_eq!(facts.identity.to_string(), "266f6222-c89d-43f2-9f8a-69340271e677/200");
    assert_eq!(facts.kind, UpdateKind::Software);
    assert!(!facts.explicitly_deployable);
    assert_eq!(facts.publication, Publication::Published);
    assert_eq!(facts.created_at, Some("2026-10-04T12:00:58.287Z".parse().unwrap()));
    let handler = "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/CommandLineInstallation";
    assert_eq!(facts.handler.as_deref(), Some(handler));
    assert_eq!(facts.max_download_bytes, 11_606_440);
    assert_eq!((facts.installation.reboot, facts.installation.impact), (Reboot::Never, Impact::Minor));
    assert_eq!(facts.uninstallation, None);
    assert_eq!(facts.localized.len(), 1);
    assert!(facts.localized[0].title.starts_with("Full Deltas 1.459.547.0 for Defender"));
    let clauses: Vec<(usize, bool)> =
        facts.prerequisites.iter().map(|clause| (clause.alternatives.len(), clause.is_category)).collect();
    assert_eq!(clauses, [(1, false); 4]);
    assert_eq!(facts.files.len(), 1);
    let file = &facts.files[0];
    assert_eq!(format!("{:X}", file.sha1), "87F5BD0469585006AA5D3A77D1C662FD2895DDCD");
    assert_eq!(file.sha256.unwrap().to_base64(), "Amt0qymy5KsROiwIXm4QIIV75Ju4r+Cl28Pg8gaLXUA=");
    assert_eq!((file.name.as_str(), file.extension()), ("AM_Delta.exe", Some("exe")));
    assert_eq!((file.size_bytes, file.patching), (11_606_440, Patching::Unspecified));
    assert_eq!(file.modified, Some("2026-10-04T09:39:26Z".parse().unwrap()));
}

#[test]
fn a_bundle_in_35_languages() {
    let Some(Document { facts, fragments }) = document(BUNDLE) else { return };
    assert!(facts.explicitly_deployable);
    assert_eq!(facts.localized.len(), 35);
    assert_eq!(fragments.localized.len(), 35);
    assert_eq!(facts.bundles.iter().map(Vec::len).sum::<usize>(), 124);
    assert_eq!(facts.supersedes.len(), 10);
    assert_eq!(facts.kb_articles, ["2267602"]);
    assert_eq!(facts.support_url.as_deref(), Some("https://go.microsoft.com/fwlink/?LinkId=52661"));
    assert_eq!(facts.texts(["de-AT", "en"]).unwrap().language, "de");
    assert_eq!(facts.texts(["xx"]).unwrap().language, "en");
    assert_eq!(facts.localized[0].language, fragments.localized[0].language);
    let clauses: Vec<bool> = facts.prerequisites.iter().map(|clause| clause.is_category).collect();
    assert_eq!(clauses, [false, false, true, true]);
}

#[test]
fn categories_of_the_tree() {
    let Some(company) = document("56309036-4c77-4dd9-951a-99ee9c246a94-r101") else { return };
    let UpdateKind::Category(category) = company.facts.kind else { panic!("no category") };
    assert_eq!((category.kind, category.display_order), (CategoryKind::Company, Some(1)));
    assert!(category.prohibits_updates && !category.prohibits_subcategories);
    assert_eq!(company.facts.localized.len(), 24);

    let product = document("dd78b8a1-0b20-45c1-add6-4da72e9364cf-r202").unwrap();
    let UpdateKind::Category(category) = product.facts.kind else { panic!("no category") };
    assert_eq!(category.kind, CategoryKind::Product);
    assert!(category.excluded_by_default && category.prohibits_subcategories);
}

fn export_facts() -> Option<&'static [Facts]> {
    static FACTS: OnceLock<Option<Vec<Facts>>> = OnceLock::new();
    let facts = |(id, revision, text): &(String, u32, String)| {
        let document = read(text).unwrap_or_else(|error| panic!("{error}"));
        let identity = UpdateIdentity { id: id.parse().unwrap(), revision: *revision };
        assert_eq!(document.facts.identity, identity);
        document.facts
    };
    FACTS.get_or_init(|| Some(wsus_data::export()?.iter().map(facts).collect())).as_deref()
}

#[test]
fn the_export_holds_what_it_is_known_to_hold() {
    let Some(all) = export_facts() else { return };
    let count = |predicate: &dyn Fn(&Facts) -> bool| all.iter().filter(|facts| predicate(facts)).count();
    assert_eq!(all.len(), 4_125);
    assert_eq!(count(&|facts| facts.kind.kind() == Kind::Category), 451);
    assert_eq!(count(&|facts| facts.kind.kind() == Kind::Detectoid), 3_674);
    assert_eq!(count(&|facts| facts.publication == Publication::Expired), 6);
    assert_eq!(count(&|facts| !facts.supersedes.is_empty()), 109);
    assert_eq!(count(&|facts| facts.created_at.is_none() || facts.explicitly_deployable), 0);

    let of_kind = |wanted: CategoryKind| {
        count(&|facts| matches!(&facts.kind, UpdateKind::Category(category) if category.kind == wanted))
    };
    assert_eq!(of_kind(CategoryKind::Product), 367);
    assert_eq!(of_kind(CategoryKind::ProductFamily), 61);
    assert_eq!(of_kind(CategoryKind::Classification), 20);
    assert_eq!(of_kind(CategoryKind::Company), 3);

    // `pt-BR` and `pt-br` are one language here.
    let languages: HashSet<&str> =
        all.iter().flat_map(|facts| &facts.localized).map(|texts| texts.language.as_str()).collect();
    assert_eq!(languages.len(), 38);
    assert_eq!(all.iter().map(|facts| facts.localized.len()).sum::<usize>(), 7_313);
    assert_eq!(count(&|facts| facts.default_language != "en"), 0);
}

#[test]
fn the_prerequisites_of_the_export() {
    let Some(all) = export_facts() else { return };
    let clauses: Vec<_> = all.iter().flat_map(|facts| &facts.prerequisites).collect();
    let category: Vec<_> = clauses.iter().filter(|clause| clause.is_category).collect();
    assert_eq!(category.len(), 428);
    assert!(category.iter().all(|clause| clause.alternatives.len() == 1));
    let plain: Vec<_> = clauses.iter().filter(|clause| !clause.is_category).collect();
    assert_eq!(plain.iter().filter(|clause| clause.alternatives.len() == 1).count(), 3_291);
    let several: Vec<usize> =
        plain.iter().map(|clause| clause.alternatives.len()).filter(|len| *len > 1).collect();
    assert_eq!((several.len(), several.iter().max()), (448, Some(&17)));

    let targets: HashSet<UpdateId> =
        clauses.iter().flat_map(|clause| clause.alternatives.iter().copied()).collect();
    let ids: HashSet<UpdateId> = all.iter().map(|facts| facts.identity.id).collect();
    assert_eq!(targets.len(), 458);
    assert_eq!(ids.len() - targets.intersection(&ids).count(), 3_629);
    assert!(targets.is_subset(&ids));
}

#[test]
fn the_depth_of_the_export() {
    let Some(all) = export_facts() else { return };
    let mut newest: HashMap<UpdateId, &Facts> = HashMap::new();
    for facts in all {
        let known = newest.entry(facts.identity.id).or_insert(facts);
        if known.identity.revision < facts.identity.revision {
            *known = facts;
        }
    }
    fn depth(id: UpdateId, newest: &HashMap<UpdateId, &Facts>) -> usize {
        let required = newest[&id].prerequisites.iter().flat_map(|clause| &clause.alternatives);
        required.map(|target| depth(*target, newest) + 1).max().unwrap_or(0)
    }
    let mut levels = BTreeMap::new();
    for id in newest.keys() {
        *levels.entry(depth(*id, &newest)).or_insert(0) += 1;
    }
    assert_eq!(levels.into_values().collect::<Vec<i32>>(), [108, 200, 399, 2_844, 362, 157, 15, 2]);
}

#[test]
fn packed_facts_come_back() {
    let Some(all) = export_facts() else { return };
    let mut bytes = 0;
    for facts in all {
        let packed = facts.to_bytes();
        bytes += packed.len();
        assert_eq!(Facts::from_bytes(&packed).as_ref(), Ok(facts));
    }
    // 16 MB of documents.
    assert!(bytes < 2_000_000, "{bytes}");
}

#[test]
fn a_derived_fragment_loses_no_rule() {
    let Some(export) = wsus_data::export() else { return };
    let mut operators: BTreeMap<String, usize> = BTreeMap::new();
    for (_, _, text) in export {
        let core = read(text).unwrap().fragments.core;
        let mut reader = Reader::new(&core, Limits::DOCUMENT);
        loop {
            match reader.next().unwrap() {
                headwater_xml::Event::Start(element) => {
                    assert_eq!(element.prefix(), "", "{core}");
                    *operators.entry(element.qualified_name().to_owned()).or_default() += 1;
                }
                headwater_xml::Event::Eof => break,
                _ => {}
            }
        }
    }
    for (name, count) in [
        ("m.MsiProductInstalled", 49_968),
        ("And", 2_085),
        ("b.RegDword", 1_704),
        ("Or", 1_566),
        ("b.RegSz", 1_166),
        ("b.RegValueExists", 1_077),
        ("b.WindowsVersion", 710),
        ("Not", 650),
        ("CbsPackageInstalledByIdentity", 68),
        ("ProductReleaseVersion", 12),
        ("b.RegKeyLoop", 5),
        ("m.MsiPatchInstalledForProduct", 3),
    ] {
        assert_eq!(operators.get(name), Some(&count), "{name}");
    }
}

/// What a category's rule says is installed, as agents get it.
fn installed_rule(document: &Document) -> &str {
    let core = document.fragments.core.as_str();
    let (_, rule) = core.split_once("<IsInstalled>").unwrap();
    rule.split_once("</IsInstalled>").unwrap().0
}

/// Fact 66: most products say something of the computer, and those of Windows since 10 not which Windows it is.
#[test]
fn what_is_installed_where_a_product_is() {
    let Some(export) = wsus_data::export() else { return };
    let mut always: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut rules: HashMap<String, (u32, String)> = HashMap::new();
    for (_, revision, text) in export {
        let document = read(text).unwrap();
        let UpdateKind::Category(category) = &document.facts.kind else { continue };
        let kind = match category.kind {
            CategoryKind::Product => "product",
            CategoryKind::ProductFamily => "family",
            _ => "other",
        };
        let rule = installed_rule(&document);
        let (of_all, all) = always.entry(kind).or_default();
        *of_all += usize::from(rule == "<True />");
        *all += 1;
        let title = document.facts.localized.iter().find(|texts| texts.language == "en").unwrap();
        if kind == "product" {
            let known = rules.entry(title.title.clone()).or_default();
            if known.0 < *revision {
                *known = (*revision, rule.to_owned());
            }
        }
    }
    assert_eq!(always, BTreeMap::from([("product", (42, 367)), ("family", (40, 61)), ("other", (23, 23))]));

    // Servers of 2016, 2019 and 2022 have all three, and a Windows 11 is a Windows 10 as well.
    let rule = |title: &str| rules[title].1.as_str();
    for title in ["Windows Server 2016", "Windows Server 2019", "Microsoft Server operating system-21H2"] {
        let says = |what: &str| rule(title).contains(what);
        assert!(says("MajorVersion=\"10\"") && says("ProductType=\"3\""), "{title}");
        assert!(!says("BuildNumber") && !says("Reg"), "{title}: {}", rule(title));
    }
    for title in ["Windows 10", "Windows 10, version 1903 and later", "Windows 11"] {
        assert!(rule(title).contains("MajorVersion=\"10\""), "{title}");
        assert!(!rule(title).contains("BuildNumber"), "{title}: {}", rule(title));
    }
    // What is a program of its own is looked for as one.
    assert!(rule("Office 2016").contains("m.MsiProductInstalled"));
    assert!(rule("Microsoft SQL Server 2019").contains("b.RegSz"));
    assert_eq!(rule("Silverlight"), "<True />");
}

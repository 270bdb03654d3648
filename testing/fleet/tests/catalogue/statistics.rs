//! A catalogue of 5,250 updates beside the statistics of the real one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use headwater_catalog::{Facts, Kind, read};
use headwater_fleet::{Catalogue, Spec};
use headwater_model::UpdateId;
use serde_json::Value;

/// The statistics of the real catalogue, or none where the shared data is missing.
fn real() -> Option<Value> {
    let shared = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = shared.join("wsus-data/fragments/catalog-stats.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{} is missing", path.display()),
        Err(_) => {
            println!("skipped: {} is missing", path.display());
            None
        }
    }
}

/// What one catalogue counts to, by the names of catalog-stats.json.
#[derive(Default)]
struct Counted {
    types: BTreeMap<String, u64>,
    handlers: BTreeMap<String, u64>,
    sections: BTreeMap<&'static str, u64>,
    superseded_edges: u64,
    members_of: BTreeMap<String, u64>,
    /// Categories and detectoids by prerequisite depth.
    depths: [u64; 9],
    /// Their clauses by form.
    clauses: BTreeMap<&'static str, u64>,
}

impl Counted {
    /// A catalogue as large as the real one.
    fn new() -> Self {
        let catalogue = Catalogue::new(Spec { core_bytes: Some(0), ..Spec::new(5_250) }).unwrap();
        let all: Vec<Facts> = catalogue.documents().map(|d| read(&d.xml).unwrap().facts).collect();
        let clauses = all.iter().flat_map(|facts| &facts.prerequisites);
        let non_leaf: HashSet<UpdateId> = clauses.flat_map(|clause| &clause.alternatives).copied().collect();
        let handlers = all.iter().map(|facts| (facts.identity.id, facts.handler.as_deref()));
        let handlers: HashMap<UpdateId, Option<&str>> = handlers.collect();
        let mut counted = Self::default();
        let mut depths: HashMap<UpdateId, usize> = HashMap::new();
        for facts in &all {
            let leaf = if non_leaf.contains(&facts.identity.id) { "non-leaf" } else { "leaf" };
            *counted.types.entry(format!("{:?} {leaf}", facts.kind.kind())).or_default() += 1;
            let targets = facts.prerequisites.iter().flat_map(|clause| &clause.alternatives);
            let depth = targets.map(|target| depths[target] + 1).max().unwrap_or(0);
            depths.insert(facts.identity.id, depth);
            counted.relationships(facts);
            match facts.kind.kind() {
                Kind::Software => counted.software(facts, &handlers),
                _ => counted.prerequisites(facts, depth),
            }
        }
        counted
    }

    fn relationships(&mut self, facts: &Facts) {
        for (section, is_there) in [
            ("Prerequisites", !facts.prerequisites.is_empty()),
            ("SupersededUpdates", !facts.supersedes.is_empty()),
            ("BundledUpdates", !facts.bundles.is_empty()),
        ] {
            *self.sections.entry(section).or_default() += u64::from(is_there);
        }
        self.superseded_edges += facts.supersedes.len() as u64;
    }

    fn software(&mut self, facts: &Facts, handlers: &HashMap<UpdateId, Option<&str>>) {
        if let Some(handler) = &facts.handler {
            *self.handlers.entry(handler.clone()).or_default() += 1;
        }
        let first_member = facts.bundles.iter().flatten().next();
        if let Some(handler) = first_member.and_then(|member| handlers[&member.id]) {
            *self.members_of.entry(handler.rsplit('/').next().unwrap().to_owned()).or_default() += 1;
        }
    }

    fn prerequisites(&mut self, facts: &Facts, depth: usize) {
        self.depths[depth] += 1;
        for clause in &facts.prerequisites {
            let form = match (clause.is_category, clause.alternatives.len()) {
                (true, 1) => "category",
                (false, 1) => "bare",
                (false, 2..=17) => "alternatives",
                other => panic!("{other:?} of {}", facts.identity),
            };
            *self.clauses.entry(form).or_default() += 1;
        }
    }
}

/// The sizes of all Core fragments and of those with a manifest, in order. A document of 200 KB
/// is its manifest for 99 of 100 bytes, so it is not read, which would take minutes.
fn core_sizes(updates: u32, core_bytes_asked: u64) -> (Vec<u64>, Vec<u64>) {
    let spec = Spec { core_bytes: Some(core_bytes_asked), ..Spec::new(updates) };
    let (mut all, mut manifests) = (Vec::new(), Vec::new());
    for document in Catalogue::new(spec).unwrap().documents() {
        let core_bytes = match document.xml.len() {
            bytes @ 200_000.. => bytes,
            _ => read(&document.xml).unwrap().fragments.core.len(),
        } as u64;
        all.push(core_bytes);
        if document.xml.contains("<cbsar:CbsPackageInstalled />") {
            manifests.push(core_bytes);
        }
    }
    all.sort_unstable();
    manifests.sort_unstable();
    (all, manifests)
}

/// Whether a count is within so many percent of the real one.
#[track_caller]
fn check(what: &str, found: u64, real: &Value, percent: u64) {
    let real = real.as_u64().expect(what);
    println!("{what}: {found} (real: {real})");
    let tolerated = (real * percent).div_ceil(100);
    assert!(found.abs_diff(real) <= tolerated, "{what}: {found}, real {real}");
}

#[test]
fn kinds_and_relationships_are_as_many_as_in_the_real_catalogue() {
    let Some(real) = real() else { return };
    let counted = Counted::new();
    let types = &real["revisions_by_type_leaf_action_with_extended"];
    check("leaf detectoids", counted.types["Detectoid leaf"], &types["Detectoid Evaluate leaf"], 3);
    check(
        "non-leaf detectoids",
        counted.types["Detectoid non-leaf"],
        &types["Detectoid Evaluate non-leaf"],
        5,
    );
    check("leaf categories", counted.types["Category leaf"], &types["Category Evaluate leaf"], 5);
    check("non-leaf categories", counted.types["Category non-leaf"], &types["Category Evaluate non-leaf"], 5);
    let software: u64 = ["Bundle", "PreDeploymentCheck", "Install"]
        .iter()
        .filter_map(|action| types[format!("Software {action} leaf (Extended fetched)")].as_u64())
        .sum();
    check("software", counted.types["Software leaf"], &software.into(), 2);
    for (handler, updates) in real["handlers_in_extended_fragments"].as_object().unwrap() {
        check(handler, counted.handlers[handler], updates, 12);
    }
    let relationships = &real["relationships"];
    for section in ["Prerequisites", "SupersededUpdates", "BundledUpdates"] {
        let real = &relationships[format!("{section}_sections")];
        check(section, counted.sections[section], real, 5);
    }
    check("superseded", counted.superseded_edges, &relationships["SupersededUpdates_edges"], 15);
    for (handler, bundles) in relationships["bundle_child_handler"].as_object().unwrap() {
        check(handler, counted.members_of[handler], bundles, 20);
    }
}

/// Depths and clauses of the 2024 export (protocol-facts.md, "Real document facts"), in thousandths
/// of its 4,087 updates.
#[test]
fn prerequisites_are_as_deep_and_of_the_forms_of_the_real_export() {
    let counted = Counted::new();
    let updates: u64 = counted.depths.iter().sum();
    for (depth, real) in [108, 200, 399, 2_844, 362, 157, 15, 2].into_iter().enumerate() {
        let scaled = real * updates / 4_087;
        check(&format!("depth {depth}"), counted.depths[depth], &scaled.into(), 12);
    }
    assert_eq!(counted.depths[8], 0);
    for (form, real) in [("bare", 3_291), ("category", 428), ("alternatives", 448)] {
        check(form, counted.clauses[form], &(real * updates / 4_125).into(), 12);
    }
}

#[test]
fn sizes_are_those_of_the_real_catalogue_when_asked_for() {
    let Some(real) = real() else { return };
    let (sizes, manifests) = core_sizes(5_250, 1_184_000_000);
    let core = &real["core_xml"];
    let above = |bytes: u64| sizes.iter().filter(|size| **size > bytes).count() as u64;
    check("megabytes", sizes.iter().sum::<u64>() / 1_000_000, &core["total_MB"], 5);
    check("median", sizes[sizes.len() / 2], &core["p50_bytes"], 20);
    check("99 of 100", sizes[sizes.len() * 99 / 100], &core["p99_bytes"], 15);
    check("over 1 MB", above(1_000_000), &core["over_1MB"], 5);
    check("over 32 MiB", above(32 << 20), &core["over_32MiB"], 20);
    check("largest", sizes[sizes.len() - 1], &core["max_bytes"], 5);
    let cbs = &real["cbs_updates"]["core_xml_bytes"];
    check("smallest manifest", manifests[0], &cbs["min"], 10);
    check("median manifest", manifests[manifests.len() / 2], &cbs["median"], 15);
}

#[test]
fn core_bytes_are_steered() {
    for (asked, updates) in [(8_000_000, 1_000), (42_000_000, 5_250), (200_000_000, 5_250)] {
        let (sizes, _) = core_sizes(updates, asked);
        check("core bytes", sizes.iter().sum(), &asked.into(), 10);
    }
}

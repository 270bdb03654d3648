//! Invented names. A name follows from the place of the update in the plan, so that equal places
//! are named alike whatever the seed.

use crate::plan::{Architecture, Index, Kind, Plan, Release, Role, Update};

/// The classifications with their public ids, and how the titles of their updates begin.
pub(crate) const CLASSIFICATIONS: [(u128, &str, &str); 10] = [
    (0xe6cf1350_c01b_414d_a61f_263d14d133b4, "Critical Updates", "Critical Update for"),
    (0x0fa1201d_4330_4fa8_8ae9_b877473b6441, "Security Updates", "Security Update for"),
    (0xe0789628_ce08_4437_be74_2495b842f43b, "Definition Updates", "Definition Update for"),
    (0xcd5ffd1e_e932_4e3a_bf74_18bf0b1bbd83, "Updates", "Update for"),
    (0x28bc880e_0592_4cbf_8f95_c79b17911d5f, "Update Rollups", "Update Rollup for"),
    (0xb54e7d24_7add_428f_8b75_90a396fa584f, "Feature Packs", "Feature Pack for"),
    (0x68c5b0a3_d1a6_4553_ae49_01d3a7827828, "Service Packs", "Service Pack for"),
    (0xb4832bd8_e735_4761_8daf_37f882276dab, "Tools", "Tool for"),
    (0x3689bdc8_b205_4af4_8d4a_a63924c5e9d5, "Upgrades", "Upgrade to"),
    (0xebfc1fc5_71a4_4f7b_9aca_3b9a503104a0, "Drivers", "Driver for"),
];
pub(crate) const CRITICAL: u32 = 0;
pub(crate) const SECURITY: u32 = 1;

const COMPANIES: [&str; 2] = ["Example Corporation", "Local Publisher"];
const FAMILIES: [&str; 24] = [
    "Meridian", "Cascade", "Harbour", "Juniper", "Lantern", "Quarry", "Saffron", "Tundra", "Willow",
    "Zephyr", "Amber", "Beacon", "Cobalt", "Delta", "Ember", "Fathom", "Granite", "Heron", "Indigo",
    "Kestrel", "Larch", "Monsoon", "Nimbus", "Orchard",
];
const PRODUCTS: [&str; 16] = [
    "Server",
    "Client",
    "Studio",
    "Office & Tools",
    "Directory",
    "Mail",
    "Database",
    "Framework",
    "Reporting",
    "Gateway",
    "Designer",
    "Viewer",
    "Runtime",
    "Defence",
    "Embedded",
    "Store",
];
const FEATURES: [&str; 12] = [
    "language pack",
    "service pack",
    "client SKU",
    "server SKU",
    "reporting role",
    "runtime",
    "help files",
    "branch",
    "edition <Standard>",
    "web components",
    "management tools",
    "update channel",
];

impl Architecture {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X64 => "amd64",
            Self::Arm64 => "arm64",
            Self::X86 => "x86",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::X64 => "x64-based Systems",
            Self::Arm64 => "ARM64-based Systems",
            Self::X86 => "32-bit Systems",
        }
    }
}

/// The number of the knowledge base article of a release.
pub(crate) fn kb(release: u32) -> u32 {
    5_000_000 + release
}

/// Year and month of a release: a chain has one a month, the newest in October 2026.
pub(crate) fn month(plan: &Plan, release: &Release) -> (u32, u32) {
    let releases = plan.chains[release.chain as usize].len() as u32;
    let months = (2026 * 12 + 10 + release.position).saturating_sub(releases);
    (months / 12, 1 + months % 12)
}

fn choose<'a>(names: &[&'a str], ordinal: u32) -> &'a str {
    names[ordinal as usize % names.len()]
}

fn family(index: Index) -> String {
    let name = choose(&FAMILIES, index);
    match index / FAMILIES.len() as u32 {
        0 => name.to_owned(),
        turn => format!("{name} {turn}"),
    }
}

pub(crate) fn product(plan: &Plan, index: Index) -> String {
    match plan.updates[index as usize].kind {
        Kind::Product { family: of } => {
            let year = 2012 + index / PRODUCTS.len() as u32 % 15;
            format!("{} {} {year}", family(of), choose(&PRODUCTS, index))
        }
        _ => family(index),
    }
}

/// The English title of an update.
pub(crate) fn title(plan: &Plan, index: Index, update: &Update) -> String {
    match &update.kind {
        Kind::Classification(which) => CLASSIFICATIONS[*which as usize].1.to_owned(),
        Kind::Company => choose(&COMPANIES, index).to_owned(),
        Kind::Family => family(index),
        Kind::Product { .. } => product(plan, index),
        Kind::Architecture(architecture) => format!("{} processor ({index})", architecture.name()),
        Kind::Detectoid { .. } => {
            let product = update
                .prerequisites
                .iter()
                .flat_map(|clause| clause.targets())
                .map(|target| product(plan, *target))
                .next();
            format!("{} {} {index}", product.unwrap_or_default(), choose(&FEATURES, index)).trim().to_owned()
        }
        Kind::Software(software) => {
            let classification = plan.releases[software.release as usize].classification;
            let (_, _, update_for) = CLASSIFICATIONS[classification as usize];
            software_title(plan, software.release, software.role, update_for)
        }
    }
}

/// The title of software in the language whose words for "update for" these are.
pub(crate) fn software_title(plan: &Plan, release: u32, role: Role, update_for: &str) -> String {
    let kb = kb(release);
    let release = &plan.releases[release as usize];
    let (year, month) = month(plan, release);
    let (product, architecture) = (product(plan, release.product), release.architecture);
    match role {
        Role::Bundle | Role::Standalone => {
            format!("{year}-{month:02} {update_for} {product} ({}) (KB{kb})", architecture.title())
        }
        Role::Inner => format!("HIDDEN: {product} definitions {year}.{month}"),
        Role::Member => format!("{product} {year}.{month}.{kb} {}", architecture.name()),
    }
}

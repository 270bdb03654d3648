//! Applicability rules: the few tests that decide for a simulated computer, among others that real
//! rules have and that nobody evaluates here.

use std::fmt::Write as _;

use crate::draw::Draws;
use crate::evaluate::{DRAW_VALUE, FLEET_KEY, INSTALLABLE_PERCENT, INSTALLED_PERCENT};
use crate::plan::{Handler, Kind, Plan, Software, Update};

pub(crate) const BASE: &str = "http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules";
pub(crate) const LOGICAL: &str = "http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules";
pub(crate) const MSI: &str = "http://schemas.microsoft.com/msus/2002/12/MsiApplicabilityRules";
pub(crate) const CBS: &str = "http://schemas.microsoft.com/msus/2002/12/CbsApplicabilityRules";

/// Non-leaf detectoids of a computer's own slot are installed this often.
const GATE_PERCENT: u32 = 90;
/// Leaf detectoids, and products that have no update.
const LEAF_PERCENT: u32 = 12;

/// A fleet test on the draw of the update.
fn draw_below(percent: u32) -> String {
    fleet_test(DRAW_VALUE, "LessThan", percent)
}

/// A fleet test on the kind of the computer.
fn slot_is(slot: u32, slots: u32) -> String {
    fleet_test(&format!("p{slots}"), "EqualTo", slot)
}

fn fleet_test(value: &str, comparison: &str, data: u32) -> String {
    format!(
        r#"<bar:RegDword Key="HKEY_LOCAL_MACHINE" Subkey="{FLEET_KEY}" Value="{value}" Comparison="{comparison}" Data="{data}" xmlns:bar="{BASE}" />"#
    )
}

/// `IsInstalled` of an update without a payload; `draws` decides what else the rule asks.
pub(crate) fn installed(plan: &Plan, update: &Update, draws: &mut Draws) -> String {
    let slots = plan.slots;
    let mut tests = match (&update.kind, update.slot) {
        (Kind::Classification(_) | Kind::Company, _) => return "<lar:True />".to_owned(),
        (Kind::Architecture(architecture), _) => {
            let own = architecture.slots(slots);
            let value = format!("p{slots}");
            vec![
                fleet_test(&value, "GreaterThanOrEqualTo", own.start),
                fleet_test(&value, "LessThan", own.end),
            ]
        }
        (Kind::Family, Some(slot)) => vec![slot_is(slot, slots)],
        (Kind::Product { .. }, Some(slot)) if update.gate => vec![slot_is(slot, slots)],
        (_, Some(slot)) if update.gate => vec![slot_is(slot, slots), draw_below(GATE_PERCENT)],
        (_, None) if update.gate => vec![draw_below(GATE_PERCENT)],
        _ => vec![draw_below(LEAF_PERCENT)],
    };
    tests.extend(padding(draws));
    all_of(&tests)
}

/// `IsInstalled` and `IsInstallable` of an update that a handler installs.
pub(crate) fn payload(
    handler: Handler,
    software: &Software,
    plan: &Plan,
    draws: &mut Draws,
) -> (String, String) {
    let (installed, installable) = (draw_below(INSTALLED_PERCENT), draw_below(INSTALLABLE_PERCENT));
    match handler {
        Handler::Cbs { .. } => (
            all_of(&["<cbsar:CbsPackageInstalled />".to_owned(), installed]),
            all_of(&["<cbsar:CbsPackageInstallable />".to_owned(), installable]),
        ),
        Handler::WindowsInstaller => (
            all_of(&["<msiar:MsiPatchInstalled />".to_owned(), installed]),
            all_of(&["<msiar:MsiPatchInstallable />".to_owned(), installable]),
        ),
        Handler::OsInstaller => {
            let architecture = plan.releases[software.release as usize].architecture.name();
            let release = format!(
                r#"<upd:ProductReleaseInstalled Name="Client.OS.{architecture}" Version="11.0.{}.{}" />"#,
                draws.between(22_000, 27_000),
                draws.between(1, 6_000)
            );
            (all_of(&[release, installed]), all_of(&[device_attributes(draws), installable]))
        }
        Handler::CommandLine => {
            let mut tests = vec![installed];
            tests.extend((0..draws.between(2, 8)).map(|_| operator(draws)));
            let mut conditions = vec![installable];
            conditions.extend((0..draws.between(4, 30)).map(|_| operator(draws)));
            (all_of(&tests), all_of(&conditions))
        }
    }
}

fn all_of(tests: &[String]) -> String {
    match tests {
        [one] => one.clone(),
        _ => format!("<lar:And xmlns:lar=\"{LOGICAL}\">{}</lar:And>", tests.concat()),
    }
}

/// What the rule of a category or detectoid asks besides: half have nothing, a few have hundreds of
/// products, as in the export.
fn padding(draws: &mut Draws) -> Option<String> {
    let products = match draws.below(1000) {
        0..450 => return None,
        450..880 => return Some(operator(draws)),
        880..990 => draws.between(3, 25),
        990..999 => draws.between(25, 150),
        _ => draws.between(500, 1500),
    };
    let mut or = format!("<lar:Or xmlns:lar=\"{LOGICAL}\">");
    for _ in 0..products {
        or.push_str(&msi_product(draws));
    }
    Some(or + "</lar:Or>")
}

fn msi_product(draws: &mut Draws) -> String {
    format!(
        r#"<msiar:MsiProductInstalled ProductCode="{{{}}}" VersionMin="{}.0.{}.0" xmlns:msiar="{MSI}" />"#,
        draws.update_id(),
        draws.between(1, 17),
        draws.below(9_000)
    )
}

/// One operator, the common ones of the export most often.
fn operator(draws: &mut Draws) -> String {
    let number = draws.below(10_000);
    let key = r"SOFTWARE\Example\Product";
    match draws.weighted(&[30, 25, 20, 15, 10, 8, 4]) {
        0 => msi_product(draws),
        1 => format!(
            r#"<bar:RegSz Key="HKEY_LOCAL_MACHINE" Subkey="{key} &amp; Tools\{number}" Value="Edition" Comparison="EqualTo" Data="Standard" xmlns:bar="{BASE}" />"#
        ),
        2 => format!(
            r#"<bar:RegValueExists Key="HKEY_LOCAL_MACHINE" Subkey="{key}\{number}" Value="InstallRoot" Type="REG_SZ" xmlns:bar="{BASE}" />"#
        ),
        3 => format!(
            r#"<bar:RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="{key}\{number}" xmlns:bar="{BASE}" />"#
        ),
        4 => format!(
            r#"<bar:FileVersion Csidl="37" Path="example{number}.dll" Comparison="GreaterThanOrEqualTo" Version="11.0.{number}.1" xmlns:bar="{BASE}" />"#
        ),
        5 => format!(
            r#"<lar:Not xmlns:lar="{LOGICAL}"><bar:WindowsVersion Comparison="LessThan" MajorVersion="10" MinorVersion="0" BuildNumber="{number}" xmlns:bar="{BASE}" /></lar:Not>"#
        ),
        _ => format!(
            r#"<bar:RegSzToVersion Key="HKEY_LOCAL_MACHINE" Subkey="{key}\{number}" Value="Version" Comparison="GreaterThanOrEqualTo" Data="11.0.0.0" xmlns:bar="{BASE}" />"#
        ),
    }
}

/// The attributes by which feature updates are offered: editions and a range of versions.
fn device_attributes(draws: &mut Draws) -> String {
    let mut and = format!("<lar:And xmlns:lar=\"{LOGICAL}\">");
    for name in ["OSSkuId", "sku"] {
        and.push_str("<lar:Or>");
        for _ in 0..draws.between(2, 8) {
            let sku = draws.between(1, 200);
            // Writing to a `String` does not fail.
            let _ = write!(
                and,
                r#"<upd:DeviceAttribute Name="{name}" Type="String" Comparison="EqualTo" Value="{sku}" />"#
            );
        }
        and.push_str("</lar:Or>");
    }
    let build = draws.between(22_000, 27_000);
    for (comparison, build) in [("GreaterThanOrEqualTo", build), ("LessThan", build + 1)] {
        let _ = write!(
            and,
            r#"<upd:DeviceAttribute Name="OSVersion" Type="Version" Comparison="{comparison}" Value="11.0.{build}.0" />"#
        );
    }
    and + "</lar:And>"
}

//! The component manifests that CBS updates carry in their applicability metadata.

use std::fmt::Write as _;

use crate::draw::Draws;
use crate::plan::Plan;
use crate::spec::Spec;

/// The sizes of the 180 manifests of the real catalogue (catalog-stats.json) by rank, in thousandths:
/// half below 167 KB, a quarter above 1 MB, the largest 47 MB.
const REAL_SIZES: [(u64, u64); 8] = [
    (0, 50_662),
    (250, 95_000),
    (500, 167_067),
    (650, 290_000),
    (744, 440_000),
    (745, 8_500_000),
    (948, 33_400_000),
    (1000, 46_887_043),
];
const BYTES_MAX: u64 = 46_887_043;

/// Core bytes of an update without its manifest and supersedence, on average.
const CORE_BYTES_BASE: u64 = 940;
const CORE_BYTES_PER_SUPERSEDED: u64 = 66;

/// The bytes of each manifest of a catalogue, largest first: the real sizes, all by the same factor.
pub(crate) fn sizes(spec: &Spec, plan: &Plan) -> Vec<u64> {
    let updates = u64::from(spec.updates);
    let wanted = spec.core_bytes.unwrap_or(updates * Spec::CORE_BYTES_PER_UPDATE);
    let without = updates * CORE_BYTES_BASE + plan.superseded_edges() * CORE_BYTES_PER_SUPERSEDED;
    let count = u64::from(plan.manifests);
    let real: Vec<u64> = (0..count).rev().map(|rank| real_size(rank * 1000 / (count - 1).max(1))).collect();
    let (wanted, in_all) = (u128::from(wanted.saturating_sub(without)), u128::from(real.iter().sum::<u64>()));
    let scaled = |size: u64| (u128::from(size) * wanted / in_all).min(u128::from(BYTES_MAX)) as u64;
    real.into_iter().map(scaled).collect()
}

fn real_size(permille: u64) -> u64 {
    let next = REAL_SIZES.iter().position(|(rank, _)| *rank >= permille).unwrap_or_default().max(1);
    let ((from, low), (to, high)) = (REAL_SIZES[next - 1], REAL_SIZES[next]);
    low + (high - low) * (permille - from) / (to - from)
}

/// Writes a manifest of about so many bytes; the smallest has some 700.
pub(crate) fn write(out: &mut String, bytes: u64, kb: u32, architecture: &str, draws: &mut Draws) {
    let end = out.len() + bytes as usize;
    let token = hex(draws.next());
    // Writing to a `String` does not fail.
    let _ = write!(
        out,
        r#"<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0" description="Fix for KB{kb}" displayName="default" company="Example" copyright="Example" supportInformation="https://support.example/help/{kb}" creationTimeStamp="2026-02-03T04:05:06Z" lastUpdateTimeStamp="2026-02-03T04:05:06Z"><assemblyIdentity name="Package_for_KB{kb}" version="11.0.1.{}" language="neutral" processorArchitecture="{architecture}" publicKeyToken="{token}" /><package identifier="KB{kb}" applicabilityEvaluation="deep" releaseType="Update" restart="possible">"#,
        draws.below(10_000)
    );
    // What is the same in every component is formatted once: a manifest has up to 200,000.
    let name = format!("<update name=\"{kb}-");
    let component = "\"><package integrate=\"hidden\"><assemblyIdentity name=\"Example-Component-";
    let rest = format!(
        "-Package\" version=\"11.0.1.1\" language=\"neutral\" processorArchitecture=\"{architecture}\" \
         publicKeyToken=\"{token}\" /></package></update>"
    );
    while out.len() + 320 < end {
        let id = hex(draws.next());
        for part in [&name, &id[..6], component, &id, &rest] {
            out.push_str(part);
        }
    }
    out.push_str("</package></assembly>");
}

fn hex(value: u64) -> String {
    format!("{value:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_sizes_are_those_of_the_real_catalogue() {
        let sizes: Vec<u64> = (0..180).map(|rank| real_size(rank * 1000 / 179)).collect();
        assert_eq!((sizes[0], sizes[179]), (50_662, 46_887_043));
        assert!((150_000..185_000).contains(&sizes[90]), "{}", sizes[90]);
        assert_eq!(sizes.iter().filter(|size| **size > 1_000_000).count(), 46);
        assert_eq!(sizes.iter().filter(|size| **size > 32 << 20).count(), 10);
        let megabytes = sizes.iter().sum::<u64>() / 1_000_000;
        assert!((1_120..1_240).contains(&megabytes), "{megabytes}");
    }
}

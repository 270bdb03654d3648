//! `headwater-fleet catalogue`

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use headwater_fleet::{Spec, Summary};

const EXAMPLE: &str = "Examples:
  A small catalogue with real files:
    headwater-fleet catalogue catalogue --updates 500 --content
  As large as the real Windows 11 catalogue, with manifests of up to 47 MB:
    headwater-fleet catalogue catalogue --updates 5250 --core-bytes 1.2G";

/// Write the update documents of an invented catalogue.
///
/// Titles, ids and digests are invented; size, shape and proportions are those of real catalogues.
/// The same options write the same bytes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Catalogue {
    /// Where to write; made if missing, refused if not empty.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Documents in all, 100 to 1,000,000.
    #[arg(long, value_name = "N", default_value_t = 5_250)]
    updates: u32,
    /// Another seed invents another catalogue.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// About how many bytes all Core fragments have together, such as 64M or 1.2G [default: 8K an update].
    #[arg(long, value_name = "TOTAL", value_parser = bytes)]
    core_bytes: Option<u64>,
    /// Write the files of the updates as well, into `content` within DIR.
    #[arg(long)]
    content: bool,
    /// About how many bytes the files have together.
    #[arg(long, value_name = "TOTAL", value_parser = bytes, default_value = "256M", requires = "content")]
    content_bytes: u64,
    /// Leave so many bundle members out.
    #[arg(long, value_name = "K", default_value_t = 0)]
    incomplete: u32,
    /// How to tell what was written.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

impl Catalogue {
    /// Writes the catalogue and tells what was written.
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let catalogue = headwater_fleet::Catalogue::new(Spec {
            updates: self.updates,
            seed: self.seed,
            core_bytes: self.core_bytes,
            content_bytes_max: self.content.then_some(self.content_bytes),
            incomplete: self.incomplete,
        })?;
        let summary = headwater_fleet::write(&catalogue, &self.folder)?;
        let mut out = io::stdout().lock();
        match self.output {
            Output::Json => {
                serde_json::to_writer_pretty(&mut out, &summary)?;
                writeln!(out)?;
            }
            Output::Text => out.write_all(text(&summary).as_bytes())?,
        }
        Ok(())
    }
}

fn text(summary: &Summary) -> String {
    let Summary { documents, categories, detectoids, software, document_bytes, .. } = summary;
    let Summary { files, content_files, content_bytes, .. } = summary;
    format!(
        "{documents} documents ({document_bytes} bytes): {categories} categories, {detectoids} detectoids, \
         {software} software\n{files} files named, {content_files} written ({content_bytes} bytes)\n"
    )
}

/// Reads a number of bytes with a decimal unit: `4096`, `64K`, `300M`, `1.2G`.
fn bytes(text: &str) -> Result<u64, String> {
    let invalid = || format!("`{text}` is not a number of bytes such as 4096, 64K, 300M or 1.2G");
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'K' | 'k')) => (&text[..at], 1_000),
        Some((at, 'M' | 'm')) => (&text[..at], 1_000_000),
        Some((at, 'G' | 'g')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if unit == 1 && number.len() <= 18 {
        return number.parse().map_err(|_| invalid());
    }
    if !digits(whole) || !digits(fraction) {
        return Err(invalid());
    }
    let whole: u64 = whole.parse().map_err(|_| invalid())?;
    let part: u64 = fraction.parse().map_err(|_| invalid())?;
    let parts = 10_u64.pow(fraction.len() as u32);
    whole.checked_mul(unit).and_then(|bytes| bytes.checked_add(part * unit / parts)).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_decimal_units() {
        for (text, expected) in
            [("0", 0), ("4096", 4_096), ("64K", 64_000), ("300m", 300_000_000), ("1.25G", 1_250_000_000)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "G", "1.G", ".5G", "-1", "1x", "1.5", "9999999999G"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}

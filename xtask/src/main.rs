//! The repository's own checks: `cargo xtask tiers`, `cargo xtask tidy`, or `cargo xtask check` for both.
//!
//! Every rule is a pure function from data to violations; this file reads the data and prints.

// A command line tool speaks on its standard streams.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod crates;
mod tidy;
mod tiers;

use std::fmt;
use std::path::Path;
use std::process::{Command, ExitCode};

use cargo_metadata::camino::Utf8Path;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// A broken rule: where, and what to do about it. Printed as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Violation {
    place: String,
    advice: String,
}

impl Violation {
    fn new(place: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { place: place.into(), advice: advice.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.advice)
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cargo could not describe the workspace")]
    Metadata(#[from] cargo_metadata::Error),
    #[error("git could not list the files of the repository")]
    Git(#[source] std::io::Error),
    #[error("git could not list the files of the repository: {0}")]
    GitSaid(String),
}

fn main() -> ExitCode {
    let argument = std::env::args().nth(1).unwrap_or_default();
    let violations = match argument.as_str() {
        "tiers" => check_crates(),
        "tidy" => check_files(),
        "check" => check_crates().and_then(|crates| Ok([crates, check_files()?].concat())),
        _ => {
            eprintln!("usage: cargo xtask tiers | tidy | check");
            return ExitCode::from(2);
        }
    };
    match violations {
        Ok(violations) => {
            violations.iter().for_each(|violation| println!("{violation}"));
            ExitCode::from(u8::from(!violations.is_empty()))
        }
        Err(error) => {
            eprintln!("{error}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                eprintln!("  because {cause}");
                source = cause.source();
            }
            ExitCode::from(2)
        }
    }
}

/// The arrows between our crates, and the licences and bans among everybody's.
fn check_crates() -> Result<Vec<Violation>, Error> {
    let metadata = MetadataCommand::new().exec()?;
    let others = metadata.packages.iter().flat_map(|package| {
        crates::check(&package.name, &package.version.to_string(), package.license.as_deref())
    });
    Ok(tiers::check(&arrows(&metadata)).into_iter().chain(others).collect())
}

/// Every dependency of a crate of ours on a crate of ours, for all targets and features.
fn arrows(metadata: &Metadata) -> Vec<tiers::Arrow> {
    let folder = |path: &Utf8Path| path.strip_prefix(&metadata.workspace_root).unwrap_or(path).to_string();
    let mut arrows = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            if let (Some(manifest_folder), Some(to)) = (package.manifest_path.parent(), &dependency.path) {
                let dev = dependency.kind == DependencyKind::Development;
                arrows.push(tiers::Arrow { from: folder(manifest_folder), to: folder(to), dev });
            }
        }
    }
    arrows
}

/// The text files that git tracks or would track. What is not UTF-8 is data, which no rule is about.
fn check_files() -> Result<Vec<Violation>, Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let list = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .output()
        .map_err(Error::Git)?;
    if !list.status.success() {
        return Err(Error::GitSaid(String::from_utf8_lossy(&list.stderr).trim().to_owned()));
    }
    let names = String::from_utf8_lossy(&list.stdout);
    let texts = names.split_terminator('\0').filter_map(|name| {
        let text = std::fs::read_to_string(root.join(name)).ok()?;
        Some((name, text))
    });
    Ok(texts.flat_map(|(name, text)| tidy::check(name, &text)).collect())
}

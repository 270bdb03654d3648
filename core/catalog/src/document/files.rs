//! `Files`: what agents download.

use headwater_model::{Sha1Digest, Sha256Digest};
use headwater_xml::Error;

use super::{Reason, value};
use crate::facts::{File, Patching};
use crate::limits::{FILE_BYTES_MAX, FILE_NAME_CHARS_MAX, FILES_MAX, VALUE_CHARS_MAX};
use crate::scribe::{Scribe, Tag};

pub(super) fn read(scribe: &mut Scribe<'_>, out: &mut String) -> Result<Vec<File>, Reason> {
    let mut files = Vec::new();
    while let Some(tag) = scribe.child(out)? {
        match tag.name() {
            "File" => value::push(&mut files, file(scribe, &tag, out)?, "File", FILES_MAX)?,
            _ => scribe.rest(out)?,
        }
    }
    Ok(files)
}

/// A file or a licence text, whose start is written.
pub(super) fn file<'a>(scribe: &mut Scribe<'a>, tag: &Tag<'a>, out: &mut String) -> Result<File, Reason> {
    let name = value::short("FileName", value::required(tag, "FileName")?, FILE_NAME_CHARS_MAX)?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Error::value("FileName", &name, "expected a file name").into());
    }
    let mut sha1 = None;
    let mut sha256 = None;
    let algorithm = value::optional(tag, "DigestAlgorithm", VALUE_CHARS_MAX)?;
    if let Some(digest) = tag.element().attribute("Digest")? {
        digests(algorithm.as_deref().unwrap_or("SHA1"), "Digest", &digest, &mut sha1, &mut sha256)?;
    }
    let size_bytes = size(&value::required(tag, "Size")?)?;
    let modified = value::parsed(tag, "Modified", "a date and time")?;
    let patching = match value::optional(tag, "PatchingType", VALUE_CHARS_MAX)?.as_deref() {
        Some("SelfContained") => Patching::SelfContained,
        Some("Express") => Patching::Express,
        _ => Patching::Unspecified,
    };
    let is_encrypted = value::boolean(tag, "IsEncrypted")?;
    while let Some(child) = scribe.child(out)? {
        if child.name() != "AdditionalDigest" {
            scribe.rest(out)?;
            continue;
        }
        let algorithm = value::required(&child, "Algorithm")?;
        digests(&algorithm, "AdditionalDigest", &scribe.text(out)?, &mut sha1, &mut sha256)?;
    }
    let sha1 = sha1.ok_or_else(|| Reason::NoSha1(name.clone()))?;
    Ok(File { sha1, sha256, name, size_bytes, modified, patching, is_encrypted })
}

fn digests(
    algorithm: &str,
    name: &'static str,
    text: &str,
    sha1: &mut Option<Sha1Digest>,
    sha256: &mut Option<Sha256Digest>,
) -> Result<(), Reason> {
    let wrong = |error| Error::value(name, text, error);
    match algorithm.trim() {
        "SHA1" => *sha1 = Some(Sha1Digest::from_base64(text).map_err(wrong)?),
        "SHA256" => *sha256 = Some(Sha256Digest::from_base64(text).map_err(wrong)?),
        // Digests that nobody here can verify are no loss.
        _ => {}
    }
    Ok(())
}

fn size(text: &str) -> Result<u64, Reason> {
    let size: u64 = value::parse("Size", text, "a number of bytes")?;
    if size > FILE_BYTES_MAX {
        return Err(Error::value("Size", text, format!("more than {FILE_BYTES_MAX} bytes")).into());
    }
    Ok(size)
}

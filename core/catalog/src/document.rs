//! An update document in, facts and client fragments out.

mod files;
mod localized;
mod properties;
mod relationships;
mod rules;

use headwater_model::UpdateIdentity;

use crate::facts::{Eula, Facts, UpdateKind};
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::scribe::{Scribe, Tag};
use properties::{Properties, UpdateType};

/// What a document gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub facts: Facts,
    pub fragments: Fragments,
}

/// What agents are sent of a document ([MS-WUSP] 3.1.1.1, *Metadata Table*), not yet escaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragments {
    pub core: String,
    pub extended: String,
    pub localized: Vec<LocalizedFragment>,
    pub eulas: Vec<EulaFragment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalizedFragment {
    /// In lower case.
    pub language: String,
    pub xml: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EulaFragment {
    /// In lower case.
    pub language: String,
    /// The region; the rest of the world without it.
    pub geo_id: Option<String>,
    pub xml: String,
}

/// Why a document is not taken into the catalogue, and whose it is if it says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", Whose(identity))]
pub struct DocumentError {
    pub identity: Option<UpdateIdentity>,
    /// Part of the message, and so not its source.
    pub reason: Reason,
}

struct Whose<'e>(&'e Option<UpdateIdentity>);

impl std::fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(identity) => write!(f, "update {identity}"),
            None => f.write_str("an update of unknown identity"),
        }
    }
}

/// The rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error(transparent)]
    Xml(#[from] headwater_xml::Error),
    #[error("the document has {0} bytes, more than {DOCUMENT_BYTES_MAX}")]
    TooLong(usize),
    #[error("this is no update document: it begins with `{0}`, not with `Update`")]
    NotAnUpdate(String),
    #[error("something follows the end of the document")]
    TrailingContent,
    #[error("the element `{0}` is missing")]
    MissingElement(&'static str),
    #[error("the attribute `{attribute}` of `{element}` is missing")]
    MissingAttribute { element: String, attribute: &'static str },
    #[error("the element `{0}` stands twice")]
    Repeated(&'static str),
    #[error("the element `{0}` stands behind `{1}`")]
    OutOfOrder(&'static str, &'static str),
    #[error("the texts in the language `{0}` stand twice")]
    RepeatedLanguage(String),
    #[error("an `AtLeastOne` of `{0}` names no update")]
    EmptyClause(&'static str),
    #[error("`{name}` is longer than {max} characters")]
    ValueTooLong { name: &'static str, max: usize },
    #[error("the file `{0}` has no SHA-1 digest")]
    NoSha1(String),
}

/// Reads a document as GetUpdateData delivers it and exports hold it ([MS-WSUSSS] 3.1.4.6), in
/// one pass, within limits.
pub fn read(document: &str) -> Result<Document, DocumentError> {
    let mut draft = Draft::default();
    match draft.read(document) {
        Ok(facts) => Ok(Document { facts, fragments: draft.fragments }),
        Err(reason) => Err(DocumentError { identity: draft.identity, reason }),
    }
}

/// The sections in the order of the schema. All real documents keep it, so fragments can be
/// written while they are read.
const SECTIONS: [&str; 7] = [
    "UpdateIdentity",
    "Properties",
    "LocalizedPropertiesCollection",
    "Relationships",
    "ApplicabilityRules",
    "Files",
    "HandlerSpecificData",
];

#[derive(Default)]
struct Draft {
    identity: Option<UpdateIdentity>,
    properties: Option<Properties>,
    texts: localized::Texts,
    relationships: relationships::Relationships,
    files: Vec<crate::facts::File>,
    drivers: Vec<crate::facts::Driver>,
    category: Option<crate::facts::Category>,
    fragments: Fragments,
}

impl Draft {
    fn read(&mut self, document: &str) -> Result<Facts, Reason> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(Reason::TooLong(document.len()));
        }
        let mut scribe = Scribe::new(document);
        match scribe.enter()? {
            Some(root) if root.name() == "Update" => {}
            Some(root) => return Err(Reason::NotAnUpdate(root.element().qualified_name().into())),
            None => return Err(Reason::NotAnUpdate(String::new())),
        }
        let mut next_section = 0_usize;
        while let Some(tag) = scribe.enter()? {
            let Some(at) = SECTIONS.iter().position(|section| *section == tag.name()) else {
                scribe.skip()?;
                continue;
            };
            match next_section.checked_sub(1).and_then(|last: usize| SECTIONS.get(last)) {
                Some(last) if *last == SECTIONS[at] => return Err(Reason::Repeated(last)),
                Some(last) if at < next_section => return Err(Reason::OutOfOrder(SECTIONS[at], last)),
                _ => next_section = at + 1,
            }
            self.section(&mut scribe, &tag)?;
        }
        if scribe.enter()?.is_some() {
            return Err(Reason::TrailingContent);
        }
        self.facts()
    }

    fn section<'a>(&mut self, scribe: &mut Scribe<'a>, tag: &Tag<'a>) -> Result<(), Reason> {
        let Fragments { core, extended, .. } = &mut self.fragments;
        match tag.name() {
            "UpdateIdentity" => {
                self.identity = Some(relationships::identity(tag)?);
                scribe.begin(tag, core)?;
                scribe.rest(core)?;
            }
            "Properties" => self.properties = Some(properties::read(scribe, tag, core, extended)?),
            "LocalizedPropertiesCollection" => self.texts = localized::read(scribe, &mut self.fragments)?,
            "Relationships" => {
                scribe.begin(tag, core)?;
                self.relationships = relationships::read(scribe, core)?;
            }
            "ApplicabilityRules" => {
                scribe.begin(tag, core)?;
                self.drivers = rules::drivers(scribe, core)?;
            }
            "Files" => {
                scribe.begin(tag, extended)?;
                self.files = files::read(scribe, extended)?;
            }
            _ => {
                scribe.begin(tag, extended)?;
                self.category = rules::category(scribe, extended)?;
            }
        }
        Ok(())
    }

    fn facts(&mut self) -> Result<Facts, Reason> {
        let identity = self.identity.ok_or(Reason::MissingElement("UpdateIdentity"))?;
        let properties = self.properties.take().ok_or(Reason::MissingElement("Properties"))?;
        let texts = std::mem::take(&mut self.texts);
        if texts.localized.is_empty() {
            return Err(Reason::MissingElement("LocalizedProperties"));
        }
        let relationships = std::mem::take(&mut self.relationships);
        let kind = match properties.update_type {
            UpdateType::Category => UpdateKind::Category(
                self.category.take().ok_or(Reason::MissingElement("CategoryInformation"))?,
            ),
            UpdateType::Detectoid => UpdateKind::Detectoid,
            UpdateType::Software => UpdateKind::Software,
            UpdateType::Driver => UpdateKind::Driver,
        };
        Ok(Facts {
            identity,
            kind,
            explicitly_deployable: properties.explicitly_deployable,
            publication: properties.publication,
            created_at: properties.created_at,
            legacy_name: properties.legacy_name,
            is_beta: properties.is_beta,
            handler: properties.handler,
            max_download_bytes: properties.max_download_bytes,
            min_download_bytes: properties.min_download_bytes,
            compatible_protocol_version: properties.compatible_protocol_version,
            severity: properties.severity,
            kb_articles: properties.kb_articles,
            security_bulletins: properties.security_bulletins,
            cves: properties.cves,
            support_url: properties.support_url,
            more_info_urls: properties.more_info_urls,
            installation: properties.installation,
            uninstallation: properties.uninstallation,
            languages: properties.languages,
            default_language: properties.default_language,
            localized: texts.localized,
            eula: properties.eula_id.map(|id| Eula { id, files: texts.eula_files }),
            prerequisites: relationships.prerequisites,
            bundles: relationships.bundles,
            supersedes: relationships.supersedes,
            files: std::mem::take(&mut self.files),
            drivers: std::mem::take(&mut self.drivers),
        })
    }
}

/// Values of attributes and texts, each with what to say when they are wrong.
mod value {
    use std::str::FromStr;

    use headwater_xml::{Error, lexical};

    use super::Reason;
    use crate::limits::LANGUAGE_CHARS_MAX;
    use crate::scribe::Tag;

    pub(super) fn required(tag: &Tag<'_>, name: &'static str) -> Result<String, Reason> {
        let missing = || Reason::MissingAttribute { element: tag.name().to_owned(), attribute: name };
        tag.element().attribute(name)?.ok_or_else(missing)
    }

    pub(super) fn optional(tag: &Tag<'_>, name: &'static str, max: usize) -> Result<Option<String>, Reason> {
        tag.element().attribute(name)?.map(|value| short(name, value, max)).transpose()
    }

    pub(super) fn boolean(tag: &Tag<'_>, name: &'static str) -> Result<bool, Reason> {
        let value = tag.element().attribute(name)?;
        Ok(value.map(|text| lexical::boolean(name, &text)).transpose()?.unwrap_or(false))
    }

    /// An attribute of a type that reads itself; `expected` completes "expected …".
    pub(super) fn parsed<T: FromStr>(
        tag: &Tag<'_>,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, Reason> {
        tag.element().attribute(name)?.map(|text| parse(name, &text, expected)).transpose()
    }

    pub(super) fn parse<T: FromStr>(name: &'static str, text: &str, expected: &str) -> Result<T, Reason> {
        let wrong = |_| Error::value(name, text, format!("expected {expected}"));
        Ok(text.trim().parse().map_err(wrong)?)
    }

    /// A text without white space around it.
    pub(super) fn short(name: &'static str, text: String, max: usize) -> Result<String, Reason> {
        let trimmed = text.trim();
        if trimmed.len() > max && trimmed.chars().count() > max {
            return Err(Reason::ValueTooLong { name, max });
        }
        Ok(if trimmed.len() == text.len() { text } else { trimmed.to_owned() })
    }

    /// The name of a language, in lower case.
    pub(super) fn language(name: &'static str, text: &str) -> Result<String, Reason> {
        let language = text.trim().to_ascii_lowercase();
        let proper = (1..=LANGUAGE_CHARS_MAX).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if proper { Ok(language) } else { Err(Error::value(name, text, "expected a language").into()) }
    }

    pub(super) fn push<T>(list: &mut Vec<T>, item: T, name: &'static str, max: usize) -> Result<(), Reason> {
        if list.len() == max {
            return Err(Error::TooMany { name, max }.into());
        }
        list.push(item);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! `LocalizedPropertiesCollection`: one fragment for each language, one for each licence text.

use super::{EulaFragment, Fragments, LocalizedFragment, Reason, files, value};
use crate::facts::{EulaFile, Localized};
use crate::limits::{DESCRIPTION_CHARS_MAX, LANGUAGES_MAX, TITLE_CHARS_MAX};
use crate::scribe::{Scribe, Tag};

#[derive(Default)]
pub(super) struct Texts {
    pub(super) localized: Vec<Localized>,
    pub(super) eula_files: Vec<EulaFile>,
}

pub(super) fn read(scribe: &mut Scribe<'_>, fragments: &mut Fragments) -> Result<Texts, Reason> {
    let mut texts = Texts::default();
    while let Some(tag) = scribe.enter()? {
        match tag.name() {
            "LocalizedProperties" => {
                let (text, xml) = properties(scribe, &tag)?;
                if texts.localized.iter().any(|other| other.language == text.language) {
                    return Err(Reason::RepeatedLanguage(text.language));
                }
                let language = text.language.clone();
                fragments.localized.push(LocalizedFragment { language, xml });
                value::push(&mut texts.localized, text, "LocalizedProperties", LANGUAGES_MAX)?;
            }
            "EulaFile" => {
                let (eula, xml) = eula(scribe, &tag)?;
                let (language, geo_id) = (eula.language.clone(), eula.geo_id.clone());
                fragments.eulas.push(EulaFragment { language, geo_id, xml });
                value::push(&mut texts.eula_files, eula, "EulaFile", LANGUAGES_MAX)?;
            }
            _ => scribe.skip()?,
        }
    }
    Ok(texts)
}

fn properties<'a>(scribe: &mut Scribe<'a>, tag: &Tag<'a>) -> Result<(Localized, String), Reason> {
    let mut xml = String::new();
    let (mut language, mut title, mut description) = (None, None, None);
    scribe.begin(tag, &mut xml)?;
    while let Some(child) = scribe.child(&mut xml)? {
        match child.name() {
            "Language" => language = Some(value::language("Language", &scribe.text(&mut xml)?)?),
            "Title" => title = Some(value::short("Title", scribe.text(&mut xml)?, TITLE_CHARS_MAX)?),
            "Description" => {
                let text = scribe.text(&mut xml)?;
                description = Some(value::short("Description", text, DESCRIPTION_CHARS_MAX)?);
            }
            _ => scribe.rest(&mut xml)?,
        }
    }
    let localized = Localized {
        language: language.ok_or(Reason::MissingElement("Language"))?,
        title: title.ok_or(Reason::MissingElement("Title"))?,
        description: description.filter(|text| !text.is_empty()),
    };
    Ok((localized, xml))
}

fn eula<'a>(scribe: &mut Scribe<'a>, tag: &Tag<'a>) -> Result<(EulaFile, String), Reason> {
    let language = value::language("Language", &value::required(tag, "Language")?)?;
    let geo_id = value::optional(tag, "GeoId", 16)?.filter(|geo_id| !geo_id.is_empty());
    let mut xml = String::new();
    scribe.begin(tag, &mut xml)?;
    let file = files::file(scribe, tag, &mut xml)?;
    Ok((EulaFile { language, geo_id, file }, xml))
}

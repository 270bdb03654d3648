//! GetExtendedUpdateInfo and GetExtendedUpdateInfo2 ([MS-WUSP] 3.1.5.9): what an agent needs of a
//! revision beside its Core fragment.

use std::sync::Arc;

use headwater_fragments::{Location, PackedText, Section};
use headwater_model::UpdateIdentity;

use super::{EXTENDED_UPDATES_MAX, FileLocation, Session};
use crate::error::{AppError, ClientFault};
use crate::start::App;

/// A kind of fragment that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfoType {
    Core,
    Extended,
    LocalizedProperties,
    Eula,
    /// The places of files, which come with Extended too (fact 32).
    FileUrl,
    /// What a WSUS has nothing of.
    Other,
}

/// One fragment of the answer.
#[derive(Debug)]
pub struct Fragment {
    /// The wire id.
    pub revision: i32,
    pub text: PackedText,
}

/// The answer: Extended fragments by ascending id, then localized ones, then the places of the
/// files (fact 33).
#[derive(Debug, Default)]
pub struct ExtendedInfo {
    pub fragments: Vec<Fragment>,
    pub files: Vec<FileLocation>,
    /// Revisions that are not deployed to the agent.
    pub out_of_scope: Vec<i32>,
}

impl App {
    /// Asked by wire ids.
    pub async fn get_extended_update_info(
        &self,
        session: &Session,
        revisions: &[i32],
        types: &[InfoType],
        locales: &[String],
    ) -> Result<ExtendedInfo, ClientFault> {
        if revisions.len() > EXTENDED_UPDATES_MAX {
            return Err(ClientFault::InvalidParameters("revisionIDs"));
        }
        if types.is_empty() {
            return Err(ClientFault::InvalidParameters("infoTypes"));
        }
        let localized = types.iter().any(|t| matches!(t, InfoType::LocalizedProperties | InfoType::Eula));
        if localized && locales.is_empty() {
            return Err(ClientFault::InvalidParameters("locales"));
        }
        let mut info = ExtendedInfo::default();
        let mut wanted: Vec<(i32, Location)> = Vec::new();
        {
            let member = self.registered(session)?;
            let served = self.live.served();
            let view = served.offers.view(&member.groups);
            let mut ids = revisions.to_vec();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                let at = served.catalogue.index.by_wire_id(id).filter(|at| view.serving.is_offered(*at));
                match at.and_then(|at| Some((at, *served.catalogue.location(at)?))) {
                    Some((at, location)) => {
                        wanted.push((id, location));
                        info.files.extend(served.catalogue.card(at).files.iter().map(FileLocation::of));
                    }
                    None => info.out_of_scope.push(id),
                }
            }
        }
        info.files.sort_by_key(|file| file.digest);
        info.files.dedup();
        if !types.iter().any(|wanted| matches!(wanted, InfoType::Extended | InfoType::FileUrl)) {
            info.files.clear();
        }
        info.fragments = self.read_fragments(wanted, types.to_vec(), locales.to_vec()).await?;
        Ok(info)
    }

    /// Asked by identities.
    pub async fn get_extended_update_info2(
        &self,
        session: &Session,
        identities: &[UpdateIdentity],
        types: &[InfoType],
        locales: &[String],
    ) -> Result<ExtendedInfo, ClientFault> {
        let ids: Vec<i32> = {
            let served = self.live.served();
            let index = &served.catalogue.index;
            let known = identities.iter().filter_map(|identity| index.by_identity(*identity));
            known.map(|at| index.revision(at).id.0).collect()
        };
        self.get_extended_update_info(session, &ids, types, locales).await
    }

    async fn read_fragments(
        &self,
        wanted: Vec<(i32, Location)>,
        types: Vec<InfoType>,
        locales: Vec<String>,
    ) -> Result<Vec<Fragment>, AppError> {
        let file = Arc::clone(&self.fragments);
        let read = move || {
            let mut fragments = Vec::new();
            let in_order = [
                (InfoType::Core, Section::Core),
                (InfoType::Extended, Section::Extended),
                (InfoType::LocalizedProperties, Section::Localized),
                (InfoType::Eula, Section::Eula),
            ];
            for (_, section) in in_order.iter().filter(|(info, _)| types.contains(info)) {
                for (revision, location) in &wanted {
                    let mut sections = file.sections(location, *section)?;
                    if matches!(section, Section::Localized | Section::Eula) {
                        let languages: Vec<&str> =
                            sections.iter().map(|(locale, _)| locale.as_str()).collect();
                        let chosen = choose_locale(&languages, &locales);
                        sections = chosen.map(|at| sections.swap_remove(at)).into_iter().collect();
                    }
                    let revision = *revision;
                    fragments.extend(sections.into_iter().map(|(_, text)| Fragment { revision, text }));
                }
            }
            Ok::<_, AppError>(fragments)
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|_| AppError::Internal("reading fragments was stopped"))?
    }
}

/// The fragment in the first language that the agent prefers and the update has; else in English,
/// else the first. A language without region answers for one with it.
fn choose_locale(languages: &[&str], preferred: &[String]) -> Option<usize> {
    let find = |wanted: &str| languages.iter().position(|language| language.eq_ignore_ascii_case(wanted));
    preferred
        .iter()
        .find_map(|wanted| find(wanted).or_else(|| find(wanted.split('-').next().unwrap_or_default())))
        .or_else(|| find("en"))
        .or(if languages.is_empty() { None } else { Some(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(languages: &[&str], preferred: &[&str], chosen: Option<&str>) {
        let preferred: Vec<String> = preferred.iter().map(|locale| (*locale).to_owned()).collect();
        assert_eq!(choose_locale(languages, &preferred).map(|at| languages[at]), chosen);
    }

    #[test]
    fn the_first_preferred_language_that_is_there() {
        check(&["en", "de", "fr"], &["de-CH", "en"], Some("de"));
        check(&["en", "pt-br"], &["pt-BR"], Some("pt-br"));
        check(&["en", "de"], &["ja"], Some("en"));
        check(&["ar", "de"], &["ja"], Some("ar"));
        check(&[], &["ja"], None);
    }
}

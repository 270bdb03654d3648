//! GetExtendedUpdateInfo and GetExtendedUpdateInfo2 ([MS-WUSP] 3.1.5.9): what an agent needs of a
//! revision beside its Core fragment.

use std::sync::Arc;

use headwater_fragments::{Entry, FragmentFile, Location, PackedText, Section};
use headwater_model::UpdateIdentity;

use super::{EXTENDED_UPDATES_MAX, FileLocation, Session};
use crate::error::{AppError, ClientFault};
use crate::start::App;

/// The fragments of one answer, in bytes. Agents ask for Extended and localized ones, some kilobytes
/// each; fifty Core fragments may have 47 MB each (fact 30).
const ANSWER_BYTES_MAX: u64 = 64 << 20;

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
                        info.files.extend(served.catalogue.card(at).announced().map(FileLocation::of));
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
    ) -> Result<Vec<Fragment>, ClientFault> {
        let file = Arc::clone(&self.fragments);
        let read = move || {
            let chosen = choose(&file, &wanted, &types, &locales)?;
            if !fits(chosen.iter().map(|(_, _, entry)| u64::from(entry.plain_bytes))) {
                return Err(ClientFault::InvalidParameters("revisionIDs"));
            }
            let read = chosen.iter().map(|(revision, location, entry)| {
                let text = file.fragment(location, entry).map_err(AppError::from)?;
                Ok(Fragment { revision: *revision, text })
            });
            read.collect()
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|_| AppError::Internal("reading fragments was stopped"))?
    }
}

/// The fragments of an answer, in its order and not read yet.
fn choose(
    file: &FragmentFile,
    wanted: &[(i32, Location)],
    types: &[InfoType],
    locales: &[String],
) -> Result<Vec<(i32, Location, Entry)>, AppError> {
    const IN_ORDER: [(InfoType, Section); 4] = [
        (InfoType::Core, Section::Core),
        (InfoType::Extended, Section::Extended),
        (InfoType::LocalizedProperties, Section::Localized),
        (InfoType::Eula, Section::Eula),
    ];
    let tables: Vec<Vec<Entry>> =
        wanted.iter().map(|(_, location)| file.table(location)).collect::<Result<_, _>>()?;
    let mut chosen = Vec::new();
    for (_, section) in IN_ORDER.iter().filter(|(info, _)| types.contains(info)) {
        for ((revision, location), table) in wanted.iter().zip(&tables) {
            let mut entries: Vec<&Entry> = table.iter().filter(|entry| entry.section == *section).collect();
            if matches!(section, Section::Localized | Section::Eula) {
                let languages: Vec<&str> = entries.iter().map(|entry| entry.locale.as_str()).collect();
                entries = choose_locale(&languages, locales).map(|at| entries[at]).into_iter().collect();
            }
            chosen.extend(entries.into_iter().map(|entry| (*revision, *location, entry.clone())));
        }
    }
    Ok(chosen)
}

/// Whether fragments of these lengths go into one answer. A single one does, whatever its size.
fn fits(plain_bytes: impl IntoIterator<Item = u64>) -> bool {
    let (mut count, mut sum) = (0, 0);
    for bytes in plain_bytes {
        count += 1;
        sum += bytes;
    }
    count <= 1 || sum <= ANSWER_BYTES_MAX
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
    fn answers_end_somewhere() {
        assert!(fits([]));
        assert!(fits([ANSWER_BYTES_MAX / 50; 50]));
        assert!(!fits([47_000_000; 2]));
        assert!(fits([180 << 20]), "one is always answered");
        assert!(!fits([180 << 20, 1]));
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

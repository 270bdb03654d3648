//! The licence terms of an update, to be read before it is approved.

use headwater_catalog::UpdateIx;
use headwater_encoding::text::decode;
use headwater_model::{EulaId, Timestamp, UpdateId};
use headwater_policy::licence::{Absence, choose, is_kept};
pub use headwater_policy::licence::{LICENCE_BYTES_MAX, Unread};

use crate::catalogue::{CardFile, Licence, LicenceFile};
use crate::content::on_disk;
use crate::error::AppError;
use crate::live::Served;
use crate::start::App;

/// What somebody reads of a licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceTerms {
    pub id: EulaId,
    pub is_accepted: bool,
    /// Who accepted it here and when, where that was done by itself.
    pub acceptance: Option<(String, Timestamp)>,
    /// Of the text; absent where no file is announced.
    pub language: Option<String>,
    /// In which there are terms, each once.
    pub languages: Vec<String>,
    pub text: Result<String, Unread>,
}

/// The file of terms for who prefers a language.
struct Chosen {
    id: EulaId,
    language: Option<String>,
    languages: Vec<String>,
    bytes: Result<Vec<u8>, Unread>,
}

impl App {
    /// The terms in the language that comes nearest to the preferred one, and whether they are accepted.
    pub async fn licence_terms(
        &self,
        update: UpdateId,
        preferred: Option<&str>,
    ) -> Result<LicenceTerms, AppError> {
        let Chosen { id, language, languages, bytes } = self.chosen(update, preferred).await?;
        let served = self.live.served_full();
        let is_accepted = self.standings(&served).await?.accepted_licences.contains(&id);
        let acceptance = match is_accepted {
            true => self.store.licence_acceptance(id).await?,
            false => None,
        };
        let text = bytes.map(|bytes| decode(&bytes, language.as_deref().unwrap_or_default()));
        Ok(LicenceTerms { id, is_accepted, acceptance, language, languages, text })
    }

    /// The bytes of the file with the terms of a licence that an update has; otherwise why not, in a sentence.
    pub async fn licence_file(
        &self,
        licence: EulaId,
        update: UpdateId,
        preferred: Option<&str>,
    ) -> Result<Vec<u8>, AppError> {
        let chosen = self.chosen(update, preferred).await?;
        if chosen.id != licence {
            return Err(AppError::NotFound(format!("the update {update} has no licence {licence}")));
        }
        chosen.bytes.map_err(|unread| AppError::Refused(unread.to_string()))
    }

    async fn chosen(&self, update: UpdateId, preferred: Option<&str>) -> Result<Chosen, AppError> {
        let served = self.live.served_full();
        let index = &served.catalogue.index;
        let at = index.update_by_id(update);
        let at = at.ok_or_else(|| AppError::NotFound(format!("the catalogue has no update {update}")))?;
        let licence = served.licence(update);
        let licence = licence.ok_or_else(|| AppError::NotFound("it has no licence".to_owned()))?;
        let offered: Vec<(&str, bool)> =
            licence.terms.iter().map(|terms| (&*terms.language, terms.is_regional)).collect();
        let mut languages: Vec<String> = offered.iter().map(|(language, _)| (*language).to_owned()).collect();
        languages.sort_unstable();
        languages.dedup();
        let id = licence.id;
        let Some(chosen) = choose(&offered, preferred, &licence.default_language) else {
            return Ok(Chosen { id, language: None, languages, bytes: Err(Unread::NotAnnounced) });
        };
        let terms = &licence.terms[chosen];
        let bytes = match self.read_terms(&terms.file).await? {
            Some(bytes) => Ok(bytes),
            None => Err(self.why_unread(&served, at, &licence.default_language, terms).await?),
        };
        Ok(Chosen { id, language: Some(terms.language.to_string()), languages, bytes })
    }

    /// The bytes of a file that is here and not too long.
    async fn read_terms(&self, file: &CardFile) -> Result<Option<Vec<u8>>, AppError> {
        if file.size_bytes > LICENCE_BYTES_MAX || !self.content.holds(file) {
            return Ok(None);
        }
        let Some(held) = self.open_content(file.sha1).await? else { return Ok(None) };
        let mut bytes = vec![0; usize::try_from(held.len()).unwrap_or(usize::MAX)];
        let read = move || held.read_at(0, &mut bytes).map(|()| bytes);
        let path = file.content_name();
        on_disk(read).await?.map(Some).map_err(|source| AppError::Io { path, source })
    }

    async fn why_unread(
        &self,
        served: &Served,
        update: UpdateIx,
        default_language: &str,
        terms: &LicenceFile,
    ) -> Result<Unread, AppError> {
        let index = &served.catalogue.index;
        let known = self.store.absent_files(&[terms.file.sha1]).await?.pop();
        let above = self.downstream.link().filter(|link| link.has_content());
        let above = above.map(|link| link.setting.url.clone());
        let source = known.as_ref().and_then(|known| known.source.clone());
        let failed = known.as_ref().and_then(|known| Some((known.last?.failure, known.because.as_deref()?)));
        let absence = Absence {
            language: &terms.language,
            size_bytes: terms.file.size_bytes,
            is_declined: served.offers.declined.contains(&index.update(update).id),
            is_expired: index.newest_complete(update).is_some_and(|at| index.revision(at).expired),
            is_kept: is_kept(&terms.language, default_language, &self.settings.content.languages),
            from: above.as_deref().or(source.as_deref()),
            failed,
        };
        Ok(absence.reason())
    }
}

impl Served {
    /// The licence of the revision that can be approved.
    pub fn licence(&self, update: UpdateId) -> Option<&Licence> {
        let index = &self.catalogue.index;
        let at = index.newest_complete(index.update_by_id(update)?)?;
        self.catalogue.card(at).licence.as_ref()
    }
}

//! The licence terms of an update.

use headwater_api::LicenceTerms;
use headwater_app::{App, AppError};
use headwater_model::UpdateId;

/// A longer name of a language is none, in bytes: the registered ones have 35 at most (RFC 5646, 4.4.1).
const LANGUAGE_BYTES_MAX: usize = 35;

/// What somebody reads who prefers a language.
pub async fn terms(app: &App, update: UpdateId, language: Option<&str>) -> Result<LicenceTerms, AppError> {
    if language.is_some_and(|language| language.len() > LANGUAGE_BYTES_MAX) {
        return Err(AppError::Invalid("name a language such as `de` or `pt-br`".to_owned()));
    }
    let found = app.licence_terms(update, language).await?;
    let (accepted_by, accepted_at) = found.acceptance.unzip();
    let (text, missing) = match found.text {
        Ok(text) => written(text),
        Err(unread) => (None, Some(unread.to_string())),
    };
    Ok(LicenceTerms {
        id: found.id,
        accepted: found.is_accepted,
        accepted_by,
        accepted_at,
        language: found.language,
        languages: found.languages,
        text,
        missing,
    })
}

/// A text, or that nothing is written in it.
pub fn written(text: String) -> (Option<String>, Option<String>) {
    match text.trim().is_empty() {
        false => (Some(text), None),
        true => (None, Some("the file with its licence terms has no text".to_owned())),
    }
}

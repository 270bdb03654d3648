//! `headwater update licence` and `accept-licence`.

use headwater_api::{LicenceQuery, LicenceTerms};

use crate::failure::{Exit, Failure};
use crate::names::UpdateName;
use crate::session::{Reader, Session};
use crate::sheet::{Sheet, paragraph};
use headwater_words::licence::acceptance;

pub(crate) fn show(
    update: &UpdateName,
    language: Option<String>,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let query = LicenceQuery { language };
    let answer = session.client.licence(session.update(update)?, &query)?;
    session.show(&answer, text)?;
    match &answer.value.missing {
        None => Ok(Exit::Done),
        Some(missing) => {
            session.terminal.note(&format!("error: {missing}"))?;
            Ok(Exit::Refused)
        }
    }
}

fn text(terms: &LicenceTerms, reader: Reader) -> String {
    let mut sheet = Sheet::default();
    sheet
        .fact("Licence", terms.id.to_string())
        .fact("Accepted", acceptance(terms))
        .fact("Language", terms.language.clone().unwrap_or_default())
        .fact("Languages", terms.languages.join(", "));
    let mut text = sheet.text(reader.width);
    for line in terms.text.iter().flat_map(|text| ["\n"].into_iter().chain(text.split_inclusive('\n'))) {
        let line = line.trim_end().replace('\t', "    ");
        match line.is_empty() {
            true => text.push('\n'),
            false => text += &paragraph(&line, reader.width),
        }
    }
    text
}

pub(crate) fn accept(update: &UpdateName, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.accept_licence(session.update(update)?)?;
    session.show(&answer, |update, reader| {
        paragraph(&format!("Accepted the licence of {}", update.summary.title), reader.width)
    })
}

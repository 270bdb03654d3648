//! Whose licence terms a server holds, in which languages, and which of them a reader gets.
//!
//! Terms are read before anything is approved, so that they are fetched as soon as their update is known
//! (fact 83).

use std::fmt;

use headwater_catalog::{RevisionIx, UpdateIx};

use crate::content::{Failure, is_for};
use crate::snapshot::Offers;

/// The most bytes of one file of terms. Those of Microsoft have some dozen kilobytes, in UTF-16 twice as many;
/// they are fetched without anybody's approval, and shown whole.
pub const LICENCE_BYTES_MAX: u64 = 1 << 20;

/// The language that everybody falls back to.
const ENGLISH: &str = "en";

/// The revisions whose terms should be here: the one of each update that could be approved, unless it is declined or
/// its publisher withdrew it.
pub fn shown(offers: &Offers) -> impl Iterator<Item = RevisionIx> + '_ {
    let index = &*offers.index;
    let updates = (0..index.updates().len() as u32).map(UpdateIx);
    let standing = updates.filter(|at| !offers.declined.contains(&index.update(*at).id));
    standing.filter_map(|at| index.newest_complete(at)).filter(|at| !index.revision(*at).expired)
}

/// Whether a server whose computers speak `kept` holds terms in a language: that of the update and English in any
/// case.
pub fn is_kept(language: &str, default_language: &str, kept: &[String]) -> bool {
    is_for(&[language], kept) || is_spoken(language, ENGLISH) || is_spoken(language, default_language)
}

/// Which of these terms, by their language and whether they hold in one region only, somebody reads who prefers a
/// language: in that one, else in the update's own, else in English, else the first. Those for the rest of the world
/// go before those for one region.
pub fn choose(terms: &[(&str, bool)], preferred: Option<&str>, default_language: &str) -> Option<usize> {
    let wanted = [preferred, Some(default_language), Some(ENGLISH)];
    let find = |fits: &dyn Fn(&str) -> bool| {
        let found = || terms.iter().enumerate().filter(|(_, (language, _))| fits(language));
        found().find(|(_, (_, regional))| !regional).or_else(|| found().next()).map(|(at, _)| at)
    };
    let in_language = |wanted: &str| {
        let exact = find(&|language| language.eq_ignore_ascii_case(wanted));
        exact.or_else(|| find(&|language| is_spoken(wanted, language)))
    };
    wanted.into_iter().flatten().find_map(in_language).or_else(|| find(&|_| true))
}

/// Whether somebody who speaks one language, such as `de-at`, reads the other one, such as `de`.
fn is_spoken(language: &str, other: &str) -> bool {
    let base = language.split('-').next().unwrap_or_default();
    language.eq_ignore_ascii_case(other) || base.eq_ignore_ascii_case(other)
}

/// Why terms cannot be read here now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// The update's document names no file with them.
    NotAnnounced,
    TooLong {
        size_bytes: u64,
    },
    Declined,
    /// Its publisher withdrew the update.
    Expired,
    NotKept {
        language: String,
    },
    /// Nobody is known to have them.
    NoSource,
    /// The last attempt to fetch them came to nothing; another one follows.
    Failed {
        because: String,
    },
    /// They are fetched from there.
    OnTheirWay {
        from: String,
    },
}

/// What stands in the way of terms that are announced and not here.
#[derive(Debug, Clone, Copy)]
pub struct Absence<'a> {
    pub language: &'a str,
    pub size_bytes: u64,
    pub is_declined: bool,
    pub is_expired: bool,
    pub is_kept: bool,
    /// Where they come from, if anybody has them.
    pub from: Option<&'a str>,
    /// How the last attempt failed, and why.
    pub failed: Option<(Failure, &'a str)>,
}

impl Absence<'_> {
    /// The reason, the lasting ones first.
    pub fn reason(&self) -> Unread {
        match (self.from, self.failed) {
            _ if self.size_bytes > LICENCE_BYTES_MAX => Unread::TooLong { size_bytes: self.size_bytes },
            _ if self.is_declined => Unread::Declined,
            _ if self.is_expired => Unread::Expired,
            _ if !self.is_kept => Unread::NotKept { language: self.language.to_owned() },
            (None, _) => Unread::NoSource,
            (Some(from), None | Some((Failure::NotYet, _))) => Unread::OnTheirWay { from: from.to_owned() },
            (Some(_), Some((_, because))) => Unread::Failed { because: because.to_owned() },
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnnounced => f.write_str("its publisher names no file with the terms of this licence"),
            Self::TooLong { size_bytes } => write!(
                f,
                "the file with its terms has {size_bytes} bytes, and no more than {LICENCE_BYTES_MAX} are fetched and shown"
            ),
            Self::Declined => f.write_str("it is declined, so that its licence terms are not fetched"),
            Self::Expired => {
                f.write_str("its publisher withdrew it, so that its licence terms are not fetched")
            }
            Self::NotKept { language } => write!(
                f,
                "the licence terms in {language} are not kept here: read them in another language, or add this one to the \
                 languages of the server's configuration"
            ),
            Self::NoSource => f.write_str(
                "nobody is known to have the file with its licence terms: bring it with `headwater update import`",
            ),
            Self::Failed { because } => {
                write!(f, "its licence terms did not arrive and are fetched again: {because}")
            }
            Self::OnTheirWay { from } => write!(f, "its licence terms are being fetched from {from}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_kept_in_the_languages_of_the_computers_and_in_two_that_everybody_gets() {
        let kept = ["de".to_owned(), "pt-BR".to_owned()];
        for (language, is) in [
            ("de", true),
            ("de-at", false),
            ("pt-br", true),
            ("pt", true),
            ("pt-pt", false),
            ("en", true),
            ("en-us", true),
            ("fr", true),
            ("ja", false),
        ] {
            assert_eq!(is_kept(language, "fr", &kept), is, "{language}");
        }
        assert!(is_kept("ja", "en", &[]), "a server that names no language keeps all");
    }

    #[test]
    fn a_reader_gets_the_nearest_language_and_the_terms_of_the_world_first() {
        let all = [("ja", false), ("en", true), ("en", false), ("de", true), ("fr", false)];
        for (preferred, own, chosen) in [
            (Some("de"), "en", Some(3)),
            (Some("DE-AT"), "en", Some(3)),
            (Some("fr"), "en", Some(4)),
            (Some("ko"), "en", Some(2)),
            (Some("ko"), "fr", Some(4)),
            (None, "ja", Some(0)),
            (None, "it", Some(2)),
        ] {
            assert_eq!(choose(&all, preferred, own), chosen, "{preferred:?} of {own}");
        }
        assert_eq!(choose(&[("th", true)], Some("en"), "en"), Some(0));
        assert_eq!(choose(&[], Some("en"), "en"), None);
    }

    #[test]
    fn who_cannot_read_is_told_why() {
        let coming = Absence {
            language: "de",
            size_bytes: LICENCE_BYTES_MAX,
            is_declined: false,
            is_expired: false,
            is_kept: true,
            from: Some("https://top.example:8531"),
            failed: None,
        };
        let failed = Absence { failed: Some((Failure::Interrupted, "it broke off")), ..coming };
        let not_yet = Absence { failed: Some((Failure::NotYet, "it was asked to get it")), ..coming };
        let on_their_way = Unread::OnTheirWay { from: "https://top.example:8531".to_owned() };
        for (absence, reason) in [
            (coming, on_their_way.clone()),
            (not_yet, on_their_way),
            (failed, Unread::Failed { because: "it broke off".to_owned() }),
            (Absence { from: None, ..failed }, Unread::NoSource),
            (Absence { is_kept: false, ..coming }, Unread::NotKept { language: "de".to_owned() }),
            (Absence { is_declined: true, is_kept: false, ..coming }, Unread::Declined),
            (Absence { is_expired: true, ..failed }, Unread::Expired),
            (
                Absence { size_bytes: LICENCE_BYTES_MAX + 1, is_declined: true, ..coming },
                Unread::TooLong { size_bytes: 1_048_577 },
            ),
        ] {
            assert_eq!(absence.reason(), reason);
        }
    }
}

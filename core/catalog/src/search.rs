//! Which updates somebody means who types a text: words of the title, `KB…`, or an id or its beginning.

use headwater_model::UpdateId;

/// As many digits of an id as tables show.
const ID_DIGITS_MIN: usize = 8;

/// A text that was typed, prepared.
#[derive(Debug, Clone, Default)]
pub struct Search {
    words: Vec<String>,
    kb: Option<String>,
    cve: Option<String>,
    /// The beginning of an id.
    id: Option<String>,
}

impl Search {
    /// Without any text everything is found.
    pub fn new(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let digits = text.trim_matches(['{', '}']);
        let is_id = digits.len() >= ID_DIGITS_MIN
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let kb = text.strip_prefix("kb");
        let kb = kb.filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        let cve = Some(&text).filter(|text| text.starts_with("cve-"));
        Self {
            cve: cve.cloned(),
            words: text.split_whitespace().map(str::to_owned).collect(),
            id: is_id.then(|| digits.to_owned()),
            kb: kb.map(str::to_owned),
        }
    }

    /// Whether it is an id, which says more than any other filter.
    pub fn is_id(&self) -> bool {
        self.id.is_some()
    }

    /// Whether it is the number of a vulnerability.
    pub fn is_cve(&self) -> bool {
        self.cve.is_some()
    }

    /// Whether it means an update with this title, in lower case, these articles and these vulnerabilities.
    pub fn finds<S: AsRef<str>>(&self, id: UpdateId, folded_title: &str, kb: &[S], cves: &[S]) -> bool {
        if let Some(start) = &self.id {
            return id.to_string().starts_with(start.as_str());
        }
        let is_one_of = |wanted: &Option<String>, known: &[S]| {
            wanted
                .as_ref()
                .is_some_and(|wanted| known.iter().any(|one| one.as_ref().eq_ignore_ascii_case(wanted)))
        };
        if is_one_of(&self.kb, kb) || is_one_of(&self.cve, cves) {
            return true;
        }
        self.words.iter().all(|word| folded_title.contains(word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_words_an_article_or_an_id() {
        let id: UpdateId = "04ca4fdd-0000-0000-0000-000000000001".parse().expect("an id");
        let finds = |text: &str| {
            let search = Search::new(text);
            (
                search.is_id(),
                search.finds(id, "update for windows 11 (kb5044284)", &["5044284"], &["CVE-2026-0001"]),
            )
        };
        for text in
            ["", "Windows update", "KB5044284", "kb5044284", "kb504428", "CVE-2026-0001", "cve-2026-0001 "]
        {
            assert_eq!(finds(text), (false, true), "{text}");
        }
        for text in ["Windows 10", "CVE-2026-000", "CVE-2026-00011"] {
            assert_eq!(finds(text), (false, false), "{text}");
        }
        assert_eq!(finds("04CA4FDD"), (true, true));
        assert_eq!(finds("{04ca4fdd-0000-0000-0000-000000000001}"), (true, true));
        assert_eq!(finds("04ca4fde"), (true, false));
        // Seven digits are a word.
        assert_eq!(finds("04ca4fd"), (false, false));
    }
}

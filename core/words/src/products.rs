//! The products that computers have, as their scans tell.

use crate::quantity::grouped;

/// All of them in one line. Titles have commas.
pub fn products(titles: Option<&[String]>) -> String {
    match titles {
        None => "not known".to_owned(),
        Some([]) => "none".to_owned(),
        Some(titles) => titles.join("; "),
    }
}

/// What keeps a rule over products from finding so many computers; nothing where there is none.
pub fn unknown(computers: Option<u64>) -> Option<String> {
    match computers? {
        0 => None,
        1 => Some(
            "The products of 1 computer are not known, so no condition over products holds for it; it stays in the \
             groups that it is in"
                .to_owned(),
        ),
        computers => Some(format!(
            "The products of {} computers are not known, so no condition over products holds for them; they stay in the \
             groups that they are in",
            grouped(computers)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_and_what_is_not() {
        let titles = ["Office 2016", "Windows 10, version 1903 and later"].map(str::to_owned);
        assert_eq!(products(Some(&titles)), "Office 2016; Windows 10, version 1903 and later");
        assert_eq!((products(Some(&[])), products(None)), ("none".to_owned(), "not known".to_owned()));
        assert_eq!((unknown(None), unknown(Some(0))), (None, None));
        assert!(unknown(Some(1)).is_some_and(|said| said.contains("of 1 computer are")));
        assert!(unknown(Some(1_200)).is_some_and(|said| said.contains(&grouped(1_200))));
    }
}

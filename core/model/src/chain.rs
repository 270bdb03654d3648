//! Errors in words.

/// An error with all its causes, for people. What an error says of its cause itself is not said again.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text += &format!(": {cause_text}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("the file cannot be read")]
        Plain(#[source] std::fmt::Error),
        #[error("the file cannot be read: {0}")]
        Whole(#[source] std::fmt::Error),
    }

    #[test]
    fn a_cause_is_said_once() {
        let cause = std::fmt::Error;
        let expected = format!("the file cannot be read: {cause}");
        assert_eq!(chain(&Outer::Plain(cause)), expected);
        assert_eq!(chain(&Outer::Whole(cause)), expected);
    }
}

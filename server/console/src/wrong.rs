//! Why a form was not accepted, and at which of its fields.

use headwater_manager::ManagerError;
use headwater_model::chain;

use crate::failure::{Failure, sentence};

/// Said in one sentence at the top of the page, and at the field where it is known which one it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wrong {
    pub what: String,
    /// The id of the field's element.
    field: String,
}

impl Wrong {
    /// Of no field in particular.
    pub fn new(what: &str) -> Self {
        Self { what: sentence(what), field: String::new() }
    }

    pub fn at(field: impl Into<String>, what: &str) -> Self {
        Self { what: sentence(what), field: field.into() }
    }

    /// What the managing server refuses: `id` is the element of a field of the request, if the form has it.
    pub fn of(error: &ManagerError, id: impl Fn(&str) -> String) -> Self {
        Self { what: sentence(&chain(error)), field: error.field().map(id).unwrap_or_default() }
    }

    /// A password that was not right.
    pub fn password(field: impl Into<String>, why: &Failure) -> Self {
        Self::at(field, why.what())
    }

    pub fn is_empty(&self) -> bool {
        self.what.is_empty()
    }

    pub fn is_at(&self, field: &str) -> bool {
        !self.is_empty() && self.field == field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_at_its_field_only() {
        let wrong = Wrong::at("code", "a code has eight digits");
        assert_eq!(
            (&*wrong.what, wrong.is_at("code"), wrong.is_at("url")),
            ("A code has eight digits", true, false)
        );
        let of_none = Wrong::new("it is busy");
        assert_eq!((of_none.is_empty(), of_none.is_at("code")), (false, false));
        assert!(!Wrong::default().is_at(""), "nothing is wrong");
    }
}

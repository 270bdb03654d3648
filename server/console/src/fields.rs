//! The fields of a form or of a query, in their order.

use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;

/// The longest form, in bytes: a selection of a thousand updates.
pub(crate) const FORM_BYTES_MAX: usize = 1 << 20;

/// Names and values as they were sent; a name may come more than once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The first value of a name, without spaces around it; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// The same where there is any text.
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.get(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// The lines of a value that are not empty.
    pub fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.get(name).lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }

    /// The fields of these names alone: what was typed into a form is no part of where a page is.
    pub fn only(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(field, _)| names.contains(&field.as_str())).cloned().collect())
    }

    /// The same fields, but for one that has another value, as a query; an empty value leaves it out.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (field, kept) in self.0.iter().filter(|(field, kept)| field != name && !kept.is_empty()) {
            query.append_pair(field, kept);
        }
        if !value.is_empty() {
            query.append_pair(name, value);
        }
        query.finish()
    }
}

/// The query of a URL.
pub(crate) struct Query(pub Fields);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// The body of a POST.
pub(crate) struct Form(pub Fields);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = StatusCode;

    async fn from_request(request: Request, _: &S) -> Result<Self, StatusCode> {
        let body = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await;
        Ok(Self(Fields::parse(&body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?)))
    }
}

/// A text within a query.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_changed_in_one_place() {
        let fields = Fields::parse(b"search=a%20%26b&sort=title&after=");
        assert_eq!((fields.get("search"), fields.get("sort"), fields.get("no")), ("a &b", "title", ""));
        assert_eq!(fields.with("sort", "needed"), "search=a+%26b&sort=needed");
        assert_eq!(fields.with("search", ""), "sort=title");
        let fields = Fields::parse(b"csrf=secret&group=a&rule=name%3Dpc");
        assert_eq!(fields.only(&["group", "find"]).with("after", "b"), "group=a&after=b");
        let fields = Fields::parse(b"id=1&id=2");
        assert_eq!(fields.all("id").collect::<Vec<_>>(), ["1", "2"]);
    }
}

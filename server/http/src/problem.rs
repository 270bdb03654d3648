//! Errors as RFC 9457 problems.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use headwater_api::Problem;
use headwater_app::{AppError, admin};
use headwater_content::Error as ContentError;
use headwater_operators::{OperatorsError, Refused};

/// A problem on its way out.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl Refusal {
    pub fn new(status: StatusCode, title: &str, detail: impl Into<String>) -> Self {
        Self(Problem {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
        })
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "the request is not valid", detail)
    }

    pub fn unknown_path() -> Self {
        let Self(problem) = Self::new(StatusCode::NOT_FOUND, "not found", "nothing is at this path");
        Self(Problem { kind: "/problems/unknown-path".to_owned(), ..problem })
    }
}

impl From<AppError> for Refusal {
    /// What is inside the server stays in its log.
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound(detail) => Self::new(StatusCode::NOT_FOUND, "not found", detail),
            AppError::Refused(detail) | AppError::Busy(detail) => {
                Self::new(StatusCode::CONFLICT, "refused", detail)
            }
            AppError::Invalid(detail) => Self::invalid(detail),
            AppError::Package(error) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "the package cannot be read",
                admin::chain(&error),
            ),
            AppError::Content(error @ ContentError::DiskFull { .. }) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "the disk is full", error.to_string())
            }
            other => {
                tracing::error!(error = admin::chain(&other), "a request failed");
                let detail = "the server failed; its log says why";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed", detail)
            }
        }
    }
}

impl From<OperatorsError> for Refusal {
    fn from(error: OperatorsError) -> Self {
        match error {
            OperatorsError::NotFound(detail) => AppError::NotFound(detail).into(),
            OperatorsError::Conflict(detail) => AppError::Refused(detail).into(),
            OperatorsError::Invalid { what, .. } => Self::invalid(what),
            other => AppError::from(other).into(),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let mut refusal = Self::new(StatusCode::FORBIDDEN, "not permitted", refused.to_string());
        refusal.0.kind = "/problems/not-permitted".to_owned();
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, Problem::MEDIA_TYPE)], body).into_response()
    }
}

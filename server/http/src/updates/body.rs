//! Request bodies: bounded, and as text.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headwater_wsus::soap::decode_text;
use http_body_util::{BodyExt as _, Limited};

/// Reads a body of at most `bytes_max` bytes, chunked or not, as text in UTF-8 or UTF-16.
pub(crate) async fn read(request: Request<Body>, bytes_max: usize) -> Result<String, Response> {
    let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, [(header::CONNECTION, "close")]).into_response();
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse().ok());
    if declared.is_some_and(|len: u64| len > bytes_max as u64) {
        return Err(too_large());
    }
    let charset = charset(&request);
    let body = match Limited::new(request.into_body(), bytes_max).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Err(too_large()),
        // The client went away; nobody reads this.
        Err(_) => return Err(StatusCode::BAD_REQUEST.into_response()),
    };
    match decode_text(&body, charset.as_deref()) {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => Err((StatusCode::BAD_REQUEST, error.to_string()).into_response()),
    }
}

fn charset(request: &Request<Body>) -> Option<String> {
    let media_type = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let parameters = media_type.split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    let (_, charset) = named.find(|(name, _)| name.eq_ignore_ascii_case("charset"))?;
    Some(charset.trim_matches('"').to_ascii_lowercase())
}

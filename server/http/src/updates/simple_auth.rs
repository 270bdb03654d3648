//! The simple authorization service.

use headwater_wsus::simple_auth::{GetAuthorizationCookie, GetAuthorizationCookieResponse};
use headwater_wsus::soap::{Envelope, Message, encode_response};
use headwater_wsus::wusp::AuthorizationCookie;

use super::answer::Answer;
use super::{Call, Failure};

pub(crate) use headwater_wsus::simple_auth::SIMPLE_AUTH;

pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    if envelope.name != GetAuthorizationCookie::NAME {
        return Err(Failure::UnknownOperation(envelope.name.chars().take(64).collect()));
    }
    let version = envelope.version;
    let message: GetAuthorizationCookie = envelope.decode()?;
    let groups = message.target_group_name.as_deref().unwrap_or_default();
    let token =
        call.updates.app.get_authorization_cookie(&message.client_id, &message.dns_name, groups).await?;
    let response = GetAuthorizationCookieResponse {
        result: AuthorizationCookie { plug_in_id: "SimpleTargeting".to_owned(), cookie_data: token.data },
    };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

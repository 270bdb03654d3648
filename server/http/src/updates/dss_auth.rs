//! The authorization service for downstream servers.

use headwater_wsus::soap::{Envelope, Message, encode_response};
use headwater_wsus::wsusss::{AuthorizationCookie, GetAuthorizationCookie, GetAuthorizationCookieResponse};

use super::answer::Answer;
use super::server_sync_messages::PLUG_IN;
use super::{Call, Failure};

pub(crate) use headwater_wsus::wsusss::DSS_AUTH;

pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    if envelope.name != GetAuthorizationCookie::NAME {
        return Err(Failure::UnknownOperation(envelope.name.chars().take(64).collect()));
    }
    let version = envelope.version;
    let message: GetAuthorizationCookie = envelope.decode()?;
    let app = &call.updates.app;
    let token = app.get_server_authorization_cookie(&message.account_name, &message.account_guid).await?;
    let response = GetAuthorizationCookieResponse {
        result: AuthorizationCookie { plug_in_id: PLUG_IN.to_owned(), cookie_data: token.data },
    };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

//! The server synchronisation service: each operation from its message to its use case and back.

use headwater_app::upstream_server::{DocumentForm, ServerSession};
use headwater_app::{AppError, ClientFault};
use headwater_wsus::soap::{Envelope, Message, encode_response};
use headwater_wsus::wsusss::{
    Cookie, DownloadFiles, DownloadFilesResponse, GetAuthConfig, GetConfigData, GetCookie, GetCookieResponse,
    GetDeployments, GetRevisionIdList, GetUpdateData, GetUpdateDecryptionData,
};

use super::answer::Answer;
use super::client_messages::cookie;
use super::server_sync_messages as convert;
use super::{Call, Failure};

pub(crate) use headwater_wsus::wsusss::SERVER_SYNC;

/// Answers one message. Ping and GetRelatedRevisionsForUpdates are in the service's description and
/// not in the protocol: nobody calls them ([MS-WSUSSS] 3.1.4.9, 3.1.4.12).
pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    match envelope.name.as_str() {
        GetAuthConfig::NAME => get_auth_config(call, envelope),
        GetCookie::NAME => get_cookie(call, envelope),
        GetConfigData::NAME => get_config_data(call, envelope),
        GetRevisionIdList::NAME => get_revision_id_list(call, envelope),
        GetUpdateData::NAME => get_update_data(call, envelope).await,
        GetDeployments::NAME => get_deployments(call, envelope).await,
        DownloadFiles::NAME => download_files(call, envelope).await,
        GetUpdateDecryptionData::NAME => get_update_decryption_data(call, envelope),
        other => Err(Failure::UnknownOperation(other.chars().take(64).collect())),
    }
}

/// Reads a message. One whose cookie is not there or cannot be read has a bad cookie, and no bad
/// parameter.
fn decode<M: Message>(envelope: Envelope<'_>) -> Result<M, Failure> {
    envelope.decode().map_err(|error| match error.parameter() {
        Some(path) if path.split('.').next() == Some("cookie") => ClientFault::InvalidCookie.into(),
        _ => error.into(),
    })
}

impl Call<'_> {
    fn server_session(&self, cookie: &Cookie) -> Result<ServerSession, ClientFault> {
        self.updates.app.server_session(&cookie.encrypted_data)
    }
}

fn get_auth_config(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let _: GetAuthConfig = decode(envelope)?;
    let response = convert::auth_config(call.updates.app.get_auth_config());
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

fn get_cookie(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetCookie = decode(envelope)?;
    let [authorization] = &*message.auth_cookies else {
        return Err(ClientFault::InvalidParameters("authCookies").into());
    };
    let protocol =
        message.protocol_version.parse().map_err(|()| ClientFault::InvalidParameters("protocolVersion"))?;
    let token = call.updates.app.get_server_cookie(&authorization.cookie_data, protocol)?;
    let response = GetCookieResponse { result: cookie(token) };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

fn get_config_data(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetConfigData = decode(envelope)?;
    let session = call.server_session(&message.cookie)?;
    let response = convert::config_data(&call.updates.app.get_config_data(&session));
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

fn get_revision_id_list(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetRevisionIdList = decode(envelope)?;
    let session = call.server_session(&message.cookie)?;
    let filter = convert::revision_filter(&message.filter);
    let anchor = convert::anchor(message.filter.anchor.as_deref(), "filter")?;
    let list = call.updates.app.get_revision_id_list(&session, filter, anchor)?;
    Ok(Answer::text(call.encodings, encode_response(&convert::revision_list(list), version)))
}

async fn get_update_data(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetUpdateData = decode(envelope)?;
    let session = call.server_session(&message.cookie)?;
    let form = if call.encodings.zstd { DocumentForm::Text } else { DocumentForm::Wsus };
    let documents = call.updates.app.get_update_data(&session, &message.update_ids, form).await?;
    let encodings = call.encodings;
    let write = move || Answer::text(encodings, encode_response(&convert::update_data(documents), version));
    // Megabytes are written and compressed, which other calls must not wait for.
    let written = tokio::task::spawn_blocking(write).await;
    Ok(written.map_err(|_| ClientFault::Internal(AppError::Internal("writing an answer was stopped")))?)
}

async fn get_deployments(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetDeployments = decode(envelope)?;
    let session = call.server_session(&message.cookie)?;
    let after = convert::anchor(message.deployment_anchor.as_deref(), "deploymentAnchor")?;
    let until = convert::anchor(message.sync_anchor.as_deref(), "syncAnchor")?;
    let until = until.ok_or(ClientFault::InvalidParameters("syncAnchor"))?;
    let deployments = call.updates.app.get_deployments(&session, after, until).await?;
    Ok(Answer::text(call.encodings, encode_response(&convert::deployments(deployments), version)))
}

async fn download_files(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: DownloadFiles = decode(envelope)?;
    let session = call.server_session(&message.cookie)?;
    call.updates.app.download_files(&session, &message.file_digest_list).await?;
    Ok(Answer::text(call.encodings, encode_response(&DownloadFilesResponse {}, version)))
}

fn get_update_decryption_data(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetUpdateDecryptionData = decode(envelope)?;
    let session = call.server_session(&message.cookie)?;
    let files = call.updates.app.get_update_decryption_data(&session, &message.update_ids)?;
    Ok(Answer::text(call.encodings, encode_response(&convert::decryption_data(files), version)))
}

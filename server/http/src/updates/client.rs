//! The client web service: each operation from its message to its use case and back.

use headwater_app::ClientFault;
use headwater_app::update_server::{Page, Session, SyncRequest};
use headwater_model::UpdateId;
use headwater_wsus::soap::{Envelope, Message, encode_response};
use headwater_wsus::wusp::{
    GetConfig, GetCookie, GetExtendedUpdateInfo, GetExtendedUpdateInfo2, GetFileLocations, RefreshCache,
    RefreshCacheResponse, RegisterComputer, RegisterComputerResponse, StartCategoryScan, SyncInfo,
    SyncPrinterCatalog, SyncPrinterCatalogResponse, SyncUpdates, SyncUpdatesResponse, UpdateInfo,
};

use super::answer::{Answer, Stored};
use super::client_messages as convert;
use super::{Call, Failure};

pub(crate) use headwater_wsus::wusp::CLIENT;

/// Answers one message.
pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    match envelope.name.as_str() {
        GetConfig::NAME => get_config(call, envelope),
        GetCookie::NAME => get_cookie(call, envelope),
        RegisterComputer::NAME => register_computer(call, envelope).await,
        StartCategoryScan::NAME => start_category_scan(call, envelope),
        SyncUpdates::NAME => sync_updates(call, envelope).await,
        RefreshCache::NAME => refresh_cache(call, envelope),
        GetExtendedUpdateInfo::NAME => get_extended_update_info(call, envelope).await,
        GetExtendedUpdateInfo2::NAME => get_extended_update_info2(call, envelope).await,
        GetFileLocations::NAME => get_file_locations(call, envelope),
        SyncPrinterCatalog::NAME => sync_printer_catalog(call, envelope).await,
        other => Err(Failure::UnknownOperation(other.chars().take(64).collect())),
    }
}

impl Call<'_> {
    fn session(&self, cookie: &headwater_wsus::wusp::Cookie) -> Result<Session, ClientFault> {
        self.updates.app.session(&cookie.encrypted_data)
    }

    fn file_url(&self, path: &str) -> String {
        self.updates.content.url(self.host, path)
    }

    fn text(&self, text: String) -> Answer {
        Answer::text(self.encodings, text)
    }
}

fn get_config(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let _: GetConfig = envelope.decode()?;
    let config = call.updates.app.get_config();
    Ok(call.text(encode_response(&convert::config(&config), version)))
}

fn get_cookie(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetCookie = envelope.decode()?;
    let protocol =
        message.protocol_version.parse().map_err(|()| ClientFault::InvalidParameters("protocolVersion"))?;
    let [authorization] = &*message.auth_cookies else {
        return Err(ClientFault::InvalidAuthorizationCookie.into());
    };
    // The first call of an agent has an old cookie without data (fact 13).
    let old = message.old_cookie.as_ref().map(|old| &*old.encrypted_data).filter(|data| !data.is_empty());
    let token =
        call.updates.app.get_cookie(&authorization.cookie_data, old, message.last_change, protocol)?;
    let response = headwater_wsus::wusp::GetCookieResponse { result: convert::cookie(token) };
    Ok(call.text(encode_response(&response, version)))
}

async fn register_computer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: RegisterComputer = envelope.decode()?;
    let session = call.session(&message.cookie)?;
    let details = convert::computer_details(&message.computer_info);
    call.updates.app.register_computer(&session, details).await?;
    Ok(call.text(encode_response(&RegisterComputerResponse {}, version)))
}

fn start_category_scan(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: StartCategoryScan = envelope.decode()?;
    let scan = call.updates.app.start_category_scan(&convert::category_relationships(&message))?;
    Ok(call.text(encode_response(&convert::category_scan(scan), version)))
}

async fn sync_updates(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: SyncUpdates = envelope.decode()?;
    let session = call.session(&message.cookie)?;
    let parameters = &message.parameters;
    let filter: Vec<UpdateId> = parameters.filter_category_ids.iter().map(|category| category.id).collect();
    let request = SyncRequest {
        installed_non_leaf: &parameters.installed_non_leaf_update_ids,
        other_cached: &parameters.other_cached_update_ids,
        cached_drivers: &parameters.cached_driver_ids,
        skip_software: parameters.skip_software_sync,
        has_system_spec: parameters.system_spec.is_some(),
        filter: &filter,
        two_groups: parameters.need_two_group_out_of_scope_updates,
    };
    let page = call.updates.app.sync_updates(&session, &request).await?;
    let response = SyncUpdatesResponse { result: sync_info(page) };
    Ok(Answer::compose(call.encodings, |composer| response.write_to(version, composer)))
}

fn sync_info(page: Page) -> SyncInfo<Stored> {
    let protocol = page.protocol;
    let info = |offer, xml| convert::update_info(offer, protocol, xml);
    let stored = page
        .cores
        .into_iter()
        .map(|core| Stored { packed: core.packed, plain_bytes: core.plain_bytes as usize });
    let new = page.answer.new.iter().zip(stored).map(|(offer, stored)| info(offer, Some(stored)));
    SyncInfo {
        new_updates: new.collect::<Vec<UpdateInfo<Stored>>>(),
        out_of_scope_revision_ids: page.answer.out_of_scope,
        changed_updates: page.answer.changed.iter().map(|offer| info(offer, None)).collect(),
        truncated: page.answer.truncated,
        new_cookie: Some(convert::cookie(page.cookie)),
        deployed_out_of_scope_revision_ids: page.answer.deployed_out_of_scope,
        driver_sync_not_needed: convert::knows_driver_sync(protocol).then_some(page.driver_sync_not_needed),
    }
}

fn refresh_cache(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: RefreshCache = envelope.decode()?;
    let session = call.session(&message.cookie)?;
    let refreshed = call.updates.app.refresh_cache(&session, &message.global_ids)?;
    let results = refreshed.iter().map(|one| convert::refreshed(one, session.cookie.protocol)).collect();
    Ok(call.text(encode_response(&RefreshCacheResponse { results }, version)))
}

async fn get_extended_update_info(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetExtendedUpdateInfo = envelope.decode()?;
    let session = call.session(&message.cookie)?;
    let types = convert::info_types(&message.info_types);
    let info = call
        .updates
        .app
        .get_extended_update_info(&session, &message.revision_ids, &types, &message.locales)
        .await?;
    let response = convert::extended_info(info, |path| call.file_url(path));
    Ok(Answer::compose(call.encodings, |composer| response.write_to(version, composer)))
}

async fn get_extended_update_info2(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetExtendedUpdateInfo2 = envelope.decode()?;
    let session = call.session(&message.cookie)?;
    let types = convert::info_types(&message.info_types);
    let info = call
        .updates
        .app
        .get_extended_update_info2(&session, &message.update_ids, &types, &message.locales)
        .await?;
    let response = convert::extended_info2(info, |path| call.file_url(path))?;
    Ok(call.text(encode_response(&response, version)))
}

fn get_file_locations(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: GetFileLocations = envelope.decode()?;
    let session = call.session(&message.cookie)?;
    let (files, token) = call.updates.app.get_file_locations(&session, &message.file_digests)?;
    let response = convert::file_locations(files, token, |path| call.file_url(path));
    Ok(call.text(encode_response(&response, version)))
}

/// No driver of a printer is in scope yet.
async fn sync_printer_catalog(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let message: SyncPrinterCatalog = envelope.decode()?;
    let session = call.session(&message.cookie)?;
    let request = SyncRequest { skip_software: true, ..SyncRequest::default() };
    let page = call.updates.app.sync_updates(&session, &request).await?;
    let response = SyncPrinterCatalogResponse::empty(convert::cookie(page.cookie));
    Ok(call.text(encode_response(&response, version)))
}

//! Every captured message between servers is understood, and written again as it was.

use headwater_model::Sha1Digest;
use headwater_wsus::soap::{
    Dialect, ErrorCode, Request, SoapVersion, decode, decode_response, encode_request, encode_response,
};
use headwater_wsus::wsusss;

mod captures;

const FOLDER: &str = "captures/server-sync";

/// Reads a captured response and expects our own text of it to be the same, byte for byte.
#[track_caller]
fn check_response<R: Request>(name: &str) -> Option<R::Response> {
    let text = captures::read(&format!("{FOLDER}/{name}"))?;
    let response = decode_response::<R>(&text).expect("a message").expect("no fault");
    assert_eq!(encode_response(&response, SoapVersion::V11), text);
    Some(response)
}

/// Reads a captured request and expects our own text of it to be the same, but for two
/// declarations that a real downstream server makes and this probe did not.
#[track_caller]
fn check_request<R: Request>(name: &str) -> Option<R> {
    let text = captures::read(&format!("{FOLDER}/{name}"))?;
    let request: R = decode(&text).expect("a message");
    let written = encode_request(&request);
    let declarations = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                        xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";
    assert_eq!(written.replacen(declarations, "", 1), text);
    Some(request)
}

#[test]
fn get_auth_config() {
    let response = check_response::<wsusss::GetAuthConfig>("001-GetAuthConfig.response.xml");
    if let Some(response) = response {
        let plug_in = &response.result.auth_info[0];
        assert_eq!(plug_in.plug_in_id, "DssTargeting");
        assert_eq!(plug_in.service_url, "DssAuthWebService/DssAuthWebService.asmx");
    }
}

#[test]
fn get_authorization_cookie() {
    let request = check_request::<wsusss::GetAuthorizationCookie>("002-GetAuthorizationCookie.request.xml");
    if let Some(request) = request {
        assert_eq!(request.account_name, "probe.lab.invalid");
        assert_eq!(request.account_guid, "6f1c2f6e-3f0b-4d3a-9b1e-0d2f6a1c5e12");
    }
}

#[test]
fn get_cookie() {
    if let Some(request) = check_request::<wsusss::GetCookie>("003-GetCookie.request.xml") {
        assert_eq!(request.protocol_version, "1.20");
        assert_eq!(request.auth_cookies[0].plug_in_id, "DssTargeting");
        assert_eq!(request.old_cookie, None);
    }
}

#[test]
fn get_config_data() {
    if let Some(response) = check_response::<wsusss::GetConfigData>("005-GetConfigData.response.xml") {
        let config = response.result;
        assert_eq!((config.catalog_only_sync, config.lazy_sync), (false, true));
        assert_eq!(config.max_number_of_updates_per_request, 100);
        assert_eq!(config.new_config_anchor, "9438,2026-10-04 16:33:26.670");
        assert_eq!(config.protocol_version.as_deref(), Some("1.20"));
        assert_eq!(config.max_updates_per_request_in_get_update_decryption_data, Some(100));
        assert_eq!(config.language_update_list.len(), 39);
        let enabled: Vec<_> = config.language_update_list.iter().filter(|l| l.enabled).collect();
        assert_eq!(
            enabled.iter().map(|l| (l.language_id, l.short_language.as_str())).collect::<Vec<_>>(),
            [(1033, "en")]
        );
    }
}

/// Microsoft Update writes the elements in another order.
#[test]
fn the_configuration_of_microsoft_update() {
    let Some(text) = captures::read(&format!("{FOLDER}/microsoft-upstream-GetConfigData.response.xml"))
    else {
        return;
    };
    let response = decode_response::<wsusss::GetConfigData>(&text).expect("a message").expect("no fault");
    let config = response.result;
    assert!(config.catalog_only_sync);
    assert_eq!(config.max_number_of_driver_sets_per_request, 100);
    assert_eq!(config.max_number_of_computer_ids_in_request, 200);
    assert_eq!(config.max_number_of_pnp_hardware_ids_in_request, 450);
    assert_eq!(config.new_config_anchor, "2026-10-05 17:27:44.393");
    assert_eq!(config.protocol_version.as_deref(), Some("1.21"));
    assert_eq!(config.language_update_list.len(), 39);
    assert_eq!(config.max_updates_per_request_in_get_update_decryption_data, Some(500));
}

#[test]
fn get_revision_id_list() {
    if let Some(request) = check_request::<wsusss::GetRevisionIdList>("009-GetRevisionIdList.request.xml") {
        let filter = request.filter;
        assert_eq!((filter.get_config, filter.anchor, filter.get_63_language_only), (false, None, None));
        assert_eq!(filter.categories[0].id.to_string(), "8c3fcc84-7410-4a95-8b89-a166a0190486");
        assert!(!filter.classifications[0].delta);
    }
    let response = check_response::<wsusss::GetRevisionIdList>("009-GetRevisionIdList.response.xml");
    if let Some(response) = response {
        assert_eq!(response.result.anchor, "9438,2026-10-04 16:33:26.750");
        assert_eq!(response.result.new_revisions.len(), 30);
        let first = response.result.new_revisions[0];
        assert_eq!(first.to_string(), "8c55755c-2b9d-48cc-be8b-aedbf20911ec/201");
    }
}

#[test]
fn get_update_data() {
    if let Some(request) = check_request::<wsusss::GetUpdateData>("014-GetUpdateData.request.xml") {
        assert_eq!(request.update_ids[0].to_string(), "266f6222-c89d-43f2-9f8a-69340271e677/200");
    }
    if let Some(response) = check_response::<wsusss::GetUpdateData>("014-GetUpdateData.response.xml") {
        let digest = Sha1Digest::from_base64("h/W9BGlYUAaqXTp30cZi/SiV3c0=").expect("a digest");
        let update = &response.result.updates[0];
        assert_eq!(update.file_digest_list, [digest]);
        assert_eq!(update.xml_update_blob, None);
        assert!(update.xml_update_blob_compressed.as_ref().expect("a cabinet").starts_with(b"MSCF"));
        let url = &response.result.file_urls[0];
        assert_eq!((url.file_digest, url.uss_url.as_deref()), (digest, Some("")));
        assert!(url.mu_url.as_ref().expect("a URL").ends_with(&format!("_{digest}.exe")));
    }
    check_response::<wsusss::GetUpdateData>("013-GetUpdateData.response.xml");
    check_response::<wsusss::GetUpdateData>("016-GetUpdateData.response.xml");
    if let Some(response) = check_response::<wsusss::GetUpdateData>("015-GetUpdateData.response.xml") {
        let document = response.result.updates[0].xml_update_blob.as_ref().expect("a document");
        assert!(document.starts_with("<upd:Update "));
        assert!(response.result.file_urls.is_empty());
    }
}

#[track_caller]
fn check_fault<R: Request>(name: &str, code: ErrorCode, message: &str) {
    let Some(text) = captures::read(&format!("{FOLDER}/{name}")) else { return };
    let fault = decode_response::<R>(&text).expect("a message").expect_err("a fault");
    assert_eq!((fault.code, fault.message.as_str()), (Some(code), message));
    assert_eq!(fault.method, R::action());
    assert!(fault.actor.as_ref().is_some_and(|actor| actor.ends_with("/ServerSyncWebService.asmx")));
    assert_eq!(fault.encode(Dialect::Asmx, SoapVersion::V11), text);
}

#[test]
fn faults() {
    check_fault::<wsusss::GetUpdateData>("017-Fault.response.xml", ErrorCode::InternalServerError, "");
    check_fault::<wsusss::GetRevisionIdList>(
        "018-Fault.response.xml",
        ErrorCode::InvalidParameters,
        "filter",
    );
}

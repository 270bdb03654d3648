//! Every captured message between an update agent and a real server is understood, and written
//! again as it was.

use headwater_wsus::soap::{
    Dialect, Envelope, ErrorCode, Message, Request, SoapVersion, decode, decode_response, encode_request,
    encode_response,
};
use headwater_wsus::{reporting, simple_auth, wusp};

mod captures;

/// Reads a captured response and expects our own text of it to be the same, byte for byte.
#[track_caller]
fn check_response<R: Request>(name: &str) -> Option<R::Response> {
    let text = captures::read(name)?;
    let response = decode_response::<R>(&text).expect("a message").expect("no fault");
    assert_eq!(encode_response(&response, SoapVersion::V11), text);
    Some(response)
}

/// Reads a captured request and expects our own text of it to be the same but for the elements
/// that we skip.
#[track_caller]
fn check_request<R: Request>(name: &str, skipped: &[&str]) -> Option<R> {
    let mut text = captures::read(name)?;
    let request: R = decode(&text).expect("a message");
    for element in skipped {
        let start = text.find(&format!("<{element}>")).expect(element);
        let end_tag = format!("</{element}>");
        let end = text.find(&end_tag).expect(element) + end_tag.len();
        text.replace_range(start..end, "");
    }
    assert_eq!(encode_request(&request), text);
    Some(request)
}

#[test]
fn get_config() {
    if let Some(request) =
        check_request::<wusp::GetConfig>("captures/client-scan/001-GetConfig.request.xml", &[])
    {
        assert_eq!(request.protocol_version, "2.90");
    }
    let response = check_response::<wusp::GetConfig>("captures/client-probe/001-GetConfig.response.xml");
    if let Some(wusp::GetConfigResponse { result }) = response {
        assert_eq!(result.last_change.to_string(), "2026-10-04T13:17:07.59Z");
        assert!(result.is_registration_required);
        assert_eq!(result.auth_info[0].plug_in_id, "SimpleTargeting");
        assert_eq!(result.auth_info[0].service_url, "SimpleAuthWebService/SimpleAuth.asmx");
        let names: Vec<_> = result.properties.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "MaxExtendedUpdatesPerRequest",
                "PackageServerShare",
                "ProtocolVersion",
                "IsInventoryRequired",
                "ClientReportingLevel"
            ]
        );
    }
}

#[test]
fn get_authorization_cookie() {
    let request: Option<simple_auth::GetAuthorizationCookie> =
        captures::read("captures/client-probe/002-GetAuthorizationCookie.request.xml")
            .map(|text| decode(&text).expect("a message"));
    if let Some(request) = request {
        assert_eq!(request.client_id, "992ff43e-9bbb-4e77-a850-9d01d0e632b4");
        assert_eq!(request.dns_name, "host3.invalid");
        assert_eq!(request.target_group_name, None);
    }
    let response = check_response::<simple_auth::GetAuthorizationCookie>(
        "captures/client-probe/002-GetAuthorizationCookie.response.xml",
    );
    if let Some(response) = response {
        assert_eq!(response.result.plug_in_id, "SimpleTargeting");
        assert_eq!(response.result.cookie_data, [0; 496]);
    }
}

#[test]
fn get_cookie() {
    let request = check_request::<wusp::GetCookie>("captures/client-scan/003-GetCookie.request.xml", &[]);
    if let Some(request) = request {
        assert_eq!(request.auth_cookies.len(), 1);
        assert_eq!(request.auth_cookies[0].plug_in_id, "SimpleTargeting");
        let old = request.old_cookie.expect("an old cookie");
        assert_eq!(old.expiration, request.current_time);
        assert!(old.encrypted_data.is_empty());
        assert_eq!(request.last_change.to_string(), "2026-10-04T13:17:07.59Z");
        assert_eq!(request.protocol_version, "2.90");
    }
    let response = check_response::<wusp::GetCookie>("captures/client-scan/003-GetCookie.response.xml");
    if let Some(response) = response {
        assert_eq!(response.result.expiration.to_string(), "2026-10-04T16:03:35.996723Z");
        assert_eq!(response.result.encrypted_data.len(), 224);
    }
}

#[test]
fn register_computer() {
    let request =
        check_request::<wusp::RegisterComputer>("captures/client-scan/004-RegisterComputer.request.xml", &[]);
    if let Some(wusp::RegisterComputer { computer_info: info, .. }) = request {
        assert_eq!(info.dns_name, "REDACTED3");
        assert_eq!((info.os_major_version, info.os_minor_version, info.os_build_number), (10, 0, 26200));
        assert_eq!(info.os_locale.as_deref(), Some("en-US"));
        assert_eq!(info.processor_architecture.as_deref(), Some("AMD64"));
        assert_eq!((info.suite_mask, info.old_product_type, info.new_product_type), (256, 1, 48));
        assert_eq!(info.client_version_build_number, 30012);
        assert_eq!(info.os_description.as_deref(), Some("Windows 10 Pro"));
        assert_eq!(info.mobile_operator.as_deref(), Some("Not Present"));
    }
    check_response::<wusp::RegisterComputer>("captures/client-probe/004-RegisterComputer.response.xml");
}

#[test]
fn start_category_scan() {
    let request = check_request::<wusp::StartCategoryScan>(
        "captures/client-scan/005-StartCategoryScan.request.xml",
        &[],
    );
    let response =
        check_response::<wusp::StartCategoryScan>("captures/client-scan/005-StartCategoryScan.response.xml");
    if let (Some(request), Some(response)) = (request, response) {
        assert_eq!(request.requested_categories[0].index_of_and_group, 0);
        let category = request.requested_categories[0].category_id;
        assert_eq!(category.to_string(), "dd78b8a1-0b20-45c1-add6-4da72e9364cf");
        assert_eq!(response.preferred_category_ids, [category]);
        assert!(response.requested_category_ids_in_error.is_empty());
    }
}

#[test]
fn sync_updates_request() {
    let request = check_request::<wusp::SyncUpdates>(
        "captures/client-scan/006-SyncUpdates.request.xml",
        &["ProductsParameters"],
    );
    if let Some(wusp::SyncUpdates { cookie, parameters }) = request {
        assert_eq!(cookie.encrypted_data.len(), 224);
        assert_eq!(parameters.filter_category_ids.len(), 1);
        assert!(parameters.need_two_group_out_of_scope_updates);
        assert_eq!(parameters.also_perform_regular_sync, Some(false));
        assert_eq!(parameters.computer_spec, Some(wusp::ComputerHardwareSpecification::default()));
        assert!(!parameters.skip_software_sync);
        assert!(parameters.installed_non_leaf_update_ids.is_empty());
        assert_eq!(parameters.system_spec, None);
    }
}

#[test]
fn sync_updates_response() {
    let first = check_response::<wusp::SyncUpdates>("captures/client-scan/006-SyncUpdates.response.xml");
    if let Some(wusp::SyncUpdatesResponse { result }) = first {
        let update = &result.new_updates[0];
        assert_eq!((result.new_updates.len(), update.id, update.is_leaf), (1, 108_226, false));
        let changed = "2026-10-04T15:03:36Z".parse().expect("a time");
        let client = "2.90".parse().expect("a version");
        let deployment = wusp::Deployment::new(8059, wusp::DeploymentAction::Evaluate, changed, client);
        assert_eq!(update.deployment, Some(deployment));
        let xml = update.xml.as_deref().expect("a fragment");
        assert!(xml.starts_with("<UpdateIdentity UpdateID=\"56309036-4C77-4DD9-951A-99EE9C246A94\""));
        assert!(xml.ends_with("<True /></IsInstalled></ApplicabilityRules>"));
        assert!(!result.truncated);
        assert_eq!(result.new_cookie.expect("a cookie").encrypted_data.len(), 224);
        assert_eq!(result.driver_sync_not_needed, Some(true));
    }
    check_response::<wusp::SyncUpdates>("captures/client-scan/008-SyncUpdates.response.xml");
}

#[test]
fn get_extended_update_info() {
    let request = check_request::<wusp::GetExtendedUpdateInfo>(
        "captures/client-scan/010-GetExtendedUpdateInfo.request.xml",
        &["deviceAttributes"],
    );
    if let Some(request) = request {
        assert_eq!(request.revision_ids, [72571, 108_226, 108_231]);
        assert_eq!(
            request.info_types,
            [wusp::XmlUpdateFragmentType::Extended, wusp::XmlUpdateFragmentType::LocalizedProperties]
        );
        assert_eq!(request.locales, ["en-US", "en"]);
        assert_eq!(request.geo_id.as_deref(), Some("USA"));
    }
    let scan = check_response::<wusp::GetExtendedUpdateInfo>(
        "captures/client-scan/010-GetExtendedUpdateInfo.response.xml",
    );
    if let Some(response) = scan {
        let ids: Vec<_> = response.result.updates.iter().map(|update| update.id).collect();
        assert_eq!(ids, [72571, 108_226, 108_231, 72571, 108_226, 108_231]);
    }
    let install = check_response::<wusp::GetExtendedUpdateInfo>(
        "captures/client-install/015-GetExtendedUpdateInfo.response.xml",
    );
    if let Some(response) = install {
        for file in &response.result.file_locations {
            assert!(file.url.contains(&format!("{:X}.exe", file.file_digest)), "{file:?}");
        }
    }
}

#[test]
fn get_file_locations() {
    let Some(text) = captures::read("fragments/get-file-locations-response.xml") else { return };
    // Its cookie was blacked out, not zeroed.
    let text = text.replacen("REDACTED", "2026-10-04T16:03:35Z", 1).replace("REDACTED", "AAAA");
    let response = decode_response::<wusp::GetFileLocations>(&text).expect("a message").expect("no fault");
    assert_eq!(encode_response(&response, SoapVersion::V11), text);
    let file = &response.result.file_locations[0];
    assert_eq!(file.file_digest.to_string(), "86542c97261c46d5b379a43ec895f97eaf409ba2");
}

#[test]
fn report_event_batch() {
    let request = check_request::<reporting::ReportEventBatch>(
        "captures/client-install/016-ReportEventBatch.request.xml",
        &[],
    );
    if let Some(request) = request {
        assert_eq!(request.client_time.to_string(), "2026-10-04T15:20:47.397Z");
        let ids: Vec<_> = request.event_batch.iter().map(|event| event.basic_data.event_id).collect();
        assert_eq!(ids, [147, 148, 148, 148]);
        let first = &request.event_batch[0];
        assert_eq!(first.basic_data.target_id.sid, "e1da06a3-5601-43c9-bac3-52d5db701494");
        assert!(first.basic_data.update_id.expect("an id").id.is_nil());
        let data = first.extended_data.as_ref().expect("extended data");
        assert_eq!(data.replacement_strings, ["0"]);
        assert_eq!((data.misc_data.len(), data.misc_data[0].as_str()), (29, "B=3"));
        assert_eq!(data.os_version.expect("a version").revision, 65792);
        assert_eq!(first.private_data, Some(reporting::PrivateData::default()));
        assert_eq!(request.event_batch[1].basic_data.win32_hresult, -2_145_123_272);
        let last = request.event_batch[3].extended_data.as_ref().expect("extended data");
        assert!(last.misc_data.iter().any(|text| text == "AppName=<<PROCESS>>: powershell.exe"));
    }
    let response = check_response::<reporting::ReportEventBatch>(
        "captures/client-install/016-ReportEventBatch.response.xml",
    );
    assert!(response.is_none_or(|response| response.result));
}

#[test]
fn fault() {
    let Some(text) = captures::read("captures/client-probe/141-Fault.response.xml") else { return };
    let fault = decode_response::<wusp::SyncUpdates>(&text).expect("a message").expect_err("a fault");
    assert_eq!(fault.code, Some(ErrorCode::InvalidParameters));
    assert_eq!(fault.message, "parameters.InstalledNonLeafUpdateIDs");
    assert_eq!(fault.id, Some("81418b4e-82c1-48d0-9504-da01db6148ae".parse().expect("a GUID")));
    assert_eq!(fault.method, wusp::SyncUpdates::action());
    assert_eq!(fault.encode(Dialect::Client, SoapVersion::V11), text);
}

#[test]
fn requests_name_their_message() {
    let Some(text) = captures::read("captures/client-scan/003-GetCookie.request.xml") else { return };
    let envelope = Envelope::parse(&text).expect("an envelope");
    assert_eq!((envelope.name.as_str(), envelope.version), ("GetCookie", SoapVersion::V11));
    assert_eq!(envelope.namespace, wusp::GetCookie::SERVICE.namespace);
}

//! Between the messages of the client web service and the values of the use cases.

use headwater_app::update_server::ComputerDetails;
use headwater_app::update_server::{
    CategoryRelationship, CategoryScan, EXTENDED_UPDATES_MAX, ExtendedInfo, FileLocation, InfoType,
    PROTOCOL_VERSION, Refreshed, ServerConfig, Token,
};
use headwater_app::{AppError, ClientFault};
use headwater_encoding::xpress;
use headwater_model::ProtocolVersion;
use headwater_policy::offer::{Offer, OfferAction};
use headwater_wsus::soap::Structure as _;
use headwater_wsus::wusp::{
    AuthPlugInInfo, ComputerInfo, Config, ConfigurationProperty, Cookie, Deployment, DeploymentAction,
    ExtendedUpdateInfo, ExtendedUpdateInfo2, FileLocation as WireLocation, GetConfigResponse,
    GetExtendedUpdateInfo2Response, GetExtendedUpdateInfoResponse, GetFileLocationsResponse,
    GetFileLocationsResults, RefreshCacheResult, StartCategoryScan, StartCategoryScanResponse, UpdateData,
    UpdateInfo, XmlUpdateFragmentType,
};
use headwater_xml::Writer;

use super::answer::Stored;

/// The answer of a real server, in its order (fact 11).
pub(crate) fn config(config: &ServerConfig) -> GetConfigResponse {
    let property = |name: &str, value: String| ConfigurationProperty { name: name.to_owned(), value };
    GetConfigResponse {
        result: Config {
            last_change: config.last_change,
            is_registration_required: true,
            auth_info: vec![AuthPlugInInfo {
                plug_in_id: "SimpleTargeting".to_owned(),
                service_url: "SimpleAuthWebService/SimpleAuth.asmx".to_owned(),
                parameter: String::new(),
            }],
            allowed_event_ids: Vec::new(),
            properties: vec![
                property("MaxExtendedUpdatesPerRequest", EXTENDED_UPDATES_MAX.to_string()),
                property("PackageServerShare", String::new()),
                property("ProtocolVersion", PROTOCOL_VERSION.to_string()),
                property("IsInventoryRequired", "0".to_owned()),
                property("ClientReportingLevel", "2".to_owned()),
            ],
        },
    }
}

pub(crate) fn cookie(token: Token) -> Cookie {
    Cookie { expiration: token.expires, encrypted_data: token.data }
}

/// `DriverSyncNotNeeded` goes to clients of version 1.7 and later ([MS-WUSP] 2.2.2.2.4).
pub(crate) fn knows_driver_sync(protocol: ProtocolVersion) -> bool {
    protocol >= ProtocolVersion::new(1, 7)
}

pub(crate) fn computer_details(info: &ComputerInfo) -> ComputerDetails {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut registration = Writer::new();
    info.write_children(&mut registration);
    ComputerDetails {
        dns_name: info.dns_name.trim().to_lowercase(),
        os_version: format!("{}.{}.{}", info.os_major_version, info.os_minor_version, info.os_build_number),
        os_description: text(&info.os_description),
        architecture: text(&info.processor_architecture),
        manufacturer: text(&info.computer_manufacturer),
        model: text(&info.computer_model),
        client_version: format!(
            "{}.{}.{}.{}",
            info.client_version_major_number,
            info.client_version_minor_number,
            info.client_version_build_number,
            info.client_version_qfe_number
        ),
        registration: registration.into_string(),
    }
}

pub(crate) fn category_relationships(message: &StartCategoryScan) -> Vec<CategoryRelationship> {
    let asked = message.requested_categories.iter();
    asked
        .map(|asked| CategoryRelationship { group: asked.index_of_and_group, category: asked.category_id })
        .collect()
}

pub(crate) fn category_scan(scan: CategoryScan) -> StartCategoryScanResponse {
    StartCategoryScanResponse {
        preferred_category_ids: scan.preferred,
        requested_category_ids_in_error: scan.unknown,
    }
}

fn deployment(offer: &Offer, protocol: ProtocolVersion) -> Deployment {
    let action = match offer.deployment.action {
        OfferAction::Install => DeploymentAction::Install,
        OfferAction::Uninstall => DeploymentAction::Uninstall,
        OfferAction::PreDeploymentCheck => DeploymentAction::PreDeploymentCheck,
        OfferAction::Evaluate => DeploymentAction::Evaluate,
        OfferAction::Bundle => DeploymentAction::Bundle,
    };
    let changed = offer.deployment.last_change;
    let mut deployment = Deployment::new(offer.deployment.id, action, changed, protocol);
    deployment.deadline = offer.deployment.deadline;
    deployment
}

pub(crate) fn update_info(
    offer: &Offer,
    protocol: ProtocolVersion,
    xml: Option<Stored>,
) -> UpdateInfo<Stored> {
    UpdateInfo { id: offer.id.0, deployment: Some(deployment(offer, protocol)), is_leaf: offer.is_leaf, xml }
}

pub(crate) fn refreshed(refreshed: &Refreshed, protocol: ProtocolVersion) -> RefreshCacheResult {
    RefreshCacheResult {
        revision_id: refreshed.offer.id.0,
        global_id: refreshed.identity,
        is_leaf: refreshed.offer.is_leaf,
        deployment: deployment(&refreshed.offer, protocol),
    }
}

pub(crate) fn info_types(types: &[XmlUpdateFragmentType]) -> Vec<InfoType> {
    let converted = types.iter().map(|wanted| match wanted {
        XmlUpdateFragmentType::Core => InfoType::Core,
        XmlUpdateFragmentType::Extended => InfoType::Extended,
        XmlUpdateFragmentType::LocalizedProperties => InfoType::LocalizedProperties,
        XmlUpdateFragmentType::Eula => InfoType::Eula,
        XmlUpdateFragmentType::FileUrl => InfoType::FileUrl,
        _ => InfoType::Other,
    });
    converted.collect()
}

fn locations(files: Vec<FileLocation>, url: impl Fn(&str) -> String) -> Vec<WireLocation> {
    files.into_iter().map(|file| WireLocation { file_digest: file.digest, url: url(&file.path) }).collect()
}

pub(crate) fn extended_info(
    info: ExtendedInfo,
    url: impl Fn(&str) -> String,
) -> GetExtendedUpdateInfoResponse<Stored> {
    let stored = info.fragments.into_iter().map(|fragment| UpdateData {
        id: fragment.revision,
        xml: Stored { packed: fragment.text.packed, plain_bytes: fragment.text.plain_bytes as usize },
    });
    GetExtendedUpdateInfoResponse {
        result: ExtendedUpdateInfo {
            updates: stored.collect(),
            file_locations: locations(info.files, url),
            out_of_scope_revision_ids: info.out_of_scope,
        },
    }
}

/// This message has its fragments as text: they are unescaped here, for it is rarely asked.
pub(crate) fn extended_info2(
    info: ExtendedInfo,
    url: impl Fn(&str) -> String,
) -> Result<GetExtendedUpdateInfo2Response, ClientFault> {
    let damaged = || ClientFault::Internal(AppError::Internal("a stored fragment cannot be decoded"));
    let mut updates = Vec::with_capacity(info.fragments.len());
    for fragment in info.fragments {
        let plain = xpress::decode(&fragment.text.packed, fragment.text.plain_bytes as usize);
        let escaped = plain.ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(damaged)?;
        let xml = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        updates.push(UpdateData { id: fragment.revision, xml });
    }
    Ok(GetExtendedUpdateInfo2Response {
        result: ExtendedUpdateInfo2 {
            updates,
            file_locations: locations(info.files, url),
            file_decryption_data: Vec::new(),
        },
    })
}

pub(crate) fn file_locations(
    files: Vec<FileLocation>,
    token: Token,
    url: impl Fn(&str) -> String,
) -> GetFileLocationsResponse {
    GetFileLocationsResponse {
        result: GetFileLocationsResults {
            file_locations: locations(files, url),
            new_cookie: Some(cookie(token)),
        },
    }
}

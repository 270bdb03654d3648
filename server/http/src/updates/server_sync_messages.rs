//! Our values and the messages of MS-WSUSSS, each out of the other.

use headwater_app::ClientFault;
use headwater_app::upstream_server::{
    AuthConfig, Blob, ConfigData, Deployments, Mark, RevisionFilter, RevisionList, Standing, UpdateData,
    UpdateDocuments, Wanted,
};
use headwater_model::{GroupId, Guid, Sha1Digest, UpdateIdentity};
use headwater_policy::approval::Action;
use headwater_policy::group::{Group, is_built_in};
use headwater_wsus::wsusss::{
    ALL_LANGUAGES, Anchor, AuthPlugInInfo, Deadline, GetAuthConfigResponse, GetConfigDataResponse,
    GetDeploymentsResponse, GetRevisionIdListResponse, GetUpdateDataResponse,
    GetUpdateDecryptionDataResponse, IdAndDelta, LANGUAGES, Language, RevisionIdList, ServerAuthConfig,
    ServerDecryptionData, ServerSyncConfigData, ServerSyncDeployment, ServerSyncDeploymentResult,
    ServerSyncFileDecryption, ServerSyncFilter, ServerSyncLanguageData, ServerSyncTargetGroup,
    ServerSyncUpdateData, ServerSyncUpdateFileDecryption, ServerSyncUrlData, ServerUpdateData,
};

/// The only plug-in of authorization between servers.
pub(crate) const PLUG_IN: &str = "DssTargeting";
/// Where it is, from the root of this server.
const PLUG_IN_URL: &str = "DssAuthWebService/DssAuthWebService.asmx";
/// The version of the protocol that a WSUS announces (fact 44).
pub(crate) const PROTOCOL_VERSION: &str = "1.20";
/// The lowest of the three priorities, which all deployments have.
const DOWNLOAD_PRIORITY: u8 = 1;

fn anchor_text(mark: Mark) -> String {
    Anchor { counter: mark.number, at: mark.at }.to_string()
}

/// The counter of an anchor; an empty one is as good as none.
pub(crate) fn anchor(text: Option<&str>, parameter: &'static str) -> Result<Option<u64>, ClientFault> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match text.parse::<Anchor>() {
            Ok(anchor) => Ok(Some(anchor.counter)),
            Err(_) => Err(ClientFault::InvalidParameters(parameter)),
        },
    }
}

pub(crate) fn auth_config(config: AuthConfig) -> GetAuthConfigResponse {
    let plug_in = AuthPlugInInfo {
        plug_in_id: PLUG_IN.to_owned(),
        service_url: PLUG_IN_URL.to_owned(),
        parameter: String::new(),
    };
    GetAuthConfigResponse {
        result: ServerAuthConfig {
            last_change: config.last_change,
            auth_info: vec![plug_in],
            allowed_event_ids: Vec::new(),
        },
    }
}

pub(crate) fn config_data(config: &ConfigData) -> GetConfigDataResponse {
    // Documents are whole here and content comes when it is approved: there is every language.
    let language = |language: &Language| ServerSyncLanguageData {
        language_id: language.lcid,
        short_language: language.short.to_owned(),
        long_language: language.long.to_owned(),
        enabled: true,
    };
    let updates_max = i32::try_from(config.updates_per_request_max).unwrap_or(i32::MAX);
    GetConfigDataResponse {
        result: ServerSyncConfigData {
            catalog_only_sync: config.catalog_only,
            lazy_sync: config.lazy,
            server_hosts_psf_files: config.hosts_express_files,
            max_number_of_computer_ids_in_request: 0,
            max_number_of_driver_sets_per_request: 0,
            max_number_of_pnp_hardware_ids_in_request: 0,
            max_number_of_updates_per_request: updates_max,
            new_config_anchor: anchor_text(config.mark),
            protocol_version: Some(PROTOCOL_VERSION.to_owned()),
            language_update_list: std::iter::once(&ALL_LANGUAGES).chain(&LANGUAGES).map(language).collect(),
            max_updates_per_request_in_get_update_decryption_data: Some(updates_max),
        },
    }
}

pub(crate) fn revision_filter(filter: &ServerSyncFilter) -> RevisionFilter {
    let wanted = |list: &[IdAndDelta]| {
        list.iter().map(|entry| Wanted { id: entry.id, only_changes: entry.delta }).collect()
    };
    RevisionFilter {
        configuration: filter.get_config,
        after: None,
        categories: wanted(&filter.categories),
        classifications: wanted(&filter.classifications),
    }
}

pub(crate) fn revision_list(list: RevisionList) -> GetRevisionIdListResponse {
    GetRevisionIdListResponse {
        result: RevisionIdList { anchor: anchor_text(list.mark), new_revisions: list.revisions },
    }
}

pub(crate) fn update_data(documents: UpdateDocuments) -> GetUpdateDataResponse {
    let url = |file: headwater_app::upstream_server::FileUrl| ServerSyncUrlData {
        file_digest: file.digest,
        mu_url: file.url,
        // There and empty, as a WSUS has it.
        uss_url: Some(String::new()),
        decryption_key: None,
    };
    GetUpdateDataResponse {
        result: ServerUpdateData {
            updates: documents.updates.into_iter().map(update).collect(),
            file_urls: documents.files.into_iter().map(url).collect(),
        },
    }
}

fn update(update: UpdateData) -> ServerSyncUpdateData {
    let (text, cabinet) = match update.blob {
        Blob::Text(text) => (Some(text.to_string()), None),
        Blob::Cabinet(cabinet) => (None, Some(cabinet.to_vec())),
    };
    ServerSyncUpdateData {
        id: update.identity,
        xml_update_blob: text,
        file_digest_list: update.files,
        xml_update_blob_compressed: cabinet,
    }
}

pub(crate) fn deployments(deployments: Deployments) -> GetDeploymentsResponse {
    let added = deployments.added.into_iter();
    GetDeploymentsResponse {
        result: ServerSyncDeploymentResult {
            anchor: anchor_text(deployments.mark),
            groups: deployments.groups.into_iter().map(target_group).collect(),
            deployments: added.filter_map(|(standing, revision)| deployment(standing, revision)).collect(),
            dead_deployments: deployments.ended,
            hidden_updates: deployments.declined,
            accepted_eulas: deployments
                .accepted_eulas
                .iter()
                .map(|id| Guid::from_bytes(*id.as_bytes()))
                .collect(),
        },
    }
}

fn target_group(group: Group) -> ServerSyncTargetGroup {
    ServerSyncTargetGroup {
        target_group_id: group.id,
        parent_group_id: group.parent.unwrap_or(GroupId::from_u128(0)),
        is_builtin: is_built_in(group.id),
        name: group.name,
    }
}

fn deployment(standing: Standing, revision: u32) -> Option<ServerSyncDeployment> {
    let approval = standing.approval;
    Some(ServerSyncDeployment {
        update_id: approval.update,
        revision_number: revision,
        action: match approval.action? {
            Action::Install => 0,
            Action::Uninstall => 1,
            Action::Detect => 2,
            Action::Block => 3,
        },
        admin_name: Some(standing.by),
        deadline: Deadline(approval.deadline),
        is_assigned: true,
        go_live_time: approval.changed_at,
        deployment_guid: standing.deployment,
        target_group_id: approval.group,
        download_priority: DOWNLOAD_PRIORITY,
    })
}

pub(crate) fn decryption_data(
    updates: Vec<(UpdateIdentity, Vec<Sha1Digest>)>,
) -> GetUpdateDecryptionDataResponse {
    let without_key = |file_digest| ServerSyncFileDecryption { file_digest, decryption_key: None };
    let update = |(update_id, files): (UpdateIdentity, Vec<Sha1Digest>)| ServerSyncUpdateFileDecryption {
        update_id,
        file_decryption_data: files.into_iter().map(without_key).collect(),
    };
    let updates = updates.into_iter().map(update).collect();
    GetUpdateDecryptionDataResponse { result: ServerDecryptionData { update_file_decryption_data: updates } }
}

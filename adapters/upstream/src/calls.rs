//! The operations, from our values to messages and back.

use std::time::Duration;

use headwater_model::{EulaId, Sha1Digest, UpdateId, UpdateIdentity};
use headwater_policy::approval::Action;
use headwater_policy::group::Group;
use headwater_policy::replica_plan::{Above, Deployment};
use headwater_wsus::soap::ErrorCode;
use headwater_wsus::wsusss::{
    DownloadFiles, GetConfigData, GetDeployments, GetRevisionIdList, GetUpdateData, IdAndDelta, LANGUAGES,
    LanguageAndDelta, ServerSyncDeployment, ServerSyncFilter, ServerSyncTargetGroup, ServerSyncUpdateData,
};

use crate::handshake::SHORT;
use crate::link::Limits;
use crate::{Error, Parcel, Result, Upstream};

/// Every revision of every catalogue that we can keep: a few hundred bytes each (fact 46).
const LIST: Limits =
    Limits { bytes_max: 256 << 20, first_byte: Duration::from_secs(600), whole: Duration::from_secs(1_800) };
/// A WSUS stops at two million bytes (fact 61); a single document may be larger.
const DOCUMENTS: Limits =
    Limits { bytes_max: 128 << 20, first_byte: Duration::from_secs(300), whole: Duration::from_secs(900) };
/// Every approval of a server with many groups.
const DEPLOYMENTS: Limits =
    Limits { bytes_max: 256 << 20, first_byte: Duration::from_secs(600), whole: Duration::from_secs(1_800) };

/// What the upstream server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// It has no content: Microsoft has it.
    pub catalog_only: bool,
    /// For one GetUpdateData; at least 1.
    pub updates_per_request_max: usize,
    pub protocol_version: Option<String>,
}

/// Which revisions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevisionQuery {
    /// Categories and detectoids, and not updates.
    pub configuration: bool,
    /// What the last list said; then only changes are listed.
    pub anchor: Option<String>,
    /// Together with classifications, or neither (fact 46).
    pub categories: Vec<UpdateId>,
    pub classifications: Vec<UpdateId>,
    /// Short names, such as `en`; those that no WSUS knows are left out.
    pub languages: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionList {
    pub revisions: Vec<UpdateIdentity>,
    pub anchor: String,
}

/// Some of the documents that were asked for.
#[derive(Debug)]
pub struct Documents {
    pub parcels: Vec<Parcel>,
    /// Where Microsoft has their files.
    pub sources: Vec<(Sha1Digest, String)>,
}

#[derive(Debug)]
pub struct Decisions {
    pub above: Above,
    pub anchor: String,
}

impl Upstream {
    pub async fn config(&self) -> Result<Config> {
        let config = self.call(SHORT, |cookie| GetConfigData { cookie, config_anchor: None }).await?.result;
        Ok(Config {
            catalog_only: config.catalog_only_sync,
            updates_per_request_max: usize::try_from(config.max_number_of_updates_per_request)
                .unwrap_or(1)
                .max(1),
            protocol_version: config.protocol_version,
        })
    }

    pub async fn revisions(&self, query: &RevisionQuery) -> Result<RevisionList> {
        let filter = filter(query);
        let list =
            self.call(LIST, |cookie| GetRevisionIdList { cookie, filter: filter.clone() }).await?.result;
        Ok(RevisionList { revisions: list.new_revisions, anchor: list.anchor })
    }

    /// Asks for documents; the server may send fewer (fact 47), and whatever else it likes.
    pub async fn documents(&self, identities: &[UpdateIdentity]) -> Result<Documents> {
        let request = |cookie| GetUpdateData { cookie, update_ids: identities.to_vec() };
        let data = self.call(DOCUMENTS, request).await?.result;
        let sources = data.file_urls.into_iter();
        Ok(Documents {
            parcels: data.updates.into_iter().map(parcel).collect(),
            sources: sources
                .filter_map(|file| Some((file.file_digest, file.mu_url.filter(|url| !url.is_empty())?)))
                .collect(),
        })
    }

    /// Asks the server to get files that it did not have, at most a hundred. Returns those that none
    /// of its updates names ([MS-WSUSSS] 3.1.4.11).
    pub async fn request_files(&self, digests: &[Sha1Digest]) -> Result<Vec<Sha1Digest>> {
        let request = |cookie| DownloadFiles { cookie, file_digest_list: digests.to_vec() };
        match self.call(SHORT, request).await {
            Ok(_) => Ok(Vec::new()),
            Err(Error::Fault { fault, .. }) if fault.code == Some(ErrorCode::FileDigestsMissing) => Ok(fault
                .message
                .split('|')
                .filter_map(|digest| Sha1Digest::from_base64(digest.trim()).ok())
                .collect()),
            Err(error) => Err(error),
        }
    }

    /// What was decided between the last answer's anchor and the anchor of a list of revisions.
    pub async fn decisions(&self, after: Option<&str>, until: &str) -> Result<Decisions> {
        let request = |cookie| GetDeployments {
            cookie,
            deployment_anchor: after.map(str::to_owned),
            sync_anchor: Some(until.to_owned()),
        };
        let result = self.call(DEPLOYMENTS, request).await?.result;
        let eula = |id: headwater_model::Guid| EulaId::from_bytes(*id.as_bytes());
        Ok(Decisions {
            above: Above {
                is_whole: after.is_none(),
                groups: result.groups.into_iter().map(group).collect(),
                deployments: result.deployments.into_iter().filter_map(deployment).collect(),
                ended: result.dead_deployments,
                declined: result.hidden_updates.into_iter().collect(),
                accepted_eulas: result.accepted_eulas.into_iter().map(eula).collect(),
            },
            anchor: result.anchor,
        })
    }
}

fn filter(query: &RevisionQuery) -> ServerSyncFilter {
    let delta = query.anchor.is_some();
    let ids = |ids: &[UpdateId]| ids.iter().map(|id| IdAndDelta { id: *id, delta }).collect();
    let lcid = |name: &String| {
        let language = LANGUAGES.iter().find(|language| language.short.eq_ignore_ascii_case(name))?;
        Some(LanguageAndDelta { id: language.lcid, delta })
    };
    ServerSyncFilter {
        anchor: query.anchor.clone(),
        get_config: query.configuration,
        get_63_language_only: Some(true),
        categories: ids(&query.categories),
        classifications: ids(&query.classifications),
        languages: query.languages.iter().filter_map(lcid).collect(),
    }
}

fn parcel(update: ServerSyncUpdateData) -> Parcel {
    Parcel { identity: update.id, text: update.xml_update_blob, cabinet: update.xml_update_blob_compressed }
}

fn group(group: ServerSyncTargetGroup) -> Group {
    let parent = Some(group.parent_group_id).filter(|parent| !parent.is_nil());
    Group { id: group.target_group_id, name: group.name, parent }
}

/// Actions that are not in the protocol decide nothing here.
fn deployment(deployment: ServerSyncDeployment) -> Option<Deployment> {
    let action = match deployment.action {
        0 => Action::Install,
        1 => Action::Uninstall,
        2 => Action::Detect,
        3 => Action::Block,
        _ => return None,
    };
    Some(Deployment {
        id: deployment.deployment_guid,
        update: deployment.update_id,
        revision: deployment.revision_number,
        group: deployment.target_group_id,
        action,
        deadline: deployment.deadline.0,
    })
}

//! `Properties`: some attributes go to Core, the rest with all children to Extended.

use headwater_model::{EulaId, ProtocolVersion, Timestamp};
use headwater_xml::Error;

use super::{Reason, value};
use crate::facts::{Behavior, Impact, Publication, Reboot, Severity};
use crate::limits::{LANGUAGES_MAX, REFERENCES_MAX, VALUE_CHARS_MAX};
use crate::scribe::{Scribe, Tag};

pub(super) enum UpdateType {
    Category,
    Detectoid,
    Software,
    Driver,
}

pub(super) struct Properties {
    pub(super) update_type: UpdateType,
    pub(super) explicitly_deployable: bool,
    pub(super) publication: Publication,
    pub(super) created_at: Option<Timestamp>,
    pub(super) legacy_name: Option<String>,
    pub(super) is_beta: bool,
    pub(super) handler: Option<String>,
    pub(super) max_download_bytes: u64,
    pub(super) min_download_bytes: u64,
    pub(super) compatible_protocol_version: Option<ProtocolVersion>,
    pub(super) severity: Option<Severity>,
    pub(super) eula_id: Option<EulaId>,
    pub(super) default_language: String,
    pub(super) kb_articles: Vec<String>,
    pub(super) security_bulletins: Vec<String>,
    pub(super) cves: Vec<String>,
    pub(super) support_url: Option<String>,
    pub(super) more_info_urls: Vec<String>,
    pub(super) installation: Behavior,
    pub(super) uninstallation: Option<Behavior>,
    pub(super) languages: Vec<String>,
}

/// The attributes of Core, in its order (fact 36).
const CORE: [&str; 5] = ["UpdateType", "ExplicitlyDeployable", "AutoSelectOnWebSites", "OSUpgrade", "EulaID"];

/// The attributes that Extended lacks ([MS-WUSP] 3.1.1.1).
const NOT_EXTENDED: [&str; 11] = [
    "UpdateType",
    "ExplicitlyDeployable",
    "AutoSelectOnWebSites",
    "EulaID",
    "PublicationState",
    "PublisherID",
    "CreationDate",
    "IsPublic",
    "LegacyName",
    "DetectoidType",
    "OSUpgrade",
];

pub(super) fn read<'a>(
    scribe: &mut Scribe<'a>,
    tag: &Tag<'a>,
    core: &mut String,
    extended: &mut String,
) -> Result<Properties, Reason> {
    scribe.write_empty("Properties", tag, &CORE, |_, value| value != "false", core)?;
    let keep =
        |name: &str, value: &str| !NOT_EXTENDED.contains(&name) && (name, value) != ("PerUser", "false");
    scribe.begin_as("ExtendedProperties", tag, keep, extended)?;

    let mut properties = attributes(tag)?;
    while let Some(child) = scribe.child(extended)? {
        let name = match child.name() {
            "InstallationBehavior" => {
                properties.installation = behavior(&child)?;
                scribe.rest(extended)?;
                continue;
            }
            "UninstallationBehavior" => {
                properties.uninstallation = Some(behavior(&child)?);
                scribe.rest(extended)?;
                continue;
            }
            name @ ("KBArticleID" | "SecurityBulletinID" | "CVEID" | "SupportUrl" | "MoreInfoUrl"
            | "Language") => name,
            _ => {
                scribe.rest(extended)?;
                continue;
            }
        };
        let text = value::short("Properties", scribe.text(extended)?, VALUE_CHARS_MAX)?;
        match name {
            "KBArticleID" => value::push(&mut properties.kb_articles, text, "KBArticleID", REFERENCES_MAX)?,
            "SecurityBulletinID" => {
                value::push(&mut properties.security_bulletins, text, "SecurityBulletinID", REFERENCES_MAX)?;
            }
            "CVEID" => value::push(&mut properties.cves, text, "CVEID", REFERENCES_MAX)?,
            "MoreInfoUrl" => value::push(&mut properties.more_info_urls, text, "MoreInfoUrl", LANGUAGES_MAX)?,
            "SupportUrl" => properties.support_url = Some(text),
            _ => {
                let language = value::language("Language", &text)?;
                value::push(&mut properties.languages, language, "Language", LANGUAGES_MAX)?;
            }
        }
    }
    Ok(properties)
}

fn attributes(tag: &Tag<'_>) -> Result<Properties, Reason> {
    let default_language = value::required(tag, "DefaultPropertiesLanguage")?;
    let severity = value::optional(tag, "MsrcSeverity", VALUE_CHARS_MAX)?;
    Ok(Properties {
        update_type: update_type(&value::required(tag, "UpdateType")?)?,
        explicitly_deployable: value::boolean(tag, "ExplicitlyDeployable")?,
        publication: publication(value::optional(tag, "PublicationState", VALUE_CHARS_MAX)?.as_deref())?,
        created_at: value::parsed(tag, "CreationDate", "a date and time")?,
        legacy_name: value::optional(tag, "LegacyName", VALUE_CHARS_MAX)?,
        is_beta: value::boolean(tag, "IsBeta")?,
        handler: value::optional(tag, "Handler", VALUE_CHARS_MAX)?,
        max_download_bytes: bytes(tag, "MaxDownloadSize")?,
        min_download_bytes: bytes(tag, "MinDownloadSize")?,
        compatible_protocol_version: protocol_version(tag)?,
        severity: severity.as_deref().map(self::severity),
        eula_id: value::parsed(tag, "EulaID", "a GUID")?,
        default_language: value::language("DefaultPropertiesLanguage", &default_language)?,
        kb_articles: Vec::new(),
        security_bulletins: Vec::new(),
        cves: Vec::new(),
        support_url: None,
        more_info_urls: Vec::new(),
        installation: Behavior::default(),
        uninstallation: None,
        languages: Vec::new(),
    })
}

fn update_type(text: &str) -> Result<UpdateType, Reason> {
    match text {
        "Category" => Ok(UpdateType::Category),
        "Detectoid" => Ok(UpdateType::Detectoid),
        "Software" => Ok(UpdateType::Software),
        "Driver" => Ok(UpdateType::Driver),
        _ => Err(Error::value("UpdateType", text, "expected Category, Detectoid, Software or Driver").into()),
    }
}

fn publication(text: Option<&str>) -> Result<Publication, Reason> {
    match text {
        None | Some("Published") => Ok(Publication::Published),
        Some("Expired") => Ok(Publication::Expired),
        Some(text) => Err(Error::value("PublicationState", text, "expected Published or Expired").into()),
    }
}

fn bytes(tag: &Tag<'_>, name: &'static str) -> Result<u64, Reason> {
    Ok(value::parsed(tag, name, "a number of bytes")?.unwrap_or(0))
}

fn protocol_version(tag: &Tag<'_>) -> Result<Option<ProtocolVersion>, Reason> {
    value::parsed(tag, "CompatibleProtocolVersion", "a version such as 1.4")
}

fn severity(text: &str) -> Severity {
    match text {
        "Critical" => Severity::Critical,
        "Important" => Severity::Important,
        "Moderate" => Severity::Moderate,
        "Low" => Severity::Low,
        _ => Severity::Unspecified,
    }
}

fn behavior(tag: &Tag<'_>) -> Result<Behavior, Reason> {
    Ok(Behavior {
        reboot: match value::optional(tag, "RebootBehavior", VALUE_CHARS_MAX)?.as_deref() {
            None | Some("NeverReboots") => Reboot::Never,
            Some("AlwaysRequiresReboot") => Reboot::Always,
            Some(_) => Reboot::Possible,
        },
        impact: match value::optional(tag, "Impact", VALUE_CHARS_MAX)?.as_deref() {
            Some("Minor") => Impact::Minor,
            Some("RequiresExclusiveHandling") => Impact::Exclusive,
            _ => Impact::Normal,
        },
        can_request_user_input: value::boolean(tag, "CanRequestUserInput")?,
        requires_network: value::boolean(tag, "RequiresNetworkConnectivity")?,
    })
}

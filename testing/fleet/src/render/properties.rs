//! The properties of a document, plain and localized.

use std::fmt::Write as _;

use super::{CATEGORY, Document, escaped};
use crate::draw::{Draws, Purpose};
use crate::file::GeneratedFile;
use crate::languages::{LANGUAGES, Language};
use crate::plan::{Handler, Kind, Role, Software};
use crate::titles;

const SEVERITIES: [&str; 4] = ["Critical", "Important", "Moderate", "Low"];
const DETECTOID_TYPES: [&str; 6] = [
    "Application Locale",
    "SKU or Feature",
    "Architecture",
    "Service Pack",
    "Windows Locale",
    "WMI Detection",
];
/// How many detectoids of the export are of each type.
const DETECTOID_TYPE_WEIGHTS: [u64; 6] = [1_777, 1_417, 190, 175, 85, 30];

impl Handler {
    /// The namespace by which documents name the handler.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::OsInstaller => "http://schemas.microsoft.com/msus/2016/01/UpdateHandlers/OSInstaller",
            Self::Cbs { .. } => "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/Cbs",
            Self::CommandLine => {
                "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/CommandLineInstallation"
            }
            Self::WindowsInstaller => {
                "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsInstaller"
            }
        }
    }
}

impl Document<'_> {
    pub(super) fn properties(&mut self, files: &[GeneratedFile]) {
        let mut draws = self.draws(Purpose::Properties);
        let state = if self.update.expired { "Expired" } else { "Published" };
        let publication = format!(
            r#"PublicationState="{state}" CreationDate="{}" PublisherID="{}""#,
            self.creation_date(&mut draws),
            Draws::new(self.catalogue.spec.seed, Purpose::Id, draws.below(20) << 32).update_id()
        );
        match &self.update.kind {
            Kind::Classification(_) | Kind::Company | Kind::Family | Kind::Product { .. } => {
                let _ = write!(
                    self.out,
                    r#"<upd:Properties DefaultPropertiesLanguage="en" UpdateType="Category" ExplicitlyDeployable="false" PerUser="false" IsPublic="false" Handler="{CATEGORY}" {publication}></upd:Properties>"#
                );
            }
            Kind::Architecture(_) | Kind::Detectoid { .. } => {
                let detectoid_type = DETECTOID_TYPES[draws.weighted(&DETECTOID_TYPE_WEIGHTS)];
                let _ = write!(
                    self.out,
                    r#"<upd:Properties DefaultPropertiesLanguage="en" UpdateType="Detectoid" ExplicitlyDeployable="false" PerUser="false" IsPublic="false" DetectoidType="{detectoid_type}" {publication}></upd:Properties>"#
                );
            }
            Kind::Software(software) => self.software_properties(software, &publication, files, &mut draws),
        }
    }

    fn software_properties(
        &mut self,
        software: &Software,
        publication: &str,
        files: &[GeneratedFile],
        draws: &mut Draws,
    ) {
        let kb = titles::kb(software.release);
        let release = self.catalogue.plan.releases[software.release as usize];
        let deployable = matches!(software.role, Role::Bundle | Role::Standalone);
        self.out.push_str("<upd:Properties UpdateType=\"Software\" DefaultPropertiesLanguage=\"en\"");
        if deployable {
            self.out.push_str(" AutoSelectOnWebSites=\"true\" ExplicitlyDeployable=\"true\"");
            if matches!(release.classification, titles::CRITICAL | titles::SECURITY) {
                let _ = write!(self.out, " MsrcSeverity=\"{}\"", draws.pick(&SEVERITIES));
            }
        }
        if let Some(payload) = software.payload {
            let bytes: u64 = files.iter().map(|file| file.bytes).sum();
            if payload.handler == Handler::OsInstaller {
                let (name, position) = (release.architecture.name(), release.position);
                let _ = write!(
                    self.out,
                    r#" ProductName="Client.OS.{name}" ReleaseVersion="11.0.26100.{position}" ReleaseRevision="1""#
                );
            }
            let namespace = payload.handler.namespace();
            let _ =
                write!(self.out, r#" Handler="{namespace}" MaxDownloadSize="{bytes}" MinDownloadSize="0""#);
        }
        let _ = write!(self.out, " {publication}>");
        self.out.push_str(match software.payload.map(|payload| payload.handler) {
            Some(Handler::CommandLine) => "<upd:InstallationBehavior Impact=\"Minor\" />",
            Some(_) => "<upd:InstallationBehavior RebootBehavior=\"CanRequestReboot\" />",
            None => "",
        });
        if let Some(Handler::Cbs { .. }) = software.payload.map(|payload| payload.handler) {
            self.out.push_str("<upd:UninstallationBehavior RebootBehavior=\"CanRequestReboot\" />");
        }
        if deployable {
            let _ =
                write!(self.out, "<upd:SupportUrl>https://support.example/?kb={kb}&amp;v=1</upd:SupportUrl>");
            if release.classification == titles::SECURITY && draws.permille(300) {
                let (year, _) = titles::month(&self.catalogue.plan, &release);
                let _ = write!(
                    self.out,
                    "<upd:SecurityBulletinID>MS{:02}-{:03}</upd:SecurityBulletinID>",
                    year % 100,
                    kb % 1000
                );
            }
            let _ = write!(self.out, "<upd:KBArticleID>{kb}</upd:KBArticleID>");
        }
        if matches!(software.payload, Some(payload) if payload.handler == Handler::OsInstaller) {
            self.out.push_str("<upd:Language>all</upd:Language>");
        }
        self.out.push_str("</upd:Properties>");
    }

    /// Mostly in UTC with milliseconds; a few documents of the export have seven digits and an offset.
    fn creation_date(&self, draws: &mut Draws) -> String {
        let (year, month) = match &self.update.kind {
            Kind::Software(software) => {
                let plan = &self.catalogue.plan;
                titles::month(plan, &plan.releases[software.release as usize])
            }
            _ => (draws.between(2004, 2026) as u32, draws.between(1, 12) as u32),
        };
        // The older of two revisions was made before the newer one.
        let older = self.revision != self.catalogue.revision(self.index);
        let day = if older { draws.between(1, 9) } else { draws.between(10, 28) };
        let (hour, minute, second) = (draws.below(24), draws.below(60), draws.below(60));
        let time = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if year < 2006 {
            format!("{time}.{:07}-08:00", draws.below(10_000_000))
        } else {
            format!("{time}.{:03}Z", draws.below(1000))
        }
    }

    /// Detectoids and members have English only; products now and then, bundles always many.
    pub(super) fn localized(&mut self) {
        let mut draws = self.draws(Purpose::Order);
        let languages = match &self.update.kind {
            Kind::Software(Software { role: Role::Bundle | Role::Standalone, .. }) => draws.between(24, 38),
            Kind::Classification(_) | Kind::Company | Kind::Family | Kind::Product { .. } => {
                match draws.below(100) {
                    0..91 => 1,
                    91..95 => draws.between(2, 23),
                    _ => draws.between(24, 38),
                }
            }
            _ => 1,
        };
        self.out.push_str("<upd:LocalizedPropertiesCollection>");
        let title = escaped(&titles::title(&self.catalogue.plan, self.index, self.update));
        for language in &LANGUAGES[..languages as usize] {
            self.localized_properties(language, &title);
        }
        self.out.push_str("</upd:LocalizedPropertiesCollection>");
    }

    fn localized_properties(&mut self, language: &Language, title: &str) {
        let code = language.code;
        let _ = write!(self.out, "<upd:LocalizedProperties><upd:Language>{code}</upd:Language>");
        match &self.update.kind {
            Kind::Software(software @ Software { role: Role::Bundle | Role::Standalone, .. }) => {
                let plan = &self.catalogue.plan;
                let (release, role) = (software.release, software.role);
                let title = match code {
                    "en" => title.to_owned(),
                    _ => escaped(&titles::software_title(plan, release, role, language.update_for)),
                };
                let kb = titles::kb(release);
                let _ = write!(
                    self.out,
                    "<upd:Title>{title}</upd:Title><upd:Description>{}</upd:Description><upd:MoreInfoUrl>https://support.example/{code}/{kb}</upd:MoreInfoUrl><upd:SupportUrl>https://support.example/</upd:SupportUrl>",
                    language.description
                );
            }
            Kind::Software(_) => {
                let _ = write!(self.out, "<upd:Title>{title}</upd:Title>");
            }
            _ => {
                let _ = write!(
                    self.out,
                    "<upd:Title>{title}</upd:Title><upd:Description>{title}</upd:Description>"
                );
            }
        }
        self.out.push_str("</upd:LocalizedProperties>");
    }
}

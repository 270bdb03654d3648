//! Files, and what the handler is told about them.

use std::fmt::Write as _;

use super::{Document, INSTANCE};
use crate::catalogue::Catalogue;
use crate::draw::{Draws, Purpose};
use crate::file::GeneratedFile;
use crate::plan::{Handler, Index, Kind, Payload, Software, Update};
use crate::titles;

/// File extensions of unified update sets, and how often the real catalogue has them.
const OS_INSTALLER_EXTENSIONS: [&str; 4] = ["cab", "wim", "psf", "msu"];
const OS_INSTALLER_WEIGHTS: [u64; 4] = [2_114, 854, 698, 173];

/// The files of an update.
pub(super) fn files(catalogue: &Catalogue, index: Index, update: &Update) -> Vec<GeneratedFile> {
    let Kind::Software(Software { release, payload: Some(payload), .. }) = &update.kind else {
        return Vec::new();
    };
    let architecture = catalogue.plan.releases[*release as usize].architecture.name();
    let mut draws = catalogue.draws(Purpose::Files, index);
    (payload.first_file..payload.first_file + payload.files)
        .map(|number| {
            let (extension, pretended_bytes) = file(payload.handler, &mut draws);
            let name = format!("Example11.0-KB{}-{architecture}-{number}.{extension}", titles::kb(*release));
            match catalogue.content_bytes.get(number as usize) {
                Some(bytes) => {
                    let seed = u64::from(number) + 1;
                    let content = Draws::new(catalogue.spec.seed, Purpose::Content, seed);
                    GeneratedFile::with_content(name, *bytes, content)
                }
                None => GeneratedFile::pretended(name, pretended_bytes, &mut draws),
            }
        })
        .collect()
}

/// Extension and size of one file of such an update. A whole unified update set has about 9 GB.
fn file(handler: Handler, draws: &mut Draws) -> (&'static str, u64) {
    match handler {
        Handler::Cbs { .. } => ("cab", draws.magnitude(22, 29)),
        Handler::CommandLine => ("exe", draws.magnitude(19, 24)),
        Handler::WindowsInstaller => ("cab", draws.magnitude(18, 24)),
        Handler::OsInstaller => {
            let extension = OS_INSTALLER_EXTENSIONS[draws.weighted(&OS_INSTALLER_WEIGHTS)];
            let bytes = match extension {
                "cab" => draws.magnitude(18, 28),
                "msu" => draws.magnitude(26, 30),
                _ => draws.magnitude(29, 32),
            };
            (extension, bytes)
        }
    }
}

impl Document<'_> {
    /// Files and handler data, which only members, stand-alone updates and categories have.
    pub(super) fn payload(&mut self, files: &[GeneratedFile]) {
        match &self.update.kind {
            Kind::Software(Software { payload: Some(payload), .. }) => {
                self.files(payload, files);
                self.handler_data(payload.handler, files);
            }
            Kind::Software(_) | Kind::Architecture(_) | Kind::Detectoid { .. } => {}
            Kind::Classification(_) => self.category("UpdateClassification", true, false),
            Kind::Company => self.category("Company", false, true),
            Kind::Family => self.category("ProductFamily", false, true),
            Kind::Product { .. } => self.category("Product", true, false),
        }
    }

    fn category(&mut self, category_type: &str, no_subcategories: bool, no_updates: bool) {
        let _ = write!(
            self.out,
            r#"<upd:HandlerSpecificData xsi:type="cat:Category" xmlns:xsi="{INSTANCE}"><cat:CategoryInformation CategoryType="{category_type}" ProhibitsSubcategories="{no_subcategories}" ProhibitsUpdates="{no_updates}" /></upd:HandlerSpecificData>"#
        );
    }

    fn files(&mut self, payload: &Payload, files: &[GeneratedFile]) {
        self.out.push_str("<upd:Files>");
        for (position, file) in files.iter().enumerate() {
            let patching = match payload.handler {
                Handler::CommandLine => "",
                Handler::OsInstaller if position == 0 => " PatchingTypePreferred=\"Metadata\"",
                _ => " PatchingType=\"SelfContained\"",
            };
            let _ = write!(
                self.out,
                r#"<upd:File Digest="{}" DigestAlgorithm="SHA1" FileName="{}" Size="{}" Modified="2026-02-03T04:05:06Z"{patching}><upd:AdditionalDigest Algorithm="SHA256">{}</upd:AdditionalDigest></upd:File>"#,
                file.sha1.to_base64(),
                file.name,
                file.bytes,
                file.sha256.to_base64()
            );
        }
        self.out.push_str("</upd:Files>");
    }

    fn handler_data(&mut self, handler: Handler, files: &[GeneratedFile]) {
        let namespace = handler.namespace();
        let _ = match handler {
            Handler::Cbs { .. } => write!(
                self.out,
                r#"<upd:HandlerSpecificData xsi:type="cbs:Cbs" xmlns:xsi="{INSTANCE}" xmlns:cbs="{namespace}"><cbs:CbsData PackageIdentity="" /></upd:HandlerSpecificData>"#
            ),
            Handler::OsInstaller => write!(
                self.out,
                r#"<upd:HandlerSpecificData xsi:type="OSInstallerMetadata" xmlns:xsi="{INSTANCE}" xmlns="{namespace}"><OSInstallData InitialModule="UpdateAgent.dll" /></upd:HandlerSpecificData>"#
            ),
            Handler::CommandLine => {
                let program = files.first().map(|file| file.name.as_str()).unwrap_or_default();
                write!(
                    self.out,
                    r#"<upd:HandlerSpecificData xsi:type="cmd:CommandLineInstallation" xmlns:xsi="{INSTANCE}" xmlns:cmd="{namespace}"><cmd:InstallCommand Program="{program}" Arguments="/quiet"><cmd:ReturnCode Code="0" Result="Succeeded" /></cmd:InstallCommand></upd:HandlerSpecificData>"#
                )
            }
            Handler::WindowsInstaller => {
                let patch = self.draws(Purpose::Manifest).update_id();
                write!(
                    self.out,
                    r#"<upd:HandlerSpecificData xsi:type="msp:WindowsInstaller" xmlns:xsi="{INSTANCE}" xmlns:msp="{namespace}"><msp:MspData CommandLine="DISABLESRCPROMPT=1" UninstallCommandLine="DISABLESRCPROMPT=1" FullFilePatchCode="{{{patch}}}" /></upd:HandlerSpecificData>"#
                )
            }
        };
    }
}

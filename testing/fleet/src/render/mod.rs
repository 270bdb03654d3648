//! Update documents, written in the order and the form of real ones.

mod payload;
mod properties;

use std::fmt::Write as _;

use headwater_model::UpdateIdentity;
use headwater_xml::Writer;

use crate::catalogue::{Catalogue, DocumentKind, GeneratedDocument};
use crate::draw::{Draws, Purpose};
use crate::plan::{Clause, Handler, Index, Kind, Software, Update};
use crate::rules::{self, BASE, CBS, LOGICAL, MSI};
use crate::{manifest, titles};

const PUBLISHING: &str = "http://schemas.microsoft.com/msus/2002/12/Publishing";
const UPDATE: &str = "http://schemas.microsoft.com/msus/2002/12/Update";
const CATEGORY: &str = "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/Category";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The newest revision of an update.
pub(crate) fn document(catalogue: &Catalogue, index: Index) -> GeneratedDocument {
    Document::new(catalogue, index, catalogue.revision(index)).write()
}

/// The revision before the newest one.
pub(crate) fn older_document(catalogue: &Catalogue, index: Index) -> GeneratedDocument {
    Document::new(catalogue, index, catalogue.revision(index) - 1).write()
}

/// One document while it is written. Writing to a `String` does not fail, so the results of `write!`
/// are dropped here and below.
struct Document<'a> {
    catalogue: &'a Catalogue,
    update: &'a Update,
    index: Index,
    revision: u32,
    out: String,
}

impl<'a> Document<'a> {
    fn new(catalogue: &'a Catalogue, index: Index, revision: u32) -> Self {
        let update = &catalogue.plan.updates[index as usize];
        Self { catalogue, update, index, revision, out: String::with_capacity(4096) }
    }

    fn write(mut self) -> GeneratedDocument {
        let _ = write!(
            self.out,
            r#"<upd:Update xmlns:pub="{PUBLISHING}" xmlns:bar="{BASE}" xmlns:lar="{LOGICAL}" xmlns:msiar="{MSI}" xmlns:cbsar="{CBS}" xmlns:cat="{CATEGORY}" xmlns:upd="{UPDATE}">"#
        );
        self.identity();
        let files = payload::files(self.catalogue, self.index, self.update);
        self.properties(&files);
        self.localized();
        self.relationships();
        self.applicability();
        self.payload(&files);
        self.out.push_str("</upd:Update>");
        GeneratedDocument {
            identity: UpdateIdentity { id: self.catalogue.id(self.index), revision: self.revision },
            kind: match self.update.kind {
                Kind::Classification(_) | Kind::Company | Kind::Family | Kind::Product { .. } => {
                    DocumentKind::Category
                }
                Kind::Architecture(_) | Kind::Detectoid { .. } => DocumentKind::Detectoid,
                Kind::Software(_) => DocumentKind::Software,
            },
            xml: self.out,
            files,
        }
    }

    fn draws(&self, purpose: Purpose) -> Draws {
        self.catalogue.draws(purpose, self.index)
    }

    /// One real identity in five is written in upper case.
    fn identity(&mut self) {
        let mut id = self.catalogue.id(self.index).to_string();
        if !matches!(self.update.kind, Kind::Software(_)) && self.draws(Purpose::Id).permille(190) {
            id.make_ascii_uppercase();
        }
        let _ =
            write!(self.out, r#"<upd:UpdateIdentity UpdateID="{id}" RevisionNumber="{}" />"#, self.revision);
    }

    fn reference(&mut self, target: Index) {
        let id = self.catalogue.id(target);
        let _ = write!(self.out, r#"<upd:UpdateIdentity UpdateID="{id}" />"#);
    }

    fn member(&mut self, member: Index) {
        let (id, revision) = (self.catalogue.id(member), self.catalogue.revision(member));
        let _ = write!(self.out, r#"<upd:UpdateIdentity UpdateID="{id}" RevisionNumber="{revision}" />"#);
    }

    fn relationships(&mut self) {
        let (catalogue, update) = (self.catalogue, self.update);
        let superseded = catalogue.plan.superseded_by(update);
        let bundled = match &update.kind {
            Kind::Software(software) => software.bundled.as_slice(),
            _ => &[],
        };
        if superseded.is_empty() && update.prerequisites.is_empty() && bundled.is_empty() {
            return;
        }
        self.out.push_str("<upd:Relationships>");
        self.section("SupersededUpdates", superseded, |document, target| document.reference(*target));
        self.section("Prerequisites", &update.prerequisites, Self::clause);
        self.section("BundledUpdates", bundled, |document, group| match group[..] {
            [one] => document.member(one),
            _ => {
                document.out.push_str("<upd:AtLeastOne>");
                group.iter().for_each(|member| document.member(*member));
                document.out.push_str("</upd:AtLeastOne>");
            }
        });
        self.out.push_str("</upd:Relationships>");
    }

    fn section<T>(&mut self, name: &str, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        if !items.is_empty() {
            let _ = write!(self.out, "<upd:{name}>");
            items.iter().for_each(|each| item(self, each));
            let _ = write!(self.out, "</upd:{name}>");
        }
    }

    fn clause(&mut self, clause: &Clause) {
        if let Clause::Update(target) = clause {
            return self.reference(*target);
        }
        let category = matches!(clause, Clause::Category(_));
        self.out.push_str(if category { "<upd:AtLeastOne IsCategory=\"true\">" } else { "<upd:AtLeastOne>" });
        clause.targets().iter().for_each(|target| self.reference(*target));
        self.out.push_str("</upd:AtLeastOne>");
    }

    /// Bundles have no rules of their own.
    fn applicability(&mut self) {
        let plan = &self.catalogue.plan;
        let mut draws = self.draws(Purpose::Rules);
        let (installed, installable) = match &self.update.kind {
            Kind::Software(Software { payload: None, .. }) => return,
            Kind::Software(software @ Software { payload: Some(payload), .. }) => {
                let (installed, installable) = rules::payload(payload.handler, software, plan, &mut draws);
                (installed, Some(installable))
            }
            _ => (rules::installed(plan, self.update, &mut draws), None),
        };
        let _ = write!(self.out, "<upd:ApplicabilityRules><upd:IsInstalled>{installed}</upd:IsInstalled>");
        if let Some(installable) = installable {
            let _ = write!(self.out, "<upd:IsInstallable>{installable}</upd:IsInstallable>");
        }
        if let Kind::Software(software @ Software { payload: Some(payload), .. }) = &self.update.kind {
            self.metadata(payload.handler, software);
        }
        self.out.push_str("</upd:ApplicabilityRules>");
    }

    /// What the rules of a handler read besides the machine.
    fn metadata(&mut self, handler: Handler, software: &Software) {
        let architecture = self.catalogue.plan.releases[software.release as usize].architecture.name();
        let mut draws = self.draws(Purpose::Manifest);
        match handler {
            Handler::Cbs { manifest } => {
                let bytes = self.catalogue.manifest_bytes[manifest as usize];
                self.out.push_str("<upd:Metadata><cbsar:CbsPackageApplicabilityMetadata>");
                manifest::write(&mut self.out, bytes, titles::kb(software.release), architecture, &mut draws);
                self.out.push_str("</cbsar:CbsPackageApplicabilityMetadata></upd:Metadata>");
            }
            Handler::WindowsInstaller => {
                let (patch, product) = (draws.update_id(), draws.update_id());
                let _ = write!(
                    self.out,
                    r#"<upd:Metadata><msiar:MsiPatchMetadata><MsiPatch SchemaVersion="1.0.0.0" PatchGUID="{{{patch}}}" MinMsiVersion="3" xmlns="http://www.microsoft.com/msi/patch_applicability.xsd"><TargetProduct MinMsiVersion="200"><TargetProductCode Validate="true">{{{product}}}</TargetProductCode><TargetVersion Validate="true" ComparisonType="Equal" ComparisonFilter="MajorMinorUpdate">11.0.1</TargetVersion></TargetProduct></MsiPatch></msiar:MsiPatchMetadata></upd:Metadata>"#
                );
            }
            Handler::OsInstaller | Handler::CommandLine => {}
        }
    }
}

/// Text with its special characters escaped.
fn escaped(text: &str) -> String {
    let mut writer = Writer::new();
    writer.text(text);
    writer.into_string()
}

//! Small update documents in the form of GetUpdateData ([MS-WSUSSS] 3.1.4.6): the elements and
//! their order are those of real documents, everything in them is invented.

use headwater_model::{EulaId, UpdateId, UpdateIdentity};
use headwater_xml::Writer;
use sha2::Digest as _;

/// A document that can be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub identity: UpdateIdentity,
    pub xml: String,
}

impl Document {
    pub fn file_name(&self) -> String {
        format!("{}-r{}.xml", self.identity.id, self.identity.revision)
    }
}

/// The id of the update of this number.
pub const fn id(number: u32) -> UpdateId {
    UpdateId::from_u128(0xdeca_f000_0000_4000_8000_0000_0000_0000 | number as u128)
}

/// The first revision that [`Update`] gives.
pub const REVISION: u32 = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Category(&'static str),
    Detectoid,
    Software,
}

#[derive(Debug, Clone)]
struct File {
    name: String,
    content: Vec<u8>,
}

/// An update that is being written.
#[derive(Debug, Clone)]
pub struct Update {
    identity: UpdateIdentity,
    kind: Kind,
    title: String,
    deployable: bool,
    expired: bool,
    licence: Option<EulaId>,
    /// By language.
    terms: Vec<(String, File)>,
    requires: Vec<Vec<UpdateId>>,
    categories: Vec<UpdateId>,
    bundles: Vec<Vec<UpdateIdentity>>,
    supersedes: Vec<UpdateId>,
    files: Vec<File>,
    padding_bytes: usize,
}

impl Update {
    fn new(number: u32, kind: Kind, title: &str) -> Self {
        Self {
            identity: UpdateIdentity { id: id(number), revision: REVISION },
            kind,
            title: title.to_owned(),
            deployable: kind == Kind::Software,
            expired: false,
            licence: None,
            terms: Vec::new(),
            requires: Vec::new(),
            categories: Vec::new(),
            bundles: Vec::new(),
            supersedes: Vec::new(),
            files: Vec::new(),
            padding_bytes: 0,
        }
    }

    pub fn company(number: u32, title: &str) -> Self {
        Self::new(number, Kind::Category("Company"), title)
    }

    pub fn product(number: u32, title: &str) -> Self {
        Self::new(number, Kind::Category("Product"), title)
    }

    pub fn classification(number: u32, title: &str) -> Self {
        Self::new(number, Kind::Category("UpdateClassification"), title)
    }

    pub fn detectoid(number: u32, title: &str) -> Self {
        Self::new(number, Kind::Detectoid, title)
    }

    /// Software that can be approved.
    pub fn software(number: u32, title: &str) -> Self {
        Self::new(number, Kind::Software, title)
    }

    /// Software that is installed as a part of a bundle only.
    pub fn member(number: u32, title: &str) -> Self {
        Self { deployable: false, ..Self::new(number, Kind::Software, title) }
    }

    pub fn revision(mut self, revision: u32) -> Self {
        self.identity.revision = revision;
        self
    }

    /// Stands for an update of the real catalogue.
    pub fn of(mut self, identity: UpdateIdentity) -> Self {
        self.identity = identity;
        self
    }

    pub fn identity(&self) -> UpdateIdentity {
        self.identity
    }

    /// A clause with one update.
    pub fn requires(self, number: u32) -> Self {
        self.requires_any(&[number])
    }

    /// A clause of which one update is enough.
    pub fn requires_any(mut self, numbers: &[u32]) -> Self {
        self.requires.push(numbers.iter().copied().map(id).collect());
        self
    }

    pub fn in_category(mut self, number: u32) -> Self {
        self.categories.push(id(number));
        self
    }

    /// A clause of members in their first revision.
    pub fn bundles(self, numbers: &[u32]) -> Self {
        let members = numbers.iter().map(|number| UpdateIdentity { id: id(*number), revision: REVISION });
        self.bundles_revisions(members.collect())
    }

    pub fn bundles_revisions(mut self, members: Vec<UpdateIdentity>) -> Self {
        self.bundles.push(members);
        self
    }

    pub fn supersedes(mut self, number: u32) -> Self {
        self.supersedes.push(id(number));
        self
    }

    pub fn file(mut self, name: &str, content: &[u8]) -> Self {
        self.files.push(File { name: name.to_owned(), content: content.to_vec() });
        self
    }

    /// It has to be accepted.
    pub fn licence(mut self, licence: EulaId) -> Self {
        self.licence = Some(licence);
        self
    }

    /// A file with the terms of its licence.
    pub fn terms(mut self, language: &str, name: &str, content: &[u8]) -> Self {
        self.terms.push((language.to_owned(), File { name: name.to_owned(), content: content.to_vec() }));
        self
    }

    /// Withdrawn by its publisher.
    pub fn expired(mut self) -> Self {
        self.expired = true;
        self
    }

    /// Makes the rules, and with them the Core fragment, so much longer.
    pub fn padded(mut self, bytes: usize) -> Self {
        self.padding_bytes = bytes;
        self
    }

    pub fn document(&self) -> Document {
        Document { identity: self.identity, xml: self.xml() }
    }

    fn xml(&self) -> String {
        let mut writer = Writer::new().spaced();
        let namespaces = NAMESPACES.map(|(prefix, name)| (format!("xmlns:{prefix}"), name));
        let namespaces: Vec<(&str, &str)> =
            namespaces.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        writer.element_with("upd:Update", &namespaces, |w| {
            self.write_identity(w);
            self.write_properties(w);
            self.write_texts(w);
            self.write_relationships(w);
            self.write_rules(w);
            self.write_files(w);
            self.write_handler_data(w);
        });
        writer.into_string()
    }

    fn write_identity(&self, writer: &mut Writer) {
        let revision = self.identity.revision.to_string();
        let id = self.identity.id.to_string();
        writer.element_with(
            "upd:UpdateIdentity",
            &[("UpdateID", &id), ("RevisionNumber", &revision)],
            |_| {},
        );
    }

    fn write_properties(&self, writer: &mut Writer) {
        let bytes = self.files.iter().map(|file| file.content.len()).sum::<usize>().to_string();
        let state = if self.expired { "Expired" } else { "Published" };
        let mut attributes = vec![("DefaultPropertiesLanguage", "en"), ("UpdateType", self.update_type())];
        if self.deployable {
            attributes.push(("ExplicitlyDeployable", "true"));
        }
        attributes.extend(self.handler().map(|(_, name)| ("Handler", name)));
        let licence = self.licence.map(|licence| licence.to_string());
        attributes.extend(licence.as_deref().map(|licence| ("EulaID", licence)));
        if !self.files.is_empty() {
            attributes.extend([("MaxDownloadSize", bytes.as_str()), ("MinDownloadSize", "0")]);
        }
        attributes.extend([
            ("PublicationState", state),
            ("CreationDate", "2026-09-02T08:19:36.190Z"),
            ("PublisherID", "395392a0-19c0-48b7-a927-f7c15066d905"),
        ]);
        writer.element_with("upd:Properties", &attributes, |w| {
            if !self.files.is_empty() {
                w.element_with("upd:InstallationBehavior", &[("Impact", "Minor")], |_| {});
            }
        });
    }

    fn update_type(&self) -> &'static str {
        match self.kind {
            Kind::Category(_) => "Category",
            Kind::Detectoid => "Detectoid",
            Kind::Software => "Software",
        }
    }

    /// The prefix and the name of what installs it.
    fn handler(&self) -> Option<(&'static str, &'static str)> {
        match self.kind {
            Kind::Category(_) => Some(("cat", CATEGORY)),
            Kind::Software if !self.files.is_empty() => Some(("cmd", COMMAND_LINE)),
            Kind::Detectoid | Kind::Software => None,
        }
    }

    fn write_texts(&self, writer: &mut Writer) {
        writer.element("upd:LocalizedPropertiesCollection", |w| {
            for (language, title) in [("en", self.title.clone()), ("de", format!("{} (de)", self.title))] {
                w.element("upd:LocalizedProperties", |w| {
                    w.value("upd:Language", language);
                    w.value("upd:Title", title);
                });
            }
            for (language, file) in &self.terms {
                write_file(w, "upd:EulaFile", &[("Language", language)], file);
            }
        });
    }

    fn write_relationships(&self, writer: &mut Writer) {
        let none = self.requires.is_empty() && self.categories.is_empty();
        if none && self.bundles.is_empty() && self.supersedes.is_empty() {
            return;
        }
        writer.element("upd:Relationships", |w| {
            if !none {
                w.element("upd:Prerequisites", |w| self.write_prerequisites(w));
            }
            if !self.supersedes.is_empty() {
                w.element("upd:SupersededUpdates", |w| self.supersedes.iter().for_each(|id| named(w, *id)));
            }
            if !self.bundles.is_empty() {
                w.element("upd:BundledUpdates", |w| self.write_bundles(w));
            }
        });
    }

    fn write_prerequisites(&self, writer: &mut Writer) {
        for clause in &self.requires {
            match &clause[..] {
                [one] => named(writer, *one),
                several => {
                    writer.element("upd:AtLeastOne", |w| several.iter().for_each(|update| named(w, *update)))
                }
            }
        }
        for category in &self.categories {
            writer.element_with("upd:AtLeastOne", &[("IsCategory", "true")], |w| named(w, *category));
        }
    }

    fn write_bundles(&self, writer: &mut Writer) {
        for clause in &self.bundles {
            writer.element("upd:AtLeastOne", |w| {
                for member in clause {
                    let (id, revision) = (member.id.to_string(), member.revision.to_string());
                    let attributes = [("UpdateID", id.as_str()), ("RevisionNumber", revision.as_str())];
                    w.element_with("upd:UpdateIdentity", &attributes, |_| {});
                }
            });
        }
    }

    /// Bundles have no rules of their own.
    fn write_rules(&self, writer: &mut Writer) {
        if !self.bundles.is_empty() {
            return;
        }
        writer.element("upd:ApplicabilityRules", |w| {
            w.element("upd:IsInstalled", |w| match self.padding_bytes {
                0 => w.element("lar:True", |_| {}),
                bytes => {
                    let subkey = "x".repeat(bytes);
                    let attributes = [("Key", "HKEY_LOCAL_MACHINE"), ("Subkey", subkey.as_str())];
                    w.element_with("bar:RegKeyExists", &attributes, |_| {});
                }
            });
            if self.kind == Kind::Software {
                w.element("upd:IsInstallable", |w| w.element("lar:True", |_| {}));
            }
        });
    }

    fn write_files(&self, writer: &mut Writer) {
        if self.files.is_empty() {
            return;
        }
        writer.element("upd:Files", |w| {
            for file in &self.files {
                write_file(w, "upd:File", &[], file);
            }
        });
    }

    fn write_handler_data(&self, writer: &mut Writer) {
        let Some((prefix, _)) = self.handler() else { return };
        let schema = ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
        match (self.kind, prefix) {
            (Kind::Category(category), _) => {
                let attributes = [("xsi:type", "cat:Category"), schema];
                writer.element_with("upd:HandlerSpecificData", &attributes, |w| {
                    let information = [("CategoryType", category), ("ProhibitsSubcategories", "false")];
                    w.element_with("cat:CategoryInformation", &information, |_| {});
                });
            }
            _ => {
                let attributes = [("xsi:type", "cmd:CommandLineInstallation"), schema];
                writer.element_with("upd:HandlerSpecificData", &attributes, |w| {
                    let program = self.files.first().map_or("", |file| file.name.as_str());
                    w.element_with("cmd:InstallCommand", &[("Program", program), ("Arguments", "/q")], |w| {
                        let code = [("Code", "0"), ("Result", "Succeeded")];
                        w.element_with("cmd:ReturnCode", &code, |_| {});
                    });
                });
            }
        }
    }
}

fn write_file(writer: &mut Writer, element: &str, more: &[(&str, &str)], file: &File) {
    let sha1 = headwater_model::Sha1Digest(sha1::Sha1::digest(&file.content).into());
    let sha256 = headwater_model::Sha256Digest(sha2::Sha256::digest(&file.content).into());
    let (digest, size) = (sha1.to_base64(), file.content.len().to_string());
    let attributes = [
        ("Digest", digest.as_str()),
        ("DigestAlgorithm", "SHA1"),
        ("FileName", file.name.as_str()),
        ("Size", size.as_str()),
        ("Modified", "2026-09-02T08:19:36Z"),
    ];
    writer.element_with(element, &[&attributes, more].concat(), |w| {
        w.element_with("upd:AdditionalDigest", &[("Algorithm", "SHA256")], |w| {
            w.text(sha256.to_base64());
        });
    });
}

const CATEGORY: &str = "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/Category";
const COMMAND_LINE: &str = "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/CommandLineInstallation";
const NAMESPACES: [(&str, &str); 5] = [
    ("bar", "http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules"),
    ("lar", "http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules"),
    ("cat", CATEGORY),
    ("cmd", COMMAND_LINE),
    ("upd", "http://schemas.microsoft.com/msus/2002/12/Update"),
];

fn named(writer: &mut Writer, update: UpdateId) {
    writer.element_with("upd:UpdateIdentity", &[("UpdateID", &update.to_string())], |_| {});
}

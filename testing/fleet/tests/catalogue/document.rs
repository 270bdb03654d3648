//! A reader of update documents, as little of it as these tests ask about.

use headwater_model::UpdateId;
use headwater_xml::{Element, Error, Event, Limits, Reader};

#[derive(Debug, Default)]
pub struct Document {
    pub id: Option<UpdateId>,
    /// As written.
    pub id_text: String,
    pub revision: u32,
    pub update_type: String,
    pub explicitly_deployable: bool,
    pub expired: bool,
    pub handler: Option<String>,
    /// Elements of the document, in order.
    pub sections: Vec<String>,
    /// Elements within its relationships, in order.
    pub relationships: Vec<String>,
    pub languages: Vec<String>,
    pub prerequisites: Vec<Clause>,
    pub superseded: Vec<UpdateId>,
    /// Groups of which one alternative belongs to the bundle.
    pub bundled: Vec<Vec<(UpdateId, u32)>>,
    pub files: Vec<File>,
}

#[derive(Debug)]
pub struct Clause {
    pub is_category: bool,
    pub alternatives: Vec<UpdateId>,
    /// Whether it stands within `AtLeastOne`.
    pub at_least_one: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub bytes: u64,
    pub sha1: String,
    pub sha256: String,
}

impl Document {
    /// Reads every byte of the document, so that it is well-formed to its end.
    pub fn read(xml: &str) -> Result<Self, Error> {
        let mut reader = Reader::new(xml, Limits::DOCUMENT);
        let root = reader.next_child()?.ok_or(Error::Missing("Update"))?;
        assert_eq!(root.qualified_name(), "upd:Update");
        let mut document = Self::default();
        while let Some(section) = reader.next_child()? {
            document.sections.push(section.local_name().to_owned());
            document.section(&section, &mut reader)?;
        }
        assert!(matches!(reader.next()?, Event::Eof));
        Ok(document)
    }

    pub fn id(&self) -> UpdateId {
        self.id.expect("an identity")
    }

    fn section(&mut self, section: &Element<'_>, reader: &mut Reader<'_>) -> Result<(), Error> {
        match section.local_name() {
            "UpdateIdentity" => {
                self.id_text = section.attribute("UpdateID")?.expect("an id");
                self.id = self.id_text.parse().ok();
                self.revision = section.attribute("RevisionNumber")?.expect("a revision").parse().unwrap();
                reader.skip()
            }
            "Properties" => {
                self.update_type = section.attribute("UpdateType")?.unwrap_or_default();
                self.explicitly_deployable =
                    section.attribute("ExplicitlyDeployable")?.as_deref() == Some("true");
                self.expired = section.attribute("PublicationState")?.as_deref() == Some("Expired");
                self.handler = section.attribute("Handler")?;
                reader.skip()
            }
            "LocalizedPropertiesCollection" => {
                while reader.next_child()?.is_some() {
                    while let Some(property) = reader.next_child()? {
                        match property.local_name() {
                            "Language" => self.languages.push(reader.text()?.into_owned()),
                            _ => reader.skip()?,
                        }
                    }
                }
                Ok(())
            }
            "Relationships" => self.relationships(reader),
            "Files" => self.files(reader),
            _ => reader.skip(),
        }
    }

    fn relationships(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        while let Some(section) = reader.next_child()? {
            self.relationships.push(section.local_name().to_owned());
            let groups = groups(reader)?;
            match section.local_name() {
                "Prerequisites" => {
                    self.prerequisites = groups
                        .into_iter()
                        .map(|group| Clause {
                            is_category: group.is_category,
                            at_least_one: group.at_least_one,
                            alternatives: group.identities.into_iter().map(|(id, _)| id).collect(),
                        })
                        .collect();
                }
                "BundledUpdates" => {
                    let with_revision =
                        |(id, revision): (_, Option<u32>)| (id, revision.expect("a revision"));
                    self.bundled = groups
                        .into_iter()
                        .map(|group| group.identities.into_iter().map(with_revision).collect())
                        .collect();
                }
                "SupersededUpdates" => {
                    self.superseded =
                        groups.into_iter().flat_map(|group| group.identities).map(|(id, _)| id).collect();
                }
                other => panic!("{other} in relationships"),
            }
        }
        Ok(())
    }

    fn files(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        while let Some(file) = reader.next_child()? {
            let attribute = |name| file.attribute(name).map(Option::unwrap_or_default);
            let (name, sha1) = (attribute("FileName")?, attribute("Digest")?);
            let bytes = attribute("Size")?.parse().expect("a size");
            let mut sha256 = String::new();
            while let Some(digest) = reader.next_child()? {
                assert_eq!(digest.attribute("Algorithm")?.as_deref(), Some("SHA256"));
                sha256 = reader.text()?.into_owned();
            }
            self.files.push(File { name, bytes, sha1, sha256 });
        }
        Ok(())
    }
}

#[derive(Default)]
struct Group {
    is_category: bool,
    at_least_one: bool,
    identities: Vec<(UpdateId, Option<u32>)>,
}

fn groups(reader: &mut Reader<'_>) -> Result<Vec<Group>, Error> {
    let mut groups = Vec::new();
    while let Some(element) = reader.next_child()? {
        let mut group = Group::default();
        if element.local_name() == "AtLeastOne" {
            group.at_least_one = true;
            group.is_category = element.attribute("IsCategory")?.as_deref() == Some("true");
            while let Some(element) = reader.next_child()? {
                group.identities.push(identity(&element, reader)?);
            }
        } else {
            group.identities.push(identity(&element, reader)?);
        }
        groups.push(group);
    }
    Ok(groups)
}

fn identity(element: &Element<'_>, reader: &mut Reader<'_>) -> Result<(UpdateId, Option<u32>), Error> {
    assert_eq!(element.local_name(), "UpdateIdentity");
    let id = element.attribute("UpdateID")?.expect("an id").parse().expect("a GUID");
    let revision = element.attribute("RevisionNumber")?.map(|revision| revision.parse().expect("a number"));
    reader.skip()?;
    Ok((id, revision))
}

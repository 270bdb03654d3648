//! The Core fragment of a revision, as far as an agent understands it without evaluating rules.

use headwater_model::{UpdateId, UpdateIdentity};
use headwater_xml::{Element, Error, Limits, Reader, lexical};

/// What an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpdateType {
    Category,
    Detectoid,
    Software,
    Driver,
}

/// A Core fragment ([MS-WUSP] 3.1.1.1, *Metadata Table*).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Core<'a> {
    pub identity: UpdateIdentity,
    pub update_type: UpdateType,
    pub explicitly_deployable: bool,
    /// An update of each clause must be installed.
    pub prerequisites: Vec<Vec<UpdateId>>,
    /// A revision of each clause is installed with it.
    pub bundles: Vec<Vec<UpdateIdentity>>,
    pub supersedes: Vec<UpdateId>,
    /// The whole fragment.
    pub xml: &'a str,
}

impl<'a> Core<'a> {
    /// Reads a fragment up to its rules, which follow all else and may have 47 MB (fact 30).
    pub fn read(xml: &'a str) -> Result<Self, Error> {
        let mut reader = Reader::new(xml, Limits::DOCUMENT);
        let (mut identity, mut properties) = (None, None);
        let mut relationships = Relationships::default();
        while let Some(element) = reader.next_child()? {
            match element.local_name() {
                "UpdateIdentity" => {
                    let revision = attribute(&element, "RevisionNumber")?;
                    identity = Some(UpdateIdentity { id: update_id(&element)?, revision });
                    reader.skip()?;
                }
                "Properties" => {
                    properties = Some(read_properties(&element)?);
                    reader.skip()?;
                }
                "Relationships" => relationships = Relationships::read(&mut reader)?,
                "ApplicabilityRules" => break,
                _ => reader.skip()?,
            }
        }
        let (update_type, explicitly_deployable) = properties.ok_or(Error::Missing("Properties"))?;
        Ok(Self {
            identity: identity.ok_or(Error::Missing("UpdateIdentity"))?,
            update_type,
            explicitly_deployable,
            prerequisites: relationships.prerequisites,
            bundles: relationships.bundles,
            supersedes: relationships.supersedes,
            xml,
        })
    }
}

fn read_properties(element: &Element<'_>) -> Result<(UpdateType, bool), Error> {
    let name = element.attribute("UpdateType")?.ok_or(Error::Missing("UpdateType"))?;
    let update_type = match name.as_str() {
        "Category" => UpdateType::Category,
        "Detectoid" => UpdateType::Detectoid,
        "Software" => UpdateType::Software,
        "Driver" => UpdateType::Driver,
        other => return Err(Error::value("UpdateType", other, "it is no type of an update")),
    };
    let deployable = element.attribute("ExplicitlyDeployable")?;
    let deployable = deployable.map(|text| lexical::boolean("ExplicitlyDeployable", &text)).transpose()?;
    Ok((update_type, deployable.unwrap_or(false)))
}

#[derive(Default)]
struct Relationships {
    prerequisites: Vec<Vec<UpdateId>>,
    bundles: Vec<Vec<UpdateIdentity>>,
    supersedes: Vec<UpdateId>,
}

impl Relationships {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut found = Self::default();
        while let Some(element) = reader.next_child()? {
            match element.local_name() {
                "Prerequisites" => found.prerequisites = clauses(reader, update_id)?,
                "BundledUpdates" => found.bundles = clauses(reader, update_identity)?,
                "SupersededUpdates" => found.supersedes = clauses(reader, update_id)?.concat(),
                _ => reader.skip()?,
            }
        }
        Ok(found)
    }
}

/// Clauses are `AtLeastOne` with several updates or one update alone.
fn clauses<T>(
    reader: &mut Reader<'_>,
    read: impl Fn(&Element<'_>) -> Result<T, Error>,
) -> Result<Vec<Vec<T>>, Error> {
    let mut clauses = Vec::new();
    while let Some(element) = reader.next_child()? {
        match element.local_name() {
            "UpdateIdentity" => {
                clauses.push(vec![read(&element)?]);
                reader.skip()?;
            }
            "AtLeastOne" => {
                let mut clause = Vec::new();
                while let Some(element) = reader.next_child()? {
                    clause.push(read(&element)?);
                    reader.skip()?;
                }
                clauses.push(clause);
            }
            _ => reader.skip()?,
        }
    }
    Ok(clauses)
}

fn update_identity(element: &Element<'_>) -> Result<UpdateIdentity, Error> {
    Ok(UpdateIdentity { id: update_id(element)?, revision: attribute(element, "RevisionNumber")? })
}

fn update_id(element: &Element<'_>) -> Result<UpdateId, Error> {
    attribute(element, "UpdateID")
}

fn attribute<T>(element: &Element<'_>, name: &'static str) -> Result<T, Error>
where
    T: std::str::FromStr,
    T::Err: ToString,
{
    let text = element.attribute(name)?.ok_or(Error::Missing(name))?;
    text.parse().map_err(|error| Error::value(name, &text, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_read_up_to_its_rules() {
        let core = Core::read(concat!(
            r#"<UpdateIdentity UpdateID="DD78B8A1-0B20-45C1-ADD6-4DA72E9364CF" RevisionNumber="202" />"#,
            r#"<Properties UpdateType="Software" ExplicitlyDeployable="true" /><Relationships><Prerequisites>"#,
            r#"<UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000001" /><AtLeastOne IsCategory="true">"#,
            r#"<UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000002" />"#,
            r#"<UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000003" /></AtLeastOne></Prerequisites>"#,
            r#"<BundledUpdates><AtLeastOne>"#,
            r#"<UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000004" RevisionNumber="7" />"#,
            r#"</AtLeastOne></BundledUpdates></Relationships><ApplicabilityRules><b.True unread"#,
        ))
        .expect("a fragment");
        let id = UpdateId::from_u128;
        assert_eq!(core.identity.to_string(), "dd78b8a1-0b20-45c1-add6-4da72e9364cf/202");
        assert_eq!((core.update_type, core.explicitly_deployable), (UpdateType::Software, true));
        assert_eq!(core.prerequisites, [vec![id(1)], vec![id(2), id(3)]]);
        assert_eq!(core.bundles, [vec![UpdateIdentity { id: id(4), revision: 7 }]]);
    }

    #[test]
    fn what_has_no_identity_is_no_fragment() {
        assert_eq!(
            Core::read(r#"<Properties UpdateType="Detectoid" />"#),
            Err(Error::Missing("UpdateIdentity"))
        );
        assert_eq!(Core::read(""), Err(Error::Missing("Properties")));
    }
}

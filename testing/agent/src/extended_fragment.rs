//! The Extended and the localized fragments of a revision: what an agent shows and downloads.

use headwater_model::{Sha1Digest, Sha256Digest};
use headwater_xml::{Error, Limits, Reader};

/// What an agent knows of a revision beside its Core fragment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extended {
    pub title: String,
    pub files: Vec<PayloadFile>,
}

/// A file of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadFile {
    pub name: String,
    pub bytes: u64,
    pub sha1: Sha1Digest,
    pub sha256: Option<Sha256Digest>,
}

/// One fragment of an answer: which it is shows in its first element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExtendedFragment {
    Extended { files: Vec<PayloadFile> },
    Localized { title: String },
}

impl ExtendedFragment {
    pub fn read(xml: &str) -> Result<Self, Error> {
        let mut reader = Reader::new(xml, Limits::DOCUMENT);
        let mut files = None;
        while let Some(element) = reader.next_child()? {
            match element.local_name() {
                "ExtendedProperties" => {
                    files.get_or_insert_with(Vec::new);
                    reader.skip()?;
                }
                "Files" => files = Some(read_files(&mut reader)?),
                "LocalizedProperties" => return Ok(Self::Localized { title: read_title(&mut reader)? }),
                _ => reader.skip()?,
            }
        }
        files.map(|files| Self::Extended { files }).ok_or(Error::Missing("ExtendedProperties"))
    }
}

fn read_title(reader: &mut Reader<'_>) -> Result<String, Error> {
    let mut title = None;
    while let Some(element) = reader.next_child()? {
        match element.local_name() {
            "Title" => title = Some(reader.text()?.into_owned()),
            _ => reader.skip()?,
        }
    }
    title.ok_or(Error::Missing("Title"))
}

fn read_files(reader: &mut Reader<'_>) -> Result<Vec<PayloadFile>, Error> {
    let mut files = Vec::new();
    while let Some(element) = reader.next_child()? {
        let required = |name| element.attribute(name)?.ok_or(Error::Missing(name));
        let size = required("Size")?;
        let digest = required("Digest")?;
        let mut file = PayloadFile {
            name: required("FileName")?,
            bytes: size.parse().map_err(|error| Error::value("Size", &size, error))?,
            sha1: Sha1Digest::from_base64(&digest).map_err(|error| Error::value("Digest", &digest, error))?,
            sha256: None,
        };
        while let Some(more) = reader.next_child()? {
            let algorithm = more.attribute("Algorithm")?;
            match (more.local_name(), algorithm.as_deref()) {
                ("AdditionalDigest", Some("SHA256")) => {
                    let text = reader.text()?;
                    let digest = Sha256Digest::from_base64(&text);
                    file.sha256 =
                        Some(digest.map_err(|error| Error::value("AdditionalDigest", &text, error))?);
                }
                _ => reader.skip()?,
            }
        }
        files.push(file);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_both_digests() {
        let xml = concat!(
            r#"<ExtendedProperties Handler="x" /><Files><File Digest="D2zdslftJ5kG/B9a2zSqQu83qTs=" "#,
            r#"DigestAlgorithm="SHA1" FileName="a.exe" Size="17"><AdditionalDigest Algorithm="SHA256">"#,
            r#"ma1xvBIZw+0lBKOv5Zd2GsZtUek1w6anT4b8EfH57f0=</AdditionalDigest></File></Files>"#,
        );
        let ExtendedFragment::Extended { files } = ExtendedFragment::read(xml).expect("a fragment") else {
            panic!("it has files")
        };
        assert_eq!((files[0].name.as_str(), files[0].bytes), ("a.exe", 17));
        assert_eq!(files[0].sha1.to_base64(), "D2zdslftJ5kG/B9a2zSqQu83qTs=");
        assert_eq!(
            files[0].sha256.map(|digest| digest.to_base64()).as_deref(),
            Some("ma1xvBIZw+0lBKOv5Zd2GsZtUek1w6anT4b8EfH57f0=")
        );
    }

    #[test]
    fn a_localized_fragment_has_a_title() {
        let xml =
            "<LocalizedProperties><Language>en</Language><Title>A &amp; B</Title></LocalizedProperties>";
        let title = ExtendedFragment::read(xml).expect("a fragment");
        assert_eq!(title, ExtendedFragment::Localized { title: "A & B".to_owned() });
        assert!(ExtendedFragment::read("<Other />").is_err());
    }
}

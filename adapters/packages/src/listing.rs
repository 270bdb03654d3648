//! `package.xml`: what an export lists.

use headwater_model::{ServerId, Sha1Digest, Timestamp};
use headwater_xml::{Element, Error, Limits, Reader};

use crate::Reason;

/// Updates and files of one export. A whole catalogue has some hundred thousand.
const LISTED_MAX: usize = 2_000_000;

/// What an export says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The server that it is of.
    pub server: Option<ServerId>,
    pub created_at: Option<Timestamp>,
    /// How many revisions it holds.
    pub updates: u64,
    /// Where Microsoft has the files of its updates.
    pub locations: Vec<FileLocation>,
}

/// A file and where Microsoft has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    pub sha1: Sha1Digest,
    /// As written: whoever fetches from there decides whether to.
    pub url: String,
}

impl Listing {
    pub(crate) fn read(text: &str) -> Result<Self, Reason> {
        let mut reader = Reader::new(text, Limits::MESSAGE);
        let root = reader.next_child().map_err(Reason::Listing)?;
        let root = root.filter(|root| root.local_name() == "ExportPackage").ok_or(Reason::NotAnExport)?;
        let format = root.attribute("FormatVersion").map_err(Reason::Listing)?.unwrap_or_default();
        if format != "1.0" {
            return Err(Reason::Format(format.chars().take(32).collect()));
        }
        let mut listing = Self { server: None, created_at: None, updates: 0, locations: Vec::new() };
        listing.root(&root).and_then(|()| listing.children(&mut reader)).map_err(Reason::Listing)?;
        Ok(listing)
    }

    fn root(&mut self, root: &Element<'_>) -> Result<(), Error> {
        let wrong = |name, text: &str| Error::value(name, text, "not of its form");
        if let Some(text) = root.attribute("ServerID")? {
            self.server = Some(text.parse().map_err(|_| wrong("ServerID", &text))?);
        }
        if let Some(text) = root.attribute("CreationTime")? {
            self.created_at = Some(text.parse().map_err(|_| wrong("CreationTime", &text))?);
        }
        Ok(())
    }

    fn children(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        while let Some(section) = reader.next_child()? {
            match section.local_name() {
                "Files" => self.files(reader)?,
                "Updates" => {
                    while reader.next_child()?.is_some() {
                        self.updates += 1;
                        reader.skip()?;
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(())
    }

    fn files(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        while let Some(file) = reader.next_child()? {
            if let (Some(digest), Some(url)) = (file.attribute("Digest")?, file.attribute("MUUrl")?) {
                if self.locations.len() == LISTED_MAX {
                    return Err(Error::TooMany { name: "Files", max: LISTED_MAX });
                }
                let sha1 = Sha1Digest::from_base64(&digest);
                let sha1 = sha1.map_err(|error| Error::value("Digest", &digest, error))?;
                self.locations.push(FileLocation { sha1, url });
            }
            reader.skip()?;
        }
        Ok(())
    }
}

//! The cookie of calls that have none.

use headwater_xml::{Reader, Writer};

use crate::soap::record::structure_fields;
use crate::soap::{Error, Structure};

/// [MS-WSUSSS] 3.1.4.13.2.1 GetRollupConfiguration, *cookie*
///
/// The rollup calls carry a cookie that never expires and says nothing (fact 58). Whatever stands
/// there is accepted; who calls must be known otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EmptyCookie;

impl Structure for EmptyCookie {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        while reader.next_child()?.is_some() {
            reader.skip()?;
        }
        Ok(Self)
    }

    fn write_children(&self, writer: &mut Writer) {
        writer.value("Expiration", super::time::END_OF_TIME);
        writer.element("EncryptedData", |_| {});
    }
}

structure_fields!(EmptyCookie);

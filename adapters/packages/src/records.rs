//! `metadata.txt`: records `<guid>,<revision>,<length>,<document>` with a line end each, the
//! numbers in eight hexadecimal digits, the length in UTF-16 code units. Documents have line ends
//! too, so only the length says where one ends.

use std::io::{self, BufRead, Read as _};

use headwater_model::UpdateIdentity;

use crate::member::DOCUMENT_BYTES_MAX;
use crate::{Document, Reason};

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx,00000000,00000000,`
const HEAD_BYTES: usize = 55;

pub(crate) struct Records<R> {
    reader: R,
    /// How many have begun.
    number: u64,
}

impl<R: BufRead> Records<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Document>, Reason> {
        if self.reader.fill_buf().map_err(Reason::DamagedCabinet)?.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let mut head = [0; HEAD_BYTES];
        self.fill(&mut head)?;
        let (identity, units) =
            parse_head(&head).ok_or_else(|| self.damaged("its head is not well-formed"))?;
        if units > DOCUMENT_BYTES_MAX {
            return Err(Reason::DocumentTooLong(identity.to_string()));
        }
        let xml = self.text(units)?;
        let mut line_end = [0; 2];
        self.fill(&mut line_end)?;
        if line_end != *b"\r\n" {
            return Err(self.damaged("it does not end where its length says"));
        }
        Ok(Some(Document { name: identity.to_string(), identity: Some(identity), xml }))
    }

    /// So many UTF-16 units of text that is stored in UTF-8.
    fn text(&mut self, units: u64) -> Result<String, Reason> {
        let mut bytes = Vec::new();
        let mut missing = units;
        while missing > 0 {
            // A unit takes at least one byte.
            let start = bytes.len();
            let read = (&mut self.reader).take(missing).read_to_end(&mut bytes);
            if (read.map_err(Reason::DamagedCabinet)? as u64) < missing {
                return Err(self.cut_off());
            }
            let overlong = || self.damaged("its length cuts a character");
            missing = missing.checked_sub(utf16_units(&bytes[start..])).ok_or_else(overlong)?;
        }
        // What the last character still lacks.
        while let Some(&byte) = self.reader.fill_buf().map_err(Reason::DamagedCabinet)?.first() {
            if !is_continuation(byte) {
                break;
            }
            bytes.push(byte);
            self.reader.consume(1);
        }
        String::from_utf8(bytes).map_err(|_| self.damaged("it is not UTF-8"))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Reason> {
        match self.reader.read_exact(buffer) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.cut_off()),
            Err(error) => Err(Reason::DamagedCabinet(error)),
        }
    }

    fn cut_off(&self) -> Reason {
        self.damaged("it is cut off")
    }

    fn damaged(&self, what: &'static str) -> Reason {
        Reason::Record { number: self.number, what }
    }
}

fn parse_head(head: &[u8; HEAD_BYTES]) -> Option<(UpdateIdentity, u64)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut fields = head.split(',');
    let id = fields.next()?.parse().ok()?;
    let revision = hexadecimal(fields.next()?)?;
    let units = hexadecimal(fields.next()?)?;
    let complete = fields.next() == Some("") && fields.next().is_none();
    complete.then_some((UpdateIdentity { id, revision }, u64::from(units)))
}

fn hexadecimal(field: &str) -> Option<u32> {
    let digits = field.len() == 8 && field.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(field, 16).ok().filter(|_| digits)
}

/// The units of the characters that begin in `bytes`: one, or two for those of four bytes.
fn utf16_units(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(!is_continuation(*byte)) + u64::from(*byte >= 0xf0)).sum()
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

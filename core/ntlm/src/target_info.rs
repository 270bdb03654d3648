//! Attributes and their values: what the server says of itself, and what goes back with the answer
//! ([MS-NLMP] 2.2.2.1).

use crate::{ChannelBindings, NtlmError, ServiceName};

const END: u16 = 0;
const FLAGS: u16 = 6;
const TIMESTAMP: u16 = 7;
const TARGET_NAME: u16 = 9;
const CHANNEL_BINDINGS: u16 = 10;

/// The answer has a MIC.
const WITH_MIC: u32 = 0x2;
/// The service name is from a source that is not trusted.
const UNTRUSTED_SERVICE_NAME: u32 = 0x4;

/// A list of AV_PAIR, none twice.
#[derive(Debug, Clone)]
pub(crate) struct TargetInfo<'a> {
    pairs: Vec<(u16, &'a [u8])>,
    flags: u32,
    timestamp: Option<[u8; 8]>,
}

impl<'a> TargetInfo<'a> {
    /// Reads up to the MsvAvEOL that must be there; what follows it counts for nothing.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, NtlmError> {
        let mut info = Self { pairs: Vec::new(), flags: 0, timestamp: None };
        let mut rest = bytes;
        loop {
            let ([id_low, id_high, length_low, length_high], after) =
                rest.split_first_chunk().ok_or(NtlmError::TargetInfoCutOff)?;
            let id = u16::from_le_bytes([*id_low, *id_high]);
            if id == END {
                return Ok(info);
            }
            let value_bytes = usize::from(u16::from_le_bytes([*length_low, *length_high]));
            let (value, after) = after.split_at_checked(value_bytes).ok_or(NtlmError::TargetInfoCutOff)?;
            info.push(id, value)?;
            rest = after;
        }
    }

    /// Of two with one id, readers may take either: whoever sends them is up to something.
    fn push(&mut self, id: u16, value: &'a [u8]) -> Result<(), NtlmError> {
        if self.pairs.iter().any(|(other, _)| *other == id) {
            return Err(NtlmError::RepeatedAttribute { id });
        }
        match id {
            FLAGS => self.flags = u32::from_le_bytes(exactly(id, value)?),
            TIMESTAMP => self.timestamp = Some(exactly(id, value)?),
            _ => {}
        }
        self.pairs.push((id, value));
        Ok(())
    }

    /// The server's time as a FILETIME, which the answer repeats.
    pub(crate) fn timestamp(&self) -> Option<[u8; 8]> {
        self.timestamp
    }

    /// The list that goes back, with its end ([MS-NLMP] 3.1.5.1.2): what the server said, and what binds
    /// the answer to this channel and service. What a server says of bindings, service names and
    /// the MIC is ours to say, and left out.
    pub(crate) fn answer(&self, bindings: ChannelBindings, service: &ServiceName) -> Vec<u8> {
        let mut list = Vec::new();
        for (id, value) in &self.pairs {
            if ![FLAGS, TARGET_NAME, CHANNEL_BINDINGS].contains(id) {
                add(&mut list, *id, value);
            }
        }
        let with_mic = if self.timestamp.is_some() { WITH_MIC } else { 0 };
        let flags = self.flags & !(WITH_MIC | UNTRUSTED_SERVICE_NAME) | with_mic;
        if flags != 0 {
            add(&mut list, FLAGS, &flags.to_le_bytes());
        }
        add(&mut list, CHANNEL_BINDINGS, bindings.as_bytes());
        add(&mut list, TARGET_NAME, &service.to_utf16le());
        add(&mut list, END, &[]);
        list
    }
}

/// Appends a pair whose value is from a challenge or a name, so it fits into a length of 16 bits.
fn add(list: &mut Vec<u8>, id: u16, value: &[u8]) {
    list.extend_from_slice(&id.to_le_bytes());
    list.extend_from_slice(&(value.len() as u16).to_le_bytes());
    list.extend_from_slice(value);
}

fn exactly<const BYTES: usize>(id: u16, value: &[u8]) -> Result<[u8; BYTES], NtlmError> {
    value.try_into().map_err(|_| NtlmError::AttributeLength { id, bytes: value.len(), expected_bytes: BYTES })
}

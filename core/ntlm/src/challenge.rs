//! The server's message ([MS-NLMP] 2.2.1.2). It is from whoever answered, so nothing in it is believed:
//! every length and offset is checked against the bytes that are there.

use crate::NtlmError;
use crate::negotiate::{SIGNATURE, TARGET_INFO, UNICODE};
use crate::target_info::TargetInfo;

/// The largest challenge that is read. A real one has some hundred bytes: a realm and two NetBIOS names
/// of 15 characters, three DNS names of 255 at most, 28 bytes of flags and time, a header of 56.
pub const CHALLENGE_BYTES_MAX: usize = 4_096;

const MESSAGE_TYPE: u32 = 2;
/// The header without the version, which servers before Windows XP do not send (<9>).
const HEADER_BYTES: usize = 48;

const TARGET_NAME_AT: usize = 12;
const FLAGS_AT: usize = 20;
const SERVER_CHALLENGE_AT: usize = 24;
const TARGET_INFO_AT: usize = 40;

/// A CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2) that can be answered with NTLMv2. It keeps the bytes it was
/// read from, which the answer's MIC covers.
#[derive(Debug, Clone)]
pub struct Challenge<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) flags: u32,
    pub(crate) server_challenge: [u8; 8],
    pub(crate) target_info: TargetInfo<'a>,
    target_name: String,
}

impl<'a> Challenge<'a> {
    /// Reads a message of at most [`CHALLENGE_BYTES_MAX`].
    ///
    /// Refuses, beside what is damaged, servers without target information: the answer would be bound
    /// to neither channel nor service. All since Windows Vista send it (<8>).
    pub fn parse(message: &'a [u8]) -> Result<Self, NtlmError> {
        if message.len() > CHALLENGE_BYTES_MAX {
            return Err(NtlmError::ChallengeTooLarge);
        }
        let header = message.first_chunk::<HEADER_BYTES>().ok_or(NtlmError::NotAChallenge)?;
        if !header.starts_with(SIGNATURE) || u32_at(header, SIGNATURE.len()) != MESSAGE_TYPE {
            return Err(NtlmError::NotAChallenge);
        }
        let flags = u32_at(header, FLAGS_AT);
        if flags & UNICODE == 0 {
            return Err(NtlmError::NotUnicode);
        }
        if flags & TARGET_INFO == 0 {
            return Err(NtlmError::NoTargetInfo);
        }
        let mut server_challenge = [0; 8];
        server_challenge.copy_from_slice(&header[SERVER_CHALLENGE_AT..][..8]);
        let target_name = payload(message, header, TARGET_NAME_AT, "target name")?;
        let target_info = payload(message, header, TARGET_INFO_AT, "target information")?;
        Ok(Self {
            message,
            flags,
            server_challenge,
            target_info: TargetInfo::parse(target_info)?,
            target_name: text(target_name),
        })
    }

    /// The server's domain, or its own name if it is in none. Anybody can say so: it is for display.
    pub fn target_name(&self) -> &str {
        &self.target_name
    }
}

/// What the field at `field_at` of the header points to: a length, a capacity that counts for nothing,
/// and an offset from the beginning of the message.
fn payload<'a>(
    message: &'a [u8],
    header: &[u8; HEADER_BYTES],
    field_at: usize,
    field: &'static str,
) -> Result<&'a [u8], NtlmError> {
    let bytes = usize::from(u16_at(header, field_at));
    if bytes == 0 {
        return Ok(&[]);
    }
    let at = usize::try_from(u32_at(header, field_at + 4)).ok().filter(|at| *at >= HEADER_BYTES);
    at.and_then(|at| message.get(at..)?.get(..bytes)).ok_or(NtlmError::OutOfBounds { field })
}

/// Text for people: what is no UTF-16 is replaced, half a unit at the end is left out.
fn text(utf16le: &[u8]) -> String {
    let units = utf16le.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn u16_at(header: &[u8; HEADER_BYTES], at: usize) -> u16 {
    u16::from_le_bytes([header[at], header[at + 1]])
}

fn u32_at(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

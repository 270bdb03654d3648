//! One block from Plain LZ77 ([MS-XCA] 2.4, [MS-WUSP] 2.1.1.1.2).

use super::XpressError;

/// Short copies always move this many bytes; what they write too much is overwritten or cut off.
const STRIDE: usize = 32;

/// What is wrong with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Truncated,
    OffsetBeforeBlock,
    OverlongLength,
    SizeMismatch,
}

impl Fault {
    pub(super) fn at(self, block_at: usize) -> XpressError {
        match self {
            Self::Truncated => XpressError::Truncated { block_at },
            Self::OffsetBeforeBlock => XpressError::OffsetBeforeBlock { block_at },
            Self::OverlongLength => XpressError::OverlongLength { block_at },
            Self::SizeMismatch => XpressError::SizeMismatch { block_at },
        }
    }
}

/// Appends the `original_bytes` bytes that `body` stands for.
pub(super) fn expand(body: &[u8], original_bytes: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    let start = out.len();
    out.resize(start + original_bytes + STRIDE, 0);
    let mut source = Source { body, at: 0, half_byte: None };
    let mut block = Block { bytes: &mut out[start..], at: 0, end: original_bytes };
    loop {
        let mut flags = u32::from_le_bytes(source.take()?);
        let mut flag_count = 32;
        while flag_count > 0 {
            let run = flags.leading_zeros().min(flag_count);
            block.literals(source.body, &mut source.at, run as usize)?;
            flag_count -= run;
            if flag_count == 0 {
                break;
            }
            flags = flags << run << 1;
            flag_count -= 1;
            if source.at == body.len() {
                let complete = block.at == block.end;
                out.truncate(start + original_bytes);
                return if complete { Ok(()) } else { Err(Fault::SizeMismatch) };
            }
            let (offset, length) = source.copy()?;
            block.copy(offset, length)?;
        }
    }
}

/// Reads the compressed bytes.
struct Source<'a> {
    body: &'a [u8],
    at: usize,
    /// The high half of the last length byte, for the next long match.
    half_byte: Option<u8>,
}

impl Source<'_> {
    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.body.get(self.at..).and_then(|rest| rest.first_chunk()).ok_or(Fault::Truncated)?;
        self.at += N;
        Ok(*bytes)
    }

    /// Offset and length of a match.
    #[inline]
    fn copy(&mut self) -> Result<(usize, usize), Fault> {
        let metadata = u16::from_le_bytes(self.take()?);
        let offset = usize::from(metadata >> 3) + 1;
        let length = match metadata & 7 {
            7 => self.long_length()?,
            short => usize::from(short),
        };
        Ok((offset, length + 3))
    }

    fn long_length(&mut self) -> Result<usize, Fault> {
        let half = match self.half_byte.take() {
            Some(half) => half,
            None => {
                let [byte] = self.take()?;
                self.half_byte = Some(byte >> 4);
                byte & 15
            }
        };
        if half < 15 {
            return Ok(7 + usize::from(half));
        }
        let [byte] = self.take()?;
        if byte < 255 {
            return Ok(22 + usize::from(byte));
        }
        let length = match u16::from_le_bytes(self.take()?) {
            0 => u32::from_le_bytes(self.take()?) as usize,
            length => usize::from(length),
        };
        if length < 22 { Err(Fault::OverlongLength) } else { Ok(length) }
    }
}

/// The block being written: `end` bytes, and a stride of waste after them.
struct Block<'a> {
    bytes: &'a mut [u8],
    at: usize,
    end: usize,
}

impl Block<'_> {
    #[inline]
    fn literals(&mut self, body: &[u8], body_at: &mut usize, count: usize) -> Result<(), Fault> {
        let after = self.at + count;
        if after > self.end {
            return Err(Fault::SizeMismatch);
        }
        if let Some(stride) = body.get(*body_at..*body_at + STRIDE) {
            self.bytes[self.at..self.at + STRIDE].copy_from_slice(stride);
        } else {
            let exact = body.get(*body_at..*body_at + count).ok_or(Fault::Truncated)?;
            self.bytes[self.at..after].copy_from_slice(exact);
        }
        *body_at += count;
        self.at = after;
        Ok(())
    }

    #[inline]
    fn copy(&mut self, offset: usize, length: usize) -> Result<(), Fault> {
        let from = self.at.checked_sub(offset).ok_or(Fault::OffsetBeforeBlock)?;
        let after =
            self.at.checked_add(length).filter(|after| *after <= self.end).ok_or(Fault::SizeMismatch)?;
        if offset >= STRIDE {
            let mut copied = 0;
            while copied < length {
                self.bytes.copy_within(from + copied..from + copied + STRIDE, self.at + copied);
                copied += STRIDE;
            }
        } else {
            // The match overlaps itself: its bytes repeat.
            for at in self.at..after {
                self.bytes[at] = self.bytes[at - offset];
            }
        }
        self.at = after;
        Ok(())
    }
}

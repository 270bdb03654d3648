//! `Content-Encoding: xpress`, the compression of the client and SimpleAuth services
//! ([MS-WUSP] 2.1.1, facts 8 and 9).
//!
//! A stream is a sequence of blocks, each `[u32le original size][u32le compressed size][bytes]`,
//! without a trailer. Equal sizes say that the bytes are stored as they are; otherwise they are
//! Plain LZ77 ([MS-XCA] 2.3). A block never refers to another one, so streams may be concatenated:
//! an answer is put together from fragments that were encoded once, with stored text between them.

mod compress;
mod expand;
#[cfg(test)]
mod tests;

/// The most bytes in a block, before and after compression ([MS-WUSP] 2.1.1; Windows fills its
/// blocks to this size as well, <8>).
pub const BLOCK_BYTES_MAX: usize = 65_535;

/// The original and the compressed size, four bytes each.
const HEADER_BYTES: usize = 8;

/// A stream that [`decode`] refuses. `block_at` is where the block's header begins in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XpressError {
    #[error("the xpress block at byte {block_at} is cut off")]
    Truncated { block_at: usize },
    #[error("the xpress block at byte {block_at} declares a size above {BLOCK_BYTES_MAX} bytes")]
    BlockTooLarge { block_at: usize },
    #[error("the xpress stream decodes to more than {bytes_max} bytes")]
    OutputTooLarge { bytes_max: usize },
    #[error("the xpress block at byte {block_at} copies from before its own start")]
    OffsetBeforeBlock { block_at: usize },
    #[error("the xpress block at byte {block_at} has a match length in a form that is too long for it")]
    OverlongLength { block_at: usize },
    #[error("the xpress block at byte {block_at} does not decode to the size it declares")]
    SizeMismatch { block_at: usize },
}

/// Appends `input` as compressed blocks; a block that does not shrink is stored.
///
/// An empty input adds nothing.
pub fn encode(input: &[u8], out: &mut Vec<u8>) {
    for block in input.chunks(BLOCK_BYTES_MAX) {
        let header_at = out.len();
        write_header(block.len(), block.len(), out);
        let body_at = out.len();
        if compress::compress(block, out) {
            let compressed_bytes = (out.len() - body_at) as u32;
            out[header_at + 4..body_at].copy_from_slice(&compressed_bytes.to_le_bytes());
        } else {
            out.truncate(body_at);
            out.extend_from_slice(block);
        }
    }
}

/// Appends `input` as stored blocks, for text too short to be worth compressing.
pub fn store(input: &[u8], out: &mut Vec<u8>) {
    for block in input.chunks(BLOCK_BYTES_MAX) {
        write_header(block.len(), block.len(), out);
        out.extend_from_slice(block);
    }
}

/// Decodes a whole stream into at most `bytes_max` bytes.
///
/// The stream may come from anybody: no input makes it panic, and it never holds more than
/// `bytes_max` bytes and one block.
pub fn decode(stream: &[u8], bytes_max: usize) -> Result<Vec<u8>, XpressError> {
    let mut out = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let block_at = stream.len() - rest.len();
        let (original_bytes, body, after) = split_block(rest, block_at)?;
        if original_bytes > bytes_max - out.len() {
            return Err(XpressError::OutputTooLarge { bytes_max });
        }
        if body.len() == original_bytes {
            out.extend_from_slice(body);
        } else {
            expand::expand(body, original_bytes, &mut out).map_err(|fault| fault.at(block_at))?;
        }
        rest = after;
    }
    Ok(out)
}

fn write_header(original_bytes: usize, compressed_bytes: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(original_bytes as u32).to_le_bytes());
    out.extend_from_slice(&(compressed_bytes as u32).to_le_bytes());
}

/// Splits off the first block: its original size, its bytes, and the stream after it.
fn split_block(stream: &[u8], block_at: usize) -> Result<(usize, &[u8], &[u8]), XpressError> {
    let (header, after) =
        stream.split_first_chunk::<HEADER_BYTES>().ok_or(XpressError::Truncated { block_at })?;
    let [a, b, c, d, e, f, g, h] = *header;
    let original_bytes = u32::from_le_bytes([a, b, c, d]) as usize;
    let compressed_bytes = u32::from_le_bytes([e, f, g, h]) as usize;
    if original_bytes > BLOCK_BYTES_MAX || compressed_bytes > BLOCK_BYTES_MAX {
        return Err(XpressError::BlockTooLarge { block_at });
    }
    let (body, after) =
        after.split_at_checked(compressed_bytes).ok_or(XpressError::Truncated { block_at })?;
    Ok((original_bytes, body, after))
}

//! The byte formats of Microsoft's update protocols: xpress blocks and LZX cabinets; and plain text of any age.

pub mod cabinet;
mod lzx;
pub mod oracle;
mod prefix;
#[cfg(test)]
mod real_data;
pub mod text;
pub mod xpress;

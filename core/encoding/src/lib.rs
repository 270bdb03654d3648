//! The byte formats of Microsoft's update protocols: xpress blocks and LZX cabinets.

pub mod cabinet;
mod lzx;
pub mod oracle;
mod prefix;
#[cfg(test)]
mod real_data;
pub mod xpress;

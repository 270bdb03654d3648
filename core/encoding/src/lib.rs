//! The byte formats of Microsoft's update protocols: xpress blocks and LZX cabinets.

pub mod xpress;

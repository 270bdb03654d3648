//! Versions of the protocols, which compare by their parts: 2.90 is above 2.9 (fact 26).

use std::fmt;
use std::str::FromStr;

/// A protocol version of two parts, such as `1.8` or `2.90`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion {
    pub major: u16,
    pub minor: u16,
}

impl ProtocolVersion {
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for ProtocolVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.trim().split_once('.').ok_or(())?;
        match (major.parse(), minor.parse()) {
            (Ok(major), Ok(minor)) => Ok(Self { major, minor }),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_parts() {
        let version = |text: &str| text.parse::<ProtocolVersion>().expect("a version");
        assert!(version("2.90") > version("2.9"));
        assert!(version("1.8") < version("1.20"));
        assert!("1".parse::<ProtocolVersion>().is_err());
    }
}

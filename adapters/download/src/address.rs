//! Where a file can be fetched.

use std::str::FromStr;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use crate::Error;

/// The longest address; Microsoft's have less than 200 characters.
const CHARS_MAX: usize = 2_048;

/// The address of a file: `http` or `https`, a host, and no name of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    uri: Uri,
    https: bool,
}

impl Address {
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host, without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    pub(crate) fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.https { 443 } else { 80 })
    }

    /// Host and port as they stand in the address.
    pub(crate) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// What is asked of the host.
    pub(crate) fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", PathAndQuery::as_str)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > CHARS_MAX {
            return Err(Error::Address);
        }
        let uri: Uri = text.parse().map_err(|_| Error::Address)?;
        let https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(Error::Address),
        };
        // What the authority has beside the host is a port that can be used, and no name of a user.
        let authority = uri.authority().ok_or(Error::Address)?;
        let port_is_usable =
            authority.as_str() == authority.host() || authority.port_u16().is_some_and(|p| p > 0);
        if authority.host().is_empty() || authority.as_str().contains('@') || !port_is_usable {
            return Err(Error::Address);
        }
        Ok(Self { uri, https })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(bool, &str, u16, &str)>) {
        let address: Option<Address> = text.parse().ok();
        let parts = address.as_ref().map(|a| (a.is_https(), a.host(), a.port(), a.target()));
        assert_eq!(parts, expected, "{text}");
    }

    #[test]
    fn http_and_https_only() {
        let microsoft =
            "http://download.windowsupdate.com/c/msdownload/update/software/secu/2023/02/a_1f.cab";
        let path = "/c/msdownload/update/software/secu/2023/02/a_1f.cab";
        check(microsoft, Some((false, "download.windowsupdate.com", 80, path)));
        check("https://a.example/x?y=z", Some((true, "a.example", 443, "/x?y=z")));
        check("HTTP://[2001:db8::1]:8530/x", Some((false, "2001:db8::1", 8530, "/x")));
        check("http://a.example", Some((false, "a.example", 80, "/")));
        for text in [
            "",
            "/Content/x",
            "a.example/x",
            "file:///etc/passwd",
            "ftp://a.example/x",
            "gopher://a.example/x",
            "http://user:word@a.example/x",
            "http:///x",
            "http://a.example:0/x",
            "http://a.example:99999/x",
            "http://a.example/x y",
            "http://a.example/x\r\nHost: b",
        ] {
            check(text, None);
        }
        check(&format!("http://a.example/{}", "x".repeat(2_048)), None);
    }
}

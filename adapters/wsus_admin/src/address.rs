//! Where the service is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use crate::Error;

/// The longest address, in bytes.
const BYTES_MAX: usize = 2_048;

/// The root of a server, such as `https://wsus.example:8531`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    https: bool,
    host: String,
    port: u16,
}

impl Address {
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether what goes there stays on this machine.
    pub fn is_this_machine(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    }

    /// What the header `Host` says.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        // What stands before an `@` may be a password, and no part of it is repeated.
        let shown = if text.contains('@') { "…" } else { text };
        let refused = |reason| Error::Address { url: shown.chars().take(200).collect(), reason };
        if text.len() > BYTES_MAX {
            return Err(refused("it is too long"));
        }
        let uri: Uri =
            text.parse().map_err(|_| refused("it is no address such as https://wsus.example:8531"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused("it does not begin with https://")),
        };
        let authority = uri.authority().ok_or_else(|| refused("it names no server"))?;
        if authority.as_str().contains('@') {
            return Err(refused("it holds a user name; name the account apart from it"));
        }
        if uri.query().is_some() || !uri.path().trim_matches('/').is_empty() {
            return Err(refused("it goes on after the name and the port; name the server only"));
        }
        let bare = authority.as_str() == authority.host();
        let port = match authority.port_u16() {
            Some(0) => return Err(refused("its port cannot be asked")),
            Some(port) => port,
            None if !bare => return Err(refused("its port cannot be asked")),
            None if https => 443,
            None => 80,
        };
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(refused("it names no server"));
        }
        Ok(Self { https, host: host.to_ascii_lowercase(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        for (text, shown) in [
            ("https://WSUS.example:8531/", "https://wsus.example:8531"),
            ("https://wsus.example:443", "https://wsus.example"),
            ("http://[2001:db8::1]:8530", "http://[2001:db8::1]:8530"),
        ] {
            assert_eq!(text.parse::<Address>().expect(text).to_string(), shown);
        }
        for text in [
            "",
            "wsus.example",
            "ftp://wsus.example",
            "https://user@wsus.example",
            "https://wsus.example/ApiRemoting30/WebService.asmx",
            "https://wsus.example?x=y",
            "https://wsus.example:0",
            "https://wsus.example:99999",
            "https://",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = "https://anna:Secret@wsus.example".parse::<Address>().expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("Secret"));
    }

    #[test]
    fn this_machine() {
        for (text, is) in [
            ("http://LOCALHOST:1", true),
            ("http://[::1]:1", true),
            ("http://[::ffff:127.0.0.1]:1", true),
            ("http://127.9.9.9", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(text.parse::<Address>().expect(text).is_this_machine(), is, "{text}");
        }
    }
}

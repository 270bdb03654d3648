//! Where the server is.

use std::net::IpAddr;

use ureq::http::Uri;

use crate::Error;

/// The longest address that is read, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Checks the address of a server and returns it without a slash at the end and without the
/// API's own path.
///
/// # Errors
/// [`Error::Address`] when it is no address of a server, [`Error::Unprotected`] when a token would
/// travel in the clear (threat A1): only this machine is spoken to without TLS.
pub fn checked(url: &str) -> Result<String, Error> {
    let refused = |reason| Error::Address { url: url.chars().take(200).collect(), reason };
    let url = url.trim();
    if url.len() > URL_BYTES_MAX {
        return Err(refused("it is too long"));
    }
    let uri: Uri =
        url.parse().map_err(|_| refused("it is not an address such as https://wsus.example:8443"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refused("it does not begin with https:// and a name"));
    };
    if authority.as_str().contains('@') {
        return Err(refused("it holds a user name; use a token file"));
    }
    if uri.query().is_some() {
        return Err(refused("it holds a query"));
    }
    match scheme {
        "https" => {}
        "http" if is_this_machine(authority.host()) => {}
        "http" => return Err(Error::Unprotected { url: url.to_owned() }),
        _ => return Err(refused("only https:// addresses are servers")),
    }
    let bare = url.trim_end_matches('/');
    Ok(bare.strip_suffix(headwater_api::path::BASE).unwrap_or(bare).to_owned())
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Puts a value into the braces of a path of [`headwater_api::path`].
pub fn path_with(pattern: &str, value: &str) -> String {
    let (before, rest) = pattern.split_once('{').unwrap_or((pattern, "}"));
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    format!("{before}{}{after}", encoded(value))
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<&str, &str>) {
        let found = checked(url).map_err(|error| error.to_string());
        match expected {
            Ok(bare) => assert_eq!(found.as_deref(), Ok(bare)),
            Err(reason) => assert!(found.as_ref().is_err_and(|text| text.contains(reason)), "{found:?}"),
        }
    }

    #[test]
    fn addresses_of_servers() {
        check("https://wsus.example:8443", Ok("https://wsus.example:8443"));
        check(" https://wsus.example:8443/\n", Ok("https://wsus.example:8443"));
        check("https://wsus.example/headwater/", Ok("https://wsus.example/headwater"));
        check("https://wsus.example:8443/api/v1", Ok("https://wsus.example:8443"));
        check("http://localhost:8080", Ok("http://localhost:8080"));
        check("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080"));
        check("http://[::1]:8080", Ok("http://[::1]:8080"));
    }

    #[test]
    fn other_addresses_are_refused_with_the_reason() {
        check("", Err("not an address"));
        check("wsus.example", Err("does not begin with https://"));
        check("/api", Err("does not begin with https://"));
        check("ftp://wsus.example", Err("only https://"));
        check("https://admin:secret@wsus.example", Err("use a token file"));
        check("https://wsus.example/?x=1", Err("query"));
        check(&format!("https://wsus.example/{}", "a".repeat(3000)), Err("too long"));
    }

    #[test]
    fn a_token_does_not_leave_the_machine_in_the_clear() {
        check("http://wsus.example:8080", Err("unprotected"));
        check("http://192.0.2.1", Err("unprotected"));
        check("http://localhost.example", Err("unprotected"));
        check("http://127.0.0.1.example", Err("unprotected"));
    }

    #[test]
    fn values_in_paths_are_encoded() {
        assert_eq!(path_with("/computers/{id}/groups", "a/b ü?"), "/computers/a%2Fb%20%C3%BC%3F/groups");
        assert_eq!(path_with("/runs/{number}", "7"), "/runs/7");
        assert_eq!(path_with("/server", "7"), "/server7");
    }
}

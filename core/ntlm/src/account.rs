//! Who logs in, and to which service.

use std::fmt;

use md4::{Digest as _, Md4};

use crate::NtlmError;

/// The most UTF-16 units of a name: a user principal name in Active Directory has 1,024 at most, every
/// other name fewer. With it no message comes near to the 65,535 bytes that a field can count.
pub(crate) const NAME_UNITS_MAX: usize = 1_024;

/// A password in plain text; it is never shown.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// MD4 of the UTF-16, which is as good as the password ([MS-NLMP] 3.3.2).
    pub(crate) fn hash(&self) -> [u8; 16] {
        Md4::digest(utf16le(&self.0)).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// An account of a domain or of the server itself.
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) domain: String,
    pub(crate) user: String,
    pub(crate) password: Password,
}

impl Account {
    /// `name` is `DOMAIN\user`, `user@domain.example` or a bare `user`, which is looked up by the server.
    ///
    /// Fails without a user, which would be the anonymous one, and with more than 1,024 characters.
    pub fn new(name: &str, password: Password) -> Result<Self, NtlmError> {
        let (domain, user) = name.split_once('\\').unwrap_or(("", name));
        if user.is_empty() {
            return Err(NtlmError::NoUser);
        }
        check_length("user name", user)?;
        check_length("domain", domain)?;
        Ok(Self { domain: domain.to_owned(), user: user.to_owned(), password })
    }
}

/// As it was named; the password is not shown.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.domain.as_str() {
            "" => f.write_str(&self.user),
            domain => write!(f, "{domain}\\{}", self.user),
        }
    }
}

/// The service principal name that the answer is meant for; servers with Extended Protection refuse
/// answers that were meant for others ([MS-NLMP] 2.2.2.1, MsvAvTargetName).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName(String);

impl ServiceName {
    /// `HTTP/host`, where `host` is the name or address that was connected to, without the port. It
    /// must be from the operator, not from a server.
    ///
    /// Fails with more than 1,019 characters.
    pub fn http(host: &str) -> Result<Self, NtlmError> {
        let name = format!("HTTP/{host}");
        check_length("service name", &name)?;
        Ok(Self(name))
    }

    pub(crate) fn to_utf16le(&self) -> Vec<u8> {
        utf16le(&self.0)
    }
}

fn check_length(name: &'static str, text: &str) -> Result<(), NtlmError> {
    if text.encode_utf16().count() > NAME_UNITS_MAX {
        return Err(NtlmError::NameTooLong { name, units_max: NAME_UNITS_MAX });
    }
    Ok(())
}

pub(crate) fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_in_three_ways() {
        let cases = [
            (r"EXAMPLE\wsus", Ok(("EXAMPLE", "wsus"))),
            ("wsus@example.org", Ok(("", "wsus@example.org"))),
            ("wsus", Ok(("", "wsus"))),
            (r"EXAMPLE\odd\name", Ok(("EXAMPLE", r"odd\name"))),
            ("", Err(NtlmError::NoUser)),
            (r"EXAMPLE\", Err(NtlmError::NoUser)),
        ];
        for (name, expected) in cases {
            let account = Account::new(name, Password::new("secret"));
            let parts = account.as_ref().map(|it| (it.domain.as_str(), it.user.as_str()));
            assert_eq!(parts, expected.as_ref().copied(), "{name}");
            if let Ok(account) = account {
                assert_eq!(account.to_string(), name);
            }
        }
    }

    #[test]
    fn names_have_limits() {
        let long = "x".repeat(NAME_UNITS_MAX);
        let account = |name: &str| Account::new(name, Password::new(""));
        assert!(account(&format!("{long}\\{long}")).is_ok());
        assert!(matches!(
            account(&format!("{long}x")),
            Err(NtlmError::NameTooLong { name: "user name", .. })
        ));
        assert!(matches!(
            account(&format!("x{long}\\x")),
            Err(NtlmError::NameTooLong { name: "domain", .. })
        ));
        assert!(ServiceName::http(&long[5..]).is_ok());
        assert!(ServiceName::http(&long[4..]).is_err());
    }

    #[test]
    fn nobody_sees_a_password() {
        let account = Account::new("wsus", Password::new("secret")).unwrap();
        assert!(!format!("{account:?} {:#?}", account.password).contains("secret"));
    }
}

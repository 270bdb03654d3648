//! As whom and how a server is asked.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_ntlm::Account;
use http::HeaderValue;

use crate::{Address, Error, Result};

/// Where a server is, and as whom it is asked.
#[derive(Debug, Clone)]
pub struct Access {
    pub address: Address,
    pub credentials: Credentials,
    /// Certificates in PEM of the only authorities to trust; without them, the public ones.
    pub ca_pem: Option<Vec<u8>>,
    pub plain_http: PlainHttp,
    pub patience: Patience,
}

/// Who asks. A Microsoft WSUS takes NTLM, Headwater's own update server the others.
#[derive(Debug, Clone)]
pub enum Credentials {
    Ntlm(Account),
    Basic { user: String, password: Secret },
    Token(Secret),
}

impl Credentials {
    /// How the account is named in errors.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Ntlm(account) => account.to_string(),
            Self::Basic { user, .. } => user.clone(),
            Self::Token(_) => "the token's account".to_owned(),
        }
    }

    /// The header that stands in every request; none with NTLM, which authenticates the connection.
    pub(crate) fn header(&self) -> Result<Option<HeaderValue>> {
        let text = match self {
            Self::Ntlm(_) => return Ok(None),
            Self::Basic { user, .. } if user.contains(':') => {
                return Err(Error::Credentials("a user name for Basic cannot have a colon"));
            }
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.0)))
            }
            Self::Token(token) => format!("Bearer {}", token.0),
        };
        let mut value = HeaderValue::try_from(text)
            .map_err(|_| Error::Credentials("the token has characters that no token has"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// A password or a token; it is never shown.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where NTLM may go over plain HTTP, where others can read what is asked, change it, and pass the
/// login on to another server (threats A1, A3). Passwords and tokens go no further than loopback anyhow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    #[default]
    OnLoopback,
    Anywhere,
}

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To connect, with the TLS handshake.
    pub connect: Duration,
    /// How long a connection may be unused before another one is opened. IIS closes it after two minutes, and
    /// of a write that is just on its way then nobody knows whether it was done.
    pub idle: Duration,
    /// Until a small answer begins, with the calls before it. Approvals wait for the locks of the database.
    pub small_answer: Duration,
    /// Until a large one begins: with a large database some questions take long.
    pub large_answer: Duration,
    /// Between two pieces of an answer.
    pub piece: Duration,
    /// From the beginning of an answer to its end.
    pub whole: Duration,
}

impl Patience {
    /// With a server that begins each answer within this time, and is never silent for longer.
    pub fn with_answers_within(within: Duration) -> Self {
        let usual = Self::default();
        Self {
            connect: usual.connect.min(within),
            small_answer: within,
            large_answer: within,
            piece: usual.piece.min(within),
            ..usual
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            idle: Duration::from_secs(90),
            small_answer: Duration::from_secs(120),
            large_answer: Duration::from_secs(300),
            piece: Duration::from_secs(60),
            whole: Duration::from_secs(1_200),
        }
    }
}

impl Access {
    /// Whether these credentials may go there in this way.
    pub(crate) fn check(&self) -> Result<()> {
        let is_private = self.address.is_https() || self.address.is_this_machine();
        match (&self.credentials, self.plain_http) {
            _ if is_private => Ok(()),
            (Credentials::Ntlm(_), PlainHttp::Anywhere) => Ok(()),
            (Credentials::Ntlm(_), PlainHttp::OnLoopback) => Err(Error::PlainHttp {
                address: self.address.clone(),
                what: "NTLM goes over plain HTTP only where that is allowed expressly",
            }),
            _ => Err(Error::PlainHttp {
                address: self.address.clone(),
                what: "passwords and tokens never leave this machine over plain HTTP",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_ntlm::Password;

    use super::*;

    fn all() -> [Credentials; 3] {
        [
            Credentials::Ntlm(Account::new(r"EXAMPLE\anna", Password::new("hunter2")).expect("a name")),
            Credentials::Basic { user: "anna".to_owned(), password: Secret::new("hunter2") },
            Credentials::Token(Secret::new("hunter2")),
        ]
    }

    #[test]
    fn what_may_go_where() {
        let cases = [
            ("https://wsus.example", PlainHttp::OnLoopback, [true, true, true]),
            ("http://127.0.0.1:8530", PlainHttp::OnLoopback, [true, true, true]),
            ("http://wsus.example:8530", PlainHttp::OnLoopback, [false, false, false]),
            ("http://wsus.example:8530", PlainHttp::Anywhere, [true, false, false]),
        ];
        for (address, plain_http, expected) in cases {
            let may = all().map(|credentials| {
                let address = address.parse().expect("an address");
                let patience = Patience::default();
                Access { address, credentials, ca_pem: None, plain_http, patience }.check().is_ok()
            });
            assert_eq!(may, expected, "{address} {plain_http:?}");
        }
    }

    #[test]
    fn nobody_sees_a_secret() {
        for credentials in all() {
            assert!(!format!("{credentials:?} {:?}", credentials.header()).contains("hunter2"));
            assert!(!credentials.name().contains("hunter2"));
        }
    }

    #[test]
    fn headers() {
        let [ntlm, basic, token] = all().map(|credentials| credentials.header().expect("a header"));
        assert_eq!(ntlm, None);
        assert_eq!(basic.expect("a header"), "Basic YW5uYTpodW50ZXIy");
        assert_eq!(token.expect("a header"), "Bearer hunter2");
        assert!(Credentials::Token(Secret::new("a\nb")).header().is_err());
        let basic = Credentials::Basic { user: "a:b".to_owned(), password: Secret::new("") };
        assert!(basic.header().is_err());
    }
}

//! The simple authorization web service of [MS-WUSP].

mod get_authorization_cookie;

pub use get_authorization_cookie::{GetAuthorizationCookie, GetAuthorizationCookieResponse};

use crate::soap::{Dialect, Service, Values};

/// The simple authorization web service ([MS-WUSP] 2.2.2.1).
pub const SIMPLE_AUTH: Service = Service {
    namespace: "http://www.microsoft.com/SoftwareDistribution/Server/SimpleAuthWebService",
    asks: Dialect::Agent,
    answers: Dialect::Asmx,
    values: Values::NamedByElements,
};

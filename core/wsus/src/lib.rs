//! Microsoft's messages: SOAP envelopes and faults, MS-WUSP, MS-WSUSSS and the administration service,
//! one file per operation.
//!
//! Everything here is a function between text and values. A message is read with
//! [`soap::decode`] and written with [`soap::encode_request`] or [`soap::encode_response`];
//! the messages have Microsoft's names and are converted into our own values by whoever uses them.

pub mod oracle;
pub mod reporting;
pub mod simple_auth;
pub mod soap;
pub mod wsusar;
pub mod wsusss;
pub mod wusp;

//! The link between a managing server and WSUS Linkages: keys, certificates, signatures, and HTTPS.
//!
//! The managing server is the authority of its own small world. It and every Linkage have one key of
//! P-256 each, and a certificate of that authority for a name that is no address ([`Party::name`]): so a
//! certificate holds wherever a server is reached, and no public authority can issue one.

mod dial;
mod key;
mod pairing;
mod party;
mod renewal;
mod signature;
mod term;
mod tls;

pub use dial::{Dial, DialError, LinkageUrl};
pub use key::{Authority, Key, KeyError, PublicKey};
pub use pairing::{Code, LinkageSide, ManagerSide, Paired, PairingError};
pub use party::Party;
pub use renewal::RenewalError;
pub use signature::{
    Fresh, SignatureError, open_order, open_report, open_revocations, open_run_request, sign_order,
    sign_report, sign_revocations, sign_run_request,
};
pub use term::{Stage, Term};
pub use tls::{Identity, PeerError, TlsError, Watch, anonymous_server, is_party, paired_server};

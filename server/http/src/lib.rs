//! Translation between the wire and the use cases. Nothing is decided here.
//!
//! The whole URL space, in any letter case on the updates side (fact 1):
//!
//! | listener | path | what |
//! | --- | --- | --- |
//! | updates | `/ClientWebService/client.asmx` | MS-WUSP, the client web service |
//! | updates | `/SimpleAuthWebService/SimpleAuth.asmx` | MS-WUSP, authorization cookies |
//! | updates | `/ReportingWebService/ReportingWebService.asmx` | events |
//! | updates | `/ServerSyncWebService/ServerSyncWebService.asmx` | MS-WSUSSS, for downstream servers |
//! | updates | `/DssAuthWebService/DssAuthWebService.asmx` | MS-WSUSSS, authorization cookies |
//! | updates | `/ApiRemoting30/WebService.asmx` | the administration service, for operators |
//! | updates | `/headwater/v1/changes` | a hint for downstream servers, see `headwater_api::Changes` |
//! | updates | `/Content/<2 hex>/<SHA-1>.<ext>` | files of updates |
//! | console | `/api/v1/…` | the JSON API, see `headwater_api::path` |
//! | Linkage | `/linkage`, `/linkage/…` | see `headwater_api::linkage` |
//! | console | `/health`, `/metrics` | for monitoring |

mod audit;
pub mod begun;
mod caller;
pub mod console;
mod direct;
mod elsewhere;
mod json;
pub mod linkage;
pub mod linked;
mod listen;
pub mod manager;
pub mod operators;
pub mod oracle;
mod patient;
mod problem;
mod reports;
pub mod updates;

pub use listen::{Limits, ListenError, Listener};

//! GetRollupConfiguration ([MS-WSUSSS] 3.1.4.13).

use headwater_model::Guid;
use headwater_policy::rollup::{LIMITS, RollupConfiguration};

use crate::error::{AppError, ClientFault};
use crate::start::App;

impl App {
    /// What lower servers are asked to tell: everything. A restored database does not know what it
    /// was told since, so each of its lives asks for all of it again; and so does one of which records
    /// were deleted. It cannot ask the deleted branch alone: the call has an empty cookie, which says
    /// nothing of who calls.
    pub async fn get_rollup_configuration(&self) -> Result<RollupConfiguration, ClientFault> {
        let id = u128::from_be_bytes(*self.server.id.as_bytes());
        let resets = self.store.rollup_resets().await.map_err(AppError::from)?;
        Ok(RollupConfiguration {
            is_detailed: true,
            reset: Guid::from_u128(id ^ self.server.epoch as u128 ^ u128::from(resets) << 64),
            server: self.server.id,
            limits: LIMITS,
        })
    }
}
